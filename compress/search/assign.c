#include "search/assign.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ROUNDS = 64 };

/* One step along the hull of an item: to another option, at so much loss for each unit of cost. */
typedef struct step {
    double slope;
    uint32_t set, to;
} step;

typedef struct totals {
    double loss, costs[PARE_MAX_COSTS];
} totals;

/* How good an assignment is: less of the first that differs. */
typedef struct rank {
    double violation, value, other;
} rank;

typedef struct solver {
    pare_ctx *ctx;
    const pare_choice_set *sets;
    size_t n_sets;
    const pare_assign_opts *opts;
    double weights[PARE_MAX_COSTS]; /* of one cost made of all */
    bool min_cost;            /* what is made small: that, or the loss */
    uint32_t *choice;         /* [n_sets] */
    step *steps;              /* [n_steps] */
    size_t n_steps;
} solver;

/* --- sums ------------------------------------------------------------------------------------- */

static double cost_of(const solver *s, const double *costs)
{
    double sum = 0;
    for (size_t k = 0; k < s->opts->n_costs; k++) sum += s->weights[k] * costs[k];
    return sum;
}

static const pare_choice_option *option_at(const solver *s, size_t set, uint32_t option)
{
    return &s->sets[set].options[option];
}

static totals totals_of(const solver *s)
{
    totals t = { 0 };
    for (size_t i = 0; i < s->n_sets; i++) {
        const pare_choice_option *o = option_at(s, i, s->choice[i]);
        t.loss += o->loss;
        for (size_t k = 0; k < s->opts->n_costs; k++) t.costs[k] += o->costs[k];
    }
    return t;
}

static totals change(const solver *s, totals t, size_t set, uint32_t from, uint32_t to)
{
    const pare_choice_option *a = option_at(s, set, from), *b = option_at(s, set, to);
    t.loss += b->loss - a->loss;
    for (size_t k = 0; k < s->opts->n_costs; k++) t.costs[k] += b->costs[k] - a->costs[k];
    return t;
}

static double excess(double sum, double limit)
{
    static const double slack = 1e-9; /* sums are rounded */
    if (!(sum > limit * (1 + slack))) return 0;
    return limit > 0 ? sum / limit - 1 : 1 + sum;
}

static rank rank_of(const solver *s, const totals *t)
{
    rank r = { excess(t->loss, s->opts->max_loss), t->loss, cost_of(s, t->costs) };
    for (size_t k = 0; k < s->opts->n_costs; k++)
        r.violation += excess(t->costs[k], s->opts->limits[k]);
    if (s->min_cost) {
        r.other = r.value;
        r.value = cost_of(s, t->costs);
    }
    return r;
}

/* By more than rounding, so that exchanges come to an end. */
static bool is_less(double a, double b)
{
    return a < b - 1e-12 * (fabs(a) + fabs(b));
}

static bool is_better(const rank *a, const rank *b)
{
    if (is_less(a->violation, b->violation) || is_less(b->violation, a->violation))
        return a->violation < b->violation;
    if (is_less(a->value, b->value) || is_less(b->value, a->value)) return a->value < b->value;
    return is_less(a->other, b->other);
}

/* --- hulls ------------------------------------------------------------------------------------ */

static pare_status check(const solver *s)
{
    for (size_t i = 0; i < s->n_sets; i++) {
        bool fine = s->sets[i].n > 0;
        for (size_t o = 0; o < s->sets[i].n; o++) {
            const pare_choice_option *at = &s->sets[i].options[o];
            fine &= isfinite(at->loss);
            for (size_t k = 0; k < s->opts->n_costs; k++)
                fine &= isfinite(at->costs[k]) && at->costs[k] >= 0;
        }
        if (!fine)
            return pare_fail(s->ctx, PARE_EUSAGE,
                             "item %zu to assign has no options, or one with losses or costs that "
                             "are no numbers", i);
    }
    return PARE_OK;
}

/* Each cost by its limit, or as the caller says, or by the largest sum that it can have. */
static void find_weights(solver *s)
{
    bool any = false;
    for (size_t k = 0; k < s->opts->n_costs; k++) any |= s->opts->weights[k] > 0;
    for (size_t k = 0; k < s->opts->n_costs; k++) {
        double most = 0;
        for (size_t i = 0; i < s->n_sets; i++) {
            double largest = 0;
            for (size_t o = 0; o < s->sets[i].n; o++)
                largest = fmax(largest, s->sets[i].options[o].costs[k]);
            most += largest;
        }
        const double limit = s->opts->limits[k];
        const double by = !s->min_cost && limit < most ? fmax(limit, 1e-9 * most) : most;
        if (s->min_cost && any) s->weights[k] = s->opts->weights[k];
        else if (!s->min_cost && !(limit < most)) s->weights[k] = 0; /* holds whatever is chosen */
        else s->weights[k] = by > 0 ? 1 / by : 0;
    }
}

