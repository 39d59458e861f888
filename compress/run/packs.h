/* Weights in the form that kernels read, made once and shared by plans, clones of a model and
 * sessions: keyed by payload and form, so that replacing one tensor packs one tensor. */
#ifndef PARE_RUN_PACKS_H
#define PARE_RUN_PACKS_H

#include "base/pool.h"
#include "ir/tensor.h"
#include "kernels/kernels.h"

typedef struct pare_packs pare_packs;

enum { PARE_PACK_PARAMS = 24 };

/* Makes a form of the numbers of a tensor, floats from an address that need not suit them, and
 * writes all of `to`. */
typedef void pare_pack_fn(const pare_kernels *kernels, const int64_t *params, const void *from,
                          float *to);

/* What identifies a packed form of one tensor. */
typedef struct pare_pack_key {
    const pare_tensor *tensor; /* dense, float or float16; its payload, kept alive by the entry */
    const char *form;          /* static text, e.g. "panels" */
    int64_t params[PARE_PACK_PARAMS]; /* what else the form depends on: sizes, strides, panels */
    pare_pack_fn *fill;        /* the form's; NULL: the caller fills in, once and for all */
} pare_pack_key;

pare_status pare_packs_new(pare_ctx *ctx, pare_packs **out);

/* Frees everything; no plan that uses it may be left. Accepts NULL. */
void pare_packs_free(pare_ctx *ctx, pare_packs *packs);

/* Says, before anything is packed, about how many bytes are to come: they will lie together. */
void pare_packs_expect(pare_packs *packs, uint64_t n_bytes);

/* The packed form for a key: *out, aligned to 64, stays valid as long as the packs. When it is not
 * there yet, *is_new is set: pare_packs_fill fills in its n_bytes, or, when the form has no fill,
 * the caller, at once, finding them zeroed. ENOMEM. */
pare_status pare_packs_get(pare_ctx *ctx, pare_packs *packs, const pare_pack_key *key,
                           size_t n_bytes, void **out, bool *is_new);

/* Fills in all forms that are not yet, which have taken no more than addresses until now: before a
 * plan that uses them runs. Any kernels of the same panels give the same; pool may be NULL.
 * ENOMEM. */
pare_status pare_packs_fill(pare_ctx *ctx, pare_packs *packs, const pare_kernels *kernels,
                            pare_pool *pool);

/* Lets go of everything that was made of a tensor's payload; no plan that uses it may be left. */
void pare_packs_forget(pare_ctx *ctx, pare_packs *packs, const pare_tensor *tensor);

/* Lets pare_packs_fill make of another tensor what was made of this one, where that stands: plans
 * that use it go on. Forms without fill are let go of, as by pare_packs_forget. */
void pare_packs_replace(pare_ctx *ctx, pare_packs *packs, const pare_tensor *tensor,
                        pare_tensor *other);

/* Elements of a dense tensor, float or float16, as floats at an address that suits them; *owned
 * (NULL: they stood at one) is freed by the caller with pare_free. */
pare_status pare_pack_floats(pare_ctx *ctx, const pare_kernels *kernels, const pare_tensor *tensor,
                             const float **out, void **owned);

/* Bytes of all forms, filled in or not; and how often something was packed. */
uint64_t pare_packs_bytes(const pare_packs *packs);
uint64_t pare_packs_count(const pare_packs *packs);

#endif
