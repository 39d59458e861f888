/* Plans of one model for the shapes that were seen lately, under a limit of bytes. */
#ifndef PARE_RUN_PLAN_CACHE_H
#define PARE_RUN_PLAN_CACHE_H

#include "op/eval.h"
#include "run/plan.h"

typedef struct pare_cached_plan {
    pare_plan *plan;
    uint64_t n_bytes;
    uint64_t last_used;       /* by the cache's clock */
} pare_cached_plan;

/* Zeroed but for model and opts; ends with pare_plan_cache_drop of everything and
 * pare_plan_cache_free. */
typedef struct pare_plan_cache {
    const pare_model *model;
    pare_plan_opts opts;      /* of all plans; without inputs */
    pare_cached_plan *items;  /* [n] */
    size_t n, cap;
    uint64_t clock, n_planned;
    uint32_t n_fixed;         /* plans that were made for a content */
    bool fixing_helps;        /* such a plan left less to be found out than one for any content */
} pare_plan_cache;

void pare_plan_cache_free(pare_ctx *ctx, pare_plan_cache *cache);

/* A plan for these inputs that is there, borrowed; NULL: none is. */
pare_plan *pare_plan_cache_find(pare_plan_cache *cache, const pare_eval_input *inputs, size_t n);

/* Makes one that is not there. Those used longest ago go first, so that it takes their room, until
 * the others take at most `limit` bytes. What planning fails with. */
pare_status pare_plan_cache_add(pare_ctx *ctx, pare_plan_cache *cache, uint64_t limit,
                                const pare_eval_input *inputs, size_t n, pare_plan **out);

/* Lets go of plans that depend on the content of a variable initializer; of all (PARE_NONE). */
void pare_plan_cache_drop(pare_ctx *ctx, pare_plan_cache *cache, pare_value_id value);

#endif
