#include "kernels/roi.h"
#include "op/reals.h"
#include "op/roi.h"

#include <inttypes.h>
#include <math.h>

/* X [N, C, H, W] is pooled over each region into [regions, C, height, width]. Positions are
 * computed in the type of X, here as doubles that are rounded to it after every operation. */

enum { MAX_SAMPLES = 1 << 22 }; /* of one bin: more would never end */

typedef struct job {
    const pare_roi_params *params;
    int64_t channels, height, width; /* of X */
    pare_reals x, regions, y;
    pare_roi_sample *samples; /* of one bin */
    int64_t n_samples, capacity;
} job;

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

/* Rounded to the type of X: after one operation on such numbers the same as in that type. */
static double typed(const job *j, double value)
{
    return j->x.wide == PARE_WIDE_F64 ? value : (double)(float)value;
}

/* Where a region lies along one axis, in bins of `grid` samples. */
typedef struct extent {
    double start, bin;
    int64_t grid;
} extent;

static extent find_extent(const job *j, int64_t region, int axis, int64_t n_bins)
{
    const pare_roi_params *p = j->params;
    const double shift = p->half_pixel ? 0.5 : 0;
    const double scale = (double)p->spatial_scale;
    extent e;
    e.start = typed(j, typed(j, real_at(&j->regions, region * 4 + axis) * scale) - shift);
    const double end = typed(j, typed(j, real_at(&j->regions, region * 4 + axis + 2) * scale) -
                                    shift);
    double size = typed(j, end - e.start);
    if (!p->half_pixel && !(size > 1)) size = 1;
    e.bin = typed(j, size / (double)n_bins);
    e.grid = p->sampling_ratio ? p->sampling_ratio : pare_f64_to_i64_ref(ceil(e.bin));
    if (e.grid < 0) e.grid = 0;
    return e;
}

/* Sample i of a bin. */
static double position(const job *j, const extent *e, int64_t bin, int64_t i)
{
    const double first = typed(j, e->start + typed(j, (double)bin * e->bin));
    const double inside = typed(j, typed(j, ((double)i + 0.5) * e->bin) / (double)e->grid);
    return typed(j, first + inside);
}

/* The elements before and behind a position along an axis of `size`, and how far it is between
 * them. */
static double neighbours(const job *j, double at, int64_t size, int64_t *low, int64_t *high)
{
    if (at < 0) at = 0;
    *low = (int64_t)at;
    *high = *low + 1;
    if (*low < size - 1) return typed(j, at - (double)*low);
    *low = *high = size - 1;
    return 0;
}

static void add_sample(job *j, double y, double x)
{
    int64_t y_low, y_high, x_low, x_high;
    if (!j->height || !j->width) return;
    if (!(y >= -1 && y <= (double)j->height && x >= -1 && x <= (double)j->width)) return;
    const double ly = neighbours(j, y, j->height, &y_low, &y_high);
    const double lx = neighbours(j, x, j->width, &x_low, &x_high);
    const double hy = typed(j, 1 - ly);
    const double hx = typed(j, 1 - lx);
    j->samples[j->n_samples++] = (pare_roi_sample){
        .at = { y_low * j->width + x_low, y_low * j->width + x_high, y_high * j->width + x_low,
                y_high * j->width + x_high },
        .weight = { typed(j, hy * hx), typed(j, hy * lx), typed(j, ly * hx), typed(j, ly * lx) },
    };
}

static double pool_bin(const job *j, const void *plane, int64_t count)
{
    const int64_t n = j->n_samples;
    if (j->x.wide == PARE_WIDE_F64)
        return j->params->is_max ? pare_roi_max_f64_ref(n, j->samples, plane)
                                 : pare_roi_average_f64_ref(n, j->samples, count, plane);
    return (double)(j->params->is_max ? pare_roi_max_f32_ref(n, j->samples, plane)
                                      : pare_roi_average_f32_ref(n, j->samples, count, plane));
}

