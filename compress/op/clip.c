#include "op/elementwise.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/reals.h"
#include "op/wide.h"

#include <float.h>
#include <inttypes.h>

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
    const pare_clip_params *p = io->params;
    PARE_TRY(pare_infer_same(ctx, io));
    if (io->n_in == 3 && !p->has_attrs) pare_content_apply(io, clip, 3);
    return PARE_OK;
}

/* What the bound at input i, attribute or nothing says; *has false: nothing. */
static pare_status bound_of(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, bool *has,
                            pare_wide_block *out)
{
    const pare_clip_params *p = io->params;
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const pare_tensor *bound = pare_eval_tensor(io, i);
    const float attr = i == 1 ? p->min : p->max;
    *has = p->has_attrs || bound;
    if (p->has_attrs && !pare_reals_wide(x->dtype)) return pare_eval_no_type(ctx, io, x->dtype);
    if (p->has_attrs && pare_wide_of(x->dtype) == PARE_WIDE_F32) out->f32[0] = attr;
    else if (p->has_attrs)
        pare_wide_load_as(pare_wide_of(x->dtype), PARE_FLOAT, &attr, 0, 0, 1, out);
    if (p->has_attrs || !bound) return PARE_OK;
    if (bound->n_elements != 1 || bound->dtype != x->dtype)
        return pare_call_fail(ctx, io->call,
                              "input %" PRIu32 ": expected one %s, found %" PRId64 " of %s", i,
                              pare_dtype_name(x->dtype), bound->n_elements,
                              pare_dtype_name(bound->dtype));
    pare_wide_load(bound->dtype, pare_eval_data(bound), 0, 0, 1, out);
    return PARE_OK;
}

/* Comparisons with NaN are false: it stays where it is x, and bounds nothing where it is a bound.
 */
static void clip_block(pare_wide wide, int64_t n, pare_wide_block *x, const pare_wide_block *low,
                       const pare_wide_block *high)
{
    for (int64_t i = 0; i < n; i++) {
        switch (wide) {
        case PARE_WIDE_F32:
            if (low && x->f32[i] < low->f32[0]) x->f32[i] = low->f32[0];
            if (high && x->f32[i] > high->f32[0]) x->f32[i] = high->f32[0];
            break;
        case PARE_WIDE_F64:
            if (low && x->f64[i] < low->f64[0]) x->f64[i] = low->f64[0];
            if (high && x->f64[i] > high->f64[0]) x->f64[i] = high->f64[0];
            break;
        case PARE_WIDE_I64:
            if (low && x->i64[i] < low->i64[0]) x->i64[i] = low->i64[0];
            if (high && x->i64[i] > high->i64[0]) x->i64[i] = high->i64[0];
            break;
        default:
            if (low && x->u64[i] < low->u64[0]) x->u64[i] = low->u64[0];
            if (high && x->u64[i] > high->u64[0]) x->u64[i] = high->u64[0];
            break;
        }
    }
}

static pare_status clip_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *x = NULL;
    void *y = NULL;
    bool has_low = false;
    bool has_high = false;
    pare_wide_block low;
    pare_wide_block high;
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    const pare_wide wide = pare_wide_of(x->dtype);
    if (!wide) return pare_eval_no_type(ctx, io, x->dtype);
    PARE_TRY(bound_of(ctx, io, 1, &has_low, &low));
    PARE_TRY(bound_of(ctx, io, 2, &has_high, &high));
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    for (int64_t at = 0; at < x->n_elements; at += PARE_WIDE_BLOCK) {
        const int64_t rest = x->n_elements - at;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        pare_wide_block block;
        pare_wide_load(x->dtype, pare_eval_data(x), at, 1, n, &block);
        clip_block(wide, n, &block, has_low ? &low : NULL, has_high ? &high : NULL);
        pare_wide_store(x->dtype, y, at, n, &block);
    }
    return PARE_OK;
}

const pare_op pare_op_clip = {
    .domain = "", .name = "Clip", .since = 1,
    .n_in = { 1, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_clip_params),
    .resolve = clip_resolve, .infer = clip_infer, .eval = clip_eval,
    .cost = pare_unary_cost,
    .links = pare_elementwise_links,
};
