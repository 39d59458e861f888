#include "op/coster.h"
#include "op/reduce.h"

#include <string.h>

/* What goes along an axis: reductions, softmax, running sums, losses. */

typedef struct reduce_row {
    const char *name;
    uint64_t each, last; /* operations per element of the input, per element of the output */
} reduce_row;

static const reduce_row rows[] = {
    { "ArgMax", 1, 0 },
    { "ArgMin", 1, 0 },
    { "ReduceL1", 2, 0 },
    { "ReduceL2", 2, PARE_OPS_SQRT },
    { "ReduceLogSum", 1, PARE_OPS_LOG },
    { "ReduceLogSumExp", 3 + PARE_OPS_EXP, PARE_OPS_LOG + 1 },
    { "ReduceMax", 1, 0 },
    { "ReduceMean", 1, PARE_OPS_DIV },
    { "ReduceMin", 1, 0 },
    { "ReduceProd", 1, 0 },
    { "ReduceSum", 1, 0 },
    { "ReduceSumSquare", 2, 0 },
};

pare_status pare_reduce_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const reduce_row *row = rows;
    while (strcmp(row->name, io->call->op->name) != 0) row++;
    const pare_dtype dtype = pare_cost_in_dtype(io, 0);
    pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_in(io, 0)), row->each, dtype);
    if (row->last)
        pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_out(io, 0)), row->last, dtype);
    return PARE_OK;
}

/* Softmax, LogSoftmax (a log per row), Hardmax. */
pare_status pare_softmax_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_softmax_params *p = io->params;
    const char *name = io->call->op->name;
    const pare_info *x = pare_cost_in(io, 0);
    const pare_dtype dtype = pare_cost_in_dtype(io, 0);
    const uint64_t n = pare_cost_elements(io, x);
    const bool logarithm = strcmp(name, "LogSoftmax") == 0;
    const bool hard = strcmp(name, "Hardmax") == 0;
    pare_cost_ops(cost, io, n, logarithm ? PARE_OPS_LOG_SOFTMAX : hard ? 2 : PARE_OPS_SOFTMAX,
                  dtype);
    if (!logarithm) return PARE_OK;
    const uint64_t length = p->flattened ? pare_cost_dims(io, x, p->axis, PARE_COST_END)
                            : pare_cost_rank(io, x) ? pare_cost_dim(io, x, p->axis)
                                                    : 1;
    pare_cost_ops(cost, io, length ? n / length : 0, PARE_OPS_LOG, dtype);
    return PARE_OK;
}

/* CumSum, CumProd. */
pare_status pare_scan_axis_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_in(io, 0)), 1,
                  pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* Scores [N, classes, ...], labels [N, ...], weights: one score per label is picked, weighted and
 * added; SoftmaxCrossEntropyLoss finds their logarithms before. */
pare_status pare_loss_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_dtype dtype = pare_cost_in_dtype(io, 0);
    const uint64_t labels = pare_cost_elements(io, pare_cost_in(io, 1));
    pare_cost_ops(cost, io, labels, 2 + (pare_cost_in(io, 2) != NULL), dtype);
    if (strcmp(io->call->op->name, "SoftmaxCrossEntropyLoss") != 0) {
        cost->read[0] = labels;
        return PARE_OK;
    }
    pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_in(io, 0)), PARE_OPS_LOG_SOFTMAX,
                  dtype);
    pare_cost_ops(cost, io, labels, PARE_OPS_LOG, dtype);
    return PARE_OK;
}
