#ifndef PARE_IR_CHECK_H
#define PARE_IR_CHECK_H

#include "ir/model.h"

/* Checks every invariant of ir/model.h over the whole model: names unique and found by the name
 * map, use lists complete and symmetric, producers and slots matching, handles in range, node order
 * lists intact, every used value defined and visible, outputs produced, no cycle, no opset imported
 * twice, subgraphs owned by the node that holds them, tensors consistent with their dims.
 * after_pass names the culprit in messages. EFORMAT with the first violation. O(size of the
 * model). */
pare_status pare_graph_check(pare_ctx *ctx, const pare_model *model, const char *after_pass);

#endif
