#include "kernels/resample.h"
#include "op/reals.h"
#include "op/resize.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* GridSample: a grid's coordinates run from -1 to 1 over each axis, the last axis first. Elements
 * around a point weigh the product of their weights along the axes; padding says what stands
 * outside. AffineGrid makes such grids. */

/* One spatial axis. */
typedef struct grid_axis {
    int64_t n;
    double low, high; /* where reflection turns */
} grid_axis;

enum { MOST_TAPS = 4096, AXIS_TAPS = 4 };

typedef struct grid_job {
    const pare_grid_sample_params *params;
    uint32_t r; /* spatial axes */
    grid_axis axes[PARE_MAX_DIMS];
    int64_t plane, points; /* elements of an image, and of a grid, per channel */
    int64_t taps;
    int64_t *offsets; /* [taps] */
    double *weights;
    float *narrow;
} grid_job;

/* Mirrors x at both ends as often as it takes. */
static double reflect(double x, double low, double high)
{
    const double range = high - low;
    if (x >= low && x <= high) return x;
    if (!(range > 0)) return low;
    const double d = x < low ? low - x : x - high;
    const double n = floor(d / range);
    const double rest = d - n * range;
    const bool from_low = (x < low) == (fmod(n, 2) == 0);
    return from_low ? low + rest : high - rest;
}

static double clamp(double x, double low, double high)
{
    return !(x > low) ? low : x < high ? x : high;
}

/* The coordinate in elements that a number of the grid stands for; NaN counts as -1. */
static double place_of(const grid_job *job, const grid_axis *a, pare_wide wide, double g)
{
    const pare_grid_sample_params *p = job->params;
    const double n = (double)a->n;
    const float f = (float)g;
    double x = p->align_corners ? (g + 1) / 2 * (n - 1) : ((g + 1) * n - 1) / 2;
    if (wide == PARE_WIDE_F32)
        x = (double)(p->align_corners ? (f + 1) / 2 * ((float)a->n - 1)
                                      : ((f + 1) * (float)a->n - 1) / 2);
    if (p->mode == PARE_RESIZE_NEAREST) x = nearbyint(x);
    if (isnan(x)) x = -1;
    if (p->mode == PARE_RESIZE_CUBIC) return clamp(x, -8 * n - 8, 8 * n + 8);
    if (p->padding == PARE_GRID_BORDER) x = clamp(x, 0, n - 1);
    if (p->padding == PARE_GRID_REFLECTION) x = reflect(x, a->low, a->high);
    return clamp(x, -8, n + 8); /* further out nothing changes */
}

/* The element that stands at position i, or -1 where there is 0. */
static int64_t element_at(const grid_job *job, const grid_axis *a, int64_t i)
{
    if (i >= 0 && i < a->n) return i;
    if (job->params->padding == PARE_GRID_ZEROS) return -1;
    if (job->params->padding == PARE_GRID_BORDER) return i < 0 ? 0 : a->n - 1;
    const double x = reflect((double)i, a->low, a->high);
    return (int64_t)clamp(x, 0, (double)(a->n - 1));
}

/* Weights along one axis around x: elements (-1: 0) and what they weigh. Returns how many. */
static uint32_t axis_taps(const grid_job *job, const grid_axis *a, double x, int64_t *elements,
                          double *weights)
{
    const bool cubic = job->params->mode == PARE_RESIZE_CUBIC;
    if (job->params->mode == PARE_RESIZE_NEAREST) {
        elements[0] = element_at(job, a, (int64_t)x);
        weights[0] = 1;
        return 1;
    }
    /* longer at both ends than all that is read, so that no weight is moved to an end */
    const int64_t margin = 8 * a->n + 16;
    const pare_resample r = { .cubic = cubic, .a = -0.75, .shrink = 1, .n = a->n + 2 * margin };
    double around[AXIS_TAPS + 1];
    int64_t first = 0;
    uint32_t count = 0;
    const int64_t most = pare_resample_taps_ref(&r, x + (double)margin, &first, around);
    for (int64_t t = 0; t < most; t++) {
        if (around[t] == 0) continue;
        elements[count] = element_at(job, a, first + t - margin);
        weights[count++] = around[t];
    }
    return count;
}

