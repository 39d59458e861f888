/* Choosing one option for each of many items, so that the loss is least and costs stay within
 * limits: which form each layer gets, how much is taken from each. Pure numbers.
 *
 * A multiple-choice knapsack. The options of an item that can be best are the corners of the lower
 * convex hull of loss over cost; steps along these hulls, the cheapest in loss per cost first, give
 * the best assignments for a sequence of costs (Lagrange's multipliers), and a round of exchanges
 * makes use of what the last whole step left over. */
#ifndef PARE_SEARCH_ASSIGN_H
#define PARE_SEARCH_ASSIGN_H

#include "base/ctx.h"

#include <stdbool.h>

enum { PARE_MAX_COSTS = 8 };

/* One way for one item. */
typedef struct pare_choice_option {
    double loss;              /* finite; what it does to the result, added up over items */
    double costs[PARE_MAX_COSTS]; /* finite and >= 0, added up likewise: bytes, joules, ... */
} pare_choice_option;

typedef struct pare_choice_set {
    const pare_choice_option *options; /* [n] */
    size_t n;                 /* > 0 */
} pare_choice_set;

typedef struct pare_assign_opts {
    size_t n_costs;
    double limits[PARE_MAX_COSTS]; /* of the sums; INFINITY: none */
    double max_loss;          /* INFINITY: none. With it, and limits that hold, the costs are made
                                 small as far as the loss allows; without it the loss is made small
                                 as far as the limits allow */
    double weights[PARE_MAX_COSTS]; /* of the costs where they are made small; all 0: each by its
                                 largest possible sum */
} pare_assign_opts;

typedef struct pare_assigned {
    bool feasible;            /* limits and max_loss hold; else what comes nearest is chosen */
    double loss, costs[PARE_MAX_COSTS];
    uint64_t n_swaps;         /* exchanges that improved on the hulls' choice */
} pare_assigned;

/* Chooses: choice [n_sets] receives the index of an option of each. Equal options are decided by
 * their index, so that the result is the same everywhere. EUSAGE for an empty set, or numbers that
 * are NaN, infinite or negative costs; ENOMEM. */
pare_status pare_assign(pare_ctx *ctx, uint32_t *choice, pare_assigned *out,
                        const pare_choice_set *sets, size_t n_sets, const pare_assign_opts *opts);

#endif
