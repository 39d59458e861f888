#include "kernels/resample.h"
#include "op/reals.h"
#include "op/resize.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Resizing goes axis by axis, the last one first, each as a weighted sum of few elements. Where an
 * output position lies in the input is computed in float, as runtimes do: it decides which element
 * is the nearest. Integers are computed as reals; then they are cut off, or rounded and saturated
 * when antialiased. */

/* One axis. */
typedef struct axis_plan {
    int64_t in, out;
    float scale;
    double width; /* of the output, before it was made whole */
    float start, end; /* region of interest */
} axis_plan;

typedef struct resize_job {
    const pare_resize_params *params;
    uint32_t rank;
    axis_plan axes[PARE_MAX_DIMS];
} resize_job;

/* Where output position j of an axis lies in its input. */
static float coordinate_of(int coord, const axis_plan *a, int64_t j)
{
    const float x = (float)j;
    const float last = (float)(a->in - 1);
    switch (coord) {
    case PARE_COORD_ASYMMETRIC: return x / a->scale;
    case PARE_COORD_TF_HALF_PIXEL_FOR_NN: return (x + 0.5f) / a->scale;
    case PARE_COORD_ALIGN_CORNERS:
        return a->width == 1 ? 0 : x * last / ((float)a->width - 1);
    case PARE_COORD_TF_CROP_AND_RESIZE:
        return a->out > 1 ? a->start * last + x * (a->end - a->start) * last / (float)(a->out - 1)
                          : 0.5f * (a->start + a->end) * last;
    case PARE_COORD_PYTORCH_HALF_PIXEL:
        return a->out > 1 ? (x + 0.5f) / a->scale - 0.5f : 0;
    case PARE_COORD_HALF_PIXEL_SYMMETRIC: {
        const float adjustment = (float)a->out / (a->scale * (float)a->in);
        return (float)a->in / 2 * (1 - adjustment) + (x + 0.5f) / a->scale - 0.5f;
    }
    default: return (x + 0.5f) / a->scale - 0.5f;
    }
}

static bool is_outside(const axis_plan *a, float x)
{
    return !(x >= 0 && x <= (float)(a->in - 1));
}

/* The element that is nearest. */
static int64_t nearest_to(int mode, const axis_plan *a, float x)
{
    const double last = (double)(a->in - 1);
    double i = (double)x;
    if (mode == PARE_NEAREST_OLD) mode = a->scale < 1 ? PARE_NEAREST_CEIL : PARE_NEAREST_FLOOR;
    switch (mode) {
    case PARE_NEAREST_ROUND_PREFER_FLOOR: i = ceil(i - 0.5); break;
    case PARE_NEAREST_ROUND_PREFER_CEIL: i = floor(i + 0.5); break;
    case PARE_NEAREST_FLOOR: i = floor(i); break;
    default: i = ceil(i); break;
    }
    return !(i > 0) ? 0 : i < last ? (int64_t)i : a->in - 1;
}

/* --- sizes -------------------------------------------------------------------------------------
 */

/* Element i of an input, that concerns the i-th of the resized axes. */
static double number_at(const pare_eval_io *io, int input, int64_t i, double fallback)
{
    const pare_tensor *t = input < 0 ? NULL : pare_eval_tensor(io, (uint32_t)input);
    return t && i < t->n_elements ? pare_wide_f64_at(t->dtype, pare_eval_data(t), i) : fallback;
}

static bool has_numbers(const pare_eval_io *io, int input)
{
    const pare_tensor *t = input < 0 ? NULL : pare_eval_tensor(io, (uint32_t)input);
    return t && t->n_elements;
}

/* The one scale of all axes that keeps their ratio. */
static float common_scale(const resize_job *job, const pare_eval_io *io, const uint32_t *axes,
                          uint32_t n)
{
    float scale = 0;
    for (uint32_t i = 0; i < n; i++) {
        const double size = number_at(io, job->params->sizes_input, i, 0);
        const float own = (float)size / (float)job->axes[axes[i]].in;
        const bool is_better =
            job->params->policy == PARE_ASPECT_NOT_LARGER ? own < scale : own > scale;
        if (i == 0 || is_better) scale = own;
    }
    return scale;
}

