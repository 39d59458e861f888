#include "kernels/math.h"
#include "kernels/x86/avx2.h"
#include "kernels/x86/math64_avx2.h"

#include <string.h>

typedef __m256 vector2_fn(__m256 a, __m256 b);

/* n elements at x, or one that goes with all. */
static INLINE __m256 take(const float *x, int64_t i, int64_t step, int64_t n)
{
    return step ? load_n(x + i, n) : set(*x);
}

static INLINE void with_steps(vector2_fn *fn, int64_t n, const float *a, const int64_t a_step,
                              const float *b, const int64_t b_step, float *y)
{
    const int64_t whole = n - n % LANES;
    int64_t i = 0;
    for (; i < whole; i += LANES)
        _mm256_storeu_ps(y + i, fn(take(a, i, a_step, LANES), take(b, i, b_step, LANES)));
    if (i < n) store_n(y + i, n - i, fn(take(a, i, a_step, n - i), take(b, i, b_step, n - i)));
}

static INLINE void each(vector2_fn *fn, int64_t n, const float *a, int64_t a_step, const float *b,
                        int64_t b_step, float *y)
{
    if (a_step && b_step) with_steps(fn, n, a, 1, b, 1, y);
    else if (a_step) with_steps(fn, n, a, 1, b, 0, y);
    else if (b_step) with_steps(fn, n, a, 0, b, 1, y);
    else with_steps(fn, n, a, 0, b, 0, y);
}

static INLINE __m256 v_add(__m256 a, __m256 b)
{
    return _mm256_add_ps(a, b);
}

static INLINE __m256 v_div(__m256 a, __m256 b)
{
    return _mm256_div_ps(a, b);
}

/* Of equal or unordered ones max and min give the second, as the reference does but for NaN first.
 */
static INLINE __m256 v_max(__m256 a, __m256 b)
{
    return choose(_mm256_cmp_ps(a, a, _CMP_UNORD_Q), a, _mm256_max_ps(a, b));
}

static INLINE __m256 v_min(__m256 a, __m256 b)
{
    return choose(_mm256_cmp_ps(a, a, _CMP_UNORD_Q), a, _mm256_min_ps(a, b));
}

static INLINE __m256 v_mul(__m256 a, __m256 b)
{
    return _mm256_mul_ps(a, b);
}

/* Where x is neither infinite nor NaN. */
static INLINE __m256 is_finite(__m256 x)
{
    return _mm256_cmp_ps(absolute(x), set(INFINITY), _CMP_LT_OQ);
}

/* Where y is an odd integer: its last bit, as long as floats have one. */
static INLINE __m256 is_odd(__m256 y, __m256 is_integer)
{
    const __m256 has_odd = _mm256_cmp_ps(absolute(y), set(0x1p24f), _CMP_LT_OQ);
    const __m256 last = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtps_epi32(y), 31));
    return _mm256_and_ps(_mm256_and_ps(has_odd, is_integer), last); /* in the sign */
}

/* Finite a and b. */
static INLINE __m256 finite_power(__m256 a, __m256 b)
{
    const __m256 size = absolute(a);
    const __m128 low = power_of_size(_mm256_castps256_ps128(size), _mm256_castps256_ps128(b));
    const __m128 high = power_of_size(_mm256_extractf128_ps(size, 1), _mm256_extractf128_ps(b, 1));
    const __m256 zero = _mm256_setzero_ps();
    const __m256 is_integer = _mm256_cmp_ps(nearest(b), b, _CMP_EQ_OQ);
    const __m256 of_zero = choose(positive(b), zero, set(INFINITY));
    __m256 y = _mm256_set_m128(high, low);
    y = choose(_mm256_cmp_ps(a, zero, _CMP_EQ_OQ), of_zero, y);
    y = choose(_mm256_andnot_ps(is_integer, negative(a)), set(NAN), y);
    y = _mm256_xor_ps(y, _mm256_and_ps(is_odd(b, is_integer), sign_of(a)));
    y = choose(_mm256_cmp_ps(b, set(2), _CMP_EQ_OQ), _mm256_mul_ps(a, a), y);
    return choose(_mm256_cmp_ps(b, zero, _CMP_EQ_OQ), set(1), y);
}

static __m256 v_pow(__m256 a, __m256 b)
{
    float as[LANES], bs[LANES], ys[LANES];
    const __m256 y = finite_power(a, b);
    const int rare = ~_mm256_movemask_ps(_mm256_and_ps(is_finite(a), is_finite(b))) & 0xff;
    if (!rare) return y;
    _mm256_storeu_ps(as, a);
    _mm256_storeu_ps(bs, b);
    _mm256_storeu_ps(ys, y);
    for (int j = 0; j < LANES; j++)
        if (rare >> j & 1) ys[j] = pare_pow_f32_ref(as[j], bs[j]);
    return _mm256_loadu_ps(ys);
}

static INLINE __m256 v_prelu(__m256 a, __m256 b)
{
    return choose(negative(a), _mm256_mul_ps(a, b), a);
}

static INLINE __m256 v_sub(__m256 a, __m256 b)
{
    return _mm256_sub_ps(a, b);
}

