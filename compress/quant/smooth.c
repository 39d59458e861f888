#include "quant/smooth.h"

#include "base/bytes.h"
#include "ir/build.h"
#include "ir/order.h"
#include "op/linear.h"
#include "stats/survey.h"

#include "quant/twin.h"
#include "quant/writer.h"

#include <math.h>
#include <string.h>

enum { N_ALPHAS = 11, N_AMOUNT_ALPHAS = 21, MOST_TAKERS = 3 };

static const double least_gain = 0.8;    /* of the noise, for a value to be smoothed */
static const double least_scale = 1e-4, most_scale = 1e4;

/* A value, and the products that read it. */
typedef struct group {
    pare_value_id x;
    pare_linear *readers;     /* [n] borrowed from the smoother's */
    size_t n;
    int64_t n_channels;
} group;

typedef struct smoother {
    pare_ctx *ctx;
    pare_model *model;
    const pare_smooth_opts *opts;
    pare_smooth_report *report;
    pare_linear *linears;     /* [n_linears], those that read the same value side by side */
    group *groups;            /* [n_groups] */
    size_t n_linears, n_groups;
} smoother;

/* --- finding ---------------------------------------------------------------------------------- */

static bool is_own(const pare_model *m, pare_value_id v, int64_t n)
{
    const pare_value *value = v == PARE_NONE ? NULL : &m->values[v];
    return value && value->tensor && value->tensor->dtype == PARE_FLOAT && value->n_uses == 1 &&
           !value->is_input && (n < 0 || value->tensor->n_elements == n);
}

static bool suits(const smoother *s, pare_node_id node, pare_linear *l)
{
    return pare_linear_of(s->ctx, l, s->model, node) &&
           (l->kind == PARE_LINEAR_MATMUL || l->kind == PARE_LINEAR_GEMM) && l->factor == 1 &&
           l->input_axis == -1 && l->group == 1 && l->taps == 1 &&
           is_own(s->model, l->weight, -1) &&
           s->model->nodes[node].inputs[0].value != PARE_NONE &&
           !s->model->values[s->model->nodes[node].inputs[0].value].tensor;
}

/* Whether nothing but the readers of a group reads its value. */
static bool is_alone(const smoother *s, const group *g)
{
    const pare_value *v = &s->model->values[g->x];
    return v->n_uses == g->n && v->graph == s->model->graph;
}

static pare_status find_groups(smoother *s)
{
    const uint32_t n = s->model->graph->n_nodes;
    pare_node_id *order = NULL;
    PARE_TRY(pare_graph_order(s->ctx, &order, s->model->graph));
    s->linears = pare_alloc(s->ctx, (n + 1) * sizeof(*s->linears));
    s->groups = pare_alloc_zero(s->ctx, (n + 1) * sizeof(*s->groups));
    const bool have = s->linears && s->groups;
    for (uint32_t i = 0; have && i < n; i++) {
        pare_linear l;
        if (!suits(s, order[i], &l)) continue;
        const pare_value_id x = s->model->nodes[order[i]].inputs[0].value;
        bool known = false;
        for (size_t k = 0; k < s->n_groups; k++) known |= s->groups[k].x == x;
        if (known) continue;
        group *g = &s->groups[s->n_groups++];
        *g = (group){ x, &s->linears[s->n_linears], 0, l.in };
        for (uint32_t k = i; k < n; k++) {
            if (!suits(s, order[k], &l) || s->model->nodes[order[k]].inputs[0].value != x ||
                l.in != g->n_channels)
                continue;
            s->linears[s->n_linears++] = l;
            g->n++;
        }
    }
    pare_free(s->ctx, order);
    return have ? PARE_OK : pare_fail_memory(s->ctx, n * sizeof(*s->linears));
}

/* --- what a scaling costs --------------------------------------------------------------------- */

/* Room for one group. */
typedef struct room {
    double *scales, *best;    /* [channels] */
    double *weight_max;       /* [channels] over all readers */
    float *row, *restored;    /* [channels] */
    int8_t *codes;            /* [channels] */
    float *row_scales;        /* [channels] of blocks of a row */
    int32_t *row_zeros;       /* likewise */
    float **weights;          /* [readers]: elements as they lie */
    pare_tensor **tensors;    /* [readers] that hold them */
} room;

