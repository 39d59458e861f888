/* Mixed precision: which nodes get few bits, when not all of them can without losing too much. What
 * each node's form costs is measured by itself, the cheapest assignment within the limits is solved
 * for (search/assign.h), and it is then built and judged as a whole. */
#ifndef PARE_QUANT_MIXED_H
#define PARE_QUANT_MIXED_H

#include "ir/model.h"
#include "search/assign.h"

/* What a model is worth. */
typedef struct pare_judged {
    double noise;             /* at its outputs, by signal: adds up over what was quantized */
    double drop;              /* in points, of what the limit is about; NaN: not asked for */
    double costs[PARE_MAX_COSTS];
} pare_judged;

/* How models come to be and are judged. Groups are what is given one form: a product and what hangs
 * on it. Form 0 is the safest of all. */
typedef struct pare_mixed_opts {
    size_t n_groups, n_forms;
    uint32_t asked;           /* the form that all groups are to have if limits hold; where it is
                                 not allowed, the next one below */
    const bool *allowed;      /* [n_groups * n_forms] NULL: all are; form 0 always is */
    /* Makes the model in which group g has form choice[g]; for the caller to free. rough: it will
     * be looked at for its noise only. */
    pare_status (*build)(void *user, pare_ctx *ctx, pare_model **out, const uint32_t *choice,
                         bool rough);
    /* Judges it; rough: noise and costs only, on few samples. */
    pare_status (*judge)(void *user, pare_ctx *ctx, pare_judged *out, const pare_model *model,
                         bool rough);
    void *user;
    size_t n_costs;           /* the first is what is made small, as far as the drop allows */
    double limits[PARE_MAX_COSTS]; /* INFINITY: none */
    const char *names[PARE_MAX_COSTS]; /* of costs, for words */
    double max_drop;          /* INFINITY: none */
    uint32_t most_trials;     /* models built and judged as a whole; 0: 12 */
    uint64_t max_ms;          /* after which what was found is taken; 0: never */
} pare_mixed_opts;

typedef enum pare_mixed_end {
    PARE_MIXED_MET,           /* all limits hold */
    PARE_MIXED_TOO_LOSSY,     /* costs hold, and nothing that was tried within them loses little
                                 enough */
    PARE_MIXED_TOO_COSTLY,    /* even the cheapest forms cost more than the limits */
} pare_mixed_end;

typedef struct pare_mixed {
    pare_model *model;        /* the best that was built, for the caller to free */
    uint32_t *choice;         /* [n_groups] of it, likewise with pare_free */
    pare_judged judged;
    pare_mixed_end end;
    double *noise;            /* [n_groups * n_forms] measured of each alone, likewise freed; NULL:
                                 nothing had to be measured */
    uint32_t n_measured, n_trials;
    bool cut;                 /* max_ms ended the search */
    char reason[256];         /* why a limit is missed, and what comes nearest; "" if none is */
} pare_mixed;

/* Finds it: everything in the form that is asked for first, which may do. Else each form of each
 * group is measured with all others at form 0. With limits on costs the least noise within them is
 * solved for, built and judged; where costs are no sums (memory) limits are tightened until they
 * hold; while the drop is too large, pairs of groups exchange noise for costs, those first that
 * should add the least noise. Without such limits, or when these do not leave enough, assignments
 * of ever less noise are built until the drop holds, between which the search is narrowed down; at
 * the end single groups are given cheaper forms, the least noisy first, as long as all holds. The
 * best of all that was built stays. The same for the same answers of build and judge, unless time
 * cuts it. Fails as these do; EUSAGE for no groups or forms; ENOMEM. */
pare_status pare_mixed_find(pare_ctx *ctx, pare_mixed *out, const pare_mixed_opts *opts);
void pare_mixed_free(pare_ctx *ctx, pare_mixed *mixed); /* accepts a zeroed one */

#endif
