#include "op/elementwise.h"

/* The mask (output 1) had the type of X before opset 10 and is bool since. */

static pare_status dropout_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_dropout_params *p = params;
    bool is_test = true;
    if (call->version < 7) PARE_TRY(pare_get_flag(ctx, call, "is_test", false, &is_test));
    p->training = !is_test;
    p->ratio_is_input = call->version >= 12;
    p->has_seed = pare_call_attr(call, "seed") != NULL;
    PARE_TRY(pare_get_int(ctx, call, "seed", 0, &p->seed));
    return pare_get_float(ctx, call, "ratio", 0.5f, &p->ratio);
}

static pare_status dropout_infer(pare_ctx *ctx, pare_infer_io *io)
{
    PARE_TRY(pare_infer_same(ctx, io));
    if (io->n_out < 2) return PARE_OK;
    io->out[1] = io->out[0];
    if (io->call->version >= 10 && pare_info_is_tensor(&io->out[1])) io->out[1].dtype = PARE_BOOL;
    return PARE_OK;
}

const pare_op pare_op_dropout = {
    .domain = "", .name = "Dropout", .since = 1,
    .n_in = { 1, 3 }, .n_out = { 1, 2 },
    .params_bytes = sizeof(pare_dropout_params),
    .resolve = dropout_resolve, .infer = dropout_infer,
};
