#include "op/list.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/move.h"

#include <inttypes.h>

/* The k largest (from version 11 on, or smallest) elements along an axis, and where they stood.
 * Version 10 made k an input. */

static pare_status top_k_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_top_k_params *p = params;
    p->k = -1;
    PARE_TRY(pare_get_int(ctx, call, "axis", -1, &p->axis));
    PARE_TRY(pare_get_flag(ctx, call, "largest", true, &p->largest));
    PARE_TRY(pare_get_flag(ctx, call, "sorted", true, &p->sorted));
    if (call->version >= 10) return PARE_OK;
    PARE_TRY(pare_need_attr(ctx, call, "k"));
    return pare_get_int_in(ctx, call, "k", 0, 0, INT64_MAX, &p->k);
}

static pare_status top_k_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_top_k_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    const pare_ints none = { 0 };
    pare_list list;
    uint32_t axis = 0;
    pare_num *dims = NULL;
    PARE_TRY(pare_list_get(ctx, io, none, 1, &list));
    const pare_num k = p->k >= 0 ? pare_num_int(p->k) : pare_list_at(&list, 0);
    pare_info y = pare_info_unranked(pare_in_dtype(io, 0));
    if (k.kind == PARE_NUM_INT && k.i < 0)
        return pare_call_fail(ctx, io->call, "k: expected a number >= 0, found %" PRId64, k.i);
    if (pare_info_has_rank(x)) {
        PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, x->rank, &axis));
        const pare_num dim = x->dims[axis];
        if (k.kind == PARE_NUM_INT && dim.kind == PARE_NUM_INT && k.i > dim.i)
            return pare_call_fail(ctx, io->call,
                                  "k: expected at most %" PRId64 " elements, found %" PRId64,
                                  dim.i, k.i);
        y = pare_info_ranked(io->shapes, x->dtype, x->rank, &dims);
        for (uint32_t i = 0; i < x->rank; i++) dims[i] = i == axis ? k : x->dims[i];
    }
    io->out[0] = y;
    if (io->n_out > 1) io->out[1] = y;
    if (io->n_out > 1) io->out[1].dtype = PARE_INT64;
    return PARE_OK;
}

const pare_op pare_op_top_k = {
    .domain = "", .name = "TopK", .since = 1,
    .n_in = { 1, 2 }, .n_out = { 1, 2 },
    .params_bytes = sizeof(pare_top_k_params),
    .resolve = top_k_resolve, .infer = top_k_infer, .eval = pare_top_k_eval,
    .cost = pare_top_k_cost,
    .links = pare_top_k_links,
};
