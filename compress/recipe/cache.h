/* What steps left of one model, kept for recipes that begin alike: runs of a driver that share a
 * cache do the steps that they have in common once. */
#ifndef PARE_RECIPE_CACHE_H
#define PARE_RECIPE_CACHE_H

#include "ir/model.h"
#include "recipe/step.h"

typedef struct pare_cached_step {
    const char *key;          /* all that decides what comes out */
    pare_model *model;
    pare_step_outcome outcome;
    double drop, agreement;   /* NaN: not judged */
} pare_cached_step;

typedef struct pare_step_cache {
    pare_arena arena;
    pare_cached_step *items;  /* [n] */
    size_t n, cap;
    uint64_t n_hits;          /* steps that were not run again */
} pare_step_cache;

void pare_step_cache_init(pare_ctx *ctx, pare_step_cache *cache);
void pare_step_cache_free(pare_ctx *ctx, pare_step_cache *cache); /* accepts a zeroed one */

/* What is kept under a key; NULL: nothing, or there is no cache. Counts as a hit. */
const pare_cached_step *pare_step_cache_find(pare_step_cache *cache, const char *key);

/* Keeps a clone of the model and a copy of the outcome. ENOMEM, EBUDGET. */
pare_status pare_step_cache_keep(pare_ctx *ctx, pare_step_cache *cache, const char *key,
                                 const pare_model *model, const pare_step_outcome *outcome,
                                 double drop, double agreement);

/* Copies an outcome into one that was begun. ENOMEM, EBUDGET. */
pare_status pare_step_outcome_copy(pare_ctx *ctx, pare_step_outcome *to,
                                   const pare_step_outcome *from);

#endif
