#include "op/ms_moe.h"

#include "op/shape.h"

/* Mixture of experts: each token goes through the k best of its experts; the shape stays. */

static pare_status moe_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_moe_params *p = params;
    PARE_TRY(pare_get_text(ctx, call, "activation_type", &p->activation));
    PARE_TRY(pare_get_int_in(ctx, call, "k", 1, 1, INT32_MAX, &p->k));
    PARE_TRY(pare_get_flag(ctx, call, "normalize_routing_weights", false, &p->normalize));
    PARE_TRY(pare_get_flag(ctx, call, "use_sparse_mixer", false, &p->sparse_mixer));
    PARE_TRY(pare_get_int_in(ctx, call, "block_size", 0, 0, INT32_MAX, &p->block_size));
    return pare_get_int_in(ctx, call, "expert_weight_bits", 4, 2, 16, &p->weight_bits);
}

const pare_op pare_op_ms_moe = {
    .domain = "com.microsoft", .name = "MoE", .since = 1,
    .n_in = { 5, 8 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_moe_params),
    .resolve = moe_resolve, .infer = pare_infer_same, .eval = PARE_TODO(eval),
};

const pare_op pare_op_ms_qmoe = {
    .domain = "com.microsoft", .name = "QMoE", .since = 1,
    .n_in = { 7, 15 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_moe_params),
    .resolve = moe_resolve, .infer = pare_infer_same, .eval = PARE_TODO(eval),
};
