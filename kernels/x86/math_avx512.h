/* The functions of math.h, sixteen at a time: the same operations in the same order as ref/math.c,
 * so that each lane has the reference's bits. Where that branches, both sides are computed. */
#ifndef KERNELS_X86_MATH_AVX512_H
#define KERNELS_X86_MATH_AVX512_H

#include "kernels/x86/vec_avx512.h"

#include <math.h>

static INLINE __m512 set(float x)
{
    return _mm512_set1_ps(x);
}

static INLINE __m512 absolute(__m512 x)
{
    return _mm512_andnot_ps(set(-0.0f), x);
}

static INLINE __m512 sign_of(__m512 x)
{
    return _mm512_and_ps(set(-0.0f), x);
}

/* Where x > 0, x < 0; false for NaN. */
static INLINE __mmask16 positive(__m512 x)
{
    return _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GT_OQ);
}

static INLINE __mmask16 negative(__m512 x)
{
    return _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ);
}

/* mask ? yes : no */
static INLINE __m512 choose(__mmask16 mask, __m512 yes, __m512 no)
{
    return _mm512_mask_blend_ps(mask, no, yes);
}

/* x < low ? low : x, then x > high ? high : x; NaN stays. */
static INLINE __m512 clamp(__m512 x, __m512 low, __m512 high)
{
    return _mm512_min_ps(high, _mm512_max_ps(low, x));
}

static INLINE __m512 nearest(__m512 x)
{
    return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* c[0] + c[1] x + ... + c[n - 1] x^(n - 1) */
static INLINE __m512 polynomial(const float *c, const int n, __m512 x)
{
    __m512 y = set(c[n - 1]);
#pragma GCC unroll 10
    for (int i = n - 2; i >= 0; i--) y = _mm512_fmadd_ps(y, x, set(c[i]));
    return y;
}

/* 2^n */
static INLINE __m512 power_of_two(__m512i n)
{
    const __m512i biased = _mm512_add_epi32(n, _mm512_set1_epi32(127));
    return _mm512_castsi512_ps(_mm512_slli_epi32(biased, 23));
}

/* At the bounds the formula itself gives 0 and infinity; NaN passes through all of it. What is too
 * small for a number is 0 before it is scaled: results that vanish take processors a hundred times
 * as long, and masks of attention make many. */
static INLINE __m512 exp_of(__m512 x)
{
    static const float p[] = { 0x1p-1f, 0x1.55548ep-3f, 0x1.55545ep-5f, 0x1.123b72p-7f,
                               0x1.6db44ep-10f };
    const __mmask16 vanishes = _mm512_cmp_ps_mask(x, set(-104), _CMP_LT_OQ);
    x = clamp(x, set(-105), set(89));
    const __m512 n = nearest(_mm512_mul_ps(x, set(0x1.715476p+0f)));
    const __m512 r =
        _mm512_fmadd_ps(n, set(0x1.05c610p-29f), _mm512_fmadd_ps(n, set(-0x1.62e430p-1f), x));
    const __m512 rest = _mm512_fmadd_ps(_mm512_mul_ps(r, r), polynomial(p, 5, r), r);
    const __m512 y = _mm512_add_ps(set(1), rest);
    const __m512i exponent = _mm512_cvtps_epi32(n);
    const __m512i half = _mm512_srai_epi32(
        _mm512_add_epi32(exponent, _mm512_srli_epi32(exponent, 31)), 1); /* towards zero */
    const __m512 scaled = _mm512_maskz_mul_ps((__mmask16)~vanishes, y, power_of_two(half));
    return _mm512_mul_ps(scaled, power_of_two(_mm512_sub_epi32(exponent, half)));
}

static INLINE __m512 log_of_parts(__m512 f, __m512 n)
{
    static const float p[] = { 0x1.555548p-2f,  -0x1.000006p-2f, 0x1.99a4b6p-3f,
                               -0x1.555c4ep-3f, 0x1.233766p-3f,  -0x1.fc220ep-4f,
                               0x1.e6f08cp-4f,  -0x1.de3bf8p-4f, 0x1.14573ep-4f };
    const __m512 square = _mm512_mul_ps(f, f);
    const __m512 rest = _mm512_fmadd_ps(_mm512_mul_ps(f, square), polynomial(p, 9, f),
                                        _mm512_mul_ps(n, set(-0x1.05c610p-29f)));
    const __m512 y = _mm512_add_ps(f, _mm512_fmadd_ps(set(-0.5f), square, rest));
    return _mm512_fmadd_ps(n, set(0x1.62e430p-1f), y);
}

static INLINE __m512 log_of(__m512 x)
{
    const __mmask16 is_tiny = _mm512_cmp_ps_mask(x, set(0x1p-126f), _CMP_LT_OQ);
    const __m512i bits = _mm512_castps_si512(choose(is_tiny, _mm512_mul_ps(x, set(0x1p23f)), x));
    const __m512i above = _mm512_sub_epi32(bits, _mm512_set1_epi32(0x3f3504f3));
    const __m512i exponent = _mm512_srai_epi32(above, 23);
    const __m512 m = _mm512_castsi512_ps(_mm512_sub_epi32(bits, _mm512_slli_epi32(exponent, 23)));
    const __m512 n = _mm512_add_ps(_mm512_maskz_mov_ps(is_tiny, set(-23)),
                                   _mm512_cvtepi32_ps(exponent));
    __m512 y = log_of_parts(_mm512_sub_ps(m, set(1)), n);
    y = choose(_mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_EQ_OQ), set(-INFINITY), y);
    y = choose(negative(x), set(NAN), y);
    return choose(_mm512_cmp_ps_mask(x, set(INFINITY), _CMP_NLT_UQ), x, y);
}

