#include "op/conv_job.h"

#include "kernels/gemm.h"
#include "op/reals.h"

#include <math.h>

/* Convolutions of 8-bit integers, exact in 32 bits; the quantized form scales and rounds at the
 * end. */

typedef struct integer_filters {
    int16_t x_zero;
    const int16_t *w_zero; /* [M] */
    const int32_t *bias;   /* [M], or NULL */
} integer_filters;

static void multiply_integers(const pare_conv_job *job, const void *user, int64_t g, int64_t rows,
                              void *results)
{
    const integer_filters *f = user;
    const int64_t first = g * job->filters;
    pare_gemm_s32_ref(rows, job->filters, job->k, (const int16_t *)(const void *)job->rows, job->k,
                      f->x_zero, (const int16_t *)(const void *)job->w + first * job->k, job->k,
                      f->w_zero + first, f->bias ? f->bias + first : NULL, results, job->filters);
}

/* A tensor of int8 or uint8 in 16 bits; *out is the caller's. EUNSUPPORTED for other types. */
static pare_status widen(pare_ctx *ctx, const pare_eval_io *io, int16_t **out, const pare_tensor *t)
{
    if (t->dtype != PARE_INT8 && t->dtype != PARE_UINT8)
        return pare_eval_no_type(ctx, io, t->dtype);
    *out = pare_alloc(ctx, (size_t)t->n_elements * sizeof(**out) + 1);
    if (!*out) return pare_fail_memory(ctx, (size_t)t->n_elements * sizeof(**out));
    for (int64_t i = 0; i < t->n_elements; i++)
        (*out)[i] = (int16_t)pare_wide_i64_at(t->dtype, pare_eval_data(t), i);
    return PARE_OK;
}

/* Zero points of the filters, one for all or one each. */
static pare_status filter_zeros(pare_ctx *ctx, const pare_eval_io *io, int16_t *out, int64_t n,
                                const pare_tensor *zero)
{
    if (zero && zero->n_elements != 1 && zero->n_elements != n)
        return pare_call_fail(ctx, io->call,
                              "zero point of the filters: expected one, or one each");
    for (int64_t m = 0; m < n; m++) {
        const int64_t at = zero && zero->n_elements > 1 ? m : 0;
        out[m] = zero ? (int16_t)pare_wide_i64_at(zero->dtype, pare_eval_data(zero), at) : 0;
    }
    return PARE_OK;
}

/* What the two forms have where. */
typedef struct operands {
    const pare_tensor *x, *x_zero, *w, *w_zero, *bias;
} operands;

typedef struct scratch {
    pare_conv_job job;
    int16_t *x, *w, *w_zero;
    int32_t *results;
} scratch;

static pare_status prepare(pare_ctx *ctx, scratch *s, const pare_eval_io *io, const operands *o)
{
    const int64_t n_filters = o->w->dims[0];
    PARE_TRY(widen(ctx, io, &s->x, o->x));
    PARE_TRY(widen(ctx, io, &s->w, o->w));
    PARE_TRY(pare_conv_job_make(ctx, &s->job, io, o->x, o->w, sizeof(int16_t)));
    s->w_zero = pare_alloc(ctx, ((size_t)n_filters + 1) * sizeof(*s->w_zero));
    s->results = pare_alloc(ctx, ((size_t)s->job.filters * PARE_CONV_ROWS + 1) * sizeof(int32_t));
    if (!s->w_zero || !s->results) return pare_fail_memory(ctx, (size_t)n_filters);
    return filter_zeros(ctx, io, s->w_zero, n_filters, o->w_zero);
}

static pare_status check_operands(pare_ctx *ctx, const pare_eval_io *io, const operands *o)
{
    if (!o->x || !o->w)
        return pare_call_fail(ctx, io->call, "expected X and W, found fewer tensors");
    const pare_tensor *const zeros[] = { o->x_zero, o->w_zero };
    for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++)
        if (zeros[i] && zeros[i]->dtype != PARE_INT8 && zeros[i]->dtype != PARE_UINT8)
            return pare_eval_no_type(ctx, io, zeros[i]->dtype);
    if (o->x_zero && o->x_zero->n_elements != 1)
        return pare_call_fail(ctx, io->call, "zero point of X: expected one number");
    if (o->bias && o->bias->dtype != PARE_INT32)
        return pare_eval_no_type(ctx, io, o->bias->dtype);
    if (o->bias && o->bias->n_elements != o->w->dims[0])
        return pare_call_fail(ctx, io->call, "bias: expected one number for each filter");
    return PARE_OK;
}

