/* What the kernels for AVX2 share; for their files alone. */
#ifndef KERNELS_X86_VEC_AVX2_H
#define KERNELS_X86_VEC_AVX2_H

#include "kernels/finish.h"

#include <immintrin.h>

#define INLINE inline __attribute__((always_inline))

enum { LANES = 8 };

/* Lanes j < n. */
static INLINE __m256i lanes(int64_t n)
{
    const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n < LANES ? (int)n : LANES), index);
}

/* The first n elements (at most 8) of x, and zeros. */
static INLINE __m256 load_n(const float *x, int64_t n)
{
    return n >= LANES ? _mm256_loadu_ps(x) : _mm256_maskload_ps(x, lanes(n));
}

static INLINE void store_n(float *y, int64_t n, __m256 v)
{
    if (n >= LANES) _mm256_storeu_ps(y, v);
    else _mm256_maskstore_ps(y, lanes(n), v);
}

/* Rows of 8 elements to columns. */
static INLINE void transpose(__m256 *r)
{
    __m256 pairs[LANES], fours[LANES];
#pragma GCC unroll 4
    for (int i = 0; i < LANES; i += 2) {
        pairs[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
        pairs[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
#pragma GCC unroll 2
    for (int i = 0; i < LANES; i += 4)
#pragma GCC unroll 2
        for (int j = 0; j < 2; j++) {
            fours[i + 2 * j] = _mm256_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0x44);
            fours[i + 2 * j + 1] = _mm256_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0xee);
        }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        r[i] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x20);
        r[i + 4] = _mm256_permute2f128_ps(fours[i], fours[i + 4], 0x31);
    }
}

/* x < low ? low : x, then x > high ? high : x. Of two equal or unordered operands max and min give
 * the second. */
static INLINE __m256 clamp(__m256 x, __m256 low, __m256 high)
{
    return _mm256_min_ps(high, _mm256_max_ps(low, x));
}

/* Rounded to float16. */
static INLINE __m256 rounded(__m256 x)
{
    return _mm256_cvtph_ps(_mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT));
}

/* pare_finish_ref of columns [j, j + 8), of which n are there, in one row, whose `add` starts at
 * `add`. What lies behind the n columns is not read. */
static INLINE __m256 finish(const pare_finish *f, const float *add, int64_t j, int64_t n, __m256 z)
{
    if (f->rounds & PARE_ROUND_CHAIN) z = rounded(z);
    if (f->scale) z = _mm256_fmadd_ps(z, load_n(f->scale + j, n), load_n(f->shift + j, n));
    if (f->rounds & PARE_ROUND_AFFINE) z = rounded(z);
    if (add) z = _mm256_add_ps(z, load_n(add + j, n));
    if (f->rounds & PARE_ROUND_SUM) z = rounded(z);
    return clamp(z, _mm256_set1_ps(f->low), _mm256_set1_ps(f->high));
}

#endif
