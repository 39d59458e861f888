#include "op/pool.h"

#include "op/costs.h"
#include "op/linker.h"

#include <inttypes.h>

/* X [N, C, spatial...]: a window slides over the spatial axes, or (Global*) covers all of them. */

static pare_status pool_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_pool_params *p = params;
    PARE_TRY(pare_need_attr(ctx, call, "kernel_shape"));
    PARE_TRY(pare_get_flag(ctx, call, "count_include_pad", false, &p->count_include_pad));
    PARE_TRY(pare_get_flag(ctx, call, "storage_order", false, &p->column_major));
    PARE_TRY(pare_get_flag(ctx, call, "channels_last", false, &p->channels_last));
    return pare_window_resolve(ctx, &p->window, call);
}

/* The exponent was a float in opset 1 and is an integer since. */
static pare_status get_exponent(pare_ctx *ctx, const pare_call *call, float *out)
{
    const pare_attr *attr = pare_call_attr(call, "p");
    int64_t p = 2;
    if (attr && attr->type == PARE_ATTR_FLOAT) return pare_get_float(ctx, call, "p", 2, out);
    PARE_TRY(pare_get_int(ctx, call, "p", 2, &p));
    *out = (float)p;
    return PARE_OK;
}

/* Opset 1 of LpPool could leave kernel_shape out: then the window covers one element. */
static pare_status lp_pool_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_pool_params *p = params;
    PARE_TRY(get_exponent(ctx, call, &p->p));
    return pare_window_resolve(ctx, &p->window, call);
}

static pare_status global_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_pool_params *p = params;
    PARE_TRY(pare_get_flag(ctx, call, "channels_last", false, &p->channels_last));
    return get_exponent(ctx, call, &p->p);
}

static pare_status infer_window(pare_ctx *ctx, pare_infer_io *io, pare_dtype dtype)
{
    const pare_pool_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    io->out[0] = pare_info_unranked(dtype);
    if (!pare_info_has_rank(x)) return PARE_OK;
    PARE_TRY(pare_need_rank(ctx, io, 0, 3, PARE_MAX_DIMS));
    const uint32_t n_spatial = x->rank - 2;
    const uint32_t channel = p->channels_last ? x->rank - 1 : 1;
    const uint32_t first = p->channels_last ? 1 : 2;
    pare_num *dims = NULL;
    const pare_info y = pare_info_ranked(io->shapes, dtype, x->rank, &dims);
    dims[0] = x->dims[0];
    dims[channel] = x->dims[channel];
    PARE_TRY(pare_window_out(ctx, io, &p->window, x->dims + first, NULL, n_spatial, dims + first));
    io->out[0] = y;
    return PARE_OK;
}

static pare_status pool_infer(pare_ctx *ctx, pare_infer_io *io)
{
    return infer_window(ctx, io, pare_first_dtype(io));
}

/* The second output holds the flat index of each maximum. */
static pare_status max_pool_infer(pare_ctx *ctx, pare_infer_io *io)
{
    PARE_TRY(pool_infer(ctx, io));
    if (io->n_out < 2) return PARE_OK;
    io->out[1] = io->out[0];
    io->out[1].dtype = PARE_INT64;
    return PARE_OK;
}

static pare_status infer_global(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_pool_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    io->out[0] = pare_info_unranked(x ? x->dtype : PARE_DTYPE_UNDEFINED);
    if (!pare_info_has_rank(x)) return PARE_OK;
    PARE_TRY(pare_need_rank(ctx, io, 0, 2, PARE_MAX_DIMS));
    const uint32_t channel = p->channels_last ? x->rank - 1 : 1;
    pare_num *dims = NULL;
    const pare_info y = pare_info_ranked(io->shapes, x->dtype, x->rank, &dims);
    for (uint32_t i = 0; i < x->rank; i++)
        dims[i] = i == 0 || i == channel ? x->dims[i] : pare_num_int(1);
    io->out[0] = y;
    return PARE_OK;
}

const pare_op pare_op_average_pool = {
    .domain = "", .name = "AveragePool", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_pool_params),
    .resolve = pool_resolve, .infer = pool_infer, .eval = pare_average_pool_eval,
    .cost = pare_pool_cost,
    .links = pare_pool_links,
};

const pare_op pare_op_max_pool = {
    .domain = "", .name = "MaxPool", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 2 },
    .params_bytes = sizeof(pare_pool_params),
    .resolve = pool_resolve, .infer = max_pool_infer, .eval = pare_max_pool_eval,
    .cost = pare_pool_cost,
    .links = pare_pool_links,
};

const pare_op pare_op_lp_pool = {
    .domain = "", .name = "LpPool", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_pool_params),
    .resolve = lp_pool_resolve, .infer = pool_infer, .eval = pare_lp_pool_eval,
    .cost = pare_pool_cost,
    .links = pare_pool_links,
};

const pare_op pare_op_global_average_pool = {
    .domain = "", .name = "GlobalAveragePool", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_pool_params),
    .resolve = global_resolve, .infer = infer_global, .eval = pare_global_average_pool_eval,
    .cost = pare_global_pool_cost,
    .links = pare_pool_links,
};

const pare_op pare_op_global_max_pool = {
    .domain = "", .name = "GlobalMaxPool", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_pool_params),
    .resolve = global_resolve, .infer = infer_global, .eval = pare_global_max_pool_eval,
    .cost = pare_global_pool_cost,
    .links = pare_pool_links,
};

const pare_op pare_op_global_lp_pool = {
    .domain = "", .name = "GlobalLpPool", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_pool_params),
    .resolve = global_resolve, .infer = infer_global, .eval = pare_global_lp_pool_eval,
    .cost = pare_global_pool_cost,
    .links = pare_pool_links,
};

/* X, x_scale, x_zero_point, y_scale, y_zero_point */
const pare_op pare_op_ms_qlinear_average_pool = {
    .domain = "com.microsoft", .name = "QLinearAveragePool", .since = 1,
    .n_in = { 4, 5 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_pool_params),
    .resolve = pool_resolve, .infer = pool_infer, .eval = pare_qlinear_average_pool_eval,
    .cost = pare_pool_cost,
    .links = pare_pool_links,
};

const pare_op pare_op_ms_qlinear_global_average_pool = {
    .domain = "com.microsoft", .name = "QLinearGlobalAveragePool", .since = 1,
    .n_in = { 5, 5 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_pool_params),
    .resolve = global_resolve, .infer = infer_global, .eval = pare_qlinear_global_average_pool_eval,
    .cost = pare_global_pool_cost,
    .links = pare_pool_links,
};

/* The layout of TensorFlow, which its quantized converters keep. */
static pare_status nhwc_max_pool_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_pool_params *p = params;
    PARE_TRY(pool_resolve(ctx, params, call));
    p->channels_last = true;
    return PARE_OK;
}

const pare_op pare_op_ms_nhwc_max_pool = {
    .domain = "com.microsoft", .name = "NhwcMaxPool", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_pool_params),
    .resolve = nhwc_max_pool_resolve, .infer = pool_infer, .eval = pare_max_pool_eval,
    .cost = pare_pool_cost,
    .links = pare_pool_links,
};
