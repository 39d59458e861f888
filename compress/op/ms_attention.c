#include "op/ms_attention.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/norm.h"

#include <inttypes.h>

/* ONNX Runtime's attention operators; hidden sizes are those of all heads together. */

static pare_status ms_attention_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_attention_params *p = params;
    int64_t smooth = 0;
    PARE_TRY(pare_need_attr(ctx, call, "num_heads"));
    PARE_TRY(pare_get_int_in(ctx, call, "num_heads", 1, 1, INT32_MAX, &p->q_heads));
    PARE_TRY(pare_get_int_in(ctx, call, "kv_num_heads", p->q_heads, 1, INT32_MAX, &p->kv_heads));
    PARE_TRY(pare_get_flag(ctx, call, "unidirectional", false, &p->causal));
    PARE_TRY(pare_get_int(ctx, call, "local_window_size", -1, &p->left_window));
    PARE_TRY(pare_get_ints(ctx, call, "qkv_hidden_sizes", &p->qkv_hidden_sizes));
    PARE_TRY(pare_get_float(ctx, call, "mask_filter_value", -10000, &p->mask_filter_value));
    PARE_TRY(pare_get_float(ctx, call, "softcap", 0, &p->softcap));
    PARE_TRY(pare_get_flag(ctx, call, "do_rotary", false, &p->do_rotary));
    PARE_TRY(pare_get_flag(ctx, call, "rotary_interleaved", false, &p->rotary_interleaved));
    PARE_TRY(pare_get_int(ctx, call, "smooth_softmax", 0, &smooth));
    p->smooth_softmax = smooth == 1; /* -1 is off, too */
    PARE_TRY(pare_get_int_in(ctx, call, "rotary_embedding_dim", 0, 0, INT32_MAX, &p->rotary_dim));
    p->right_window = -1;
    p->has_scale = pare_call_attr(call, "scale") != NULL;
    return pare_get_float(ctx, call, "scale", 1, &p->scale);
}

static pare_status cache_resolve(pare_ctx *ctx, pare_attention_params *p, const pare_call *call)
{
    static const char *const kinds[] = { "NONE", "PER_TENSOR", "PER_CHANNEL", NULL };
    bool slides = false;
    int key = 0;
    int value = 0;
    PARE_TRY(pare_get_flag(ctx, call, "causal", true, &p->causal));
    PARE_TRY(pare_get_int_in(ctx, call, "qk_output", 0, 0, 2, &p->qk_output_mode));
    PARE_TRY(pare_get_flag(ctx, call, "sliding_window_cache", false, &slides));
    PARE_TRY(pare_get_word(ctx, call, "k_quant_type", kinds, 0, &key));
    PARE_TRY(pare_get_word(ctx, call, "v_quant_type", kinds, 0, &value));
    p->cache_options = slides || key || value;
    return PARE_OK;
}

/* Grouped queries are causal unless said otherwise, and need the number of heads that keys and
 * values have. */
static pare_status group_query_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_attention_params *p = params;
    PARE_TRY(pare_need_attr(ctx, call, "kv_num_heads"));
    PARE_TRY(ms_attention_resolve(ctx, params, call));
    PARE_TRY(cache_resolve(ctx, p, call));
    if (p->q_heads % p->kv_heads == 0) return PARE_OK;
    return pare_call_fail(ctx, call,
                          "attribute 'kv_num_heads': expected a divisor of %" PRId64
                          " heads, found %" PRId64,
                          p->q_heads, p->kv_heads);
}

static void set_output(pare_infer_io *io, pare_dtype dtype, pare_num batch, pare_num steps,
                       pare_num hidden)
{
    const pare_num dims[3] = { batch, steps, hidden };
    io->out[0] = pare_info_tensor(io->shapes, dtype, 3, dims);
}

/* Keys or values as kept for the next call: [batch, heads, total steps, head size]. */
static void set_present(pare_infer_io *io, uint32_t i, pare_dtype dtype, pare_num batch,
                        pare_num heads, pare_num total, pare_num size)
{
    const pare_num dims[4] = { batch, heads, total, size };
    if (i < io->n_out) io->out[i] = pare_info_tensor(io->shapes, dtype, 4, dims);
}

/* input [B, S, in], weight [in, hidden of q + k + v], ...; past (input `past`) and present are
 * [2, B, heads, steps, size]. */
