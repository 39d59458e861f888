#include "op/conv.h"

#include "op/costs.h"
#include "op/linker.h"

#include <inttypes.h>

/* X [N, C, spatial...], W [C, M/group, kernel...]; each input element spreads over a kernel's
 * reach. */

static pare_status conv_transpose_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_conv_transpose_params *p = params;
    PARE_TRY(pare_get_int_in(ctx, call, "group", 1, 1, INT32_MAX, &p->group));
    PARE_TRY(pare_get_ints(ctx, call, "output_padding", &p->output_padding));
    PARE_TRY(pare_get_ints(ctx, call, "output_shape", &p->output_shape));
    return pare_window_resolve(ctx, &p->window, call);
}

static pare_num plus(pare_infer_io *io, pare_num a, int64_t b)
{
    return pare_num_add(io->shapes->exprs, a, pare_num_int(b));
}

/* stride * (in - 1) + output_padding + (kernel - 1) * dilation + 1 - pads */
static pare_num spread(pare_infer_io *io, pare_num in, pare_num kernel, uint32_t axis, uint32_t n)
{
    const pare_conv_transpose_params *p = io->params;
    const pare_window *w = &p->window;
    pare_exprs *x = io->shapes->exprs;
    const pare_num stride = pare_num_int(pare_window_at(w->strides, axis, 1));
    if (w->auto_pad == PARE_PAD_SAME_UPPER || w->auto_pad == PARE_PAD_SAME_LOWER)
        return pare_num_mul(x, in, stride);
    const pare_num dilation = pare_num_int(pare_window_at(w->dilations, axis, 1));
    pare_num size = pare_num_mul(x, plus(io, in, -1), stride);
    size = pare_num_add(x, size, pare_num_mul(x, plus(io, kernel, -1), dilation));
    size = plus(io, size, 1);
    size = plus(io, size, pare_window_at(p->output_padding, axis, 0));
    if (w->auto_pad == PARE_PAD_VALID) return size;
    size = plus(io, size, -pare_window_at(w->pads, axis, 0));
    return plus(io, size, -pare_window_at(w->pads, axis + n, 0));
}

static pare_status spatial_out(pare_ctx *ctx, pare_infer_io *io, const pare_info *x,
                               const pare_info *w, pare_num *out)
{
    const pare_conv_transpose_params *p = io->params;
    const uint32_t n = w->rank - 2;
    PARE_TRY(pare_window_check(ctx, io->call, &p->window, n));
    PARE_TRY(pare_list_length(ctx, io->call, "output_padding", p->output_padding, n));
    /* output_shape gives the spatial sizes; old exporters wrote all dims */
    if (p->output_shape.n != w->rank)
        PARE_TRY(pare_list_length(ctx, io->call, "output_shape", p->output_shape, n));
    for (uint32_t i = 0; i < n; i++) {
        pare_num kernel = w->dims[2 + i];
        if (p->window.kernel_shape.n)
            PARE_TRY(pare_same_dim(ctx, io, "kernel_shape against the weight", kernel,
                                   pare_num_int(p->window.kernel_shape.v[i]), &kernel));
        if (p->output_shape.n)
            out[i] = pare_num_int(p->output_shape.v[p->output_shape.n - n + i]);
        else if (pare_info_has_rank(x))
            out[i] = spread(io, x->dims[2 + i], kernel, i, n);
        if (out[i].kind == PARE_NUM_INT && out[i].i < 0)
            return pare_call_fail(ctx, io->call,
                                  "spatial axis %" PRIu32
                                  ": expected a size of 0 or more, found %" PRId64,
                                  i, out[i].i);
    }
    return PARE_OK;
}

static pare_status conv_transpose_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_conv_transpose_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    const pare_info *w = pare_in(io, 1);
    const pare_dtype dtype = pare_first_dtype(io);
    io->out[0] = pare_info_unranked(dtype);
    PARE_TRY(pare_need_rank(ctx, io, 0, 3, PARE_MAX_DIMS));
    if (!pare_info_has_rank(w)) return PARE_OK;
    PARE_TRY(pare_need_rank(ctx, io, 1, 3, PARE_MAX_DIMS));
    if (pare_info_has_rank(x)) {
        pare_num channels;
        PARE_TRY(pare_need_rank(ctx, io, 1, x->rank, x->rank));
        PARE_TRY(pare_same_dim(ctx, io, "input channels against the weight", x->dims[1], w->dims[0],
                               &channels));
    }
    pare_num *dims = NULL;
    const pare_info y = pare_info_ranked(io->shapes, dtype, w->rank, &dims);
    if (pare_info_has_rank(x)) dims[0] = x->dims[0];
    dims[1] = pare_num_mul(io->shapes->exprs, w->dims[1], pare_num_int(p->group));
    PARE_TRY(spatial_out(ctx, io, x, w, dims + 2));
    io->out[0] = y;
    return PARE_OK;
}

int64_t pare_conv_transpose_cut(const pare_conv_transpose_params *p, const pare_window_shape *s,
                                uint32_t d)
{
    const int auto_pad = p->window.auto_pad;
    const bool is_same = auto_pad == PARE_PAD_SAME_UPPER || auto_pad == PARE_PAD_SAME_LOWER;
    if (!is_same && !p->output_shape.n)
        return auto_pad == PARE_PAD_VALID ? 0 : pare_window_at(p->window.pads, d, 0);
    const int64_t full = (s->in[d] - 1) * s->stride[d] + (s->kernel[d] - 1) * s->dilation[d] + 1 +
                         pare_window_at(p->output_padding, d, 0);
    const int64_t total = full > s->out[d] ? full - s->out[d] : 0;
    return auto_pad == PARE_PAD_SAME_UPPER ? total / 2 : total - total / 2;
}

const pare_op pare_op_conv_transpose = {
    .domain = "",
    .name = "ConvTranspose",
    .since = 1,
    .n_in = { 2, 3 },
    .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_conv_transpose_params),
    .resolve = conv_transpose_resolve,
    .infer = conv_transpose_infer,
    .eval = pare_conv_transpose_eval,
    .cost = pare_conv_transpose_cost,
    .links = pare_conv_transpose_links,
};
