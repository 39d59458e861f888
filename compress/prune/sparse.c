#include "prune/sparse.h"

#include "ir/graph.h"
#include "ir/order.h"
#include "op/infer.h"
#include "prune/prepare.h"
#include "prune/smallest.h"
#include "prune/sparse_solve.h"
#include "prune/targets.h"
#include "run/plan.h"
#include "stats/waves.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MAX_WAVES = 64 };

typedef struct item {
    pare_linear linear;
    size_t row;               /* of the report */
    bool free_mean;
    double share;             /* that goes */
    pare_sparse_curve curve;
    pare_sparse_solution solution; /* until it is put in place */
} item;

typedef struct pruner {
    pare_ctx *ctx;
    pare_model *model;
    pare_model *original;
    const pare_sparse_opts *opts;
    pare_sparse_report *report;
    pare_sparse_criterion criterion;
    pare_linalg *linalg;
    const pare_kernels *kernels;
    item *items;              /* [n_items] in the order of execution */
    size_t n_items;
    pare_waves waves;
    pare_gram_item *grams;    /* [n_items] of a pass */
    size_t *of_gram;          /* [n_items] which items those are */
    bool measuring;
} pruner;

const char *pare_sparse_criterion_name(pare_sparse_criterion criterion)
{
    static const char *const names[] = { "auto", "magnitude", "wanda", "second-order" };
    return (int)criterion < PARE_N_SPARSE_CRITERIA ? names[criterion] : NULL;
}

/* --- nodes ------------------------------------------------------------------------------------ */

static pare_status copy_text(pare_ctx *ctx, char **out, const char *text)
{
    const size_t n = strlen(text) + 1;
    *out = pare_alloc(ctx, n);
    if (!*out) return pare_fail_memory(ctx, n);
    memcpy(*out, text, n);
    return PARE_OK;
}

/* Why a node cannot take part; NULL: it can. */
static const char *why_not(const pruner *p, const pare_linear *l)
{
    const pare_value *w = &p->model->values[l->weight];
    const pare_sparse_pattern *pattern = &p->opts->pattern;
    if (w->tensor->dtype != PARE_FLOAT) return "weights that are not float32";
    if (w->n_uses != 1) return "weights that several nodes read";
    if (pattern->kind != PARE_PATTERN_ANY && l->in < pattern->m)
        return "fewer inputs than the pattern takes together";
    if (p->criterion != PARE_SPARSE_MAGNITUDE && !pare_gram_suits(l, p->model))
        return "an operator whose inputs are not gathered";
    if (p->opts->keep && p->opts->keep(p->opts->user, p->model, l->node)) return "excluded";
    return NULL;
}

static pare_status add_node(pruner *p, const pare_linear *l)
{
    const pare_node *node = &p->model->nodes[l->node];
    pare_sparse_node *row = &p->report->nodes[p->report->n_nodes];
    *row = (pare_sparse_node){ .masked = NAN, .error = NAN, .why = why_not(p, l),
                               .n = (uint64_t)(l->out * l->in * l->taps) };
    p->report->n_nodes++;
    PARE_TRY(copy_text(p->ctx, &row->op, node->op_type));
    PARE_TRY(copy_text(p->ctx, &row->name,
                       node->name ? node->name : p->model->values[node->outputs[0]].name));
    if (row->why) return PARE_OK;
    p->items[p->n_items++] = (item){ .linear = *l, .row = p->report->n_nodes - 1,
                                     .free_mean = pare_prune_has_bias(p->model, l),
                                     .share = p->opts->sparsity };
    p->report->n += row->n;
    return PARE_OK;
}

static pare_status find_items(pruner *p)
{
    const uint32_t n = p->model->graph->n_nodes;
    pare_node_id *order = NULL;
    p->items = pare_alloc_zero(p->ctx, (n + 1) * sizeof(*p->items));
    p->grams = pare_alloc_zero(p->ctx, (n + 1) * sizeof(*p->grams));
    p->of_gram = pare_alloc_zero(p->ctx, (n + 1) * sizeof(*p->of_gram));
    p->report->nodes = pare_alloc_zero(p->ctx, (n + 1) * sizeof(*p->report->nodes));
    if (!p->items || !p->grams || !p->of_gram || !p->report->nodes)
        return pare_fail_memory(p->ctx, n * sizeof(*p->items));
    pare_status st = pare_graph_order(p->ctx, &order, p->model->graph);
    for (uint32_t i = 0; !st && i < n; i++) {
        pare_linear l;
        if (pare_linear_of(p->ctx, &l, p->model, order[i]) && l.out * l.in * l.taps > 0)
            st = add_node(p, &l);
    }
    pare_free(p->ctx, order);
    if (!st && !p->n_items)
        st = pare_fail(p->ctx, PARE_EUNSUPPORTED,
                       "no weights to prune: expected a Conv, ConvTranspose, Gemm or MatMul with "
                       "constant weights in float32 that the pattern fits");
    return st;
}

