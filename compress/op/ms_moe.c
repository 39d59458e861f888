#include "op/ms_moe.h"

#include "op/costs.h"
#include "op/shape.h"

#include <math.h>

/* Mixture of experts: each token goes through the k best of its experts; the shape stays. */

static pare_status moe_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const activations[] = { "relu", "gelu", "silu", "swiglu", "identity", NULL };
    static const char *const types[] = { "int", "fp4", "nvfp4", "fp8", "wfp4afp8", NULL };
    pare_moe_params *p = params;
    int type = 0;
    PARE_TRY(pare_get_word(ctx, call, "activation_type", activations, PARE_MOE_RELU,
                           &p->activation));
    PARE_TRY(pare_get_word(ctx, call, "quant_type", types, 0, &type));
    p->integer_weights = type == 0;
    PARE_TRY(pare_get_int(ctx, call, "weights_prepacked", -1, &p->weights_prepacked));
    PARE_TRY(pare_get_int_in(ctx, call, "swiglu_fusion", 0, 0, 2, &p->swiglu_fusion));
    PARE_TRY(pare_get_float(ctx, call, "activation_alpha", 1, &p->alpha));
    PARE_TRY(pare_get_float(ctx, call, "activation_beta", 0, &p->beta));
    PARE_TRY(pare_get_float(ctx, call, "swiglu_limit", INFINITY, &p->swiglu_limit));
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
    .resolve = moe_resolve, .infer = pare_infer_same, .eval = pare_moe_eval,
    .cost = pare_moe_cost,
    .links = PARE_TODO(links),
};

const pare_op pare_op_ms_qmoe = {
    .domain = "com.microsoft", .name = "QMoE", .since = 1,
    .n_in = { 7, 21 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_moe_params),
    .resolve = moe_resolve, .infer = pare_infer_same, .eval = pare_moe_eval,
    .cost = pare_moe_cost,
    .links = PARE_TODO(links),
};
