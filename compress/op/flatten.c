#include "op/content.h"
#include "op/linker.h"
#include "op/move.h"
#include "op/mover.h"

/* To two axes: the product of the dims before `axis`, and of those from it on. Version 11 allows
 * negative axes; rank itself is allowed. */

static pare_status flatten_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_axis_params *p = params;
    return pare_get_int(ctx, call, "axis", 1, &p->axis);
}

static pare_status flatten_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_axis_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    pare_num dims[2] = { { 0 } };
    if (pare_info_has_rank(x)) {
        uint32_t axis = x->rank;
        if (p->axis != (int64_t)x->rank)
            PARE_TRY(pare_axis(ctx, io, "axis", p->axis, x->rank, &axis));
        dims[0] = pare_dims_product(io->shapes, x->dims, 0, axis);
        dims[1] = pare_dims_product(io->shapes, x->dims, axis, x->rank);
    }
    io->out[0] = pare_info_tensor(io->shapes, pare_in_dtype(io, 0), 2, dims);
    pare_content_keep(io->shapes, &io->out[0], x);
    return PARE_OK;
}

const pare_op pare_op_flatten = {
    .domain = "", .name = "Flatten", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_axis_params),
    .resolve = flatten_resolve, .infer = flatten_infer, .eval = pare_reshape_eval,
    .cost = PARE_NA(cost),
    .links = pare_reshape_links,
};
