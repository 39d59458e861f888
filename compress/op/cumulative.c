#include "kernels/cumulative.h"

#include "op/costs.h"
#include "op/elementwise.h"
#include "op/linker.h"
#include "op/reduce.h"
#include "op/rows.h"

#include <inttypes.h>

/* Running sum or product along the axis that input 1 names. */

static pare_status cumulative_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_cumulative_params *p = params;
    PARE_TRY(pare_get_flag(ctx, call, "exclusive", false, &p->exclusive));
    return pare_get_flag(ctx, call, "reverse", false, &p->reverse);
}

static pare_status cumulative_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *x = pare_in(io, 0);
    const pare_num axis = pare_info_at(pare_in(io, 1), 0);
    uint32_t at = 0;
    if (pare_info_has_rank(x) && axis.kind == PARE_NUM_INT)
        PARE_TRY(pare_axis(ctx, io, "input 1 (axis)", axis.i, x->rank, &at));
    return pare_infer_same(ctx, io);
}

static void sum_row(const void *params, pare_wide wide, int64_t n, void *x)
{
    const pare_cumulative_params *p = params;
    switch (wide) {
    case PARE_WIDE_F32: pare_cum_sum_f32_ref(n, x, p->exclusive, p->reverse); break;
    case PARE_WIDE_F64: pare_cum_sum_f64_ref(n, x, p->exclusive, p->reverse); break;
    case PARE_WIDE_I64: pare_cum_sum_i64_ref(n, x, p->exclusive, p->reverse); break;
    default: pare_cum_sum_u64_ref(n, x, p->exclusive, p->reverse); break;
    }
}

static void product_row(const void *params, pare_wide wide, int64_t n, void *x)
{
    const pare_cumulative_params *p = params;
    switch (wide) {
    case PARE_WIDE_F32: pare_cum_prod_f32_ref(n, x, p->exclusive, p->reverse); break;
    case PARE_WIDE_F64: pare_cum_prod_f64_ref(n, x, p->exclusive, p->reverse); break;
    case PARE_WIDE_I64: pare_cum_prod_i64_ref(n, x, p->exclusive, p->reverse); break;
    default: pare_cum_prod_u64_ref(n, x, p->exclusive, p->reverse); break;
    }
}

static pare_status map(pare_ctx *ctx, pare_eval_io *io, pare_row_fn *fn)
{
    const pare_tensor *in[2] = { NULL, NULL };
    pare_rows r;
    PARE_TRY(pare_element_inputs(ctx, io, 2, in));
    const pare_wide wide = pare_wide_of(in[0]->dtype);
    if (wide == PARE_WIDE_NONE || in[0]->dtype == PARE_BOOL)
        return pare_eval_no_type(ctx, io, in[0]->dtype);
    if (in[1]->n_elements != 1 ||
        (in[1]->dtype != PARE_INT32 && in[1]->dtype != PARE_INT64))
        return pare_call_fail(ctx, io->call,
                              "input 1 (axis): expected one integer, found %" PRId64 " of type %s",
                              in[1]->n_elements, pare_dtype_name(in[1]->dtype));
    const int64_t given = pare_wide_i64_at(in[1]->dtype, pare_eval_data(in[1]), 0);
    const uint32_t axis = (uint32_t)(given < 0 ? given + in[0]->rank : given); /* infer's check */
    pare_rows_start_at(&r, in[0]->rank, in[0]->dims, axis, axis + 1);
    return pare_rows_map(ctx, io, wide, &r, fn);
}

static pare_status cum_sum_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return map(ctx, io, sum_row);
}

static pare_status cum_prod_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return map(ctx, io, product_row);
}

const pare_op pare_op_cum_sum = {
    .domain = "", .name = "CumSum", .since = 11,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_cumulative_params),
    .resolve = cumulative_resolve, .infer = cumulative_infer, .eval = cum_sum_eval,
    .cost = pare_scan_axis_cost,
    .links = pare_cumulative_links,
};

const pare_op pare_op_cum_prod = {
    .domain = "", .name = "CumProd", .since = 26,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_cumulative_params),
    .resolve = cumulative_resolve, .infer = cumulative_infer, .eval = cum_prod_eval,
    .cost = pare_scan_axis_cost,
    .links = pare_cumulative_links,
};
