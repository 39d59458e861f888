/* One call of pare_prune: what its parts share. Inside of prune only. */
#ifndef PARE_PRUNE_DRIVER_H
#define PARE_PRUNE_DRIVER_H

#include "prune/asked.h"
#include "prune/choice.h"
#include "prune/meter.h"

typedef struct pare_prune_driver {
    pare_ctx *ctx;
    const pare_prune_job *job;
    pare_prune_outcome *outcome;
    pare_prune_asked asked;
    pare_prune_choice choice;
    pare_prune_meter meter;
    pare_prune_figures before;
    double allowed[PARE_N_PRUNE_FIGURES]; /* of each figure; INFINITY: any */
} pare_prune_driver;

/* prune.c: a pare_prune_cost_fn, at most 1 where all budgets hold. */
pare_status pare_prune_over(void *driver, pare_ctx *ctx, const pare_model *model, double *figure);

/* prune_kinds.c: does what is asked to a prepared model until the budgets hold. */
pare_status pare_prune_once(pare_prune_driver *d, pare_model *model);

/* prune_search.c: the same, with as small a budget as max_drop and min_agreement bear. */
pare_status pare_prune_search(pare_prune_driver *d, pare_model *model);

#endif
