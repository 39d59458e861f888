/* The functions of math.h, eight at a time: the same operations in the same order as ref/math.c, so
 * that each lane has the reference's bits. Where that branches, both sides are computed. */
#ifndef KERNELS_X86_MATH_AVX2_H
#define KERNELS_X86_MATH_AVX2_H

#include "kernels/x86/vec_avx2.h"

#include <math.h>

static INLINE __m256 set(float x)
{
    return _mm256_set1_ps(x);
}

static INLINE __m256 absolute(__m256 x)
{
    return _mm256_andnot_ps(set(-0.0f), x);
}

static INLINE __m256 sign_of(__m256 x)
{
    return _mm256_and_ps(set(-0.0f), x);
}

/* Where x > 0, x < 0; false for NaN. */
static INLINE __m256 positive(__m256 x)
{
    return _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GT_OQ);
}

static INLINE __m256 negative(__m256 x)
{
    return _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_LT_OQ);
}

/* mask ? yes : no */
static INLINE __m256 choose(__m256 mask, __m256 yes, __m256 no)
{
    return _mm256_blendv_ps(no, yes, mask);
}

static INLINE __m256 nearest(__m256 x)
{
    return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* c[0] + c[1] x + ... + c[n - 1] x^(n - 1) */
static INLINE __m256 polynomial(const float *c, const int n, __m256 x)
{
    __m256 y = set(c[n - 1]);
#pragma GCC unroll 10
    for (int i = n - 2; i >= 0; i--) y = _mm256_fmadd_ps(y, x, set(c[i]));
    return y;
}

/* 2^n */
static INLINE __m256 power_of_two(__m256i n)
{
    const __m256i biased = _mm256_add_epi32(n, _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(biased, 23));
}

/* At the bounds the formula itself gives 0 and infinity; NaN passes through all of it. What is too
 * small for a number is 0 before it is scaled: results that vanish take processors a hundred times
 * as long, and masks of attention make many. */
static INLINE __m256 exp_of(__m256 x)
{
    static const float p[] = { 0x1p-1f, 0x1.55548ep-3f, 0x1.55545ep-5f, 0x1.123b72p-7f,
                               0x1.6db44ep-10f };
    const __m256 vanishes = _mm256_cmp_ps(x, set(-104), _CMP_LT_OQ);
    x = clamp(x, set(-105), set(89));
    const __m256 n = nearest(_mm256_mul_ps(x, set(0x1.715476p+0f)));
    const __m256 r =
        _mm256_fmadd_ps(n, set(0x1.05c610p-29f), _mm256_fmadd_ps(n, set(-0x1.62e430p-1f), x));
    const __m256 rest = _mm256_fmadd_ps(_mm256_mul_ps(r, r), polynomial(p, 5, r), r);
    const __m256 y = _mm256_add_ps(set(1), rest);
    const __m256i exponent = _mm256_cvtps_epi32(n);
    const __m256i half = _mm256_srai_epi32(
        _mm256_add_epi32(exponent, _mm256_srli_epi32(exponent, 31)), 1); /* towards zero */
    const __m256 scaled = _mm256_andnot_ps(vanishes, _mm256_mul_ps(y, power_of_two(half)));
    return _mm256_mul_ps(scaled, power_of_two(_mm256_sub_epi32(exponent, half)));
}

static INLINE __m256 log_of_parts(__m256 f, __m256 n)
{
    static const float p[] = { 0x1.555548p-2f,  -0x1.000006p-2f, 0x1.99a4b6p-3f,
                               -0x1.555c4ep-3f, 0x1.233766p-3f,  -0x1.fc220ep-4f,
                               0x1.e6f08cp-4f,  -0x1.de3bf8p-4f, 0x1.14573ep-4f };
    const __m256 square = _mm256_mul_ps(f, f);
    const __m256 rest = _mm256_fmadd_ps(_mm256_mul_ps(f, square), polynomial(p, 9, f),
                                        _mm256_mul_ps(n, set(-0x1.05c610p-29f)));
    const __m256 y = _mm256_add_ps(f, _mm256_fmadd_ps(set(-0.5f), square, rest));
    return _mm256_fmadd_ps(n, set(0x1.62e430p-1f), y);
}

static INLINE __m256 log_of(__m256 x)
{
    const __m256 is_tiny = _mm256_cmp_ps(x, set(0x1p-126f), _CMP_LT_OQ);
    const __m256i bits = _mm256_castps_si256(choose(is_tiny, _mm256_mul_ps(x, set(0x1p23f)), x));
    const __m256i above = _mm256_sub_epi32(bits, _mm256_set1_epi32(0x3f3504f3));
    const __m256i exponent = _mm256_srai_epi32(above, 23);
    const __m256 m = _mm256_castsi256_ps(_mm256_sub_epi32(bits, _mm256_slli_epi32(exponent, 23)));
    const __m256 n = _mm256_add_ps(_mm256_and_ps(is_tiny, set(-23)), _mm256_cvtepi32_ps(exponent));
    __m256 y = log_of_parts(_mm256_sub_ps(m, set(1)), n);
    y = choose(_mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_EQ_OQ), set(-INFINITY), y);
    y = choose(negative(x), set(NAN), y);
    return choose(_mm256_cmp_ps(x, set(INFINITY), _CMP_NLT_UQ), x, y);
}

