#include "op/reduce.h"

/* Running sum or product along the axis that input 1 names. */

static pare_status cumulative_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_cumulative_params *p = params;
    PARE_TRY(pare_get_flag(ctx, call, "exclusive", false, &p->exclusive));
    return pare_get_flag(ctx, call, "reverse", false, &p->reverse);
}

static pare_status cumulative_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *x = pare_in(io, 0);
    const pare_num axis = pare_info_at(pare_in(io, 1), 0);
    uint32_t at = 0;
    if (pare_info_has_rank(x) && axis.kind == PARE_NUM_INT)
        PARE_TRY(pare_axis(ctx, io, "input 1 (axis)", axis.i, x->rank, &at));
    return pare_infer_same(ctx, io);
}

const pare_op pare_op_cum_sum = {
    .domain = "", .name = "CumSum", .since = 11,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_cumulative_params),
    .resolve = cumulative_resolve, .infer = cumulative_infer, .eval = PARE_TODO(eval),
};

const pare_op pare_op_cum_prod = {
    .domain = "", .name = "CumProd", .since = 26,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_cumulative_params),
    .resolve = cumulative_resolve, .infer = cumulative_infer, .eval = PARE_TODO(eval),
};