static pare_status align_region(pare_ctx *ctx, const pare_eval_io *io, job *j, int64_t region,
                                int64_t image)
{
    const pare_roi_params *p = j->params;
    const extent across = find_extent(j, region, 0, p->width);
    const extent down = find_extent(j, region, 1, p->height);
    if (down.grid > MAX_SAMPLES || across.grid > MAX_SAMPLES ||
        down.grid * across.grid > j->capacity)
        return pare_call_fail(ctx, io->call,
                              "region %" PRId64 ": expected at most %d samples in a bin, found "
                              "%" PRId64 " x %" PRId64,
                              region, MAX_SAMPLES, down.grid, across.grid);
    const int64_t count = down.grid * across.grid > 1 ? down.grid * across.grid : 1;
    for (int64_t bin = 0; bin < p->height * p->width; bin++) {
        j->n_samples = 0;
        for (int64_t i = 0; i < down.grid * across.grid; i++)
            add_sample(j, position(j, &down, bin / p->width, i / across.grid),
                       position(j, &across, bin % p->width, i % across.grid));
        for (int64_t c = 0; c < j->channels; c++) {
            const int64_t plane = (image * j->channels + c) * j->height * j->width;
            set_real(&j->y, (region * j->channels + c) * p->height * p->width + bin,
                     pool_bin(j, pare_at(j->x.data, plane, j->x.width), count));
        }
    }
    return PARE_OK;
}

/* Room for the samples of the largest bin of all regions, as far as it is allowed. */
static pare_status make_samples(pare_ctx *ctx, job *j, int64_t n_regions)
{
    for (int64_t r = 0; r < n_regions; r++) {
        const int64_t across = find_extent(j, r, 0, j->params->width).grid;
        const int64_t down = find_extent(j, r, 1, j->params->height).grid;
        if (across > MAX_SAMPLES || down > MAX_SAMPLES || across * down > MAX_SAMPLES) continue;
        if (across * down > j->capacity) j->capacity = across * down;
    }
    j->samples = pare_alloc(ctx, ((size_t)j->capacity + 1) * sizeof(*j->samples));
    return j->samples ? PARE_OK : pare_fail_memory(ctx, (size_t)j->capacity);
}

static pare_status prepare(pare_ctx *ctx, const pare_eval_io *io, job *j, int64_t per_region)
{
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const pare_tensor *regions = pare_eval_tensor(io, 1);
    if (!x || !regions)
        return pare_call_fail(ctx, io->call, "expected X and regions, found fewer tensors");
    const pare_wide wide = pare_reals_wide(x->dtype);
    if (!wide) return pare_eval_no_type(ctx, io, x->dtype);
    if (!pare_reals_wide(regions->dtype)) return pare_eval_no_type(ctx, io, regions->dtype);
    if (regions->dims[1] != per_region)
        return pare_call_fail(
            ctx, io->call, "input 1: expected %" PRId64 " numbers for each region, found %" PRId64,
            per_region, regions->dims[1]);
    const pare_num n = pare_info_n_elements(io->shapes, &io->info[0]);
    if (x->rank != 4 || regions->rank != 2 || n.kind != PARE_NUM_INT)
        return pare_fail_memory(ctx, SIZE_MAX);
    j->params = io->params;
    j->channels = x->dims[1];
    j->height = x->dims[2];
    j->width = x->dims[3];
    PARE_TRY(pare_reals_load(ctx, &j->x, x, wide));
    PARE_TRY(pare_reals_load(ctx, &j->regions, regions, wide));
    return pare_reals_new(ctx, &j->y, wide, n.i);
}

static pare_status check_image(pare_ctx *ctx, const pare_eval_io *io, int64_t image)
{
    const int64_t n = pare_eval_tensor(io, 0)->dims[0];
    if (image >= 0 && image < n) return PARE_OK;
    return pare_call_fail(ctx, io->call,
                          "expected an image of %" PRId64 " for each region, found %" PRId64, n,
                          image);
}