/* Zeros get their sign like everything else. */
static INLINE __m256 tanh_of(__m256 x)
{
    static const float p[] = { -0x1.555554p-2f, 0x1.11106cp-3f,  -0x1.b9ef7cp-5f,
                               0x1.6394d8p-6f,  -0x1.0c213ep-7f, 0x1.197b62p-9f };
    const __m256 size = absolute(x);
    const __m256 square = _mm256_mul_ps(x, x);
    const __m256 near = _mm256_fmadd_ps(_mm256_mul_ps(x, square), polynomial(p, 6, square), x);
    const __m256 e = exp_of(_mm256_mul_ps(set(2), size));
    const __m256 far = _mm256_sub_ps(set(1), _mm256_div_ps(set(2), _mm256_add_ps(e, set(1))));
    const __m256 is_near = _mm256_cmp_ps(size, set(0.625f), _CMP_LE_OQ);
    return _mm256_or_ps(choose(is_near, near, far), sign_of(x));
}

static INLINE __m256 sigmoid_of(__m256 x)
{
    const __m256 e = exp_of(_mm256_or_ps(set(-0.0f), x)); /* of -|x| */
    const __m256 is_positive = _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GE_OQ);
    return _mm256_div_ps(choose(is_positive, set(1), e), _mm256_add_ps(set(1), e));
}

static INLINE __m256 softplus_of(__m256 x)
{
    const __m256 u = exp_of(_mm256_or_ps(set(-0.0f), x));
    const __m256 is_big = _mm256_cmp_ps(u, set(0x1.a8279ap-2f), _CMP_GT_OQ);
    const __m256 halved = _mm256_mul_ps(_mm256_sub_ps(u, set(1)), set(0.5f));
    const __m256 rest = log_of_parts(choose(is_big, halved, u), _mm256_and_ps(is_big, set(1)));
    return choose(positive(x), _mm256_add_ps(x, rest), rest);
}

static INLINE __m256 erf_of(__m256 x)
{
    static const float p[] = {
        0x1.06eba8p-3f, -0x1.812746p-2f,  0x1.ce2f0ap-4f,  -0x1.b829d8p-6f,
        0x1.562b1ap-8f, -0x1.bcd7dep-11f, 0x1.d8b88ep-14f, -0x1.44cfbep-17f
    };
    static const float q[] = { 0x1.6876b4p-14f,  -0x1.2104d0p+0f, -0x1.44fe6cp-1f,  -0x1.b2dc80p-4f,
                               0x1.7ad760p-6f,   -0x1.816e38p-9f, -0x1.f3626cp-15f, 0x1.b1b94cp-14f,
                               -0x1.2baefep-16f, 0x1.2a2c0ep-20f };
    const __m256 size = absolute(x);
    const __m256 near = _mm256_fmadd_ps(x, polynomial(p, 8, _mm256_mul_ps(x, x)), x);
    const __m256 capped = _mm256_min_ps(set(4), size); /* NaN stays */
    const __m256 far = _mm256_sub_ps(set(1), exp_of(polynomial(q, 10, capped)));
    const __m256 is_near = _mm256_cmp_ps(size, set(1), _CMP_LE_OQ);
    return choose(is_near, near, _mm256_or_ps(far, sign_of(x)));
}

#endif
