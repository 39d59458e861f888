/* Biases that stand behind products as an Add of their own. */
#ifndef PARE_QUANT_JOIN_BIAS_H
#define PARE_QUANT_JOIN_BIAS_H

#include "ir/graph.h"

/* Makes MatMul of a matrix by constant weights, whose only reader adds a constant row, a Gemm: in
 * integers the row then is a bias of int32. Runtimes do the same on loading, but with the row as
 * floats, after which nothing fuses. *n_joined counts them. ENOMEM, EBUDGET. */
pare_status pare_join_bias(pare_ctx *ctx, pare_model *model, uint64_t *n_joined);

#endif
