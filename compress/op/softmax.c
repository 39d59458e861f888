#include "kernels/softmax.h"

#include "op/costs.h"
#include "op/elementwise.h"
#include "op/linker.h"
#include "op/reals.h"
#include "op/reduce.h"
#include "op/rows.h"

/* Softmax, its logarithm, and the one-hot of the maximum. Before opset 13 the input counts as a
 * matrix split at `axis`, which defaulted to 1. */

static pare_status softmax_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_softmax_params *p = params;
    p->flattened = call->version < 13;
    return pare_get_int(ctx, call, "axis", p->flattened ? 1 : -1, &p->axis);
}

static pare_status softmax_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_softmax_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    uint32_t axis = 0;
    /* the default of old opsets is past the end of a vector: then each element is a row */
    const bool at_end = p->flattened && pare_info_has_rank(x) && p->axis == x->rank;
    if (pare_info_has_rank(x) && !at_end && (x->rank || p->axis))
        PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, x->rank, &axis));
    return pare_infer_same(ctx, io);
}

static void softmax_row(const void *params, pare_wide wide, int64_t n, void *x)
{
    (void)params;
    if (wide == PARE_WIDE_F64) pare_softmax_f64_ref(n, x, x);
    else pare_softmax_f32_ref(n, x, x);
}

static void log_softmax_row(const void *params, pare_wide wide, int64_t n, void *x)
{
    (void)params;
    if (wide == PARE_WIDE_F64) pare_log_softmax_f64_ref(n, x, x);
    else pare_log_softmax_f32_ref(n, x, x);
}

static void hardmax_row(const void *params, pare_wide wide, int64_t n, void *x)
{
    (void)params;
    if (wide == PARE_WIDE_F64) pare_hardmax_f64_ref(n, x, x);
    else pare_hardmax_f32_ref(n, x, x);
}

static pare_status map(pare_ctx *ctx, pare_eval_io *io, pare_row_fn *fn)
{
    const pare_softmax_params *p = io->params;
    const pare_tensor *x = NULL;
    pare_rows r;
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    const pare_wide wide = pare_reals_wide(x->dtype);
    if (wide == PARE_WIDE_NONE) return pare_eval_no_type(ctx, io, x->dtype);
    const uint32_t axis = (uint32_t)(p->axis < 0 ? p->axis + x->rank : p->axis);
    const bool to_end = p->flattened || !x->rank;
    pare_rows_start_at(&r, x->rank, x->dims, axis, to_end ? x->rank : axis + 1);
    return pare_rows_map(ctx, io, wide, &r, fn);
}

static pare_status softmax_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return map(ctx, io, softmax_row);
}

static pare_status log_softmax_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return map(ctx, io, log_softmax_row);
}

static pare_status hardmax_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return map(ctx, io, hardmax_row);
}

const pare_op pare_op_softmax = {
    .domain = "", .name = "Softmax", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_softmax_params),
    .resolve = softmax_resolve, .infer = softmax_infer, .eval = softmax_eval,
    .cost = pare_softmax_cost,
    .links = pare_softmax_links,
};

const pare_op pare_op_log_softmax = {
    .domain = "", .name = "LogSoftmax", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_softmax_params),
    .resolve = softmax_resolve, .infer = softmax_infer, .eval = log_softmax_eval,
    .cost = pare_softmax_cost,
    .links = pare_softmax_links,
};

const pare_op pare_op_hardmax = {
    .domain = "", .name = "Hardmax", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_softmax_params),
    .resolve = softmax_resolve, .infer = softmax_infer, .eval = hardmax_eval,
    .cost = pare_softmax_cost,
    .links = pare_softmax_links,
};
