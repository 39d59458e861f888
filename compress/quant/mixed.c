#include "quant/mixed.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DEFAULT_TRIALS = 12, NARROWINGS = 6, TIGHTENINGS = 3,
       MUCH_NOISE = 16 };

typedef struct finder {
    pare_ctx *ctx;
    const pare_mixed_opts *opts;
    pare_mixed *out;
    pare_choice_option *options;     /* [n_groups * n_forms], allowed ones first in each group */
    uint32_t *forms;          /* [n_groups * n_forms] of these options */
    pare_choice_set *sets;    /* [n_groups] */
    uint32_t *choice, *picked; /* [n_groups] forms; indices of options */
    uint32_t *now;            /* [n_groups] forms that exchanges start from */
    pare_judged judged;       /* of these */
    double *costs;            /* [n_groups * n_forms * n_costs] of each form, as noise has it */
    uint32_t most_trials;
    struct timespec begun;
} finder;

/* --- time ------------------------------------------------------------------------------------- */

/* Whether another model may be built. */
static bool has_time(finder *f)
{
    struct timespec now;
    if (!f->opts->max_ms || f->out->cut) return !f->out->cut;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const double ms = 1e3 * (double)(now.tv_sec - f->begun.tv_sec) +
                      1e-6 * (double)(now.tv_nsec - f->begun.tv_nsec);
    f->out->cut = ms >= (double)f->opts->max_ms;
    return !f->out->cut;
}

static bool may_try(finder *f)
{
    return f->out->n_trials < f->most_trials && has_time(f);
}

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

