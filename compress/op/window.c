#include "op/window.h"

#include <inttypes.h>

static pare_status check_list(pare_ctx *ctx, const pare_call *call, const char *name,
                              pare_ints list, int64_t low)
{
    for (uint32_t i = 0; i < list.n; i++)
        if (list.v[i] < low || list.v[i] > INT32_MAX)
            return pare_call_fail(ctx, call,
                                  "attribute '%s': expected %" PRId64 " to %d, found %" PRId64,
                                  name, low, INT32_MAX, list.v[i]);
    return PARE_OK;
}

pare_status pare_window_resolve(pare_ctx *ctx, pare_window *window, const pare_call *call)
{
    static const char *const words[] = { "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", NULL };
    PARE_TRY(pare_get_ints(ctx, call, "kernel_shape", &window->kernel_shape));
    PARE_TRY(pare_get_ints(ctx, call, "strides", &window->strides));
    PARE_TRY(pare_get_ints(ctx, call, "dilations", &window->dilations));
    PARE_TRY(pare_get_ints(ctx, call, "pads", &window->pads));
    PARE_TRY(check_list(ctx, call, "kernel_shape", window->kernel_shape, 1));
    PARE_TRY(check_list(ctx, call, "strides", window->strides, 1));
    PARE_TRY(check_list(ctx, call, "dilations", window->dilations, 1));
    PARE_TRY(check_list(ctx, call, "pads", window->pads, -INT32_MAX));
    PARE_TRY(pare_get_flag(ctx, call, "ceil_mode", false, &window->ceil_mode));
    return pare_get_word(ctx, call, "auto_pad", words, PARE_PAD_NOTSET, &window->auto_pad);
}

pare_status pare_list_length(pare_ctx *ctx, const pare_call *call, const char *name, pare_ints list,
                             uint32_t want)
{
    if (!list.n || list.n == want) return PARE_OK;
    return pare_call_fail(ctx, call, "attribute '%s': expected %" PRIu32 " values, found %" PRIu32,
                          name, want, list.n);
}

pare_status pare_window_check(pare_ctx *ctx, const pare_call *call, const pare_window *window,
                              uint32_t n_spatial)
{
    PARE_TRY(pare_list_length(ctx, call, "kernel_shape", window->kernel_shape, n_spatial));
    PARE_TRY(pare_list_length(ctx, call, "strides", window->strides, n_spatial));
    PARE_TRY(pare_list_length(ctx, call, "dilations", window->dilations, n_spatial));
    return pare_list_length(ctx, call, "pads", window->pads, 2 * n_spatial);
}

/* One spatial axis. */
static pare_status out_size(pare_ctx *ctx, pare_infer_io *io, const pare_window *w, pare_num in,
                            pare_num kernel, uint32_t axis, uint32_t n_spatial, pare_num *out)
{
    pare_exprs *x = io->shapes->exprs;
    const pare_num stride = pare_num_int(pare_window_at(w->strides, axis, 1));
    if (w->auto_pad == PARE_PAD_SAME_UPPER || w->auto_pad == PARE_PAD_SAME_LOWER) {
        *out = pare_num_ceildiv(x, in, stride);
        return PARE_OK;
    }
    const pare_num reach =
        pare_num_add(/* (kernel - 1) * dilation + 1 */
                     x,
                     pare_num_mul(x, pare_num_sub(x, kernel, pare_num_int(1)),
                                  pare_num_int(pare_window_at(w->dilations, axis, 1))),
                     pare_num_int(1));
    const bool has_pads = w->auto_pad == PARE_PAD_NOTSET;
    const int64_t begin = has_pads ? pare_window_at(w->pads, axis, 0) : 0;
    const int64_t end = has_pads ? pare_window_at(w->pads, axis + n_spatial, 0) : 0;
    const pare_num padded = pare_num_add(x, in, pare_num_int(begin + end));
    const pare_num room = pare_num_sub(x, padded, reach);
    if (room.kind == PARE_NUM_INT && room.i < 0)
        return pare_call_fail(ctx, io->call,
                              "spatial axis %" PRIu32
                              ": expected a padded input of at least %" PRId64
                              " (kernel), found %" PRId64,
                              axis, reach.kind == PARE_NUM_INT ? reach.i : 0,
                              padded.kind == PARE_NUM_INT ? padded.i : 0);
    const pare_num steps = w->ceil_mode ? pare_num_ceildiv(x, room, stride)
                                        : pare_num_floordiv(x, room, stride);
    *out = pare_num_add(x, steps, pare_num_int(1));
    if (!w->ceil_mode || pare_num_at_least(x, reach, end + stride.i)) return PARE_OK;
    /* A window that would start in the padding behind the input is left out (ONNX, since 1.16). */
    const pare_num starts =
        pare_num_ceildiv(x, pare_num_add(x, in, pare_num_int(begin)), stride);
    *out = pare_num_min(x, *out, starts);
    return PARE_OK;
}

pare_status pare_window_out(pare_ctx *ctx, pare_infer_io *io, const pare_window *window,
                            const pare_num *in, const pare_num *kernel, uint32_t n_spatial,
                            pare_num *out)
{
    PARE_TRY(pare_window_check(ctx, io->call, window, n_spatial));
    for (uint32_t i = 0; i < n_spatial; i++) {
        pare_num size = kernel ? kernel[i] : pare_num_unknown();
        if (window->kernel_shape.n)
            PARE_TRY(pare_same_dim(ctx, io, "kernel_shape against the weight", size,
                                   pare_num_int(window->kernel_shape.v[i]), &size));
        const pare_num size_in = in ? in[i] : pare_num_unknown();
        PARE_TRY(out_size(ctx, io, window, size_in, size, i, n_spatial, &out[i]));
    }
    return PARE_OK;
}
