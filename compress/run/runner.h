/* Running a model again and again, on inputs of any shape.
 *
 * A runner has a copy of the model, folded once; the weights in the form that kernels read, packed
 * once; plans for the shapes that were seen lately; one session and one workspace, which all plans
 * use in turn. It computes what pare_eval_model computes. It belongs to one thread at a time, as
 * the context that all of its calls are given. */
#ifndef PARE_RUN_RUNNER_H
#define PARE_RUN_RUNNER_H

#include "run/session.h"

typedef struct pare_runner pare_runner;

typedef struct pare_runner_opts {
    const pare_kernels *kernels; /* NULL: as pare_plan_kernels says */
    uint64_t max_memory_bytes; /* what a run may need, as pare_runner_need counts; 0: any */
    bool float_groups;         /* of Q/DQ nodes: see pare_plan_opts */
    pare_sums sums;            /* of products of 8 bits: see pare_plan_opts */
    bool fast;                 /* as pare_plan_opts has it: near the bits of pare_eval_model */
    uint64_t cache_bytes;      /* that plans but the last one may take together; 0: a sixteenth of
                                  the packed weights and the workspace, 64 KiB at least */
    /* Values to be observed, of the main graph or of branches that turn out to be taken, by the
     * model's own handles: they come to exist in every run. Outputs count as any other. */
    const pare_value_id *kept; /* [n_kept] */
    size_t n_kept;
    pare_observe_fn *observe;  /* called with each kept value once it is computed */
    void *user;
    /* Initializers whose tensors will be replaced (pare_runner_set_tensor): nothing that depends on
     * them is computed beforehand. */
    const pare_value_id *variable; /* [n_variable] */
    size_t n_variable;
    /* Inputs that the runner keeps: each is in the next run what an output is in this one (weights
     * in training, an optimiser's moments, the keys and values of a decoder). Where the shape stays
     * they are updated in place. A run may give one, which is copied and stays; else it must have
     * been given or set before. Its output is NONE among those of a run: see pare_runner_state. */
    const pare_persistent *persistent; /* [n_persistent] */
    size_t n_persistent;
} pare_runner_opts;

/* Makes a runner of a model, of which it keeps a copy that shares the tensors. opts may be NULL.
 * EUSAGE for handles that the model does not have; ENOMEM, EBUDGET, ECANCELED. */
pare_status pare_runner_new(pare_ctx *ctx, pare_runner **out, const pare_model *model,
                            const pare_runner_opts *opts);
void pare_runner_free(pare_ctx *ctx, pare_runner *runner); /* accepts NULL */

/* Runs once; outputs as of pare_eval_model, and of the same bits. EFORMAT for inputs that the model
 * does not take; EBUDGET, before anything is computed, when the run would need more than
 * max_memory_bytes, with the number; what operators and observers refuse; ENOMEM. */
pare_status pare_runner_run(pare_ctx *ctx, pare_datum **out, pare_runner *runner, pare_pool *pool,
                            const pare_eval_input *inputs, size_t n_inputs);

/* Makes ready for inputs like these, as running would, and says what that run needs. */
typedef struct pare_runner_need {
    uint64_t arena_bytes;   /* values between steps, and scratch memory of all threads */
    uint64_t output_bytes;
    uint64_t weight_bytes;  /* packed weights, constants of the plan, what is persistent */
    uint64_t total_bytes;   /* of these; what islands allocate besides is not known before */
    pare_plan_cost plan;
} pare_runner_need;

pare_status pare_runner_prepare(pare_ctx *ctx, pare_runner_need *need, pare_runner *runner,
                                pare_pool *pool, const pare_eval_input *inputs, size_t n_inputs);

/* Replaces the tensor of a variable initializer by one of the same type and shape, of which it
 * takes a reference, and packs it anew, nothing else. Plans stay, but those that were made for the
 * old content: where it was folded, is a bound, or a parameter of BatchNormalization. EUSAGE for
 * another value, type or shape; ENOMEM. */
pare_status pare_runner_set_tensor(pare_ctx *ctx, pare_runner *runner, pare_value_id value,
                                   pare_tensor *tensor);

/* What a persistent input will be in the next run: borrowed until the next call. NULL: it was not
 * given yet, or was lost in a run that failed while updating it in place; then it has to be given
 * again. */
const pare_tensor *pare_runner_state(const pare_runner *runner, pare_value_id input);

/* Makes a persistent input a copy of a tensor. EUSAGE for another value; ENOMEM. */
pare_status pare_runner_set_state(pare_ctx *ctx, pare_runner *runner, pare_value_id input,
                                  const pare_tensor *tensor);

/* Seed of operators that draw random numbers, for the runs to come. */
void pare_runner_set_seed(pare_runner *runner, uint64_t seed);

/* Measures steps from the next run on. */
void pare_runner_measure(pare_runner *runner);

/* What the last run consisted of: n steps, and [n] seconds that they took (NULL: not measured, or
 * nothing has run). Borrowed until the next call. */
size_t pare_runner_steps(const pare_runner *runner, const double **seconds);
pare_plan_step_info pare_runner_step_at(const pare_runner *runner, size_t i);

/* The copy: handles are those of the model, and new ones behind them. Folded nodes are gone. */
const pare_model *pare_runner_model(const pare_runner *runner);

/* What it holds: plans (n, and bytes), packed weights (bytes, and how often something was
 * packed), plans made so far. */
typedef struct pare_runner_stats {
    size_t n_plans;
    uint64_t plan_bytes, pack_bytes, workspace_bytes;
    uint64_t n_packed, n_planned;
} pare_runner_stats;

pare_runner_stats pare_runner_stats_of(const pare_runner *runner);

#endif