static void free_room(const smoother *s, const group *g, room *r)
{
    for (size_t i = 0; r->tensors && i < g->n; i++) pare_tensor_unref(r->tensors[i]);
    pare_free(s->ctx, r->scales);
    pare_free(s->ctx, r->row);
    pare_free(s->ctx, r->weights);
    pare_free(s->ctx, r->tensors);
}

static pare_status make_room(const smoother *s, const group *g, room *r)
{
    const size_t n = (size_t)g->n_channels;
    r->scales = pare_alloc_zero(s->ctx, 3 * n * sizeof(double));
    r->row = pare_alloc_zero(s->ctx, n * (4 * sizeof(float) + 1));
    r->weights = pare_alloc_zero(s->ctx, g->n * sizeof(*r->weights));
    r->tensors = pare_alloc_zero(s->ctx, g->n * sizeof(*r->tensors));
    if (!r->scales || !r->row || !r->weights || !r->tensors)
        return pare_fail_memory(s->ctx, 3 * n * sizeof(double));
    r->best = r->scales + n;
    r->weight_max = r->best + n;
    r->restored = r->row + n;
    r->row_scales = r->restored + n;
    r->row_zeros = (int32_t *)(void *)(r->row_scales + n);
    r->codes = (int8_t *)(r->row_zeros + n);
    for (size_t i = 0; i < g->n; i++) {
        const pare_linear *l = &g->readers[i];
        PARE_TRY(pare_tensor_densify(s->ctx, &r->tensors[i], s->model->values[l->weight].tensor));
        r->weights[i] = (float *)(uintptr_t)r->tensors[i]->payload.data;
        for (int64_t o = 0; o < l->out; o++)
            for (int64_t c = 0; c < l->in; c++) {
                const double w = fabs((double)r->weights[i][pare_linear_at(l, o, 0, c)]);
                if (!isfinite(w))
                    return pare_fail(s->ctx, PARE_EFORMAT,
                                     "weights '%s' hold a number that is not finite",
                                     s->model->values[l->weight].name);
                r->weight_max[c] = fmax(r->weight_max[c], w);
            }
    }
    return PARE_OK;
}

static double largest(const pare_channel_moments *m)
{
    return fmax(fabs((double)m->min), fabs((double)m->max));
}

/* Square of the step of a grid that holds all scaled channels, by 12: what rounding to it costs. */
static double rounding_of(const smoother *s, const group *g, const pare_survey_value *x,
                          const double *scales)
{
    double min = 0, max = 0;
    for (int64_t c = 0; c < g->n_channels; c++) {
        min = fmin(min, (double)x->channels[c].min / scales[c]);
        max = fmax(max, (double)x->channels[c].max / scales[c]);
    }
    if (!s->opts->grid) return 0;
    const pare_grid grid = pare_grid_of(s->opts->grid, min, max);
    return (double)grid.scale * (double)grid.scale / 12;
}

static void scaled_row(const pare_linear *l, const room *r, size_t reader, int64_t o)
{
    for (int64_t c = 0; c < l->in; c++)
        r->row[c] = (float)((double)r->weights[reader][pare_linear_at(l, o, 0, c)] * r->scales[c]);
}

