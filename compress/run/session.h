/* Running a plan: an arena, the values of islands, and an error slot, for one caller at a time. */
#ifndef PARE_RUN_SESSION_H
#define PARE_RUN_SESSION_H

#include "base/pool.h"
#include "op/eval.h"
#include "run/laid.h"
#include "run/plan.h"

typedef struct pare_session pare_session;

/* Memory that sessions of several plans use in turn, as large as the largest of them needs. Starts
 * as { 0 }; ends with pare_workspace_free. */
typedef struct pare_workspace {
    void *block;              /* unaligned */
    size_t n_bytes;
} pare_workspace;

void pare_workspace_free(pare_ctx *ctx, pare_workspace *workspace);

/* A kept value as it is while the plan runs. Axes are ONNX's; nothing may be kept of it. */
typedef struct pare_observed {
    pare_value_id value;
    const char *name;
    pare_dtype dtype;
    uint32_t rank;
    const int64_t *dims;      /* [rank] */
    const int64_t *strides;   /* [rank]: elements from one index to the next; of axes of size 1,
                                 anything */
    const void *data;         /* element (0, 0, ...); NULL: look at the datum, for what is no tensor
                                 of whole bytes per element, or has more axes than PARE_LAID_AXES */
    const pare_datum *datum;  /* dense; NULL where data is set */
} pare_observed;

/* Called by the thread that runs, between steps. A failure ends the run with it. */
typedef pare_status pare_observe_fn(void *user, pare_ctx *ctx, const pare_observed *seen);

typedef struct pare_session_opts {
    pare_pool *pool;          /* NULL: everything in the caller's thread */
    pare_workspace *workspace; /* of one session at a time; NULL: memory of its own */
    pare_observe_fn *observe; /* shown the plan's kept values; NULL: nobody looks */
    void *user;
} pare_session_opts;

/* A session of a plan, of which it takes a reference. The context's allocator gives all memory, and
 * the context must stay. opts may be NULL. ENOMEM. */
pare_status pare_session_new(pare_ctx *ctx, pare_session **out, pare_plan *plan,
                             const pare_session_opts *opts);

/* Seed of operators that draw random numbers; 0 before. */
void pare_session_set_seed(pare_session *session, uint64_t seed);
void pare_session_free(pare_ctx *ctx, pare_session *session); /* accepts NULL */

/* Whether a plan was made for inputs of these types, shapes and, where it was made for a content,
 * that content. */
bool pare_plan_suits(const pare_plan *plan, const pare_eval_input *inputs, size_t n_inputs);

/* Runs once. Inputs are those that the plan was made for, in any order. *out holds
 * model->graph->outputs.n datums, which the caller drops and frees with pare_free; those that
 * pare_plan_updates names are the tensors that were given, written over. EFORMAT for an
 * input that is missing, and for what evals refuse; EUSAGE for inputs that the plan was not made
 * for. */
pare_status pare_session_run(pare_ctx *ctx, pare_session *session, const pare_eval_input *inputs,
                             size_t n_inputs, pare_datum **out);

/* Time of each step of the last run, in seconds [plan's n_steps], measured from the first call on;
 * NULL before that has had a run. */
const double *pare_session_seconds(pare_session *session);

#endif
