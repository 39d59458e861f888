#include "quant/mixed.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DEFAULT_TRIALS = 12, NARROWINGS = 6 };

typedef struct finder {
    pare_ctx *ctx;
    const pare_mixed_opts *opts;
    pare_mixed *out;
    pare_choice_option *options;     /* [n_groups * n_forms], allowed ones first in each group */
    uint32_t *forms;          /* [n_groups * n_forms] of these options */
    pare_choice_set *sets;    /* [n_groups] */
    uint32_t *choice, *picked; /* [n_groups] forms; indices of options */
    uint32_t most_trials;
} finder;

/* --- models ----------------------------------------------------------------------------------- */

static bool is_allowed(const pare_mixed_opts *o, size_t group, size_t form)
{
    return !form || !o->allowed || o->allowed[group * o->n_forms + form];
}

static double excess_of(const pare_mixed_opts *o, const pare_judged *j)
{
    double sum = 0;
    for (size_t k = 0; k < o->n_costs; k++)
        if (j->costs[k] > o->limits[k])
            sum += o->limits[k] > 0 ? j->costs[k] / o->limits[k] - 1 : 1 + j->costs[k];
    return sum;
}

static bool drop_holds(const pare_mixed_opts *o, const pare_judged *j)
{
    return !(o->max_drop < INFINITY) || j->drop <= o->max_drop;
}

static double cost_of(const pare_mixed_opts *o, const pare_judged *j)
{
    return o->n_costs ? j->costs[0] : 0;
}

/* What is not a number is worse than any. */
static double or_infinite(double x)
{
    return isnan(x) ? (double)INFINITY : x;
}

/* Limits come first, that of the drop before those of costs: what answers wrong is of no use. Of
 * models that hold them, with max_drop the first cost counts, else the noise. */
static bool is_better(const pare_mixed_opts *o, const pare_judged *a, const pare_judged *b)
{
    const double lost_a = drop_holds(o, a) ? 0 : or_infinite(a->drop) - o->max_drop;
    const double lost_b = drop_holds(o, b) ? 0 : or_infinite(b->drop) - o->max_drop;
    if (lost_a != lost_b) return lost_a < lost_b;
    const double over_a = excess_of(o, a), over_b = excess_of(o, b);
    if (over_a != over_b) return over_a < over_b;
    if (o->max_drop < INFINITY && cost_of(o, a) != cost_of(o, b))
        return cost_of(o, a) < cost_of(o, b);
    return or_infinite(a->noise) < or_infinite(b->noise);
}

/* Builds and judges a model as a whole, and keeps it if it is the best so far. */
static pare_status attempt(finder *f, const uint32_t *choice, pare_judged *judged)
{
    const pare_mixed_opts *o = f->opts;
    pare_model *model = NULL;
    PARE_TRY(pare_check_canceled(f->ctx));
    pare_status st = o->build(o->user, f->ctx, &model, choice, false);
    if (!st) st = o->judge(o->user, f->ctx, judged, model, false);
    f->out->n_trials++;
    if (!st && (!f->out->model || is_better(o, judged, &f->out->judged))) {
        pare_model *const worse = f->out->model;
        f->out->model = model;
        f->out->judged = *judged;
        memcpy(f->out->choice, choice, o->n_groups * sizeof(*choice));
        model = worse;
    }
    pare_model_free(f->ctx, model);
    return st;
}

static bool is_met(const finder *f)
{
    return f->out->model && drop_holds(f->opts, &f->out->judged) &&
           excess_of(f->opts, &f->out->judged) == 0;
}

/* --- what each form costs by itself ----------------------------------------------------------- */

static pare_status measure(finder *f, const uint32_t *choice, pare_judged *judged)
{
    const pare_mixed_opts *o = f->opts;
    pare_model *model = NULL;
    PARE_TRY(pare_check_canceled(f->ctx));
    pare_status st = o->build(o->user, f->ctx, &model, choice, true);
    if (!st) st = o->judge(o->user, f->ctx, judged, model, true);
    pare_model_free(f->ctx, model);
    f->out->n_measured++;
    return st;
}

/* Options of every group: noise and costs beyond those of form 0 everywhere, which are spread over
 * all groups so that sums come out right. */
