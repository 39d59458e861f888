#include "kernels/math.h"
#include "kernels/x86/avx2.h"
#include "kernels/x86/math_avx2.h"

#include <math.h>
#include <stdbool.h>

/* Two vectors hold the 16 partials of kernels/sum.h. */
typedef struct partials {
    __m256 low, high;
} partials;

enum { N_PARTIALS = 2 * LANES };

/* What an element adds to its partial, and to each other in the tree. */
typedef __m256 fold_fn(__m256 p, __m256 x, __m256 shift);

/* The tree: p[j] joins p[j + 8], then p[j + 4], p[j + 2], p[j + 1]. */
static INLINE float tree(fold_fn *join, partials p)
{
    const __m256 none = _mm256_setzero_ps();
    __m256 x = join(p.low, p.high, none);
    x = join(x, _mm256_permute2f128_ps(x, x, 1), none);
    x = join(x, _mm256_permute_ps(x, 0xee), none);
    x = join(x, _mm256_permute_ps(x, 0x55), none);
    return _mm256_cvtss_f32(x);
}

/* Lanes that have no element keep their partials. */
static INLINE __m256 fold_n(fold_fn *fold, __m256 p, const float *x, int64_t n, __m256 shift)
{
    const __m256i mask = lanes(n);
    return choose(_mm256_castsi256_ps(mask), fold(p, _mm256_maskload_ps(x, mask), shift), p);
}

static INLINE partials gather(fold_fn *fold, int64_t n, const float *x, float start, float shift)
{
    const __m256 by = set(shift);
    partials p = { set(start), set(start) };
    int64_t i = 0;
    for (; i + N_PARTIALS <= n; i += N_PARTIALS) {
        p.low = fold(p.low, _mm256_loadu_ps(x + i), by);
        p.high = fold(p.high, _mm256_loadu_ps(x + i + LANES), by);
    }
    if (i == n) return p;
    p.low = fold_n(fold, p.low, x + i, n - i, by);
    if (i + LANES < n) p.high = fold_n(fold, p.high, x + i + LANES, n - i - LANES, by);
    return p;
}

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

static INLINE __m256 add_size(__m256 p, __m256 x, __m256 shift)
{
    (void)shift;
    return _mm256_add_ps(p, absolute(x));
}

static INLINE __m256 multiply(__m256 p, __m256 x, __m256 shift)
{
    (void)shift;
    return _mm256_mul_ps(p, x);
}

static INLINE __m256 add_exp(__m256 p, __m256 x, __m256 shift)
{
    return _mm256_add_ps(p, exp_of(_mm256_sub_ps(x, shift)));
}

/* Of equal or unordered ones the second, as in arithmetic.h but for NaN in the first. */
static INLINE __m256 larger(__m256 p, __m256 x, __m256 shift)
{
    (void)shift;
    return _mm256_max_ps(p, x);
}

static INLINE __m256 smaller(__m256 p, __m256 x, __m256 shift)
{
    (void)shift;
    return _mm256_min_ps(p, x);
}

static float sum(int64_t n, const float *x)
{
    return tree(add, gather(add, n, x, 0, 0));
}

static float sum_squares(int64_t n, const float *x, float shift)
{
    return tree(add, gather(add_square, n, x, 0, shift));
}

static float sum_sizes(int64_t n, const float *x)
{
    return tree(add, gather(add_size, n, x, 0, 0));
}

static float product(int64_t n, const float *x)
{
    return tree(multiply, gather(multiply, n, x, 1, 0));
}

static float sum_exp(int64_t n, const float *x, float shift)
{
    return tree(add, gather(add_exp, n, x, 0, shift));
}

/* --- extremes --------------------------------------------------------------------------------- */

