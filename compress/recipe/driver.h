/* The driver: runs a recipe on a model. Every step works on a clone, is looked at before and after,
 * and is rolled back where it breaks its promise: where it fails, where nothing becomes less, and
 * where a limit that it can be judged by stops holding. Limits are the goals of its searches. Gates
 * are not its business: who calls judges what comes out. */
#ifndef PARE_RECIPE_DRIVER_H
#define PARE_RECIPE_DRIVER_H

#include "base/contract/report.h"
#include "recipe/cache.h"
#include "recipe/recipe.h"
#include "stats/metrics.h"

/* What became of a step. Texts live in the arena of the result. */
typedef struct pare_driver_step {
    const pare_recipe_step *from; /* of the recipe */
    pare_step_outcome outcome;
    size_t way;               /* 0: of all ways; else it is the n-th one's */
    double seconds;
    pare_report_figures before, after; /* on the target; after: also where it was rolled back */
    bool has_figures;
    double drop, agreement;   /* after it, against the model that came in; NaN: not judged, or not
                                 asked for */
    bool kept;                /* it is part of the model that came out */
    const char *reason;       /* why not, or why a limit does not hold; NULL */
} pare_driver_step;

typedef struct pare_driver_env {
    pare_step_env step;       /* what steps work with; max_drop, goals, file_bytes are set by the
                                 driver, max_ms is that of the whole */
    const pare_limit *limits; /* [PARE_N_LIMITS] */
    uint32_t metrics;         /* bits, as pare_evaluate_opts */
    pare_score_id judged;

    /* Exact bytes of the files that the model would be written to; NULL: weights are counted. */
    pare_status (*size)(void *user, pare_ctx *ctx, const pare_model *model, uint64_t *bytes);
    /* Called for a clone that a step has changed, before it is looked at: to write into its
     * metadata what was done. NULL: nothing is. */
    pare_status (*note)(void *user, pare_ctx *ctx, pare_model *model, const char *what);
    /* Called when a step is done with; NULL: nobody listens. */
    void (*tell)(void *user, const pare_driver_step *step);
    void *user;
    pare_step_cache *cache;   /* of runs on this very model that share all but the recipe and what
                                 keys tell; NULL: there is none */
} pare_driver_env;

typedef struct pare_recipe_result {
    pare_arena arena;
    pare_model *model;        /* the best; a clone of the input where nothing was kept */
    pare_driver_step *steps;  /* [n_steps] in the order they were run in */
    size_t n_steps, cap;
    pare_report_figures input, output; /* of the models that came in and out */
    bool has_figures;
    size_t n_kept;            /* steps that changed what it computes, and remain */
    double drop, agreement;   /* of model; NaN: not judged */
    size_t way;               /* that was taken; 0: there is one alone */
    bool cut;                 /* the time was used up before all was done */
    pare_status failed;       /* of the first step that could not do its work; OK */
    const char *failure;      /* its message; NULL */
} pare_recipe_result;

/* Runs it: the steps, then each way from there, of which that stays that misses fewest limits, and
 * has least of what the recipe minimizes. Choices are not looked at: they stand for other recipes.
 * EUSAGE for steps whose settings contradict each other or need what is not there; ENOMEM, EBUDGET,
 * ECANCELED, EIO. Other failures of a step are told, and the step rolled back. *result is to be
 * freed in every case. */
pare_status pare_recipe_run(pare_ctx *ctx, pare_recipe_result *result, const pare_model *model,
                            const pare_recipe *recipe, const pare_driver_env *env);
void pare_recipe_result_free(pare_ctx *ctx, pare_recipe_result *result);

/* What a limit is about, of these figures; NaN for those of data, and for what is not known. */
double pare_limit_figure(pare_limit_kind kind, const pare_report_figures *figures);

#endif