static pare_status infer_packed(pare_ctx *ctx, pare_infer_io *io, pare_dtype dtype, uint32_t past)
{
    const pare_attention_params *p = io->params;
    pare_exprs *x = io->shapes->exprs;
    PARE_TRY(pare_need_rank(ctx, io, 0, 3, 3));
    PARE_TRY(pare_need_rank(ctx, io, 1, 2, 2));
    const pare_num batch = pare_axis_of(io, 0, 3, 0);
    const pare_num steps = pare_axis_of(io, 0, 3, 1);
    pare_num hidden =
        pare_num_floordiv(x, pare_axis_of(io, 1, 2, 1), pare_num_int(3));
    if (p->qkv_hidden_sizes.n == 3) hidden = pare_num_int(p->qkv_hidden_sizes.v[2]);
    set_output(io, dtype, batch, steps, hidden);
    if (io->n_out < 2) return PARE_OK;
    pare_num total = steps;
    if (pare_in(io, past)) total = pare_num_add(x, total, pare_axis_of(io, past, 5, 3));
    const pare_num heads = pare_num_int(p->q_heads);
    const pare_num dims[5] = { pare_num_int(2), batch, heads, total,
                               pare_num_floordiv(x, hidden, heads) };
    io->out[1] = pare_info_tensor(io->shapes, dtype, 5, dims);
    return PARE_OK;
}

static pare_status ms_attention_infer(pare_ctx *ctx, pare_infer_io *io)
{
    return infer_packed(ctx, io, pare_first_dtype(io), 4);
}

/* input, weight, bias, input_scale, weight_scale, mask_index, input_zero_point, weight_zero_point,
 * past */
static pare_status qattention_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *scale = pare_in(io, 3);
    return infer_packed(ctx, io, scale ? scale->dtype : PARE_DTYPE_UNDEFINED, 8);
}

/* query [B, S, hidden], or packed [B, S, heads, 3, size]; key, value [B, L, hidden], or as kept
 * from before [B, heads, L, size]. */
static pare_status multi_head_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_attention_params *p = io->params;
    pare_exprs *x = io->shapes->exprs;
    const pare_info *query = pare_in(io, 0);
    const pare_info *key = pare_in(io, 1);
    const pare_info *value = pare_in(io, 2);
    const pare_dtype dtype = pare_first_dtype(io);
    PARE_TRY(pare_need_rank(ctx, io, 0, 3, 5));
    if (!pare_info_has_rank(query)) return PARE_OK;
    const pare_num heads = pare_num_int(p->q_heads);
    const pare_num steps = query->dims[1];
    pare_num size = query->rank == 5 ? query->dims[4] : pare_num_floordiv(x, query->dims[2], heads);
    pare_num value_size = size;
    pare_num fresh = steps; /* steps of key and value in this call */
    if (pare_info_has_rank(value)) {
        value_size = value->rank == 4 ? value->dims[3]
                                      : pare_num_floordiv(x, pare_axis_of(io, 2, 3, 2), heads);
        fresh = value->rank == 4 ? value->dims[2] : pare_axis_of(io, 2, 3, 1);
    } else if (value) {
        value_size = fresh = pare_num_unknown();
    } else if (key) { /* both, [B, L, heads, 2, size] */
        value_size = pare_axis_of(io, 1, 5, 4);
        fresh = pare_axis_of(io, 1, 5, 1);
    }
    set_output(io, dtype, query->dims[0], steps, pare_num_mul(x, value_size, heads));
    if (pare_in(io, 6)) fresh = pare_num_add(x, fresh, pare_axis_of(io, 6, 4, 2));
    set_present(io, 1, dtype, query->dims[0], heads, fresh, size);
    set_present(io, 2, dtype, query->dims[0], heads, fresh, value_size);
    if (io->n_out > 3) io->out[3] = pare_info_unranked(dtype);
    return PARE_OK;
}

/* query, key, value, past_key, past_value, seqlens_k, total_sequence_length, ...; without key the
 * query holds all three. The kept keys are as long as the larger of past and total. */