/* --- weights ---------------------------------------------------------------------------------- */

/* Puts a solution in place, and forgets it. */
static pare_status put_in_place(pruner *p, item *i)
{
    pare_tensor *t;
    float *elements;
    const pare_linear *l = &i->linear;
    pare_sparse_node *row = &p->report->nodes[i->row];
    const pare_sparse_solution *s = &i->solution;
    if (!s->weights) return PARE_OK;
    PARE_TRY(pare_prune_own_floats(p->ctx, p->model, l->weight, &t, &elements));
    for (int64_t o = 0; o < l->out; o++)
        pare_linear_put_row(l, o, s->weights + o * l->in * l->taps, elements);
    pare_status st = pare_value_set_tensor(p->ctx, p->model, l->weight, t);
    pare_tensor_unref(t);
    if (!st && s->shift) st = pare_prune_shift_bias(p->ctx, p->model, l, s->shift);
    row->masked = s->masked;
    row->error = s->error;
    pare_sparse_solution_free(p->ctx, &i->solution);
    return st;
}

/* --- passes over the data --------------------------------------------------------------------- */

static pare_status use(void *user, pare_ctx *ctx, size_t gram, const pare_gram *moments)
{
    pruner *p = user;
    item *i = &p->items[p->of_gram[gram]];
    const pare_sparse_job job = {
        .model = p->model, .linear = &i->linear, .gram = moments, .linalg = p->linalg,
        .kernels = p->kernels, .pool = p->opts->pool, .pattern = &p->opts->pattern,
        .criterion = p->criterion, .free_mean = i->free_mean,
        .without_repair = p->opts->without_repair, .share = i->share,
    };
    if (!moments->n_rows) return PARE_OK;
    if (p->measuring) return pare_sparse_measure(ctx, &i->curve, &job);
    return pare_sparse_solve(ctx, &i->solution, &job);
}

static pare_status run_data(pruner *p, size_t n)
{
    const pare_sparse_opts *o = p->opts;
    const pare_gram_opts opts = {
        .items = p->grams, .n_items = n, .data = o->data, .n_samples = o->n_samples,
        .reference = p->measuring ? NULL : p->original, .max_rows = o->max_rows,
        .max_memory_bytes = o->max_memory_bytes, .phase = p->measuring ? "measure" : "prune",
        .use = use, .user = p,
    };
    p->report->n_passes++;
    return pare_gram_run(p->ctx, p->model, o->pool, &opts);
}

static pare_status run_wave(pruner *p, const pare_shapes *shapes, uint32_t wave)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n_items; i++) {
        if (p->waves.wave[i] != wave) continue;
        p->grams[n] = (pare_gram_item){ .linear = p->items[i].linear, .plus = PARE_NONE,
                                        .minus = PARE_NONE };
        if (wave && p->waves.leads[i]) pare_prune_targets(&p->grams[n], p->model, shapes);
        p->of_gram[n++] = i;
    }
    PARE_TRY(run_data(p, n));
    for (size_t k = 0; k < n; k++) PARE_TRY(put_in_place(p, &p->items[p->of_gram[k]]));
    return PARE_OK;
}

static pare_status make_waves(pruner *p)
{
    pare_node_id *nodes = pare_alloc(p->ctx, (p->n_items + 1) * sizeof(*nodes));
    if (!nodes) return pare_fail_memory(p->ctx, p->n_items * sizeof(*nodes));
    for (size_t i = 0; i < p->n_items; i++) nodes[i] = p->items[i].linear.node;
    const pare_status st = pare_waves_make(p->ctx, &p->waves, p->model, nodes, p->n_items,
                                           p->opts->max_waves ? p->opts->max_waves : MAX_WAVES);
    pare_free(p->ctx, nodes);
    return st;
}

static pare_status run_waves(pruner *p)
{
    pare_shapes *shapes = NULL;
    PARE_TRY(make_waves(p));
    PARE_TRY(pare_model_clone(p->ctx, &p->original, p->model));
    PARE_TRY(pare_infer(p->ctx, &shapes, p->model, NULL));
    pare_status st = PARE_OK;
    for (uint32_t w = 0; !st && w < p->waves.n_waves; w++) st = run_wave(p, shapes, w);
    pare_shapes_free(p->ctx, shapes);
    return st;
}

