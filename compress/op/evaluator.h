/* The state of one evaluation, shared by evaluator*.c and the islands of run. */
#ifndef PARE_OP_EVALUATOR_H
#define PARE_OP_EVALUATOR_H

#include "op/eval.h"

enum { PARE_MAX_RUNNING_GRAPHS = 200 }; /* nested graphs and function bodies inside of each other */

/* A nested graph or function body that is being run. */
typedef struct pare_running {
    const pare_graph *graph;
    const struct pare_running *outer; /* NULL: the outermost one */
} pare_running;

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
    const pare_running *running; /* innermost first */
    uint64_t n_iterations;    /* nested graphs that were run */
} pare_evaluator;

/* Prepares an evaluator in memory that the caller owns; finish also after a failure. opts may be
 * NULL. n_values: model->n_values, or 0 when nothing but one node without nested graphs will be
 * run. ENOMEM. */
pare_status pare_evaluator_start(pare_evaluator *e, pare_ctx *ctx, const pare_model *model,
                                 const pare_eval_opts *opts, size_t n_values);
void pare_evaluator_finish(pare_evaluator *e);

/* Runs a node on what stands in `datums`, and puts its outputs there. Inputs whose last use this
 * was are dropped. */
pare_status pare_evaluator_run(pare_evaluator *e, pare_node_id node);

/* EFORMAT, naming the input, when a datum is not of the type and shape that a value declares. */
pare_status pare_eval_check_input(pare_ctx *ctx, const pare_value *v, const pare_datum *datum);

/* EFORMAT, naming the input, unless the main graph takes all of these, each once, and needs no
 * others. */
pare_status pare_eval_check_inputs(pare_ctx *ctx, const pare_model *model,
                                   const pare_eval_input *inputs, size_t n);

/* Evaluates the nodes of a graph whose inputs are set, having set its initializers. */
pare_status pare_evaluate_graph(pare_evaluator *e, const pare_graph *graph);

/* Notes in `self` that a graph is being run, until pare_evaluator_leave. EUNSUPPORTED where it is
 * so already (values of it are in use: graphs that are handed to functions can be that entangled)
 * or too many are. */
pare_status pare_evaluator_enter(pare_evaluator *e, pare_running *self, const pare_call *call,
                                 const pare_graph *graph);
void pare_evaluator_leave(pare_evaluator *e, const pare_running *self);

/* Lets go of everything that the graph defines. */
void pare_evaluator_forget(pare_evaluator *e, const pare_graph *graph);

/* The dense tensor that a sparse one stands for. EFORMAT for indices out of range. */
pare_status pare_evaluator_sparse(pare_ctx *ctx, pare_tensor **out,
                                  const pare_sparse_tensor *sparse);

#endif
