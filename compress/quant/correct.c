#include "quant/correct.h"

#include "base/bytes.h"
#include "ir/order.h"
#include "op/linear.h"
#include "stats/survey.h"

#include "quant/twin.h"
#include "quant/writer.h"

#include <math.h>

enum { LEAST_SAMPLES = 8 };

#define MOST_BIAS 1073741824.0 /* 2^30: what is added to biases must fit into 32 bits, too */

/* A product whose outputs may have moved. */
typedef struct spot {
    pare_linear l;            /* of the reference */
    pare_node_id add;         /* of a MatMul: the Add behind it that holds the bias; else NONE */
    uint32_t add_slot;        /* of the bias */
    pare_value_id mean;       /* in the trial: mean of what rounding did, [1, out, 1..] */
} spot;

typedef struct corrector {
    pare_ctx *ctx;
    pare_model *model;
    const pare_model *reference;
    const pare_correct_opts *opts;
    pare_correct_report *report;
    spot *spots;              /* [n] */
    size_t n;
} corrector;

/* --- which products --------------------------------------------------------------------------- */

/* The Add of a constant per output that alone reads what a MatMul gives, in both models. */
static void find_add(const corrector *c, spot *s)
{
    const pare_value *y = &c->model->values[c->model->nodes[s->l.node].outputs[0]];
    s->add = PARE_NONE;
    if (y->n_uses != 1 || y->first_use->user == PARE_NONE) return;
    const pare_node_id add = y->first_use->user;
    const pare_node *n = &c->model->nodes[add];
    if (*pare_node_domain(n) || !pare_str_eq(n->op_type, "Add") || n->n_inputs != 2) return;
    const uint32_t slot = 1 - y->first_use->slot;
    const pare_value_id bias = n->inputs[slot].value;
    const pare_tensor *t = bias == PARE_NONE ? NULL : c->model->values[bias].tensor;
    if (!t || t->dtype != PARE_FLOAT || t->n_elements != s->l.out || !t->rank ||
        t->dims[t->rank - 1] != s->l.out)
        return;
    s->add = add;
    s->add_slot = slot;
}

/* Whether anything that a product reads was rounded. */
static bool is_quantized(const corrector *c, pare_node_id node)
{
    const pare_node *n = &c->model->nodes[node];
    return pare_twin_unrounded(c->model, n->inputs[0].value) != n->inputs[0].value ||
           pare_twin_producer(c->model, n->inputs[1].value, "DequantizeLinear") != PARE_NONE ||
           !pare_str_eq(n->op_type, c->reference->nodes[node].op_type);
}

static bool is_product(const corrector *c, pare_node_id node, spot *out)
{
    const pare_linear *l = &out->l;
    *out = (spot){ .add = PARE_NONE, .mean = PARE_NONE };
    if (node >= c->model->n_nodes || !c->model->nodes[node].graph ||
        c->model->nodes[node].n_inputs < 2 ||
        !pare_linear_of(c->ctx, &out->l, c->reference, node) || !is_quantized(c, node))
        return false;
    if (c->reference->values[l->weight].tensor->dtype != PARE_FLOAT || l->bias_factor != 1 ||
        !pare_twin_suits(&c->reference->nodes[node]) || c->model->nodes[node].n_outputs != 1)
        return false;
    if (!l->may_have_bias || !pare_str_eq(c->model->nodes[node].op_type,
                                          c->reference->nodes[node].op_type))
        find_add(c, out);
    return true;
}

static pare_status find_products(corrector *c)
{
    pare_node_id *order = NULL;
    PARE_TRY(pare_graph_order(c->ctx, &order, c->reference->graph));
    const uint32_t n = c->reference->graph->n_nodes;
    c->spots = pare_alloc(c->ctx, (n + 1) * sizeof(*c->spots));
    for (uint32_t i = 0; c->spots && i < n; i++)
        c->n += is_product(c, order[i], &c->spots[c->n]);
    pare_free(c->ctx, order);
    return c->spots ? PARE_OK : pare_fail_memory(c->ctx, (n + 1) * sizeof(*c->spots));
}

/* --- what rounding did ------------------------------------------------------------------------ */

