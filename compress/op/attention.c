#include "op/attention.h"

#include "op/costs.h"
#include "op/infer.h"
#include "op/linker.h"

/* Scaled dot-product attention of ONNX. Inputs are [batch, heads, steps, size] or, with the numbers
 * of heads as attributes, [batch, steps, heads * size]. */

static pare_status attention_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_attention_params *p = params;
    PARE_TRY(pare_get_int_in(ctx, call, "q_num_heads", 0, 0, INT32_MAX, &p->q_heads));
    PARE_TRY(pare_get_int_in(ctx, call, "kv_num_heads", 0, 0, INT32_MAX, &p->kv_heads));
    PARE_TRY(pare_get_flag(ctx, call, "is_causal", false, &p->causal));
    PARE_TRY(pare_get_int_in(ctx, call, "left_window_size", -1, -1, INT64_MAX, &p->left_window));
    PARE_TRY(pare_get_int_in(ctx, call, "right_window_size", -1, -1, INT64_MAX, &p->right_window));
    PARE_TRY(pare_get_int_in(ctx, call, "qk_matmul_output_mode", 0, 0, 3, &p->qk_output_mode));
    PARE_TRY(
        pare_get_dtype(ctx, call, "softmax_precision", PARE_DTYPE_UNDEFINED, &p->softmax_type));
    PARE_TRY(pare_get_float(ctx, call, "softcap", 0, &p->softcap));
    p->has_scale = pare_call_attr(call, "scale") != NULL;
    return pare_get_float(ctx, call, "scale", 1, &p->scale);
}

/* An input as seen by head. */
typedef struct heads {
    pare_num batch, n, steps, size;
} heads;

static heads by_head(const pare_infer_io *io, uint32_t i, int64_t n_heads)
{
    heads h = { pare_axis_of(io, i, 4, 0), pare_axis_of(io, i, 4, 1), pare_axis_of(io, i, 4, 2),
                pare_axis_of(io, i, 4, 3) };
    const pare_info *in = pare_in(io, i);
    if (!pare_info_has_rank(in) || in->rank != 3) return h;
    h.batch = in->dims[0];
    h.steps = in->dims[1];
    if (!n_heads) return h;
    h.n = pare_num_int(n_heads);
    h.size = pare_num_floordiv(io->shapes->exprs, in->dims[2], h.n);
    return h;
}

static void set(pare_infer_io *io, uint32_t i, pare_dtype dtype, pare_num a, pare_num b, pare_num c,
                pare_num d)
{
    const pare_num dims[4] = { a, b, c, d };
    if (i < io->n_out) io->out[i] = pare_info_tensor(io->shapes, dtype, 4, dims);
}

static pare_status attention_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_attention_params *p = io->params;
    const pare_info *query = pare_in(io, 0);
    for (uint32_t i = 0; i < 3; i++) PARE_TRY(pare_need_rank(ctx, io, i, 3, 4));
    const pare_dtype dtype = pare_first_dtype(io);
    const heads q = by_head(io, 0, p->q_heads);
    const heads k = by_head(io, 1, p->kv_heads);
    const heads v = by_head(io, 2, p->kv_heads);
    pare_num total = k.steps;
    if (pare_in(io, 4))
        total = pare_num_add(io->shapes->exprs, total, pare_axis_of(io, 4, 4, 2));
    io->out[0] = pare_info_unranked(dtype);
    if (pare_info_has_rank(query) && query->rank == 4) {
        set(io, 0, dtype, q.batch, q.n, q.steps, v.size);
    } else if (pare_info_has_rank(query)) {
        const pare_num hidden = pare_num_mul(io->shapes->exprs, q.n, v.size);
        const pare_num dims[3] = { q.batch, q.steps, hidden };
        io->out[0] = pare_info_tensor(io->shapes, dtype, 3, dims);
    }
    set(io, 1, dtype, q.batch, k.n, total, k.size);
    set(io, 2, pare_in_dtype(io, 2), q.batch, v.n, total, v.size);
    set(io, 3, dtype, q.batch, q.n, q.steps, total);
    return PARE_OK;
}

static pare_status get_graph(pare_ctx *ctx, const pare_call *call, const char *name,
                             const pare_graph **out)
{
    const pare_attr *attr = pare_call_attr(call, name);
    *out = NULL;
    if (!attr) return PARE_OK;
    if (attr->type != PARE_ATTR_GRAPH)
        return pare_call_fail(ctx, call, "attribute '%s': expected type graph, found %s", name,
                              pare_attr_type_name(attr->type));
    *out = attr->graphs[0];
    return PARE_OK;
}

static pare_status flex_attention_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_attention_params *p = params;
    PARE_TRY(attention_resolve(ctx, params, call));
    PARE_TRY(get_graph(ctx, call, "score_mod", &p->score_mod));
    return get_graph(ctx, call, "prob_mod", &p->prob_mod);
}

/* Values inside of the modifiers get their shapes; what comes out has the shape that goes in. */
static pare_status infer_modifier(pare_ctx *ctx, pare_infer_io *io, const pare_graph *graph)
{
    const pare_attention_params *p = io->params;
    pare_dtype dtype = p->softmax_type;
    const pare_info *outputs = NULL;
    if (!graph) return PARE_OK;
    if (!dtype) dtype = pare_first_dtype(io) == PARE_DOUBLE ? PARE_DOUBLE : PARE_FLOAT;
    const pare_num dims[4] = { pare_axis_of(io, 0, 4, 0), pare_axis_of(io, 0, 4, 1),
                               pare_axis_of(io, 0, 4, 2), pare_axis_of(io, 1, 4, 2) };
    const pare_info scores = pare_info_tensor(io->shapes, dtype, 4, dims);
    return pare_infer_subgraph(ctx, io, graph, &scores, 1, &outputs);
}

static pare_status flex_attention_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_attention_params *p = io->params;
    for (uint32_t i = 0; i < 3; i++) PARE_TRY(pare_need_rank(ctx, io, i, 4, 4));
    PARE_TRY(infer_modifier(ctx, io, p->score_mod));
    PARE_TRY(infer_modifier(ctx, io, p->prob_mod));
    set(io, 0, pare_first_dtype(io), pare_axis_of(io, 0, 4, 0), pare_axis_of(io, 0, 4, 1),
        pare_axis_of(io, 0, 4, 2), pare_axis_of(io, 2, 4, 3));
    return PARE_OK;
}

const pare_op pare_op_attention = {
    .domain = "", .name = "Attention", .since = 23,
    .n_in = { 3, 7 }, .n_out = { 1, 4 },
    .params_bytes = sizeof(pare_attention_params),
    .resolve = attention_resolve, .infer = attention_infer, .eval = pare_attention_eval,
    .cost = pare_attention_cost,
    .links = pare_attention_links,
};

const pare_op pare_op_preview_flex_attention = {
    .domain = "ai.onnx.preview",
    .name = "FlexAttention",
    .since = 1,
    .n_in = { 3, 3 },
    .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_attention_params),
    .resolve = flex_attention_resolve,
    .infer = flex_attention_infer,
    .eval = pare_flex_attention_eval,
    .cost = pare_flex_attention_cost,
    .links = PARE_TODO(links),
};
