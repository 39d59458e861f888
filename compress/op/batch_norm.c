#include "op/linker.h"
#include "op/norm.h"

#include "op/costs.h"
#include "op/shape.h"

/* Y = (X - mean) / sqrt(var + epsilon) * scale + bias, all of them [C]; X [N, C, ...]. In training
 * mode (opset 14) outputs 1 and 2 are the running mean and variance; before, outputs 1 to 4 were
 * statistics of the same shape. */

static pare_status batch_norm_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_batch_norm_params *p = params;
    bool is_test = true;
    bool spatial = true;
    PARE_TRY(pare_get_float(ctx, call, "epsilon", 1e-5f, &p->epsilon));
    PARE_TRY(pare_get_float(ctx, call, "momentum", 0.9f, &p->momentum));
    if (call->version < 9) PARE_TRY(pare_get_flag(ctx, call, "spatial", true, &spatial));
    p->per_element = !spatial;
    if (call->version >= 14) return pare_get_flag(ctx, call, "training_mode", false, &p->training);
    /* Before opset 7 is_test 0, its default, meant training; since then further outputs do. */
    if (call->version < 7) PARE_TRY(pare_get_flag(ctx, call, "is_test", false, &is_test));
    p->training = call->node->n_outputs > 1 && (call->version >= 7 || !is_test);
    return PARE_OK;
}

static pare_status batch_norm_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_batch_norm_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    pare_num channels = pare_num_unknown();
    if (pare_info_has_rank(x) && x->rank >= 2) channels = x->dims[1];
    for (uint32_t i = 1; i < 5 && !p->per_element; i++) {
        PARE_TRY(pare_need_rank(ctx, io, i, 1, 1));
        if (pare_info_has_rank(pare_in(io, i)))
            PARE_TRY(pare_same_dim(ctx, io, "channels of scale, bias, mean and variance", channels,
                                   pare_in(io, i)->dims[0], &channels));
    }
    PARE_TRY(pare_infer_same(ctx, io));
    for (uint32_t i = 1; i < io->n_out; i++) {
        const pare_info *like = pare_in(io, i % 2 ? 3 : 4); /* mean, variance */
        const pare_dtype dtype = like ? like->dtype : PARE_DTYPE_UNDEFINED;
        io->out[i] = p->per_element ? pare_info_unranked(dtype)
                                    : pare_info_tensor(io->shapes, dtype, 1, &channels);
    }
    return PARE_OK;
}

const pare_op pare_op_batch_normalization = {
    .domain = "", .name = "BatchNormalization", .since = 1,
    .n_in = { 5, 5 }, .n_out = { 1, 5 },
    .params_bytes = sizeof(pare_batch_norm_params),
    .resolve = batch_norm_resolve, .infer = batch_norm_infer, .eval = pare_batch_norm_eval,
    .cost = pare_batch_norm_cost,
    .links = pare_batch_norm_links,
};
