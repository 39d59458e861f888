#include "quant/ranges.h"

#include "quant/ranges_trial.h"

#include <math.h>

enum { HELD_OUT_OF = 4, MOST_HELD_OUT = 64, LEAST_SPLIT = 8 };

static const double default_percentile = 99.99;

static const struct { const char *name; pare_range_method method; double percentile; }
ways[PARE_N_RANGES_WAYS] = {
    { "minmax", PARE_RANGE_MINMAX, 0 },
    { "percentile 99.999", PARE_RANGE_PERCENTILE, 99.999 },
    { "percentile 99.99", PARE_RANGE_PERCENTILE, 99.99 },
    { "mse", PARE_RANGE_MSE, 0 },
    { "entropy", PARE_RANGE_ENTROPY, 0 },
};

const char *pare_ranges_name(pare_ranges_way way)
{
    return way < PARE_N_RANGES_WAYS ? ways[way].name : "mixed";
}

uint64_t pare_ranges_held_out(uint64_t n)
{
    if (n < LEAST_SPLIT) return 0;
    return n / HELD_OUT_OF < MOST_HELD_OUT ? n / HELD_OUT_OF : MOST_HELD_OUT;
}

typedef struct chooser {
    pare_ctx *ctx;
    const pare_model *model;
    const pare_survey *survey, *rest;
    const pare_ranges_opts *opts;
    pare_ranges_report *report;
    pare_range_sets sets;
    pare_histogram *joined;   /* room for one */
} chooser;

/* --- candidates ------------------------------------------------------------------------------- */

static pare_status find_sets(chooser *c)
{
    const pare_placement *p = c->opts->placement;
    c->sets.sets = pare_alloc_zero(c->ctx, (p->n_values + 1) * sizeof(*c->sets.sets));
    c->sets.set_of = pare_alloc(c->ctx, (p->n_values + 1) * sizeof(*c->sets.set_of));
    c->joined = pare_alloc(c->ctx, sizeof(*c->joined));
    if (!c->sets.sets || !c->sets.set_of || !c->joined)
        return pare_fail_memory(c->ctx, p->n_values * sizeof(*c->sets.sets));
    for (size_t v = 0; v < p->n_values; v++) c->sets.set_of[v] = PARE_NONE;
    for (pare_value_id v = 0; v < p->n_values; v++) {
        if (!p->quantized[v]) continue;
        const pare_value_id root = p->grid[v]; /* the first of its set, though perhaps a float */
        if (c->sets.set_of[root] == PARE_NONE) {
            c->sets.sets[c->sets.n].root = root;
            c->sets.set_of[root] = (uint32_t)c->sets.n++;
        }
        c->sets.set_of[v] = c->sets.set_of[root];
    }
    return PARE_OK;
}

static void join(const chooser *c, const pare_survey *survey, uint32_t set)
{
    for (size_t i = 0; survey && i < survey->n; i++) {
        const pare_value_id v = survey->values[i].item.value;
        if (v < c->opts->placement->n_values && c->opts->placement->quantized[v] &&
            c->sets.set_of[v] == set)
            pare_histogram_merge(c->joined, &survey->values[i].histogram);
    }
}

static pare_grid grid_by(const chooser *c, pare_ranges_way way)
{
    double min, max;
    return pare_range_choose(c->joined, c->opts->form, ways[way].method, ways[way].percentile,
                             &min, &max);
}

static bool same_grid(const pare_grid *a, const pare_grid *b)
{
    return a->scale == b->scale && a->zero == b->zero;
}

static void find_candidates(chooser *c, uint32_t index)
{
    pare_range_set *set = &c->sets.sets[index];
    pare_histogram_init(c->joined);
    join(c, c->survey, index);
    for (uint8_t way = 0; way < PARE_N_RANGES_WAYS; way++) {
        set->grids[way] = grid_by(c, (pare_ranges_way)way);
        set->same_as[way] = way;
        for (uint8_t other = way; other-- > 0;)
            if (same_grid(&set->grids[other], &set->grids[way])) set->same_as[way] = other;
    }
}

/* --- choosing --------------------------------------------------------------------------------- */

