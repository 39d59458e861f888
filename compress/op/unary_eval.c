#include "kernels/arithmetic.h"
#include "kernels/math.h"
#include "op/elementwise.h"
#include "op/wide.h"

#include <math.h>

/* One row per operator; NULL where it is not for these types. */
struct pare_unary_row {
    const char *name;
    pare_fn_f32 *f32;
    pare_fn_f64 *f64;
    int64_t (*i64)(int64_t x);
    uint64_t (*u64)(uint64_t x);
};

static const pare_unary_row rows[] = {
    { "Abs", fabsf, fabs, pare_abs_i64_ref, pare_same_u64_ref },
    { "Acos", pare_acos_f32_ref, acos, NULL, NULL },
    { "Acosh", pare_acosh_f32_ref, acosh, NULL, NULL },
    { "Asin", pare_asin_f32_ref, asin, NULL, NULL },
    { "Asinh", pare_asinh_f32_ref, asinh, NULL, NULL },
    { "Atan", pare_atan_f32_ref, atan, NULL, NULL },
    { "Atanh", pare_atanh_f32_ref, atanh, NULL, NULL },
    { "BitwiseNot", NULL, NULL, pare_invert_i64_ref, pare_invert_u64_ref },
    { "Ceil", ceilf, ceil, NULL, NULL },
    { "Cos", pare_cos_f32_ref, cos, NULL, NULL },
    { "Cosh", pare_cosh_f32_ref, cosh, NULL, NULL },
    { "Erf", pare_erf_f32_ref, erf, NULL, NULL },
    { "Exp", pare_exp_f32_ref, exp, NULL, NULL },
    { "Floor", floorf, floor, NULL, NULL },
    { "Log", pare_log_f32_ref, log, NULL, NULL },
    { "Neg", pare_neg_f32_ref, pare_neg_f64_ref, pare_neg_i64_ref, NULL },
    { "Not", NULL, NULL, pare_not_i64_ref, NULL },
    { "Reciprocal", pare_reciprocal_f32_ref, pare_reciprocal_f64_ref, NULL, NULL },
    { "Relu", pare_relu_f32_ref, pare_relu_f64_ref, pare_relu_i64_ref, pare_same_u64_ref },
    { "Round", pare_round_f32_ref, pare_round_f64_ref, NULL, NULL },
    { "Sigmoid", pare_sigmoid_f32_ref, pare_sigmoid_f64_ref, NULL, NULL },
    { "Sign", pare_sign_f32_ref, pare_sign_f64_ref, pare_sign_i64_ref, pare_sign_u64_ref },
    { "Sin", pare_sin_f32_ref, sin, NULL, NULL },
    { "Sinh", pare_sinh_f32_ref, sinh, NULL, NULL },
    { "Softplus", pare_softplus_f32_ref, pare_softplus_f64_ref, NULL, NULL },
    { "Sqrt", sqrtf, sqrt, NULL, NULL },
    { "Tan", pare_tan_f32_ref, tan, NULL, NULL },
    { "Tanh", pare_tanh_f32_ref, tanh, NULL, NULL },
    { 0 },
};

const pare_unary_row *pare_unary_row_of(const char *name)
{
    const pare_unary_row *row = rows;
    while (row->name && !pare_str_eq(row->name, name)) row++;
    return row->name ? row : NULL;
}

bool pare_unary_apply(const pare_unary_row *row, pare_wide wide, int64_t n, pare_wide_block *x)
{
    switch (wide) {
    case PARE_WIDE_F32:
        for (int64_t i = 0; row->f32 && i < n; i++) x->f32[i] = row->f32(x->f32[i]);
        return row->f32;
    case PARE_WIDE_F64:
        for (int64_t i = 0; row->f64 && i < n; i++) x->f64[i] = row->f64(x->f64[i]);
        return row->f64;
    case PARE_WIDE_I64:
        for (int64_t i = 0; row->i64 && i < n; i++) x->i64[i] = row->i64(x->i64[i]);
        return row->i64;
    case PARE_WIDE_U64:
        for (int64_t i = 0; row->u64 && i < n; i++) x->u64[i] = row->u64(x->u64[i]);
        return row->u64;
    default: return false;
    }
}

pare_status pare_unary_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_unary_row *row = pare_unary_row_of(io->call->op->name);
    const pare_tensor *x = NULL;
    void *y = NULL;
    pare_wide_block block;
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    const pare_wide wide = pare_wide_of(x->dtype);
    if (!pare_unary_apply(row, wide, 0, &block)) return pare_eval_no_type(ctx, io, x->dtype);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    for (int64_t at = 0; at < x->n_elements; at += PARE_WIDE_BLOCK) {
        const int64_t rest = x->n_elements - at;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        pare_wide_load(x->dtype, pare_eval_data(x), at, 1, n, &block);
        pare_unary_apply(row, wide, n, &block);
        pare_wide_store(x->dtype, y, at, n, &block);
    }
    return PARE_OK;
}

/* --- tests of one element --------------------------------------------------------------------- */

typedef bool test_fn(const pare_unary_params *p, double x);

static pare_status test_eval(pare_ctx *ctx, pare_eval_io *io, test_fn *test)
{
    const pare_tensor *x = NULL;
    void *data = NULL;
    PARE_TRY(pare_element_inputs(ctx, io, 1, &x));
    if (pare_dtype_of(x->dtype)->class != PARE_CLASS_FLOAT)
        return pare_eval_no_type(ctx, io, x->dtype);
    PARE_TRY(pare_eval_out(ctx, io, 0, &data));
    uint8_t *y = data;
    for (int64_t at = 0; at < x->n_elements; at += PARE_WIDE_BLOCK) {
        double block[PARE_WIDE_BLOCK];
        const int64_t rest = x->n_elements - at;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        pare_wide_load_as(PARE_WIDE_F64, x->dtype, pare_eval_data(x), at, 1, n, block);
        for (int64_t i = 0; i < n; i++) y[at + i] = test(io->params, block[i]);
    }
    return PARE_OK;
}

static bool is_nan(const pare_unary_params *p, double x)
{
    (void)p;
    return isnan(x);
}

static bool is_inf(const pare_unary_params *p, double x)
{
    return isinf(x) && (x < 0 ? p->detect_negative : p->detect_positive);
}

pare_status pare_is_nan_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return test_eval(ctx, io, is_nan);
}

pare_status pare_is_inf_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return test_eval(ctx, io, is_inf);
}
