/* Antialiased resizing after the definition that Pillow's Resample.c gives it: each output pixel is
 * a weighted mean of the input pixels under a filter that is as wide as the scale; first along
 * rows, then along columns, each rounded to 8 bits. Weights are fixed-point numbers of 22 bits, so
 * results are the same bits everywhere. */
#include "formats/dataset/image_resize.h"

#include "formats/dataset/image_codec.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

enum {
    PRECISION_BITS = 32 - 8 - 2, /* sums of 8 bits times weights up to 2 fit into 32 bits */
    HALF = 1 << (PRECISION_BITS - 1),
    BLOCK = 32, /* bytes that are computed at once in the vertical pass */
};

const char *const pare_filter_names[PARE_N_FILTERS] = {
#define PARE_FILTER_NAME(symbol, name, support) name,
    PARE_FILTERS(PARE_FILTER_NAME)
#undef PARE_FILTER_NAME
};

static const double supports[PARE_N_FILTERS] = {
#define PARE_FILTER_SUPPORT(symbol, name, support) (support),
    PARE_FILTERS(PARE_FILTER_SUPPORT)
#undef PARE_FILTER_SUPPORT
};

static double sinc(double x)
{
    if (x == 0.0) return 1.0;
    x *= PI;
    return sin(x) / x;
}

static double filter_at(pare_filter filter, double x)
{
    const double a = -0.5, d = fabs(x);
    switch (filter) {
    case PARE_FILTER_BOX:
        return x > -0.5 && x <= 0.5 ? 1.0 : 0.0;
    case PARE_FILTER_BILINEAR:
        return d < 1.0 ? 1.0 - d : 0.0;
    case PARE_FILTER_HAMMING:
        if (d == 0.0) return 1.0;
        return d >= 1.0 ? 0.0 : sin(d * PI) / (d * PI) * (0.54f + 0.46f * cos(d * PI));
    case PARE_FILTER_BICUBIC:
        if (d < 1.0) return ((a + 2.0) * d - (a + 3.0)) * d * d + 1;
        return d < 2.0 ? (((d - 5) * d + 8) * d - 4) * a : 0.0;
    default: /* Lanczos */
        return -3.0 <= x && x < 3.0 ? sinc(x) * sinc(x / 3) : 0.0;
    }
}

/* What makes one line of `n` pixels: pixel i is the sum of weights[i * n_taps + t] times input
 * pixel first[i] + t, t < count[i]. */
typedef struct resample_line {
    uint32_t n, n_taps;
    uint32_t *first, *count; /* [n] */
    int32_t *weights;        /* [n, n_taps], zeros behind count */
    double *real;            /* [n_taps] */
    void *memory;
} resample_line;

static pare_status take_line(pare_ctx *ctx, resample_line *line, uint32_t n, uint64_t n_taps)
{
    const uint64_t n_bytes = n_taps * sizeof(double) + 8ull * n + n_taps * n * 4;
    /* n < 2^16 and n_taps < 2^19 */
    line->memory = n_bytes > pare_image_limit_bytes(ctx) ? NULL : pare_alloc_zero(ctx, n_bytes);
    if (!line->memory) return pare_fail_memory(ctx, n_bytes);
    line->n = n;
    line->n_taps = (uint32_t)n_taps;
    line->real = line->memory;
    line->first = (uint32_t *)(line->real + n_taps);
    line->count = line->first + n;
    line->weights = (int32_t *)(line->count + n);
    return PARE_OK;
}

static pare_status make_line(pare_ctx *ctx, resample_line *line, uint32_t n_in, uint32_t n,
                             pare_filter filter)
{
    const double scale = (double)n_in / n, wide = scale < 1.0 ? 1.0 : scale;
    const double support = supports[filter] * wide, narrow = 1.0 / wide;
    PARE_TRY(take_line(ctx, line, n, (uint64_t)ceil(support) * 2 + 1));
    for (uint32_t i = 0; i < n; i++) {
        const double centre = (i + 0.5) * scale;
        const double low = centre - support + 0.5, high = centre + support + 0.5;
        const uint32_t first = low < 0 ? 0 : (uint32_t)low;
        const uint32_t end = high > n_in ? n_in : (uint32_t)high;
        double sum = 0.0;
        line->first[i] = first;
        line->count[i] = end - first;
        for (uint32_t t = 0; t < end - first; t++) {
            line->real[t] = filter_at(filter, ((double)t + first - centre + 0.5) * narrow);
            sum += line->real[t];
        }
        for (uint32_t t = 0; t < end - first; t++) {
            const double w = sum != 0.0 ? line->real[t] / sum : line->real[t];
            const double fixed = w * (1 << PRECISION_BITS);
            line->weights[(size_t)i * line->n_taps + t] = (int32_t)(fixed + (w < 0 ? -0.5 : 0.5));
        }
    }
    return PARE_OK;
}

