#include "kernels/quantize.h"
#include "op/elementwise.h"
#include "op/matmul.h"
#include "op/product.h"
#include "op/quantize.h"
#include "op/spread.h"

#include <inttypes.h>
#include <string.h>

/* Products of quantized matrices. Integers of 8 bits, less their zero points, multiply exactly in
 * 32 bits; float8 in float. What comes after is float: sum * (a_scale * b_scale / y_scale) + bias,
 * rounded to a code where the result is quantized. */

/* Which inputs are what; NULL: there is none. */
typedef struct operands {
    const pare_tensor *a, *a_scale, *a_zero, *b, *b_scale, *b_zero;
    const pare_tensor *bias, *y_scale, *y_zero;
    const pare_tensor *c;     /* int32, added to the sums */
    float alpha;
    bool trans_a, trans_b;
    bool quantize_a;          /* A is float, its codes are made here */
} operands;

typedef struct job {
    pare_product product;
    pare_product_operand a, b;
    void *as, *bs;            /* int16 or float */
    void *sums;               /* int32 or float, like Y; floats when is_real */
    bool is_real;
    float dynamic_scale;      /* of A, quantized here; else 1 */
} job;

/* --- scales and zero points ------------------------------------------------------------------- */

/* Adds one (NULL: there is none) to a walk over a tensor with these dims: it is one number; or a
 * vector, that of rows along the last axis but one, if the tensor has columns; or it broadcasts. */
static pare_status add_parameter(pare_ctx *ctx, const pare_eval_io *io, pare_spread *s,
                                 const pare_tensor *t, bool of_rows, uint32_t rank,
                                 const int64_t *dims)
{
    int64_t its[PARE_MAX_DIMS];
    uint32_t n = 0;
    const bool is_one = !t || t->n_elements == 1;
    for (; !is_one && n < t->rank; n++) its[n] = t->dims[n];
    if (n == 1 && of_rows) its[n++] = 1;
    bool fits = n <= rank && (!t || pare_wide_of(t->dtype));
    for (uint32_t d = 0; fits && d < n; d++) fits = its[d] == 1 || its[d] == dims[rank - n + d];
    if (!fits)
        return pare_call_fail(ctx, io->call,
                              "expected scales and zero points that are one number, or one for "
                              "each row of A or column of B, found %" PRId64,
                              t->n_elements);
    pare_spread_add(s, n, its);
    return PARE_OK;
}

static void load_floats(const pare_tensor *t, const pare_spread *s, uint32_t i, float *out)
{
    if (t)
        pare_wide_load_as(PARE_WIDE_F32, t->dtype, pare_eval_data(t), s->in[i], s->step[i], s->n,
                          out);
    else
        for (int64_t k = 0; k < s->n; k++) out[k] = 1;
}

/* --- operands --------------------------------------------------------------------------------- */

static bool is_code(pare_dtype dtype)
{
    return dtype == PARE_INT8 || dtype == PARE_UINT8;
}

/* The elements less their zero points, as int16 or float; *out is the caller's. */
static pare_status widen(pare_ctx *ctx, const pare_eval_io *io, void **out, const pare_tensor *t,
                         const pare_tensor *zero, bool of_rows, bool is_real)
{
    pare_spread s;
    const size_t n_bytes = (size_t)t->n_elements * (is_real ? sizeof(float) : sizeof(int16_t));
    if (!is_real && zero && !is_code(zero->dtype)) return pare_eval_no_type(ctx, io, zero->dtype);
    *out = pare_alloc(ctx, n_bytes + 1);
    if (!*out) return pare_fail_memory(ctx, n_bytes);
    pare_spread_start(&s, t->rank, t->dims);
    PARE_TRY(add_parameter(ctx, io, &s, zero, of_rows, t->rank, t->dims));
    while (pare_spread_next(&s)) {
        pare_wide_block x;
        pare_wide_block z = { { 0 } };
        const pare_wide wide = is_real ? PARE_WIDE_F32 : PARE_WIDE_I64;
        pare_wide_load_as(wide, t->dtype, pare_eval_data(t), s.out, 1, s.n, &x);
        if (zero)
            pare_wide_load_as(wide, zero->dtype, pare_eval_data(zero), s.in[0], s.step[0], s.n, &z);
        for (int64_t i = 0; i < s.n; i++) {
            if (is_real) ((float *)*out)[s.out + i] = zero ? x.f32[i] - z.f32[i] : x.f32[i];
            else ((int16_t *)*out)[s.out + i] = (int16_t)(zero ? x.i64[i] - z.i64[i] : x.i64[i]);
        }
    }
    return PARE_OK;
}

