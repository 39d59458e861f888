/* What the integer kernels of 512 bits share; for their files alone. */
#ifndef KERNELS_X86_INTEGER_AVX512_H
#define KERNELS_X86_INTEGER_AVX512_H

#include "kernels/integers.h"

#include <immintrin.h>
#include <string.h>

#define INLINE inline __attribute__((always_inline))

/* sum + four products of uint8 u and int8 s each. GCC moves accumulators about when it is told by
 * the intrinsic. */
static INLINE __m512i dot(__m512i sum, __m512i u, __m512i s)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(u), "v"(s));
    return sum;
}

/* The first n of 16 lanes. */
static INLINE __mmask16 first_16(int64_t n)
{
    return (__mmask16)(n >= 16 ? 0xffffu : n > 0 ? (1u << n) - 1 : 0);
}

/* z of pare_integer_finish_ref for the columns of the mask from j on, before it is rounded. */
static INLINE __m512 scaled(const pare_integer_finish *f, int64_t j, __mmask16 some, __m512i sum)
{
    __m512 z = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), _mm512_maskz_loadu_ps(some, f->scale + j));
    if (f->shift) z = _mm512_add_ps(z, _mm512_maskz_loadu_ps(some, f->shift + j));
    z = _mm512_max_ps(_mm512_set1_ps(f->low), z);
    return _mm512_min_ps(_mm512_set1_ps(f->high), z);
}

/* The codes of sums of these columns, less the zero point; is_free as f says. */
static INLINE __m512i rounded(const pare_integer_finish *f, int64_t j, __mmask16 some, __m512 scale,
                              __m512i sum, const bool is_free)
{
    __m512 z = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), scale);
    if (f->shift) z = _mm512_add_ps(z, _mm512_maskz_loadu_ps(some, f->shift + j));
    if (!is_free)
        z = _mm512_min_ps(_mm512_set1_ps(f->high), _mm512_max_ps(_mm512_set1_ps(f->low), z));
    return _mm512_cvtps_epi32(z);
}

/* What sums of the columns of the mask from j on become, at y: floats, or the sums. */
static INLINE void store_words(const pare_integer_finish *f, int64_t j, __mmask16 some, __m512i sum,
                               int32_t *y)
{
    if (f->out == PARE_INTEGER_F32) sum = _mm512_castps_si512(scaled(f, j, some, sum));
    _mm512_mask_storeu_epi32(y, some, sum);
}

#endif
