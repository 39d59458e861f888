#include "kernels/x86/avx2.h"
#include "kernels/x86/vec_avx2.h"

#include <stdbool.h>
#include <stddef.h>

/* Chains are four cycles per link and two are under way at once, so eight of them keep a processor
 * busy: eight pixels by one vector of channels, or four by two. */
enum { MAX_WIDTH = 7, MAX_PIXELS = 8, PIXELS = 4 };

/* n channels, all eight of a vector when `whole`. */
static INLINE __m256 take(const float *x, int64_t n, const bool whole)
{
    return whole ? _mm256_loadu_ps(x) : _mm256_maskload_ps(x, lanes(n));
}

static INLINE void round_all(__m256 *z, const int n_pixels)
{
#pragma GCC unroll 8
    for (int q = 0; q < n_pixels; q++) z[q] = rounded(z[q]);
}

/* Finishes and stores n channels from c on of pixels [p, p + n_pixels). */
static INLINE void put(const pare_finish *f, __m256 *z, float *y, int64_t y_stride, int64_t p,
                       int64_t c, int64_t n, const int n_pixels, const bool whole)
{
    if (f->rounds & PARE_ROUND_CHAIN) round_all(z, n_pixels);
    if (f->scale) {
        const __m256 scale = take(f->scale + c, n, whole);
        const __m256 shift = take(f->shift + c, n, whole);
#pragma GCC unroll 8
        for (int q = 0; q < n_pixels; q++) z[q] = _mm256_fmadd_ps(z[q], scale, shift);
    }
    if (f->rounds & PARE_ROUND_AFFINE) round_all(z, n_pixels);
    if (f->add) {
        const float *add = f->add + p * f->add_stride + c;
#pragma GCC unroll 8
        for (int q = 0; q < n_pixels; q++, add += f->add_stride)
            z[q] = _mm256_add_ps(z[q], take(add, n, whole));
    }
    if (f->rounds & PARE_ROUND_SUM) round_all(z, n_pixels);
    const __m256 low = _mm256_set1_ps(f->low);
    const __m256 high = _mm256_set1_ps(f->high);
    y += p * y_stride + c;
#pragma GCC unroll 8
    for (int q = 0; q < n_pixels; q++, y += y_stride)
        store_n(y, whole ? LANES : n, clamp(z[q], low, high));
}

/* --- any windows ------------------------------------------------------------------------------ */

static INLINE void any_block(const pare_depthwise *d, int64_t p, int64_t c, int64_t n,
                             const int n_pixels, const int n_vectors, const bool whole)
{
    __m256 sum[2][PIXELS];
#pragma GCC unroll 2
    for (int v = 0; v < n_vectors; v++)
#pragma GCC unroll 4
        for (int k = 0; k < n_pixels; k++) sum[v][k] = take(d->bias + c + v * LANES, n, whole);
    for (int64_t t = 0; t < d->n_taps; t++) {
        const float *const *x = d->x + t * d->n_pixels + p;
        const float *w = d->w + t * d->w_stride + c;
#pragma GCC unroll 2
        for (int v = 0; v < n_vectors; v++) {
            const __m256 tap = take(w + v * LANES, n, whole);
#pragma GCC unroll 4
            for (int k = 0; k < n_pixels; k++)
                sum[v][k] = _mm256_fmadd_ps(take(x[k] + c + v * LANES, n, whole), tap, sum[v][k]);
        }
    }
#pragma GCC unroll 2
    for (int v = 0; v < n_vectors; v++)
        put(&d->finish, sum[v], d->y, d->y_stride, p, c + v * LANES, n, n_pixels, whole);
}

static INLINE void any_channels(const pare_depthwise *d, int64_t p, const int n_pixels)
{
    int64_t c = 0;
    for (; c + 2 * LANES <= d->n_channels; c += 2 * LANES)
        any_block(d, p, c, LANES, n_pixels, 2, true);
    for (; c + LANES <= d->n_channels; c += LANES) any_block(d, p, c, LANES, n_pixels, 1, true);
    if (c < d->n_channels) any_block(d, p, c, d->n_channels - c, n_pixels, 1, false);
}

