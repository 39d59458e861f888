#include "prune/rank.h"

#include "ir/order.h"
#include "prune/allocate.h"
#include "prune/prepare.h"
#include "prune/rank_solve.h"
#include "prune/targets.h"
#include "run/plan.h"
#include "search/assign.h"
#include "stats/waves.h"

#include <math.h>
#include <string.h>

enum { MAX_WAVES = 64, BISECTIONS = 24 };

/* One way for a node; form NULL: as it is. */
typedef struct way {
    const pare_rank_form *form;
    int64_t rank;
} way;

typedef struct item {
    pare_linear linear;
    size_t row;               /* of the report */
    pare_rank_form forms[PARE_N_RANK_KINDS];
    size_t n_forms;
    way ways[PARE_N_RANK_KINDS * PARE_RANK_STEPS + 1];
    pare_choice_option options[PARE_N_RANK_KINDS * PARE_RANK_STEPS + 1];
    size_t n_ways;
    way chosen;
    pare_rank_solution solution; /* until it is put in place */
} item;

typedef struct splitter {
    pare_ctx *ctx;
    pare_model *model, *original;
    const pare_rank_opts *opts;
    pare_rank_report *report;
    pare_linalg *linalg;
    item *items;              /* [n_items] in the order of execution */
    size_t n_items;
    pare_choice_set *sets;    /* [n_items] */
    uint32_t *choice;         /* [n_items] */
    pare_gram_item *grams;    /* [n_items] of a pass */
    size_t *of_gram;          /* [n_items] which items those are */
    bool measuring;
    double cost;              /* of the model as it was */
} splitter;

/* --- nodes ------------------------------------------------------------------------------------ */

static pare_status copy_text(pare_ctx *ctx, char **out, const char *text)
{
    const size_t n = strlen(text) + 1;
    *out = pare_alloc(ctx, n);
    if (!*out) return pare_fail_memory(ctx, n);
    memcpy(*out, text, n);
    return PARE_OK;
}

/* Why a node cannot take part; NULL: it can. Forms that never save are dropped. */
static const char *look_at(const splitter *s, const pare_shapes *shapes, item *i)
{
    const pare_linear *l = &i->linear;
    const pare_value *w = &s->model->values[l->weight];
    size_t n = 0;
    if (w->tensor->dtype != PARE_FLOAT) return "weights that are not float32";
    if (w->n_uses != 1) return "weights that several nodes read";
    if (!pare_gram_suits(l, s->model)) return "an operator whose inputs are not gathered";
    if (s->opts->keep && s->opts->keep(s->opts->user, s->model, l->node)) return "excluded";
    i->n_forms = pare_rank_forms(i->forms, s->model, shapes, l);
    if (!i->n_forms) return "groups, or sizes that are not known";
    for (size_t k = 0; k < i->n_forms; k++)
        if (pare_rank_most(&i->forms[k], l) > 0) i->forms[n++] = i->forms[k];
    i->n_forms = n;
    return n ? NULL : "too narrow: two nodes would not take fewer multiplications";
}

static pare_status add_node(splitter *s, const pare_shapes *shapes, const pare_linear *l)
{
    const pare_node *node = &s->model->nodes[l->node];
    pare_rank_node *row = &s->report->nodes[s->report->n_nodes++];
    item *i = &s->items[s->n_items];
    *i = (item){ .linear = *l, .row = s->report->n_nodes - 1 };
    *row = (pare_rank_node){ .error = NAN, .why = look_at(s, shapes, i) };
    PARE_TRY(copy_text(s->ctx, &row->op, node->op_type));
    PARE_TRY(copy_text(s->ctx, &row->name,
                       node->name ? node->name : s->model->values[node->outputs[0]].name));
    s->n_items += !row->why;
    return PARE_OK;
}

