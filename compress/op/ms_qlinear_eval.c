#include "kernels/activation.h"
#include "kernels/math.h"
#include "kernels/quantize.h"
#include "kernels/softmax.h"
#include "op/elementwise.h"
#include "op/ms_qlinear.h"
#include "op/quantize.h"
#include "op/spread.h"

#include <inttypes.h>

/* Each operator dequantizes its inputs to float, computes in float, and quantizes the result. */

/* A tensor of at most 8 or 16 bits, with one scale and one zero point. */
typedef struct quantity {
    const pare_tensor *tensor; /* NULL: of the output */
    pare_dtype dtype;
    float scale;
    int64_t zero;
} quantity;

static pare_status get_one(pare_ctx *ctx, const pare_eval_io *io, uint32_t i,
                           const pare_tensor **out)
{
    *out = pare_eval_tensor(io, i);
    if (!*out) return PARE_OK;
    if ((*out)->n_elements != 1)
        return pare_call_fail(ctx, io->call,
                              "input %" PRIu32 ": expected one number, found %" PRId64, i,
                              (*out)->n_elements);
    if (!pare_wide_of((*out)->dtype)) return pare_eval_no_type(ctx, io, (*out)->dtype);
    return PARE_OK;
}

/* Scale and zero point, at inputs i and i + 1, of elements of a type. */
static pare_status get_scale(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, pare_dtype dtype,
                             quantity *out)
{
    const pare_tensor *scale = NULL;
    const pare_tensor *zero = NULL;
    *out = (quantity){ .dtype = dtype };
    if (pare_wide_of(dtype) != PARE_WIDE_I64 || pare_dtype_of(dtype)->bits > 16)
        return pare_eval_no_type(ctx, io, dtype);
    PARE_TRY(get_one(ctx, io, i, &scale));
    PARE_TRY(get_one(ctx, io, i + 1, &zero));
    if (!scale)
        return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected a scale, found none", i);
    if (zero && zero->dtype != dtype)
        return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected %s, found %s", i + 1,
                              pare_dtype_name(dtype), pare_dtype_name(zero->dtype));
    out->scale = (float)pare_wide_f64_at(scale->dtype, pare_eval_data(scale), 0);
    if (zero) out->zero = pare_wide_i64_at(zero->dtype, pare_eval_data(zero), 0);
    return PARE_OK;
}

/* Tensor i with scale i + 1 and zero point i + 2. */
static pare_status get_quantity(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, quantity *out)
{
    const pare_tensor *tensor = pare_eval_tensor(io, i);
    if (!tensor)
        return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected a tensor, found none", i);
    PARE_TRY(get_scale(ctx, io, i + 1, tensor->dtype, out));
    out->tensor = tensor;
    return PARE_OK;
}

static void load(const quantity *q, int64_t start, int64_t step, int64_t n, float *x)
{
    int64_t codes[PARE_WIDE_BLOCK];
    pare_wide_load(q->dtype, pare_eval_data(q->tensor), start, step, n, codes);
    pare_dequantize_i64_ref(n, codes, &q->zero, &q->scale, 0, x);
}

/* x is changed. */
static void store(const quantity *q, void *y, int64_t start, int64_t n, float *x)
{
    int64_t codes[PARE_WIDE_BLOCK];
    int64_t low = 0;
    int64_t high = 0;
    pare_quantized_range(q->dtype, &low, &high);
    pare_scale_down_f32_ref(n, x, &q->scale, 0);
    pare_round_to_range_ref(n, x, &q->zero, 0, low, high, codes);
    pare_wide_store(q->dtype, y, start, n, codes);
}

pare_status pare_qlinear_binary_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const bool is_sum = pare_str_eq(io->call->op->name, "QLinearAdd");
    quantity a;
    quantity b;
    quantity c;
    pare_spread s;
    void *y = NULL;
    PARE_TRY(get_quantity(ctx, io, 0, &a));
    PARE_TRY(get_quantity(ctx, io, 3, &b));
    PARE_TRY(get_scale(ctx, io, 6, a.dtype, &c));
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    const pare_tensor *in[] = { a.tensor, b.tensor };
    PARE_TRY(pare_element_spread(ctx, io, 2, in, &s));
    while (pare_spread_next(&s)) {
        float x[PARE_WIDE_BLOCK];
        float other[PARE_WIDE_BLOCK];
        load(&a, s.in[0], s.step[0], s.n, x);
        load(&b, s.in[1], s.step[1], s.n, other);
        for (int64_t i = 0; i < s.n; i++) x[i] = is_sum ? x[i] + other[i] : x[i] * other[i];
        store(&c, y, s.out, s.n, x);
    }
    return PARE_OK;
}

pare_status pare_qlinear_unary_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_qlinear_params *p = io->params;
    const bool is_sigmoid = pare_str_eq(io->call->op->name, "QLinearSigmoid");
    quantity a;
    quantity c;
    void *y = NULL;
    PARE_TRY(get_quantity(ctx, io, 0, &a));
    PARE_TRY(get_scale(ctx, io, 3, a.dtype, &c));
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    for (int64_t at = 0; at < a.tensor->n_elements; at += PARE_WIDE_BLOCK) {
        const int64_t rest = a.tensor->n_elements - at;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        float x[PARE_WIDE_BLOCK];
        load(&a, at, 1, n, x);
        for (int64_t i = 0; i < n; i++)
            x[i] = is_sigmoid ? pare_sigmoid_f32_ref(x[i])
                              : pare_leaky_relu_f32_ref(p->alpha, 0, x[i]);
        store(&c, y, at, n, x);
    }
    return PARE_OK;
}

