/* Weights in the form that kernels read, made once and shared by plans, clones of a model and
 * sessions: keyed by payload and form, so that replacing one tensor packs one tensor. */
#ifndef PARE_RUN_PACKS_H
#define PARE_RUN_PACKS_H

#include "ir/tensor.h"

typedef struct pare_packs pare_packs;

/* What identifies a packed form of one tensor. */
typedef struct pare_pack_key {
    const pare_tensor *tensor; /* its payload; kept alive by the entry */
    const char *form;          /* static text, e.g. "panels" */
    int64_t params[6];         /* what else the form depends on: sizes, strides, panel width */
} pare_pack_key;

pare_status pare_packs_new(pare_ctx *ctx, pare_packs **out);

/* Frees everything; no plan that uses it may be left. Accepts NULL. */
void pare_packs_free(pare_ctx *ctx, pare_packs *packs);

/* The packed form for a key: *out stays valid as long as the packs. When it is not there yet,
 * *is_new is set, and *out has n_bytes (aligned to 64, zeroed) for the caller to fill in at once.
 * ENOMEM. */
pare_status pare_packs_get(pare_ctx *ctx, pare_packs *packs, const pare_pack_key *key,
                           size_t n_bytes, void **out, bool *is_new);

/* Lets go of everything that was made of a tensor's payload; no plan that uses it may be left. */
void pare_packs_forget(pare_ctx *ctx, pare_packs *packs, const pare_tensor *tensor);

/* Packed so far: bytes alive, and how often something was packed. */
uint64_t pare_packs_bytes(const pare_packs *packs);
uint64_t pare_packs_count(const pare_packs *packs);

#endif