/* --- shares ----------------------------------------------------------------------------------- */

/* Takes steps of all curves in the order of what they cost per weight, until enough is gone. */
static void share_out(pruner *p)
{
    const double goal = p->opts->sparsity * (double)p->report->n;
    double gone = 0;
    for (size_t i = 0; i < p->n_items; i++) p->items[i].share = 0;
    while (gone < goal) {
        item *best = NULL;
        double least = INFINITY, size = 0;
        int steps = 0;
        for (size_t i = 0; i < p->n_items; i++) {
            item *it = &p->items[i];
            const double n = (double)p->report->nodes[it->row].n / PARE_CURVE_STEPS;
            const int at = (int)nearbyint(it->share * PARE_CURVE_STEPS);
            for (int k = 1; at + k <= PARE_CURVE_STEPS - 2; k++) {
                const double cost = (it->curve.error[at + k] - it->curve.error[at]) / (n * k);
                if (!(cost < least)) continue;
                least = cost;
                best = it;
                steps = k;
                size = n;
            }
        }
        if (!best) break;
        if (gone + size * steps > goal) {
            best->share += (goal - gone) / (size * PARE_CURVE_STEPS);
            break;
        }
        best->share += (double)steps / PARE_CURVE_STEPS;
        gone += size * steps;
    }
}

/* --- by size alone ---------------------------------------------------------------------------- */

/* The smallest of all weights together are zero: in place, or with data only to see what share of
 * each node that is. */
static pare_status take_smallest(pruner *p, item *i, pare_tensor *t)
{
    uint64_t zeros = 0;
    if (!p->opts->data)
        return pare_value_set_tensor(p->ctx, p->model, i->linear.weight, t);
    const float *x = (const float *)(const void *)t->payload.data;
    for (int64_t k = 0; k < t->n_elements; k++) zeros += x[k] == 0;
    i->share = (double)zeros / (double)t->n_elements;
    return PARE_OK;
}

static pare_status zero_smallest(pruner *p)
{
    const size_t n = p->n_items;
    pare_float_run *runs = pare_alloc_zero(p->ctx, (n + 1) * sizeof(*runs));
    pare_tensor **tensors = pare_alloc_zero(p->ctx, (2 * n + 1) * sizeof(pare_tensor *));
    pare_status st = runs && tensors ? PARE_OK : pare_fail_memory(p->ctx, n * sizeof(*runs));
    for (size_t i = 0; !st && i < n; i++) {
        pare_tensor *const w = p->model->values[p->items[i].linear.weight].tensor;
        st = pare_tensor_densify(p->ctx, &tensors[n + i], w);
        if (!st) st = pare_tensor_new(p->ctx, &tensors[i], PARE_FLOAT, w->rank, w->dims);
        if (st) break;
        runs[i].from = (const float *)(const void *)tensors[n + i]->payload.data;
        runs[i].to = (float *)(uintptr_t)tensors[i]->payload.data;
        runs[i].n = (uint64_t)w->n_elements;
    }
    if (!st)
        st = pare_zero_smallest(p->ctx, p->opts->pool, pare_cut_of(p->kernels->isa), runs, n,
                                (uint64_t)nearbyint(p->opts->sparsity * (double)p->report->n));
    for (size_t i = 0; !st && i < n; i++) st = take_smallest(p, &p->items[i], tensors[i]);
    for (size_t i = 0; tensors && i < 2 * n; i++) pare_tensor_unref(tensors[i]);
    pare_free(p->ctx, tensors);
    pare_free(p->ctx, runs);
    return st;
}

static pare_status allocate(pruner *p)
{
    size_t n = 0;
    const int kind = p->opts->pattern.kind;
    if (p->opts->uniform || kind == PARE_PATTERN_N_OF_M) return PARE_OK;
    if (p->criterion == PARE_SPARSE_MAGNITUDE && kind == PARE_PATTERN_ANY) return zero_smallest(p);
    if (p->criterion != PARE_SPARSE_SECOND_ORDER) return PARE_OK;
    p->measuring = true;
    for (size_t i = 0; i < p->n_items; i++) {
        p->grams[n] = (pare_gram_item){ .linear = p->items[i].linear, .plus = PARE_NONE,
                                        .minus = PARE_NONE };
        p->of_gram[n++] = i;
    }
    const pare_status st = run_data(p, n);
    p->measuring = false;
    if (!st) share_out(p);
    return st;
}