/* Elements at start, start + step, ... become their Softmax. */
static void softmax_row(const quantity *a, const quantity *c, int64_t start, int64_t step,
                        int64_t n, float *row, void *y)
{
    for (int64_t i = 0; i < n; i += PARE_WIDE_BLOCK)
        load(a, start + i * step, step, n - i < PARE_WIDE_BLOCK ? n - i : PARE_WIDE_BLOCK, row + i);
    pare_softmax_f32_ref(n, row, row);
    for (int64_t i = 0; i < n; i++) store(c, y, start + i * step, 1, &row[i]);
}

pare_status pare_qlinear_softmax_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_qlinear_params *p = io->params;
    quantity a;
    quantity c;
    void *y = NULL;
    int64_t size = 1;
    int64_t inner = 1;
    PARE_TRY(get_quantity(ctx, io, 0, &a));
    PARE_TRY(get_scale(ctx, io, 3, a.dtype, &c));
    const pare_tensor *x = a.tensor;
    const int64_t axis = p->axis < 0 ? p->axis + x->rank : p->axis;
    if (axis < 0 || axis >= x->rank)
        return pare_call_fail(ctx, io->call,
                              "attribute 'axis': expected one of %" PRIu32 " axes, found %" PRId64,
                              x->rank, p->axis);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    if (!x->n_elements) return PARE_OK;
    for (uint32_t d = (uint32_t)axis; d < x->rank; d++) {
        const bool is_size = d == (uint32_t)axis || p->softmax_opset < 13;
        *(is_size ? &size : &inner) *= x->dims[d];
    }
    float *row = pare_alloc(ctx, (size_t)size * sizeof(*row));
    if (!row) return pare_fail_memory(ctx, (size_t)size * sizeof(*row));
    for (int64_t at = 0; at < x->n_elements; at += size * inner)
        for (int64_t i = 0; i < inner; i++) softmax_row(&a, &c, at + i, inner, size, row, y);
    pare_free(ctx, row);
    return PARE_OK;
}

pare_status pare_qlinear_where_eval(pare_ctx *ctx, pare_eval_io *io)
{
    quantity a;
    quantity b;
    quantity c;
    pare_spread s;
    void *y = NULL;
    const pare_tensor *condition = NULL;
    PARE_TRY(pare_element_inputs(ctx, io, 1, &condition));
    PARE_TRY(get_quantity(ctx, io, 1, &a));
    PARE_TRY(get_quantity(ctx, io, 4, &b));
    PARE_TRY(get_scale(ctx, io, 7, a.dtype, &c));
    if (condition->dtype != PARE_BOOL) return pare_eval_no_type(ctx, io, condition->dtype);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    const pare_tensor *in[] = { condition, a.tensor, b.tensor };
    PARE_TRY(pare_element_spread(ctx, io, 3, in, &s));
    while (pare_spread_next(&s)) {
        const uint8_t *truth = pare_eval_data(condition);
        float x[PARE_WIDE_BLOCK];
        float other[PARE_WIDE_BLOCK];
        load(&a, s.in[1], s.step[1], s.n, x);
        load(&b, s.in[2], s.step[2], s.n, other);
        for (int64_t i = 0; i < s.n; i++)
            if (!truth[s.in[0] + i * s.step[0]]) x[i] = other[i];
        store(&c, y, s.out, s.n, x);
    }
    return PARE_OK;
}

/* Copies x, requantized, behind what is there along the axis: `behind` elements into each of the
 * output's runs of `stride`. */
static void append(const quantity *x, const quantity *c, int64_t n_outer, int64_t behind,
                   int64_t stride, void *y)
{
    const int64_t n = x->tensor->n_elements / n_outer;
    for (int64_t o = 0; o < n_outer; o++) {
        for (int64_t i = 0; i < n; i += PARE_WIDE_BLOCK) {
            const int64_t count = n - i < PARE_WIDE_BLOCK ? n - i : PARE_WIDE_BLOCK;
            float block[PARE_WIDE_BLOCK];
            load(x, o * n + i, 1, count, block);
            store(c, y, o * stride + behind + i, count, block);
        }
    }
}

/* Inputs that have the output's scale and zero point come out as they were: x s / s is x for the
 * few bits of codes. */
pare_status pare_qlinear_concat_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_qlinear_params *p = io->params;
    quantity c;
    void *y = NULL;
    PARE_TRY(get_scale(ctx, io, 0, io->info[0].dtype, &c));
    if (io->n_in < 5 || io->n_in % 3 != 2)
        return pare_call_fail(ctx, io->call,
                              "expected 2 inputs and 3 per tensor, found %" PRIu32, io->n_in);
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    const pare_tensor *out = io->out[0].tensor;
    const int64_t axis = p->axis < 0 ? p->axis + out->rank : p->axis;
    int64_t n_outer = 1;
    int64_t behind = 0;
    if (!out->n_elements) return PARE_OK;
    for (int64_t d = 0; d < axis; d++) n_outer *= out->dims[d];
    for (uint32_t i = 2; i < io->n_in; i += 3) {
        quantity x;
        PARE_TRY(get_quantity(ctx, io, i, &x));
        append(&x, &c, n_outer, behind, out->n_elements / n_outer, y);
        behind += x.tensor->n_elements / n_outer;
    }
    return PARE_OK;
}
