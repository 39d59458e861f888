#include "op/linker.h"
#include "op/matmul.h"

#include "op/costs.h"

/* Y [M, N] = alpha * A' * B' + beta * C, where C is broadcast. */

static pare_status gemm_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_gemm_params *p = params;
    PARE_TRY(pare_get_flag(ctx, call, "transA", false, &p->trans_a));
    PARE_TRY(pare_get_flag(ctx, call, "transB", false, &p->trans_b));
    PARE_TRY(pare_get_float(ctx, call, "alpha", 1, &p->alpha));
    return pare_get_float(ctx, call, "beta", 1, &p->beta);
}

static pare_status fused_gemm_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_gemm_params *p = params;
    PARE_TRY(gemm_resolve(ctx, params, call));
    PARE_TRY(pare_get_text(ctx, call, "activation", &p->activation));
    PARE_TRY(pare_get_float(ctx, call, "activation_alpha", 0, &p->activation_alpha));
    PARE_TRY(pare_get_float(ctx, call, "activation_beta", 0, &p->activation_beta));
    return pare_get_float(ctx, call, "activation_gamma", 0, &p->activation_gamma);
}

/* The product of the matrices at inputs ia and ib. */
static pare_status infer_product(pare_ctx *ctx, pare_infer_io *io, uint32_t ia, uint32_t ib,
                                 pare_dtype dtype)
{
    const pare_gemm_params *p = io->params;
    const pare_info *a = pare_in(io, ia);
    const pare_info *b = pare_in(io, ib);
    PARE_TRY(pare_need_rank(ctx, io, ia, 2, 2));
    PARE_TRY(pare_need_rank(ctx, io, ib, 2, 2));
    pare_num dims[2] = { pare_num_unknown(), pare_num_unknown() };
    if (pare_info_has_rank(a)) dims[0] = a->dims[p->trans_a ? 1 : 0];
    if (pare_info_has_rank(b)) dims[1] = b->dims[p->trans_b ? 0 : 1];
    if (pare_info_has_rank(a) && pare_info_has_rank(b)) {
        pare_num inner;
        PARE_TRY(pare_same_dim(ctx, io, "inner dimensions", a->dims[p->trans_a ? 0 : 1],
                               b->dims[p->trans_b ? 1 : 0], &inner));
    }
    io->out[0] = pare_info_tensor(io->shapes, dtype, 2, dims);
    return PARE_OK;
}

static pare_status gemm_infer(pare_ctx *ctx, pare_infer_io *io)
{
    return infer_product(ctx, io, 0, 1, pare_first_dtype(io));
}

/* A, a_scale, a_zero_point, B, b_scale, b_zero_point, C, y_scale, y_zero_point; floating point when
 * the last two are left out. */
static pare_status qgemm_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *zero = pare_in(io, 8);
    return infer_product(ctx, io, 0, 3, zero ? zero->dtype : PARE_FLOAT);
}

const pare_op pare_op_gemm = {
    .domain = "", .name = "Gemm", .since = 1,
    .n_in = { 2, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_gemm_params),
    .resolve = gemm_resolve, .infer = gemm_infer, .eval = pare_gemm_eval,
    .cost = pare_gemm_cost,
    .links = pare_gemm_links,
};

const pare_op pare_op_ms_fused_gemm = {
    .domain = "com.microsoft", .name = "FusedGemm", .since = 1,
    .n_in = { 2, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_gemm_params),
    .resolve = fused_gemm_resolve, .infer = gemm_infer, .eval = pare_fused_gemm_eval,
    .cost = pare_gemm_cost,
    .links = pare_gemm_links,
};

const pare_op pare_op_ms_qgemm = {
    .domain = "com.microsoft", .name = "QGemm", .since = 1,
    .n_in = { 6, 9 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_gemm_params),
    .resolve = gemm_resolve, .infer = qgemm_infer, .eval = pare_qgemm_eval,
    .cost = pare_qgemm_cost,
    .links = pare_qgemm_links,
};
