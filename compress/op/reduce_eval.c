#include "kernels/reduce.h"
#include "kernels/sum.h"
#include "op/elementwise.h"
#include "op/reduce.h"
#include "op/rows.h"

/* Each output is its row, the elements along the reduced axes, put through one of kernels/reduce.h.
 * Integers for which there is no function of integers are reduced as doubles and truncated. */

typedef struct reduction {
    const char *name;
    bool is_order;            /* also for bool; without elements, an end of the type's range */
    pare_reduce_f32 *f32;
    pare_reduce_f64 *f64;
    pare_reduce_i64 *i64;
    pare_reduce_u64 *u64;
} reduction;

static const reduction reductions[] = {
    { "ReduceL1", false, pare_reduce_l1_f32_ref, pare_reduce_l1_f64_ref, pare_reduce_l1_i64_ref,
      pare_reduce_sum_u64_ref },
    { "ReduceL2", false, pare_reduce_l2_f32_ref, pare_reduce_l2_f64_ref, NULL, NULL },
    { "ReduceLogSum", false, pare_reduce_log_sum_f32_ref, pare_reduce_log_sum_f64_ref, NULL, NULL },
    { "ReduceLogSumExp", false, pare_reduce_log_sum_exp_f32_ref, pare_reduce_log_sum_exp_f64_ref,
      NULL, NULL },
    { "ReduceMax", true, pare_reduce_max_f32_ref, pare_reduce_max_f64_ref, pare_reduce_max_i64_ref,
      pare_reduce_max_u64_ref },
    { "ReduceMean", false, pare_reduce_mean_f32_ref, pare_reduce_mean_f64_ref,
      pare_reduce_mean_i64_ref, pare_reduce_mean_u64_ref },
    { "ReduceMin", true, pare_reduce_min_f32_ref, pare_reduce_min_f64_ref, pare_reduce_min_i64_ref,
      pare_reduce_min_u64_ref },
    { "ReduceProd", false, pare_reduce_prod_f32_ref, pare_reduce_prod_f64_ref,
      pare_reduce_prod_i64_ref, pare_reduce_prod_u64_ref },
    { "ReduceSum", false, pare_sum_f32_ref, pare_sum_f64_ref, pare_reduce_sum_i64_ref,
      pare_reduce_sum_u64_ref },
    { "ReduceSumSquare", false, pare_reduce_sum_square_f32_ref, pare_reduce_sum_square_f64_ref,
      pare_reduce_sum_square_i64_ref, pare_reduce_sum_square_u64_ref },
};

typedef union number {
    float f32;
    double f64;
    int64_t i64;
    uint64_t u64;
} number;

/* The wide type in which a row of this type is reduced; NONE: the operator is not for it. */
static pare_wide wide_for(const reduction *row, pare_dtype dtype)
{
    const pare_wide wide = pare_wide_of(dtype);
    if (dtype == PARE_BOOL && !row->is_order) return PARE_WIDE_NONE;
    if (wide == PARE_WIDE_I64 && !row->i64) return PARE_WIDE_F64;
    if (wide == PARE_WIDE_U64 && !row->u64) return PARE_WIDE_F64;
    return wide;
}

static number reduce(const reduction *row, pare_wide wide, int64_t n, const void *x)
{
    switch (wide) {
    case PARE_WIDE_F32: return (number){ .f32 = row->f32(n, x) };
    case PARE_WIDE_F64: return (number){ .f64 = row->f64(n, x) };
    case PARE_WIDE_I64: return (number){ .i64 = row->i64(n, x) };
    default: return (number){ .u64 = row->u64(n, x) };
    }
}

/* The largest or smallest of no elements at all, of a type that I64 holds: the other end of its
 * range. */
static number end_of(const reduction *row, pare_dtype dtype)
{
    const pare_dtype_info *info = pare_dtype_of(dtype);
    const bool is_signed = info->class == PARE_CLASS_INT;
    const uint32_t bits = info->class == PARE_CLASS_BOOL ? 1 : info->bits - is_signed;
    const int64_t high = (int64_t)((UINT64_C(1) << bits) - 1);
    const bool wants_low = pare_str_eq(row->name, "ReduceMax");
    return (number){ .i64 = !wants_low ? high : is_signed ? -high - 1 : 0 };
}

static pare_status reduce_rows(pare_ctx *ctx, const reduction *row, pare_wide wide,
                               const pare_tensor *x, pare_rows *r, void *y)
{
    void *room = NULL;
    PARE_TRY(pare_rows_room(ctx, r, wide, &room));
    for (int64_t i = 0; i < r->n_rows; i++) {
        pare_rows_go(r, i);
        pare_rows_load(r, wide, x, room);
        number result = reduce(row, wide, r->n, room);
        if (!r->n && row->is_order && wide == PARE_WIDE_I64) result = end_of(row, x->dtype);
        pare_wide_store_as(wide, PARE_STORE_DEFAULT, x->dtype, y, i, 1, &result);
    }
    pare_free(ctx, room);
    return PARE_OK;
}

pare_status pare_reduce_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const reduction *row = reductions;
    const pare_tensor *x = NULL;
    bool marks[PARE_MAX_DIMS];
    pare_rows r;
    void *y = NULL;
    while (!pare_str_eq(row->name, io->call->op->name)) row++;
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    const pare_wide wide = wide_for(row, x->dtype);
    if (wide == PARE_WIDE_NONE) return pare_eval_no_type(ctx, io, x->dtype);
    PARE_TRY(pare_reduce_marks(ctx, io, marks));
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    pare_rows_start(&r, x->rank, x->dims, marks);
    return reduce_rows(ctx, row, wide, x, &r, y);
}