/* Noise by signal at the outputs of all readers, for the scales in r. */
static double noise_of(const smoother *s, const group *g, const pare_survey_value *x,
                       const room *r)
{
    const double rounding = rounding_of(s, g, x, r->scales), n = (double)x->n_per_channel;
    pare_weight_form form = *s->opts->form;
    double sum = 0;
    if (s->opts->grid) form.block = 0;
    for (size_t i = 0; i < g->n; i++) {
        const pare_linear *l = &g->readers[i];
        double noise = 0, signal = 0;
        float common = 0;
        for (int64_t o = 0; s->opts->per_tensor && o < l->out; o++) {
            scaled_row(l, r, i, o);
            common = fmaxf(common, fabsf(pare_row_scale(&form, false, l->in, r->row)));
        }
        for (int64_t o = 0; o < l->out; o++) {
            const pare_row_codes codes = { r->codes, r->row_scales, r->row_zeros };
            scaled_row(l, r, i, o);
            if (s->opts->per_tensor) pare_row_round_to(&form, common, l->in, r->row, &codes);
            else pare_row_round(&form, false, l->in, r->row, &codes);
            pare_row_restore(&form, l->in, &codes, r->restored);
            for (int64_t c = 0; c < l->in; c++) {
                const double w = (double)r->row[c], d = w - (double)r->restored[c];
                const double square = x->channels[c].squares / n / (r->scales[c] * r->scales[c]);
                noise += d * d * square + w * w * rounding;
                signal += w * w * square;
            }
        }
        if (signal > 0) sum += noise / signal;
    }
    return sum / (double)g->n;
}

static void scales_for(const group *g, const pare_survey_value *x, const room *r, double alpha)
{
    for (int64_t c = 0; c < g->n_channels; c++) {
        const double a = largest(&x->channels[c]), w = r->weight_max[c];
        const double scale = a > 0 && w > 0 ? pow(a, alpha) / pow(w, 1 - alpha) : 1;
        r->scales[c] = isfinite(scale) ? fmin(fmax(scale, least_scale), most_scale) : 1;
    }
}

/* By how much there is of each channel, about 1 on the whole. */
static void scales_by_amount(const group *g, const pare_survey_value *x, const room *r,
                             double alpha)
{
    double least = INFINITY, most = 0;
    for (int64_t c = 0; c < g->n_channels; c++) {
        const double rms = sqrt(x->channels[c].squares / (double)x->n_per_channel);
        r->scales[c] = rms > 0 && isfinite(rms) ? pow(rms, alpha) : 0;
        most = fmax(most, r->scales[c]);
        if (r->scales[c] > 0) least = fmin(least, r->scales[c]);
    }
    for (int64_t c = 0; c < g->n_channels; c++) {
        const double scale = r->scales[c] > 0 ? r->scales[c] / sqrt(least * most) : 1;
        r->scales[c] = fmin(fmax(scale, least_scale), most_scale);
    }
}

/* --- what takes the division ------------------------------------------------------------------ */

/* Constants whose elements are divided along the last axis; of a product, rows of its weights. */
typedef struct takers {
    pare_value_id constants[MOST_TAKERS];
    size_t n;
    pare_linear product;      /* node PARE_NONE: none */
} takers;

static bool is_vector(const smoother *s, pare_value_id v, int64_t n)
{
    return is_own(s->model, v, n) && s->model->values[v].tensor->rank &&
           s->model->values[v].tensor->dims[s->model->values[v].tensor->rank - 1] == n;
}

/* Input of a two-sided operator that is a constant vector; the other one is *rest. */
static pare_value_id vector_of(const smoother *s, const pare_node *n, int64_t n_channels,
                               pare_value_id *rest)
{
    for (uint32_t i = 0; n->n_inputs == 2 && i < 2; i++) {
        *rest = n->inputs[1 - i].value;
        if (is_vector(s, n->inputs[i].value, n_channels)) return n->inputs[i].value;
    }
    return PARE_NONE;
}

static bool takes_norm(const smoother *s, const group *g, pare_node_id node, takers *t)
{
    const pare_node *n = &s->model->nodes[node];
    if (n->outputs[0] != g->x) return false;
    for (uint32_t i = 1; i < n->n_inputs; i++) {
        if (n->inputs[i].value == PARE_NONE) continue;
        if (!is_vector(s, n->inputs[i].value, g->n_channels)) return false;
        t->constants[t->n++] = n->inputs[i].value;
    }
    return t->n > 0;
}

/* Where *v is Add(w, c), takes c and goes on to w, which nothing else may read. */
static bool takes_sum(const smoother *s, const group *g, takers *t, pare_value_id *v)
{
    pare_value_id rest;
    const pare_node_id add = pare_twin_producer(s->model, *v, "Add");
    if (add == PARE_NONE) return true;
    const pare_value_id c = vector_of(s, &s->model->nodes[add], g->n_channels, &rest);
    if (c == PARE_NONE || rest == PARE_NONE || s->model->values[rest].n_uses != 1) return false;
    t->constants[t->n++] = c;
    *v = rest;
    return true;
}

