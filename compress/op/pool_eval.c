#include "op/pool.h"

#include "base/checked.h"
#include "kernels/quantize.h"
#include "kernels/sum.h"
#include "op/quantize.h"
#include "op/reals.h"

#include <inttypes.h>
#include <math.h>

/* Pools reduce what is under the window, one plane (image and channel) after the other. Whatever
 * the type, elements are compared and added as float or double; 8-bit integers are exact in float.
 * Channels that come last are brought to the front first, and back at the end. Averages of
 * quantized numbers are the exact sum of codes, scaled once. */

/* Scale and zero point of X, then of Y. */
typedef struct quantities {
    float x_scale, y_scale;
    int64_t x_zero, y_zero;
} quantities;

typedef struct pool_job {
    pare_window_shape shape;
    int64_t end[PARE_WINDOW_AXES]; /* padding behind the input */
    int64_t n_planes, n_in, n_out, n_taps, channels;
    const pare_pool_params *params;
    int64_t *offsets;
    pare_reals x, y, window;
    int64_t *indices;         /* of the maxima; NULL: not wanted */
    const quantities *quantities; /* NULL: not quantized */
} pool_job;

static double real_at(const pare_reals *r, int64_t i)
{
    return r->wide == PARE_WIDE_F64 ? ((const double *)r->data)[i]
                                    : (double)((const float *)r->data)[i];
}

static void set_real(pare_reals *r, int64_t i, double value)
{
    if (r->wide == PARE_WIDE_F64) ((double *)r->owned)[i] = value;
    else ((float *)r->owned)[i] = (float)value;
}

static double sum_of(const pare_reals *r, int64_t n)
{
    return r->wide == PARE_WIDE_F64 ? pare_sum_f64_ref(n, r->data)
                                    : (double)pare_sum_f32_ref(n, r->data);
}

/* Flat index of an input position, counted along the columns when storage_order says so. */
static int64_t index_of(const pool_job *job, int64_t plane, int64_t offset)
{
    int64_t index = 0;
    int64_t stride = 1;
    if (!job->params->column_major) return plane * job->n_in + offset;
    int64_t coordinate[PARE_WINDOW_AXES];
    for (int32_t d = job->shape.n_axes - 1; d >= 0; d--) {
        coordinate[d] = offset % job->shape.in[d];
        offset /= job->shape.in[d];
    }
    for (int32_t d = 0; d < job->shape.n_axes; d++) {
        index += coordinate[d] * stride;
        stride *= job->shape.in[d];
    }
    return plane * job->n_in + index;
}

/* How one window is reduced; taps outside have offset -1. */
typedef double reduce_fn(pool_job *job, int64_t plane, int64_t at, int64_t n_inside);

static double reduce_max(pool_job *job, int64_t plane, int64_t at, int64_t n_inside)
{
    int64_t best = -1;
    double largest = -(double)INFINITY;
    (void)n_inside;
    for (int64_t t = 0; t < job->n_taps; t++) {
        if (job->offsets[t] < 0) continue;
        const double value = real_at(&job->x, plane * job->n_in + job->offsets[t]);
        if (best >= 0 && !(value > largest)) continue;
        largest = value;
        best = job->offsets[t];
    }
    if (job->indices)
        job->indices[plane * job->n_out + at] = best < 0 ? 0 : index_of(job, plane, best);
    return largest;
}

static double reduce_average(pool_job *job, int64_t plane, int64_t at, int64_t n_inside)
{
    int64_t n = 0;
    for (int64_t t = 0; t < job->n_taps; t++)
        if (job->offsets[t] >= 0)
            set_real(&job->window, n++, real_at(&job->x, plane * job->n_in + job->offsets[t]));
    const int64_t divisor = job->params->count_include_pad
                                ? pare_window_padded_taps_ref(&job->shape, job->end, at)
                                : n_inside;
    const double sum = sum_of(&job->window, n);
    if (job->x.wide == PARE_WIDE_F64) return sum / (double)divisor;
    return (double)((float)sum / (float)divisor);
}

static double reduce_quantized(pool_job *job, int64_t plane, int64_t at, int64_t n_inside)
{
    const quantities *q = job->quantities;
    double sum = 0;
    for (int64_t t = 0; t < job->n_taps; t++)
        if (job->offsets[t] >= 0) sum += real_at(&job->x, plane * job->n_in + job->offsets[t]);
    const int64_t divisor = job->params->count_include_pad
                                ? pare_window_padded_taps_ref(&job->shape, job->end, at)
                                : n_inside;
    const float factor = q->x_scale / q->y_scale / (float)divisor;
    return (double)((float)sum * factor);
}

