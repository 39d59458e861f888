/* Tensors as plain arrays of float or double, where integers are allowed also of 64-bit integers:
 * what evals of linear algebra work on. */
#ifndef PARE_OP_REALS_H
#define PARE_OP_REALS_H

#include "op/eval.h"
#include "op/wide.h"

/* Elements of a tensor as one of the wide types; a view where the tensor holds just that. */
typedef struct pare_reals {
    pare_wide wide;
    size_t width;             /* bytes per element: 4 or 8 */
    const void *data;         /* NULL: the tensor is absent */
    void *owned;
} pare_reals;

/* F64 for double, F32 for every other floating-point type; NONE for all else. */
pare_wide pare_reals_wide(pare_dtype dtype);

/* Loads a tensor (NULL: absent) as the given type. The caller frees it, also after a failure.
 * ENOMEM. */
pare_status pare_reals_load(pare_ctx *ctx, pare_reals *out, const pare_tensor *tensor,
                            pare_wide wide);
void pare_reals_free(pare_ctx *ctx, pare_reals *reals);

/* Room for n results. */
pare_status pare_reals_new(pare_ctx *ctx, pare_reals *out, pare_wide wide, int64_t n);

/* Makes output i, of its inferred type and shape, with these elements, each rounded once. */
pare_status pare_reals_out(pare_ctx *ctx, pare_eval_io *io, uint32_t i, const pare_reals *from);

/* pare_gemm_f32_ref or pare_gemm_f64_ref; bias may be NULL. */
void pare_reals_gemm(pare_wide wide, int64_t m, int64_t n, int64_t k, const void *a, int64_t lda,
                     const void *b, int64_t ldb, const void *bias, void *c, int64_t ldc);

/* pare_gemm_onto_f32_ref or pare_gemm_onto_f64_ref. */
void pare_reals_gemm_onto(pare_wide wide, int64_t m, int64_t n, int64_t k, const void *a,
                          int64_t lda, const void *b, int64_t ldb, void *c, int64_t ldc);

/* Address of element i of an array with this element width. */
static inline const void *pare_at(const void *data, int64_t i, size_t width)
{
    return (const uint8_t *)data + (size_t)i * width;
}

static inline void *pare_at_mut(void *data, int64_t i, size_t width)
{
    return (uint8_t *)data + (size_t)i * width;
}

#endif
