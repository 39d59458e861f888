#include "base/checked.h"
#include "kernels/arithmetic.h"
#include "kernels/math.h"
#include "op/elementwise.h"
#include "op/spread.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* --- what the operators are ------------------------------------------------------------------- */

/* NULL where an operator is not for these types. */
struct pare_pair_row {
    const char *name;
    pare_pair_f32 *f32;
    pare_pair_f64 *f64;
    pare_pair_i64 *i64;
    pare_pair_u64 *u64;
};

static const pare_pair_row arithmetic[] = {
    { "Add", pare_add_f32_ref, pare_add_f64_ref, pare_add_i64_ref, pare_add_u64_ref },
    { "And", NULL, NULL, pare_and_i64_ref, NULL },
    { "BitShift", NULL, NULL, pare_shift_right_i64_ref, pare_shift_right_u64_ref },
    { "BitwiseAnd", NULL, NULL, pare_and_i64_ref, pare_and_u64_ref },
    { "BitwiseOr", NULL, NULL, pare_or_i64_ref, pare_or_u64_ref },
    { "BitwiseXor", NULL, NULL, pare_xor_i64_ref, pare_xor_u64_ref },
    { "Div", pare_div_f32_ref, pare_div_f64_ref, pare_div_i64_ref, pare_div_u64_ref },
    { "Max", pare_max_f32_ref, pare_max_f64_ref, pare_max_i64_ref, pare_max_u64_ref },
    { "Mean", pare_add_f32_ref, pare_add_f64_ref, NULL, NULL },
    { "Min", pare_min_f32_ref, pare_min_f64_ref, pare_min_i64_ref, pare_min_u64_ref },
    { "Mod", pare_mod_f32_ref, pare_mod_f64_ref, pare_mod_i64_ref, pare_mod_u64_ref },
    { "Mul", pare_mul_f32_ref, pare_mul_f64_ref, pare_mul_i64_ref, pare_mul_u64_ref },
    { "Or", NULL, NULL, pare_or_i64_ref, NULL },
    { "PRelu", pare_prelu_f32_ref, pare_prelu_f64_ref, pare_prelu_i64_ref, pare_prelu_u64_ref },
    { "Pow", pare_pow_f32_ref, pow, pare_pow_i64_ref, pare_pow_u64_ref },
    { "Sub", pare_sub_f32_ref, pare_sub_f64_ref, pare_sub_i64_ref, pare_sub_u64_ref },
    { "Sum", pare_add_f32_ref, pare_add_f64_ref, NULL, NULL },
    { "Xor", NULL, NULL, pare_xor_i64_ref, NULL },
    { 0 },
};

static const pare_pair_row fmod_row = {
    "Mod", pare_fmod_f32_ref, pare_fmod_f64_ref, pare_fmod_i64_ref, pare_mod_u64_ref
};
static const pare_pair_row shift_left_row = {
    "BitShift", NULL, NULL, pare_shift_left_i64_ref, pare_shift_left_u64_ref
};

struct pare_compare_row {
    const char *name;
    bool swap;                /* compares b with a */
    int64_t (*f32)(float a, float b);
    int64_t (*f64)(double a, double b);
    pare_pair_i64 *i64;
    int64_t (*u64)(uint64_t a, uint64_t b);
};

static const pare_compare_row comparisons[] = {
    { "Equal", false, pare_equal_f32_ref, pare_equal_f64_ref, pare_equal_i64_ref,
      pare_equal_u64_ref },
    { "Greater", true, pare_less_f32_ref, pare_less_f64_ref, pare_less_i64_ref,
      pare_less_u64_ref },
    { "GreaterOrEqual", true, pare_less_equal_f32_ref, pare_less_equal_f64_ref,
      pare_less_equal_i64_ref, pare_less_equal_u64_ref },
    { "Less", false, pare_less_f32_ref, pare_less_f64_ref, pare_less_i64_ref,
      pare_less_u64_ref },
    { "LessOrEqual", false, pare_less_equal_f32_ref, pare_less_equal_f64_ref,
      pare_less_equal_i64_ref, pare_less_equal_u64_ref },
    { 0 },
};

const pare_compare_row *pare_compare_row_of(const char *name)
{
    const pare_compare_row *row = comparisons;
    while (row->name && !pare_str_eq(row->name, name)) row++;
    return row->name ? row : NULL;
}

const pare_pair_row *pare_pair_row_of(const char *name)
{
    const pare_pair_row *row = arithmetic;
    while (row->name && !pare_str_eq(row->name, name)) row++;
    return row->name ? row : NULL;
}

