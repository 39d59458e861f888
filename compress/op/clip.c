#include "op/elementwise.h"

#include <float.h>

/* min(max(X, low), high); the bounds became inputs at opset 11. */

static pare_status clip_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_clip_params *p = params;
    p->has_attrs = call->version < 11;
    if (!p->has_attrs) return PARE_OK;
    PARE_TRY(pare_get_float(ctx, call, "min", -FLT_MAX, &p->min));
    return pare_get_float(ctx, call, "max", FLT_MAX, &p->max);
}

static pare_num clip(pare_exprs *exprs, const void *params, const pare_num *x)
{
    (void)params;
    return pare_num_min(exprs, pare_num_max(exprs, x[0], x[1]), x[2]);
}

static pare_status clip_infer(pare_ctx *ctx, pare_infer_io *io)
{
    PARE_TRY(pare_infer_same(ctx, io));
    if (io->n_in == 3) pare_content_apply(io, clip, 3);
    return PARE_OK;
}

const pare_op pare_op_clip = {
    .domain = "", .name = "Clip", .since = 1,
    .n_in = { 1, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_clip_params),
    .resolve = clip_resolve, .infer = clip_infer,
};
