#include "op/conv.h"

#include "op/costs.h"
#include "op/linker.h"

#include <inttypes.h>

/* Y = X * W + B: X [N, C, spatial...], W [M, C/group, kernel...], B [M]. The quantized forms put
 * scales and zero points between these inputs. Opsets 1, 11 and 22 differ in types only, beside
 * what pare_window_resolve covers. */

static pare_status conv_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_conv_params *p = params;
    PARE_TRY(pare_get_int_in(ctx, call, "group", 1, 1, INT32_MAX, &p->group));
    PARE_TRY(pare_get_int_in(ctx, call, "offset_group", 1, 1, INT32_MAX, &p->offset_group));
    PARE_TRY(pare_get_text(ctx, call, "activation", &p->activation));
    PARE_TRY(pare_get_floats(ctx, call, "activation_params", &p->activation_params));
    return pare_window_resolve(ctx, &p->window, call);
}

/* Input channels must be group times what a filter sees; filters must divide among the groups. */
static pare_status check_channels(pare_ctx *ctx, const pare_infer_io *io, int64_t group,
                                  const pare_info *x, const pare_info *w)
{
    const pare_num filters = w->dims[0];
    if (filters.kind == PARE_NUM_INT && filters.i % group)
        return pare_call_fail(ctx, io->call,
                              "group: expected a divisor of %" PRId64
                              " output channels, found %" PRId64,
                              filters.i, group);
    if (!pare_info_has_rank(x) || x->dims[1].kind != PARE_NUM_INT ||
        w->dims[1].kind != PARE_NUM_INT)
        return PARE_OK;
    const pare_num want = pare_num_mul(io->shapes->exprs, w->dims[1], pare_num_int(group));
    if (pare_num_equal(want, x->dims[1])) return PARE_OK;
    return pare_call_fail(ctx, io->call,
                          "input channels: expected %" PRId64 " in each of %" PRId64
                          " groups, found %" PRId64 " in all",
                          w->dims[1].i, group, x->dims[1].i);
}

/* The output of a convolution whose data and weight are inputs ix and iw. */
static pare_status infer_output(pare_ctx *ctx, pare_infer_io *io, uint32_t ix, uint32_t iw,
                                pare_dtype dtype)
{
    const pare_conv_params *p = io->params;
    const pare_info *x = pare_in(io, ix);
    const pare_info *w = pare_in(io, iw);
    io->out[0] = pare_info_unranked(dtype);
    PARE_TRY(pare_need_rank(ctx, io, ix, 3, PARE_MAX_DIMS));
    if (!pare_info_has_rank(w)) return PARE_OK;
    PARE_TRY(pare_need_rank(ctx, io, iw, 3, PARE_MAX_DIMS));
    if (pare_info_has_rank(x)) PARE_TRY(pare_need_rank(ctx, io, iw, x->rank, x->rank));
    PARE_TRY(check_channels(ctx, io, p->group, x, w));
    pare_num *dims = NULL;
    const pare_info y = pare_info_ranked(io->shapes, dtype, w->rank, &dims);
    if (pare_info_has_rank(x)) dims[0] = x->dims[0];
    dims[1] = w->dims[0];
    const pare_num *in = pare_info_has_rank(x) ? x->dims + 2 : NULL;
    PARE_TRY(pare_window_out(ctx, io, &p->window, in, w->dims + 2, w->rank - 2, dims + 2));
    io->out[0] = y;
    return PARE_OK;
}

static pare_status conv_infer(pare_ctx *ctx, pare_infer_io *io)
{
    return infer_output(ctx, io, 0, 1, pare_first_dtype(io));
}

static pare_status conv_integer_infer(pare_ctx *ctx, pare_infer_io *io)
{
    return infer_output(ctx, io, 0, 1, PARE_INT32);
}

/* x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, B */
static pare_status qlinear_conv_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *zero_point = pare_in(io, 7);
    return infer_output(ctx, io, 0, 3,
                        zero_point ? zero_point->dtype : PARE_DTYPE_UNDEFINED);
}

const pare_op pare_op_conv = {
    .domain = "", .name = "Conv", .since = 1,
    .n_in = { 2, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_conv_params),
    .resolve = conv_resolve, .infer = conv_infer, .eval = pare_conv_eval,
    .cost = pare_conv_cost,
    .links = pare_conv_links,
};

const pare_op pare_op_conv_integer = {
    .domain = "", .name = "ConvInteger", .since = 10,
    .n_in = { 2, 4 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_conv_params),
    .resolve = conv_resolve, .infer = conv_integer_infer, .eval = pare_conv_integer_eval,
    .cost = pare_conv_integer_cost,
    .links = pare_conv_integer_links,
};

const pare_op pare_op_deform_conv = {
    .domain = "", .name = "DeformConv", .since = 19,
    .n_in = { 3, 5 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_conv_params),
    .resolve = conv_resolve, .infer = conv_infer, .eval = pare_deform_conv_eval,
    .cost = pare_deform_conv_cost,
    .links = PARE_TODO(links),
};

const pare_op pare_op_qlinear_conv = {
    .domain = "", .name = "QLinearConv", .since = 10,
    .n_in = { 8, 9 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_conv_params),
    .resolve = conv_resolve, .infer = qlinear_conv_infer, .eval = pare_qlinear_conv_eval,
    .cost = pare_qlinear_conv_cost,
    .links = pare_qlinear_conv_links,
};

const pare_op pare_op_ms_fused_conv = {
    .domain = "com.microsoft", .name = "FusedConv", .since = 1,
    .n_in = { 2, 4 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_conv_params),
    .resolve = conv_resolve, .infer = conv_infer, .eval = pare_fused_conv_eval,
    .cost = pare_conv_cost,
    .links = pare_conv_links,
};