static double reduce_norm(pool_job *job, int64_t plane, int64_t at, int64_t n_inside)
{
    const double p = (double)job->params->p;
    int64_t n = 0;
    (void)at;
    (void)n_inside;
    for (int64_t t = 0; t < job->n_taps; t++) {
        if (job->offsets[t] < 0) continue;
        const double value = fabs(real_at(&job->x, plane * job->n_in + job->offsets[t]));
        set_real(&job->window, n++, p == 1 ? value : p == 2 ? value * value : pow(value, p));
    }
    const double sum = sum_of(&job->window, n);
    return p == 1 ? sum : p == 2 ? sqrt(sum) : pow(sum, 1 / p);
}

/* Sizes of the window: of the attributes, or the whole input for Global* (no window given). */
static pare_status set_shape(pare_ctx *ctx, pool_job *job, const pare_eval_io *io,
                             const pare_tensor *x, const pare_window *w)
{
    static const pare_window whole = { .auto_pad = PARE_PAD_VALID };
    int64_t kernel[PARE_MAX_DIMS];
    int64_t out[PARE_MAX_DIMS];
    const uint32_t n = x->rank - 2;
    const uint32_t first = job->params->channels_last ? 1 : 2;
    for (uint32_t d = 0; d < n; d++) {
        kernel[d] = w ? pare_window_at(w->kernel_shape, d, 1) : x->dims[first + d];
        out[d] = io->info[0].dims[first + d].i;
    }
    if (!w) w = &whole;
    pare_window_shape_of(&job->shape, w, n, x->dims + first, kernel, out);
    pare_window_end_of(&job->shape, w, job->end);
    job->channels = x->dims[job->params->channels_last ? x->rank - 1 : 1];
    job->n_in = job->n_out = job->n_taps = 1;
    bool fits = pare_mul_i64(x->dims[0], job->channels, &job->n_planes);
    for (uint32_t d = 0; fits && d < n; d++)
        fits = pare_mul_i64(job->n_in, x->dims[first + d], &job->n_in) &&
               pare_mul_i64(job->n_out, out[d], &job->n_out) &&
               pare_mul_i64(job->n_taps, kernel[d], &job->n_taps);
    /* a tensor without elements may have any other dims */
    if (!fits || job->n_taps > INT32_MAX) return pare_fail_memory(ctx, SIZE_MAX);
    if (!job->n_planes) job->n_out = 0;
    return PARE_OK;
}

/* to [n_images, n, m] = from [n_images, m, n] */
static pare_status turn(pare_ctx *ctx, pare_reals *x, int64_t n_images, int64_t m, int64_t n)
{
    pare_reals turned;
    PARE_TRY(pare_reals_new(ctx, &turned, x->wide, n_images * m * n));
    for (int64_t image = 0; image < n_images; image++)
        for (int64_t i = 0; i < n; i++)
            for (int64_t k = 0; k < m; k++)
                set_real(&turned, (image * n + i) * m + k, real_at(x, (image * m + k) * n + i));
    pare_reals_free(ctx, x);
    *x = turned;
    return PARE_OK;
}

static pare_status load_x(pare_ctx *ctx, pool_job *job, const pare_tensor *x, pare_wide wide)
{
    const quantities *q = job->quantities;
    PARE_TRY(pare_reals_load(ctx, &job->x, x, wide));
    for (int64_t i = 0; q && i < x->n_elements; i++)
        set_real(&job->x, i, real_at(&job->x, i) - (double)q->x_zero);
    if (!job->params->channels_last || !job->channels) return PARE_OK;
    return turn(ctx, &job->x, job->n_planes / job->channels, job->n_in, job->channels);
}

static pare_status store_y(pare_ctx *ctx, pare_eval_io *io, pool_job *job)
{
    const quantities *q = job->quantities;
    int64_t low = 0;
    int64_t high = 0;
    void *data = NULL;
    if (job->params->channels_last && job->channels)
        PARE_TRY(turn(ctx, &job->y, job->n_planes / job->channels, job->channels, job->n_out));
    if (!q) return pare_reals_out(ctx, io, 0, &job->y);
    PARE_TRY(pare_eval_out(ctx, io, 0, &data));
    const pare_tensor *y = io->out[0].tensor;
    pare_quantized_range(y->dtype, &low, &high);
    for (int64_t i = 0; i < y->n_elements; i++) {
        const float x = (float)real_at(&job->y, i);
        int64_t code = 0;
        pare_round_to_range_ref(1, &x, &q->y_zero, 0, low, high, &code);
        pare_wide_store(y->dtype, data, i, 1, &code);
    }
    return PARE_OK;
}