/* A in float becomes codes of 8 bits, as DynamicQuantizeLinear makes them, less their zero point.
 */
static pare_status quantize(pare_ctx *ctx, job *j, const pare_tensor *a)
{
    int64_t zero = 0;
    j->as = pare_alloc(ctx, (size_t)a->n_elements * sizeof(int16_t) + 1);
    if (!j->as) return pare_fail_memory(ctx, (size_t)a->n_elements * sizeof(int16_t));
    pare_dynamic_range(a, &j->dynamic_scale, &zero);
    for (int64_t at = 0; at < a->n_elements; at += PARE_WIDE_BLOCK) {
        const int64_t rest = a->n_elements - at;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        float x[PARE_WIDE_BLOCK];
        int64_t codes[PARE_WIDE_BLOCK];
        pare_wide_load(a->dtype, pare_eval_data(a), at, 1, n, x);
        pare_scale_down_f32_ref(n, x, &j->dynamic_scale, 0);
        pare_round_to_range_ref(n, x, &zero, 0, 0, UINT8_MAX, codes);
        for (int64_t i = 0; i < n; i++) ((int16_t *)j->as)[at + i] = (int16_t)(codes[i] - zero);
    }
    return PARE_OK;
}

/* --- the product ------------------------------------------------------------------------------ */

static pare_status check_types(pare_ctx *ctx, const pare_eval_io *io, const operands *o)
{
    const pare_tensor *const all[] = { o->a,    o->b,       o->a_scale, o->b_scale, o->a_zero,
                                       o->bias, o->y_scale, o->y_zero,  o->b_zero };
    if (!o->a || !o->b) return pare_call_fail(ctx, io->call, "expected two matrices, found fewer");
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i] && !pare_wide_of(all[i]->dtype))
            return pare_eval_no_type(ctx, io, all[i]->dtype);
    return PARE_OK;
}

static pare_status multiply(pare_ctx *ctx, const pare_eval_io *io, job *j, const operands *o)
{
    PARE_TRY(check_types(ctx, io, o));
    j->is_real = !o->quantize_a && !(is_code(o->a->dtype) && is_code(o->b->dtype));
    const pare_num n = pare_info_n_elements(io->shapes, &io->info[0]);
    if (n.kind != PARE_NUM_INT || n.i > INT64_MAX / 8) return pare_fail_memory(ctx, SIZE_MAX);
    if (o->quantize_a) PARE_TRY(quantize(ctx, j, o->a));
    else PARE_TRY(widen(ctx, io, &j->as, o->a, o->a_zero, !o->trans_a, j->is_real));
    PARE_TRY(widen(ctx, io, &j->bs, o->b, o->b_zero, o->trans_b, j->is_real));
    pare_product_operand_of(&j->a, o->a);
    pare_product_operand_of(&j->b, o->b);
    if (o->trans_a) pare_product_swap_axes(&j->a, 0, 1);
    if (o->trans_b) pare_product_swap_axes(&j->b, 0, 1);
    pare_product_matmul(&j->product, &j->a, &j->b);
    j->product.type = j->is_real ? PARE_PRODUCT_F32 : PARE_PRODUCT_S16;
    j->sums = pare_alloc_zero(ctx, (size_t)n.i * sizeof(int32_t) + 1);
    if (!j->sums) return pare_fail_memory(ctx, (size_t)n.i * sizeof(int32_t));
    return pare_product_run(ctx, &j->product, j->as, j->bs, j->sums);
}

/* C [M, N], or what broadcasts to it. */
static pare_status add_c(pare_ctx *ctx, const pare_eval_io *io, job *j, const pare_tensor *c,
                         int64_t m, int64_t n)
{
    const int64_t dims[2] = { m, n };
    pare_spread s;
    if (c->dtype != PARE_INT32 || j->is_real) return pare_eval_no_type(ctx, io, c->dtype);
    pare_spread_start(&s, 2, dims);
    PARE_TRY(add_parameter(ctx, io, &s, c, false, 2, dims));
    while (pare_spread_next(&s)) {
        int64_t x[PARE_WIDE_BLOCK];
        uint32_t *sums = (uint32_t *)j->sums + s.out;
        pare_wide_load(PARE_INT32, pare_eval_data(c), s.in[0], s.step[0], s.n, x);
        for (int64_t i = 0; i < s.n; i++) sums[i] += (uint32_t)x[i];
    }
    return PARE_OK;
}