bool pare_pair_apply(const pare_pair_row *row, pare_wide wide, int64_t n, pare_wide_block *a,
                     const pare_wide_block *b)
{
    switch (wide) {
    case PARE_WIDE_F32:
        for (int64_t i = 0; row->f32 && i < n; i++) a->f32[i] = row->f32(a->f32[i], b->f32[i]);
        return row->f32;
    case PARE_WIDE_F64:
        for (int64_t i = 0; row->f64 && i < n; i++) a->f64[i] = row->f64(a->f64[i], b->f64[i]);
        return row->f64;
    case PARE_WIDE_I64:
        for (int64_t i = 0; row->i64 && i < n; i++) a->i64[i] = row->i64(a->i64[i], b->i64[i]);
        return row->i64;
    case PARE_WIDE_U64:
        for (int64_t i = 0; row->u64 && i < n; i++) a->u64[i] = row->u64(a->u64[i], b->u64[i]);
        return row->u64;
    default: return false;
    }
}

void pare_compare_apply(const pare_compare_row *row, pare_wide wide, int64_t n,
                        const pare_wide_block *a, const pare_wide_block *b, uint8_t *y)
{
    if (row->swap) {
        const pare_wide_block *c = a;
        a = b;
        b = c;
    }
    for (int64_t i = 0; i < n; i++) {
        switch (wide) {
        case PARE_WIDE_F32: y[i] = row->f32(a->f32[i], b->f32[i]) != 0; break;
        case PARE_WIDE_F64: y[i] = row->f64(a->f64[i], b->f64[i]) != 0; break;
        case PARE_WIDE_I64: y[i] = row->i64(a->i64[i], b->i64[i]) != 0; break;
        default: y[i] = row->u64(a->u64[i], b->u64[i]) != 0; break;
        }
    }
}

/* --- shapes ----------------------------------------------------------------------------------- */

/* Before opset 7: input 1 fits into input 0 from an axis on, by default at the end. */
static pare_status legacy_spread(pare_ctx *ctx, const pare_eval_io *io,
                                 const pare_tensor *const *in, pare_spread *s)
{
    const pare_binary_params *p = io->params;
    const pare_tensor *a = in[0];
    const pare_tensor *b = in[1];
    int64_t axis = (int64_t)a->rank - b->rank;
    if (p->broadcast && p->has_axis && p->axis >= 0) axis = p->axis;
    bool fits = axis >= 0 && axis <= (int64_t)a->rank - b->rank &&
                (p->broadcast || a->rank == b->rank);
    for (uint32_t d = 0; fits && d < b->rank; d++)
        fits = b->dims[d] == a->dims[axis + d] || (b->dims[d] == 1 && p->broadcast);
    if (!fits)
        return pare_call_fail(ctx, io->call,
                              "input 1: expected a shape that fits into input 0 at axis %" PRId64,
                              axis);
    pare_spread_start(s, a->rank, a->dims);
    pare_spread_add(s, a->rank, a->dims);
    pare_spread_add_at(s, (uint32_t)axis, b->rank, b->dims);
    return PARE_OK;
}

static pare_status pair_spread(pare_ctx *ctx, const pare_eval_io *io, const pare_tensor *const *in,
                               pare_spread *s)
{
    const pare_binary_params *p = io->params;
    return p->legacy ? legacy_spread(ctx, io, in, s) : pare_element_spread(ctx, io, 2, in, s);
}

static void load(const pare_spread *s, const pare_tensor *const *in, uint32_t i,
                 pare_wide_block *out)
{
    pare_wide_load(in[i]->dtype, pare_eval_data(in[i]), s->in[i], s->step[i], s->n, out);
}

/* --- arithmetic ------------------------------------------------------------------------------- */

static const pare_pair_row *row_of(const pare_eval_io *io)
{
    const pare_binary_params *p = io->params;
    const pare_pair_row *row = pare_pair_row_of(io->call->op->name);
    if (p->fmod) return &fmod_row;
    return p->left ? &shift_left_row : row;
}

static void run(const pare_pair_row *row, const pare_tensor *const *in, pare_spread *s, void *y)
{
    const pare_dtype dtype = in[0]->dtype;
    while (pare_spread_next(s)) {
        pare_wide_block a;
        pare_wide_block b;
        load(s, in, 0, &a);
        load(s, in, 1, &b);
        pare_pair_apply(row, pare_wide_of(dtype), s->n, &a, &b);
        pare_wide_store(dtype, y, s->out, s->n, &a);
    }
}