static void set_scales(resize_job *job, const pare_eval_io *io, const uint32_t *axes, uint32_t n)
{
    const pare_resize_params *p = job->params;
    const bool by_size = has_numbers(io, p->sizes_input);
    const bool stretch = p->policy == PARE_ASPECT_STRETCH;
    const float common = by_size && !stretch ? common_scale(job, io, axes, n) : 0;
    for (uint32_t i = 0; i < n; i++) {
        axis_plan *a = &job->axes[axes[i]];
        if (by_size)
            a->scale = stretch ? (float)a->out / (float)a->in : common;
        else if (p->scales.found)
            a->scale = p->scales.v[i];
        else if (p->scales_input < 0)
            a->scale = i < 2 ? 1 : p->plane_scales[i - 2];
        else
            a->scale = (float)number_at(io, p->scales_input, i, 1);
        a->width = by_size && stretch ? (double)a->out : (double)a->scale * (double)a->in;
        a->start = (float)number_at(io, p->roi_input, i, 0);
        a->end = (float)number_at(io, p->roi_input, (int64_t)i + n, 1);
    }
}

static pare_status plan(pare_ctx *ctx, resize_job *job, const pare_eval_io *io,
                        const int64_t *out_dims)
{
    const pare_resize_params *p = job->params;
    const pare_tensor *x = pare_eval_tensor(io, 0);
    uint32_t axes[PARE_MAX_DIMS];
    const uint32_t n = p->axes.found ? p->axes.n : x->rank;
    job->rank = x->rank;
    for (uint32_t d = 0; d < x->rank; d++) {
        job->axes[d] = (axis_plan){ x->dims[d], out_dims[d], 1, (double)out_dims[d], 0, 1 };
        axes[d] = d;
    }
    for (uint32_t i = 0; p->axes.found && i < n; i++) /* infer has checked them */
        axes[i] = (uint32_t)(p->axes.v[i] < 0 ? p->axes.v[i] + x->rank : p->axes.v[i]);
    set_scales(job, io, axes, n);
    for (uint32_t d = 0; d < x->rank; d++)
        if (!x->dims[d] && out_dims[d])
            return pare_call_fail(ctx, io->call,
                                  "input 0: expected elements along axis %" PRIu32 ", found none",
                                  d);
    return PARE_OK;
}

/* --- nearest -----------------------------------------------------------------------------------
 */

/* For every output element the flat index of the input element that it is; -1: extrapolated. */
static pare_status nearest_offsets(pare_ctx *ctx, const resize_job *job, int64_t n, int64_t **out)
{
    int64_t at[PARE_MAX_DIMS] = { 0 };
    const bool crops = job->params->coord == PARE_COORD_TF_CROP_AND_RESIZE;
    if (n > INT64_MAX / (int64_t)sizeof(**out)) return pare_fail_memory(ctx, SIZE_MAX);
    *out = pare_alloc(ctx, (size_t)n * sizeof(**out) + 1);
    if (!*out) return pare_fail_memory(ctx, (size_t)n * sizeof(**out));
    for (int64_t i = 0; i < n; i++) {
        int64_t offset = 0;
        bool outside = false;
        for (uint32_t d = 0; d < job->rank; d++) {
            const axis_plan *a = &job->axes[d];
            const float x = coordinate_of(job->params->coord, a, at[d]);
            outside = outside || (crops && is_outside(a, x));
            offset = offset * a->in + nearest_to(job->params->nearest, a, x);
        }
        (*out)[i] = outside ? -1 : offset;
        for (uint32_t d = job->rank; d-- > 0 && ++at[d] == job->axes[d].out;) at[d] = 0;
    }
    return PARE_OK;
}

