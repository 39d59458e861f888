#include "op/roi.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/shape.h"

/* Pools regions of interest of X [N, C, H, W] into one image each: [regions, C, height, width]. */

static pare_status roi_align_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const modes[] = { "avg", "max", NULL };
    static const char *const transforms[] = { "half_pixel", "output_half_pixel", NULL };
    pare_roi_params *p = params;
    int word = 0;
    PARE_TRY(pare_get_int_in(ctx, call, "output_height", 1, 1, INT32_MAX, &p->height));
    PARE_TRY(pare_get_int_in(ctx, call, "output_width", 1, 1, INT32_MAX, &p->width));
    PARE_TRY(pare_get_int_in(ctx, call, "sampling_ratio", 0, 0, INT32_MAX, &p->sampling_ratio));
    PARE_TRY(pare_get_float(ctx, call, "spatial_scale", 1, &p->spatial_scale));
    PARE_TRY(pare_get_word(ctx, call, "mode", modes, 0, &word));
    p->is_max = word == 1;
    /* Opset 16 made the half pixel shift the default; before there was no attribute and no shift.
     * */
    PARE_TRY(pare_get_word(ctx, call, "coordinate_transformation_mode", transforms,
                           call->version >= 16 ? 0 : 1, &word));
    p->half_pixel = word == 0;
    return PARE_OK;
}

static pare_status max_roi_pool_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_roi_params *p = params;
    pare_ints shape;
    PARE_TRY(pare_get_ints(ctx, call, "pooled_shape", &shape));
    if (shape.n != 2 || shape.v[0] < 1 || shape.v[1] < 1)
        return pare_call_fail(ctx, call,
                              "attribute 'pooled_shape': expected two sizes of 1 or more");
    p->height = shape.v[0];
    p->width = shape.v[1];
    p->is_max = true;
    return pare_get_float(ctx, call, "spatial_scale", 1, &p->spatial_scale);
}

static pare_status roi_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_roi_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    const pare_info *regions = pare_in(io, 1);
    const pare_info *indices = pare_in(io, 2);
    pare_num *dims = NULL;
    PARE_TRY(pare_need_rank(ctx, io, 0, 4, 4));
    PARE_TRY(pare_need_rank(ctx, io, 1, 2, 2));
    io->out[0] = pare_info_ranked(io->shapes, x ? x->dtype : PARE_DTYPE_UNDEFINED, 4, &dims);
    if (pare_info_has_rank(regions)) dims[0] = regions->dims[0];
    if (pare_info_has_rank(indices) && indices->rank == 1)
        PARE_TRY(pare_same_dim(ctx, io, "number of regions", dims[0], indices->dims[0], &dims[0]));
    if (pare_info_has_rank(x)) dims[1] = x->dims[1];
    dims[2] = pare_num_int(p->height);
    dims[3] = pare_num_int(p->width);
    return PARE_OK;
}

const pare_op pare_op_roi_align = {
    .domain = "", .name = "RoiAlign", .since = 10,
    .n_in = { 3, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_roi_params),
    .resolve = roi_align_resolve, .infer = roi_infer, .eval = pare_roi_align_eval,
    .cost = pare_roi_cost,
    .links = pare_sampling_links,
};

const pare_op pare_op_max_roi_pool = {
    .domain = "", .name = "MaxRoiPool", .since = 1,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_roi_params),
    .resolve = max_roi_pool_resolve, .infer = roi_infer, .eval = pare_max_roi_pool_eval,
    .cost = pare_roi_cost,
    .links = pare_sampling_links,
};
