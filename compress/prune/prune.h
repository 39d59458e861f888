/* Pruning a model: from what the settings ask for to the smaller model, in one call. */
#ifndef PARE_PRUNE_PRUNE_H
#define PARE_PRUNE_PRUNE_H

#include "base/arena.h"
#include "base/contract/target.h"

#include "prune/channels.h"
#include "prune/settings.h"

/* A figure that may remain. */
typedef struct pare_prune_budget {
    bool given;
    bool relative;            /* value is a share of the model's figure */
    double value;             /* mJ, ms, count, bytes */
} pare_prune_budget;

typedef struct pare_prune_job {
    const pare_prune_settings *settings; /* its `limits` are not looked at: budgets say */
    pare_prune_budget budgets[PARE_N_PRUNE_FIGURES];
    double max_drop;          /* points that may be lost on `judge`; INFINITY: any */
    double min_agreement;     /* share of answers on `judge` that stay; 0: any */
    const pare_target *target; /* that decides: what things cost, which widths it likes */
    const pare_infer_opts *shapes; /* sizes that costs are counted for, every dim known */
    uint64_t batch;           /* inferences that one run with these makes; 0: 1 */
    uint64_t file_bytes;      /* of the model as it is stored; 0: its weights alone */
    const pare_dataset *data; /* to choose and to repair with; NULL: there is none */
    const pare_dataset *judge; /* other samples, for max_drop and min_agreement; NULL */
    pare_pool *pool;
    const char *level;        /* of kernels, for base/linalg.h; NULL: "scalar" */
    uint64_t max_memory_bytes; /* that running the model may need; 0: any */
    uint64_t seed;
} pare_prune_job;

/* What became of a figure that there is a budget for. */
typedef struct pare_prune_met {
    double before, allowed, after; /* mJ, ms, count, bytes; as far as costs are estimated */
    bool holds;
} pare_prune_met;

/* What became of the model. Texts live in the arena. */
typedef struct pare_prune_outcome {
    pare_arena arena;
    pare_prune_settings chosen; /* without any auto; lists are not copied */
    const char *why;          /* that was chosen, a sentence; NULL: it was asked for */
    pare_prune_report channels; /* of whole channels */
    pare_prune_met met[PARE_N_PRUNE_FIGURES]; /* those with a budget */
    uint32_t n_trials;        /* whole models that max_drop took */
} pare_prune_outcome;

/* Does all that the settings ask for. EUSAGE for settings that contradict each other or need what
 * is not there; EUNSUPPORTED, naming what blocks, where nothing can go; EFORMAT for data that do
 * not suit; ENOMEM, EBUDGET, ECANCELED. The model is then half changed: work on a clone. Budgets
 * that cannot be reached are no failure: outcome->met tells what is left. *outcome is to be freed
 * in every case. */
pare_status pare_prune(pare_ctx *ctx, pare_model *model, const pare_prune_job *job,
                       pare_prune_outcome *outcome);
void pare_prune_outcome_free(pare_ctx *ctx, pare_prune_outcome *outcome); /* accepts zeroed */

#endif