static pare_status resize_nearest(pare_ctx *ctx, pare_eval_io *io, const resize_job *job,
                                  const int64_t *dims, int64_t n)
{
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const size_t width = pare_dtype_of(x->dtype)->bits / 8;
    int64_t *offsets = NULL;
    pare_bytes *strings = NULL;
    void *y = NULL;
    pare_status st = nearest_offsets(ctx, job, n, &offsets);
    if (!st && x->dtype == PARE_STRING)
        st = pare_eval_out_strings(ctx, io, 0, x->rank, dims, &strings, x->owner);
    else if (!st)
        st = pare_eval_out_as(ctx, io, 0, x->dtype, x->rank, dims, &y);
    for (int64_t i = 0; !st && i < n; i++) {
        if (strings) {
            if (offsets[i] >= 0) strings[i] = x->strings[offsets[i]];
        } else if (offsets[i] >= 0) {
            memcpy(pare_at_mut(y, i, width), pare_at(pare_eval_data(x), offsets[i], width), width);
        } else if (pare_wide_of(x->dtype)) {
            pare_wide_store_as(PARE_WIDE_F32, PARE_STORE_DEFAULT, x->dtype, y, i, 1,
                               &job->params->extrapolation);
        }
    }
    pare_free(ctx, offsets);
    return st;
}

/* --- linear and cubic --------------------------------------------------------------------------
 */

/* Weights along one axis. */
typedef struct taps {
    int64_t n;
    int64_t *first;
    double *weights;
    float *narrow; /* the same, rounded */
} taps;

static void taps_free(pare_ctx *ctx, taps *t)
{
    pare_free(ctx, t->first);
    pare_free(ctx, t->weights);
    pare_free(ctx, t->narrow);
    *t = (taps){ 0 };
}

static pare_status taps_make(pare_ctx *ctx, const pare_resize_params *p, const axis_plan *a,
                             taps *t)
{
    const bool shrinks = p->antialias && a->scale < 1;
    const pare_resample r = { .cubic = p->mode == PARE_RESIZE_CUBIC, .a = (double)p->cubic_a,
                              .shrink = shrinks ? (double)a->scale : 1,
                              .inside_only = p->exclude_outside, .n = a->in };
    t->n = pare_resample_taps_max_ref(&r);
    if (a->out > INT64_MAX / 16 / t->n) return pare_fail_memory(ctx, SIZE_MAX);
    const size_t n = (size_t)(a->out * t->n);
    t->first = pare_alloc(ctx, (size_t)a->out * sizeof(*t->first));
    t->weights = pare_alloc_zero(ctx, n * sizeof(*t->weights));
    t->narrow = pare_alloc(ctx, n * sizeof(*t->narrow));
    if (!t->first || !t->weights || !t->narrow)
        return pare_fail_memory(ctx, n * sizeof(*t->weights));
    for (int64_t j = 0; j < a->out; j++) {
        const float x = coordinate_of(p->coord, a, j);
        pare_resample_taps_ref(&r, isfinite(x) ? (double)x : 0, &t->first[j],
                               t->weights + j * t->n);
    }
    for (size_t i = 0; i < n; i++) t->narrow[i] = (float)t->weights[i];
    return PARE_OK;
}

/* Whether every output is the input at its own position. */
static bool is_identity(const axis_plan *a, const taps *t)
{
    if (a->in != a->out) return false;
    for (int64_t j = 0; j < a->out; j++)
        for (int64_t i = 0; i < t->n; i++)
            if (t->weights[j * t->n + i] != (t->first[j] + i == j)) return false;
    return true;
}

/* Resizes axis d of *x, whose axes behind it are done already. */
static pare_status resize_axis(pare_ctx *ctx, const resize_job *job, uint32_t d, const taps *t,
                               pare_reals *x)
{
    const axis_plan *a = &job->axes[d];
    pare_reals y;
    int64_t outer = 1;
    int64_t inner = 1;
    int64_t n = 0;
    for (uint32_t i = 0; i < d; i++) outer *= job->axes[i].in;
    for (uint32_t i = d + 1; i < job->rank; i++)
        if (__builtin_mul_overflow(inner, job->axes[i].out, &inner))
            return pare_fail_memory(ctx, SIZE_MAX);
    if (__builtin_mul_overflow(outer, inner, &n) || __builtin_mul_overflow(n, a->out, &n))
        return pare_fail_memory(ctx, SIZE_MAX);
    PARE_TRY(pare_reals_new(ctx, &y, x->wide, n));
    if (x->wide == PARE_WIDE_F64)
        pare_resample_axis_f64_ref(outer, a->in, inner, a->out, t->n, t->first, t->weights,
                                   x->data, y.owned);
    else
        pare_resample_axis_f32_ref(outer, a->in, inner, a->out, t->n, t->first, t->narrow, x->data,
                                   y.owned);
    pare_reals_free(ctx, x);
    *x = y;
    return PARE_OK;
}

