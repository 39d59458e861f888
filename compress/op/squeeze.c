#include "op/content.h"
#include "op/linker.h"
#include "op/list.h"
#include "op/move.h"
#include "op/mover.h"

#include <inttypes.h>

/* Takes axes of size 1 out (all of them when none are given), or puts them in. Version 13 moved the
 * axes from an attribute to input 1. */

static pare_status axes_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_axes_params *p = params;
    return call->version < 13 ? pare_get_ints(ctx, call, "axes", &p->axes) : PARE_OK;
}

/* Dims of x but for those marked, with its content. */
static void without(pare_infer_io *io, const pare_info *x, const bool *gone, uint32_t n_gone)
{
    pare_num *dims = NULL;
    pare_info y = pare_info_ranked(io->shapes, x->dtype, x->rank - n_gone, &dims);
    for (uint32_t i = 0, k = 0; i < x->rank; i++)
        if (!gone[i]) dims[k++] = x->dims[i];
    pare_content_keep(io->shapes, &y, x);
    io->out[0] = y;
}

static void squeeze_all(pare_infer_io *io, const pare_info *x)
{
    bool gone[PARE_MAX_DIMS] = { false };
    uint32_t n = 0;
    for (uint32_t i = 0; i < x->rank; i++) {
        if (x->dims[i].kind != PARE_NUM_INT) return; /* it may be 1 */
        gone[i] = x->dims[i].i == 1;
        n += gone[i];
    }
    without(io, x, gone, n);
}

static pare_status squeeze_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_axes_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    uint32_t axes[PARE_MAX_DIMS];
    bool gone[PARE_MAX_DIMS] = { false };
    bool known = false;
    pare_list list;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    PARE_TRY(pare_list_get(ctx, io, p->axes, 1, &list));
    if (!pare_info_has_rank(x)) return PARE_OK;
    if (!list.given) squeeze_all(io, x);
    if (!list.has_length) return PARE_OK;
    PARE_TRY(pare_list_axes(ctx, io, "axes", &list, x->rank, axes, &known));
    if (!known) {
        pare_num *dims = NULL;
        io->out[0] = pare_info_ranked(io->shapes, x->dtype, x->rank - list.n, &dims);
        return PARE_OK;
    }
    for (uint32_t i = 0; i < list.n; i++) {
        const pare_num dim = x->dims[axes[i]];
        gone[axes[i]] = true;
        if (dim.kind == PARE_NUM_INT && dim.i != 1)
            return pare_call_fail(ctx, io->call,
                                  "axis %" PRIu32 ": expected a dim of 1, found %" PRId64, axes[i],
                                  dim.i);
    }
    without(io, x, gone, list.n);
    return PARE_OK;
}

static pare_status unsqueeze_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_axes_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    uint32_t axes[PARE_MAX_DIMS];
    bool added[PARE_MAX_DIMS] = { false };
    bool known = false;
    pare_num *dims = NULL;
    pare_list list;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    PARE_TRY(pare_list_get(ctx, io, p->axes, 1, &list));
    if (!pare_info_has_rank(x) || !list.has_length || list.n > PARE_MAX_DIMS - x->rank)
        return PARE_OK;
    const uint32_t rank = x->rank + list.n;
    PARE_TRY(pare_list_axes(ctx, io, "axes", &list, rank, axes, &known));
    pare_info y = pare_info_ranked(io->shapes, x->dtype, rank, &dims);
    for (uint32_t i = 0; known && i < list.n; i++) added[axes[i]] = true;
    for (uint32_t i = 0, k = 0; known && i < rank; i++)
        dims[i] = added[i] ? pare_num_int(1) : x->dims[k++];
    pare_content_keep(io->shapes, &y, x);
    io->out[0] = y;
    return PARE_OK;
}

const pare_op pare_op_squeeze = {
    .domain = "", .name = "Squeeze", .since = 1,
    .n_in = { 1, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_axes_params),
    .resolve = axes_resolve, .infer = squeeze_infer, .eval = pare_reshape_eval,
    .cost = PARE_NA(cost),
    .links = pare_reshape_links,
};

const pare_op pare_op_unsqueeze = {
    .domain = "", .name = "Unsqueeze", .since = 1,
    .n_in = { 1, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_axes_params),
    .resolve = axes_resolve, .infer = unsqueeze_infer, .eval = pare_reshape_eval,
    .cost = PARE_NA(cost),
    .links = pare_reshape_links,
};
