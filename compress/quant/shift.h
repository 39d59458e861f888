/* Adding a constant to each output of a linear node: to its bias, or to that of an Add behind it.
 */
#ifndef PARE_QUANT_SHIFT_H
#define PARE_QUANT_SHIFT_H

#include "op/linear.h"

/* Whether that can be done without a new node: the bias is constant, or absent and allowed; or the
 * only reader of a MatMul adds a constant [out]. */
bool pare_can_shift(const pare_model *model, const pare_linear *linear);

/* Adds shift [out] to the outputs; what held the bias is left to other readers. EUSAGE where
 * pare_can_shift says no; ENOMEM, EBUDGET. linear->bias is then no longer the node's. */
pare_status pare_shift_outputs(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                               const float *shift);

#endif