/* x = Mul(.., c), or Add(Mul(.., c), d): what LayerNormalization is in older opsets. */
static bool takes_affine(const smoother *s, const group *g, takers *t)
{
    pare_value_id v = g->x, rest;
    if (!takes_sum(s, g, t, &v)) return false;
    const pare_node_id mul = pare_twin_producer(s->model, v, "Mul");
    if (mul == PARE_NONE) return false;
    const pare_value_id c = vector_of(s, &s->model->nodes[mul], g->n_channels, &rest);
    if (c != PARE_NONE) t->constants[t->n++] = c;
    return c != PARE_NONE;
}

/* A product whose outputs are x, or x less the bias that an Add gives. */
static bool takes_product(const smoother *s, const group *g, takers *t)
{
    pare_value_id v = g->x;
    if (!takes_sum(s, g, t, &v)) return false;
    const pare_node_id node = s->model->values[v].producer;
    pare_linear *l = &t->product;
    if (node == PARE_NONE || !suits(s, node, l) || l->out != g->n_channels) return false;
    if (l->bias == PARE_NONE) return true;
    if (l->bias_factor != 1 || !is_vector(s, l->bias, g->n_channels)) return false;
    t->constants[t->n++] = l->bias;
    return true;
}

static bool find_takers(const smoother *s, const group *g, takers *t)
{
    const pare_node_id node = s->model->values[g->x].producer;
    *t = (takers){ .product.node = PARE_NONE };
    if (!is_alone(s, g) || node == PARE_NONE) return false;
    if (pare_str_eq(s->model->nodes[node].op_type, "LayerNormalization"))
        return takes_norm(s, g, node, t);
    if (takes_affine(s, g, t)) return true;
    *t = (takers){ .product.node = PARE_NONE };
    if (takes_product(s, g, t)) return true;
    *t = (takers){ .product.node = PARE_NONE };
    return false;
}

/* --- writing ---------------------------------------------------------------------------------- */

/* Element i of the tensor times factors[(i / step) % n]. */
static pare_status multiply(const smoother *s, pare_value_id v, const double *factors, int64_t n,
                            int64_t step, bool divide)
{
    pare_tensor *t = pare_tensor_ref(s->model->values[v].tensor);
    uint8_t *bytes = NULL;
    pare_status st = pare_tensor_own(s->ctx, &t, &bytes);
    float *x = (float *)(void *)bytes;
    for (int64_t i = 0; !st && i < t->n_elements; i++) {
        const double f = factors[i / step % n];
        x[i] = (float)(divide ? (double)x[i] / f : (double)x[i] * f);
    }
    if (!st) st = pare_value_set_tensor(s->ctx, s->model, v, t);
    pare_tensor_unref(t);
    return st;
}

static pare_status insert_mul(const smoother *s, const group *g, const double *scales)
{
    pare_tensor *t = NULL;
    uint8_t *bytes = NULL;
    PARE_TRY(pare_tensor_new(s->ctx, &t, PARE_FLOAT, 1, &g->n_channels));
    pare_status st = pare_tensor_own(s->ctx, &t, &bytes);
    for (int64_t c = 0; !st && c < g->n_channels; c++)
        ((float *)(void *)bytes)[c] = (float)(1 / scales[c]);
    pare_builder b;
    pare_builder_init(&b, s->ctx, s->model->graph);
    b.status = st;
    b.before = g->readers[0].node;
    const pare_value_id by = pare_write_const(&b, s->model->values[g->x].name, "_smooth", t);
    const pare_value_id y = pare_emit(&b, "Mul", g->x, by);
    if (b.status) return b.status;
    for (size_t i = 0; i < g->n; i++)
        PARE_TRY(pare_node_set_input(s->ctx, s->model, g->readers[i].node, 0, y));
    s->report->n_inserted++;
    return PARE_OK;
}

