#include "op/shape.h"

/* The same value, of whatever kind, content included. */

static pare_status identity_infer(pare_ctx *ctx, pare_infer_io *io)
{
    (void)ctx;
    const pare_info *x = pare_in(io, 0);
    if (x) io->out[0] = *x;
    return PARE_OK;
}

const pare_op pare_op_identity = {
    .domain = "", .name = "Identity", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = identity_infer, .eval = PARE_TODO(eval),
};
