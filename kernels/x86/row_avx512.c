#include "kernels/math.h"
#include "kernels/x86/avx2.h"
#include "kernels/x86/avx512.h"
#include "kernels/x86/math_avx512.h"

/* One vector holds the 16 partials of kernels/sum.h. What reads more than it computes is left to
 * AVX2. */

/* What an element adds to its partial. */
typedef __m512 fold_fn(__m512 p, __m512 x, __m512 shift);

/* Lanes that have no element keep their partials. */
static INLINE __m512 gather(fold_fn *fold, int64_t n, const float *x, float start, float shift)
{
    const __m512 by = set(shift);
    __m512 p = set(start);
    int64_t i = 0;
    for (; i + WIDE <= n; i += WIDE) p = fold(p, _mm512_loadu_ps(x + i), by);
    if (i == n) return p;
    const __mmask16 some = wide_lanes(n - i);
    return choose(some, fold(p, _mm512_maskz_loadu_ps(some, x + i), by), p);
}

/* The tree: p[j] joins p[j + 8], then p[j + 4], p[j + 2], p[j + 1]. */
static INLINE float total(__m512 p)
{
    const __m256 y = _mm256_add_ps(_mm512_castps512_ps256(p), _mm512_extractf32x8_ps(p, 1));
    __m128 x = _mm_add_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
    x = _mm_add_ps(x, _mm_permute_ps(x, 0xee));
    x = _mm_add_ps(x, _mm_permute_ps(x, 0x55));
    return _mm_cvtss_f32(x);
}

static INLINE __m512 add(__m512 p, __m512 x, __m512 shift)
{
    (void)shift;
    return _mm512_add_ps(p, x);
}

static INLINE __m512 add_square(__m512 p, __m512 x, __m512 shift)
{
    const __m512 d = _mm512_sub_ps(x, shift);
    return _mm512_add_ps(p, _mm512_mul_ps(d, d));
}

static INLINE __m512 add_exp(__m512 p, __m512 x, __m512 shift)
{
    return _mm512_add_ps(p, exp_of(_mm512_sub_ps(x, shift)));
}

/* A maximum that leaves NaN out: of unordered ones the second. */
static INLINE __m512 larger_number(__m512 p, __m512 x, __m512 shift)
{
    (void)shift;
    return _mm512_max_ps(x, p);
}

static float sum(int64_t n, const float *x)
{
    return total(gather(add, n, x, 0, 0));
}

static float sum_squares(int64_t n, const float *x, float shift)
{
    return total(gather(add_square, n, x, 0, shift));
}

static float sum_exp(int64_t n, const float *x, float shift)
{
    return total(gather(add_exp, n, x, 0, shift));
}

/* The sign of a zero may differ from the reference's; no difference to it does. */
static float largest_number(int64_t n, const float *x)
{
    return _mm512_reduce_max_ps(gather(larger_number, n, x, -INFINITY, 0));
}

/* --- softmax ---------------------------------------------------------------------------------- */

static void softmax(int64_t n, const float *x, float *y)
{
    const __m512 high = set(largest_number(n, x));
    __m512 p = _mm512_setzero_ps();
    for (int64_t i = 0; i < n; i += WIDE) {
        const __mmask16 some = wide_lanes(n - i);
        const __m512 e = exp_of(_mm512_sub_ps(_mm512_maskz_loadu_ps(some, x + i), high));
        _mm512_mask_storeu_ps(y + i, some, e);
        p = _mm512_mask_add_ps(p, some, p, e);
    }
    const __m512 by = set(total(p));
    for (int64_t i = 0; i < n; i += WIDE) {
        const __mmask16 some = wide_lanes(n - i);
        _mm512_mask_storeu_ps(y + i, some, _mm512_div_ps(_mm512_maskz_loadu_ps(some, y + i), by));
    }
}