static void free_job(pare_ctx *ctx, job *j)
{
    pare_free(ctx, j->as);
    pare_free(ctx, j->bs);
    pare_free(ctx, j->sums);
    pare_free(ctx, j);
}

/* --- what comes after ------------------------------------------------------------------------- */

static void store(const operands *o, const pare_tensor *y, void *data, const pare_spread *s,
                  float *x)
{
    int64_t zero[PARE_WIDE_BLOCK] = { 0 };
    int64_t codes[PARE_WIDE_BLOCK];
    int64_t low = 0;
    int64_t high = 0;
    if (!is_code(y->dtype)) {
        float zeros[PARE_WIDE_BLOCK];
        load_floats(o->y_zero, s, 3, zeros);
        for (int64_t i = 0; o->y_zero && i < s->n; i++) x[i] += zeros[i];
        pare_wide_store_as(PARE_WIDE_F32, PARE_STORE_DEFAULT, y->dtype, data, s->out, s->n, x);
        return;
    }
    if (o->y_zero)
        pare_wide_load_as(PARE_WIDE_I64, o->y_zero->dtype, pare_eval_data(o->y_zero), s->in[3],
                          s->step[3], s->n, zero);
    pare_quantized_range(y->dtype, &low, &high);
    pare_round_to_range_ref(s->n, x, zero, 1, low, high, codes);
    pare_wide_store(y->dtype, data, s->out, s->n, codes);
}

/* bias is per column. */
static pare_status finish(pare_ctx *ctx, pare_eval_io *io, const job *j, const operands *o)
{
    void *data = NULL;
    pare_spread s;
    PARE_TRY(pare_eval_out(ctx, io, 0, &data));
    const pare_tensor *y = io->out[0].tensor;
    const bool rows = o->b->rank > 1;
    const int64_t columns = y->rank && rows ? y->dims[y->rank - 1] : 1;
    if (o->bias && o->bias->n_elements != columns)
        return pare_call_fail(ctx, io->call,
                              "bias: expected %" PRId64 " numbers, found %" PRId64, columns,
                              o->bias->n_elements);
    pare_spread_start(&s, y->rank, y->dims);
    PARE_TRY(add_parameter(ctx, io, &s, o->a_scale, rows, y->rank, y->dims));
    PARE_TRY(add_parameter(ctx, io, &s, o->b_scale, false, y->rank, y->dims));
    PARE_TRY(add_parameter(ctx, io, &s, o->y_scale, rows, y->rank, y->dims));
    PARE_TRY(add_parameter(ctx, io, &s, o->y_zero, rows, y->rank, y->dims));
    while (pare_spread_next(&s)) {
        float a[PARE_WIDE_BLOCK], b[PARE_WIDE_BLOCK], c[PARE_WIDE_BLOCK], x[PARE_WIDE_BLOCK];
        load_floats(o->a_scale, &s, 0, a);
        load_floats(o->b_scale, &s, 1, b);
        load_floats(o->y_scale, &s, 2, c);
        for (int64_t i = 0; i < s.n; i++) {
            const int64_t at = s.out + i;
            const float sum =
                j->is_real ? ((const float *)j->sums)[at] : (float)((const int32_t *)j->sums)[at];
            x[i] = sum * (o->alpha * j->dynamic_scale * a[i] * b[i] / c[i]);
            if (o->bias)
                x[i] += (float)pare_wide_f64_at(o->bias->dtype, pare_eval_data(o->bias),
                                                at % columns);
        }
        store(o, y, data, &s, x);
    }
    return PARE_OK;
}

static pare_status need(pare_ctx *ctx, const pare_eval_io *io, uint32_t i)
{
    if (pare_eval_tensor(io, i)) return PARE_OK;
    return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected a tensor, found none", i);
}

