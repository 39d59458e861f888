#include "op/norm.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/shape.h"

#include <inttypes.h>

/* Normalizations whose output has the type and shape of X. */

static pare_status lrn_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_lrn_params *p = params;
    PARE_TRY(pare_need_attr(ctx, call, "size"));
    PARE_TRY(pare_get_int_in(ctx, call, "size", 1, 1, INT32_MAX, &p->size));
    PARE_TRY(pare_get_float(ctx, call, "alpha", 1e-4f, &p->alpha));
    PARE_TRY(pare_get_float(ctx, call, "beta", 0.75f, &p->beta));
    return pare_get_float(ctx, call, "bias", 1, &p->bias);
}

static pare_status instance_norm_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_norm_params *p = params;
    return pare_get_float(ctx, call, "epsilon", 1e-5f, &p->epsilon);
}

static pare_status group_norm_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_norm_params *p = params;
    PARE_TRY(pare_need_attr(ctx, call, "num_groups"));
    PARE_TRY(pare_get_int_in(ctx, call, "num_groups", 1, 1, INT32_MAX, &p->n_groups));
    PARE_TRY(pare_get_float(ctx, call, "epsilon", 1e-5f, &p->epsilon));
    PARE_TRY(pare_get_dtype(ctx, call, "stash_type", PARE_FLOAT, &p->stash));
    p->scale_per_group = call->version < 21;
    return PARE_OK;
}

static pare_status mean_variance_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_norm_params *p = params;
    p->epsilon = 1e-9f; /* fixed by the operator's definition */
    return pare_get_ints(ctx, call, "axes", &p->axes);
}

static pare_status lp_norm_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_norm_params *p = params;
    PARE_TRY(pare_get_int(ctx, call, "axis", -1, &p->axis));
    return pare_get_int_in(ctx, call, "p", 2, 1, 2, &p->p);
}

/* Scale and bias [C] (or [groups]) of X [N, C, ...]. */
static pare_status channel_norm_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_norm_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    pare_num want = pare_num_unknown();
    PARE_TRY(pare_need_rank(ctx, io, 0, 2, PARE_MAX_DIMS));
    if (pare_info_has_rank(x)) want = x->dims[1];
    if (p->n_groups && want.kind == PARE_NUM_INT && want.i % p->n_groups)
        return pare_call_fail(ctx, io->call,
                              "num_groups: expected a divisor of %" PRId64
                              " channels, found %" PRId64,
                              want.i, p->n_groups);
    if (p->scale_per_group) want = pare_num_int(p->n_groups);
    for (uint32_t i = 1; i < 3; i++) {
        PARE_TRY(pare_need_rank(ctx, io, i, 1, 1));
        if (pare_info_has_rank(pare_in(io, i)))
            PARE_TRY(pare_same_dim(ctx, io, "entries of scale and bias", want,
                                   pare_in(io, i)->dims[0], &want));
    }
    return pare_infer_same(ctx, io);
}

static pare_status lp_norm_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_norm_params *p = io->params;
    uint32_t axis = 0;
    if (pare_info_has_rank(pare_in(io, 0)))
        PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, pare_in(io, 0)->rank, &axis));
    return pare_infer_same(ctx, io);
}

const pare_op pare_op_lrn = {
    .domain = "", .name = "LRN", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_lrn_params),
    .resolve = lrn_resolve, .infer = pare_infer_same, .eval = pare_lrn_eval,
    .cost = pare_lrn_cost,
    .links = pare_lrn_links,
};

const pare_op pare_op_instance_normalization = {
    .domain = "", .name = "InstanceNormalization", .since = 1,
    .n_in = { 3, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_norm_params),
    .resolve = instance_norm_resolve, .infer = channel_norm_infer, .eval = pare_channel_norm_eval,
    .cost = pare_channel_norm_cost,
    .links = pare_instance_norm_links,
};

const pare_op pare_op_group_normalization = {
    .domain = "", .name = "GroupNormalization", .since = 18,
    .n_in = { 3, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_norm_params),
    .resolve = group_norm_resolve, .infer = channel_norm_infer, .eval = pare_channel_norm_eval,
    .cost = pare_channel_norm_cost,
    .links = pare_group_norm_links,
};

const pare_op pare_op_mean_variance_normalization = {
    .domain = "",
    .name = "MeanVarianceNormalization",
    .since = 9,
    .n_in = { 1, 1 },
    .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_norm_params),
    .resolve = mean_variance_resolve,
    .infer = pare_infer_same,
    .eval = pare_mean_variance_norm_eval,
    .cost = pare_mean_variance_norm_cost,
    .links = pare_mean_variance_links,
};

const pare_op pare_op_lp_normalization = {
    .domain = "", .name = "LpNormalization", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_norm_params),
    .resolve = lp_norm_resolve, .infer = lp_norm_infer, .eval = pare_lp_norm_eval,
    .cost = pare_lp_norm_cost,
    .links = pare_lp_norm_links,
};