static bool has_nan(int64_t n, const float *x)
{
    __m256 any = _mm256_setzero_ps();
    int64_t i = 0;
    for (; i + N_PARTIALS <= n; i += N_PARTIALS) /* unordered: either is NaN */
        any = _mm256_or_ps(any, _mm256_cmp_ps(_mm256_loadu_ps(x + i),
                                              _mm256_loadu_ps(x + i + LANES), _CMP_UNORD_Q));
    for (; i < n; i += LANES) {
        const __m256 v = load_n(x + i, n - i);
        any = _mm256_or_ps(any, _mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    }
    return _mm256_movemask_ps(any) != 0;
}

static float max(int64_t n, const float *x)
{
    const float found = tree(larger, gather(larger, n, x, -INFINITY, 0));
    return has_nan(n, x) ? NAN : found;
}

static float min(int64_t n, const float *x)
{
    const float found = tree(smaller, gather(smaller, n, x, INFINITY, 0));
    return has_nan(n, x) ? NAN : found;
}

/* A maximum that leaves NaN out: with the partial second, it stays. */
static INLINE __m256 larger_number(__m256 p, __m256 x, __m256 shift)
{
    (void)shift;
    return _mm256_max_ps(x, p);
}

static INLINE __m256 smaller_number(__m256 p, __m256 x, __m256 shift)
{
    (void)shift;
    return _mm256_min_ps(x, p);
}

/* Where x is NaN, or equals the number sought. */
static INLINE int matches(__m256 x, __m256 sought, const bool nan)
{
    const __m256 is_nan = _mm256_cmp_ps(x, x, _CMP_UNORD_Q);
    return _mm256_movemask_ps(nan ? is_nan : _mm256_cmp_ps(x, sought, _CMP_EQ_OQ));
}

static int64_t position(int64_t n, const float *x, float sought, bool nan, bool last)
{
    int64_t found = 0;
    for (int64_t i = 0; i < n; i += LANES) {
        const int there = n - i < LANES ? (1 << (n - i)) - 1 : 0xff;
        const __m256 v = load_n(x + i, n - i);
        const unsigned bits =
            (unsigned)((nan ? matches(v, v, true) : matches(v, set(sought), false)) & there);
        if (!bits) continue;
        if (!last) return i + __builtin_ctz(bits);
        found = i + 31 - __builtin_clz(bits);
    }
    return found;
}

static int64_t arg(int64_t n, const float *x, bool smallest, bool last)
{
    if (has_nan(n, x)) return position(n, x, 0, true, last);
    const float extreme = smallest ? tree(smaller_number, gather(smaller_number, n, x, INFINITY, 0))
                                   : tree(larger_number, gather(larger_number, n, x, -INFINITY, 0));
    return position(n, x, extreme, false, last);
}

/* --- softmax ---------------------------------------------------------------------------------- */

/* The sign of a zero may differ from the reference's; no difference to it does. */
static float largest_number(int64_t n, const float *x)
{
    return tree(larger_number, gather(larger_number, n, x, -INFINITY, 0));
}

/* e^(x[i] - high) of the first n of 8 elements to y; 0 in the other lanes. */
static INLINE __m256 exp_step(const float *x, float *y, int64_t n, __m256 high)
{
    const __m256 e = exp_of(_mm256_sub_ps(load_n(x, n), high));
    store_n(y, n, e);
    return n >= LANES ? e : _mm256_and_ps(e, _mm256_castsi256_ps(lanes(n)));
}

/* y[i] = e^(x[i] - high); returns their sum. */
static float exp_and_sum(int64_t n, const float *x, float high, float *y)
{
    const __m256 by = set(high);
    partials p = { _mm256_setzero_ps(), _mm256_setzero_ps() };
    int64_t i = 0;
    for (; i + N_PARTIALS <= n; i += N_PARTIALS) {
        p.low = _mm256_add_ps(p.low, exp_step(x + i, y + i, LANES, by));
        p.high = _mm256_add_ps(p.high, exp_step(x + i + LANES, y + i + LANES, LANES, by));
    }
    if (i < n) p.low = _mm256_add_ps(p.low, exp_step(x + i, y + i, n - i, by));
    i += LANES;
    if (i < n) p.high = _mm256_add_ps(p.high, exp_step(x + i, y + i, n - i, by));
    return tree(add, p);
}

static void softmax(int64_t n, const float *x, float *y)
{
    const __m256 total = set(exp_and_sum(n, x, largest_number(n, x), y));
    for (int64_t i = 0; i < n; i += LANES)
        store_n(y + i, n - i, _mm256_div_ps(load_n(y + i, n - i), total));
}

/* Eight rows at once, a lane for each, of at most N_PARTIALS elements: each is a partial sum. */
static void softmax_lanes(int64_t n, const float *x, int64_t x_step, float *y, int64_t y_step)
{
    const __m256i rows = _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
                                            _mm256_set1_epi32((int)x_step));
    __m256 e[N_PARTIALS], p[N_PARTIALS];
    __m256 high = set(-INFINITY);
    float row[LANES];
    for (int64_t i = 0; i < n; i++) {
        e[i] = _mm256_i32gather_ps(x + i, rows, sizeof(float));
        high = _mm256_max_ps(e[i], high); /* of NaN, the second */
    }
    for (int64_t i = 0; i < n; i++) p[i] = e[i] = exp_of(_mm256_sub_ps(e[i], high));
    int64_t n_left = n;
    for (int64_t half = N_PARTIALS / 2; half; half /= 2) {
        for (int64_t i = 0; i + half < n_left; i++) p[i] = _mm256_add_ps(p[i], p[i + half]);
        if (n_left > half) n_left = half;
    }
    for (int64_t i = 0; i < n; i++) {
        _mm256_storeu_ps(row, _mm256_div_ps(e[i], p[0]));
        for (int r = 0; r < LANES; r++) y[r * y_step + i] = row[r];
    }
}

