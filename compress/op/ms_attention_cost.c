#include "op/attention.h"
#include "op/coster.h"

/* ONNX Runtime's attention operators: scores and values as in op/attention_cost.c, with what they
 * do themselves before: projections, a bias, rotation. */

/* Operations per score for masks and the like at inputs first and second (0: no such input). */
static uint64_t extra_of(const pare_cost_io *io, uint32_t first, uint32_t second)
{
    const pare_attention_params *p = io->params;
    const uint64_t softcap = p->softcap != 0 ? PARE_OPS_DIV + PARE_OPS_TANH + 1 : 0;
    const bool one = first && pare_cost_in(io, first);
    const bool two = second && pare_cost_in(io, second);
    return softcap + one + two + (p->causal || p->left_window >= 0);
}

/* Rotation of n numbers. */
static void rotate(pare_cost *cost, pare_cost_io *io, uint64_t n)
{
    const pare_attention_params *p = io->params;
    if (p->do_rotary) pare_cost_ops(cost, io, n, 3, pare_cost_in_dtype(io, 0));
}

/* input [B, S, in] times weight [in, hidden of q + k + v]; past [2, B, heads, steps, size]. */
static void project(pare_cost *cost, pare_cost_io *io, uint32_t mask, uint32_t past,
                    uint32_t bias_on_scores, pare_dtype dtype)
{
    const pare_attention_params *p = io->params;
    const pare_info *x = pare_cost_in(io, 0);
    const pare_info *w = pare_cost_in(io, 1);
    const bool given = p->qkv_hidden_sizes.n == 3;
    const uint64_t tokens = pare_cost_dims(io, x, 0, 2);
    const uint64_t width = pare_cost_dim(io, w, 1);
    const int64_t *sizes = p->qkv_hidden_sizes.v;
    const bool sane = !given || (sizes[0] >= 0 && sizes[2] >= 0);
    const uint64_t heads = (uint64_t)p->q_heads;
    pare_cost_attention a = { .batch = pare_cost_dim(io, x, 0), .heads = heads,
                              .queries = pare_cost_dim(io, x, 1), .keys = pare_cost_dim(io, x, 1),
                              .size = (given ? (uint64_t)sizes[0] : width / 3) / heads,
                              .value_size = (given ? (uint64_t)sizes[2] : width / 3) / heads,
                              .extra = extra_of(io, mask, bias_on_scores), .dtype = dtype };
    if (!sane) pare_cost_unknown(io, "hidden sizes below 0");
    if (pare_cost_in(io, past))
        a.keys = pare_cost_add(io, a.keys, pare_cost_dim(io, pare_cost_in(io, past), 3));
    pare_cost_attend(cost, io, &a);
    pare_cost_product(cost, io, 1, tokens, width, pare_cost_dim(io, x, 2));
    pare_cost_ops(cost, io, pare_cost_mul(io, tokens, width), pare_cost_in(io, 2) != NULL, dtype);
    rotate(cost, io, pare_cost_mul(io, tokens, width / 3 * 2));
}

/* input, weight, bias, mask, past, attention_bias */
pare_status pare_ms_attention_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    project(cost, io, 3, 4, 5, pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* input, weight, bias, input_scale, weight_scale, mask, zero points, past: the projection is of
 * integers, what follows is not. */
pare_status pare_ms_qattention_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_dtype dtype = pare_cost_in_dtype(io, 3);
    project(cost, io, 5, 8, 0, dtype);
    cost->mac_weight = pare_cost_in_dtype(io, 1);
    cost->mac_activation = pare_cost_in_dtype(io, 0);
    const uint64_t tokens = pare_cost_dims(io, pare_cost_in(io, 0), 0, 2);
    const uint64_t width = pare_cost_dim(io, pare_cost_in(io, 1), 1);
    pare_cost_ops(cost, io, pare_cost_mul(io, tokens, width), PARE_OPS_DEQUANTIZE, dtype);
    return PARE_OK;
}

/* Steps and size per head of the keys or values at input i: [B, L, n * size], [B, n, L, size] as
 * kept from before, or both packed, [B, L, n, 2 or 3, size]. */
