#include "op/list.h"
#include "op/move.h"

#include <inttypes.h>

/* Indices as vectors with one place marked: a new axis of `depth` elements. Version 11 counts
 * indices below 0 from the end. */

static pare_status one_hot_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_axis_params *p = params;
    return pare_get_int(ctx, call, "axis", -1, &p->axis);
}

static pare_status one_hot_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_axis_params *p = io->params;
    const pare_info *indices = pare_in(io, 0);
    const pare_ints none = { 0 };
    pare_list depth;
    uint32_t axis = 0;
    pare_num *dims = NULL;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 2));
    PARE_TRY(pare_list_get(ctx, io, none, 1, &depth));
    const pare_num n = pare_list_at(&depth, 0);
    if (n.kind == PARE_NUM_INT && n.i < 0)
        return pare_call_fail(ctx, io->call, "depth: expected a number >= 0, found %" PRId64, n.i);
    if (!pare_info_has_rank(indices)) return PARE_OK;
    PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, indices->rank + 1, &axis));
    pare_info y =
        pare_info_ranked(io->shapes, pare_in_dtype(io, 2), indices->rank + 1, &dims);
    for (uint32_t k = 0; k < indices->rank; k++) dims[k < axis ? k : k + 1] = indices->dims[k];
    dims[axis] = n;
    io->out[0] = y;
    return PARE_OK;
}

const pare_op pare_op_one_hot = {
    .domain = "", .name = "OneHot", .since = 9,
    .n_in = { 3, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_axis_params),
    .resolve = one_hot_resolve, .infer = one_hot_infer, .eval = PARE_TODO(eval),
};
