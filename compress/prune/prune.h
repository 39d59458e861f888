/* Pruning a model: from what the settings ask for to the smaller model, in one call. */
#ifndef PARE_PRUNE_PRUNE_H
#define PARE_PRUNE_PRUNE_H

#include "base/arena.h"
#include "base/contract/target.h"

#include "prune/blocks.h"
#include "prune/channels.h"
#include "prune/meter.h"
#include "prune/rank.h"
#include "prune/settings.h"
#include "prune/sparse.h"
#include "prune/sparse_store.h"

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
    const pare_dataset *judge; /* other samples, for max_drop and min_agreement; NULL: data */
    pare_pool *pool;
    const char *level;        /* of kernels, for base/linalg.h; NULL: "scalar" */
    uint64_t max_memory_bytes; /* that running the model may need; 0: any */
    uint64_t max_ms;          /* after which the search for max_drop takes what it has; 0: never */
} pare_prune_job;

/* What became of a figure that there is a budget for. */
typedef struct pare_prune_met {
    double before, allowed, after; /* mJ, ms, count, bytes; as far as costs are estimated */
    bool holds;
} pare_prune_met;

/* What became of the model. Texts live in the arena. */
typedef struct pare_prune_outcome {
    pare_arena arena;
    pare_prune_settings chosen; /* without any auto, and with limits that make the model again;
                                   lists are those of the job */
    char round_to[24];        /* what chosen.round_to points to */
    pare_prune_report channels; /* of whole channels and heads */
    pare_block_report blocks;
    pare_rank_report ranks;   /* of products that became two */
    pare_sparse_report sparse; /* of single weights */
    char sparsity[24];        /* what chosen.sparsity points to */
    pare_sparse_stored stored; /* how their zeros are stored; all 0 without a pattern */
    const char *use_of_zeros; /* whether the target makes use of them, a sentence; NULL: no
                                 pattern */
    pare_prune_met met[PARE_N_PRUNE_FIGURES]; /* those with a budget */
    double macs_left;         /* share of the multiplications */
    uint32_t n_trials;        /* whole models that max_drop or min_agreement took; 0: it was no
                                 goal */
    bool cut;                 /* max_ms ended the search */
    double drop, agreement;   /* of the last one judged that was kept; NaN */
    const char *missed;       /* why a budget does not hold, and what would help; NULL: all hold */
} pare_prune_outcome;

/* Does all that the settings ask for. With budgets, as much goes as they take, all at once; else
 * max_drop and min_agreement are the goal: the smallest model, to a hundredth or so of its
 * multiplications, that keeps them. EUSAGE for settings that contradict each other, the target or
 * the data; EUNSUPPORTED, naming what blocks, where nothing can go; EFORMAT for data that do not
 * suit; ENOMEM, EBUDGET, ECANCELED. The model is then half changed: work on a clone. Budgets that
 * cannot be reached are no failure: as much goes as may, and outcome->missed says so. *outcome is
 * to be freed in every case. */
pare_status pare_prune(pare_ctx *ctx, pare_model *model, const pare_prune_job *job,
                       pare_prune_outcome *outcome);
void pare_prune_outcome_free(pare_ctx *ctx, pare_prune_outcome *outcome); /* accepts zeroed */

#endif
