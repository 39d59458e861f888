/* The state of one inference, shared by infer*.c. Inside of op only. */
#ifndef PARE_OP_INFERER_H
#define PARE_OP_INFERER_H

#include "op/infer.h"

enum {
    PARE_MAX_SHAPE_ISSUES = 1000,
    PARE_MAX_INFERRED_CALLS = 5000000, /* nodes, counting function bodies at each call */
};

typedef struct pare_inferer {
    pare_ctx *ctx;
    const pare_model *model;
    const pare_infer_opts *opts;
    pare_shapes *shapes;
    const pare_attr_binding *bindings; /* of the function call that is being inferred */
    size_t n_bindings;
    pare_info *bodies;        /* [shapes->n_infos] what holds of values in function bodies in every
                                 call so far; NULL: the model has no function */
    bool *is_inferred;        /* [shapes->n_infos] whether bodies has that value */
    uint32_t call_depth;
    uint32_t n_branches;      /* that are being inferred without knowing whether they ever run */
    uint64_t n_failures;      /* calls so far that cannot run */
    uint64_t n_calls;
} pare_inferer;

/* Infers the nodes of a graph whose inputs and constants have their infos. */
pare_status pare_infer_nodes(pare_inferer *inf, const pare_graph *graph);

/* Runs an operator's infer and holds its outputs to what dims can be: EFORMAT otherwise, and then
 * all are unknown. */
pare_status pare_infer_call(pare_ctx *ctx, pare_infer_io *io);

/* Gives the initializers of a graph their infos. */
void pare_infer_constants(pare_inferer *inf, const pare_graph *graph);

/* Gives the inputs of the main graph what the file declares and the user said. EUSAGE. */
pare_status pare_infer_inputs(pare_inferer *inf);

/* What the caller says of inputs, in place of their defaults. */
pare_status pare_infer_asked(pare_inferer *inf);

/* Infers a function's body for the call at node, giving its outputs in out. */
pare_status pare_infer_function(pare_inferer *inf, pare_node_id node, const pare_function *function,
                                const pare_info *const *in, pare_info *out);

#endif
