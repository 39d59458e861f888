/* The functions of ref/math.c that go through double, four at a time: the same operations in the
 * same order, none of them fused. What is rare is left to the reference. */
#ifndef KERNELS_X86_MATH64_AVX2_H
#define KERNELS_X86_MATH64_AVX2_H

#include "kernels/x86/math_avx2.h"

static INLINE __m256d set_f64(double x)
{
    return _mm256_set1_pd(x);
}

/* y * x + c, rounded twice. */
static INLINE __m256d step_f64(__m256d y, __m256d x, double c)
{
    return _mm256_add_pd(_mm256_mul_pd(y, x), set_f64(c));
}

static INLINE __m256d polynomial_f64(const double *c, const int n, __m256d x)
{
    __m256d y = set_f64(c[n - 1]);
#pragma GCC unroll 16
    for (int i = n - 2; i >= 0; i--) y = step_f64(y, x, c[i]);
    return y;
}

static INLINE __m256d nearest_f64(__m256d x)
{
    return _mm256_round_pd(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* 2^n, as bits of the exponent added to those of y. */
static INLINE __m256i exponents(__m128i n)
{
    return _mm256_slli_epi64(_mm256_cvtepi32_epi64(n), 52);
}

/* x is at most 700 in size. */
static INLINE __m256d exp_f64(__m256d x)
{
    static const double series[] = { 1,
                                     1,
                                     1.0 / 2,
                                     1.0 / 6,
                                     1.0 / 24,
                                     1.0 / 120,
                                     1.0 / 720,
                                     1.0 / 5040,
                                     1.0 / 40320,
                                     1.0 / 362880,
                                     1.0 / 3628800,
                                     1.0 / 39916800,
                                     1.0 / 479001600,
                                     1.0 / 6227020800.0 };
    const __m256d n = nearest_f64(_mm256_mul_pd(x, set_f64(0x1.71547652b82fep+0)));
    __m256d r = _mm256_sub_pd(x, _mm256_mul_pd(n, set_f64(0x1.62e42feep-1)));
    r = _mm256_sub_pd(r, _mm256_mul_pd(n, set_f64(0x1.a39ef35793c76p-33)));
    const __m128i biased = _mm_add_epi32(_mm256_cvtpd_epi32(n), _mm_set1_epi32(1023));
    return _mm256_mul_pd(polynomial_f64(series, 14, r), _mm256_castsi256_pd(exponents(biased)));
}

/* x > 0, finite and normal */
static INLINE __m256d log_f64(__m256d x)
{
    static const double c[] = { 1,        1.0 / 3,  1.0 / 5,  1.0 / 7,  1.0 / 9, 1.0 / 11,
                                1.0 / 13, 1.0 / 15, 1.0 / 17, 1.0 / 19, 1.0 / 21 };
    const __m256i bits = _mm256_castpd_si256(x);
    const __m256i above = _mm256_sub_epi64(bits, _mm256_set1_epi64x(0x3fe6a09e667f3bcd));
    /* The upper halves have all of the exponent. */
    const __m256i upper =
        _mm256_permutevar8x32_epi32(above, _mm256_setr_epi32(1, 3, 5, 7, 1, 3, 5, 7));
    const __m128i n = _mm_srai_epi32(_mm256_castsi256_si128(upper), 20);
    const __m256d m = _mm256_castsi256_pd(_mm256_sub_epi64(bits, exponents(n)));
    const __m256d s = _mm256_div_pd(_mm256_sub_pd(m, set_f64(1)), _mm256_add_pd(m, set_f64(1)));
    const __m256d series = polynomial_f64(c, 11, _mm256_mul_pd(s, s));
    const __m256d y = _mm256_mul_pd(_mm256_mul_pd(set_f64(2), s), series);
    const __m256d wide = _mm256_cvtepi32_pd(n);
    const __m256d low = _mm256_add_pd(y, _mm256_mul_pd(wide, set_f64(0x1.a39ef35793c76p-33)));
    return _mm256_add_pd(_mm256_mul_pd(wide, set_f64(0x1.62e42feep-1)), low);
}

/* |x|^y. Bounded where the float is 0 or infinite for long. */
static INLINE __m128 power_of_size(__m128 size, __m128 y)
{
    __m256d exponent = _mm256_mul_pd(_mm256_cvtps_pd(y), log_f64(_mm256_cvtps_pd(size)));
    exponent = _mm256_min_pd(_mm256_max_pd(exponent, set_f64(-600)), set_f64(600));
    return _mm256_cvtpd_ps(exp_f64(exponent));
}

/* The sine of |x| + quadrants * pi / 2, for |x| < 2^26. */
static INLINE __m128 sine_of_size(__m128 size, int quadrants)
{
    static const double sine[] = { 1,
                                   -1.0 / 6,
                                   1.0 / 120,
                                   -1.0 / 5040,
                                   1.0 / 362880,
                                   -1.0 / 39916800,
                                   1.0 / 6227020800.0,
                                   -1.0 / 1307674368000.0 };
    static const double cosine[] = { 1,
                                     -1.0 / 2,
                                     1.0 / 24,
                                     -1.0 / 720,
                                     1.0 / 40320,
                                     -1.0 / 3628800,
                                     1.0 / 479001600,
                                     -1.0 / 87178291200.0,
                                     1.0 / 20922789888000.0 };
    const __m256d x = _mm256_cvtps_pd(size);
    const __m256d n = nearest_f64(_mm256_mul_pd(x, set_f64(0x1.45f306dc9c883p-1)));
    __m256d r = _mm256_sub_pd(x, _mm256_mul_pd(n, set_f64(0x1.921fb54p+0)));
    r = _mm256_sub_pd(r, _mm256_mul_pd(n, set_f64(0x1.10b461p-30)));
    r = _mm256_sub_pd(r, _mm256_mul_pd(n, set_f64(0x1.a62633p-58)));
    const __m256d square = _mm256_mul_pd(r, r);
    const __m256d odd = _mm256_mul_pd(r, polynomial_f64(sine, 8, square));
    const __m256d even = polynomial_f64(cosine, 9, square);
    const __m128i turns = _mm_add_epi32(_mm256_cvtpd_epi32(n), _mm_set1_epi32(quadrants));
    /* Bit 0 of a quadrant asks for the cosine, bit 1 for the other sign. */
    const __m256i wide = _mm256_cvtepi32_epi64(turns);
    const __m256d is_even = _mm256_castsi256_pd(_mm256_slli_epi64(wide, 63));
    const __m256i sign = _mm256_slli_epi64(_mm256_srli_epi64(wide, 1), 63);
    const __m256d y = _mm256_blendv_pd(odd, even, is_even);
    return _mm256_cvtpd_ps(_mm256_xor_pd(y, _mm256_castsi256_pd(sign)));
}

#endif