void pare_depthwise_avx2(const pare_depthwise *d)
{
    int64_t p = 0;
    for (; p + PIXELS <= d->n_pixels; p += PIXELS) any_channels(d, p, PIXELS);
    for (; p < d->n_pixels; p++) any_channels(d, p, 1);
}

/* --- windows side by side --------------------------------------------------------------------- */

/* Every input is loaded once per row of the window and goes to all pixels that it is under; those
 * take it in ascending k, because inputs come from left to right. `inner`: none of the windows
 * stands out. */
static INLINE void row_block(const pare_depthwise_row *d, int64_t p, int64_t c, int64_t n,
                             const int width, const int step, const int n_pixels, const bool whole,
                             const bool inner)
{
    __m256 sum[MAX_PIXELS];
    const __m256 bias = take(d->bias + c, n, whole);
    const int64_t first = d->first + p * step;
#pragma GCC unroll 8
    for (int q = 0; q < n_pixels; q++) sum[q] = bias;
    for (int64_t r = 0; r < d->height; r++) {
        const int64_t stride = d->x_stride[r];
        const float *x = d->x[r] + first * stride + c;
        const float *w = d->w + r * width * d->w_stride + c;
        __m256 tap[MAX_WIDTH];
#pragma GCC unroll 7
        for (int k = 0; k < width; k++, w += d->w_stride) tap[k] = take(w, n, whole);
#pragma GCC unroll 21
        for (int i = 0; i < (n_pixels - 1) * step + width; i++, x += stride) {
            const bool is_there = inner || (uint64_t)(first + i) < (uint64_t)d->n_in;
            const __m256 in = is_there ? take(x, n, whole) : _mm256_setzero_ps();
#pragma GCC unroll 7
            for (int k = 0; k < width; k++) {
                const int at = i - k;
                if (at < 0 || at % step != 0 || at / step >= n_pixels) continue;
                sum[at / step] = _mm256_fmadd_ps(in, tap[k], sum[at / step]);
            }
        }
    }
    put(&d->finish, sum, d->y, d->y_stride, p, c, n, n_pixels, whole);
}

static INLINE void row_channels(const pare_depthwise_row *d, int64_t p, const int width,
                                const int step, const int n_pixels)
{
    const int64_t first = d->first + p * step;
    const bool inner = first >= 0 && first + (n_pixels - 1) * step + width <= d->n_in;
    int64_t c = 0;
    for (; inner && c + LANES <= d->n_channels; c += LANES)
        row_block(d, p, c, LANES, width, step, n_pixels, true, true);
    for (; c < d->n_channels; c += LANES)
        row_block(d, p, c, d->n_channels - c, width, step, n_pixels, false, false);
}

static INLINE void row(const pare_depthwise_row *d, const int width, const int step)
{
    int64_t p = 0;
    if (d->first < 0 && d->n_pixels) row_channels(d, p++, width, step, 1);
    for (; p + 8 <= d->n_pixels; p += 8) row_channels(d, p, width, step, 8);
    if (p + 4 <= d->n_pixels) {
        row_channels(d, p, width, step, 4);
        p += 4;
    }
    for (; p < d->n_pixels; p++) row_channels(d, p, width, step, 1);
}

static void row_3_by_1(const pare_depthwise_row *d)
{
    row(d, 3, 1);
}

static void row_3_by_2(const pare_depthwise_row *d)
{
    row(d, 3, 2);
}

static void row_5_by_1(const pare_depthwise_row *d)
{
    row(d, 5, 1);
}

static void row_5_by_2(const pare_depthwise_row *d)
{
    row(d, 5, 2);
}

static void row_7_by_1(const pare_depthwise_row *d)
{
    row(d, 7, 1);
}

static void row_7_by_2(const pare_depthwise_row *d)
{
    row(d, 7, 2);
}

void pare_depthwise_row_avx2(const pare_depthwise_row *d)
{
    static pare_depthwise_row_fn *const by_size[3][2] = {
        { row_3_by_1, row_3_by_2 },
        { row_5_by_1, row_5_by_2 },
        { row_7_by_1, row_7_by_2 },
    };
    by_size[(d->width - 3) / 2][d->step - 1](d);
}
