/* One model run by several threads at once, each on a sample of its own: weights are packed once
 * and plans are shared, every thread has its session. Shapes may differ from sample to sample. */
#ifndef PARE_STATS_REPLICAS_H
#define PARE_STATS_REPLICAS_H

#include "run/runner.h"

typedef struct pare_replicas pare_replicas;

typedef struct pare_replicas_opts {
    uint32_t n_workers;
    const pare_kernels *kernels;   /* NULL: as pare_plan_kernels says */
    pare_sums sums;                /* of products of 8 bits: see pare_plan_opts */
    uint64_t max_memory_bytes;     /* that all workers together may need; 0: any */
    const pare_value_id *kept;     /* [n_kept] values that observers see, by the model's handles */
    size_t n_kept;
    pare_observe_fn *observe;      /* NULL: nobody looks */
    void *const *users;            /* [n_workers] what observe is handed */
} pare_replicas_opts;

/* Copies the model, sharing its tensors, and folds what is constant. ENOMEM, and as
 * pare_runner_new. */
pare_status pare_replicas_new(pare_ctx *ctx, pare_replicas **out, const pare_model *model,
                              const pare_replicas_opts *opts);

/* The contexts that workers ran with must still be there. Accepts NULL. */
void pare_replicas_free(pare_ctx *ctx, pare_replicas *replicas);

/* Runs once, as pare_runner_run; called by several threads at once, each with a worker's number of
 * its own (below n_workers) and a context that stays. EBUDGET, before anything is computed, when
 * all workers together would need more than max_memory_bytes. */
pare_status pare_replicas_run(pare_ctx *ctx, pare_datum **out, pare_replicas *replicas,
                              uint32_t worker, const pare_eval_input *inputs, size_t n_inputs);

/* The copy: handles are those of the model. */
const pare_model *pare_replicas_model(const pare_replicas *replicas);

/* Drops outputs of a run; accepts NULL. */
void pare_replicas_drop(pare_ctx *ctx, const pare_replicas *replicas, pare_datum *outputs);

#endif
