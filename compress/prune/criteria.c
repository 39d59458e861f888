#include "prune/criteria.h"

#include "base/bytes.h"
#include "op/linear.h"
#include "op/wide.h"

#include <math.h>
#include <string.h>

/* --- scales before folding -------------------------------------------------------------------- */

pare_status pare_bn_scales_find(pare_ctx *ctx, pare_bn_scales *out, const pare_model *model)
{
    const size_t n_bytes = (model->graph->n_nodes + 1) * sizeof(*out->items);
    *out = (pare_bn_scales){ .items = pare_alloc(ctx, n_bytes) };
    if (!out->items) return pare_fail_memory(ctx, n_bytes);
    for (pare_node_id i = model->graph->first_node; i != PARE_NONE; i = model->nodes[i].next) {
        const pare_node *n = &model->nodes[i];
        const bool is_bn = pare_str_eq(n->op_type, "BatchNormalization") && !*pare_node_domain(n);
        const pare_value_id v = is_bn && n->n_inputs > 1 ? n->inputs[1].value : PARE_NONE;
        pare_tensor *t = v == PARE_NONE ? NULL : model->values[v].tensor;
        if (!t || t->dtype != PARE_FLOAT || t->encoding != PARE_ENC_DENSE || !n->n_outputs)
            continue;
        out->items[out->n++] = (struct pare_bn_scale){ n->inputs[0].value, n->outputs[0],
                                                       pare_tensor_ref(t) };
    }
    return PARE_OK;
}

void pare_bn_scales_free(pare_ctx *ctx, pare_bn_scales *scales)
{
    for (size_t i = 0; i < scales->n; i++) pare_tensor_unref(scales->items[i].scale);
    pare_free(ctx, scales->items);
    *scales = (pare_bn_scales){ 0 };
}

/* --- layers ----------------------------------------------------------------------------------- */

/* Class of the group at position p of an axis; PARE_NONE: none. */
static uint32_t class_at(const pare_axes_found *axes, const pare_axis_info *axis, uint32_t group,
                         int64_t p)
{
    for (uint32_t i = 0; i < axis->n_factors; i++) {
        const pare_factor *f = &axes->factors[axis->first_factor + i];
        const uint32_t c = axes->class_of[f->first + (uint32_t)(p / f->stride % f->size)];
        if (f->group == group && axes->classes[c].group == group) return c;
    }
    return PARE_NONE;
}

/* Adds what a layer says of n positions, values [n], by their mean. */
static void add_layer(const pare_scoring *s, const pare_axis_info *axis, uint32_t group, int64_t n,
                      const double *values, double *scores, size_t *n_layers)
{
    double sum = 0;
    int64_t count = 0;
    for (int64_t p = 0; p < n; p++) {
        if (class_at(s->axes, axis, group, p) == PARE_NONE) continue;
        sum += values[p];
        count++;
    }
    if (!count) return;
    ++*n_layers;
    for (int64_t p = 0; p < n; p++) {
        const uint32_t c = class_at(s->axes, axis, group, p);
        if (c != PARE_NONE && sum > 0) scores[c] += values[p] * (double)count / sum;
    }
}

/* What is asked of the rows w [out, n] of a layer, to values [out]. */
typedef void rows_fn(int64_t out, int64_t n, const float *w, double *values);

static void norm_l1(int64_t out, int64_t n, const float *w, double *values)
{
    for (int64_t o = 0; o < out; o++)
        for (int64_t i = 0; i < n; i++) values[o] += fabs((double)w[o * n + i]);
}

static void norm_l2(int64_t out, int64_t n, const float *w, double *values)
{
    for (int64_t o = 0; o < out; o++) {
        for (int64_t i = 0; i < n; i++) values[o] += (double)w[o * n + i] * (double)w[o * n + i];
        values[o] = sqrt(values[o]);
    }
}