/* Zeros get their sign like everything else. */
static INLINE __m512 tanh_of(__m512 x)
{
    static const float p[] = { -0x1.555554p-2f, 0x1.11106cp-3f,  -0x1.b9ef7cp-5f,
                               0x1.6394d8p-6f,  -0x1.0c213ep-7f, 0x1.197b62p-9f };
    const __m512 size = absolute(x);
    const __m512 square = _mm512_mul_ps(x, x);
    const __m512 near = _mm512_fmadd_ps(_mm512_mul_ps(x, square), polynomial(p, 6, square), x);
    const __m512 e = exp_of(_mm512_mul_ps(set(2), size));
    const __m512 far = _mm512_sub_ps(set(1), _mm512_div_ps(set(2), _mm512_add_ps(e, set(1))));
    const __mmask16 is_near = _mm512_cmp_ps_mask(size, set(0.625f), _CMP_LE_OQ);
    return _mm512_or_ps(choose(is_near, near, far), sign_of(x));
}

static INLINE __m512 sigmoid_of(__m512 x)
{
    const __m512 e = exp_of(_mm512_or_ps(set(-0.0f), x)); /* of -|x| */
    const __mmask16 is_positive = _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GE_OQ);
    return _mm512_div_ps(choose(is_positive, set(1), e), _mm512_add_ps(set(1), e));
}

static INLINE __m512 softplus_of(__m512 x)
{
    const __m512 u = exp_of(_mm512_or_ps(set(-0.0f), x));
    const __mmask16 is_big = _mm512_cmp_ps_mask(u, set(0x1.a8279ap-2f), _CMP_GT_OQ);
    const __m512 halved = _mm512_mul_ps(_mm512_sub_ps(u, set(1)), set(0.5f));
    const __m512 rest = log_of_parts(choose(is_big, halved, u),
                                     _mm512_maskz_mov_ps(is_big, set(1)));
    return choose(positive(x), _mm512_add_ps(x, rest), rest);
}

static INLINE __m512 erf_of(__m512 x)
{
    static const float p[] = {
        0x1.06eba8p-3f, -0x1.812746p-2f,  0x1.ce2f0ap-4f,  -0x1.b829d8p-6f,
        0x1.562b1ap-8f, -0x1.bcd7dep-11f, 0x1.d8b88ep-14f, -0x1.44cfbep-17f
    };
    static const float q[] = { 0x1.6876b4p-14f,  -0x1.2104d0p+0f, -0x1.44fe6cp-1f,  -0x1.b2dc80p-4f,
                               0x1.7ad760p-6f,   -0x1.816e38p-9f, -0x1.f3626cp-15f, 0x1.b1b94cp-14f,
                               -0x1.2baefep-16f, 0x1.2a2c0ep-20f };
    const __m512 size = absolute(x);
    const __m512 near = _mm512_fmadd_ps(x, polynomial(p, 8, _mm512_mul_ps(x, x)), x);
    const __m512 capped = _mm512_min_ps(set(4), size); /* NaN stays */
    const __m512 far = _mm512_sub_ps(set(1), exp_of(polynomial(q, 10, capped)));
    const __mmask16 is_near = _mm512_cmp_ps_mask(size, set(1), _CMP_LE_OQ);
    return choose(is_near, near, _mm512_or_ps(far, sign_of(x)));
}

#endif