/* The least noise; of equals, and where nothing could be measured, least squared error. */
static void choose(pare_range_set *set)
{
    set->chosen = PARE_RANGES_MSE;
    if (!set->is_read) return;
    for (uint8_t way = 0; way < PARE_N_RANGES_WAYS; way++) {
        const double error = set->error[set->same_as[way]];
        if (error < set->error[set->same_as[set->chosen]]) set->chosen = way;
    }
}

/* The least noise of the first n trials, if it is clearly less: of ways that are about as good, the
 * one that needed no choosing. */
static pare_ranges_way best_of(const double *error, int n, pare_ranges_way unless)
{
    static const double clearly = 0.85;
    pare_ranges_way best = unless;
    double least = clearly * error[best];
    for (int way = 0; way < n; way++) {
        if (!(error[way] < least)) continue;
        best = (pare_ranges_way)way;
        least = error[way];
    }
    return best;
}

/* Ways that do about as well as the best one on the whole model. What does much worse cuts off what
 * few samples have: those at hand may not show it at every grid. */
static uint32_t trusted(const double *error, double least)
{
    static const double about = 1.5;
    uint32_t ways_left = 0;
    for (int way = 0; way < PARE_N_RANGES_WAYS; way++)
        if (!(error[way] > about * least)) ways_left |= UINT32_C(1) << way;
    return ways_left;
}

static pare_status choose_each(chooser *c)
{
    pare_ranges_report *r = c->report;
    const uint32_t mixed = UINT32_C(1) << PARE_RANGES_MIXED;
    PARE_TRY(
        pare_ranges_measure_all(c->ctx, r->error, c->model, mixed - 1, &c->sets, c->opts));
    const pare_ranges_way single = best_of(r->error, PARE_N_RANGES_WAYS, PARE_RANGES_MSE);
    const uint32_t left = trusted(r->error, r->error[single]);
    PARE_TRY(pare_ranges_measure_each(c->ctx, c->model, left, &c->sets, c->opts));
    for (size_t i = 0; i < c->sets.n; i++) choose(&c->sets.sets[i]);
    PARE_TRY(pare_ranges_measure_all(c->ctx, r->error, c->model, mixed, &c->sets, c->opts));
    r->kept = isnan(r->error[single]) ? PARE_RANGES_MIXED
                                      : best_of(r->error, PARE_N_RANGES_TRIALS, single);
    for (size_t i = 0; i < c->sets.n; i++) {
        if (r->kept != PARE_RANGES_MIXED) c->sets.sets[i].chosen = (uint8_t)r->kept;
        r->by_way[c->sets.sets[i].chosen]++;
    }
    return PARE_OK;
}

static void set_grids(chooser *c, pare_grid *grids)
{
    const double percentile = c->opts->percentile > 0 ? c->opts->percentile : default_percentile;
    for (uint32_t i = 0; i < c->sets.n; i++) {
        const pare_range_set *set = &c->sets.sets[i];
        double min, max;
        pare_histogram_init(c->joined);
        join(c, c->survey, i);
        join(c, c->rest, i);
        c->report->n_bad += c->joined->n_bad;
        c->report->n_constant += !c->joined->n || c->joined->min == c->joined->max;
        grids[set->root] =
            c->opts->automatic
                ? grid_by(c, (pare_ranges_way)set->chosen)
                : pare_range_choose(c->joined, c->opts->form, c->opts->method, percentile, &min,
                                    &max);
    }
    c->report->n_grids = c->sets.n;
}

pare_status pare_ranges_choose(pare_ctx *ctx, pare_grid *grids, const pare_model *model,
                               const pare_survey *survey, const pare_survey *rest,
                               const pare_ranges_opts *opts, pare_ranges_report *report)
{
    chooser c = { .ctx = ctx, .model = model, .survey = survey, .rest = rest, .opts = opts,
                  .report = report };
    *report = (pare_ranges_report){ .kept = PARE_RANGES_MIXED };
    for (int way = 0; way < PARE_N_RANGES_TRIALS; way++) report->error[way] = NAN;
    pare_status st = find_sets(&c);
    for (uint32_t i = 0; !st && opts->automatic && i < c.sets.n; i++) find_candidates(&c, i);
    if (!st && opts->automatic) st = choose_each(&c);
    if (!st) set_grids(&c, grids);
    pare_free(ctx, c.sets.sets);
    pare_free(ctx, c.sets.set_of);
    pare_free(ctx, c.joined);
    return st;
}