static uint8_t clip(int32_t sum)
{
    const int32_t v = sum >> PRECISION_BITS;
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

static void row_of_rgb(const resample_line *line, const uint8_t *in, uint8_t *out)
{
    for (uint32_t x = 0; x < line->n; x++, out += 3) {
        const int32_t *const k = line->weights + (size_t)x * line->n_taps;
        const uint8_t *p = in + (size_t)line->first[x] * 3;
        int32_t r = HALF, g = HALF, b = HALF;
        for (uint32_t t = 0; t < line->count[x]; t++, p += 3) {
            r += p[0] * k[t];
            g += p[1] * k[t];
            b += p[2] * k[t];
        }
        out[0] = clip(r);
        out[1] = clip(g);
        out[2] = clip(b);
    }
}

static void row_of_gray(const resample_line *line, const uint8_t *in, uint8_t *out)
{
    for (uint32_t x = 0; x < line->n; x++) {
        const int32_t *const k = line->weights + (size_t)x * line->n_taps;
        const uint8_t *const p = in + line->first[x];
        int32_t sum = HALF;
        for (uint32_t t = 0; t < line->count[x]; t++) sum += p[t] * k[t];
        out[x] = clip(sum);
    }
}

/* Blocks of a fixed size, so that compilers make vectors of them. */
static void columns(const int32_t *k, uint32_t n_taps, const uint8_t *in, size_t row_bytes,
                    uint8_t *out)
{
    size_t at = 0;
    for (; at + BLOCK <= row_bytes; at += BLOCK) {
        int32_t sums[BLOCK];
        for (int i = 0; i < BLOCK; i++) sums[i] = HALF;
        for (uint32_t t = 0; t < n_taps; t++) {
            const uint8_t *const p = in + t * row_bytes + at;
            for (int i = 0; i < BLOCK; i++) sums[i] += p[i] * k[t];
        }
        for (int i = 0; i < BLOCK; i++) out[at + (size_t)i] = clip(sums[i]);
    }
    for (; at < row_bytes; at++) {
        int32_t sum = HALF;
        for (uint32_t t = 0; t < n_taps; t++) sum += in[t * row_bytes + at] * k[t];
        out[at] = clip(sum);
    }
}

static pare_status along_rows(pare_ctx *ctx, pare_image *out, const pare_image *in, uint32_t width,
                              pare_filter filter)
{
    resample_line line = { 0 };
    pare_status st = pare_image_new(ctx, out, width, in->height, in->channels);
    if (!st) st = make_line(ctx, &line, in->width, width, filter);
    for (uint32_t y = 0; !st && y < in->height; y++) {
        const uint8_t *const from = in->pixels + (size_t)y * in->width * in->channels;
        uint8_t *const to = out->pixels + (size_t)y * width * in->channels;
        if (in->channels == 3) row_of_rgb(&line, from, to);
        else row_of_gray(&line, from, to);
    }
    pare_free(ctx, line.memory);
    return st;
}

static pare_status along_columns(pare_ctx *ctx, pare_image *out, const pare_image *in,
                                 uint32_t height, pare_filter filter)
{
    const size_t row_bytes = (size_t)in->width * in->channels;
    resample_line line = { 0 };
    pare_status st = pare_image_new(ctx, out, in->width, height, in->channels);
    if (!st) st = make_line(ctx, &line, in->height, height, filter);
    for (uint32_t y = 0; !st && y < height; y++)
        columns(line.weights + (size_t)y * line.n_taps, line.count[y],
                in->pixels + line.first[y] * row_bytes, row_bytes, out->pixels + y * row_bytes);
    pare_free(ctx, line.memory);
    return st;
}

/* Places are sums of steps, as Pillow adds them up. */
static pare_status by_nearest(pare_ctx *ctx, pare_image *out, const pare_image *in, uint32_t width,
                              uint32_t height)
{
    const double dx = (double)in->width / width, dy = (double)in->height / height;
    PARE_TRY(pare_image_new(ctx, out, width, height, in->channels));
    uint32_t *const from = pare_alloc(ctx, (size_t)width * sizeof(*from));
    const pare_status st = from ? PARE_OK : pare_fail_memory(ctx, (size_t)width * sizeof(*from));
    double at = dx * 0.5;
    for (uint32_t x = 0; !st && x < width; x++, at += dx)
        from[x] = at < in->width ? (uint32_t)at : in->width - 1;
    at = dy * 0.5;
    for (uint32_t y = 0; !st && y < height; y++, at += dy) {
        const uint32_t row = at < in->height ? (uint32_t)at : in->height - 1;
        const uint8_t *const line = in->pixels + (size_t)row * in->width * in->channels;
        uint8_t *to = out->pixels + (size_t)y * width * in->channels;
        for (uint32_t x = 0; x < width; x++)
            for (uint32_t c = 0; c < in->channels; c++) *to++ = line[from[x] * in->channels + c];
    }
    pare_free(ctx, from);
    return st;
}

pare_status pare_image_resize(pare_ctx *ctx, pare_image *out, const pare_image *image,
                              uint32_t width, uint32_t height, pare_filter filter)
{
    pare_image rows = { 0 };
    pare_status st;
    *out = (pare_image){ 0 };
    if (width == image->width && height == image->height)
        return pare_image_window(ctx, out, image, 0, 0, width, height, 0);
    if (filter == PARE_FILTER_NEAREST) st = by_nearest(ctx, out, image, width, height);
    else if (width == image->width) st = along_columns(ctx, out, image, height, filter);
    else if (height == image->height) st = along_rows(ctx, out, image, width, filter);
    else {
        st = along_rows(ctx, &rows, image, width, filter);
        if (!st) st = along_columns(ctx, out, &rows, height, filter);
    }
    pare_image_free(ctx, &rows);
    if (st) pare_image_free(ctx, out);
    return st;
}
