#include "op/content.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/list.h"
#include "op/move.h"

#include <inttypes.h>

/* Operators that keep the elements but move them between axes: DepthToSpace, SpaceToDepth, Col2Im,
 * or reverse, blank or crop them: ReverseSequence, Trilu, CenterCropPad. */

static pare_status depth_space_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const words[] = { "DCR", "CRD", NULL };
    pare_depth_space_params *p = params;
    int mode = 0;
    PARE_TRY(pare_need_attr(ctx, call, "blocksize"));
    PARE_TRY(pare_get_int_in(ctx, call, "blocksize", 1, 1, INT32_MAX, &p->block));
    if (call->version >= 11) PARE_TRY(pare_get_word(ctx, call, "mode", words, 0, &mode));
    p->depth_first = mode == 0;
    return PARE_OK;
}

/* A dim that must be a multiple of n, divided by it. */
static pare_status divide(pare_ctx *ctx, const pare_infer_io *io, uint32_t axis, pare_num dim,
                          int64_t n, pare_num *out)
{
    if (dim.kind == PARE_NUM_INT && dim.i % n)
        return pare_call_fail(ctx, io->call,
                              "input 0: expected a multiple of %" PRId64 " on axis %" PRIu32
                              ", found %" PRId64,
                              n, axis, dim.i);
    *out = pare_num_floordiv(io->shapes->exprs, dim, pare_num_int(n));
    return PARE_OK;
}

static pare_status depth_to_space_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_depth_space_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    const pare_num block = pare_num_int(p->block);
    pare_num dims[4] = { { 0 } };
    PARE_TRY(pare_need_rank(ctx, io, 0, 4, 4));
    if (pare_info_has_rank(x)) {
        dims[0] = x->dims[0];
        PARE_TRY(divide(ctx, io, 1, x->dims[1], p->block * p->block, &dims[1]));
        dims[2] = pare_num_mul(io->shapes->exprs, x->dims[2], block);
        dims[3] = pare_num_mul(io->shapes->exprs, x->dims[3], block);
    }
    io->out[0] = pare_info_tensor(io->shapes, pare_in_dtype(io, 0), 4, dims);
    return PARE_OK;
}

static pare_status space_to_depth_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_depth_space_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    pare_num dims[4] = { { 0 } };
    PARE_TRY(pare_need_rank(ctx, io, 0, 4, 4));
    if (pare_info_has_rank(x)) {
        dims[0] = x->dims[0];
        dims[1] = pare_num_mul(io->shapes->exprs, x->dims[1], pare_num_int(p->block * p->block));
        PARE_TRY(divide(ctx, io, 2, x->dims[2], p->block, &dims[2]));
        PARE_TRY(divide(ctx, io, 3, x->dims[3], p->block, &dims[3]));
    }
    io->out[0] = pare_info_tensor(io->shapes, pare_in_dtype(io, 0), 4, dims);
    return PARE_OK;
}

static pare_status col2im_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_col2im_params *p = params;
    PARE_TRY(pare_get_ints(ctx, call, "dilations", &p->dilations));
    PARE_TRY(pare_get_ints(ctx, call, "pads", &p->pads));
    return pare_get_ints(ctx, call, "strides", &p->strides);
}

/* [N, C * block elements, blocks] and the image's shape to [N, C, image...]. */
static pare_status col2im_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_ints none = { 0 };
    const pare_info *x = pare_in(io, 0);
    pare_list image;
    pare_list block;
    pare_num *dims = NULL;
    pare_num area = pare_num_int(1);
    PARE_TRY(pare_need_rank(ctx, io, 0, 3, 3));
    PARE_TRY(pare_list_get(ctx, io, none, 1, &image));
    PARE_TRY(pare_list_get(ctx, io, none, 2, &block));
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    const pare_list *length = image.has_length ? &image : &block;
    if (!length->has_length || length->n > PARE_MAX_DIMS - 2) return PARE_OK;
    pare_info y = pare_info_ranked(io->shapes, pare_in_dtype(io, 0), length->n + 2, &dims);
    for (uint32_t k = 0; k < length->n; k++) {
        area = pare_num_mul(io->shapes->exprs, area, pare_list_at(&block, k));
        dims[k + 2] = pare_list_at(&image, k);
    }
    if (pare_info_has_rank(x)) {
        dims[0] = x->dims[0];
        if (area.kind == PARE_NUM_INT && area.i < 1)
            return pare_call_fail(ctx, io->call,
                                  "block_shape: expected sizes >= 1, found a product of %" PRId64,
                                  area.i);
        if (area.kind == PARE_NUM_INT)
            PARE_TRY(divide(ctx, io, 1, x->dims[1], area.i, &dims[1]));
    }
    io->out[0] = y;
    return PARE_OK;
}

