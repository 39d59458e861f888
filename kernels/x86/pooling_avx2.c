#include "kernels/x86/avx2.h"
#include "kernels/x86/math_avx2.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

enum { N_PARTIALS = 16, WIDE = 4 };

/* --- pools ------------------------------------------------------------------------------------ */

void pare_max_pool_avx2(int64_t n_taps, const float *const *x, int64_t n, float *y)
{
    int64_t c = 0;
    if (n_taps == 0) {
        for (; c < n; c++) y[c] = -INFINITY;
        return;
    }
    for (; c + WIDE * LANES <= n; c += WIDE * LANES) {
        __m256 largest[WIDE];
#pragma GCC unroll 4
        for (int v = 0; v < WIDE; v++) largest[v] = _mm256_loadu_ps(x[0] + c + v * LANES);
        for (int64_t t = 1; t < n_taps; t++)
#pragma GCC unroll 4
            for (int v = 0; v < WIDE; v++) /* of equal or unordered ones the second */
                largest[v] = _mm256_max_ps(_mm256_loadu_ps(x[t] + c + v * LANES), largest[v]);
#pragma GCC unroll 4
        for (int v = 0; v < WIDE; v++) _mm256_storeu_ps(y + c + v * LANES, largest[v]);
    }
    for (; c < n; c += LANES) {
        __m256 largest = load_n(x[0] + c, n - c);
        for (int64_t t = 1; t < n_taps; t++)
            largest = _mm256_max_ps(load_n(x[t] + c, n - c), largest);
        store_n(y + c, n - c, largest);
    }
}

/* Rows: by pointers, or at a distance from the first. Known where it is inlined. */
typedef struct rows {
    bool by_pointers;
    const float *const *pointers;
    const float *first;
    int64_t stride;
} rows;

static INLINE const float *row(const rows *r, int64_t i)
{
    return r->by_pointers ? r->pointers[i] : r->first + i * r->stride;
}

typedef __m256 fold_fn(__m256 p, __m256 x, __m256 shift);

static INLINE __m256 add(__m256 p, __m256 x, __m256 shift)
{
    (void)shift;
    return _mm256_add_ps(p, x);
}

static INLINE __m256 add_square(__m256 p, __m256 x, __m256 shift)
{
    const __m256 d = _mm256_sub_ps(x, shift);
    return _mm256_add_ps(p, _mm256_mul_ps(d, d));
}

/* As the reference: the first when it is NaN; else of equal or unordered ones the second. */
static INLINE __m256 larger(__m256 p, __m256 x, __m256 shift)
{
    (void)shift;
    return choose(_mm256_cmp_ps(p, p, _CMP_UNORD_Q), p, _mm256_max_ps(p, x));
}

static INLINE __m256 smaller(__m256 p, __m256 x, __m256 shift)
{
    (void)shift;
    return choose(_mm256_cmp_ps(p, p, _CMP_UNORD_Q), p, _mm256_min_ps(p, x));
}

/* All eight columns, or those of the mask. */
static INLINE __m256 take(const float *x, __m256i mask, const bool whole)
{
    return whole ? _mm256_loadu_ps(x) : _mm256_maskload_ps(x, mask);
}

/* Columns [c, c + n) of 16 partials and their tree. All indices are constants once the loops are
 * unrolled, so that partials stay in registers. */
static INLINE __m256 reduce(fold_fn *fold, fold_fn *join, int64_t n_rows, const rows *x, int64_t c,
                            int64_t n, const bool whole, float start, __m256 shift)
{
    const __m256i mask = lanes(n);
    __m256 p[N_PARTIALS];
#pragma GCC unroll 16
    for (int j = 0; j < N_PARTIALS; j++) p[j] = set(start);
    int64_t r = 0;
    for (; r + N_PARTIALS <= n_rows; r += N_PARTIALS)
#pragma GCC unroll 16
        for (int j = 0; j < N_PARTIALS; j++)
            p[j] = fold(p[j], take(row(x, r + j) + c, mask, whole), shift);
#pragma GCC unroll 16
    for (int j = 0; j < N_PARTIALS; j++)
        if (r + j < n_rows) p[j] = fold(p[j], take(row(x, r + j) + c, mask, whole), shift);
#pragma GCC unroll 4
    for (int half = N_PARTIALS / 2; half; half /= 2)
#pragma GCC unroll 8
        for (int j = 0; j < half; j++) p[j] = join(p[j], p[j + half], shift);
    return p[0];
}

void pare_average_pool_avx2(int64_t n_taps, const float *const *x, int64_t n, float divisor,
                            float *y)
{
    const rows taps = { .by_pointers = true, .pointers = x };
    const __m256 none = _mm256_setzero_ps();
    int64_t c = 0;
    for (; c + LANES <= n; c += LANES) {
        const __m256 sum = reduce(add, add, n_taps, &taps, c, LANES, true, 0, none);
        _mm256_storeu_ps(y + c, _mm256_div_ps(sum, set(divisor)));
    }
    if (c == n) return;
    const __m256 sum = reduce(add, add, n_taps, &taps, c, n - c, false, 0, none);
    store_n(y + c, n - c, _mm256_div_ps(sum, set(divisor)));
}

/* --- rows at a distance ----------------------------------------------------------------------- */

static INLINE void columns(fold_fn *fold, fold_fn *join, int64_t n_rows, int64_t n, const float *x,
                           int64_t stride, float start, const float *shift, float *y)
{
    const rows r = { .first = x, .stride = stride };
    int64_t c = 0;
    for (; c + LANES <= n; c += LANES) {
        const __m256 by = shift ? _mm256_loadu_ps(shift + c) : _mm256_setzero_ps();
        _mm256_storeu_ps(y + c, reduce(fold, join, n_rows, &r, c, LANES, true, start, by));
    }
    if (c == n) return;
    const __m256 by = shift ? load_n(shift + c, n - c) : _mm256_setzero_ps();
    store_n(y + c, n - c, reduce(fold, join, n_rows, &r, c, n - c, false, start, by));
}

void pare_column_sum_avx2(int64_t n_rows, int64_t n, const float *x, int64_t stride, float *y)
{
    columns(add, add, n_rows, n, x, stride, 0, NULL, y);
}

void pare_column_squares_avx2(int64_t n_rows, int64_t n, const float *x, int64_t stride,
                              const float *shift, float *y)
{
    columns(add_square, add, n_rows, n, x, stride, 0, shift, y);
}

void pare_column_max_avx2(int64_t n_rows, int64_t n, const float *x, int64_t stride, float *y)
{
    columns(larger, larger, n_rows, n, x, stride, -INFINITY, NULL, y);
}

void pare_column_min_avx2(int64_t n_rows, int64_t n, const float *x, int64_t stride, float *y)
{
    columns(smaller, smaller, n_rows, n, x, stride, INFINITY, NULL, y);
}