/* The mean of a sample per channel, whatever the rank. */
static pare_value_id emit_mean(pare_builder *b, const pare_linear *l, pare_value_id x)
{
    if (l->output_axis == 1 && (l->kind == PARE_LINEAR_CONV ||
                                l->kind == PARE_LINEAR_CONV_TRANSPOSE))
        return pare_emit(b, "GlobalAveragePool", x);
    const pare_value_id rows = pare_build_i64s(b, "rows", (const int64_t[]){ -1, l->out }, 2);
    const pare_value_id one = pare_build_i64s(b, "one", (const int64_t[]){ 1, l->out, -1 }, 3);
    const pare_value_id turned = pare_emit(b, "Transpose", pare_emit(b, "Reshape", x, rows));
    return pare_emit(b, "GlobalAveragePool", pare_emit(b, "Reshape", turned, one));
}

/* Puts a twin in floats beside a product of the trial, and takes the difference. */
static pare_status add_twin(const corrector *c, pare_model *trial, spot *s)
{
    const pare_node *of = &c->reference->nodes[s->l.node];
    const pare_node *node = &trial->nodes[s->l.node];
    const pare_value_id y = node->outputs[0];
    pare_value_id inputs[3] = { pare_twin_unrounded(trial, node->inputs[0].value), PARE_NONE,
                                PARE_NONE };
    pare_builder b;
    pare_builder_init(&b, c->ctx, trial->graph);
    b.before = node->next;
    pare_tensor *weights = c->reference->values[s->l.weight].tensor;
    inputs[1] = pare_build_const(&b, "twin", pare_tensor_ref(weights));
    if (of->n_inputs > 2 && s->l.bias != PARE_NONE) {
        pare_tensor *bias = c->reference->values[s->l.bias].tensor;
        inputs[2] = bias ? pare_build_const(&b, "twin", pare_tensor_ref(bias)) : s->l.bias;
    }
    const pare_value_id twin = pare_twin_emit(&b, of, inputs);
    s->mean = emit_mean(&b, &s->l, pare_emit(&b, "Sub", y, twin));
    return b.status;
}

static pare_status measure(corrector *c, pare_survey **out)
{
    pare_model *trial = NULL;
    pare_survey_item *items = pare_alloc(c->ctx, (c->n + 1) * sizeof(*items));
    if (!items) return pare_fail_memory(c->ctx, c->n * sizeof(*items));
    pare_status st = pare_model_clone(c->ctx, &trial, c->model);
    for (size_t i = 0; !st && i < c->n; i++) {
        st = add_twin(c, trial, &c->spots[i]);
        items[i] = (pare_survey_item){ c->spots[i].mean, 1 };
    }
    if (!st) st = pare_graph_sort(c->ctx, trial->graph);
    const pare_survey_opts how = { .items = items, .n_items = c->n, .first = c->opts->first,
                                   .n_samples = c->opts->n_samples, .phase = "correct" };
    if (!st) st = pare_survey_run(c->ctx, out, trial, c->opts->data, c->opts->pool, &how);
    pare_model_free(c->ctx, trial);
    pare_free(c->ctx, items);
    return st;
}

/* What to add to each output: minus the shift, the more of it the surer it is. */
static bool corrections(const pare_survey_value *v, int64_t n, float *out)
{
    const double runs = (double)v->n_per_channel;
    bool any = false;
    if (v->n_channels != n || v->n_seen < LEAST_SAMPLES) return false;
    for (int64_t o = 0; o < n; o++) {
        const double mean = v->channels[o].sum / runs;
        const double variance = fmax(v->channels[o].squares / runs - mean * mean, 0) / (runs - 1);
        const double share = mean == 0 ? 0 : fmax(1 - variance / (mean * mean), 0);
        out[o] = isfinite(mean) && isfinite(share) ? (float)(-mean * share) : 0;
        any |= out[o] != 0;
    }
    return any;
}

/* --- biases ----------------------------------------------------------------------------------- */

static const float *floats_of(const pare_tensor *t)
{
    return (const float *)(const void *)t->payload.data;
}