static pare_status measure_all(finder *f)
{
    const pare_mixed_opts *o = f->opts;
    const size_t n = o->n_groups, m = o->n_forms;
    static const double broken = 1e3; /* NaN at the output: noise far above the signal */
    pare_judged safest, judged;
    f->out->noise = pare_alloc_zero(f->ctx, n * m * sizeof(double));
    if (!f->out->noise) return pare_fail_memory(f->ctx, n * m * sizeof(double));
    memset(f->choice, 0, n * sizeof(*f->choice));
    PARE_TRY(measure(f, f->choice, &safest));
    for (size_t g = 0; g < n; g++) {
        pare_choice_option *options = f->options + g * m;
        size_t n_options = 0;
        for (uint32_t form = 0; form < m; form++) {
            if (!is_allowed(o, g, form)) continue;
            judged = safest;
            f->choice[g] = form;
            if (form) PARE_TRY(measure(f, f->choice, &judged));
            pare_choice_option *at = &options[n_options];
            f->forms[g * m + n_options++] = form;
            at->loss = isfinite(judged.noise) ? fmax(judged.noise - safest.noise, 0) : broken;
            f->out->noise[g * m + form] = at->loss;
            for (size_t k = 0; k < o->n_costs; k++)
                at->costs[k] = fmax(judged.costs[k] - safest.costs[k] +
                                    safest.costs[k] / (double)n, 0);
        }
        f->choice[g] = 0;
        f->sets[g] = (pare_choice_set){ options, n_options };
        pare_report_count(f->ctx, "sensitivity", "groups", g + 1, n);
    }
    return PARE_OK;
}

/* --- search ----------------------------------------------------------------------------------- */

/* The assignment with at most this noise; without max_drop, the least noise within the costs. */
static pare_status solve(finder *f, double max_noise)
{
    const pare_mixed_opts *o = f->opts;
    pare_assign_opts how = { .n_costs = o->n_costs, .max_loss = max_noise };
    pare_assigned got;
    for (size_t k = 0; k < o->n_costs; k++) how.limits[k] = o->limits[k];
    how.weights[0] = 1;
    PARE_TRY(pare_assign(f->ctx, f->picked, &got, f->sets, o->n_groups, &how));
    for (size_t g = 0; g < o->n_groups; g++)
        f->choice[g] = f->forms[g * o->n_forms + f->picked[g]];
    return PARE_OK;
}

static double noise_of_choice(const finder *f, const uint32_t *choice)
{
    double sum = 0;
    for (size_t g = 0; g < f->opts->n_groups; g++)
        sum += f->out->noise[g * f->opts->n_forms + choice[g]];
    return sum;
}

/* Halves the noise in decibels between what loses too much and nothing. */
static pare_status narrow(finder *f)
{
    uint32_t *cheapest = f->out->choice; /* the first trial */
    double high = noise_of_choice(f, cheapest), low = 0;
    pare_judged judged;
    for (int i = 0; i < NARROWINGS && f->out->n_trials < f->most_trials; i++) {
        const double aim = low > 0 ? sqrt(low * high) : high / 4;
        PARE_TRY(solve(f, aim));
        PARE_TRY(attempt(f, f->choice, &judged));
        if (drop_holds(f->opts, &judged)) low = aim;
        else high = aim;
        if (low > 0 && high / low < 1.1) break;
    }
    return PARE_OK;
}

/* Gives single groups a cheaper form as long as all holds, those that cost least noise first. */
static pare_status exchange(finder *f)
{
    const pare_mixed_opts *o = f->opts;
    uint64_t tried[1] = { 0 }; /* groups of this round; those beyond 64 are left */
    const size_t n = o->n_groups < 64 ? o->n_groups : 64;
    while (f->out->n_trials < f->most_trials && is_met(f)) {
        size_t best = n;
        uint32_t form = 0;
        double least = INFINITY;
        for (size_t g = 0; g < n; g++)
            for (uint32_t k = f->out->choice[g] + 1; k < o->n_forms; k++) {
                const double more = f->out->noise[g * o->n_forms + k] -
                                    f->out->noise[g * o->n_forms + f->out->choice[g]];
                if (tried[0] >> g & 1 || !is_allowed(o, g, k) || !(more < least)) continue;
                least = more;
                best = g;
                form = k;
            }
        if (best == n) break;
        pare_judged judged;
        tried[0] |= UINT64_C(1) << best;
        memcpy(f->choice, f->out->choice, o->n_groups * sizeof(*f->choice));
        f->choice[best] = form;
        PARE_TRY(attempt(f, f->choice, &judged));
    }
    return PARE_OK;
}