static void softmax_rows(int64_t n_rows, int64_t n, const float *x, int64_t x_step, float *y,
                         int64_t y_step)
{
    const bool in_lanes = n > 0 && n <= N_PARTIALS && x_step < INT32_MAX / LANES &&
                          x_step > -INT32_MAX / LANES;
    int64_t r = 0;
    for (; in_lanes && r + LANES <= n_rows; r += LANES)
        softmax_lanes(n, x + r * x_step, x_step, y + r * y_step, y_step);
    for (; r < n_rows; r++) softmax(n, x + r * x_step, y + r * y_step);
}

static void log_softmax(int64_t n, const float *x, float *y)
{
    const float high = largest_number(n, x);
    const __m256 by = set(high);
    const __m256 log_sum = set(pare_log_f32_ref(sum_exp(n, x, high)));
    for (int64_t i = 0; i < n; i += LANES)
        store_n(y + i, n - i, _mm256_sub_ps(_mm256_sub_ps(load_n(x + i, n - i), by), log_sum));
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
    for (int64_t i = 0; i < n; i += LANES) {
        const int64_t rest = n - i;
        const __m256 centred = _mm256_sub_ps(load_n(x + i, rest), set(m));
        const __m256 t = _mm256_mul_ps(centred, set(v));
        const __m256 by = load_n(scale + i, rest);
        store_n(y + i, rest,
                bias ? _mm256_fmadd_ps(t, by, load_n(bias + i, rest)) : _mm256_mul_ps(t, by));
    }
    *mean = m;
    *inverse = v;
}

static void rms_norm(int64_t n, const float *x, const float *scale, double epsilon, float *y,
                     float *inverse)
{
    const float v = inverse_of(variance(n, x, 0), epsilon);
    for (int64_t i = 0; i < n; i += LANES) {
        const __m256 t = _mm256_mul_ps(load_n(x + i, n - i), set(v));
        store_n(y + i, n - i, _mm256_mul_ps(t, load_n(scale + i, n - i)));
    }
    *inverse = v;
}

const pare_row_kernels pare_rows_avx2 = {
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
