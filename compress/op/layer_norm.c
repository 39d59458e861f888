#include "op/linker.h"
#include "op/norm.h"

#include "op/costs.h"
#include "op/shape.h"

/* Normalization over the axes from `axis` on, with its relatives that first add a skip connection.
 * Statistics (outputs 1, 2) keep the leading axes and have 1 in the others. */

pare_status pare_layer_norm_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_norm_params *p = params;
    PARE_TRY(pare_get_float(ctx, call, "epsilon", 1e-5f, &p->epsilon));
    PARE_TRY(pare_get_int(ctx, call, "axis", -1, &p->axis));
    return pare_get_dtype(ctx, call, "stash_type", PARE_FLOAT, &p->stash);
}

/* com.microsoft's skip forms normalize the last axis; their default epsilon is smaller. */
static pare_status skip_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_norm_params *p = params;
    p->axis = -1;
    p->stash = PARE_FLOAT;
    return pare_get_float(ctx, call, "epsilon", 1e-12f, &p->epsilon);
}

static pare_status statistics(pare_ctx *ctx, const pare_infer_io *io, pare_info *out)
{
    const pare_norm_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    uint32_t axis = 0;
    *out = pare_info_unranked(p->stash);
    if (!pare_info_has_rank(x)) return PARE_OK;
    PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, x->rank, &axis));
    pare_num *dims = NULL;
    *out = pare_info_ranked(io->shapes, p->stash, x->rank, &dims);
    for (uint32_t i = 0; i < x->rank; i++) dims[i] = i < axis ? x->dims[i] : pare_num_int(1);
    return PARE_OK;
}

static pare_status layer_norm_infer(pare_ctx *ctx, pare_infer_io *io)
{
    pare_info stats;
    PARE_TRY(statistics(ctx, io, &stats)); /* checks the axis */
    PARE_TRY(pare_infer_same(ctx, io));
    for (uint32_t i = 1; i < io->n_out; i++) io->out[i] = stats;
    return PARE_OK;
}

/* input, skip, gamma, ...: the last output is the sum that was normalized. */
static pare_status skip_infer(pare_ctx *ctx, pare_infer_io *io)
{
    PARE_TRY(layer_norm_infer(ctx, io));
    if (io->n_out > 3) io->out[3] = io->out[0];
    return PARE_OK;
}

/* Type of the output follows the scale, which may be wider than X. */
static pare_status simplified_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *scale = pare_in(io, 1);
    PARE_TRY(layer_norm_infer(ctx, io));
    if (scale && scale->dtype != PARE_DTYPE_UNDEFINED) io->out[0].dtype = scale->dtype;
    return PARE_OK;
}

const pare_op pare_op_layer_normalization = {
    .domain = "", .name = "LayerNormalization", .since = 1,
    .n_in = { 2, 3 }, .n_out = { 1, 3 },
    .params_bytes = sizeof(pare_norm_params),
    .resolve = pare_layer_norm_resolve, .infer = layer_norm_infer, .eval = pare_layer_norm_eval,
    .cost = pare_layer_norm_cost,
    .links = pare_layer_norm_links,
};

const pare_op pare_op_rms_normalization = {
    .domain = "", .name = "RMSNormalization", .since = 23,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_norm_params),
    .resolve = pare_layer_norm_resolve, .infer = simplified_infer, .eval = pare_layer_norm_eval,
    .cost = pare_layer_norm_cost,
    .links = pare_layer_norm_links,
};

/* ONNX Runtime's own, registered in the default domain at version 1. */
const pare_op pare_op_simplified_layer_normalization = {
    .domain = "", .name = "SimplifiedLayerNormalization", .since = 1,
    .n_in = { 2, 2 }, .n_out = { 1, 2 },
    .params_bytes = sizeof(pare_norm_params),
    .resolve = pare_layer_norm_resolve, .infer = simplified_infer, .eval = pare_layer_norm_eval,
    .cost = pare_layer_norm_cost,
    .links = pare_layer_norm_links,
};

const pare_op pare_op_ms_skip_layer_normalization = {
    .domain = "com.microsoft", .name = "SkipLayerNormalization", .since = 1,
    .n_in = { 3, 5 }, .n_out = { 1, 4 },
    .params_bytes = sizeof(pare_norm_params),
    .resolve = skip_resolve, .infer = skip_infer, .eval = pare_layer_norm_eval,
    .cost = pare_layer_norm_cost,
    .links = pare_layer_norm_links,
};

const pare_op pare_op_ms_skip_simplified_layer_normalization = {
    .domain = "com.microsoft", .name = "SkipSimplifiedLayerNormalization", .since = 1,
    .n_in = { 3, 4 }, .n_out = { 1, 4 },
    .params_bytes = sizeof(pare_norm_params),
    .resolve = skip_resolve, .infer = skip_infer, .eval = pare_layer_norm_eval,
    .cost = pare_layer_norm_cost,
    .links = pare_layer_norm_links,
};
