#include "op/coster.h"
#include "op/move.h"

/* What is moved without computing on it. */

pare_status pare_move_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    (void)io;
    cost->work = PARE_WORK_MOVE;
    return PARE_OK;
}

/* As much of input 0 is read as comes out: Slice, Gather. */
pare_status pare_pick_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    cost->work = PARE_WORK_MOVE;
    cost->read[0] = pare_cost_elements(io, pare_cost_out(io, 0));
    return PARE_OK;
}

/* Output that is made of nothing: ConstantOfShape, EyeLike, Range. */
pare_status pare_fill_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    (void)io;
    cost->work = PARE_WORK_MOVE;
    for (size_t i = 0; i < PARE_COST_OPERANDS; i++) cost->read[i] = 0;
    return PARE_OK;
}

/* A copy of input 0, then updates: one operation each where they are added and so on. */
pare_status pare_scatter_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_scatter_params *p = io->params;
    cost->work = PARE_WORK_MOVE;
    if (p->reduction != PARE_SCATTER_NONE)
        pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_in(io, 2)), 1,
                      pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* Rows of a table of few bits, turned into numbers. */
pare_status pare_gather_block_quantized_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    const pare_info *y = pare_cost_out(io, 0);
    const uint64_t n = pare_cost_elements(io, y);
    PARE_TRY(pare_pick_cost(ctx, cost, io));
    pare_cost_ops(cost, io, n, PARE_OPS_DEQUANTIZE, y ? y->dtype : PARE_DTYPE_UNDEFINED);
    return PARE_OK;
}

/* Each element is added to its place. */
pare_status pare_col2im_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_in(io, 0)), 1,
                  pare_cost_in_dtype(io, 0));
    return PARE_OK;
}
