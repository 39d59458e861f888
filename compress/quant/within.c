#include "quant/within.h"

#include "ir/order.h"
#include "op/linear.h"
#include "pass/pass.h"
#include "stats/evaluate.h"

#include <math.h>
#include <string.h>

enum { MOST_GROUPS = 48, ROUGH_SAMPLES = 24, N_FORMS = 2 };

typedef struct job {
    const pare_model *model;
    const pare_quantize_opts *opts;
    const pare_within_opts *limits;
    const pare_dataset *judge;
    pare_node_id *products;   /* [n] in order; group of product i: i * n_groups / n */
    size_t n, n_groups;
    double *sizes;            /* [n] weights of each */
    bool *in_float;           /* [model->n_nodes] of the choice that is built */
} job;

/* By handles, which folding what is constant does not change. */
static pare_status find_products(pare_ctx *ctx, job *j)
{
    pare_model *folded = NULL;
    pare_node_id *order = NULL;
    pare_pass_stats stats = { 0 };
    pare_status st = pare_model_clone(ctx, &folded, j->model);
    if (!st) st = pare_optimize(ctx, folded, NULL, &stats);
    if (!st) st = pare_graph_order(ctx, &order, folded->graph);
    const uint32_t n = st ? 0 : folded->graph->n_nodes;
    j->products = pare_alloc(ctx, (n + 1) * sizeof(*j->products));
    j->sizes = pare_alloc(ctx, (n + 1) * sizeof(*j->sizes));
    j->in_float = pare_alloc_zero(ctx, j->model->n_nodes + 1);
    if (!st && (!j->products || !j->sizes || !j->in_float))
        st = pare_fail_memory(ctx, n * sizeof(*j->products));
    for (uint32_t i = 0; !st && i < n; i++) {
        pare_linear l;
        if (!pare_linear_of(ctx, &l, folded, order[i])) continue;
        j->sizes[j->n] = (double)folded->values[l.weight].tensor->n_elements;
        j->products[j->n++] = order[i];
    }
    j->n_groups = j->n < MOST_GROUPS ? j->n : MOST_GROUPS;
    pare_free(ctx, order);
    pare_model_free(ctx, folded);
    return st;
}

/* --- building --------------------------------------------------------------------------------- */

static void mark(job *j, const uint32_t *choice)
{
    for (size_t i = 0; i < j->n; i++)
        j->in_float[j->products[i]] = choice[i * j->n_groups / j->n] == 0;
}

static pare_quantize_opts opts_of(const job *j)
{
    pare_quantize_opts opts = *j->opts;
    opts.in_float = j->in_float;
    opts.n_in_float = j->model->n_nodes;
    return opts;
}

/* The first samples, which are any: data sets are in no order that means something. */
static pare_dataset some_of(const pare_dataset *data)
{
    pare_dataset some = *data;
    if (some.n > ROUGH_SAMPLES) some.n = ROUGH_SAMPLES;
    return some;
}

static pare_status build(void *user, pare_ctx *ctx, pare_model **out, const uint32_t *choice,
                         bool rough)
{
    job *j = user;
    pare_quantize_opts opts = opts_of(j);
    pare_quantize_settings settings = *opts.settings;
    pare_dataset some;
    pare_quantize_report report;
    pare_ctx quiet = *ctx; /* what is to be warned about is told once, by the last */
    quiet.opts.warn = NULL;
    mark(j, choice);
    if (rough) {
        settings.correct = PARE_CORRECT_NONE;
        if (settings.calibration == PARE_QUANTIZE_CALIBRATION_AUTO)
            settings.calibration = PARE_QUANTIZE_CALIBRATION_MSE;
        if (opts.data) some = some_of(opts.data);
        if (opts.data) opts.data = &some;
        opts.settings = &settings;
    }
    PARE_TRY(pare_model_clone(ctx, out, j->model));
    const pare_status st = pare_quantize(&quiet, *out, &opts, &report);
    pare_quantize_report_free(&quiet, &report);
    if (!st) return PARE_OK;
    pare_model_free(ctx, *out);
    *out = NULL;
    return pare_fail(ctx, st, "%s", quiet.message);
}

/* --- judging ---------------------------------------------------------------------------------- */