static pare_status find_items(splitter *s)
{
    const uint32_t n = s->model->graph->n_nodes;
    pare_node_id *order = NULL;
    pare_shapes *shapes = NULL;
    s->items = pare_alloc_zero(s->ctx, (n + 1) * sizeof(*s->items));
    s->sets = pare_alloc_zero(s->ctx, (n + 1) * sizeof(*s->sets));
    s->choice = pare_alloc_zero(s->ctx, (n + 1) * sizeof(*s->choice));
    s->grams = pare_alloc_zero(s->ctx, (n + 1) * sizeof(*s->grams));
    s->of_gram = pare_alloc_zero(s->ctx, (n + 1) * sizeof(*s->of_gram));
    s->report->nodes = pare_alloc_zero(s->ctx, (n + 1) * sizeof(*s->report->nodes));
    if (!s->items || !s->sets || !s->choice || !s->grams || !s->of_gram || !s->report->nodes)
        return pare_fail_memory(s->ctx, n * sizeof(*s->items));
    pare_status st = pare_graph_order(s->ctx, &order, s->model->graph);
    if (!st) st = pare_infer(s->ctx, &shapes, s->model, s->opts->shapes);
    for (uint32_t i = 0; !st && i < n; i++) {
        pare_linear l;
        if (pare_linear_of(s->ctx, &l, s->model, order[i]) && l.out * l.in * l.taps > 0)
            st = add_node(s, shapes, &l);
    }
    pare_shapes_free(s->ctx, shapes);
    pare_free(s->ctx, order);
    if (!st && !s->n_items)
        st = pare_fail(s->ctx, PARE_EUNSUPPORTED,
                       "nothing to split: expected a Conv, Gemm or MatMul with constant weights in "
                       "float32, known sizes and more than a few channels");
    return st;
}

/* --- passes over the data --------------------------------------------------------------------- */

static pare_normal_job job_of(const splitter *s, const item *i, const pare_gram *gram)
{
    return (pare_normal_job){ .model = s->model, .linear = &i->linear, .gram = gram,
                              .linalg = s->linalg,
                              .free_mean = gram && pare_prune_has_bias(s->model, &i->linear) };
}

/* Ranks of a form that are tried: evenly spread up to the largest that saves. */
static void choose_ranks(const splitter *s, const item *i, const pare_rank_form *form,
                         pare_rank_curve *curve)
{
    const int64_t most = pare_rank_most(form, &i->linear);
    const int64_t by = s->opts->round_to > 1 ? s->opts->round_to : 1;
    curve->n = 0;
    for (int64_t k = 1; k <= PARE_RANK_STEPS; k++) {
        const int64_t rank = (most * k / PARE_RANK_STEPS) / by * by;
        if (rank > 0 && (!curve->n || rank > curve->ranks[curve->n - 1]))
            curve->ranks[curve->n++] = rank;
    }
}

static pare_status measure(splitter *s, item *i, const pare_gram *gram)
{
    const pare_normal_job job = job_of(s, i, gram);
    i->ways[0] = (way){ 0 };
    i->options[0] = (pare_choice_option){ .costs = { i->forms[0].whole } };
    i->n_ways = 1;
    for (size_t k = 0; k < i->n_forms; k++) {
        const pare_rank_form *form = &i->forms[k];
        pare_rank_curve curve;
        choose_ranks(s, i, form, &curve);
        if (curve.n) PARE_TRY(pare_rank_measure(s->ctx, &curve, &job, form));
        for (size_t r = 0; r < curve.n; r++) {
            const double macs = (form->first + form->second) * (double)curve.ranks[r];
            i->ways[i->n_ways] = (way){ form, curve.ranks[r] };
            i->options[i->n_ways++] =
                (pare_choice_option){ .loss = curve.error[r], .costs = { macs } };
        }
    }
    return PARE_OK;
}

static pare_status work_on(splitter *s, item *i, const pare_gram *gram)
{
    if (s->measuring) return measure(s, i, gram);
    const pare_normal_job job = job_of(s, i, gram);
    return pare_rank_solve(s->ctx, &i->solution, &job, i->chosen.form, i->chosen.rank);
}

static pare_status use(void *user, pare_ctx *ctx, size_t gram, const pare_gram *moments)
{
    splitter *s = user;
    (void)ctx;
    return work_on(s, &s->items[s->of_gram[gram]], moments->n_rows ? moments : NULL);
}

static pare_status run_data(splitter *s, size_t n)
{
    const pare_rank_opts *o = s->opts;
    const pare_gram_opts opts = {
        .items = s->grams, .n_items = n, .data = o->data, .n_samples = o->n_samples,
        .reference = s->measuring ? NULL : s->original, .max_rows = o->max_rows,
        .max_memory_bytes = o->max_memory_bytes, .phase = s->measuring ? "measure" : "split",
        .use = use, .user = s,
    };
    s->report->n_passes++;
    return pare_gram_run(s->ctx, s->model, o->pool, &opts);
}

