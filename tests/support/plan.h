/* Running a model by a plan, against what eval gives. */
#ifndef TESTS_SUPPORT_PLAN_H
#define TESTS_SUPPORT_PLAN_H

#include "run/session.h"

/* Makes a plan for these inputs and runs it; *out as of pare_eval_model. islands_only: without fast
 * kernels. Groups of Q/DQ nodes compute in floats. cost may be NULL. */
pare_status test_plan_run(pare_ctx *ctx, pare_datum **out, const pare_model *model,
                          const pare_eval_input *inputs, size_t n, pare_isa isa, pare_pool *pool,
                          bool islands_only, pare_plan_cost *cost);

/* The same with options of which the inputs are set here. */
pare_status test_plan_run_with(pare_ctx *ctx, pare_datum **out, const pare_model *model,
                               const pare_eval_input *inputs, size_t n, const pare_plan_opts *how,
                               pare_pool *pool, pare_plan_cost *cost);

/* Bit for bit, NaN equal to NaN. False: why [n] says what differs. */
bool test_plan_same(const pare_datum *a, const pare_datum *b, char *why, size_t n);

/* Runs a plan at every level from `lowest` on, the best one also in a pool of two, and compares the
 * outputs with `want`, bit for bit (NaN equals NaN). False: why says what differs. */
bool test_plan_agrees(pare_ctx *ctx, const pare_model *model, const pare_eval_input *inputs,
                      size_t n, const pare_datum *want, pare_isa lowest, char *why,
                      size_t why_bytes);

#endif
