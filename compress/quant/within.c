#include "quant/within.h"

#include "energy/energy.h"
#include "ir/order.h"
#include "ir/pattern.h"
#include "op/linear.h"
#include "pass/pass.h"
#include "quant/driver.h"
#include "stats/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_GROUPS = 48, ROUGH_SAMPLES = 24, MOST_FORMS = 5 };

/* What is made small where a drop is the limit: bytes and work left, by those in floats. */
enum { COST_LEFT = 0, COST_FIGURES = 1 };

/* A form that groups may get, and what is left of a product in it: bytes by weight, and time by
 * multiplication in quarters of that of floats. */
typedef struct form {
    pare_keep keep;
    double weight_bytes, work;
} form;

typedef struct job {
    const pare_model *model;
    const pare_quantize_opts *opts;
    const pare_within_opts *limits;
    const pare_dataset *judge;
    pare_node_id *products;   /* [n] in order; group of product i: i * n_groups / n */
    size_t n, n_groups;
    double *sizes, *macs;     /* [n] weights of each; multiplications */
    uint8_t *keeps;           /* [model->n_nodes] of the choice that is built */
    form forms[MOST_FORMS];   /* [n_forms] the safest first */
    size_t n_forms;
    uint32_t asked;           /* of them */
    double before[PARE_N_WITHIN]; /* figures of the model */
    pare_quantize_settings chosen;
} job;

static bool has_goals(const pare_within_opts *o)
{
    for (int i = 0; i < PARE_N_WITHIN; i++)
        if (o->goals[i] > 0) return true;
    return false;
}

static bool limits_answers(const pare_within_opts *o)
{
    return o->max_drop < INFINITY || o->min_agreement > 0;
}

static double most_changed(const pare_within_opts *o)
{
    return 100 * (1 - o->min_agreement);
}

/* --- products --------------------------------------------------------------------------------- */

/* Outputs of the node; what is not known counts as 1. */
static double outputs_of(const pare_shapes *shapes, const pare_node *n)
{
    const pare_info *info = &shapes->infos[n->outputs[0]];
    double count = 1;
    for (uint32_t d = 0; pare_info_has_rank(info) && d < info->rank; d++)
        if (info->dims[d].kind == PARE_NUM_INT) count *= (double)info->dims[d].i;
    return count;
}

/* By handles, which folding what is constant does not change. */
static pare_status find_products(pare_ctx *ctx, job *j)
{
    pare_model *folded = NULL;
    pare_node_id *order = NULL;
    pare_shapes *shapes = NULL;
    pare_pass_stats stats = { 0 };
    pare_status st = pare_model_clone(ctx, &folded, j->model);
    if (!st) st = pare_optimize(ctx, folded, NULL, &stats);
    if (!st) st = pare_graph_order(ctx, &order, folded->graph);
    if (!st) st = pare_infer(ctx, &shapes, folded, j->limits->shapes);
    const uint32_t n = st ? 0 : folded->graph->n_nodes;
    j->products = pare_alloc(ctx, (n + 1) * sizeof(*j->products));
    j->sizes = pare_alloc(ctx, (2 * (size_t)n + 1) * sizeof(*j->sizes));
    j->keeps = pare_alloc_zero(ctx, j->model->n_nodes + 1);
    if (!st && (!j->products || !j->sizes || !j->keeps))
        st = pare_fail_memory(ctx, n * sizeof(*j->products));
    if (j->sizes) j->macs = j->sizes + n;
    for (uint32_t i = 0; !st && i < n; i++) {
        pare_linear l;
        if (!pare_linear_of(ctx, &l, folded, order[i])) continue;
        j->sizes[j->n] = (double)folded->values[l.weight].tensor->n_elements;
        j->macs[j->n] = outputs_of(shapes, &folded->nodes[order[i]]) * (double)(l.in * l.taps);
        j->products[j->n++] = order[i];
    }
    j->n_groups = j->n < MOST_GROUPS ? j->n : MOST_GROUPS;
    pare_free(ctx, order);
    pare_shapes_free(ctx, shapes);
    pare_model_free(ctx, folded);
    return st;
}