static pare_status measure_all(splitter *s)
{
    s->measuring = true;
    for (size_t i = 0; i < s->n_items; i++) {
        s->grams[i] = (pare_gram_item){ .linear = s->items[i].linear,
                                          .plus = PARE_NONE, .minus = PARE_NONE };
        s->of_gram[i] = i;
        if (!s->opts->data) PARE_TRY(work_on(s, &s->items[i], NULL));
    }
    const pare_status st = s->opts->data ? run_data(s, s->n_items) : PARE_OK;
    s->measuring = false;
    return st;
}

/* --- choosing --------------------------------------------------------------------------------- */

static pare_status cost_of(const splitter *s, const pare_model *model, double *out)
{
    if (s->opts->cost) return s->opts->cost(s->opts->cost_user, s->ctx, model, out);
    return pare_prune_macs((void *)(uintptr_t)s->opts->shapes, s->ctx, model, out);
}

/* The best ways for so many multiplications, and what the model would cost. */
static pare_status try_macs(splitter *s, double macs, double *cost)
{
    pare_model *clone = NULL;
    pare_assigned got;
    pare_assign_opts how = { .n_costs = 1, .limits = { macs }, .max_loss = INFINITY };
    how.max_loss = INFINITY;
    PARE_TRY(pare_assign(s->ctx, s->choice, &got, s->sets, s->n_items, &how));
    PARE_TRY(pare_model_clone(s->ctx, &clone, s->model));
    pare_status st = PARE_OK;
    for (size_t i = 0; !st && i < s->n_items; i++) {
        const way *w = &s->items[i].ways[s->choice[i]];
        if (w->form)
            st = pare_rank_write(s->ctx, clone, &s->items[i].linear, w->form, w->rank, NULL, NULL);
    }
    if (!st) st = cost_of(s, clone, cost);
    pare_model_free(s->ctx, clone);
    return st;
}

static void keep_choice(splitter *s)
{
    for (size_t i = 0; i < s->n_items; i++)
        s->items[i].chosen = s->items[i].ways[s->choice[i]];
}

/* As many multiplications as the limit allows of whatever figure. */
static pare_status choose(splitter *s)
{
    double low = 0, high = 0, cost;
    PARE_TRY(cost_of(s, s->model, &s->cost));
    for (size_t i = 0; i < s->n_items; i++) {
        const item *it = &s->items[i];
        double least = it->options[0].costs[0];
        for (size_t k = 1; k < it->n_ways; k++) least = fmin(least, it->options[k].costs[0]);
        s->sets[i] = (pare_choice_set){ it->options, it->n_ways };
        low += least;
        high += it->options[0].costs[0];
    }
    PARE_TRY(try_macs(s, low, &cost)); /* in case that nothing is enough */
    keep_choice(s);
    for (int k = 0; k < BISECTIONS && cost <= s->opts->limit * s->cost && high > low; k++) {
        const double macs = (low + high) / 2;
        double now;
        PARE_TRY(try_macs(s, macs, &now));
        if (now <= s->opts->limit * s->cost) {
            low = macs;
            keep_choice(s);
        } else {
            high = macs;
        }
    }
    return PARE_OK;
}

/* --- splitting -------------------------------------------------------------------------------- */

static pare_status put_in_place(splitter *s, item *i)
{
    const pare_rank_form *form = i->chosen.form;
    pare_rank_node *row = &s->report->nodes[i->row];
    const pare_rank_solution *w = &i->solution;
    const int64_t rows = i->linear.out * form->parts;
    PARE_TRY(pare_rank_write(s->ctx, s->model, &i->linear, form, i->chosen.rank, w->first,
                             w->second));
    if (w->shift) PARE_TRY(pare_prune_shift_bias(s->ctx, s->model, &i->linear, w->shift));
    row->form = pare_rank_kind_name(form->kind);
    row->full = form->width < rows ? form->width : rows;
    row->rank = i->chosen.rank;
    if (s->opts->data) row->error = w->error;
    s->report->n_split++;
    pare_rank_solution_free(s->ctx, &i->solution);
    return PARE_OK;
}

