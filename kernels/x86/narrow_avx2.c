#include "kernels/x86/avx2.h"
#include "kernels/x86/math_avx2.h"

#include <stdbool.h>
#include <string.h>

/* The first n of 8 numbers of 16 or of 8 bits, and zeros; and back. */
static INLINE __m128i load_16(const void *x, int64_t n)
{
    __m128i v = _mm_setzero_si128();
    if (n >= LANES) return _mm_loadu_si128(x);
    memcpy(&v, x, (size_t)n * 2);
    return v;
}

static INLINE void store_16(void *y, int64_t n, __m128i v)
{
    if (n >= LANES) _mm_storeu_si128(y, v);
    else memcpy(y, &v, (size_t)n * 2);
}

static INLINE __m128i load_8(const void *x, int64_t n)
{
    __m128i v = _mm_setzero_si128();
    if (n >= LANES) return _mm_loadl_epi64(x);
    memcpy(&v, x, (size_t)n);
    return v;
}

static INLINE void store_8(void *y, int64_t n, __m128i v)
{
    if (n >= LANES) _mm_storel_epi64(y, v);
    else memcpy(y, &v, (size_t)n);
}

/* --- halves ----------------------------------------------------------------------------------- */

static void to_f16(int64_t n, const float *x, uint16_t *y)
{
    for (int64_t i = 0; i < n; i += LANES)
        store_16(y + i, n - i, _mm256_cvtps_ph(load_n(x + i, n - i), _MM_FROUND_TO_NEAREST_INT));
}

static void from_f16(int64_t n, const uint16_t *x, float *y)
{
    for (int64_t i = 0; i < n; i += LANES)
        store_n(y + i, n - i, _mm256_cvtph_ps(load_16(x + i, n - i)));
}

/* Half of what is cut off is added, less one where the rest is even; a carry may reach infinity. */
static INLINE __m128i bf16_of(__m256 x)
{
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i half = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff));
    const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    const __m256 is_nan = _mm256_cmp_ps(x, x, _CMP_UNORD_Q);
    const __m256i rounded =
        _mm256_blendv_epi8(_mm256_add_epi32(bits, half), quiet, _mm256_castps_si256(is_nan));
    const __m256i high = _mm256_srli_epi32(rounded, 16);
    return _mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1));
}

static void to_bf16(int64_t n, const float *x, uint16_t *y)
{
    for (int64_t i = 0; i < n; i += LANES) store_16(y + i, n - i, bf16_of(load_n(x + i, n - i)));
}

static void from_bf16(int64_t n, const uint16_t *x, float *y)
{
    for (int64_t i = 0; i < n; i += LANES) {
        const __m256i wide = _mm256_cvtepu16_epi32(load_16(x + i, n - i));
        store_n(y + i, n - i, _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16)));
    }
}

/* --- bytes ------------------------------------------------------------------------------------ */

static INLINE __m256i load_zeros(const int32_t *zero, int64_t i, int64_t step, int64_t n)
{
    if (!step) return _mm256_set1_epi32(*zero);
    return _mm256_maskload_epi32(zero + i, lanes(n));
}

static INLINE __m256 load_scales(const float *scale, int64_t i, int64_t step, int64_t n)
{
    return step ? load_n(scale + i, n) : set(*scale);
}

/* Far beyond any byte, whatever the zero; NaN goes to the lower bound. */
static INLINE __m256i quantized(__m256 x, __m256 scale, __m256i zero)
{
    __m256 r = nearest(_mm256_div_ps(x, scale));
    r = _mm256_min_ps(_mm256_max_ps(r, set(-1024)), set(1024));
    return _mm256_add_epi32(_mm256_cvtps_epi32(r), zero);
}

static INLINE void quantize(const bool is_signed, int64_t n, const float *x, const float *scale,
                            const int32_t *zero, int64_t step, uint8_t *y)
{
    for (int64_t i = 0; i < n; i += LANES) {
        const __m256i q = quantized(load_n(x + i, n - i), load_scales(scale, i, step, n - i),
                                    load_zeros(zero, i, step, n - i));
        const __m128i words =
            _mm_packs_epi32(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
        store_8(y + i, n - i,
                is_signed ? _mm_packs_epi16(words, words) : _mm_packus_epi16(words, words));
    }
}

static void quantize_u8(int64_t n, const float *x, const float *scale, const int32_t *zero,
                        int64_t step, uint8_t *y)
{
    quantize(false, n, x, scale, zero, step, y);
}

static void quantize_s8(int64_t n, const float *x, const float *scale, const int32_t *zero,
                        int64_t step, int8_t *y)
{
    quantize(true, n, x, scale, zero, step, (uint8_t *)y);
}

static INLINE void dequantize(const bool is_signed, int64_t n, const uint8_t *x, const float *scale,
                              const int32_t *zero, int64_t step, float *y)
{
    for (int64_t i = 0; i < n; i += LANES) {
        const __m128i bytes = load_8(x + i, n - i);
        const __m256i wide = is_signed ? _mm256_cvtepi8_epi32(bytes) : _mm256_cvtepu8_epi32(bytes);
        const __m256i from_zero = _mm256_sub_epi32(wide, load_zeros(zero, i, step, n - i));
        store_n(y + i, n - i,
                _mm256_mul_ps(_mm256_cvtepi32_ps(from_zero), load_scales(scale, i, step, n - i)));
    }
}

static void dequantize_u8(int64_t n, const uint8_t *x, const float *scale, const int32_t *zero,
                          int64_t step, float *y)
{
    dequantize(false, n, x, scale, zero, step, y);
}

static void dequantize_s8(int64_t n, const int8_t *x, const float *scale, const int32_t *zero,
                          int64_t step, float *y)
{
    dequantize(true, n, (const uint8_t *)x, scale, zero, step, y);
}

const pare_narrow_kernels pare_narrow_avx2 = {
    .to_f16 = to_f16,
    .to_bf16 = to_bf16,
    .from_f16 = from_f16,
    .from_bf16 = from_bf16,
    .quantize_u8 = quantize_u8,
    .quantize_s8 = quantize_s8,
    .dequantize_u8 = dequantize_u8,
    .dequantize_s8 = dequantize_s8,
};