/* Patterns without data, node by node. */
static pare_status zero_patterns(pruner *p)
{
    for (size_t i = 0; i < p->n_items; i++) {
        const pare_sparse_job job = {
            .model = p->model, .linear = &p->items[i].linear, .kernels = p->kernels,
            .linalg = p->linalg, .pool = p->opts->pool, .pattern = &p->opts->pattern,
            .criterion = p->criterion, .without_repair = true, .share = p->items[i].share,
        };
        PARE_TRY(pare_sparse_solve(p->ctx, &p->items[i].solution, &job));
        PARE_TRY(put_in_place(p, &p->items[i]));
    }
    return PARE_OK;
}

/* --- all of it -------------------------------------------------------------------------------- */

static pare_status check(pruner *p)
{
    const pare_sparse_opts *o = p->opts;
    p->criterion = o->criterion;
    if (o->criterion == PARE_SPARSE_AUTO)
        p->criterion = o->data ? PARE_SPARSE_SECOND_ORDER : PARE_SPARSE_MAGNITUDE;
    p->report->criterion = p->criterion;
    if (o->pattern.kind != PARE_PATTERN_N_OF_M && !(o->sparsity > 0 && o->sparsity < 1))
        return pare_fail(p->ctx, PARE_EUSAGE,
                         "expected a sparsity above 0 and below 1, such as 0.5, found %g",
                         o->sparsity);
    if (p->criterion != PARE_SPARSE_MAGNITUDE && !o->data)
        return pare_fail(p->ctx, PARE_EUSAGE, "criterion '%s' needs calibration data; without "
                         "data there is 'magnitude'", pare_sparse_criterion_name(p->criterion));
    return PARE_OK;
}

static pare_status prepare(pruner *p)
{
    PARE_TRY(pare_prune_prepare(p->ctx, p->model));
    PARE_TRY(find_items(p));
    PARE_TRY(pare_plan_kernels(p->ctx, &p->kernels));
    const pare_linalg_opts how = { .level = pare_isa_name(p->kernels->isa) };
    return pare_linalg_open(p->ctx, &p->linalg, &how);
}

static pare_status count_zeros(pruner *p)
{
    for (size_t i = 0; i < p->n_items; i++) {
        pare_tensor *dense = NULL;
        pare_sparse_node *row = &p->report->nodes[p->items[i].row];
        PARE_TRY(pare_tensor_densify(p->ctx, &dense,
                                     p->model->values[p->items[i].linear.weight].tensor));
        const float *x = (const float *)(const void *)dense->payload.data;
        row->zeros = 0;
        for (uint64_t k = 0; k < row->n; k++) row->zeros += x[k] == 0;
        p->report->zeros += row->zeros;
        pare_tensor_unref(dense);
    }
    return PARE_OK;
}

static pare_status prune(pruner *p)
{
    PARE_TRY(check(p));
    PARE_TRY(prepare(p));
    PARE_TRY(allocate(p));
    const bool is_done = !p->opts->data && !p->opts->uniform &&
                         p->opts->pattern.kind == PARE_PATTERN_ANY;
    if (p->opts->data) PARE_TRY(run_waves(p));
    else if (!is_done) PARE_TRY(zero_patterns(p));
    return count_zeros(p);
}

pare_status pare_prune_sparse(pare_ctx *ctx, pare_model *model, const pare_sparse_opts *opts,
                              pare_sparse_report *report)
{
    pruner p = { .ctx = ctx, .model = model, .opts = opts, .report = report };
    *report = (pare_sparse_report){ 0 };
    const pare_status st = prune(&p);
    for (size_t i = 0; p.items && i < p.n_items; i++)
        pare_sparse_solution_free(ctx, &p.items[i].solution);
    pare_free(ctx, p.items);
    pare_free(ctx, p.grams);
    pare_free(ctx, p.of_gram);
    pare_waves_free(ctx, &p.waves);
    pare_model_free(ctx, p.original);
    pare_linalg_close(ctx, p.linalg);
    return st;
}

void pare_sparse_report_free(pare_ctx *ctx, pare_sparse_report *report)
{
    for (size_t i = 0; i < report->n_nodes; i++) {
        pare_free(ctx, report->nodes[i].name);
        pare_free(ctx, report->nodes[i].op);
    }
    pare_free(ctx, report->nodes);
    *report = (pare_sparse_report){ 0 };
}
