/* Running a plan: an arena, the values of islands, and an error slot, for one caller at a time. */
#ifndef PARE_RUN_SESSION_H
#define PARE_RUN_SESSION_H

#include "base/pool.h"
#include "op/eval.h"
#include "run/plan.h"

typedef struct pare_session pare_session;

/* A session of a plan, of which it takes a reference; pool NULL: everything in the caller's thread.
 * The context's allocator gives all memory. ENOMEM. */
pare_status pare_session_new(pare_ctx *ctx, pare_session **out, pare_plan *plan, pare_pool *pool);
void pare_session_free(pare_ctx *ctx, pare_session *session); /* accepts NULL */

/* Runs once. Inputs are those that the plan was made for, in any order. *out holds
 * model->graph->outputs.n datums, which the caller drops and frees with pare_free. EFORMAT for an
 * input that is missing or not what the plan was made for, and for what evals refuse. */
pare_status pare_session_run(pare_ctx *ctx, pare_session *session, const pare_eval_input *inputs,
                             size_t n_inputs, pare_datum **out);

/* Time of each step of the last run, in seconds [plan's n_steps], measured from the first call on;
 * NULL before that has had a run. */
const double *pare_session_seconds(pare_session *session);

#endif