static pare_status group_query_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_attention_params *p = io->params;
    pare_exprs *x = io->shapes->exprs;
    PARE_TRY(pare_need_rank(ctx, io, 0, 3, 3));
    const pare_num batch = pare_axis_of(io, 0, 3, 0);
    const pare_num width = pare_axis_of(io, 0, 3, 2);
    const int64_t packed = p->q_heads + 2 * p->kv_heads;
    const bool is_packed = !pare_in(io, 1);
    const pare_num size =
        pare_num_floordiv(x, width, pare_num_int(is_packed ? packed : p->q_heads));
    const pare_dtype dtype = pare_first_dtype(io);
    set_output(io, dtype, batch, pare_axis_of(io, 0, 3, 1),
               pare_num_mul(x, size, pare_num_int(p->q_heads)));
    pare_num total = pare_info_at(pare_in(io, 6), 0);
    if (pare_in(io, 3)) total = pare_num_max(x, total, pare_axis_of(io, 3, 4, 2));
    set_present(io, 1, dtype, batch, pare_num_int(p->kv_heads), total, size);
    set_present(io, 2, dtype, batch, pare_num_int(p->kv_heads), total, size);
    if (io->n_out > 3) io->out[3] = pare_info_unranked(dtype);
    return PARE_OK;
}

/* input_ids [B, S], segment_ids, word [V, H], position, segment, gamma, beta, mask, position_ids */
static pare_status embed_layer_norm_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *gamma = pare_in(io, 5);
    const pare_dtype dtype = gamma ? gamma->dtype : PARE_DTYPE_UNDEFINED;
    PARE_TRY(pare_need_rank(ctx, io, 0, 2, 2));
    const pare_num batch = pare_axis_of(io, 0, 2, 0);
    set_output(io, dtype, batch, pare_axis_of(io, 0, 2, 1), pare_axis_of(io, 2, 2, 1));
    if (io->n_out > 1) io->out[1] = pare_info_tensor(io->shapes, PARE_INT32, 1, &batch);
    if (io->n_out > 2) io->out[2] = io->out[0];
    return PARE_OK;
}

static pare_status embed_layer_norm_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    return pare_get_float(ctx, call, "epsilon", 1e-12f, params);
}

/*      symbol                   name                     inputs   outputs  resolve to links */
#define MS_ATTENTION_OPS(X)                                                                        \
    X(ms_attention,             "Attention",              2, 7,    1, 2, ms_attention_resolve,     \
      ms_attention_infer, pare_ms_attention_eval, pare_ms_attention_cost,                          \
      pare_ms_attention_links)                                                                     \
    X(ms_group_query_attention, "GroupQueryAttention",    7, 16,   1, 4, group_query_resolve,      \
      group_query_infer, pare_ms_group_query_eval, pare_group_query_cost,                          \
      pare_ms_group_query_links)                                                                   \
    X(ms_multi_head_attention,  "MultiHeadAttention",     1, 10,   1, 4, ms_attention_resolve,     \
      multi_head_infer, pare_ms_multi_head_eval, pare_multi_head_cost,                             \
      pare_ms_multi_head_links)                                                                    \
    X(ms_qattention,            "QAttention",             5, 9,    1, 2, ms_attention_resolve,     \
      qattention_infer, pare_ms_qattention_eval, pare_ms_qattention_cost,                          \
      pare_ms_qattention_links)

#define MS_ATTENTION_OP(symbol, text, min_in, max_in, min_out, max_out, resolver, inferer, run,    \
                        price, linker)                                                             \
    const pare_op pare_op_##symbol = {                                                             \
        .domain = "com.microsoft", .name = text, .since = 1,                                       \
        .n_in = { min_in, max_in }, .n_out = { min_out, max_out },                                 \
        .params_bytes = sizeof(pare_attention_params),                                             \
        .resolve = resolver, .infer = inferer, .eval = run, .cost = price,                         \
        .links = linker,                                                                           \
    };
MS_ATTENTION_OPS(MS_ATTENTION_OP)

const pare_op pare_op_ms_embed_layer_normalization = {
    .domain = "com.microsoft", .name = "EmbedLayerNormalization", .since = 1,
    .n_in = { 7, 9 }, .n_out = { 1, 3 },
    .params_bytes = sizeof(float),
    .resolve = embed_layer_norm_resolve, .infer = embed_layer_norm_infer,
    .eval = pare_embed_layer_norm_eval,
    .cost = pare_embed_layer_norm_cost,
    .links = pare_embed_layer_norm_links,
};