static pare_status reverse_sequence_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_reverse_sequence_params *p = params;
    PARE_TRY(pare_get_int_in(ctx, call, "batch_axis", 1, 0, 1, &p->batch_axis));
    return pare_get_int_in(ctx, call, "time_axis", 0, 0, 1, &p->time_axis);
}

static pare_status reverse_sequence_infer(pare_ctx *ctx, pare_infer_io *io)
{
    PARE_TRY(pare_need_rank(ctx, io, 0, 2, PARE_MAX_DIMS));
    PARE_TRY(pare_need_rank(ctx, io, 1, 1, 1));
    return pare_infer_same(ctx, io);
}

static pare_status trilu_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_trilu_params *p = params;
    return pare_get_flag(ctx, call, "upper", true, &p->upper);
}

static pare_status trilu_infer(pare_ctx *ctx, pare_infer_io *io)
{
    PARE_TRY(pare_need_rank(ctx, io, 0, 2, PARE_MAX_DIMS));
    return pare_infer_same(ctx, io);
}

static pare_status crop_pad_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_crop_pad_params *p = params;
    return pare_get_ints(ctx, call, "axes", &p->axes);
}

static pare_status crop_pad_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_crop_pad_params *p = io->params;
    const pare_ints none = { 0 };
    const pare_info *x = pare_in(io, 0);
    const pare_list axes = { .has_length = p->axes.found, .n = p->axes.n, .ints = p->axes.v };
    uint32_t at[PARE_MAX_DIMS];
    bool known = true;
    pare_num *dims = NULL;
    pare_list shape;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    PARE_TRY(pare_list_get(ctx, io, none, 1, &shape));
    if (!pare_info_has_rank(x)) return PARE_OK;
    for (uint32_t k = 0; k < x->rank; k++) at[k] = k;
    if (p->axes.found) PARE_TRY(pare_list_axes(ctx, io, "axes", &axes, x->rank, at, &known));
    const uint32_t n = p->axes.found ? p->axes.n : x->rank;
    if (shape.has_length && shape.n != n)
        return pare_call_fail(ctx, io->call,
                              "shape: expected a size for each of %" PRIu32
                              " axes, found %" PRIu32,
                              n, shape.n);
    pare_info y = pare_info_ranked(io->shapes, x->dtype, x->rank, &dims);
    for (uint32_t k = 0; k < x->rank; k++) dims[k] = x->dims[k];
    for (uint32_t k = 0; k < n; k++) {
        dims[at[k]] = pare_list_at(&shape, k);
        if (dims[at[k]].kind == PARE_NUM_INT && dims[at[k]].i < 0)
            return pare_call_fail(ctx, io->call, "shape: expected sizes >= 0, found %" PRId64,
                                  dims[at[k]].i);
    }
    io->out[0] = y;
    return PARE_OK;
}

const pare_op pare_op_depth_to_space = {
    .domain = "", .name = "DepthToSpace", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_depth_space_params),
    .resolve = depth_space_resolve, .infer = depth_to_space_infer, .eval = pare_depth_to_space_eval,
    .cost = pare_move_cost,
    .links = pare_depth_to_space_links,
};

const pare_op pare_op_space_to_depth = {
    .domain = "", .name = "SpaceToDepth", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_depth_space_params),
    .resolve = depth_space_resolve, .infer = space_to_depth_infer, .eval = pare_space_to_depth_eval,
    .cost = pare_move_cost,
    .links = pare_space_to_depth_links,
};

const pare_op pare_op_col2im = {
    .domain = "", .name = "Col2Im", .since = 18,
    .n_in = { 3, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_col2im_params),
    .resolve = col2im_resolve, .infer = col2im_infer, .eval = pare_col2im_eval,
    .cost = pare_col2im_cost,
    .links = PARE_TODO(links),
};

const pare_op pare_op_reverse_sequence = {
    .domain = "",
    .name = "ReverseSequence",
    .since = 10,
    .n_in = { 2, 2 },
    .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_reverse_sequence_params),
    .resolve = reverse_sequence_resolve,
    .infer = reverse_sequence_infer,
    .eval = pare_reverse_sequence_eval,
    .cost = pare_move_cost,
    .links = pare_reverse_sequence_links,
};

const pare_op pare_op_trilu = {
    .domain = "", .name = "Trilu", .since = 14,
    .n_in = { 1, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_trilu_params),
    .resolve = trilu_resolve, .infer = trilu_infer, .eval = pare_trilu_eval,
    .cost = pare_move_cost,
    .links = pare_trilu_links,
};

const pare_op pare_op_center_crop_pad = {
    .domain = "", .name = "CenterCropPad", .since = 18,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_crop_pad_params),
    .resolve = crop_pad_resolve, .infer = crop_pad_infer, .eval = pare_center_crop_pad_eval,
    .cost = pare_pick_cost,
    .links = PARE_TODO(links),
};
