#include "prune/repair.h"

#include "base/bytes.h"
#include "ir/graph.h"

#include <math.h>
#include <string.h>

/* Parts of the mean of the moments' diagonal. */
static const double ridges[] = { 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1 };

/* Moments about the mean of what is left: rows of the columns that stay, outputs that stay. */
typedef struct normal {
    int64_t n, m;             /* columns, outputs */
    double rows;
    double *covariance;       /* [n, n] */
    double *cross;            /* [m, n] */
    double *mean;             /* [n] */
    double *target_mean;      /* [m] */
    double *target_variance;  /* [m] */
} normal;

typedef struct repairer {
    pare_ctx *ctx;
    pare_model *model;
    const pare_model *reference;
    const pare_axes_found *axes;
    const bool *gone;
    const pare_repair_opts *opts;
    pare_repair_report *report;
    const pare_consumer *consumer;
    bool has_bias;
    int64_t *cols, *outs;     /* that stay */
    int64_t n_cols, n_outs;
    normal learn, check;
    normal *taking;           /* which of them is gathered */
} repairer;

/* --- what stays ------------------------------------------------------------------------------- */

static int64_t list_left(const repairer *r, const pare_axis_info *axis, int64_t extent,
                         int64_t *out)
{
    int64_t n = 0;
    for (int64_t p = 0; p < extent; p++)
        if (!axis || pare_axis_keeps(r->axes, axis, r->gone, p)) out[n++] = p;
    return n;
}

static pare_status find_left(repairer *r)
{
    const pare_linear *l = &r->consumer->linear;
    const pare_axis_info *y = pare_axes_of(r->axes, l->weight, l->weight_axis);
    const size_t n = (size_t)(l->in * l->taps + l->out + 1);
    r->cols = pare_alloc(r->ctx, n * sizeof(*r->cols));
    if (!r->cols) return pare_fail_memory(r->ctx, n * sizeof(*r->cols));
    r->outs = r->cols + l->in * l->taps;
    const int64_t n_in = list_left(r, r->consumer->axis, l->in, r->cols);
    for (int64_t t = 1; t < l->taps; t++)
        for (int64_t i = 0; i < n_in; i++) r->cols[t * n_in + i] = t * l->in + r->cols[i];
    r->n_cols = n_in * l->taps;
    r->n_outs = list_left(r, y, l->out, r->outs);
    return PARE_OK;
}

/* --- moments ---------------------------------------------------------------------------------- */

static pare_status normal_new(pare_ctx *ctx, normal *e, int64_t n, int64_t m)
{
    const size_t count = (size_t)(n * n + m * n + n + 2 * m + 1);
    *e = (normal){ .n = n, .m = m, .covariance = pare_alloc_zero(ctx, count * sizeof(double)) };
    if (!e->covariance) return pare_fail_memory(ctx, count * sizeof(double));
    e->cross = e->covariance + n * n;
    e->mean = e->cross + m * n;
    e->target_mean = e->mean + n;
    e->target_variance = e->target_mean + m;
    return PARE_OK;
}

/* Without a bias nothing is taken off. */
static pare_status take_gram(void *user, pare_ctx *ctx, size_t item, const pare_gram *gram)
{
    repairer *r = user;
    normal *e = r->taking;
    (void)ctx;
    (void)item;
    if (!gram->n_rows || !gram->products) return PARE_OK;
    const double rows = e->rows = (double)gram->n_rows;
    for (int64_t i = 0; i < e->n && r->has_bias; i++) e->mean[i] = gram->sums[r->cols[i]] / rows;
    for (int64_t o = 0; o < e->m; o++) {
        const int64_t out = r->outs[o];
        if (r->has_bias) e->target_mean[o] = gram->target_sums[out] / rows;
        e->target_variance[o] =
            gram->target_squares[out] / rows - e->target_mean[o] * e->target_mean[o];
        for (int64_t i = 0; i < e->n; i++)
            e->cross[o * e->n + i] = gram->products[out * gram->n + r->cols[i]] / rows -
                                     e->target_mean[o] * e->mean[i];
    }
    for (int64_t i = 0; i < e->n; i++)
        for (int64_t j = 0; j < e->n; j++)
            e->covariance[i * e->n + j] =
                gram->moments[r->cols[i] * gram->n + r->cols[j]] / rows - e->mean[i] * e->mean[j];
    return PARE_OK;
}

