/* The state of one evaluation, shared by evaluator*.c. Inside of op only. */
#ifndef PARE_OP_EVALUATOR_H
#define PARE_OP_EVALUATOR_H

#include "op/eval.h"

typedef struct pare_evaluator {
    pare_ctx *ctx;
    const pare_model *model;
    const pare_eval_opts *opts;
    pare_shapes *shapes;      /* of the call under way; made anew when it has grown */
    pare_datum *datums;       /* by value handle */
    size_t n_values;          /* entries of datums and pending */
    uint32_t *pending;        /* by value handle: uses that are still to come */
    const pare_attr_binding *bindings; /* of the function call under way */
    size_t n_bindings;
    uint32_t call_depth;
    uint64_t n_iterations;    /* nested graphs that were run */
} pare_evaluator;

/* Evaluates the nodes of a graph whose inputs are set, having set its initializers. */
pare_status pare_evaluate_graph(pare_evaluator *e, const pare_graph *graph);

/* Lets go of everything that the graph defines. */
void pare_evaluator_forget(pare_evaluator *e, const pare_graph *graph);

/* The dense tensor that a sparse one stands for. EFORMAT for indices out of range. */
pare_status pare_evaluator_sparse(pare_ctx *ctx, pare_tensor **out,
                                  const pare_sparse_tensor *sparse);

#endif
