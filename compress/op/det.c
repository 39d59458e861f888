#include "op/shape.h"

/* Determinants of the square matrices over the last two axes. */

static pare_status det_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *x = pare_in(io, 0);
    io->out[0] = pare_info_unranked(x ? x->dtype : PARE_DTYPE_UNDEFINED);
    if (!pare_info_has_rank(x)) return PARE_OK;
    PARE_TRY(pare_need_rank(ctx, io, 0, 2, PARE_MAX_DIMS));
    pare_num side;
    PARE_TRY(pare_same_dim(ctx, io, "sides of the matrices", x->dims[x->rank - 2],
                           x->dims[x->rank - 1], &side));
    io->out[0] = pare_info_tensor(io->shapes, x->dtype, x->rank - 2, x->dims);
    return PARE_OK;
}

const pare_op pare_op_det = {
    .domain = "", .name = "Det", .since = 11,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = det_infer, .eval = PARE_TODO(eval),
};