/* --- forms ------------------------------------------------------------------------------------ */

/* What settings come to without any auto. */
static pare_status choose(pare_ctx *ctx, job *j)
{
    pare_quantize_report report = { 0 };
    pare_quantizing q = { .ctx = ctx, .model = (pare_model *)(uintptr_t)j->model, .opts = j->opts,
                          .report = &report, .s = &report.chosen }; /* which it only reads */
    pare_arena_init(ctx, &report.arena, 0);
    const pare_status st = pare_quantizing_choose(&q);
    j->chosen = report.chosen;
    pare_arena_free(&report.arena);
    return st;
}

static bool has_16_bits(const pare_target_rules *rules)
{
    for (size_t i = 0; rules->has_quant && i < rules->quant.n_activations; i++)
        if (strstr(rules->quant.activations[i].type, "int16")) return true;
    return false;
}

static bool has_4_bits(const pare_target_rules *rules)
{
    for (size_t i = 0; rules->has_quant && i < rules->quant.n_weights; i++)
        if (strstr(rules->quant.weights[i].type, "int4")) return true;
    return false;
}

static void add_form(job *j, pare_keep keep, double weight_bytes, double work)
{
    if (keep == PARE_KEEP_ASKED) j->asked = (uint32_t)j->n_forms;
    j->forms[j->n_forms++] = (form){ keep, weight_bytes, work };
}

/* Weights alone in integers compute with floats: they are for limits on sizes, those of 8 bits for
 * what loses too much by its activations. */
static void find_forms(job *j)
{
    static const double of_4_bits = 0.5 + 4.0 / 32; /* with a scale for 32 */
    const pare_quantize_settings *s = &j->chosen;
    const pare_target_rules *rules = j->opts->rules;
    const bool is_static = s->activations != PARE_QUANTIZE_ACTIVATIONS_NONE &&
                           s->activations != PARE_QUANTIZE_ACTIVATIONS_DYNAMIC;
    const bool is_small =
        (j->limits->goals[PARE_WITHIN_SIZE] > 0 || j->limits->goals[PARE_WITHIN_FLASH] > 0) &&
        limits_answers(j->limits);
    add_form(j, PARE_KEEP_FLOAT, 4, 4);
    if (s->weights == PARE_QUANTIZE_FLOAT16 || s->weights == PARE_QUANTIZE_BFLOAT16) {
        add_form(j, PARE_KEEP_ASKED, 2, 4);
    } else if (s->weights == PARE_QUANTIZE_INT8) {
        const bool is_alone = s->activations == PARE_QUANTIZE_ACTIVATIONS_NONE;
        if (is_static && has_16_bits(rules)) add_form(j, PARE_KEEP_INT16, 1, 2);
        if (is_small && !is_alone) add_form(j, PARE_KEEP_INT8_WEIGHTS, 1, 4);
        add_form(j, PARE_KEEP_ASKED, 1, is_alone ? 4 : 1);
        if (has_goals(j->limits) && has_4_bits(rules)) add_form(j, PARE_KEEP_INT4, of_4_bits, 4);
    } else {
        const bool is_4 = s->weights == PARE_QUANTIZE_INT4;
        add_form(j, PARE_KEEP_INT8, 1, 4);
        if (!is_4 && has_4_bits(rules)) add_form(j, PARE_KEEP_INT4, of_4_bits, 4);
        add_form(j, PARE_KEEP_ASKED, is_4 ? of_4_bits : of_4_bits - 0.25, 4);
    }
}

/* --- building --------------------------------------------------------------------------------- */

static const form *form_of(const job *j, const uint32_t *choice, size_t product)
{
    return &j->forms[choice[product * j->n_groups / j->n]];
}