/* A bias in floats, wherever it is read. */
static pare_status add_to_floats(const corrector *c, pare_node_id node, uint32_t slot,
                                 const float *change)
{
    const pare_value_id bias = c->model->nodes[node].inputs[slot].value;
    pare_tensor *dense = NULL, *sum = NULL;
    uint8_t *bytes;
    PARE_TRY(pare_tensor_densify(c->ctx, &dense, c->model->values[bias].tensor));
    pare_status st =
        pare_tensor_from(c->ctx, &sum, PARE_FLOAT, dense->rank, dense->dims, dense->payload.data);
    if (!st) st = pare_tensor_own(c->ctx, &sum, &bytes);
    for (int64_t o = 0; !st && o < sum->n_elements; o++)
        ((float *)(void *)bytes)[o] += change[o];
    pare_builder b;
    pare_builder_init(&b, c->ctx, c->model->graph);
    pare_tensor_unref(dense);
    if (st) {
        pare_tensor_unref(sum);
        return st;
    }
    const pare_value_id to = pare_write_const(&b, c->model->values[bias].name, "_corrected", sum);
    if (b.status) return b.status;
    PARE_TRY(pare_node_set_input(c->ctx, c->model, node, slot, to));
    return pare_write_drop(c->ctx, c->model, bias);
}

/* Codes of int32 behind a DQ: rounded anew in their own scale. *done: false where they are made in
 * some other way. */
static pare_status add_to_codes(const corrector *c, pare_node_id dq, int64_t n,
                                const float *change, bool *done)
{
    const pare_node *node = &c->model->nodes[dq];
    const pare_value *codes = &c->model->values[node->inputs[0].value];
    const pare_tensor *scale = c->model->values[node->inputs[1].value].tensor;
    *done = codes->tensor && codes->tensor->dtype == PARE_INT32 && codes->tensor->n_elements == n &&
            codes->n_uses == 1 && scale && scale->dtype == PARE_FLOAT &&
            (scale->n_elements == n || scale->n_elements == 1);
    if (!*done) return PARE_OK;
    pare_tensor *scales = NULL, *changed = pare_tensor_ref(codes->tensor);
    uint8_t *bytes;
    pare_status st =
        pare_tensor_densify(c->ctx, &scales, c->model->values[node->inputs[1].value].tensor);
    if (!st) st = pare_tensor_own(c->ctx, &changed, &bytes);
    for (int64_t o = 0; !st && o < n; o++) {
        int32_t *code = (int32_t *)(void *)bytes + o;
        const double step = (double)floats_of(scales)[scales->n_elements == 1 ? 0 : o];
        const double now = nearbyint((double)*code + (double)change[o] / step);
        if (fabs(now) <= MOST_BIAS) *code = (int32_t)now;
    }
    if (!st) st = pare_value_set_tensor(c->ctx, c->model, node->inputs[0].value, changed);
    pare_tensor_unref(changed);
    pare_tensor_unref(scales);
    return st;
}

/* The scale of output o of what a DQ gives; 0 where it is no constant. */
static double scale_of(const corrector *c, pare_value_id value, int64_t o)
{
    const pare_node_id dq = pare_twin_producer(c->model, value, "DequantizeLinear");
    if (dq == PARE_NONE) return 0;
    const pare_tensor *t = c->model->values[c->model->nodes[dq].inputs[1].value].tensor;
    if (!t || t->dtype != PARE_FLOAT || t->encoding != PARE_ENC_DENSE) return 0;
    if (t->n_elements != 1 && o >= t->n_elements) return 0;
    return (double)floats_of(t)[t->n_elements == 1 ? 0 : o];
}

/* A bias for a product that had none: int32 where inputs and weights are integers, in the float
 * product of their scales; else float. */