/* Offsets and weights of all elements around one point of the grid; returns how many. */
static int64_t point_taps(grid_job *job, const pare_reals *grid, int64_t point)
{
    int64_t n = 1;
    job->offsets[0] = 0;
    job->weights[0] = 1;
    for (uint32_t d = 0; d < job->r; d++) {
        int64_t elements[AXIS_TAPS];
        double weights[AXIS_TAPS];
        const grid_axis *a = &job->axes[d];
        const int64_t at = point * job->r + (job->r - 1 - d);
        const double g = grid->wide == PARE_WIDE_F64
                             ? ((const double *)grid->data)[at]
                             : (double)((const float *)grid->data)[at];
        const uint32_t count =
            axis_taps(job, a, place_of(job, a, grid->wide, g), elements, weights);
        /* from the back, since every entry becomes `count` entries */
        for (int64_t t = n; t-- > 0;) {
            const int64_t offset = job->offsets[t];
            const double weight = job->weights[t];
            for (uint32_t k = 0; k < count; k++) {
                const bool inside = offset >= 0 && elements[k] >= 0;
                job->offsets[t * count + k] = inside ? offset * a->n + elements[k] : -1;
                job->weights[t * count + k] = weight * weights[k];
            }
        }
        n *= count;
    }
    for (int64_t t = 0; t < n; t++) job->narrow[t] = (float)job->weights[t];
    return n;
}

static pare_status make_job(pare_ctx *ctx, grid_job *job, const pare_eval_io *io)
{
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const pare_tensor *grid = pare_eval_tensor(io, 1);
    const int per_axis = job->params->mode == PARE_RESIZE_CUBIC     ? 4
                         : job->params->mode == PARE_RESIZE_LINEAR ? 2
                                                                   : 1;
    job->r = x->rank - 2;
    job->plane = job->points = job->taps = 1;
    for (uint32_t d = 0; d < job->r; d++) {
        const double n = (double)x->dims[2 + d];
        job->axes[d] = (grid_axis){ x->dims[2 + d], job->params->align_corners ? 0 : -0.5,
                                    job->params->align_corners ? n - 1 : n - 0.5 };
        job->plane *= x->dims[2 + d];
        job->points *= grid->dims[1 + d];
        job->taps *= per_axis;
        if (job->taps > MOST_TAPS) {
            pare_call_fail(ctx, io->call, "%" PRIu32 " spatial axes are not supported", job->r);
            return PARE_EUNSUPPORTED;
        }
    }
    job->offsets = pare_alloc(ctx, (size_t)job->taps * sizeof(*job->offsets));
    job->weights = pare_alloc(ctx, (size_t)job->taps * sizeof(*job->weights));
    job->narrow = pare_alloc(ctx, (size_t)job->taps * sizeof(*job->narrow));
    if (!job->offsets || !job->weights || !job->narrow)
        return pare_fail_memory(ctx, (size_t)job->taps * sizeof(*job->offsets));
    return PARE_OK;
}

/* Elements as they are, for the nearest. */
static pare_status copy_nearest(pare_ctx *ctx, pare_eval_io *io, grid_job *job,
                                const pare_reals *grid)
{
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const size_t width = pare_dtype_of(x->dtype)->bits / 8;
    const int64_t channels = x->dims[1];
    int64_t dims[PARE_MAX_DIMS];
    pare_bytes *strings = NULL;
    void *y = NULL;
    PARE_TRY(pare_eval_out_dims(ctx, io, 0, dims));
    if (x->dtype == PARE_STRING)
        PARE_TRY(pare_eval_out_strings(ctx, io, 0, x->rank, dims, &strings, x->owner));
    else
        PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    for (int64_t i = 0; i < x->dims[0] * job->points; i++) {
        const int64_t image = i / job->points * channels;
        point_taps(job, grid, i);
        if (job->offsets[0] < 0) continue;
        for (int64_t c = 0; c < channels; c++) {
            const int64_t to = (image + c) * job->points + i % job->points;
            const int64_t from = (image + c) * job->plane + job->offsets[0];
            if (strings) strings[to] = x->strings[from];
            else
                memcpy(pare_at_mut(y, to, width), pare_at(pare_eval_data(x), from, width), width);
        }
    }
    return PARE_OK;
}

static pare_status interpolate(pare_ctx *ctx, pare_eval_io *io, grid_job *job,
                               const pare_reals *grid)
{
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const int64_t channels = x->dims[1];
    int64_t dims[PARE_MAX_DIMS];
    int64_t n = 0;
    pare_reals in = { 0 };
    pare_reals y = { 0 };
    if (!pare_wide_of(x->dtype)) return pare_eval_no_type(ctx, io, x->dtype);
    PARE_TRY(pare_eval_out_dims(ctx, io, 0, dims));
    PARE_TRY(pare_eval_count(ctx, io, &n, x->rank, dims));
    pare_status st = pare_reals_load(ctx, &in, x, grid->wide);
    if (!st) st = pare_reals_new(ctx, &y, grid->wide, n);
    for (int64_t i = 0; !st && i < x->dims[0] * job->points; i++) {
        const int64_t image = i / job->points * channels;
        const int64_t taps = point_taps(job, grid, i);
        const void *from = pare_at(in.data, image * job->plane, in.width);
        void *to = pare_at_mut(y.owned, image * job->points + i % job->points, y.width);
        if (y.wide == PARE_WIDE_F64)
            pare_gather_weighted_f64_ref(channels, job->plane, taps, job->offsets, job->weights,
                                         from, to, job->points);
        else
            pare_gather_weighted_f32_ref(channels, job->plane, taps, job->offsets, job->narrow,
                                         from, to, job->points);
    }
    if (!st) st = pare_reals_out(ctx, io, 0, &y);
    pare_reals_free(ctx, &in);
    pare_reals_free(ctx, &y);
    return st;
}