static pare_status apply(const smoother *s, const group *g, const takers *t, bool taken,
                         const double *scales)
{
    const int64_t n = g->n_channels;
    for (size_t i = 0; taken && i < t->n; i++)
        PARE_TRY(multiply(s, t->constants[i], scales, n, 1, true));
    if (taken && t->product.node != PARE_NONE)
        PARE_TRY(multiply(s, t->product.weight, scales, n, t->product.at_out, true));
    if (!taken) PARE_TRY(insert_mul(s, g, scales));
    for (size_t i = 0; i < g->n; i++)
        PARE_TRY(multiply(s, g->readers[i].weight, scales, n, g->readers[i].at_in, false));
    s->report->n_smoothed++;
    return PARE_OK;
}

/* ---------------------------------------------------------------------------------------------- */

static pare_status choose(const smoother *s, const group *g, const pare_survey_value *x, room *r)
{
    pare_smooth_report *report = s->report;
    takers t;
    double best = INFINITY, alpha = 0;
    const bool taken = find_takers(s, g, &t);
    for (int64_t c = 0; c < g->n_channels; c++) r->scales[c] = 1;
    const double before = noise_of(s, g, x, r);
    report->error_before += before / (double)s->n_groups;
    const int n_alphas = s->opts->grid ? N_ALPHAS : N_AMOUNT_ALPHAS;
    for (int i = 0; i < n_alphas && (taken || s->opts->may_insert); i++) {
        if (s->opts->grid) scales_for(g, x, r, (double)i / (n_alphas - 1));
        else scales_by_amount(g, x, r, (double)i / (n_alphas - 1));
        const double noise = noise_of(s, g, x, r);
        if (!(noise < best)) continue;
        best = noise;
        alpha = (double)i / (n_alphas - 1);
        memcpy(r->best, r->scales, (size_t)g->n_channels * sizeof(*r->best));
    }
    const bool keep = best < (s->opts->always ? 1 : least_gain) * before;
    report->error_after += (keep ? best : before) / (double)s->n_groups;
    if (!keep) return PARE_OK;
    report->alpha += alpha;
    return apply(s, g, &t, taken, r->best);
}

static pare_status run(smoother *s)
{
    pare_survey *survey = NULL;
    PARE_TRY(find_groups(s));
    s->report->n_found = s->n_groups;
    if (!s->n_groups) return PARE_OK;
    pare_survey_item *items = pare_alloc(s->ctx, s->n_groups * sizeof(*items));
    if (!items) return pare_fail_memory(s->ctx, s->n_groups * sizeof(*items));
    for (size_t i = 0; i < s->n_groups; i++)
        items[i] = (pare_survey_item){ s->groups[i].x, -1 };
    const pare_survey_opts how = { .items = items, .n_items = s->n_groups,
                                   .first = s->opts->first, .n_samples = s->opts->n_samples,
                                   .phase = "smooth" };
    pare_status st =
        pare_survey_run(s->ctx, &survey, s->model, s->opts->data, s->opts->pool, &how);
    for (size_t i = 0; !st && i < s->n_groups; i++) {
        const group *g = &s->groups[i];
        const pare_survey_value *x = &survey->values[i];
        room r = { 0 };
        if (x->n_channels != g->n_channels || x->histogram.n_bad || !x->n_per_channel) continue;
        st = make_room(s, g, &r);
        if (!st) st = choose(s, g, x, &r);
        free_room(s, g, &r);
    }
    if (s->report->n_smoothed) s->report->alpha /= (double)s->report->n_smoothed;
    pare_survey_free(s->ctx, survey);
    pare_free(s->ctx, items);
    return st;
}

pare_status pare_smooth(pare_ctx *ctx, pare_model *model, const pare_smooth_opts *opts,
                        pare_smooth_report *report)
{
    smoother s = { .ctx = ctx, .model = model, .opts = opts, .report = report };
    *report = (pare_smooth_report){ 0 };
    const pare_status st = run(&s);
    pare_free(ctx, s.linears);
    pare_free(ctx, s.groups);
    return st;
}
