#include "op/coster.h"
#include "op/move.h"

/* What sorts and selects. Outputs whose size depends on data count at their most. */

static void write_at_most(pare_cost *cost, const pare_cost_io *io, uint64_t n)
{
    for (uint32_t i = 0; i < io->n_out && i < PARE_COST_OPERANDS; i++) cost->written[i] = n;
}

pare_status pare_non_zero_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_info *x = pare_cost_in(io, 0);
    const uint64_t n = pare_cost_elements(io, x);
    pare_cost_ops(cost, io, n, 1, pare_cost_in_dtype(io, 0));
    write_at_most(cost, io, pare_cost_mul(io, n, pare_cost_rank(io, x)));
    return PARE_OK;
}

pare_status pare_compress_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    cost->work = PARE_WORK_MOVE;
    write_at_most(cost, io, pare_cost_elements(io, pare_cost_in(io, 0)));
    return PARE_OK;
}

/* Sorted: n log n comparisons. */
pare_status pare_unique_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const uint64_t n = pare_cost_elements(io, pare_cost_in(io, 0));
    pare_cost_ops(cost, io, n, pare_cost_log2(n), pare_cost_in_dtype(io, 0));
    write_at_most(cost, io, n);
    return PARE_OK;
}

/* Each element against a heap of the k that are kept. */
pare_status pare_top_k_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_top_k_params *p = io->params;
    const pare_info *y = pare_cost_out(io, 0) ? pare_cost_out(io, 0) : pare_cost_out(io, 1);
    const uint64_t n = pare_cost_elements(io, pare_cost_in(io, 0));
    const uint64_t k = pare_cost_dim(io, y, p->axis);
    pare_cost_ops(cost, io, n, pare_cost_log2(k), pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* Boxes [batch, n, 4], scores [batch, classes, n], most boxes per class: a threshold, sorting, and
 * the overlap of each box with those that are kept before it (16 operations with its division). */
pare_status pare_nms_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    enum { OVERLAP = 16 };
    const uint64_t n = pare_cost_dim(io, pare_cost_in(io, 1), 2);
    const uint64_t lists = pare_cost_dims(io, pare_cost_in(io, 1), 0, 2);
    const pare_info *most = pare_cost_in(io, 2);
    uint64_t kept = most ? pare_cost_content(most, 0, n) : 0;
    if (kept > n) kept = n;
    const uint64_t pairs = pare_cost_mul(io, n, kept);
    const uint64_t sorting = pare_cost_mul(io, n, 1 + pare_cost_log2(n));
    pare_cost_ops(cost, io, lists, sorting, pare_cost_in_dtype(io, 1));
    pare_cost_ops(cost, io, pare_cost_mul(io, lists, pairs), OVERLAP, pare_cost_in_dtype(io, 1));
    cost->written[0] = pare_cost_mul4(io, lists, kept, 3, 1);
    return PARE_OK;
}

pare_status pare_one_hot_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_out(io, 0)), 1,
                  pare_cost_in_dtype(io, 0));
    cost->work = PARE_WORK_MOVE;
    return PARE_OK;
}