static void free_job(pare_ctx *ctx, job *j)
{
    pare_reals_free(ctx, &j->x);
    pare_reals_free(ctx, &j->regions);
    pare_reals_free(ctx, &j->y);
    pare_free(ctx, j->samples);
}

pare_status pare_roi_align_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *images = pare_eval_tensor(io, 2);
    job j = { 0 };
    pare_status st = prepare(ctx, io, &j, 4);
    const int64_t n = st ? 0 : pare_eval_tensor(io, 1)->dims[0];
    if (!st && (!images || !pare_wide_of(images->dtype) || images->n_elements != n))
        st = pare_call_fail(ctx, io->call, "input 2: expected an image for each of %" PRId64
                            " regions", n);
    if (!st) st = make_samples(ctx, &j, n);
    const bool is_empty = !st && !j.channels; /* the bins of nothing may be many */
    for (int64_t r = 0; !st && !is_empty && r < n; r++) {
        const int64_t image = pare_wide_i64_at(images->dtype, pare_eval_data(images), r);
        st = check_image(ctx, io, image);
        if (!st) st = align_region(ctx, io, &j, r, image);
    }
    if (!st) st = pare_reals_out(ctx, io, 0, &j.y);
    free_job(ctx, &j);
    return st;
}

/* --- MaxRoiPool: regions are {image, x1, y1, x2, y2}, rounded to elements --------------------- */

/* Elements [low, high) of a bin along an axis. */
static void find_bin(const job *j, int64_t region, int axis, int64_t bin, int64_t n_bins,
                     int64_t size, int64_t *low, int64_t *high)
{
    const double scale = (double)j->params->spatial_scale;
    const double from = round(typed(j, real_at(&j->regions, region * 5 + axis) * scale));
    const double to = round(typed(j, real_at(&j->regions, region * 5 + axis + 2) * scale));
    const double length = to - from + 1 > 1 ? to - from + 1 : 1;
    const double step = typed(j, length / (double)n_bins);
    const double first = floor(typed(j, (double)bin * step)) + from;
    const double end = ceil(typed(j, (double)(bin + 1) * step)) + from;
    *low = first > 0 ? first < (double)size ? (int64_t)first : size : 0;
    *high = end > 0 ? end < (double)size ? (int64_t)end : size : 0;
}

static void pool_region(job *j, int64_t region, int64_t image)
{
    const pare_roi_params *p = j->params;
    for (int64_t bin = 0; bin < p->height * p->width; bin++) {
        int64_t y0, y1, x0, x1;
        find_bin(j, region, 2, bin / p->width, p->height, j->height, &y0, &y1);
        find_bin(j, region, 1, bin % p->width, p->width, j->width, &x0, &x1);
        for (int64_t c = 0; c < j->channels; c++) {
            const int64_t plane = (image * j->channels + c) * j->height * j->width;
            double largest = y0 < y1 && x0 < x1 ? -(double)INFINITY : 0;
            for (int64_t y = y0; y < y1; y++) {
                for (int64_t x = x0; x < x1; x++) {
                    const double value = real_at(&j->x, plane + y * j->width + x);
                    if (!(value <= largest)) largest = value;
                }
            }
            set_real(&j->y, (region * j->channels + c) * p->height * p->width + bin, largest);
        }
    }
}

pare_status pare_max_roi_pool_eval(pare_ctx *ctx, pare_eval_io *io)
{
    job j = { 0 };
    pare_status st = prepare(ctx, io, &j, 5);
    const int64_t n = st ? 0 : pare_eval_tensor(io, 1)->dims[0];
    const bool is_empty = !st && !j.channels;
    for (int64_t r = 0; !st && !is_empty && r < n; r++) {
        const int64_t image = pare_f64_to_i64_ref(real_at(&j.regions, r * 5));
        st = check_image(ctx, io, image);
        if (!st) pool_region(&j, r, image);
    }
    if (!st) st = pare_reals_out(ctx, io, 0, &j.y);
    free_job(ctx, &j);
    return st;
}
