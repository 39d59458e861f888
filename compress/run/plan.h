/* A plan: what running a graph for inputs of given shapes comes down to.
 *
 * Steps for fast kernels, with islands between them that run an operator's eval; the place of every
 * value in one arena; weights in packed form. A plan is immutable once made and may be shared by
 * sessions (run/session.h), each with its own arena. It computes what eval computes: the same bits
 * wherever the order of a kernel's arithmetic is the definition's (design of kernels/). */
#ifndef PARE_RUN_PLAN_H
#define PARE_RUN_PLAN_H

#include "ir/datum.h"
#include "kernels/kernels.h"
#include "run/packs.h"

typedef struct pare_plan pare_plan;

/* An input of the main graph, as it will be. */
typedef struct pare_plan_input {
    const char *name;
    const pare_tensor *tensor; /* its type and dims count; not its elements, unless is_fixed */
    bool is_fixed; /* the plan holds for this very content (a scalar that chooses a branch,
                                  a shape) */
} pare_plan_input;

typedef struct pare_plan_opts {
    const pare_kernels *kernels;   /* NULL: the best of this processor */
    const pare_plan_input *inputs; /* [n_inputs] */
    size_t n_inputs;
    const pare_value_id *kept;     /* [n_kept]: values that must come to exist, to be observed */
    size_t n_kept;
    pare_packs *packs;             /* packed weights that plans share; NULL: the plan's own */
    bool islands_only;             /* no fast kernels at all: what tests compare with */
} pare_plan_opts;

/* Makes a plan for a model, which must outlive it and not change. EFORMAT for inputs that the model
 * does not take, EUNSUPPORTED for operators that nothing implements, ENOMEM, EBUDGET. */
pare_status pare_plan_new(pare_ctx *ctx, pare_plan **out, const pare_model *model,
                          const pare_plan_opts *opts);
pare_plan *pare_plan_ref(pare_plan *plan);
void pare_plan_unref(pare_ctx *ctx, pare_plan *plan); /* accepts NULL */

/* What a plan takes, known before it runs. */
typedef struct pare_plan_cost {
    uint64_t arena_bytes;     /* of each session */
    uint64_t scratch_bytes;   /* of each worker of a session */
    uint64_t lower_bound_bytes; /* the most that is alive at one step: no arena could be smaller */
    uint64_t packed_bytes;    /* weights that this plan was the first to pack */
    size_t n_steps, n_islands;
} pare_plan_cost;

pare_plan_cost pare_plan_cost_of(const pare_plan *plan);

#endif