pare_status pare_arithmetic_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_pair_row *row = row_of(io);
    const pare_tensor *in[2] = { NULL, NULL };
    pare_spread s;
    void *y = NULL;
    PARE_TRY(pare_element_inputs(ctx, io, 2, in));
    PARE_TRY(pare_element_same_type(ctx, io, 2, in));
    /* And, Or and Xor give bool, and so are for nothing else */
    if (!pare_pair_apply(row, pare_wide_of(in[0]->dtype), 0, NULL, NULL) ||
        io->info[0].dtype != in[0]->dtype)
        return pare_eval_no_type(ctx, io, in[0]->dtype);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    PARE_TRY(pair_spread(ctx, io, in, &s));
    run(row, in, &s, y);
    return PARE_OK;
}

/* Before opset 7 a slope of more than one element is one per channel, axis 1 of X. */
pare_status pare_prelu_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *in[2] = { NULL, NULL };
    pare_spread s;
    void *y = NULL;
    PARE_TRY(pare_element_inputs(ctx, io, 2, in));
    PARE_TRY(pare_element_same_type(ctx, io, 2, in));
    const pare_tensor *x = in[0];
    const pare_tensor *slope = in[1];
    const bool is_channel = io->call->version < 7 && slope->rank == 1 && x->rank > 1 &&
                            slope->n_elements > 1 && slope->dims[0] == x->dims[1];
    if (pare_wide_of(x->dtype) == PARE_WIDE_NONE) return pare_eval_no_type(ctx, io, x->dtype);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    if (is_channel) {
        pare_spread_start(&s, x->rank, x->dims);
        pare_spread_add(&s, x->rank, x->dims);
        pare_spread_add_at(&s, 1, 1, slope->dims);
    } else {
        PARE_TRY(pare_element_spread(ctx, io, 2, in, &s));
    }
    run(pare_pair_row_of("PRelu"), in, &s, y);
    return PARE_OK;
}

/* Base and exponent may be of different types (opset 12): integers are raised as such, everything
 * else in the base's own float type, or in double where an integer meets a real. */
pare_status pare_pow_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_pair_row *row = pare_pair_row_of("Pow");
    const pare_tensor *in[2] = { NULL, NULL };
    pare_spread s;
    void *y = NULL;
    PARE_TRY(pare_element_inputs(ctx, io, 2, in));
    const pare_dtype dtype = in[0]->dtype;
    pare_wide wide = pare_wide_of(dtype);
    const pare_wide other = pare_wide_of(in[1]->dtype);
    if (!wide) return pare_eval_no_type(ctx, io, dtype);
    if (!other) return pare_eval_no_type(ctx, io, in[1]->dtype);
    const bool is_real = other == PARE_WIDE_F32 || other == PARE_WIDE_F64;
    if ((wide == PARE_WIDE_I64 || wide == PARE_WIDE_U64) && is_real) wide = PARE_WIDE_F64;
    if (wide == PARE_WIDE_F32 && other != PARE_WIDE_F32) wide = PARE_WIDE_F64;
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    PARE_TRY(pair_spread(ctx, io, in, &s));
    while (pare_spread_next(&s)) {
        pare_wide_block a;
        pare_wide_block b;
        pare_wide_load_as(wide, dtype, pare_eval_data(in[0]), s.in[0], s.step[0], s.n, &a);
        pare_wide_load_as(wide, in[1]->dtype, pare_eval_data(in[1]), s.in[1], s.step[1], s.n, &b);
        pare_pair_apply(row, wide, s.n, &a, &b);
        pare_wide_store_as(wide, PARE_STORE_DEFAULT, dtype, y, s.out, s.n, &a);
    }
    return PARE_OK;
}

/* --- any number of inputs --------------------------------------------------------------------- */

static void divide(pare_wide wide, int64_t count, int64_t n, pare_wide_block *x)
{
    if (wide == PARE_WIDE_F32)
        for (int64_t i = 0; i < n; i++) x->f32[i] /= (float)count;
    else
        for (int64_t i = 0; i < n; i++) x->f64[i] /= (double)count;
}

/* Folds input i into acc, which has the output's shape. */
static pare_status fold(pare_ctx *ctx, const pare_eval_io *io, const pare_pair_row *row,
                        const pare_tensor *x, uint32_t i, uint8_t *acc)
{
    const pare_wide wide = pare_wide_of(x->dtype);
    const size_t bytes = pare_wide_bytes(wide);
    pare_spread s;
    PARE_TRY(pare_element_spread(ctx, io, 1, &x, &s));
    while (pare_spread_next(&s)) {
        uint8_t *at = acc + (size_t)s.out * bytes;
        pare_wide_block a;
        pare_wide_block b;
        load(&s, &x, 0, &b);
        memcpy(&a, at, (size_t)s.n * bytes);
        if (i) pare_pair_apply(row, wide, s.n, &a, &b);
        memcpy(at, i ? &a : &b, (size_t)s.n * bytes);
    }
    return PARE_OK;
}

