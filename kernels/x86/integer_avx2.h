/* What the integer kernels of 256 bits share; for their files alone. */
#ifndef KERNELS_X86_INTEGER_AVX2_H
#define KERNELS_X86_INTEGER_AVX2_H

#include "kernels/integers.h"
#include "kernels/x86/vec_avx2.h"

#include <string.h>

/* pare_integer_finish_ref of columns [j, j + 8), of which n are there, stored at y + at. */
static INLINE void finish_8(const pare_integer_finish *f, int64_t j, int64_t n, __m256i sum,
                            void *y, int64_t at)
{
    if (f->out == PARE_INTEGER_S32) {
        store_n((float *)y + at, n, _mm256_castsi256_ps(sum));
        return;
    }
    __m256 z = _mm256_mul_ps(_mm256_cvtepi32_ps(sum), load_n(f->scale + j, n));
    if (f->shift) z = _mm256_add_ps(z, load_n(f->shift + j, n));
    z = clamp(z, _mm256_set1_ps(f->low), _mm256_set1_ps(f->high));
    if (f->out == PARE_INTEGER_F32) {
        store_n((float *)y + at, n, z);
        return;
    }
    const __m256i code = _mm256_add_epi32(_mm256_cvtps_epi32(z), _mm256_set1_epi32(f->zero));
    __m128i v = _mm_packs_epi32(_mm256_castsi256_si128(code), _mm256_extracti128_si256(code, 1));
    v = f->out == PARE_INTEGER_U8 ? _mm_packus_epi16(v, v) : _mm_packs_epi16(v, v);
    uint8_t *to = (uint8_t *)y + at;
    if (n >= LANES) _mm_storel_epi64((__m128i *)(void *)to, v);
    else memcpy(to, &v, n > 0 ? (size_t)n : 0);
}

/* Four bytes, or the n that are there before zeros. */
static INLINE int32_t quad_at(const uint8_t *x)
{
    int32_t quad;
    memcpy(&quad, x, sizeof(quad));
    return quad;
}

static INLINE int32_t part_at(const uint8_t *x, int64_t n)
{
    int32_t quad = x[0];
    if (n > 1) quad |= x[1] << 8;
    if (n > 2) quad |= x[2] << 16;
    return quad;
}

/* Where sums of columns [j, j + 8) of a row start. */
static INLINE __m256i start_8(const pare_integer_tile *t, int row, int64_t j)
{
    const __m256i start = _mm256_loadu_si256((const __m256i *)(const void *)(t->start + j));
    if (!t->w_zero) return start;
    const __m256i zero = _mm256_loadu_si256((const __m256i *)(const void *)(t->w_zero + j));
    return _mm256_sub_epi32(start,
                            _mm256_mullo_epi32(zero, _mm256_set1_epi32(t->row_sums[row])));
}

#endif
