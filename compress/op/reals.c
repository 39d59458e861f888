#include "op/reals.h"

#include "base/checked.h"
#include "kernels/gemm.h"

pare_wide pare_reals_wide(pare_dtype dtype)
{
    const pare_wide wide = pare_wide_of(dtype);
    return wide == PARE_WIDE_F32 || wide == PARE_WIDE_F64 ? wide : PARE_WIDE_NONE;
}

static bool is_native(const pare_tensor *t, pare_wide wide)
{
    static const pare_dtype native[] = { [PARE_WIDE_F32] = PARE_FLOAT,
                                         [PARE_WIDE_F64] = PARE_DOUBLE,
                                         [PARE_WIDE_I64] = PARE_INT64,
                                         [PARE_WIDE_U64] = PARE_UINT64 };
    return t->dtype == native[wide] && (uintptr_t)t->payload.data % pare_wide_bytes(wide) == 0;
}

pare_status pare_reals_new(pare_ctx *ctx, pare_reals *out, pare_wide wide, int64_t n)
{
    size_t n_bytes = 0;
    *out = (pare_reals){ .wide = wide, .width = pare_wide_bytes(wide) };
    if (!pare_mul_size((size_t)n, out->width, &n_bytes)) return pare_fail_memory(ctx, SIZE_MAX);
    out->owned = pare_alloc_zero(ctx, n_bytes ? n_bytes : 1);
    out->data = out->owned;
    return out->owned ? PARE_OK : pare_fail_memory(ctx, n_bytes);
}

pare_status pare_reals_load(pare_ctx *ctx, pare_reals *out, const pare_tensor *tensor,
                            pare_wide wide)
{
    *out = (pare_reals){ .wide = wide, .width = pare_wide_bytes(wide) };
    if (!tensor) return PARE_OK;
    if (is_native(tensor, wide)) {
        out->data = pare_eval_data(tensor);
        return PARE_OK;
    }
    PARE_TRY(pare_reals_new(ctx, out, wide, tensor->n_elements));
    pare_wide_load_as(wide, tensor->dtype, pare_eval_data(tensor), 0, 1, tensor->n_elements,
                      out->owned);
    return PARE_OK;
}

void pare_reals_free(pare_ctx *ctx, pare_reals *reals)
{
    pare_free(ctx, reals->owned);
    *reals = (pare_reals){ 0 };
}

pare_status pare_reals_out(pare_ctx *ctx, pare_eval_io *io, uint32_t i, const pare_reals *from)
{
    void *data = NULL;
    PARE_TRY(pare_eval_out(ctx, io, i, &data));
    const pare_tensor *t = io->out[i].tensor;
    pare_wide_store_as(from->wide, PARE_STORE_DEFAULT, t->dtype, data, 0, t->n_elements,
                       from->data);
    return PARE_OK;
}

void pare_reals_gemm(pare_wide wide, int64_t m, int64_t n, int64_t k, const void *a, int64_t lda,
                     const void *b, int64_t ldb, const void *bias, void *c, int64_t ldc)
{
    if (wide == PARE_WIDE_F64) pare_gemm_f64_ref(m, n, k, a, lda, b, ldb, bias, c, ldc);
    else pare_gemm_f32_ref(m, n, k, a, lda, b, ldb, bias, c, ldc);
}

void pare_reals_gemm_onto(pare_wide wide, int64_t m, int64_t n, int64_t k, const void *a,
                          int64_t lda, const void *b, int64_t ldb, void *c, int64_t ldc)
{
    if (wide == PARE_WIDE_F64) pare_gemm_onto_f64_ref(m, n, k, a, lda, b, ldb, c, ldc);
    else pare_gemm_onto_f32_ref(m, n, k, a, lda, b, ldb, c, ldc);
}
