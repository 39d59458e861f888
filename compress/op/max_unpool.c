#include "op/window.h"

#include <inttypes.h>

/* Puts the maxima of a MaxPool back to where their indices say; the rest is zero. */

static pare_status max_unpool_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    PARE_TRY(pare_need_attr(ctx, call, "kernel_shape"));
    return pare_window_resolve(ctx, params, call);
}

static pare_status spatial_out(pare_ctx *ctx, pare_infer_io *io, const pare_info *x, pare_num *out)
{
    const pare_window *w = io->params;
    pare_exprs *e = io->shapes->exprs;
    const uint32_t n = x->rank - 2;
    PARE_TRY(pare_window_check(ctx, io->call, w, n));
    for (uint32_t i = 0; i < n; i++) { /* (in - 1) * stride + kernel - pads */
        const pare_num steps = pare_num_sub(e, x->dims[2 + i], pare_num_int(1));
        const int64_t pads = pare_window_at(w->pads, i, 0) + pare_window_at(w->pads, i + n, 0);
        out[i] = pare_num_mul(e, steps, pare_num_int(pare_window_at(w->strides, i, 1)));
        out[i] =
            pare_num_add(e, out[i], pare_num_int(pare_window_at(w->kernel_shape, i, 1) - pads));
    }
    return PARE_OK;
}

static pare_status max_unpool_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *x = pare_in(io, 0);
    const pare_info *shape = pare_in(io, 2);
    io->out[0] = pare_info_unranked(x ? x->dtype : PARE_DTYPE_UNDEFINED);
    if (!pare_info_has_rank(x)) return PARE_OK;
    PARE_TRY(pare_need_rank(ctx, io, 0, 3, PARE_MAX_DIMS));
    pare_num *dims = NULL;
    const pare_info y = pare_info_ranked(io->shapes, x->dtype, x->rank, &dims);
    if (shape) { /* the third input gives the whole shape, where it is known */
        for (uint32_t i = 0; i < x->rank; i++) dims[i] = pare_info_at(shape, i);
    } else {
        dims[0] = x->dims[0];
        dims[1] = x->dims[1];
        PARE_TRY(spatial_out(ctx, io, x, dims + 2));
    }
    io->out[0] = y;
    return PARE_OK;
}

const pare_op pare_op_max_unpool = {
    .domain = "", .name = "MaxUnpool", .since = 9,
    .n_in = { 2, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_window),
    .resolve = max_unpool_resolve, .infer = max_unpool_infer, .eval = PARE_TODO(eval),
};