/* --- the end ---------------------------------------------------------------------------------- */

static void conclude(finder *f)
{
    pare_mixed *out = f->out;
    const pare_judged *j = &out->judged;
    size_t n_safe = 0;
    for (size_t g = 0; g < f->opts->n_groups; g++) n_safe += out->choice[g] == 0;
    out->end = is_met(f)                                 ? PARE_MIXED_MET
               : excess_of(f->opts, j) > 0 && drop_holds(f->opts, j) ? PARE_MIXED_TOO_COSTLY
                                                         : PARE_MIXED_TOO_LOSSY;
    if (out->end == PARE_MIXED_TOO_LOSSY)
        snprintf(out->reason, sizeof(out->reason),
                 "a drop of %.3g points is the least that was found within the limits, above %.3g: "
                 "%zu of %zu groups are left in their safest form",
                 j->drop, f->opts->max_drop, n_safe, f->opts->n_groups);
    if (out->end == PARE_MIXED_TOO_COSTLY)
        snprintf(out->reason, sizeof(out->reason),
                 "costs are %.3g of their limits at best with what loses little enough: %zu of %zu "
                 "groups are left in their safest form",
                 1 + excess_of(f->opts, j), n_safe, f->opts->n_groups);
}

static pare_status start(finder *f)
{
    const size_t n = f->opts->n_groups, m = f->opts->n_forms;
    if (!n || !m) return pare_fail(f->ctx, PARE_EUSAGE, "there is nothing to choose forms for");
    f->most_trials = f->opts->most_trials ? f->opts->most_trials : DEFAULT_TRIALS;
    f->options = pare_alloc_zero(f->ctx, n * m * sizeof(*f->options));
    f->forms = pare_alloc_zero(f->ctx, n * m * sizeof(*f->forms));
    f->sets = pare_alloc_zero(f->ctx, n * sizeof(*f->sets));
    f->choice = pare_alloc_zero(f->ctx, 2 * n * sizeof(*f->choice));
    f->out->choice = pare_alloc_zero(f->ctx, n * sizeof(*f->choice));
    f->picked = f->choice + n;
    return f->options && f->forms && f->sets && f->choice && f->out->choice
               ? PARE_OK
               : pare_fail_memory(f->ctx, n * m * sizeof(*f->options));
}

static pare_status run(finder *f)
{
    const pare_mixed_opts *o = f->opts;
    pare_judged judged;
    PARE_TRY(start(f));
    for (size_t g = 0; g < o->n_groups; g++)
        for (uint32_t form = 0; form < o->n_forms; form++)
            if (is_allowed(o, g, form)) f->choice[g] = form;
    PARE_TRY(attempt(f, f->choice, &judged));
    const bool may_stop = o->max_drop < INFINITY || o->n_forms == 1;
    if (is_met(f) && may_stop) return PARE_OK;
    PARE_TRY(measure_all(f));
    if (!(o->max_drop < INFINITY)) {
        PARE_TRY(solve(f, INFINITY));
        return attempt(f, f->choice, &judged);
    }
    PARE_TRY(narrow(f));
    if (!drop_holds(o, &f->out->judged)) { /* the safest of all is always worth a try */
        memset(f->choice, 0, o->n_groups * sizeof(*f->choice));
        PARE_TRY(attempt(f, f->choice, &judged));
    }
    return exchange(f);
}

pare_status pare_mixed_find(pare_ctx *ctx, pare_mixed *out, const pare_mixed_opts *opts)
{
    finder f = { .ctx = ctx, .opts = opts, .out = out };
    *out = (pare_mixed){ 0 };
    const pare_status st = run(&f);
    if (!st) conclude(&f);
    pare_free(ctx, f.options);
    pare_free(ctx, f.forms);
    pare_free(ctx, f.sets);
    pare_free(ctx, f.choice);
    if (st) pare_mixed_free(ctx, out);
    return st;
}

void pare_mixed_free(pare_ctx *ctx, pare_mixed *mixed)
{
    pare_model_free(ctx, mixed->model);
    pare_free(ctx, mixed->choice);
    pare_free(ctx, mixed->noise);
    mixed->model = NULL;
    mixed->choice = NULL;
    mixed->noise = NULL;
}
