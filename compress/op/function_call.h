/* Calls of model-local functions: what attribute names of the body stand for. Inside of op only. */
#ifndef PARE_OP_FUNCTION_CALL_H
#define PARE_OP_FUNCTION_CALL_H

#include "op/attrs.h"

enum { PARE_MAX_CALL_DEPTH = 100 }; /* functions that call functions */

/* The local function that a node calls, or NULL. */
const pare_function *pare_called_function(const pare_model *model, const pare_node *node);

/* Binds the function's attributes: to those given by the call (references in it are followed), else
 * to the defaults; names without either are left out. The array lives in the arena. */
pare_status pare_function_bind(pare_ctx *ctx, pare_arena *arena, const pare_call *outer,
                               const pare_function *function, pare_attr_binding **out, size_t *n);

#endif
