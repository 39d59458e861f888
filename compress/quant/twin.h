/* Twins: copies of single nodes beside them, to see what one change makes of what they give. Inside
 * of quant only. */
#ifndef PARE_QUANT_TWIN_H
#define PARE_QUANT_TWIN_H

#include "ir/build.h"

/* Whether a node can have one: one output, and no tensors or graphs among its attributes. */
bool pare_twin_suits(const pare_node *node);

/* Emits a node with the operator and the attributes of another, which may be of another model that
 * outlives the twin's, and inputs [of->n_inputs]. Returns its output. */
pare_value_id pare_twin_emit(pare_builder *b, const pare_node *of, const pare_value_id *inputs);

/* The value that a DequantizeLinear of a rounded value stands for: x in x, Q, DQ; the value itself
 * where there is no such pair. */
pare_value_id pare_twin_unrounded(const pare_model *model, pare_value_id value);

/* What makes the value a node of this operator of the default domain, or PARE_NONE. */
pare_node_id pare_twin_producer(const pare_model *model, pare_value_id value, const char *op_type);

#endif