static pare_status make_job(pare_ctx *ctx, pool_job *job, pare_eval_io *io, const pare_tensor *x)
{
    const pare_wide wide = x->dtype == PARE_DOUBLE ? PARE_WIDE_F64 : PARE_WIDE_F32;
    void *indices = NULL;
    job->offsets = pare_alloc(ctx, ((size_t)job->n_taps + 1) * sizeof(*job->offsets));
    if (!job->offsets) return pare_fail_memory(ctx, (size_t)job->n_taps * sizeof(*job->offsets));
    PARE_TRY(load_x(ctx, job, x, wide));
    PARE_TRY(pare_reals_new(ctx, &job->y, wide, job->n_planes * job->n_out));
    PARE_TRY(pare_reals_new(ctx, &job->window, wide, job->n_taps));
    if (pare_eval_wants(io, 1)) PARE_TRY(pare_eval_out(ctx, io, 1, &indices));
    job->indices = indices;
    return PARE_OK;
}

static pare_status run_as(pare_ctx *ctx, pare_eval_io *io, const pare_window *window,
                          reduce_fn *reduce, const quantities *q)
{
    const pare_tensor *x = pare_eval_tensor(io, 0);
    pool_job job = { .params = io->params, .quantities = q };
    if (!x) return pare_call_fail(ctx, io->call, "input 0: expected a tensor, found none");
    if (pare_wide_of(x->dtype) == PARE_WIDE_NONE) return pare_eval_no_type(ctx, io, x->dtype);
    if (x->rank - 2 > PARE_WINDOW_AXES) return pare_call_fail(ctx, io->call, "too many axes");
    PARE_TRY(set_shape(ctx, &job, io, x, window));
    pare_status st = make_job(ctx, &job, io, x);
    for (int64_t at = 0; !st && at < job.n_out; at++) {
        const int64_t n_inside = pare_window_taps_ref(&job.shape, at, job.offsets);
        for (int64_t plane = 0; plane < job.n_planes; plane++)
            set_real(&job.y, plane * job.n_out + at, reduce(&job, plane, at, n_inside));
    }
    if (!st) st = store_y(ctx, io, &job);
    pare_free(ctx, job.offsets);
    pare_reals_free(ctx, &job.x);
    pare_reals_free(ctx, &job.y);
    pare_reals_free(ctx, &job.window);
    return st;
}

static pare_status run(pare_ctx *ctx, pare_eval_io *io, const pare_window *window,
                       reduce_fn *reduce)
{
    return run_as(ctx, io, window, reduce, NULL);
}

static const pare_window *window_of(const pare_eval_io *io)
{
    const pare_pool_params *p = io->params;
    return &p->window;
}

pare_status pare_max_pool_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return run(ctx, io, window_of(io), reduce_max);
}

pare_status pare_average_pool_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return run(ctx, io, window_of(io), reduce_average);
}

pare_status pare_lp_pool_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return run(ctx, io, window_of(io), reduce_norm);
}

pare_status pare_global_max_pool_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return run(ctx, io, NULL, reduce_max);
}

pare_status pare_global_average_pool_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return run(ctx, io, NULL, reduce_average);
}

pare_status pare_global_lp_pool_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return run(ctx, io, NULL, reduce_norm);
}

/* --- X, x_scale, x_zero_point, y_scale, y_zero_point ------------------------------------------ */

/* Input i, one number; *out stays where there is none. */
static pare_status one_number(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, double *out)
{
    const pare_tensor *t = pare_eval_tensor(io, i);
    if (!t) return PARE_OK;
    if (t->n_elements != 1)
        return pare_call_fail(ctx, io->call,
                              "input %" PRIu32 ": expected one number, found %" PRId64, i,
                              t->n_elements);
    if (!pare_wide_of(t->dtype)) return pare_eval_no_type(ctx, io, t->dtype);
    *out = pare_wide_f64_at(t->dtype, pare_eval_data(t), 0);
    return PARE_OK;
}

static pare_status run_quantized(pare_ctx *ctx, pare_eval_io *io, const pare_window *window)
{
    const pare_tensor *x = pare_eval_tensor(io, 0);
    double numbers[] = { 0, 1, 0, 1, 0 };
    if (x && x->dtype != PARE_INT8 && x->dtype != PARE_UINT8)
        return pare_eval_no_type(ctx, io, x->dtype);
    for (uint32_t i = 1; i < 5; i++) PARE_TRY(one_number(ctx, io, i, &numbers[i]));
    const quantities q = { .x_scale = (float)numbers[1], .y_scale = (float)numbers[3],
                           .x_zero = pare_f64_to_i64_ref(numbers[2]),
                           .y_zero = pare_f64_to_i64_ref(numbers[4]) };
    return run_as(ctx, io, window, reduce_quantized, &q);
}

pare_status pare_qlinear_average_pool_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return run_quantized(ctx, io, window_of(io));
}

pare_status pare_qlinear_global_average_pool_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return run_quantized(ctx, io, NULL);
}