/* Distance to all other rows: what lies in their middle can be replaced (He 2019). */
static void distance(int64_t out, int64_t n, const float *w, double *values)
{
    for (int64_t a = 0; a < out; a++)
        for (int64_t b = 0; b < a; b++) {
            double sum = 0;
            for (int64_t i = 0; i < n; i++)
                sum += pow((double)w[a * n + i] - (double)w[b * n + i], 2);
            values[a] += sqrt(sum);
            values[b] += sqrt(sum);
        }
}

/* Scores of one linear layer whose outputs are of the group. */
static pare_status score_linear(pare_ctx *ctx, const pare_scoring *s, const pare_linear *l,
                                uint32_t group, rows_fn *rows, double *scores, size_t *n)
{
    const int64_t n_row = l->in * l->taps;
    const pare_axis_info *axis = pare_axes_of(s->axes, l->weight, l->weight_axis);
    pare_tensor *dense = NULL;
    pare_tensor *tensor = s->model->values[l->weight].tensor;
    if (!axis || axis->extent != l->out || pare_wide_of(tensor->dtype) != PARE_WIDE_F32)
        return PARE_OK;
    const size_t count = (size_t)(l->out * n_row) + 1;
    float *w = pare_alloc(ctx, count * sizeof(*w));
    float *elements = pare_alloc(ctx, (size_t)(tensor->n_elements + 1) * sizeof(*elements));
    double *values = pare_alloc_zero(ctx, (size_t)(l->out + 1) * sizeof(*values));
    pare_status st = w && values && elements ? PARE_OK : pare_fail_memory(ctx, count * sizeof(*w));
    if (!st) st = pare_tensor_densify(ctx, &dense, tensor);
    if (!st)
        pare_wide_load_as(PARE_WIDE_F32, dense->dtype, dense->payload.data, 0, 1,
                          dense->n_elements, elements);
    for (int64_t o = 0; !st && o < l->out; o++) pare_linear_get_row(l, o, elements, w + o * n_row);
    if (!st) {
        rows(l->out, n_row, w, values);
        add_layer(s, axis, group, l->out, values, scores, n);
    }
    pare_tensor_unref(dense);
    pare_free(ctx, values);
    pare_free(ctx, elements);
    pare_free(ctx, w);
    return st;
}

static bool has_group(const pare_axes_found *axes, const pare_axis_info *axis, uint32_t group)
{
    for (uint32_t i = 0; axis && i < axis->n_factors; i++)
        if (axes->factors[axis->first_factor + i].group == group) return true;
    return false;
}

static pare_status score_rows(pare_ctx *ctx, const pare_scoring *s, uint32_t group, rows_fn *rows,
                              double *scores, size_t *n)
{
    const pare_model *m = s->model;
    for (pare_node_id i = 0; i < m->n_nodes; i++) {
        pare_linear l;
        if (pare_axes_cover(m, m->nodes[i].graph) && pare_linear_of(ctx, &l, m, i) &&
            has_group(s->axes, pare_axes_of(s->axes, l.weight, l.weight_axis), group))
            PARE_TRY(score_linear(ctx, s, &l, group, rows, scores, n));
    }
    return PARE_OK;
}

/* --- criteria --------------------------------------------------------------------------------- */

static pare_status score_l1(pare_ctx *ctx, const pare_scoring *s, uint32_t group, double *scores,
                            size_t *n)
{
    return score_rows(ctx, s, group, norm_l1, scores, n);
}

static pare_status score_l2(pare_ctx *ctx, const pare_scoring *s, uint32_t group, double *scores,
                            size_t *n)
{
    return score_rows(ctx, s, group, norm_l2, scores, n);
}

static pare_status score_fpgm(pare_ctx *ctx, const pare_scoring *s, uint32_t group, double *scores,
                              size_t *n)
{
    return score_rows(ctx, s, group, distance, scores, n);
}

/* Axis 1 of a value as it is now, if it has as many positions as the scale. */
static const pare_axis_info *channels_of(const pare_scoring *s, pare_value_id v, int64_t n)
{
    if (v >= s->axes->n_values || s->axes->first_axis[v + 1] - s->axes->first_axis[v] < 2)
        return NULL;
    const pare_axis_info *axis = pare_axes_of(s->axes, v, 1);
    return axis && axis->extent == n ? axis : NULL;
}