static void store(const pare_eval_io *io, const uint8_t *acc, bool is_mean, void *y)
{
    const pare_tensor *out = io->out[0].tensor;
    const pare_wide wide = pare_wide_of(out->dtype);
    const size_t bytes = pare_wide_bytes(wide);
    for (int64_t at = 0; at < out->n_elements; at += PARE_WIDE_BLOCK) {
        const int64_t rest = out->n_elements - at;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        pare_wide_block block;
        memcpy(&block, acc + (size_t)at * bytes, (size_t)n * bytes);
        if (is_mean) divide(wide, io->n_in, n, &block);
        pare_wide_store(out->dtype, y, at, n, &block);
    }
}

static pare_status fold_all(pare_ctx *ctx, const pare_eval_io *io, const pare_pair_row *row,
                            uint8_t *acc, void *y)
{
    for (uint32_t i = 0; i < io->n_in; i++)
        PARE_TRY(fold(ctx, io, row, pare_eval_tensor(io, i), i, acc));
    store(io, acc, pare_str_eq(row->name, "Mean"), y);
    return PARE_OK;
}

/* From the first input to the last, rounded to the element type at the end only. */
pare_status pare_variadic_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_pair_row *row = pare_pair_row_of(io->call->op->name);
    const pare_dtype dtype = pare_eval_tensor(io, 0) ? pare_eval_tensor(io, 0)->dtype : 0;
    const size_t bytes = pare_wide_bytes(pare_wide_of(dtype));
    void *y = NULL;
    for (uint32_t i = 0; i < io->n_in; i++) {
        const pare_tensor *x = pare_eval_tensor(io, i);
        if (!x || x->dtype != dtype)
            return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected %s, found %s", i,
                                  pare_dtype_name(dtype), x ? pare_dtype_name(x->dtype) : "none");
    }
    if (!pare_pair_apply(row, pare_wide_of(dtype), 0, NULL, NULL))
        return pare_eval_no_type(ctx, io, dtype);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    size_t n_bytes = 0;
    if (!pare_mul_size((size_t)io->out[0].tensor->n_elements, bytes, &n_bytes))
        return pare_fail_memory(ctx, SIZE_MAX);
    uint8_t *acc = pare_alloc(ctx, n_bytes ? n_bytes : 1);
    if (!acc) return pare_fail_memory(ctx, n_bytes);
    const pare_status st = fold_all(ctx, io, row, acc, y);
    pare_free(ctx, acc);
    return st;
}

/* --- comparisons ------------------------------------------------------------------------------ */

static bool same_bytes(const pare_bytes *a, const pare_bytes *b)
{
    return a->n == b->n && (!a->n || !memcmp(a->data, b->data, a->n));
}

static void compare_strings(const pare_tensor *const *in, pare_spread *s, uint8_t *y)
{
    while (pare_spread_next(s))
        for (int64_t i = 0; i < s->n; i++)
            y[s->out + i] = same_bytes(&in[0]->strings[s->in[0] + i * s->step[0]],
                                       &in[1]->strings[s->in[1] + i * s->step[1]]);
}

pare_status pare_compare_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_compare_row *row = pare_compare_row_of(io->call->op->name);
    const pare_tensor *in[2] = { NULL, NULL };
    pare_spread s;
    void *y = NULL;
    PARE_TRY(pare_element_inputs(ctx, io, 2, in));
    PARE_TRY(pare_element_same_type(ctx, io, 2, in));
    const pare_dtype dtype = in[0]->dtype;
    const bool is_text = dtype == PARE_STRING && row == comparisons;
    if (!pare_wide_of(dtype) && !is_text) return pare_eval_no_type(ctx, io, dtype);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    PARE_TRY(pair_spread(ctx, io, in, &s));
    if (is_text) compare_strings(in, &s, y);
    while (!is_text && pare_spread_next(&s)) {
        pare_wide_block a;
        pare_wide_block b;
        load(&s, in, 0, &a);
        load(&s, in, 1, &b);
        pare_compare_apply(row, pare_wide_of(dtype), s.n, &a, &b, (uint8_t *)y + s.out);
    }
    return PARE_OK;
}
