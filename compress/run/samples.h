/* Running a plan over many samples, whole samples side by side: no barriers inside of one, and
 * results that do not depend on the number of threads. */
#ifndef PARE_RUN_SAMPLES_H
#define PARE_RUN_SAMPLES_H

#include "run/session.h"

/* Where samples come from and results go to. */
typedef struct pare_sample_job {
    uint64_t n_samples;
    /* Gives the inputs of a sample, in a worker's thread; they stay until `drop` of that sample. */
    pare_status (*load)(void *user, pare_ctx *ctx, uint64_t sample, const pare_eval_input **inputs,
                        size_t *n_inputs);
    void (*drop)(void *user, pare_ctx *ctx, uint64_t sample); /* NULL: nothing to drop */
    /* Takes the outputs of a sample [model->graph->outputs.n], in the caller's thread and in the
     * order of samples; they are dropped afterwards. */
    pare_status (*take)(void *user, pare_ctx *ctx, uint64_t sample, const pare_datum *outputs);
    /* Shown the plan's kept values of a sample, in a worker's thread, between load and drop; what
     * is gathered by worker, of pare_pool_size, needs no lock. NULL: nobody looks. */
    pare_status (*observe)(void *user, pare_ctx *ctx, uint32_t worker, uint64_t sample,
                           const pare_observed *seen);
    void *user;
} pare_sample_job;

/* Runs all samples; each worker of the pool has a session and a context of its own, with the
 * allocator and the limits of ctx. At most a few samples per worker are in memory. The first sample
 * in order that fails, in load, run or take, ends the work with its status and message: samples
 * before it were taken, none behind it. Also ENOMEM, ECANCELED. */
pare_status pare_samples_run(pare_ctx *ctx, pare_plan *plan, pare_pool *pool,
                             const pare_sample_job *job);

#endif
