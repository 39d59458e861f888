#include "op/eval.h"
#include "op/linker.h"
#include "op/shape.h"

/* The same value, of whatever kind, content included. */

static pare_status identity_infer(pare_ctx *ctx, pare_infer_io *io)
{
    (void)ctx;
    const pare_info *x = pare_in(io, 0);
    if (x) io->out[0] = *x;
    return PARE_OK;
}

static pare_status identity_eval(pare_ctx *ctx, pare_eval_io *io)
{
    if (!io->in[0]) return pare_call_fail(ctx, io->call, "input 0: expected a value, found none");
    return pare_eval_out_copy(ctx, io, 0, io->in[0]);
}

const pare_op pare_op_identity = {
    .domain = "", .name = "Identity", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = identity_infer, .eval = identity_eval,
    .cost = PARE_NA(cost),
    .links = pare_elementwise_links,
};