static bool has_cost_limits(const pare_mixed_opts *o)
{
    for (size_t k = 0; k < o->n_costs; k++)
        if (o->limits[k] < INFINITY) return true;
    return false;
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

static double *cost_at(const finder *f, size_t group, size_t form)
{
    return f->costs + (group * f->opts->n_forms + form) * PARE_MAX_COSTS;
}

/* Costs beyond those of form 0 become ones whose sums come out right, none below 0: each group has
 * at least what it can save. */
static void spread(finder *f, const pare_judged *safest)
{
    const pare_mixed_opts *o = f->opts;
    for (size_t k = 0; k < o->n_costs; k++) {
        double sum = 0;
        for (int pass = 0; pass < 2; pass++) {
            const double rest = fmax(safest->costs[k] - sum, 0) / (double)o->n_groups;
            for (size_t g = 0; g < o->n_groups; g++) {
                double most = 0;
                for (size_t i = 0; i < f->sets[g].n; i++)
                    most = fmax(most, -cost_at(f, g, f->forms[g * o->n_forms + i])[k]);
                if (!pass) sum += most;
                for (size_t i = 0; pass && i < f->sets[g].n; i++) {
                    double *at = &cost_at(f, g, f->forms[g * o->n_forms + i])[k];
                    *at += most + rest;
                    f->options[g * o->n_forms + i].costs[k] = fmax(*at, 0);
                }
            }
        }
    }
}

/* Options of one group: noise and costs beyond those of form 0 everywhere. */
static pare_status measure_group(finder *f, size_t g, const pare_judged *safest)
{
    static const double broken = 1e3; /* NaN at the output: noise far above the signal */
    const pare_mixed_opts *o = f->opts;
    const size_t m = o->n_forms;
    pare_choice_option *options = f->options + g * m;
    size_t n_options = 0;
    for (uint32_t form = 0; form < m; form++) {
        if (!is_allowed(o, g, form)) continue;
        pare_judged judged = *safest;
        f->choice[g] = form;
        if (form) PARE_TRY(measure(f, f->choice, &judged));
        pare_choice_option *at = &options[n_options];
        f->forms[g * m + n_options++] = form;
        at->loss = isfinite(judged.noise) ? fmax(judged.noise - safest->noise, 0) : broken;
        f->out->noise[g * m + form] = at->loss;
        for (size_t k = 0; k < o->n_costs; k++)
            cost_at(f, g, form)[k] = judged.costs[k] - safest->costs[k];
    }
    f->choice[g] = 0;
    f->sets[g] = (pare_choice_set){ options, n_options };
    return PARE_OK;
}

static pare_status measure_all(finder *f)
{
    const size_t n = f->opts->n_groups, m = f->opts->n_forms;
    pare_judged safest;
    f->out->noise = pare_alloc_zero(f->ctx, n * m * sizeof(double));
    f->costs = pare_alloc_zero(f->ctx, n * m * PARE_MAX_COSTS * sizeof(double));
    if (!f->out->noise || !f->costs) return pare_fail_memory(f->ctx, n * m * sizeof(double));
    memset(f->choice, 0, n * sizeof(*f->choice));
    PARE_TRY(measure(f, f->choice, &safest));
    for (size_t g = 0; g < n && has_time(f); g++) {
        PARE_TRY(measure_group(f, g, &safest));
        pare_report_count(f->ctx, "sensitivity", "groups", g + 1, n);
    }
    if (!f->out->cut) spread(f, &safest);
    return PARE_OK;
}

/* --- search ----------------------------------------------------------------------------------- */

/* The assignment with at most this noise, costs being within these limits; for INFINITY, the least
 * noise within them. */
static pare_status solve(finder *f, double max_noise, const double *limits)
{
    const pare_mixed_opts *o = f->opts;
    pare_assign_opts how = { .n_costs = o->n_costs, .max_loss = max_noise };
    pare_assigned got;
    for (size_t k = 0; k < o->n_costs; k++) how.limits[k] = limits[k];
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

/* Least noise within the limits; these are tightened while what was built is above them. */
static pare_status solve_within(finder *f)
{
    const pare_mixed_opts *o = f->opts;
    double limits[PARE_MAX_COSTS];
    pare_judged judged;
    f->judged = (pare_judged){ .noise = INFINITY, .drop = INFINITY };
    memcpy(limits, o->limits, sizeof(limits));
    for (int i = 0; i <= TIGHTENINGS && may_try(f); i++) {
        PARE_TRY(solve(f, INFINITY, limits));
        PARE_TRY(attempt(f, f->choice, &judged));
        if (!i || is_better(o, &judged, &f->judged)) {
            f->judged = judged;
            memcpy(f->now, f->choice, o->n_groups * sizeof(*f->now));
        }
        if (excess_of(o, &judged) == 0) return PARE_OK;
        for (size_t k = 0; k < o->n_costs; k++)
            if (judged.costs[k] > o->limits[k])
                limits[k] *= 0.995 * o->limits[k] / judged.costs[k];
    }
    return PARE_OK;
}

/* Halves the noise in decibels between `high`, with which too much is lost, and `low`; 0: none at
 * all. */
static pare_status narrow(finder *f, double low, double high, const double *limits)
{
    pare_judged judged;
    for (int i = 0; i < NARROWINGS && may_try(f); i++) {
        const double aim = low > 0 ? sqrt(low * high) : high / 4;
        PARE_TRY(solve(f, aim, limits));
        PARE_TRY(attempt(f, f->choice, &judged));
        if (drop_holds(f->opts, &judged)) low = aim;
        else high = aim;
        if (low > 0 && high / low < 1.1) break;
    }
    return PARE_OK;
}

/* --- exchanges -------------------------------------------------------------------------------- */

/* Gives single groups a cheaper form as long as all holds, those that cost least noise first. */
static pare_status exchange(finder *f)
{
    const pare_mixed_opts *o = f->opts;
    uint64_t tried[1] = { 0 }; /* groups of this round; those beyond 64 are left */
    const size_t n = o->n_groups < 64 ? o->n_groups : 64, m = o->n_forms;
    while (is_met(f) && may_try(f)) {
        size_t best = n;
        uint32_t form = 0;
        double least = INFINITY;
        for (size_t g = 0; g < n; g++)
            for (uint32_t k = 0; k < m; k++) {
                const uint32_t now = f->out->choice[g];
                const double more = f->out->noise[g * m + k] - f->out->noise[g * m + now];
                if (tried[0] >> g & 1 || !is_allowed(o, g, k) || !(more < least) ||
                    !(cost_at(f, g, k)[0] < cost_at(f, g, now)[0]))
                    continue;
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

typedef struct swap {
    size_t up, down;          /* groups */
    uint32_t up_form, down_form;
    double more;              /* noise */
} swap;

/* Whether costs hold by what was measured, from what the best model's are. */
static bool swap_fits(const finder *f, const swap *s)
{
    const pare_mixed_opts *o = f->opts;
    const uint32_t *now = f->now;
    for (size_t k = 0; k < o->n_costs; k++) {
        const double more =
            cost_at(f, s->up, s->up_form)[k] - cost_at(f, s->up, now[s->up])[k] +
            cost_at(f, s->down, s->down_form)[k] - cost_at(f, s->down, now[s->down])[k];
        if (more > 0 && f->judged.costs[k] + more > o->limits[k]) return false;
    }
    return true;
}

/* The exchange that should add the least noise among those that add more than the last one: one
 * group gets a form of less noise, another pays for it; or only the latter. */
static bool find_swap(const finder *f, swap *best, const swap *last)
{
    const pare_mixed_opts *o = f->opts;
    const size_t n = o->n_groups, m = o->n_forms;
    const double *noise = f->out->noise;
    bool found = false;
    for (size_t up = 0; up < n; up++)
        for (size_t down = 0; down < n; down++)
            for (uint32_t i = 0; up != down && i < m * m; i++) {
                swap s = { up, down, (uint32_t)(i / m), (uint32_t)(i % m), 0 };
                const double less = noise[up * m + f->now[up]] - noise[up * m + s.up_form];
                s.more = noise[down * m + s.down_form] - noise[down * m + f->now[down]] - less;
                if (!is_allowed(o, up, s.up_form) || !is_allowed(o, down, s.down_form) ||
                    (s.up_form == f->now[up] && s.down_form == f->now[down]) ||
                    less < 0 || !(s.more > last->more) || (found && !(s.more < best->more)) ||
                    !swap_fits(f, &s))
                    continue;
                *best = s;
                found = true;
            }
    return found;
}

/* Noise adds up but about: exchanges that should make little difference, tried as wholes. */
static pare_status swap_round(finder *f)
{
    const pare_mixed_opts *o = f->opts;
    swap last = { .more = -INFINITY }, s;
    while (!drop_holds(o, &f->judged) && may_try(f) && find_swap(f, &s, &last)) {
        pare_judged judged;
        memcpy(f->choice, f->now, o->n_groups * sizeof(*f->choice));
        f->choice[s.up] = s.up_form;
        f->choice[s.down] = s.down_form;
        PARE_TRY(attempt(f, f->choice, &judged));
        last.more = s.more;
        if (!is_better(o, &judged, &f->judged)) continue;
        last.more = -INFINITY;
        f->judged = judged;
        memcpy(f->now, f->choice, o->n_groups * sizeof(*f->now));
    }
    return PARE_OK;
}

/* --- the end ---------------------------------------------------------------------------------- */

/* Names the limit that is missed by most. */
static void say_costly(finder *f, size_t n_safe)
{
    const pare_mixed_opts *o = f->opts;
    const pare_judged *j = &f->out->judged;
    size_t worst = 0;
    double most = 0;
    for (size_t k = 0; k < o->n_costs; k++) {
        const double part = o->limits[k] > 0 ? j->costs[k] / o->limits[k] : INFINITY;
        if (!(j->costs[k] > o->limits[k]) || part <= most) continue;
        most = part;
        worst = k;
    }
    snprintf(f->out->reason, sizeof(f->out->reason),
             "%s is %.3g times its limit at best with what loses little enough: %zu of %zu groups "
             "are left in their safest form",
             o->names[worst] ? o->names[worst] : "a cost", most, n_safe, o->n_groups);
}

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
    if (out->end == PARE_MIXED_TOO_COSTLY) say_costly(f, n_safe);
}

static pare_status start(finder *f)
{
    const size_t n = f->opts->n_groups, m = f->opts->n_forms;
    if (!n || !m) return pare_fail(f->ctx, PARE_EUSAGE, "there is nothing to choose forms for");
    f->most_trials = f->opts->most_trials ? f->opts->most_trials : DEFAULT_TRIALS;
    f->options = pare_alloc_zero(f->ctx, n * m * sizeof(*f->options));
    f->forms = pare_alloc_zero(f->ctx, n * m * sizeof(*f->forms));
    f->sets = pare_alloc_zero(f->ctx, n * sizeof(*f->sets));
    f->choice = pare_alloc_zero(f->ctx, 3 * n * sizeof(*f->choice));
    f->out->choice = pare_alloc_zero(f->ctx, n * sizeof(*f->choice));
    if (!f->options || !f->forms || !f->sets || !f->choice || !f->out->choice)
        return pare_fail_memory(f->ctx, n * m * sizeof(*f->options));
    f->picked = f->choice + n;
    f->now = f->picked + n;
    return PARE_OK;
}

/* What loses little enough, as cheap as can be. */
static pare_status search_drop(finder *f, double low, double high, const double *limits)
{
    PARE_TRY(narrow(f, low, high, limits));
    if (!drop_holds(f->opts, &f->out->judged) && !f->out->cut) {
        pare_judged judged; /* the safest of all is always worth a try */
        memset(f->choice, 0, f->opts->n_groups * sizeof(*f->choice));
        PARE_TRY(attempt(f, f->choice, &judged));
    }
    return exchange(f);
}

static pare_status search(finder *f, const pare_judged *asked)
{
    const pare_mixed_opts *o = f->opts;
    static const double none[PARE_MAX_COSTS] = { INFINITY, INFINITY, INFINITY, INFINITY,
                                                 INFINITY, INFINITY, INFINITY, INFINITY };
    const double high = noise_of_choice(f, f->out->choice); /* of the first trial */
    if (!has_cost_limits(o)) return search_drop(f, 0, high, none);
    PARE_TRY(solve_within(f));
    PARE_TRY(swap_round(f));
    const double low = noise_of_choice(f, f->now);
    if (!drop_holds(o, &f->judged)) return search_drop(f, 0, low > 0 ? low : high, none);
    /* The limits may leave more than is needed: what is cheaper by the first cost may do. */
    if (!is_met(f) || !(o->max_drop < INFINITY)) return PARE_OK;
    return search_drop(f, low, !drop_holds(o, asked) && high > low ? high : MUCH_NOISE * low,
                       o->limits);
}

static pare_status run(finder *f)
{
    const pare_mixed_opts *o = f->opts;
    pare_judged judged;
    PARE_TRY(start(f));
    for (size_t g = 0; g < o->n_groups; g++) {
        f->choice[g] = o->asked;
        while (!is_allowed(o, g, f->choice[g])) f->choice[g]--;
    }
    PARE_TRY(attempt(f, f->choice, &judged));
    if (is_met(f) || o->n_forms == 1 || !has_time(f)) return PARE_OK;
    PARE_TRY(measure_all(f));
    return f->out->cut ? PARE_OK : search(f, &judged);
}

pare_status pare_mixed_find(pare_ctx *ctx, pare_mixed *out, const pare_mixed_opts *opts)
{
    finder f = { .ctx = ctx, .opts = opts, .out = out };
    *out = (pare_mixed){ 0 };
    clock_gettime(CLOCK_MONOTONIC, &f.begun);
    const pare_status st = run(&f);
    if (!st) conclude(&f);
    pare_free(ctx, f.costs);
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
