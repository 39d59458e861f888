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

static INLINE __m128i f16_of(__m256 x)
{
    return _mm256_cvtps_ph(x, _MM_FROUND_TO_NEAREST_INT);
}

static INLINE __m256 of_f16(__m128i x)
{
    return _mm256_cvtph_ps(x);
}

static INLINE __m256 of_bf16(__m128i x)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(x), 16));
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

typedef __m128i to_half_fn(__m256 x);
typedef __m256 from_half_fn(__m128i x);

static INLINE void to_halves(to_half_fn *fn, int64_t n, const float *x, uint16_t *y)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) store_16(y + i, LANES, fn(_mm256_loadu_ps(x + i)));
    if (i < n) store_16(y + i, n - i, fn(load_n(x + i, n - i)));
}

static INLINE void from_halves(from_half_fn *fn, int64_t n, const uint16_t *x, float *y)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) _mm256_storeu_ps(y + i, fn(load_16(x + i, LANES)));
    if (i < n) store_n(y + i, n - i, fn(load_16(x + i, n - i)));
}

static void to_f16(int64_t n, const float *x, uint16_t *y)
{
    to_halves(f16_of, n, x, y);
}

static void to_bf16(int64_t n, const float *x, uint16_t *y)
{
    to_halves(bf16_of, n, x, y);
}

static void from_f16(int64_t n, const uint16_t *x, float *y)
{
    from_halves(of_f16, n, x, y);
}

static void from_bf16(int64_t n, const uint16_t *x, float *y)
{
    from_halves(of_bf16, n, x, y);
}

static void round_f16(int64_t n, const float *x, float *y)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        _mm256_storeu_ps(y + i, rounded(_mm256_loadu_ps(x + i)));
    if (i < n) store_n(y + i, n - i, rounded(load_n(x + i, n - i)));
}

/* --- bytes ------------------------------------------------------------------------------------ */

static INLINE __m256i load_zeros(const int32_t *zero, int64_t i, int64_t step, int64_t n)
{
    if (!step) return _mm256_set1_epi32(*zero);
    if (n >= LANES) return _mm256_loadu_si256((const void *)(zero + i));
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

/* n of eight, all of them where that is known. */
static INLINE void quantize_n(const bool is_signed, int64_t n, const float *x, __m256 scale,
                              __m256i zero, uint8_t *y)
{
    const __m256i q = quantized(load_n(x, n), scale, zero);
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128(q), _mm256_extracti128_si256(q, 1));
    store_8(y, n, is_signed ? _mm_packs_epi16(words, words) : _mm_packus_epi16(words, words));
}

static INLINE void quantize(const bool is_signed, int64_t n, const float *x, const float *scale,
                            const int32_t *zero, int64_t step, uint8_t *y)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        quantize_n(is_signed, LANES, x + i, load_scales(scale, i, step, LANES),
                   load_zeros(zero, i, step, LANES), y + i);
    if (i < n)
        quantize_n(is_signed, n - i, x + i, load_scales(scale, i, step, n - i),
                   load_zeros(zero, i, step, n - i), y + i);
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

static INLINE void dequantize_n(const bool is_signed, int64_t n, const uint8_t *x, __m256 scale,
                                __m256i zero, float *y)
{
    const __m128i bytes = load_8(x, n);
    const __m256i wide = is_signed ? _mm256_cvtepi8_epi32(bytes) : _mm256_cvtepu8_epi32(bytes);
    const __m256 from_zero = _mm256_cvtepi32_ps(_mm256_sub_epi32(wide, zero));
    store_n(y, n, _mm256_mul_ps(from_zero, scale));
}

static INLINE void dequantize(const bool is_signed, int64_t n, const uint8_t *x, const float *scale,
                              const int32_t *zero, int64_t step, float *y)
{
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        dequantize_n(is_signed, LANES, x + i, load_scales(scale, i, step, LANES),
                     load_zeros(zero, i, step, LANES), y + i);
    if (i < n)
        dequantize_n(is_signed, n - i, x + i, load_scales(scale, i, step, n - i),
                     load_zeros(zero, i, step, n - i), y + i);
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
    .round_f16 = round_f16,
    .quantize_u8 = quantize_u8,
    .quantize_s8 = quantize_s8,
    .dequantize_u8 = dequantize_u8,
    .dequantize_s8 = dequantize_s8,
};