static pare_status score_bn(pare_ctx *ctx, const pare_scoring *s, uint32_t group, double *scores,
                            size_t *n)
{
    for (size_t i = 0; i < s->scales->n; i++) {
        const struct pare_bn_scale *bn = &s->scales->items[i];
        const int64_t count = bn->scale->n_elements;
        const float *scale = (const float *)(const void *)bn->scale->payload.data;
        const pare_axis_info *axis = channels_of(s, bn->out, count);
        if (!axis) axis = channels_of(s, bn->in, count);
        if (!has_group(s->axes, axis, group)) continue;
        double *values = pare_alloc(ctx, (size_t)(count + 1) * sizeof(*values));
        if (!values) return pare_fail_memory(ctx, (size_t)count * sizeof(*values));
        for (int64_t p = 0; p < count; p++) values[p] = fabs((double)scale[p]);
        add_layer(s, axis, group, count, values, scores, n);
        pare_free(ctx, values);
    }
    return PARE_OK;
}

/* Mean square of a channel, times the squared weights that read it. */
static pare_status score_reader(pare_ctx *ctx, const pare_scoring *s, const pare_consumer *c,
                                const pare_gram *gram, uint32_t group, double *scores, size_t *n)
{
    const pare_linear *l = &c->linear;
    pare_tensor *dense = NULL;
    double *values = pare_alloc_zero(ctx, (size_t)(l->in + 1) * sizeof(*values));
    float *row = pare_alloc(ctx, (size_t)(gram->n + 1) * sizeof(*row));
    pare_status st = values && row ? PARE_OK : pare_fail_memory(ctx, (size_t)gram->n * 8);
    if (!st) st = pare_tensor_densify(ctx, &dense, s->model->values[l->weight].tensor);
    for (int64_t o = 0; !st && o < l->out; o++) {
        pare_linear_get_row(l, o, (const float *)(const void *)dense->payload.data, row);
        for (int64_t i = 0; i < gram->n; i++)
            values[i % l->in] += (double)row[i] * (double)row[i] * gram->moments[i * gram->n + i];
    }
    if (!st) add_layer(s, c->axis, group, l->in, values, scores, n);
    pare_tensor_unref(dense);
    pare_free(ctx, row);
    pare_free(ctx, values);
    return st;
}

static pare_status score_activation(pare_ctx *ctx, const pare_scoring *s, uint32_t group,
                                    double *scores, size_t *n)
{
    for (size_t i = 0; i < s->consumers->n; i++)
        if (s->grams[i].moments && pare_consumer_reads(&s->consumers->items[i], s->axes, group))
            PARE_TRY(score_reader(ctx, s, &s->consumers->items[i], &s->grams[i], group, scores,
                                  n));
    return PARE_OK;
}

static const pare_criterion criteria[] = {
    /* id                      name            data   score */
    { PARE_PRUNE_L1,           "l1",           false, score_l1 },
    { PARE_PRUNE_L2,           "l2",           false, score_l2 },
    { PARE_PRUNE_BN_SCALE,     "bn-scale",     false, score_bn },
    { PARE_PRUNE_FPGM,         "fpgm",         false, score_fpgm },
    { PARE_PRUNE_ACTIVATION,   "activation",   true,  score_activation },
    { PARE_PRUNE_SECOND_ORDER, "second-order", true,  NULL },
};

const pare_criterion *pare_criterion_find(pare_prune_criterion id, bool has_data)
{
    if (id == PARE_PRUNE_CRITERION_AUTO) id = has_data ? PARE_PRUNE_SECOND_ORDER : PARE_PRUNE_L2;
    for (size_t i = 0; i < sizeof(criteria) / sizeof(criteria[0]); i++)
        if (criteria[i].id == id) return &criteria[i];
    return NULL;
}