static void softmax_rows(int64_t n_rows, int64_t n, const float *x, int64_t x_step, float *y,
                         int64_t y_step)
{
    if (n <= WIDE) { /* several rows at once */
        pare_rows_avx2.softmax_rows(n_rows, n, x, x_step, y, y_step);
        return;
    }
    for (int64_t r = 0; r < n_rows; r++) softmax(n, x + r * x_step, y + r * y_step);
}

static void log_softmax(int64_t n, const float *x, float *y)
{
    const float high = largest_number(n, x);
    const __m512 by = set(high);
    const __m512 log_sum = set(pare_log_f32_ref(sum_exp(n, x, high)));
    for (int64_t i = 0; i < n; i += WIDE) {
        const __mmask16 some = wide_lanes(n - i);
        const __m512 d = _mm512_sub_ps(_mm512_maskz_loadu_ps(some, x + i), by);
        _mm512_mask_storeu_ps(y + i, some, _mm512_sub_ps(d, log_sum));
    }
}

/* --- normalization ---------------------------------------------------------------------------- */

static float variance(int64_t n, const float *x, float mean)
{
    return n ? sum_squares(n, x, mean) / (float)n : NAN;
}

static float inverse_of(float spread, double epsilon)
{
    return (float)(1 / sqrt((double)spread + epsilon));
}

static void layer_norm(int64_t n, const float *x, const float *scale, const float *bias,
                       double epsilon, float *y, float *mean, float *inverse)
{
    const float m = sum(n, x) / (float)n;
    const float v = inverse_of(variance(n, x, m), epsilon);
    for (int64_t i = 0; i < n; i += WIDE) {
        const __mmask16 some = wide_lanes(n - i);
        const __m512 centred = _mm512_sub_ps(_mm512_maskz_loadu_ps(some, x + i), set(m));
        const __m512 t = _mm512_mul_ps(centred, set(v));
        const __m512 by = _mm512_maskz_loadu_ps(some, scale + i);
        _mm512_mask_storeu_ps(
            y + i, some,
            bias ? _mm512_fmadd_ps(t, by, _mm512_maskz_loadu_ps(some, bias + i))
                 : _mm512_mul_ps(t, by));
    }
    *mean = m;
    *inverse = v;
}

static void rms_norm(int64_t n, const float *x, const float *scale, double epsilon, float *y,
                     float *inverse)
{
    const float v = inverse_of(variance(n, x, 0), epsilon);
    for (int64_t i = 0; i < n; i += WIDE) {
        const __mmask16 some = wide_lanes(n - i);
        const __m512 t = _mm512_mul_ps(_mm512_maskz_loadu_ps(some, x + i), set(v));
        _mm512_mask_storeu_ps(y + i, some,
                              _mm512_mul_ps(t, _mm512_maskz_loadu_ps(some, scale + i)));
    }
    *inverse = v;
}

/* --- by AVX2 ---------------------------------------------------------------------------------- */

static float sum_sizes(int64_t n, const float *x)
{
    return pare_rows_avx2.sum_sizes(n, x);
}

static float product(int64_t n, const float *x)
{
    return pare_rows_avx2.product(n, x);
}

static float max(int64_t n, const float *x)
{
    return pare_rows_avx2.max(n, x);
}

static float min(int64_t n, const float *x)
{
    return pare_rows_avx2.min(n, x);
}

static int64_t arg(int64_t n, const float *x, bool smallest, bool last)
{
    return pare_rows_avx2.arg(n, x, smallest, last);
}

const pare_row_kernels pare_rows_avx512 = {
    .sum = sum,
    .sum_squares = sum_squares,
    .sum_sizes = sum_sizes,
    .product = product,
    .max = max,
    .min = min,
    .sum_exp = sum_exp,
    .arg = arg,
    .softmax = softmax,
    .log_softmax = log_softmax,
    .softmax_rows = softmax_rows,
    .layer_norm = layer_norm,
    .rms_norm = rms_norm,
};