/* The other summand and the sum of an Add that alone reads the node's output, of the same shape. */
static void find_residual(const repairer *r, pare_gram_item *item)
{
    const pare_value_id y = r->model->nodes[r->consumer->linear.node].outputs[0];
    const pare_value *v = &r->model->values[y];
    item->plus = y;
    item->minus = PARE_NONE;
    if (v->n_uses != 1 || v->first_use->user == PARE_NONE) return;
    const pare_node *add = &r->model->nodes[v->first_use->user];
    if (*pare_node_domain(add) || !pare_str_eq(add->op_type, "Add") || add->n_inputs != 2) return;
    const pare_value_id other = add->inputs[1 - v->first_use->slot].value;
    const uint32_t first = r->axes->first_axis[y], rank = r->axes->first_axis[y + 1] - first;
    if (other == PARE_NONE || other == y || r->model->values[other].tensor ||
        r->axes->first_axis[other + 1] - r->axes->first_axis[other] != rank)
        return;
    for (uint32_t k = 0; k < rank; k++)
        if (r->axes->axes[r->axes->first_axis[other] + k].extent != r->axes->axes[first + k].extent)
            return;
    item->plus = add->outputs[0];
    item->minus = other;
}

static pare_status gather(repairer *r, normal *into, uint64_t first, uint64_t n)
{
    pare_gram_item item = { .linear = r->consumer->linear };
    find_residual(r, &item);
    const pare_gram_opts opts = { .items = &item, .n_items = 1, .data = r->opts->data,
                                  .first = first, .n_samples = n, .reference = r->reference,
                                  .phase = "repair", .use = take_gram, .user = r };
    r->taking = into;
    r->report->n_passes++;
    PARE_TRY(normal_new(r->ctx, into, r->n_cols, r->n_outs));
    return pare_gram_run(r->ctx, r->model, r->opts->pool, &opts);
}

/* --- solving ---------------------------------------------------------------------------------- */

/* Squared error of weights w [m, n], by the targets' variance: what the best bias leaves. */
static double error_of(const repairer *r, const normal *e, const double *w, double *scratch)
{
    double error = 0, all = 0;
    pare_linalg_multiply(r->opts->linalg, false, e->m, e->n, e->n, w, e->covariance, scratch);
    for (int64_t o = 0; o < e->m; o++) {
        double own = e->target_variance[o];
        for (int64_t i = 0; i < e->n; i++)
            own += w[o * e->n + i] * (scratch[o * e->n + i] - 2 * e->cross[o * e->n + i]);
        error += own;
        all += e->target_variance[o];
    }
    return all > 0 ? error / all : 0;
}

/* The best change of w for what was learnt, less and less held back; on what was held out the best
 * of all stays in `best` [m, n]. Whether that is a change. */
static pare_status solve(const repairer *r, const double *w, double *best, bool *is_better)
{
    const normal *e = &r->learn;
    const size_t n = (size_t)(e->m * e->n);
    double *rhs = pare_alloc(r->ctx, (3 * n + 1) * sizeof(*rhs));
    if (!rhs) return pare_fail_memory(r->ctx, 3 * n * sizeof(*rhs));
    double *now = rhs + n, *scratch = now + n;
    double least = error_of(r, &r->check, w, scratch);
    pare_status st = PARE_OK;
    memcpy(best, w, n * sizeof(*best));
    for (size_t k = 0; !st && k < sizeof(ridges) / sizeof(ridges[0]); k++) {
        pare_linalg_multiply(r->opts->linalg, false, e->m, e->n, e->n, w, e->covariance, scratch);
        for (size_t i = 0; i < n; i++) rhs[i] = e->cross[i] - scratch[i];
        st = pare_linalg_least_squares(r->ctx, r->opts->linalg, e->n, e->covariance, ridges[k],
                                       e->m, rhs, now);
        for (size_t i = 0; !st && i < n; i++) now[i] += w[i];
        const double error = st ? INFINITY : error_of(r, &r->check, now, scratch);
        if (!(error < least)) continue;
        least = error;
        *is_better = true;
        memcpy(best, now, n * sizeof(*best));
    }
    pare_free(r->ctx, rhs);
    return st;
}

/* --- weights ---------------------------------------------------------------------------------- */

static void read_left(const repairer *r, const float *elements, float *row, double *w)
{
    for (int64_t o = 0; o < r->n_outs; o++) {
        pare_linear_get_row(&r->consumer->linear, r->outs[o], elements, row);
        for (int64_t i = 0; i < r->n_cols; i++) w[o * r->n_cols + i] = row[r->cols[i]];
    }
}

static pare_status own_floats(const repairer *r, pare_value_id v, pare_tensor **out, float **data)
{
    uint8_t *bytes = NULL;
    *out = pare_tensor_ref(r->model->values[v].tensor);
    const pare_status st = pare_tensor_own(r->ctx, out, &bytes);
    if (st) {
        pare_tensor_unref(*out);
        *out = NULL;
    }
    *data = (float *)(void *)bytes;
    return st;
}

