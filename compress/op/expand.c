#include "op/content.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/list.h"
#include "op/mover.h"

#include <inttypes.h>

/* Broadcasts a tensor against a shape, both ways: Expand. Repeats it along its axes: Tile. */

/* What an element of the output is looked up in. */
typedef struct source {
    const pare_info *x;
    uint32_t rank;            /* of the output */
} source;

static pare_num spread(const void *user, const int64_t *at)
{
    const source *s = user;
    return pare_content_spread(s->x, at, s->rank);
}

/* The shape that input 1 asks for, as the shape of a tensor. */
static pare_status asked_shape(pare_ctx *ctx, pare_infer_io *io, const pare_list *list,
                               pare_info *out)
{
    pare_num *dims = NULL;
    *out = pare_info_unranked(PARE_DTYPE_UNDEFINED);
    if (!list->has_length || list->n > PARE_MAX_DIMS) return PARE_OK;
    *out = pare_info_ranked(io->shapes, PARE_DTYPE_UNDEFINED, list->n, &dims);
    for (uint32_t i = 0; i < list->n; i++) {
        dims[i] = pare_list_at(list, i);
        if (dims[i].kind == PARE_NUM_INT && dims[i].i < 0)
            return pare_call_fail(ctx, io->call, "shape: expected dims >= 0, found %" PRId64,
                                  dims[i].i);
    }
    return PARE_OK;
}

static pare_status expand_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_ints none = { 0 };
    const pare_info *x = pare_in(io, 0);
    pare_list list;
    pare_info asked;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    PARE_TRY(pare_list_get(ctx, io, none, 1, &list));
    PARE_TRY(asked_shape(ctx, io, &list, &asked));
    const pare_info *const both[] = { x, &asked };
    PARE_TRY(pare_broadcast(ctx, io, pare_in_dtype(io, 0), both, 2, &io->out[0]));
    const source from = { x, io->out[0].rank };
    if (pare_info_has_rank(x) && x->content)
        pare_content_fill(io->shapes, &io->out[0], spread, &from);
    return PARE_OK;
}

static pare_status expand_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *x = NULL;
    int64_t strides[PARE_MAX_DIMS];
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    PARE_TRY(pare_mover_out(ctx, io, 0, x, &m));
    const pare_tensor *y = io->out[0].tensor;
    pare_strides(x->rank, x->dims, strides);
    pare_box box = { .rank = y->rank };
    pare_strides(y->rank, y->dims, box.to_strides);
    for (uint32_t k = 0; k < y->rank; k++) box.dims[k] = y->dims[k];
    for (uint32_t k = 0; k < x->rank; k++)
        box.from_strides[y->rank - x->rank + k] = x->dims[k] == 1 ? 0 : strides[k];
    pare_mover_box(&m, x, &box);
    return PARE_OK;
}

static pare_num wrapped(const void *user, const int64_t *at)
{
    const source *s = user;
    int64_t from[PARE_MAX_DIMS];
    for (uint32_t k = 0; k < s->rank; k++) from[k] = at[k] % s->x->dims[k].i;
    return pare_content_at(s->x, from);
}

static pare_status repeat_dim(pare_ctx *ctx, const pare_infer_io *io, pare_num times, pare_num *dim)
{
    if (times.kind == PARE_NUM_INT && times.i < 0)
        return pare_call_fail(ctx, io->call, "repeats: expected numbers >= 0, found %" PRId64,
                              times.i);
    *dim = pare_num_mul(io->shapes->exprs, *dim, times);
    return PARE_OK;
}

/* Version 1: input 1 is how often, input 2 along which axis; both may be floats. */
static pare_status tile_axis(pare_ctx *ctx, pare_infer_io *io, const pare_info *x, pare_num *dims)
{
    const pare_ints none = { 0 };
    pare_list times;
    pare_list axes;
    uint32_t along = 0;
    PARE_TRY(pare_list_get(ctx, io, none, 1, &times));
    PARE_TRY(pare_list_get(ctx, io, none, 2, &axes));
    const pare_num axis = pare_list_at(&axes, 0);
    if (axis.kind != PARE_NUM_INT) return PARE_OK;
    PARE_TRY(pare_axis(ctx, io, "axis", axis.i, x->rank, &along));
    for (uint32_t k = 0; k < x->rank; k++) dims[k] = x->dims[k];
    return repeat_dim(ctx, io, pare_list_at(&times, 0), &dims[along]);
}

static pare_status tile_axes(pare_ctx *ctx, pare_infer_io *io, const pare_info *x, pare_num *dims)
{
    const pare_ints none = { 0 };
    pare_list times;
    PARE_TRY(pare_list_get(ctx, io, none, 1, &times));
    if (times.has_length && times.n != x->rank)
        return pare_call_fail(ctx, io->call,
                              "repeats: expected one for each of %" PRIu32
                              " axes, found %" PRIu32,
                              x->rank, times.n);
    for (uint32_t k = 0; k < x->rank; k++) {
        dims[k] = x->dims[k];
        PARE_TRY(repeat_dim(ctx, io, pare_list_at(&times, k), &dims[k]));
    }
    return PARE_OK;
}

static pare_status tile_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *x = pare_in(io, 0);
    pare_num *dims = NULL;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    if (!pare_info_has_rank(x)) return PARE_OK;
    pare_info y = pare_info_ranked(io->shapes, x->dtype, x->rank, &dims);
    PARE_TRY(io->call->version < 6 ? tile_axis(ctx, io, x, dims) : tile_axes(ctx, io, x, dims));
    const source from = { x, x->rank };
    if (x->content) pare_content_fill(io->shapes, &y, wrapped, &from);
    io->out[0] = y;
    return PARE_OK;
}

/* Each axis is one of repeats around one of the input's. */
static pare_status tile_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *x = NULL;
    int64_t strides[PARE_MAX_DIMS];
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    PARE_TRY(pare_mover_out(ctx, io, 0, x, &m));
    const pare_tensor *y = io->out[0].tensor;
    if (!y->n_elements) return PARE_OK;
    pare_strides(x->rank, x->dims, strides);
    pare_box box = { 0 };
    int64_t stride = y->n_elements;
    for (uint32_t k = 0; k < x->rank; k++) {
        stride /= y->dims[k];
        pare_box_add(&box, y->dims[k] / x->dims[k], stride * x->dims[k], 0);
        pare_box_add(&box, x->dims[k], stride, strides[k]);
    }
    pare_mover_box(&m, x, &box);
    return PARE_OK;
}

const pare_op pare_op_expand = {
    .domain = "", .name = "Expand", .since = 8,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = expand_infer, .eval = expand_eval,
    .cost = pare_move_cost,
    .links = pare_expand_links,
};

const pare_op pare_op_tile = {
    .domain = "", .name = "Tile", .since = 1,
    .n_in = { 2, 3 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = tile_infer, .eval = tile_eval,
    .cost = pare_move_cost,
    .links = pare_tile_links,
};