static pare_status eval_job(pare_ctx *ctx, pare_eval_io *io, const operands *o)
{
    job *j = pare_alloc_zero(ctx, sizeof(*j));
    if (!j) return pare_fail_memory(ctx, sizeof(*j));
    j->dynamic_scale = 1;
    pare_status st = multiply(ctx, io, j, o);
    if (!st && o->c)
        st = add_c(ctx, io, j, o->c, j->a.dims[0], j->b.dims[1]);
    if (!st) st = finish(ctx, io, j, o);
    free_job(ctx, j);
    return st;
}

pare_status pare_matmul_integer_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const operands o = { .a = pare_eval_tensor(io, 0), .b = pare_eval_tensor(io, 1),
                         .a_zero = pare_eval_tensor(io, 2), .b_zero = pare_eval_tensor(io, 3) };
    void *y = NULL;
    PARE_TRY(need(ctx, io, 0));
    PARE_TRY(need(ctx, io, 1));
    job *j = pare_alloc_zero(ctx, sizeof(*j));
    if (!j) return pare_fail_memory(ctx, sizeof(*j));
    pare_status st = multiply(ctx, io, j, &o);
    if (!st && j->is_real) st = pare_eval_no_type(ctx, io, o.a->dtype);
    if (!st) st = pare_eval_out(ctx, io, 0, &y);
    if (!st) memcpy(y, j->sums, (size_t)io->out[0].tensor->n_elements * sizeof(int32_t));
    free_job(ctx, j);
    return st;
}

pare_status pare_qlinear_matmul_eval(pare_ctx *ctx, pare_eval_io *io)
{
    for (uint32_t i = 0; i < 8; i++) PARE_TRY(need(ctx, io, i));
    const operands o = { .a = pare_eval_tensor(io, 0), .a_scale = pare_eval_tensor(io, 1),
                         .a_zero = pare_eval_tensor(io, 2), .b = pare_eval_tensor(io, 3),
                         .b_scale = pare_eval_tensor(io, 4), .b_zero = pare_eval_tensor(io, 5),
                         .y_scale = pare_eval_tensor(io, 6), .y_zero = pare_eval_tensor(io, 7),
                         .alpha = 1 };
    return eval_job(ctx, io, &o);
}

pare_status pare_matmul_integer_to_float_eval(pare_ctx *ctx, pare_eval_io *io)
{
    for (uint32_t i = 0; i < 4; i++) PARE_TRY(need(ctx, io, i));
    const operands o = { .a = pare_eval_tensor(io, 0), .b = pare_eval_tensor(io, 1),
                         .a_scale = pare_eval_tensor(io, 2), .b_scale = pare_eval_tensor(io, 3),
                         .a_zero = pare_eval_tensor(io, 4), .b_zero = pare_eval_tensor(io, 5),
                         .bias = pare_eval_tensor(io, 6), .alpha = 1 };
    return eval_job(ctx, io, &o);
}

pare_status pare_dynamic_quantize_matmul_eval(pare_ctx *ctx, pare_eval_io *io)
{
    for (uint32_t i = 0; i < 3; i++) PARE_TRY(need(ctx, io, i));
    const operands o = { .a = pare_eval_tensor(io, 0), .b = pare_eval_tensor(io, 1),
                         .b_scale = pare_eval_tensor(io, 2), .b_zero = pare_eval_tensor(io, 3),
                         .bias = pare_eval_tensor(io, 4), .alpha = 1, .quantize_a = true };
    if (o.a->dtype != PARE_FLOAT) return pare_eval_no_type(ctx, io, o.a->dtype);
    return eval_job(ctx, io, &o);
}

/* Without a zero point of Y the result is float. */
pare_status pare_qgemm_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_gemm_params *p = io->params;
    for (uint32_t i = 0; i < 5; i++) PARE_TRY(need(ctx, io, i));
    operands o = { .a = pare_eval_tensor(io, 0), .a_scale = pare_eval_tensor(io, 1),
                   .a_zero = pare_eval_tensor(io, 2), .b = pare_eval_tensor(io, 3),
                   .b_scale = pare_eval_tensor(io, 4), .b_zero = pare_eval_tensor(io, 5),
                   .c = pare_eval_tensor(io, 6), .y_scale = pare_eval_tensor(io, 7),
                   .y_zero = pare_eval_tensor(io, 8), .alpha = p->alpha,
                   .trans_a = p->trans_a, .trans_b = p->trans_b };
    if (!o.y_zero) o.y_scale = NULL;
    else PARE_TRY(need(ctx, io, 7));
    return eval_job(ctx, io, &o);
}
