/* Letting go of the references that values and attributes hold. Inside of ir only. */
#ifndef PARE_IR_RELEASE_H
#define PARE_IR_RELEASE_H

#include "ir/model.h"

/* Drops the value's tensor or sparse tensor, if any. */
void pare_release_payload(pare_value *value);

/* Drops the tensors of an attribute, of all attributes of a node (which then has none). */
void pare_release_attr(const pare_attr *attr);
void pare_release_attrs(pare_node *node);

/* Gives up a node's inputs, outputs, attributes and the graphs in them; its graph's order is the
 * caller's to mend. */
void pare_node_empty(pare_model *model, pare_node_id node);

/* Takes all nodes and values out of a graph and the graphs inside of it: uses of outer values are
 * given up, references dropped. For a graph whose owner is going away: it has none afterwards. */
void pare_graph_empty(pare_graph *graph);

#endif