static void extrapolate(const resize_job *job, pare_reals *y, int64_t n)
{
    int64_t at[PARE_MAX_DIMS] = { 0 };
    const float value = job->params->extrapolation;
    for (int64_t i = 0; i < n; i++) {
        bool outside = false;
        for (uint32_t d = 0; d < job->rank; d++)
            outside = outside || is_outside(&job->axes[d],
                                            coordinate_of(job->params->coord, &job->axes[d],
                                                          at[d]));
        if (outside && y->wide == PARE_WIDE_F64) ((double *)y->owned)[i] = (double)value;
        else if (outside) ((float *)y->owned)[i] = value;
        for (uint32_t d = job->rank; d-- > 0 && ++at[d] == job->axes[d].out;) at[d] = 0;
    }
}

/* Rounds to nearest, halves up, and keeps to the range of an integer type. */
static void round_integers(pare_dtype dtype, bool rounds, pare_reals *y, int64_t n)
{
    const pare_dtype_info *info = pare_dtype_of(dtype);
    if (info->class != PARE_CLASS_INT && info->class != PARE_CLASS_UINT) return;
    const bool is_signed = info->class == PARE_CLASS_INT;
    const double high = ldexp(1, info->bits - is_signed);
    const double low = is_signed ? -high : 0;
    const double top = info->bits > 53 ? nextafter(high, 0) : high - 1;
    for (int64_t i = 0; i < n; i++) {
        double v = y->wide == PARE_WIDE_F64 ? ((double *)y->owned)[i]
                                            : (double)((float *)y->owned)[i];
        v = rounds ? floor(v + 0.5) : v;
        v = v < low ? low : v > top ? top : v;
        if (y->wide == PARE_WIDE_F64) ((double *)y->owned)[i] = v;
        else ((float *)y->owned)[i] = (float)v;
    }
}

static pare_status resize_smooth(pare_ctx *ctx, pare_eval_io *io, const resize_job *job,
                                 const int64_t *dims, int64_t n)
{
    const pare_resize_params *p = job->params;
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const bool is_wide = x->dtype == PARE_DOUBLE || pare_wide_of(x->dtype) == PARE_WIDE_U64 ||
                         (pare_wide_of(x->dtype) == PARE_WIDE_I64 &&
                          pare_dtype_of(x->dtype)->bits > 16);
    pare_reals y = { 0 };
    taps t = { 0 };
    void *data = NULL;
    if (!pare_wide_of(x->dtype)) return pare_eval_no_type(ctx, io, x->dtype);
    pare_status st = pare_eval_out_as(ctx, io, 0, x->dtype, x->rank, dims, &data);
    if (st || !n) return st;
    st = pare_reals_load(ctx, &y, x, is_wide ? PARE_WIDE_F64 : PARE_WIDE_F32);
    for (uint32_t d = job->rank; !st && d-- > 0;) {
        st = taps_make(ctx, p, &job->axes[d], &t);
        if (!st && !is_identity(&job->axes[d], &t)) st = resize_axis(ctx, job, d, &t, &y);
        taps_free(ctx, &t);
    }
    if (!st && y.owned && p->coord == PARE_COORD_TF_CROP_AND_RESIZE) extrapolate(job, &y, n);
    if (!st && y.owned) round_integers(x->dtype, p->antialias, &y, n);
    if (!st)
        pare_wide_store_as(y.wide, PARE_STORE_DEFAULT, x->dtype, data, 0, n, y.data);
    pare_reals_free(ctx, &y);
    return st;
}

pare_status pare_resize_eval(pare_ctx *ctx, pare_eval_io *io)
{
    resize_job job = { .params = io->params };
    int64_t dims[PARE_MAX_DIMS];
    int64_t n = 0;
    const pare_tensor *x = pare_eval_tensor(io, 0);
    PARE_TRY(pare_eval_out_dims(ctx, io, 0, dims));
    PARE_TRY(plan(ctx, &job, io, dims));
    PARE_TRY(pare_eval_count(ctx, io, &n, x->rank, dims));
    if (job.params->mode == PARE_RESIZE_NEAREST) return resize_nearest(ctx, io, &job, dims, n);
    return resize_smooth(ctx, io, &job, dims, n);
}
