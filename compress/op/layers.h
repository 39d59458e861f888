/* A model as a list of layers: its nodes in order, those of nested graphs behind their owner, each
 * with the weights that it is the first to use. */
#ifndef PARE_OP_LAYERS_H
#define PARE_OP_LAYERS_H

#include "op/infer.h"

typedef struct pare_layer {
    pare_node_id node;
    uint32_t depth;           /* of its graph: 0 for the main graph and the bodies of functions */
    const pare_function *function; /* whose body it stands in; NULL: none */
    uint64_t n_params;        /* elements of initializers that no layer before uses; see below */
    uint64_t weight_bytes;    /* of these, in dense form */
} pare_layer;

/* Lists the main graph, then the functions. Of a Constant node the tensor counts when it has a
 * dimension (ir/summary.h), so that the sum over a model whose initializers are all used is its
 * number of parameters. *out holds *n layers, freed by the caller with pare_free. ENOMEM. */
pare_status pare_layers_list(pare_ctx *ctx, pare_layer **out, size_t *n, const pare_model *model);

/* Name of a layer for people: the node's, else that of its first output. Never NULL. */
const char *pare_layer_name(const pare_model *model, const pare_layer *layer);

#endif
