#include "op/coster.h"
#include "op/quantize.h"

#include <string.h>

/* Quantizing, dequantizing, and com.microsoft's elementwise operators between both. */

pare_status pare_quantize_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_in(io, 0)), PARE_OPS_QUANTIZE,
                  pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

pare_status pare_dequantize_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_in(io, 0)), PARE_OPS_DEQUANTIZE,
                  pare_cost_in_dtype(io, 1));
    return PARE_OK;
}

/* Minimum and maximum first. */
pare_status pare_dynamic_quantize_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_in(io, 0)), 2 + PARE_OPS_QUANTIZE,
                  pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

typedef struct qlinear_row {
    const char *name;
    uint64_t ops; /* per element of the output */
} qlinear_row;

static const qlinear_row rows[] = {
    { "QLinearAdd", 2 * PARE_OPS_DEQUANTIZE + 1 + PARE_OPS_REQUANTIZE },
    { "QLinearLeakyRelu", PARE_OPS_DEQUANTIZE + 2 + PARE_OPS_REQUANTIZE },
    { "QLinearMul", 2 * PARE_OPS_DEQUANTIZE + 1 + PARE_OPS_REQUANTIZE },
    { "QLinearSigmoid", PARE_OPS_DEQUANTIZE + PARE_OPS_SIGMOID + PARE_OPS_REQUANTIZE },
    { "QLinearSoftmax", PARE_OPS_DEQUANTIZE + PARE_OPS_SOFTMAX + PARE_OPS_REQUANTIZE },
    { "QLinearWhere", PARE_OPS_DEQUANTIZE + 1 + PARE_OPS_REQUANTIZE },
    { "QLinearConcat", PARE_OPS_DEQUANTIZE + PARE_OPS_REQUANTIZE },
};

pare_status pare_qlinear_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const qlinear_row *row = rows;
    while (strcmp(row->name, io->call->op->name) != 0) row++;
    pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_out(io, 0)), row->ops, PARE_FLOAT);
    return PARE_OK;
}