/* Without elements in the input there can be none in the output. */
static pare_status sample_nothing(pare_ctx *ctx, pare_eval_io *io)
{
    void *y = NULL;
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    if (!io->out[0].tensor->n_elements) return PARE_OK;
    return pare_call_fail(ctx, io->call, "input 0: expected images with elements");
}

pare_status pare_grid_sample_eval(pare_ctx *ctx, pare_eval_io *io)
{
    grid_job job = { .params = io->params };
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const pare_tensor *grid = pare_eval_tensor(io, 1);
    pare_reals places = { 0 };
    if (!x || !grid)
        return pare_call_fail(ctx, io->call, "expected an input and a grid, found none");
    if (!pare_reals_wide(grid->dtype)) return pare_eval_no_type(ctx, io, grid->dtype);
    if (!x->n_elements || !grid->n_elements) return sample_nothing(ctx, io);
    const bool is_double = pare_reals_wide(x->dtype) != PARE_WIDE_F32;
    pare_status st = make_job(ctx, &job, io);
    if (!st)
        st = pare_reals_load(ctx, &places, grid, is_double ? PARE_WIDE_F64 : PARE_WIDE_F32);
    if (!st)
        st = job.params->mode == PARE_RESIZE_NEAREST ? copy_nearest(ctx, io, &job, &places)
                                                     : interpolate(ctx, io, &job, &places);
    pare_reals_free(ctx, &places);
    pare_free(ctx, job.offsets);
    pare_free(ctx, job.weights);
    pare_free(ctx, job.narrow);
    return st;
}

/* --- AffineGrid ------------------------------------------------------------------------------- */

/* Coordinate of position i of n: -1 to 1 from corner to corner, or between the outer edges. */
static double even_place(bool align_corners, int64_t i, int64_t n)
{
    if (align_corners) return n > 1 ? -1 + 2 * (double)i / (double)(n - 1) : -1;
    return (2 * (double)i + 1) / (double)n - 1;
}

/* grid = theta * (x, y[, z], 1): each number is one fused chain over these in order. */
pare_status pare_affine_grid_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_affine_grid_params *p = io->params;
    const pare_tensor *theta = pare_eval_tensor(io, 0);
    int64_t dims[PARE_MAX_DIMS];
    int64_t at[3] = { 0 };
    int64_t n = 0;
    pare_reals in = { 0 };
    pare_reals y = { 0 };
    if (!theta || !pare_reals_wide(theta->dtype))
        return pare_eval_no_type(ctx, io, theta ? theta->dtype : PARE_DTYPE_UNDEFINED);
    PARE_TRY(pare_eval_out_dims(ctx, io, 0, dims));
    const uint32_t r = io->info[0].rank - 2;
    if (theta->dims[1] != r || theta->dims[2] != (int64_t)r + 1)
        return pare_call_fail(ctx, io->call,
                              "theta: expected [N,%" PRIu32 ",%" PRIu32 "], found [N,%" PRId64
                              ",%" PRId64 "]",
                              r, r + 1, theta->dims[1], theta->dims[2]);
    PARE_TRY(pare_eval_count(ctx, io, &n, r + 2, dims));
    pare_status st = pare_reals_load(ctx, &in, theta, pare_reals_wide(theta->dtype));
    if (!st) st = pare_reals_new(ctx, &y, in.wide, n);
    const int64_t points = dims[0] ? n / dims[0] / r : 0;
    for (int64_t i = 0; !st && i < dims[0] * points; i++) {
        double place[4];
        for (uint32_t d = 0; d < r; d++)
            place[r - 1 - d] = even_place(p->align_corners, at[d], dims[1 + d]);
        place[r] = 1;
        for (uint32_t d = 0; d < r; d++) {
            const int64_t row = (i / points * r + d) * (r + 1);
            double sum = 0;
            float narrow = 0;
            for (uint32_t k = 0; k <= r; k++) {
                if (in.wide == PARE_WIDE_F64)
                    sum = fma(((const double *)in.data)[row + k], place[k], sum);
                else
                    narrow = fmaf(((const float *)in.data)[row + k], (float)place[k], narrow);
            }
            if (in.wide == PARE_WIDE_F64) ((double *)y.owned)[i * r + d] = sum;
            else ((float *)y.owned)[i * r + d] = narrow;
        }
        for (uint32_t d = r; d-- > 0 && ++at[d] == dims[1 + d];) at[d] = 0;
    }
    if (!st) st = pare_reals_out(ctx, io, 0, &y);
    pare_reals_free(ctx, &in);
    pare_reals_free(ctx, &y);
    return st;
}
