#include "op/coster.h"
#include "op/ms_moe.h"

/* Each token goes through k experts: FC2(activation(FC1(x))), with FC3 beside FC1. Inputs of MoE:
 * x, router, w1 [experts, rows, hidden], b1, w2, b2, w3, b3; QMoE puts scales behind each w. */

enum { X, ROUTER, W1 };

static uint64_t activation_ops(const pare_moe_params *p)
{
    static const uint64_t ops[] = {
        [PARE_MOE_RELU] = 1,
        [PARE_MOE_GELU] = 8 + PARE_OPS_TANH,
        [PARE_MOE_SILU] = PARE_OPS_SIGMOID + 1,
        [PARE_MOE_SWIGLU] = PARE_OPS_SIGMOID + 7, /* two bounds, scale, product, sum, product */
        [PARE_MOE_IDENTITY] = 0,
    };
    return ops[p->activation];
}

/* The share of an operand's experts that work: at most as many as tokens ask for. */
static void read_experts(pare_cost *cost, pare_cost_io *io, uint32_t i, uint64_t experts,
                         uint64_t busy)
{
    const pare_info *w = pare_cost_in(io, i);
    if (!w || i >= PARE_COST_OPERANDS || !experts || busy >= experts) return;
    cost->read[i] = pare_cost_mul(io, pare_cost_elements(io, w) / experts, busy);
}

/* Elements of an axis of weights of this many bits that are stored as bytes (0: as they are). */
static uint64_t unpacked(pare_cost_io *io, uint64_t dim, uint64_t bits)
{
    return bits ? pare_cost_mul(io, dim, 8) / bits : dim;
}

/* FC2 and FC3 (it may be left out) at inputs w2 and w3. */
static void count(pare_cost *cost, pare_cost_io *io, uint32_t w2, uint32_t w3, uint64_t bits)
{
    const pare_moe_params *p = io->params;
    const pare_dtype dtype = pare_cost_in_dtype(io, X);
    const uint64_t tokens = pare_cost_dim(io, pare_cost_in(io, ROUTER), 0);
    const uint64_t experts = pare_cost_dim(io, pare_cost_in(io, ROUTER), 1);
    const uint64_t hidden = pare_cost_dim(io, pare_cost_in(io, X), -1);
    const uint64_t rows = pare_cost_dim(io, pare_cost_in(io, W1), 1);
    const uint64_t inner = unpacked(io, pare_cost_dim(io, pare_cost_in(io, w2), 2), bits);
    const uint64_t k = (uint64_t)p->k < experts ? (uint64_t)p->k : experts;
    const uint64_t runs = pare_cost_mul(io, tokens, k);
    const bool third = pare_cost_in(io, w3) != NULL;
    pare_cost_product(cost, io, 1, runs, rows, hidden);
    if (third) pare_cost_product(cost, io, 1, runs, inner, hidden);
    pare_cost_product(cost, io, 1, runs, hidden, inner);
    pare_cost_ops(cost, io, pare_cost_mul(io, runs, inner), activation_ops(p) + third, dtype);
    pare_cost_ops(cost, io, pare_cost_mul(io, runs, hidden), 2, dtype); /* weighted sum */
    pare_cost_ops(cost, io, pare_cost_mul(io, tokens, experts),
                  PARE_OPS_SOFTMAX + pare_cost_log2(k), dtype);
    const uint64_t busy = runs < experts ? runs : experts;
    read_experts(cost, io, W1, experts, busy);
    read_experts(cost, io, w2, experts, busy);
    if (third) read_experts(cost, io, w3, experts, busy);
    if (!bits) return;
    const uint64_t each = pare_cost_mul(io, hidden, pare_cost_add(io, rows, inner));
    const uint64_t more = third ? pare_cost_mul(io, hidden, inner) : 0;
    cost->dequantized = pare_cost_mul(io, busy, pare_cost_add(io, each, more));
    pare_cost_ops(cost, io, cost->dequantized, 1, dtype);
}

pare_status pare_moe_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_moe_params *p = io->params;
    const bool quantized = io->call->op->n_in.min > 5;
    cost->work = PARE_WORK_GEMM;
    cost->mac_activation = pare_cost_in_dtype(io, X);
    cost->mac_weight = pare_cost_in_dtype(io, W1);
    if (quantized) {
        const pare_dtype small = p->weight_bits <= 2 ? PARE_UINT2 : PARE_UINT4;
        cost->mac_weight = p->weight_bits <= 4 ? small : PARE_UINT8;
        count(cost, io, 5, 8, p->weight_bits < 8 ? (uint64_t)p->weight_bits : 8);
    } else {
        count(cost, io, 4, 6, 0);
    }
    return PARE_OK;
}
