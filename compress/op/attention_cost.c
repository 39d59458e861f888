#include "op/attention.h"
#include "op/coster.h"

/* Attention in ONNX's forms. All scores count, masked ones too. */

void pare_cost_attend(pare_cost *cost, pare_cost_io *io, const pare_cost_attention *a)
{
    const uint64_t heads = pare_cost_mul(io, a->batch, a->heads);
    const uint64_t scores = pare_cost_mul4(io, heads, a->queries, a->keys, 1);
    cost->work = PARE_WORK_ATTENTION;
    cost->mac_weight = cost->mac_activation = a->dtype;
    /* both products have the queries times keys in common */
    pare_cost_product(cost, io, heads, a->queries, a->keys,
                      pare_cost_add(io, a->size, a->value_size));
    pare_cost_ops(cost, io, scores, 1 + PARE_OPS_SOFTMAX + a->extra, a->dtype);
}

/* What a score takes beside scaling and softmax. */
static uint64_t extra_of(const pare_cost_io *io)
{
    const pare_attention_params *p = io->params;
    uint64_t extra = p->softcap != 0 ? PARE_OPS_DIV + PARE_OPS_TANH + 1 : 0;
    extra += pare_cost_in(io, 3) != NULL; /* mask */
    return extra + (p->causal || p->left_window >= 0 || p->right_window >= 0);
}

/* One input as heads: [batch, n, steps, size] or [batch, steps, n * size]. */
typedef struct heads {
    uint64_t batch, n, steps, size;
} heads;

static heads heads_of(pare_cost_io *io, uint32_t i, int64_t n)
{
    const pare_info *x = pare_cost_in(io, i);
    heads h = { .batch = pare_cost_dim(io, x, 0) };
    if (pare_cost_rank(io, x) == 4) {
        h.n = pare_cost_dim(io, x, 1);
        h.steps = pare_cost_dim(io, x, 2);
        h.size = pare_cost_dim(io, x, 3);
        return h;
    }
    h.steps = pare_cost_dim(io, x, 1);
    if (n > 0) {
        h.n = (uint64_t)n;
        h.size = pare_cost_dim(io, x, 2) / h.n;
    } else {
        pare_cost_unknown(io, "no number of heads");
    }
    return h;
}

static pare_cost_attention attention_of(pare_cost_io *io)
{
    const pare_attention_params *p = io->params;
    const heads q = heads_of(io, 0, p->q_heads);
    const heads k = heads_of(io, 1, p->kv_heads);
    const heads v = heads_of(io, 2, p->kv_heads);
    return (pare_cost_attention){ .batch = q.batch, .heads = q.n, .queries = q.steps,
                                  .keys = k.steps, .size = q.size, .value_size = v.size,
                                  .extra = extra_of(io), .dtype = pare_cost_in_dtype(io, 0) };
}

/* Q, K, V, mask, past key, past value, number of keys that are no padding. */
pare_status pare_attention_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    pare_cost_attention a = attention_of(io);
    if (pare_cost_in(io, 4))
        a.keys = pare_cost_add(io, a.keys, pare_cost_dim(io, pare_cost_in(io, 4), 2));
    pare_cost_attend(cost, io, &a);
    return PARE_OK;
}

/* The modifiers run over all scores at once. */
pare_status pare_flex_attention_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_attention_params *p = io->params;
    const pare_cost_attention a = attention_of(io);
    pare_cost_attend(cost, io, &a);
    cost->bodies[0] = p->score_mod ? p->score_mod : p->prob_mod;
    cost->bodies[1] = p->score_mod ? p->prob_mod : NULL;
    cost->trips = 1;
    cost->trips_known = true;
    return PARE_OK;
}

/* query, key [B, T, heads * d_k], value [B, T, heads * d_v], state, decay, rate: each step adds
 * key x value to the state [d_k, d_v] of its head, which the queries of its group then read. The
 * delta rules read it once more, for what the key finds there. */
pare_status pare_linear_attention_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_linear_attention_params *p = io->params;
    const pare_dtype dtype = pare_cost_in_dtype(io, 0);
    const bool gated = p->rule & 1;
    const bool delta = p->rule >= 2;
    const uint64_t kv_heads = (uint64_t)p->kv_heads;
    const uint64_t steps = pare_cost_dims(io, pare_cost_in(io, 0), 0, 2);
    const uint64_t key = pare_cost_dim(io, pare_cost_in(io, 1), 2) / kv_heads;
    const uint64_t value = pare_cost_dim(io, pare_cost_in(io, 2), 2) / kv_heads;
    const uint64_t updates = pare_cost_mul(io, steps, kv_heads);
    const uint64_t reads = pare_cost_mul(io, steps, (uint64_t)p->q_heads);
    pare_cost_product(cost, io, updates, 1, value, pare_cost_mul(io, key, 1 + (uint64_t)delta));
    pare_cost_product(cost, io, reads, 1, value, key);
    cost->work = PARE_WORK_RECURRENT;
    cost->mac_weight = cost->mac_activation = dtype;
    pare_cost_ops(cost, io, pare_cost_mul(io, reads, value), 1, dtype); /* scale */
    if (gated) {
        pare_cost_ops(cost, io, pare_cost_mul4(io, updates, key, value, 1), 1, dtype);
        pare_cost_ops(cost, io, pare_cost_mul(io, updates, key), PARE_OPS_EXP, dtype);
    }
    if (delta) pare_cost_ops(cost, io, pare_cost_mul(io, updates, value), 2, dtype);
    return PARE_OK;
}

/* Two products and a sum per number of what is turned; 0: the whole head. */
pare_status pare_rotary_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    enum { TURN = 3 };
    const pare_info *x = pare_cost_in(io, 0);
    const pare_rotary_params *p = io->params;
    uint64_t n = pare_cost_elements(io, x);
    if (p->rotary_dim > 0 && (p->n_heads > 0 || pare_cost_rank(io, x) == 4)) {
        const uint64_t n_heads = p->n_heads > 0 ? (uint64_t)p->n_heads : 1;
        const uint64_t size = pare_cost_dim(io, x, -1) / n_heads;
        const uint64_t turned = (uint64_t)p->rotary_dim < size ? (uint64_t)p->rotary_dim : size;
        if (size) n = pare_cost_mul(io, n / size, turned);
    }
    pare_cost_ops(cost, io, n, TURN, pare_cost_in_dtype(io, 0));
    return PARE_OK;
}