static pare_status add_bias(const corrector *c, const pare_linear *l, const float *change)
{
    const char *name = c->model->nodes[l->node].name;
    const pare_value_id x = c->model->nodes[l->node].inputs[0].value;
    const pare_value_id w = c->model->nodes[l->node].inputs[1].value;
    const size_t n = (size_t)l->out, n_bytes = n * (2 * sizeof(int32_t) + sizeof(float));
    const bool in_integers = scale_of(c, x, 0) > 0 && scale_of(c, w, l->out - 1) > 0;
    int32_t *codes = pare_alloc_zero(c->ctx, n_bytes);
    if (!codes) return pare_fail_memory(c->ctx, n_bytes);
    float *scales = (float *)(void *)(codes + 2 * n);
    pare_builder b;
    pare_builder_init(&b, c->ctx, c->model->graph);
    b.before = l->node;
    pare_value_id y = PARE_NONE;
    if (!name) name = c->model->values[c->model->nodes[l->node].outputs[0]].name;
    if (in_integers) {
        pare_tensor *q = NULL, *s = NULL, *z = NULL;
        for (size_t o = 0; o < n; o++) {
            scales[o] = (float)scale_of(c, x, 0) * (float)scale_of(c, w, (int64_t)o);
            const double code = nearbyint((double)change[o] / (double)scales[o]);
            codes[o] = fabs(code) <= MOST_BIAS ? (int32_t)code : 0;
        }
        pare_status st = pare_tensor_from(c->ctx, &q, PARE_INT32, 1, &l->out, codes);
        if (!st) st = pare_tensor_from(c->ctx, &s, PARE_FLOAT, 1, &l->out, scales);
        if (!st) st = pare_tensor_from(c->ctx, &z, PARE_INT32, 1, &l->out, codes + n);
        b.status = st;
        const pare_value_id qv = pare_write_const(&b, name, "_bias_quantized", q);
        const pare_value_id sv = pare_write_const(&b, name, "_bias_scale", s);
        const pare_value_id zv = pare_write_const(&b, name, "_bias_zero_point", z);
        y = pare_emit(&b, "DequantizeLinear", qv, sv, zv);
        pare_build_int(&b, "axis", 0);
    } else {
        pare_tensor *t = NULL;
        b.status = pare_tensor_from(c->ctx, &t, PARE_FLOAT, 1, &l->out, change);
        y = pare_write_const(&b, name, "_bias", t);
    }
    pare_free(c->ctx, codes);
    if (b.status) return b.status;
    if (c->model->nodes[l->node].n_inputs < 3)
        PARE_TRY(pare_node_resize_inputs(c->ctx, c->model, l->node, 3));
    return pare_node_set_input(c->ctx, c->model, l->node, 2, y);
}

static pare_status correct(const corrector *c, const spot *s, const float *change)
{
    const pare_node *n = &c->model->nodes[s->l.node];
    bool done = true;
    if (s->add != PARE_NONE) {
        PARE_TRY(add_to_floats(c, s->add, s->add_slot, change));
    } else if (!s->l.may_have_bias ||
               !pare_str_eq(n->op_type, c->reference->nodes[s->l.node].op_type)) {
        done = false;
    } else if (s->l.bias == PARE_NONE) {
        PARE_TRY(add_bias(c, &s->l, change));
        c->report->n_added++;
    } else {
        const pare_value_id bias = n->inputs[2].value;
        const pare_node_id dq = pare_twin_producer(c->model, bias, "DequantizeLinear");
        const pare_tensor *t = c->model->values[bias].tensor;
        if (dq != PARE_NONE) PARE_TRY(add_to_codes(c, dq, s->l.out, change, &done));
        else if (t && t->dtype == PARE_FLOAT && t->n_elements == s->l.out)
            PARE_TRY(add_to_floats(c, s->l.node, 2, change));
        else done = false;
    }
    c->report->n_corrected += done;
    c->report->n_left += !done;
    return PARE_OK;
}

/* ---------------------------------------------------------------------------------------------- */

static pare_status run(corrector *c)
{
    pare_survey *survey = NULL;
    PARE_TRY(find_products(c));
    if (!c->n) return PARE_OK;
    pare_status st = measure(c, &survey);
    for (size_t i = 0; !st && i < c->n; i++) {
        const spot *s = &c->spots[i];
        float *change = pare_alloc(c->ctx, (size_t)s->l.out * sizeof(*change));
        if (!change) st = pare_fail_memory(c->ctx, (size_t)s->l.out * sizeof(*change));
        else if (corrections(&survey->values[i], s->l.out, change)) st = correct(c, s, change);
        else c->report->n_left++;
        pare_free(c->ctx, change);
    }
    pare_survey_free(c->ctx, survey);
    return st;
}

pare_status pare_correct_biases(pare_ctx *ctx, pare_model *model, const pare_model *reference,
                                const pare_correct_opts *opts, pare_correct_report *report)
{
    corrector c = { .ctx = ctx, .model = model, .reference = reference, .opts = opts,
                    .report = report };
    *report = (pare_correct_report){ 0 };
    const pare_status st = run(&c);
    pare_free(ctx, c.spots);
    return st;
}
