#ifndef PARE_IR_ORDER_H
#define PARE_IR_ORDER_H

#include "ir/model.h"

/* A topological order of the graph's nodes, stable: the one nearest to the order they stand in (a
 * node whose inputs are there goes before any later one). Uses of outer values by nested graphs
 * count as inputs of the owning node. *out holds graph->n_nodes handles, freed by the caller with
 * pare_free. EFORMAT, naming a node and value of it, when there is a cycle. O(nodes log nodes +
 * uses). */
pare_status pare_graph_order(pare_ctx *ctx, pare_node_id **out, const pare_graph *graph);

/* *out: whether every value is produced before it is used, in the order the nodes stand in. */
pare_status pare_graph_is_ordered(pare_ctx *ctx, bool *out, const pare_graph *graph);

/* Puts the graph's nodes (not those of nested graphs) into pare_graph_order. */
pare_status pare_graph_sort(pare_ctx *ctx, pare_graph *graph);

#endif