static pare_status run_wave(splitter *s, const pare_shapes *shapes, const pare_waves *waves,
                            uint32_t wave)
{
    size_t n = 0, k = 0;
    for (size_t i = 0; i < s->n_items; i++) {
        if (!s->items[i].chosen.form) continue;
        const size_t at = k++;
        if (waves->wave[at] != wave) continue;
        s->grams[n] = (pare_gram_item){ .linear = s->items[i].linear,
                                          .plus = PARE_NONE, .minus = PARE_NONE };
        if (wave && waves->leads[at]) pare_prune_targets(&s->grams[n], s->model, shapes);
        s->of_gram[n++] = i;
    }
    PARE_TRY(run_data(s, n));
    for (size_t i = 0; i < n; i++) PARE_TRY(put_in_place(s, &s->items[s->of_gram[i]]));
    return PARE_OK;
}

static pare_status run_waves(splitter *s)
{
    pare_node_id *nodes = pare_alloc(s->ctx, (s->n_items + 1) * sizeof(*nodes));
    pare_shapes *shapes = NULL;
    pare_waves waves = { 0 };
    size_t n = 0;
    if (!nodes) return pare_fail_memory(s->ctx, s->n_items * sizeof(*nodes));
    for (size_t i = 0; i < s->n_items; i++)
        if (s->items[i].chosen.form) nodes[n++] = s->items[i].linear.node;
    pare_status st = pare_waves_make(s->ctx, &waves, s->model, nodes, n,
                                     s->opts->max_waves ? s->opts->max_waves : MAX_WAVES);
    if (!st) st = pare_model_clone(s->ctx, &s->original, s->model);
    if (!st) st = pare_infer(s->ctx, &shapes, s->model, NULL);
    for (uint32_t w = 0; !st && w < waves.n_waves; w++) st = run_wave(s, shapes, &waves, w);
    pare_shapes_free(s->ctx, shapes);
    pare_waves_free(s->ctx, &waves);
    pare_free(s->ctx, nodes);
    return st;
}

static pare_status split_blindly(splitter *s)
{
    for (size_t i = 0; i < s->n_items; i++) {
        if (!s->items[i].chosen.form) continue;
        PARE_TRY(work_on(s, &s->items[i], NULL));
        PARE_TRY(put_in_place(s, &s->items[i]));
    }
    return PARE_OK;
}

/* --- all of it -------------------------------------------------------------------------------- */

static pare_status tell(splitter *s, double macs)
{
    double cost, left;
    PARE_TRY(cost_of(s, s->model, &cost));
    PARE_TRY(pare_prune_macs((void *)(uintptr_t)s->opts->shapes, s->ctx, s->model, &left));
    s->report->left = s->cost > 0 ? cost / s->cost : 1;
    s->report->macs_left = macs > 0 ? left / macs : 1;
    return PARE_OK;
}

static pare_status split(splitter *s)
{
    const pare_kernels *kernels = NULL;
    double macs;
    PARE_TRY(pare_prune_prepare(s->ctx, s->model));
    PARE_TRY(find_items(s));
    PARE_TRY(pare_plan_kernels(s->ctx, &kernels));
    const pare_linalg_opts how = { .level = pare_isa_name(kernels->isa) };
    PARE_TRY(pare_linalg_open(s->ctx, &s->linalg, &how));
    PARE_TRY(pare_prune_macs((void *)(uintptr_t)s->opts->shapes, s->ctx, s->model, &macs));
    PARE_TRY(measure_all(s));
    PARE_TRY(choose(s));
    PARE_TRY(s->opts->data ? run_waves(s) : split_blindly(s));
    return tell(s, macs);
}

pare_status pare_prune_rank(pare_ctx *ctx, pare_model *model, const pare_rank_opts *opts,
                            pare_rank_report *report)
{
    splitter s = { .ctx = ctx, .model = model, .opts = opts, .report = report };
    *report = (pare_rank_report){ .left = 1, .macs_left = 1 };
    const pare_status st = split(&s);
    for (size_t i = 0; s.items && i < s.n_items; i++)
        pare_rank_solution_free(ctx, &s.items[i].solution);
    pare_free(ctx, s.items);
    pare_free(ctx, s.sets);
    pare_free(ctx, s.choice);
    pare_free(ctx, s.grams);
    pare_free(ctx, s.of_gram);
    pare_model_free(ctx, s.original);
    pare_linalg_close(ctx, s.linalg);
    return st;
}

void pare_rank_report_free(pare_ctx *ctx, pare_rank_report *report)
{
    for (size_t i = 0; i < report->n_nodes; i++) {
        pare_free(ctx, report->nodes[i].name);
        pare_free(ctx, report->nodes[i].op);
    }
    pare_free(ctx, report->nodes);
    *report = (pare_rank_report){ 0 };
}