#define MAP2(name)                                                                     \
    static void map2_##name(int64_t n, const float *a, int64_t a_step, const float *b, \
                            int64_t b_step, float *y)                                  \
    {                                                                                  \
        each(v_##name, n, a, a_step, b, b_step, y);                                    \
    }
MAP2(add)
MAP2(div)
MAP2(max)
MAP2(min)
MAP2(mul)
MAP2(prelu)
MAP2(sub)

static void map2_pow(int64_t n, const float *a, int64_t a_step, const float *b, int64_t b_step,
                     float *y)
{
    if (n && !b_step && *b == 2) map2_mul(n, a, a_step, a, a_step, y);
    else each(v_pow, n, a, a_step, b, b_step, y);
}

pare_map2_fn *const pare_maps2_avx2[PARE_N_MAPS2] = {
    [PARE_MAP2_ADD] = map2_add, [PARE_MAP2_DIV] = map2_div, [PARE_MAP2_FMOD] = pare_map2_fmod_ref,
    [PARE_MAP2_MAX] = map2_max, [PARE_MAP2_MIN] = map2_min, [PARE_MAP2_MOD] = pare_map2_mod_ref,
    [PARE_MAP2_MUL] = map2_mul, [PARE_MAP2_POW] = map2_pow, [PARE_MAP2_PRELU] = map2_prelu,
    [PARE_MAP2_SUB] = map2_sub,
};

/* --- comparisons, choices --------------------------------------------------------------------- */

/* Eight masks to eight bytes of 0 or 1, of which the first n are stored. */
static INLINE void store_truth(uint8_t *y, int64_t n, __m256 mask)
{
    const __m256i bits = _mm256_castps_si256(mask);
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(bits), _mm256_extracti128_si256(bits, 1));
    const __m128i bytes = _mm_and_si128(_mm_packs_epi16(words, words), _mm_set1_epi8(1));
    if (n >= LANES) {
        _mm_storel_epi64((__m128i *)(void *)y, bytes);
    } else {
        const uint64_t all = (uint64_t)_mm_cvtsi128_si64(bytes);
        memcpy(y, &all, (size_t)n);
    }
}

static INLINE void compare(const int how, int64_t n, const float *a, int64_t a_step, const float *b,
                           int64_t b_step, uint8_t *y)
{
    for (int64_t i = 0; i < n; i += LANES) {
        const __m256 va = take(a, i, a_step, n - i);
        const __m256 vb = take(b, i, b_step, n - i);
        store_truth(y + i, n - i,
                    how == PARE_COMPARE_EQUAL  ? _mm256_cmp_ps(va, vb, _CMP_EQ_OQ)
                    : how == PARE_COMPARE_LESS ? _mm256_cmp_ps(va, vb, _CMP_LT_OQ)
                                               : _mm256_cmp_ps(va, vb, _CMP_LE_OQ));
    }
}

static void equal(int64_t n, const float *a, int64_t a_step, const float *b, int64_t b_step,
                  uint8_t *y)
{
    compare(PARE_COMPARE_EQUAL, n, a, a_step, b, b_step, y);
}

static void less(int64_t n, const float *a, int64_t a_step, const float *b, int64_t b_step,
                 uint8_t *y)
{
    compare(PARE_COMPARE_LESS, n, a, a_step, b, b_step, y);
}

static void less_equal(int64_t n, const float *a, int64_t a_step, const float *b, int64_t b_step,
                       uint8_t *y)
{
    compare(PARE_COMPARE_LESS_EQUAL, n, a, a_step, b, b_step, y);
}

pare_compare_fn *const pare_compares_avx2[PARE_N_COMPARES] = {
    [PARE_COMPARE_EQUAL] = equal,
    [PARE_COMPARE_LESS] = less,
    [PARE_COMPARE_LESS_EQUAL] = less_equal,
};

void pare_affine_avx2(int64_t n, const float *x, const float *scale, const float *shift,
                      int64_t step, float *y)
{
    for (int64_t i = 0; i < n; i += LANES) {
        const __m256 by = take(scale, i, step, n - i);
        const __m256 plus = take(shift, i, step, n - i);
        store_n(y + i, n - i, _mm256_fmadd_ps(load_n(x + i, n - i), by, plus));
    }
}

/* The first n of 8 bytes at x, zeros behind. */
static INLINE __m128i load_bytes(const uint8_t *x, int64_t n)
{
    uint64_t all = 0;
    if (n >= LANES) return _mm_loadl_epi64((const __m128i *)(const void *)x);
    memcpy(&all, x, (size_t)n);
    return _mm_cvtsi64_si128((int64_t)all);
}

void pare_select_avx2(int64_t n, const uint8_t *which, int64_t which_step, const float *a,
                      int64_t a_step, const float *b, int64_t b_step, float *y)
{
    for (int64_t i = 0; i < n; i += LANES) {
        const __m128i bytes =
            which_step ? load_bytes(which + i, n - i) : _mm_set1_epi8((char)*which);
        const __m256i is_b =
            _mm256_cmpeq_epi32(_mm256_cvtepu8_epi32(bytes), _mm256_setzero_si256());
        const __m256 va = take(a, i, a_step, n - i);
        const __m256 vb = take(b, i, b_step, n - i);
        store_n(y + i, n - i, choose(_mm256_castsi256_ps(is_b), vb, va));
    }
}