static double bytes_of(const pare_model *m)
{
    double sum = 0;
    for (size_t v = 0; v < m->n_values; v++)
        if (m->values[v].graph && m->values[v].tensor)
            sum += (double)pare_tensor_size_bytes(m->values[v].tensor);
    return sum;
}

/* Of the weights of products: what is made small. Scales and such are not counted, which weigh more
 * than they should in small models. */
static double weight_bytes(const job *j)
{
    double sum = 0;
    for (size_t i = 0; i < j->n; i++)
        sum += j->sizes[i] * (j->in_float[j->products[i]] ? sizeof(float) : 1);
    return sum;
}

static pare_status judge(void *user, pare_ctx *ctx, pare_judged *out, const pare_model *model,
                         bool rough)
{
    const job *j = user;
    const pare_dataset some = some_of(j->judge);
    const bool wants_drop = !rough && j->limits->max_drop < INFINITY;
    pare_evaluation e;
    const pare_evaluate_opts opts = {
        .data = rough ? &some : j->judge, .reference = j->model, .pool = j->opts->pool,
        .max_memory_bytes = j->opts->max_memory_bytes,
        .metrics = PARE_SCORE_BIT(PARE_SCORE_SQNR) |
                   (wants_drop ? PARE_SCORE_BIT(PARE_SCORE_TOP1) |
                                     PARE_SCORE_BIT(PARE_SCORE_AGREEMENT)
                               : 0),
        .judged = PARE_SCORE_TOP1,
    };
    PARE_TRY(pare_evaluate(ctx, &e, model, &opts));
    const double db = e.model.values[PARE_SCORE_SQNR].value;
    *out = (pare_judged){ .noise = e.model.values[PARE_SCORE_SQNR].n ? pow(10, -db / 10) : NAN,
                          .drop = wants_drop ? e.drop.drop : NAN,
                          .costs = { weight_bytes(j), bytes_of(model) } };
    return PARE_OK;
}

/* ---------------------------------------------------------------------------------------------- */

static pare_status find(pare_ctx *ctx, job *j, pare_within_report *within)
{
    pare_mixed mixed;
    const pare_mixed_opts opts = { .n_groups = j->n_groups, .n_forms = N_FORMS, .build = build,
                                   .judge = judge, .user = j, .n_costs = 2,
                                   .limits = { INFINITY, j->limits->max_bytes },
                                   .max_drop = j->limits->max_drop,
                                   .most_trials = j->limits->most_trials };
    PARE_TRY(pare_mixed_find(ctx, &mixed, &opts));
    mark(j, mixed.choice);
    *within = (pare_within_report){ .end = mixed.end, .n_groups = j->n_groups,
                                    .drop = mixed.judged.drop, .bytes = mixed.judged.costs[1],
                                    .n_measured = mixed.n_measured, .n_trials = mixed.n_trials };
    memcpy(within->reason, mixed.reason, sizeof(within->reason));
    for (size_t g = 0; g < j->n_groups; g++) within->n_float += mixed.choice[g] == 0;
    pare_mixed_free(ctx, &mixed);
    return PARE_OK;
}

pare_status pare_quantize_within(pare_ctx *ctx, pare_model *model, const pare_quantize_opts *opts,
                                 const pare_within_opts *limits, pare_quantize_report *report,
                                 pare_within_report *within)
{
    pare_model *before = NULL;
    job j = { .opts = opts, .limits = limits, .judge = limits->judge ? limits->judge : opts->data };
    const bool is_limited = limits->max_drop < INFINITY || limits->max_bytes < INFINITY;
    *report = (pare_quantize_report){ 0 };
    *within = (pare_within_report){ .drop = NAN, .bytes = NAN };
    if (!j.judge || !is_limited) return pare_quantize(ctx, model, opts, report);
    pare_status st = pare_model_clone(ctx, &before, model);
    j.model = before;
    if (!st) st = find_products(ctx, &j);
    if (!st && j.n) st = find(ctx, &j, within);
    if (!st) {
        const pare_quantize_opts last = opts_of(&j);
        st = pare_quantize(ctx, model, &last, report);
    }
    pare_free(ctx, j.products);
    pare_free(ctx, j.sizes);
    pare_free(ctx, j.in_float);
    pare_model_free(ctx, before);
    return st;
}
