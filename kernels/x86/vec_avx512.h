/* What the kernels for AVX-512 share; for their files alone. */
#ifndef KERNELS_X86_VEC_AVX512_H
#define KERNELS_X86_VEC_AVX512_H

#include "kernels/finish.h"

#include <immintrin.h>
#include <stdbool.h>
#include <stddef.h>

#define INLINE inline __attribute__((always_inline))

enum { WIDE = 16 };

/* Lanes j < n. */
static INLINE __mmask16 wide_lanes(int64_t n)
{
    return (__mmask16)(n >= WIDE ? 0xffffu : (1u << n) - 1);
}

/* Rounded to float16. */
static INLINE __m512 wide_rounded(__m512 x)
{
    return _mm512_cvtph_ps(_mm512_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
}

/* x < low ? low : x, then x > high ? high : x. Of two equal or unordered operands max and min give
 * the second. */
static INLINE __m512 wide_bounds(const pare_finish *f, __m512 x)
{
    return _mm512_min_ps(_mm512_set1_ps(f->high), _mm512_max_ps(_mm512_set1_ps(f->low), x));
}

/* pare_finish_ref of the columns of the mask from j on, in one row, whose `add` starts at `add`. */
static INLINE __m512 wide_finish(const pare_finish *f, const float *add, int64_t j, __mmask16 some,
                                 __m512 z)
{
    if (f->rounds & PARE_ROUND_CHAIN) z = wide_rounded(z);
    if (f->scale)
        z = _mm512_fmadd_ps(z, _mm512_maskz_loadu_ps(some, f->scale + j),
                            _mm512_maskz_loadu_ps(some, f->shift + j));
    if (f->rounds & PARE_ROUND_AFFINE) z = wide_rounded(z);
    if (add) z = _mm512_add_ps(z, _mm512_maskz_loadu_ps(some, add + j));
    if (f->rounds & PARE_ROUND_SUM) z = wide_rounded(z);
    return wide_bounds(f, z);
}

#endif
