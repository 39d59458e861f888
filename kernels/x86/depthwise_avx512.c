#include "kernels/x86/avx512.h"

#include "kernels/x86/vec_avx512.h"

enum { MAX_WIDTH = 7, MAX_PIXELS = 8, PIXELS = 4 };

static INLINE void round_all(__m512 *z, const int n_pixels)
{
#pragma GCC unroll 8
    for (int q = 0; q < n_pixels; q++) z[q] = wide_rounded(z[q]);
}

/* Finishes and stores the channels of the mask from c on of pixels [p, p + n_pixels). */
static INLINE void put(const pare_finish *f, __m512 *z, float *y, int64_t y_stride, int64_t p,
                       int64_t c, __mmask16 some, const int n_pixels)
{
    if (f->rounds & PARE_ROUND_CHAIN) round_all(z, n_pixels);
    if (f->scale) {
        const __m512 scale = _mm512_maskz_loadu_ps(some, f->scale + c);
        const __m512 shift = _mm512_maskz_loadu_ps(some, f->shift + c);
#pragma GCC unroll 8
        for (int q = 0; q < n_pixels; q++) z[q] = _mm512_fmadd_ps(z[q], scale, shift);
    }
    if (f->rounds & PARE_ROUND_AFFINE) round_all(z, n_pixels);
    if (f->add) {
        const float *add = f->add + p * f->add_stride + c;
#pragma GCC unroll 8
        for (int q = 0; q < n_pixels; q++, add += f->add_stride)
            z[q] = _mm512_add_ps(z[q], _mm512_maskz_loadu_ps(some, add));
    }
    if (f->rounds & PARE_ROUND_SUM) round_all(z, n_pixels);
    y += p * y_stride + c;
#pragma GCC unroll 8
    for (int q = 0; q < n_pixels; q++, y += y_stride)
        _mm512_mask_storeu_ps(y, some, wide_bounds(f, z[q]));
}

/* --- any windows ------------------------------------------------------------------------------ */

static INLINE void any_block(const pare_depthwise *d, int64_t p, int64_t c, __mmask16 some,
                             const int n_pixels)
{
    __m512 sum[PIXELS];
    const __m512 bias = _mm512_maskz_loadu_ps(some, d->bias + c);
#pragma GCC unroll 4
    for (int q = 0; q < n_pixels; q++) sum[q] = bias;
    for (int64_t t = 0; t < d->n_taps; t++) {
        const float *const *x = d->x + t * d->n_pixels + p;
        const __m512 tap = _mm512_maskz_loadu_ps(some, d->w + t * d->w_stride + c);
#pragma GCC unroll 4
        for (int q = 0; q < n_pixels; q++)
            sum[q] = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(some, x[q] + c), tap, sum[q]);
    }
    put(&d->finish, sum, d->y, d->y_stride, p, c, some, n_pixels);
}

void pare_depthwise_avx512(const pare_depthwise *d)
{
    int64_t p = 0;
    for (; p + PIXELS <= d->n_pixels; p += PIXELS)
        for (int64_t c = 0; c < d->n_channels; c += WIDE)
            any_block(d, p, c, wide_lanes(d->n_channels - c), PIXELS);
    for (; p < d->n_pixels; p++)
        for (int64_t c = 0; c < d->n_channels; c += WIDE)
            any_block(d, p, c, wide_lanes(d->n_channels - c), 1);
}

/* --- windows side by side --------------------------------------------------------------------- */

/* Every input is loaded once per row of the window and goes to all pixels that it is under; those
 * take it in ascending k, because inputs come from left to right. `inner`: none of the windows
 * stands out. */
static INLINE void row_block(const pare_depthwise_row *d, int64_t p, int64_t c, __mmask16 some,
                             const int width, const int step, const int n_pixels, const bool inner)
{
    __m512 sum[MAX_PIXELS];
    const __m512 bias = _mm512_maskz_loadu_ps(some, d->bias + c);
    const int64_t first = d->first + p * step;
#pragma GCC unroll 8
    for (int q = 0; q < n_pixels; q++) sum[q] = bias;
    for (int64_t r = 0; r < d->height; r++) {
        const int64_t stride = d->x_stride[r];
        const float *x = d->x[r] + first * stride + c;
        const float *w = d->w + r * width * d->w_stride + c;
        __m512 tap[MAX_WIDTH];
#pragma GCC unroll 7
        for (int k = 0; k < width; k++, w += d->w_stride) tap[k] = _mm512_maskz_loadu_ps(some, w);
#pragma GCC unroll 21
        for (int i = 0; i < (n_pixels - 1) * step + width; i++, x += stride) {
            const bool is_there = inner || (uint64_t)(first + i) < (uint64_t)d->n_in;
            const __m512 in = is_there ? _mm512_maskz_loadu_ps(some, x) : _mm512_setzero_ps();
#pragma GCC unroll 7
            for (int k = 0; k < width; k++) {
                const int at = i - k;
                if (at < 0 || at % step != 0 || at / step >= n_pixels) continue;
                sum[at / step] = _mm512_fmadd_ps(in, tap[k], sum[at / step]);
            }
        }
    }
    put(&d->finish, sum, d->y, d->y_stride, p, c, some, n_pixels);
}

static INLINE void row_channels(const pare_depthwise_row *d, int64_t p, const int width,
                                const int step, const int n_pixels)
{
    const int64_t first = d->first + p * step;
    const bool inner = first >= 0 && first + (n_pixels - 1) * step + width <= d->n_in;
    if (inner)
        for (int64_t c = 0; c < d->n_channels; c += WIDE)
            row_block(d, p, c, wide_lanes(d->n_channels - c), width, step, n_pixels, true);
    else
        for (int64_t c = 0; c < d->n_channels; c += WIDE)
            row_block(d, p, c, wide_lanes(d->n_channels - c), width, step, n_pixels, false);
}

static INLINE void row(const pare_depthwise_row *d, const int width, const int step)
{
    int64_t p = 0;
    for (; p + 8 <= d->n_pixels; p += 8) row_channels(d, p, width, step, 8);
    if (d->n_pixels & 4) {
        row_channels(d, p, width, step, 4);
        p += 4;
    }
    if (d->n_pixels & 2) {
        row_channels(d, p, width, step, 2);
        p += 2;
    }
    if (d->n_pixels & 1) row_channels(d, p, width, step, 1);
}

#define ROW(width, step)                                                                           \
    static void row_##width##_by_##step(const pare_depthwise_row *d) { row(d, width, step); }
ROW(3, 1) ROW(3, 2) ROW(5, 1) ROW(5, 2) ROW(7, 1) ROW(7, 2)

void pare_depthwise_row_avx512(const pare_depthwise_row *d)
{
    static pare_depthwise_row_fn *const by_size[3][2] = {
        { row_3_by_1, row_3_by_2 },
        { row_5_by_1, row_5_by_2 },
        { row_7_by_1, row_7_by_2 },
    };
    by_size[(d->width - 3) / 2][d->step - 1](d);
}