static uint32_t least_loss(const solver *s, size_t set)
{
    uint32_t best = 0;
    for (uint32_t o = 1; o < s->sets[set].n; o++) {
        const pare_choice_option *a = option_at(s, set, o), *b = option_at(s, set, best);
        if (a->loss < b->loss ||
            (a->loss == b->loss && cost_of(s, a->costs) < cost_of(s, b->costs)))
            best = o;
    }
    return best;
}

/* From the least loss on, always to the option that costs least loss for what it saves. */
static void add_steps(solver *s, size_t set)
{
    uint32_t at = s->choice[set] = least_loss(s, set);
    for (;;) {
        const double cost = cost_of(s, option_at(s, set, at)->costs);
        double best = INFINITY, saved = 0;
        uint32_t next = at;
        for (uint32_t o = 0; o < s->sets[set].n; o++) {
            const double saving = cost - cost_of(s, option_at(s, set, o)->costs);
            if (!(saving > 0)) continue;
            const double slope =
                (option_at(s, set, o)->loss - option_at(s, set, at)->loss) / saving;
            if (slope < best || (slope == best && saving > saved)) {
                best = slope;
                saved = saving;
                next = o;
            }
        }
        if (next == at) return;
        s->steps[s->n_steps++] = (step){ best, (uint32_t)set, next };
        at = next;
    }
}

static int by_slope(const void *a, const void *b)
{
    const step *x = a, *y = b;
    if (x->slope != y->slope) return x->slope < y->slope ? -1 : 1;
    return x->set < y->set ? -1 : x->set > y->set;
}

static pare_status find_steps(solver *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_sets; i++) n += s->sets[i].n;
    s->steps = pare_alloc(s->ctx, (n + 1) * sizeof(*s->steps));
    if (!s->steps) return pare_fail_memory(s->ctx, n * sizeof(*s->steps));
    for (size_t i = 0; i < s->n_sets; i++) add_steps(s, i);
    qsort(s->steps, s->n_steps, sizeof(*s->steps), by_slope);
    return PARE_OK;
}

/* Goes down the hulls and back to the best assignment on the way. */
static void descend(solver *s)
{
    totals t = totals_of(s);
    rank best = rank_of(s, &t);
    size_t n_best = 0;
    for (size_t i = 0; i < s->n_steps; i++) {
        const step *at = &s->steps[i];
        t = change(s, t, at->set, s->choice[at->set], at->to);
        s->choice[at->set] = at->to;
        const rank r = rank_of(s, &t);
        if (!is_better(&r, &best)) continue;
        best = r;
        n_best = i + 1;
    }
    for (size_t i = 0; i < s->n_sets; i++) s->choice[i] = least_loss(s, i);
    for (size_t i = 0; i < n_best; i++) s->choice[s->steps[i].set] = s->steps[i].to;
}

/* --- exchanges -------------------------------------------------------------------------------- */

/* Another option for one item, or for one and another item at once. */
static bool improve(solver *s, totals *t, rank *best, size_t i)
{
    const uint32_t from = s->choice[i];
    for (uint32_t o = 0; o < s->sets[i].n; o++) {
        if (o == from) continue;
        const totals one = change(s, *t, i, from, o);
        const rank r = rank_of(s, &one);
        if (is_better(&r, best)) {
            s->choice[i] = o;
            *t = one;
            *best = r;
            return true;
        }
        for (size_t k = i + 1; k < s->n_sets; k++)
            for (uint32_t p = 0; p < s->sets[k].n; p++) {
                if (p == s->choice[k]) continue;
                const totals two = change(s, one, k, s->choice[k], p);
                const rank both = rank_of(s, &two);
                if (!is_better(&both, best)) continue;
                s->choice[i] = o;
                s->choice[k] = p;
                *t = two;
                *best = both;
                return true;
            }
    }
    return false;
}

static uint64_t exchange(solver *s)
{
    totals t = totals_of(s);
    rank best = rank_of(s, &t);
    uint64_t n_swaps = 0;
    bool any = true;
    for (int round = 0; round < MOST_ROUNDS && any; round++) {
        any = false;
        for (size_t i = 0; i < s->n_sets; i++)
            if (improve(s, &t, &best, i)) {
                n_swaps++;
                any = true;
            }
    }
    return n_swaps;
}

/* ---------------------------------------------------------------------------------------------- */

pare_status pare_assign(pare_ctx *ctx, uint32_t *choice, pare_assigned *out,
                        const pare_choice_set *sets, size_t n_sets, const pare_assign_opts *opts)
{
    solver s = { .ctx = ctx, .sets = sets, .n_sets = n_sets, .opts = opts, .choice = choice,
                 .min_cost = opts->max_loss < INFINITY };
    *out = (pare_assigned){ 0 };
    PARE_TRY(check(&s));
    find_weights(&s);
    const pare_status st = find_steps(&s);
    if (!st) {
        descend(&s);
        out->n_swaps = exchange(&s);
        const totals t = totals_of(&s);
        out->loss = t.loss;
        memcpy(out->costs, t.costs, sizeof(out->costs));
        out->feasible = rank_of(&s, &t).violation == 0;
    }
    pare_free(ctx, s.steps);
    return st;
}
