#include "op/shape.h"
#include "op/window.h"

#include <inttypes.h>

/* Y = X * W + B: X [N, C, spatial...], W [M, C/group, kernel...], B [M]. Opsets 1, 11 and 22 differ
 * in types and in the defaults that pare_window_resolve covers. */

typedef struct conv_params {
    pare_window window;
    int64_t group;
} conv_params;

static pare_status conv_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    conv_params *p = params;
    PARE_TRY(pare_get_int_in(ctx, call, "group", 1, 1, INT32_MAX, &p->group));
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
                          "input 0: expected %" PRId64 " channels (%" PRId64 " in each of %" PRId64
                          " groups), found %" PRId64,
                          want.i, w->dims[1].i, group, x->dims[1].i);
}

static pare_status conv_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const conv_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    const pare_info *w = pare_in(io, 1);
    io->out[0] = pare_info_unranked(pare_first_dtype(io));
    PARE_TRY(pare_need_rank(ctx, io, 0, 3, PARE_MAX_DIMS));
    if (!pare_info_has_rank(w)) return PARE_OK;
    PARE_TRY(pare_need_rank(ctx, io, 1, 3, PARE_MAX_DIMS));
    if (pare_info_has_rank(x)) PARE_TRY(pare_need_rank(ctx, io, 1, x->rank, x->rank));
    PARE_TRY(check_channels(ctx, io, p->group, x, w));
    pare_num *dims = NULL;
    pare_info y = pare_info_ranked(io->shapes, pare_first_dtype(io), w->rank, &dims);
    if (pare_info_has_rank(x)) dims[0] = x->dims[0];
    dims[1] = w->dims[0];
    PARE_TRY(pare_window_out(ctx, io, &p->window, x, w->dims + 2, w->rank - 2, dims + 2));
    io->out[0] = y;
    return PARE_OK;
}

const pare_op pare_op_conv = {
    .domain = "", .name = "Conv", .since = 1,
    .n_in = { 2, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(conv_params),
    .resolve = conv_resolve, .infer = conv_infer,
};
