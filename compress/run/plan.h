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

/* An input of the main graph that, in the next run, is what an output is in this one. */
typedef struct pare_persistent {
    pare_value_id input, output;
} pare_persistent;

typedef struct pare_plan_opts {
    const pare_kernels *kernels;   /* NULL: as pare_plan_kernels says */
    const pare_plan_input *inputs; /* [n_inputs] */
    size_t n_inputs;
    const pare_value_id *kept;     /* [n_kept]: values that must come to exist, to be observed */
    size_t n_kept;
    const pare_value_id *variable; /* [n_variable]: initializers whose tensors will be replaced */
    size_t n_variable;
    const pare_persistent *persistent; /* [n_persistent]: outputs that may be written over what is
                                          given as the input (see pare_plan_updates) */
    size_t n_persistent;
    pare_packs *packs;             /* packed weights that plans share; NULL: the plan's own */
    bool packs_later;              /* the caller fills in the packs, before running */
    pare_pool *pool;               /* packs weights; NULL: the caller's thread */
    /* Algorithms that round otherwise than eval's, where the shape of a layer makes them pay: alike
     * for all kernels, never by threads or batch. Else the bits are those of eval. */
    bool fast;
    bool islands_only;             /* no fast kernels at all: what tests compare with */
    /* What stands between DequantizeLinear and QuantizeLinear computes in floats, the bits of eval.
     * Else products of 8-bit numbers are sums of integers, scaled once, as those of QLinearConv:
     * exact where eval of the nodes rounds, so that a code may be one off where eval is near a
     * tie. */
    bool float_groups;
    pare_sums sums;                /* how products of 8-bit weights are added up */
} pare_plan_opts;

/* The kernels that plans use: the best of this processor, or the level that the environment's
 * PARE_ISA names ("scalar", "avx2"), for tests; all levels give the same bits. EUSAGE when there is
 * no such level, or this processor does not have it. */
pare_status pare_plan_kernels(pare_ctx *ctx, const pare_kernels **out);

/* Makes a plan for a model, which must outlive it and not change. EFORMAT for inputs that the model
 * does not take, EUNSUPPORTED for operators that nothing implements, ENOMEM, EBUDGET. */
pare_status pare_plan_new(pare_ctx *ctx, pare_plan **out, const pare_model *model,
                          const pare_plan_opts *opts);
pare_plan *pare_plan_ref(pare_plan *plan);
void pare_plan_unref(pare_ctx *ctx, pare_plan *plan); /* accepts NULL */

/* Whether a plan holds for the present content of a variable initializer alone. If not, its tensor
 * may be replaced between runs, by one that is dense and aligned (pare_tensor_densify), as long as
 * forms in the packs are as well (pare_packs_replace). */
bool pare_plan_depends(const pare_plan *plan, pare_value_id value);

/* Whether output i of the main graph is made where a persistent input stands: the tensor that is
 * given becomes the output, and must be seen by nobody else. */
bool pare_plan_updates(const pare_plan *plan, uint32_t i);

/* What a plan takes, known before it runs. */
typedef struct pare_plan_cost {
    uint64_t arena_bytes;     /* of each session */
    uint64_t scratch_bytes;   /* of each worker of a session */
    uint64_t lower_bound_bytes; /* the most that is alive at one step: no arena could be smaller */
    uint64_t packed_bytes;    /* weights that this plan was the first to pack */
    uint64_t own_bytes;       /* the plan itself: steps, constants and weights of its own */
    uint64_t output_bytes;    /* outputs that steps write to */
    size_t n_steps, n_islands;
    size_t n_unplanned;       /* nodes in graphs of islands, and outputs of islands whose shapes are
                                 not known: what knowing the content of inputs may plan */
} pare_plan_cost;

pare_plan_cost pare_plan_cost_of(const pare_plan *plan);

/* What step i does: whose work it is (of several nodes done at once, the one that they hang on),
 * and by what. */
typedef struct pare_plan_step_info {
    pare_node_id node;        /* PARE_NONE: a copy of an input or constant to an output */
    const char *kernel;       /* "gemm", "copy", "eval": lives as long as the plan */
} pare_plan_step_info;

pare_plan_step_info pare_plan_step_at(const pare_plan *plan, size_t i);

/* The node that makes the largest value of a run, and its size; PARE_NONE when there is none. */
pare_node_id pare_plan_largest(const pare_plan *plan, uint64_t *n_bytes);

#endif