static void measure(pare_cost_io *io, uint32_t i, uint64_t heads, uint64_t *steps, uint64_t *size)
{
    const pare_info *x = pare_cost_in(io, i);
    const uint32_t rank = pare_cost_rank(io, x);
    *steps = pare_cost_dim(io, x, rank == 4 ? 2 : 1);
    *size = pare_cost_dim(io, x, -1);
    if (rank == 3) *size /= heads;
}

/* query, key, value, bias, key_padding_mask, attention_bias, past_key, past_value, ... */
pare_status pare_multi_head_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_attention_params *p = io->params;
    const pare_info *query = pare_cost_in(io, 0);
    const pare_dtype dtype = pare_cost_in_dtype(io, 0);
    pare_cost_attention a = { .batch = pare_cost_dim(io, query, 0), .heads = (uint64_t)p->q_heads,
                              .extra = extra_of(io, 4, 5), .dtype = dtype };
    measure(io, 0, a.heads, &a.queries, &a.size);
    const uint32_t value = pare_cost_in(io, 2) ? 2 : pare_cost_in(io, 1) ? 1 : 0;
    measure(io, value, a.heads, &a.keys, &a.value_size);
    if (pare_cost_in(io, 6))
        a.keys = pare_cost_add(io, a.keys, pare_cost_dim(io, pare_cost_in(io, 6), 2));
    pare_cost_attend(cost, io, &a);
    for (uint32_t i = 0; i < 3 && pare_cost_in(io, 3); i++) /* bias */
        if (pare_cost_in(io, i))
            pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_in(io, i)), 1, dtype);
    return PARE_OK;
}

/* query, key, value, past_key, past_value, seqlens_k, total_sequence_length, cosine, sine,
 * positions, attention_bias, sinks; without key the query holds all three. Where the total is not
 * known the kept keys, which may be a buffer for more, count. */
pare_status pare_group_query_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_attention_params *p = io->params;
    const pare_info *query = pare_cost_in(io, 0);
    const bool packed = !pare_cost_in(io, 1);
    const uint64_t q_heads = (uint64_t)p->q_heads;
    const uint64_t kv_heads = (uint64_t)p->kv_heads;
    const uint64_t steps = pare_cost_dim(io, query, 1);
    const uint64_t size =
        pare_cost_dim(io, query, 2) / (packed ? q_heads + 2 * kv_heads : q_heads);
    uint64_t keys = pare_cost_content(pare_cost_in(io, 6), 0, 0);
    if (!keys && pare_cost_in(io, 3))
        keys = pare_cost_dim(io, pare_cost_in(io, 3), 2);
    if (keys < steps) keys = steps;
    const pare_cost_attention a = { .batch = pare_cost_dim(io, query, 0), .heads = q_heads,
                                    .queries = steps, .keys = keys, .size = size,
                                    .value_size = size, .extra = extra_of(io, 10, 0),
                                    .dtype = pare_cost_in_dtype(io, 0) };
    pare_cost_attend(cost, io, &a);
    rotate(cost, io, pare_cost_mul4(io, a.batch, steps, q_heads + kv_heads, size));
    return PARE_OK;
}

/* input_ids [B, S], segment_ids, word [V, H], position, segment, gamma, beta, ...: rows of tables
 * are added up and normalized. */
pare_status pare_embed_layer_norm_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    enum { NORM = 7, ROW = 3 * PARE_OPS_DIV + PARE_OPS_SQRT + 1 };
    const pare_dtype dtype = pare_cost_in_dtype(io, 2);
    const uint64_t tokens = pare_cost_elements(io, pare_cost_in(io, 0));
    const uint64_t n = pare_cost_mul(io, tokens, pare_cost_dim(io, pare_cost_in(io, 2), 1));
    const uint64_t tables = 1 + (pare_cost_in(io, 4) != NULL);
    pare_cost_ops(cost, io, n, tables + NORM, dtype);
    pare_cost_ops(cost, io, tokens, ROW, dtype);
    for (uint32_t i = 2; i <= 4; i++) cost->read[i] = pare_cost_in(io, i) ? n : 0;
    return PARE_OK;
}
