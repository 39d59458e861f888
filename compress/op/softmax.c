#include "op/reduce.h"

/* Softmax, its logarithm, and the one-hot of the maximum. Before opset 13 the input counts as a
 * matrix split at `axis`, which defaulted to 1. */

static pare_status softmax_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_softmax_params *p = params;
    p->flattened = call->version < 13;
    return pare_get_int(ctx, call, "axis", p->flattened ? 1 : -1, &p->axis);
}

static pare_status softmax_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_softmax_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    uint32_t axis = 0;
    /* the default of old opsets is past the end of a vector: then it is one row */
    const bool at_end = p->flattened && pare_info_has_rank(x) && p->axis == x->rank;
    if (pare_info_has_rank(x) && !at_end && (x->rank || p->axis))
        PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, x->rank, &axis));
    return pare_infer_same(ctx, io);
}

const pare_op pare_op_softmax = {
    .domain = "", .name = "Softmax", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_softmax_params),
    .resolve = softmax_resolve, .infer = softmax_infer, .eval = PARE_TODO(eval),
};

const pare_op pare_op_log_softmax = {
    .domain = "", .name = "LogSoftmax", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_softmax_params),
    .resolve = softmax_resolve, .infer = softmax_infer, .eval = PARE_TODO(eval),
};

const pare_op pare_op_hardmax = {
    .domain = "", .name = "Hardmax", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_softmax_params),
    .resolve = softmax_resolve, .infer = softmax_infer, .eval = PARE_TODO(eval),
};
