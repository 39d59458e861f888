#include "quant/norm_ranges.h"

#include "base/bytes.h"
#include "ir/order.h"

#include <math.h>
#include <string.h>

/* Deviations from the mean that a range reaches to (after M. Nagel et al., 2019, who took 6; what
 * lies beyond 4 is too rare to pay for with the steps between all others). */
static const float n_deviations = 4;

typedef pare_norm_range range;

/* --- BatchNormalization ----------------------------------------------------------------------- */

/* A vector of floats that is constant; NULL: it is not. The caller unrefs it. */
static pare_tensor *constant_of(pare_ctx *ctx, const pare_model *m, pare_value_id v)
{
    pare_tensor *dense = NULL;
    if (v == PARE_NONE || !m->values[v].tensor || m->values[v].tensor->dtype != PARE_FLOAT)
        return NULL;
    return pare_tensor_densify(ctx, &dense, m->values[v].tensor) ? NULL : dense;
}

static range of_batch_norm(pare_ctx *ctx, const pare_model *m, const pare_node *n)
{
    range r = { 0 };
    if (n->n_inputs < 3) return r;
    pare_tensor *scale = constant_of(ctx, m, n->inputs[1].value);
    pare_tensor *shift = constant_of(ctx, m, n->inputs[2].value);
    if (scale && shift && scale->n_elements == shift->n_elements) {
        const float *s = (const float *)(const void *)scale->payload.data;
        const float *b = (const float *)(const void *)shift->payload.data;
        r.known = true;
        for (int64_t i = 0; i < scale->n_elements; i++) {
            const float half = n_deviations * fabsf(s[i]);
            r.known &= isfinite(half) && isfinite(b[i]);
            r.low = i ? fminf(r.low, b[i] - half) : b[i] - half;
            r.high = i ? fmaxf(r.high, b[i] + half) : b[i] + half;
        }
    }
    pare_tensor_unref(scale);
    pare_tensor_unref(shift);
    return r;
}

pare_status pare_norm_ranges_begin(pare_ctx *ctx, pare_norm_range **out, const pare_model *model)
{
    *out = pare_alloc_zero(ctx, (model->n_values + 1) * sizeof(**out));
    if (!*out) return pare_fail_memory(ctx, model->n_values * sizeof(**out));
    for (pare_node_id id = 0; id < model->n_nodes; id++) {
        const pare_node *n = &model->nodes[id];
        if (n->graph == model->graph && pare_str_eq(n->op_type, "BatchNormalization") &&
            n->n_outputs && n->outputs[0] != PARE_NONE)
            (*out)[n->outputs[0]] = of_batch_norm(ctx, model, n);
    }
    return PARE_OK;
}

/* --- what comes behind ------------------------------------------------------------------------ */

static range hull(range a, range b)
{
    return (range){ a.known && b.known, fminf(a.low, b.low), fmaxf(a.high, b.high) };
}

static range product(range a, range b)
{
    const float p = a.low * b.low, q = a.low * b.high, r = a.high * b.low, s = a.high * b.high;
    return (range){ a.known && b.known, fminf(fminf(p, q), fminf(r, s)),
                    fmaxf(fmaxf(p, q), fmaxf(r, s)) };
}

/* Of a value, or of all numbers of a constant. */
static range input_of(pare_ctx *ctx, const pare_model *m, const range *all, const pare_node *n,
                      uint32_t slot)
{
    const pare_value_id v = slot < n->n_inputs ? n->inputs[slot].value : PARE_NONE;
    range r = { 0 };
    if (v == PARE_NONE || !m->values[v].tensor) return v == PARE_NONE ? r : all[v];
    pare_tensor *t = constant_of(ctx, m, v);
    const float *x = t ? (const float *)(const void *)t->payload.data : NULL;
    r.known = t && t->n_elements;
    for (int64_t i = 0; t && i < t->n_elements; i++) {
        r.low = i ? fminf(r.low, x[i]) : x[i];
        r.high = i ? fmaxf(r.high, x[i]) : x[i];
    }
    pare_tensor_unref(t);
    return r;
}

static range of_clip(pare_ctx *ctx, const pare_model *m, const range *all, const pare_node *n)
{
    range x = input_of(ctx, m, all, n, 0);
    const range low = input_of(ctx, m, all, n, 1), high = input_of(ctx, m, all, n, 2);
    if (low.known) x = (range){ x.known, fmaxf(x.low, low.low), fmaxf(x.high, low.low) };
    if (high.known) x = (range){ x.known, fminf(x.low, high.high), fminf(x.high, high.high) };
    return x;
}

static bool is_one_of(const pare_node *n, const char *const *names)
{
    for (; *names; names++)
        if (pare_str_eq(n->op_type, *names)) return true;
    return false;
}

static range of_node(pare_ctx *ctx, const pare_model *m, const range *all, const pare_node *n)
{
    static const char *const same[] = {
        "MaxPool", "AveragePool", "GlobalAveragePool", "GlobalMaxPool", "Reshape", "Flatten",
        "Transpose", "Squeeze", "Unsqueeze", "Slice", "Identity", "Dropout", "Expand", "Tile",
        "Gather", "DepthToSpace", "SpaceToDepth", "ReduceMean", "ReduceMax", "ReduceMin", NULL,
    };
    static const char *const unit[] = { "Sigmoid", "Softmax", "HardSigmoid", NULL };
    const range zero = { true, 0, 0 };
    const range x = input_of(ctx, m, all, n, 0);
    if (is_one_of(n, same)) return x;
    if (is_one_of(n, unit)) return (range){ true, 0, 1 };
    if (pare_str_eq(n->op_type, "Pad")) return hull(x, zero);
    if (pare_str_eq(n->op_type, "Relu")) return (range){ x.known, 0, fmaxf(x.high, 0) };
    if (pare_str_eq(n->op_type, "LeakyRelu")) return hull(x, zero);
    if (pare_str_eq(n->op_type, "Clip")) return of_clip(ctx, m, all, n);
    if (pare_str_eq(n->op_type, "Add")) {
        const range y = input_of(ctx, m, all, n, 1);
        return (range){ x.known && y.known, x.low + y.low, x.high + y.high };
    }
    if (pare_str_eq(n->op_type, "Mul")) return product(x, input_of(ctx, m, all, n, 1));
    if (pare_str_eq(n->op_type, "Concat")) {
        range r = x;
        for (uint32_t i = 1; i < n->n_inputs; i++) r = hull(r, input_of(ctx, m, all, n, i));
        return r;
    }
    return (range){ 0 };
}

pare_status pare_norm_ranges_spread(pare_ctx *ctx, pare_norm_range **ranges, size_t n_values,
                                    const pare_model *model)
{
    const size_t n_bytes = (model->n_values + 1) * sizeof(range);
    pare_node_id *order = NULL;
    range *all = pare_alloc_zero(ctx, n_bytes);
    if (!all) return pare_fail_memory(ctx, n_bytes);
    memcpy(all, *ranges, n_values * sizeof(range));
    pare_free(ctx, *ranges);
    *ranges = all;
    PARE_TRY(pare_graph_order(ctx, &order, model->graph));
    for (uint32_t i = 0; i < model->graph->n_nodes; i++) {
        const pare_node *n = &model->nodes[order[i]];
        if (!n->n_outputs || n->outputs[0] == PARE_NONE || *pare_node_domain(n)) continue;
        if (!all[n->outputs[0]].known) all[n->outputs[0]] = of_node(ctx, model, all, n);
    }
    pare_free(ctx, order);
    return PARE_OK;
}