static pare_status write_weights(const repairer *r, const double *w, float *row)
{
    const pare_linear *l = &r->consumer->linear;
    pare_tensor *t;
    float *elements;
    PARE_TRY(own_floats(r, l->weight, &t, &elements));
    for (int64_t o = 0; o < r->n_outs; o++) {
        memset(row, 0, (size_t)(l->in * l->taps) * sizeof(*row));
        for (int64_t i = 0; i < r->n_cols; i++) row[r->cols[i]] = (float)w[o * r->n_cols + i];
        pare_linear_put_row(l, r->outs[o], row, elements);
    }
    const pare_status st = pare_value_set_tensor(r->ctx, r->model, l->weight, t);
    pare_tensor_unref(t);
    return st;
}

static pare_status write_bias(const repairer *r, const double *w)
{
    pare_tensor *t;
    float *bias;
    const normal *e = &r->learn;
    if (!r->has_bias) return PARE_OK;
    PARE_TRY(own_floats(r, r->consumer->linear.bias, &t, &bias));
    for (int64_t o = 0; o < r->n_outs; o++) {
        double b = e->target_mean[o];
        for (int64_t i = 0; i < e->n; i++) b -= w[o * e->n + i] * e->mean[i];
        bias[r->outs[o]] = (float)b;
    }
    const pare_status st =
        pare_value_set_tensor(r->ctx, r->model, r->consumer->linear.bias, t);
    pare_tensor_unref(t);
    return st;
}

static pare_status repair_weights(repairer *r)
{
    const pare_linear *l = &r->consumer->linear;
    const size_t n = (size_t)(r->n_outs * r->n_cols), n_row = (size_t)(l->in * l->taps);
    pare_tensor *dense = NULL;
    bool is_better = false;
    double *w = pare_alloc(r->ctx, (2 * n + 1) * sizeof(*w));
    float *row = pare_alloc(r->ctx, (n_row + 1) * sizeof(*row));
    pare_status st = w && row ? PARE_OK : pare_fail_memory(r->ctx, 2 * n * sizeof(*w));
    if (!st) st = pare_tensor_densify(r->ctx, &dense, r->model->values[l->weight].tensor);
    if (!st) {
        read_left(r, (const float *)(const void *)dense->payload.data, row, w);
        st = solve(r, w, w + n, &is_better);
    }
    if (!st && is_better) st = write_weights(r, w + n, row);
    if (!st && r->learn.rows > 0) st = write_bias(r, w + n);
    r->report->n_repaired += !st && is_better;
    r->report->n_left += !st && !is_better;
    pare_tensor_unref(dense);
    pare_free(r->ctx, row);
    pare_free(r->ctx, w);
    return st;
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* Biases are vectors of their own, one number per output. */
static bool has_own_bias(const repairer *r)
{
    const pare_linear *l = &r->consumer->linear;
    const pare_tensor *t = l->bias == PARE_NONE ? NULL : r->model->values[l->bias].tensor;
    return t && t->dtype == PARE_FLOAT && t->n_elements == l->out && l->bias_factor == 1 &&
           r->model->values[l->bias].n_uses == 1;
}

static bool reads_less(const repairer *r)
{
    return pare_axis_left(r->axes, r->consumer->axis, r->gone) != r->consumer->axis->extent;
}

static pare_status repair_node(repairer *r)
{
    const pare_linear *l = &r->consumer->linear;
    const uint64_t all = r->opts->n_samples ? r->opts->n_samples : r->opts->data->n;
    const uint64_t held = all / 4;
    if (l->factor != 1 || r->model->values[l->weight].n_uses != 1 || all < 2) {
        r->report->n_left++;
        return PARE_OK;
    }
    r->has_bias = has_own_bias(r);
    pare_status st = find_left(r);
    if (!st) st = gather(r, &r->learn, 0, all - held);
    if (!st) st = gather(r, &r->check, all - held, held ? held : 1);
    if (!st) st = repair_weights(r);
    pare_free(r->ctx, r->learn.covariance);
    pare_free(r->ctx, r->check.covariance);
    pare_free(r->ctx, r->cols);
    r->learn = r->check = (normal){ 0 };
    r->cols = NULL;
    return st;
}

pare_status pare_repair(pare_ctx *ctx, pare_model *model, const pare_model *reference,
                        const pare_axes_found *axes, const bool *gone,
                        const pare_repair_opts *opts, pare_repair_report *report)
{
    pare_consumers consumers;
    repairer r = { .ctx = ctx, .model = model, .reference = reference, .axes = axes,
                   .gone = gone, .opts = opts, .report = report };
    *report = (pare_repair_report){ 0 };
    pare_status st = pare_consumers_find(ctx, &consumers, model, axes);
    for (int sweep = 0; !st && sweep < opts->sweeps; sweep++)
        for (size_t i = 0; !st && i < consumers.n; i++) {
            r.consumer = &consumers.items[i];
            if (!reads_less(&r)) continue;
            pare_report_count(ctx, "repair", "layers", i + 1, consumers.n);
            st = repair_node(&r);
        }
    pare_consumers_free(ctx, &consumers);
    return st;
}