static void mark(job *j, const uint32_t *choice)
{
    for (size_t i = 0; i < j->n; i++)
        j->keeps[j->products[i]] = (uint8_t)form_of(j, choice, i)->keep;
}

static pare_quantize_opts opts_of(const job *j)
{
    pare_quantize_opts opts = *j->opts;
    opts.keeps = j->keeps;
    opts.n_keeps = j->model->n_nodes;
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
        opts.stats = NULL; /* of other samples */
        opts.n_stats = 0;
        opts.settings = &settings;
        opts.rough = true;
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

/* Nodes, with their names and attributes, about. */
static double text_bytes_of(const pare_model *m)
{
    double sum = 0;
    for (size_t i = 0; i < m->n_nodes; i++) {
        const pare_node *n = &m->nodes[i];
        if (!n->graph) continue;
        sum += 16 + (double)(strlen(pare_str_or_empty(n->name)) + strlen(n->op_type));
        for (uint32_t k = 0; k < n->n_inputs; k++)
            if (n->inputs[k].value != PARE_NONE)
                sum += 2 + (double)strlen(pare_str_or_empty(m->values[n->inputs[k].value].name));
        for (uint32_t k = 0; k < n->n_outputs; k++)
            if (n->outputs[k] != PARE_NONE)
                sum += 2 + (double)strlen(pare_str_or_empty(m->values[n->outputs[k]].name));
    }
    for (size_t v = 0; v < m->n_values; v++)
        if (m->values[v].graph && m->values[v].tensor)
            sum += 24 + (double)strlen(pare_str_or_empty(m->values[v].name));
    return sum;
}

/* Figures of a model; those that nobody limits stay as they are. */
static pare_status measure(const job *j, pare_ctx *ctx, double figures[PARE_N_WITHIN],
                           const pare_model *m)
{
    const pare_within_opts *o = j->limits;
    const double *goals = o->goals;
    pare_shapes *shapes = NULL;
    pare_estimate *estimate = NULL;
    figures[PARE_WITHIN_SIZE] = bytes_of(m) + text_bytes_of(m);
    if (!o->target || !(goals[PARE_WITHIN_ENERGY] > 0 || goals[PARE_WITHIN_LATENCY] > 0 ||
                        goals[PARE_WITHIN_FLASH] > 0 || goals[PARE_WITHIN_RAM] > 0))
        return PARE_OK;
    const pare_estimate_opts how = { .batch = o->batch, .no_bands = true, .ignore_zeros = true };
    pare_status st = pare_infer(ctx, &shapes, m, o->shapes);
    if (!st) st = pare_estimate_make(ctx, &estimate, m, shapes, o->target, &how);
    if (!st) {
        figures[PARE_WITHIN_ENERGY] = estimate->energy_uj.value;
        figures[PARE_WITHIN_LATENCY] = estimate->latency_us.value;
        figures[PARE_WITHIN_FLASH] = (double)estimate->flash_bytes;
        figures[PARE_WITHIN_RAM] = (double)estimate->ram_peak_bytes;
    }
    pare_estimate_free(ctx, estimate);
    pare_shapes_free(ctx, shapes);
    return st;
}

/* What is left of weights and work, mean of both shares. Scales and such are not counted, which
 * weigh more than they should in small models. */
static double left_of(const job *j)
{
    double bytes = 0, all_bytes = 0, work = 0, all_work = 0;
    for (size_t i = 0; i < j->n; i++) {
        const form *f = j->forms;
        while (f->keep != (pare_keep)j->keeps[j->products[i]]) f++;
        bytes += j->sizes[i] * f->weight_bytes;
        all_bytes += j->sizes[i] * 4;
        work += j->macs[i] * f->work;
        all_work += j->macs[i] * 4;
    }
    return 0.5 * bytes / fmax(all_bytes, 1) + 0.5 * work / fmax(all_work, 1);
}

static double share_of(const job *j, int figure, double value)
{
    const double before = j->before[figure];
    /* What a file has beside tensors and names stays. */
    const double beside = figure == PARE_WITHIN_SIZE && j->limits->file_bytes
                              ? (double)j->limits->file_bytes - before
                              : 0;
    return before + beside > 0 ? (value + beside) / (before + beside) : 1;
}

/* Points that are lost; where answers must stay, so many points more that both limits hold or fail
 * as one. */
static double drop_of(const pare_within_opts *o, const pare_evaluation *e)
{
    if (!(o->min_agreement > 0)) return e->drop.drop;
    if (!e->n_answers) return NAN;
    const double changed = 100 * (double)e->n_changed / (double)e->n_answers;
    if (!(o->max_drop < INFINITY)) return changed;
    return fmax(e->drop.drop, changed - (most_changed(o) - o->max_drop));
}

static pare_status judge(void *user, pare_ctx *ctx, pare_judged *out, const pare_model *model,
                         bool rough)
{
    const job *j = user;
    const pare_dataset some = j->judge ? some_of(j->judge) : (pare_dataset){ 0 };
    const bool wants_drop = !rough && limits_answers(j->limits);
    double figures[PARE_N_WITHIN];
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
    memcpy(figures, j->before, sizeof(figures));
    PARE_TRY(pare_evaluate(ctx, &e, model, &opts));
    PARE_TRY(measure(j, ctx, figures, model));
    const double db = e.model.values[PARE_SCORE_SQNR].value;
    *out = (pare_judged){ .noise = e.model.values[PARE_SCORE_SQNR].n ? pow(10, -db / 10) : NAN,
                          .drop = wants_drop ? drop_of(j->limits, &e) : (double)NAN,
                          .costs = { [COST_LEFT] = left_of(j) } };
    for (int i = 0; i < PARE_N_WITHIN; i++)
        out->costs[COST_FIGURES + i] = share_of(j, i, figures[i]);
    return PARE_OK;
}

/* --- the end ---------------------------------------------------------------------------------- */

static const char *const keep_names[PARE_KEEP_NO_RANGE] = {
    [PARE_KEEP_FLOAT] = "float", [PARE_KEEP_INT8] = "int8", [PARE_KEEP_INT4] = "int4",
    [PARE_KEEP_INT2] = "int2", [PARE_KEEP_INT8_WEIGHTS] = "int8-weights",
    [PARE_KEEP_INT16] = "int16",
};

/* What products got, as overrides behind those that were asked for. */
static pare_status tell_choice(pare_ctx *ctx, const job *j, pare_quantize_report *report)
{
    pare_option_list *const list = &report->chosen.overrides;
    const pare_option_list asked = j->opts->settings->overrides;
    size_t n = 0;
    for (size_t i = 0; i < j->n; i++) n += j->keeps[j->products[i]] != PARE_KEEP_ASKED;
    if (!n) return PARE_OK;
    const char **items = pare_arena_array(&report->arena, n + asked.n, sizeof(*items));
    if (!items) return pare_arena_fail(ctx, &report->arena);
    for (size_t i = 0; i < asked.n; i++) items[n + i] = asked.items[i]; /* these count, at last */
    for (size_t i = 0, at = 0; i < j->n; i++) {
        const pare_node_id id = j->products[i];
        char op[128], text[512];
        if (j->keeps[id] == PARE_KEEP_ASKED) continue;
        const pare_pattern_node node = pare_pattern_node_of(j->model, id, op, sizeof(op));
        snprintf(text, sizeof(text), "%s=%s", pare_str_or_empty(node.name),
                 keep_names[j->keeps[id]]);
        if (!(items[at++] = pare_arena_str(&report->arena, text)))
            return pare_arena_fail(ctx, &report->arena);
    }
    *list = (pare_option_list){ .items = items, .n = n + asked.n, .cap = n + asked.n };
    return PARE_OK;
}

/* Where answers alone must stay, points are shares of them. */
static double most_lost(const pare_within_opts *o)
{
    return o->max_drop < INFINITY || !limits_answers(o) ? o->max_drop : most_changed(o);
}

static pare_mixed_opts mixed_opts_of(job *j)
{
    static const char *const names[PARE_N_WITHIN] = {
        [PARE_WITHIN_ENERGY] = "energy", [PARE_WITHIN_LATENCY] = "latency",
        [PARE_WITHIN_SIZE] = "size", [PARE_WITHIN_FLASH] = "flash", [PARE_WITHIN_RAM] = "ram",
    };
    pare_mixed_opts opts = { .n_groups = j->n_groups, .n_forms = j->n_forms, .asked = j->asked,
                             .build = build, .judge = judge, .user = j,
                             .n_costs = COST_FIGURES + PARE_N_WITHIN,
                             .limits = { [COST_LEFT] = INFINITY },
                             .max_drop = most_lost(j->limits),
                             .most_trials = j->limits->most_trials, .max_ms = j->limits->max_ms };
    for (int i = 0; i < PARE_N_WITHIN; i++) {
        const double goal = j->limits->goals[i];
        opts.limits[COST_FIGURES + i] = goal > 0 ? goal : (double)INFINITY;
        opts.names[COST_FIGURES + i] = names[i];
    }
    return opts;
}

static pare_status find(pare_ctx *ctx, job *j, pare_within_report *within)
{
    pare_mixed mixed;
    const pare_mixed_opts opts = mixed_opts_of(j);
    PARE_TRY(pare_mixed_find(ctx, &mixed, &opts));
    mark(j, mixed.choice);
    *within = (pare_within_report){ .end = mixed.end, .n_groups = j->n_groups,
                                    .drop = mixed.judged.drop, .n_measured = mixed.n_measured,
                                    .n_trials = mixed.n_trials, .cut = mixed.cut };
    memcpy(within->reason, mixed.reason, sizeof(within->reason));
    for (size_t g = 0; g < j->n_groups; g++)
        within->n_by_keep[j->forms[mixed.choice[g]].keep]++;
    within->n_float = within->n_by_keep[PARE_KEEP_FLOAT];
    for (int i = 0; i < PARE_N_WITHIN; i++)
        within->shares[i] = j->limits->goals[i] > 0 ? mixed.judged.costs[COST_FIGURES + i]
                                                    : (double)NAN;
    pare_mixed_free(ctx, &mixed);
    return PARE_OK;
}

static pare_status search(pare_ctx *ctx, job *j, pare_within_report *within)
{
    PARE_TRY(choose(ctx, j));
    find_forms(j);
    PARE_TRY(find_products(ctx, j));
    PARE_TRY(measure(j, ctx, j->before, j->model));
    return j->n ? find(ctx, j, within) : PARE_OK;
}

pare_status pare_quantize_within(pare_ctx *ctx, pare_model *model, const pare_quantize_opts *opts,
                                 const pare_within_opts *limits, pare_quantize_report *report,
                                 pare_within_report *within)
{
    pare_model *before = NULL;
    job j = { .opts = opts, .limits = limits, .judge = limits->judge ? limits->judge : opts->data };
    const bool is_limited = limits_answers(limits) || has_goals(limits);
    *report = (pare_quantize_report){ 0 };
    *within = (pare_within_report){ .drop = NAN };
    for (int i = 0; i < PARE_N_WITHIN; i++) within->shares[i] = NAN;
    if (!j.judge || !is_limited) return pare_quantize(ctx, model, opts, report);
    pare_status st = pare_model_clone(ctx, &before, model);
    j.model = before;
    if (!st) st = search(ctx, &j, within);
    if (!st) {
        const pare_quantize_opts last = opts_of(&j);
        st = pare_quantize(ctx, model, &last, report);
        if (!st) st = tell_choice(ctx, &j, report);
    }
    pare_free(ctx, j.products);
    pare_free(ctx, j.sizes);
    pare_free(ctx, j.keeps);
    pare_model_free(ctx, before);
    return st;
}
