/* Other outputs for a graph: running a part of a model. */
#ifndef PARE_IR_CUT_H
#define PARE_IR_CUT_H

#include "ir/model.h"

/* Makes values of the main graph its outputs, in place of those that it has; each once. What no
 * output needs stays until dead-code is run. ENOMEM, EBUDGET: outputs are then missing. */
pare_status pare_model_cut(pare_ctx *ctx, pare_model *model, const pare_value_id *values, size_t n);

/* Makes values of the main graph its inputs, in place of those that it has; each once, and none an
 * initializer. types [n] are for those that have none: what they will hold. Nodes that produced
 * them stay until dead-code is run. ENOMEM, EBUDGET: inputs are then missing. */
pare_status pare_model_cut_inputs(pare_ctx *ctx, pare_model *model, const pare_value_id *values,
                                  const pare_dtype *types, size_t n);

#endif
