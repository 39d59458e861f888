#include "op/reduce.h"

/* Index of the largest or smallest element along an axis. */

static pare_status arg_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_arg_params *p = params;
    PARE_TRY(pare_get_int(ctx, call, "axis", 0, &p->axis));
    PARE_TRY(pare_get_flag(ctx, call, "select_last_index", false, &p->last));
    return pare_get_flag(ctx, call, "keepdims", true, &p->keep_dims);
}

static pare_status arg_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_arg_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    uint32_t axis = 0;
    io->out[0] = pare_info_unranked(PARE_INT64);
    if (!pare_info_has_rank(x)) return PARE_OK;
    PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, x->rank, &axis));
    pare_num dims[PARE_MAX_DIMS];
    uint32_t rank = 0;
    for (uint32_t i = 0; i < x->rank; i++) {
        if (i != axis) dims[rank++] = x->dims[i];
        else if (p->keep_dims) dims[rank++] = pare_num_int(1);
    }
    io->out[0] = pare_info_tensor(io->shapes, PARE_INT64, rank, dims);
    return PARE_OK;
}

const pare_op pare_op_arg_max = {
    .domain = "", .name = "ArgMax", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_arg_params),
    .resolve = arg_resolve, .infer = arg_infer, .eval = PARE_TODO(eval),
};

const pare_op pare_op_arg_min = {
    .domain = "", .name = "ArgMin", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_arg_params),
    .resolve = arg_resolve, .infer = arg_infer, .eval = PARE_TODO(eval),
};
