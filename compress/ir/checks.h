/* The parts of pare_graph_check. Inside of ir only. */
#ifndef PARE_IR_CHECKS_H
#define PARE_IR_CHECKS_H

#include "ir/model.h"

typedef struct checker {
    pare_ctx *ctx;
    const pare_model *model;
} checker;

/* Handles in range, order lists intact, outputs and their values agree (check_nodes.c). */
pare_status pare_check_nodes(const checker *c);

/* Names are found by the map, producers and slots match, nothing is defined twice (same file). */
pare_status pare_check_values(const checker *c);

/* Lists of inputs, outputs, value_info and initializers agree with the values (check_decls.c). */
pare_status pare_check_decls(const checker *c);

/* Use lists are complete and symmetric; what is used is defined and visible (check_uses.c). */
pare_status pare_check_uses(const checker *c);

/* Tensors are consistent with their dims, attributes with their types (check_decls.c). */
pare_status pare_check_tensors(const checker *c);

const char *pare_check_graph_name(const pare_graph *graph);

/* EFORMAT about a node, value or graph that exists. */
pare_status pare_check_node_fail(const checker *c, pare_node_id node, const char *what);
pare_status pare_check_value_fail(const checker *c, pare_value_id value, const char *what);
pare_status pare_check_graph_fail(const checker *c, const pare_graph *graph, const char *what);

#endif
