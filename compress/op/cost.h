/* What one call of an operator costs: operations by type, and what it reads and writes. Exact
 * integers that follow from shapes alone; a machine's joules come later (energy/).
 *
 * Conventions: one MAC is a multiplication with an addition into a sum. Convolutions, Gemm, MatMul,
 * Einsum, attention, recurrent layers and mixtures of experts count MACs, taps on padding and
 * masked scores included; a bias, norms, activations, pools, softmax and additions count none. All
 * else is in other_ops, by the weights of op/cost_weights.h. flops = 2 macs + other_ops. What
 * depends on data (how many boxes are kept, when a loop ends) is counted at its most;
 * docs/counting.md lists these. */
#ifndef PARE_OP_COST_H
#define PARE_OP_COST_H

#include "base/contract/target.h"
#include "op/op.h"

/* Operands of which less than all may be touched; those behind are touched whole. */
enum { PARE_COST_OPERANDS = 8 };
#define PARE_COST_ALL UINT64_MAX

typedef struct pare_cost {
    pare_work work; /* class that the time of the call goes by */
    uint64_t macs;
    pare_dtype mac_weight, mac_activation; /* types of the two sides of a product; where a call has
                                              products of several types, those of the weights */
    uint64_t other_ops;
    pare_dtype other;     /* type they are done in */
    uint64_t dequantized; /* weights turned into mac_activation's type while they are read
                                 (MatMulNBits): one operation each, in other_ops, too */
    /* What of the operands is touched, in elements; PARE_COST_ALL: every element once. Gather reads
     * rows, not tables. */
    uint64_t read[PARE_COST_OPERANDS], written[PARE_COST_OPERANDS];
    /* A product as matrices, for traffic: batch times [m,k] x [k,n]; 0: none. Equals macs, but
     * where a call has several unlike products: then the largest. window: taps per output step of a
     * convolution, max(1, kh kw / (sh sw)); 1 otherwise. */
    uint64_t batch, m, n, k;
    double window;
    bool is_view;                       /* moves no bytes of its own: Reshape, Identity, If */
    const struct pare_graph *bodies[2]; /* nested graphs that run; NULL: none */
    uint64_t trips;                     /* how often (each; Loop, Scan), 1 for If and calls */
    bool trips_known; /* false: trips is a guess (1), or, above 1, the most there can be */
    bool one_body;    /* If: either the first or the second runs */
    const struct pare_function *function; /* called; its body is bodies[0], whose values differ from
                                             call to call: see pare_infer_called */
} pare_cost;

/* What a cost works on: infos as of inference, with every dim bound to a number. Omitted inputs and
 * outputs are NULL. */
typedef struct pare_cost_io {
    const pare_call *call;
    const void *params;
    pare_shapes *shapes;
    uint32_t n_in, n_out;
    const pare_info *const *in;
    const pare_info *const *out;
    const char *unknown; /* sticky, set by op/coster.h: what is not known */
    bool too_large;      /* sticky: a count does not fit in 64 bits */
} pare_cost_io;

/* A cost (pare_cost_fn) fills *cost, which comes with read and written PARE_COST_ALL, window 1 and
 * all else zero. What it finds unknown or too large it leaves in io: the caller then lists the node
 * as unmodelled. PARE_NA stands for what computes and moves nothing (Reshape, Shape), PARE_TODO for
 * what shapes cannot tell (strings). */

/* Cost of a node whose shapes were inferred. *modelled tells whether all of it is known; if not,
 * *cost has no operations, elementwise traffic, and ctx->message says why. A call of a model-local
 * function is modelled: nothing but its body. ENOMEM. */
pare_status pare_cost_of(pare_ctx *ctx, pare_cost *cost, bool *modelled, const pare_model *model,
                         pare_node_id node, pare_shapes *shapes);

#endif
