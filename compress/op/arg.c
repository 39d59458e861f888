#include "kernels/reduce.h"

#include "op/costs.h"
#include "op/elementwise.h"
#include "op/linker.h"
#include "op/reduce.h"
#include "op/rows.h"

#include <inttypes.h>

/* Index of the largest or smallest element along an axis. */

static pare_status arg_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_arg_params *p = params;
    PARE_TRY(pare_get_int(ctx, call, "axis", 0, &p->axis));
    PARE_TRY(pare_get_flag(ctx, call, "select_last_index", false, &p->last));
    return pare_get_flag(ctx, call, "keepdims", true, &p->keep_dims);
}

static pare_status arg_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_arg_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    uint32_t axis = 0;
    io->out[0] = pare_info_unranked(PARE_INT64);
    if (!pare_info_has_rank(x)) return PARE_OK;
    PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, x->rank, &axis));
    pare_num dims[PARE_MAX_DIMS];
    uint32_t rank = 0;
    for (uint32_t i = 0; i < x->rank; i++) {
        if (i != axis) dims[rank++] = x->dims[i];
        else if (p->keep_dims) dims[rank++] = pare_num_int(1);
    }
    io->out[0] = pare_info_tensor(io->shapes, PARE_INT64, rank, dims);
    return PARE_OK;
}

static int64_t find(pare_wide wide, int64_t n, const void *x, bool smallest, bool last)
{
    switch (wide) {
    case PARE_WIDE_F32: return pare_arg_f32_ref(n, x, smallest, last);
    case PARE_WIDE_F64: return pare_arg_f64_ref(n, x, smallest, last);
    case PARE_WIDE_I64: return pare_arg_i64_ref(n, x, smallest, last);
    default: return pare_arg_u64_ref(n, x, smallest, last);
    }
}

static pare_status arg_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_arg_params *p = io->params;
    const bool smallest = pare_str_eq(io->call->op->name, "ArgMin");
    const pare_tensor *x = NULL;
    void *data = NULL;
    void *room = NULL;
    pare_rows r;
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    const pare_wide wide = pare_wide_of(x->dtype);
    if (wide == PARE_WIDE_NONE || x->dtype == PARE_BOOL)
        return pare_eval_no_type(ctx, io, x->dtype);
    PARE_TRY(pare_eval_out(ctx, io, 0, &data));
    int64_t *y = data;
    const uint32_t axis = (uint32_t)(p->axis < 0 ? p->axis + x->rank : p->axis);
    pare_rows_start_at(&r, x->rank, x->dims, axis, axis + 1);
    if (!r.n && r.n_rows)
        return pare_call_fail(ctx, io->call, "axis %" PRIu32 ": expected elements, found none",
                              axis);
    PARE_TRY(pare_rows_room(ctx, &r, wide, &room));
    for (int64_t i = 0; i < r.n_rows; i++) {
        pare_rows_go(&r, i);
        pare_rows_load(&r, wide, x, room);
        y[i] = find(wide, r.n, room, smallest, p->last);
    }
    pare_free(ctx, room);
    return PARE_OK;
}

const pare_op pare_op_arg_max = {
    .domain = "", .name = "ArgMax", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_arg_params),
    .resolve = arg_resolve, .infer = arg_infer, .eval = arg_eval,
    .cost = pare_reduce_cost,
    .links = pare_arg_links,
};

const pare_op pare_op_arg_min = {
    .domain = "", .name = "ArgMin", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_arg_params),
    .resolve = arg_resolve, .infer = arg_infer, .eval = arg_eval,
    .cost = pare_reduce_cost,
    .links = pare_arg_links,
};