/* The 32-bit sums of a convolution into y. */
static pare_status convolve(pare_ctx *ctx, const pare_eval_io *io, const operands *o, int32_t *y)
{
    scratch s = { 0 };
    const pare_status st = prepare(ctx, &s, io, o);
    if (!st) {
        integer_filters f = { .w_zero = s.w_zero };
        if (o->x_zero)
            f.x_zero = (int16_t)pare_wide_i64_at(o->x_zero->dtype, pare_eval_data(o->x_zero), 0);
        if (o->bias) f.bias = (const int32_t *)pare_eval_data(o->bias);
        s.job.x = s.x;
        s.job.padding = (uint16_t)f.x_zero;
        pare_conv_job_filters(&s.job, s.w);
        pare_conv_job_run(&s.job, multiply_integers, &f, s.results, y, sizeof(*y));
    }
    pare_conv_job_free(ctx, &s.job);
    pare_free(ctx, s.x);
    pare_free(ctx, s.w);
    pare_free(ctx, s.w_zero);
    pare_free(ctx, s.results);
    return st;
}

pare_status pare_conv_integer_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const operands o = { .x = pare_eval_tensor(io, 0), .w = pare_eval_tensor(io, 1),
                         .x_zero = pare_eval_tensor(io, 2), .w_zero = pare_eval_tensor(io, 3) };
    void *y = NULL;
    PARE_TRY(check_operands(ctx, io, &o));
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    return convolve(ctx, io, &o, y);
}

/* y = clamp(round(sum * x_scale * w_scale / y_scale) + y_zero), halves to even. */
static void requantize(pare_eval_io *io, const int32_t *sums, void *y)
{
    const pare_tensor *out = io->out[0].tensor;
    const pare_tensor *w_scale = pare_eval_tensor(io, 4);
    const pare_tensor *y_zero = pare_eval_tensor(io, 7);
    const double x_scale = pare_wide_f64_at(PARE_FLOAT, pare_eval_data(pare_eval_tensor(io, 1)), 0);
    const double y_scale = pare_wide_f64_at(PARE_FLOAT, pare_eval_data(pare_eval_tensor(io, 6)), 0);
    const int64_t zero = pare_wide_i64_at(y_zero->dtype, pare_eval_data(y_zero), 0);
    const int64_t low = out->dtype == PARE_INT8 ? INT8_MIN : 0;
    const int64_t high = out->dtype == PARE_INT8 ? INT8_MAX : UINT8_MAX;
    const int64_t n_filters = out->dims[1];
    const int64_t plane = out->n_elements / (out->dims[0] * n_filters);
    for (int64_t i = 0; i < out->n_elements; i++) {
        const int64_t m = w_scale->n_elements > 1 ? i / plane % n_filters : 0;
        const float w = (float)pare_wide_f64_at(PARE_FLOAT, pare_eval_data(w_scale), m);
        const float factor = (float)x_scale * w / (float)y_scale;
        int64_t value = pare_f64_to_i64_ref(rint((double)((float)sums[i] * factor))) + zero;
        if (value < low) value = low;
        if (value > high) value = high;
        pare_wide_store(out->dtype, y, i, 1, &value);
    }
}

static pare_status check_scales(pare_ctx *ctx, const pare_eval_io *io)
{
    static const uint32_t scales[] = { 1, 4, 6 };
    for (size_t i = 0; i < sizeof(scales) / sizeof(scales[0]); i++) {
        const pare_tensor *t = pare_eval_tensor(io, scales[i]);
        if (!t || t->dtype != PARE_FLOAT || t->n_elements < 1)
            return pare_call_fail(ctx, io->call, "input %u: expected a scale in float", scales[i]);
    }
    const pare_tensor *w_scale = pare_eval_tensor(io, 4);
    if (w_scale->n_elements != 1 && w_scale->n_elements != pare_eval_tensor(io, 3)->dims[0])
        return pare_call_fail(ctx, io->call, "scale of the filters: expected one, or one each");
    const pare_tensor *y_zero = pare_eval_tensor(io, 7);
    if (!y_zero || y_zero->n_elements != 1)
        return pare_call_fail(ctx, io->call, "input 7: expected one zero point");
    if (y_zero->dtype != PARE_INT8 && y_zero->dtype != PARE_UINT8)
        return pare_eval_no_type(ctx, io, y_zero->dtype);
    return PARE_OK;
}

pare_status pare_qlinear_conv_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const operands o = { .x = pare_eval_tensor(io, 0), .x_zero = pare_eval_tensor(io, 2),
                         .w = pare_eval_tensor(io, 3), .w_zero = pare_eval_tensor(io, 5),
                         .bias = pare_eval_tensor(io, 8) };
    void *y = NULL;
    PARE_TRY(check_operands(ctx, io, &o));
    PARE_TRY(check_scales(ctx, io));
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    const int64_t n = io->out[0].tensor->n_elements;
    int32_t *sums = pare_alloc(ctx, (size_t)n * sizeof(*sums) + 1);
    if (!sums) return pare_fail_memory(ctx, (size_t)n * sizeof(*sums));
    const pare_status st = n ? convolve(ctx, io, &o, sums) : PARE_OK;
    if (!st && n) requantize(io, sums, y);
    pare_free(ctx, sums);
    return st;
}
