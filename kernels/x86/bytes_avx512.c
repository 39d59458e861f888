#include "kernels/x86/avx512.h"

#include "kernels/x86/avx2.h"

#include <immintrin.h>
#include <stdbool.h>

#define INLINE inline __attribute__((always_inline))

/* --- tables ----------------------------------------------------------------------------------- */

/* The table in four registers, where the processor can look bytes up in two of them at once. */
#define VBMI __attribute__((target("avx512vbmi")))
static VBMI void map_vbmi(int64_t n_rows, int64_t n, const uint8_t *table, const uint8_t *x,
                          int64_t x_step, uint8_t *y, int64_t y_step)
{
    __m512i t[4];
    for (int i = 0; i < 4; i++) t[i] = _mm512_loadu_si512(table + 64 * i);
    for (int64_t r = 0; r < n_rows; r++, x += x_step, y += y_step) {
        for (int64_t i = 0; i < n; i += 64) {
            const __mmask64 lanes = n - i < 64 ? (UINT64_C(1) << (n - i)) - 1 : ~UINT64_C(0);
            const __m512i codes = _mm512_maskz_loadu_epi8(lanes, x + i);
            const __m512i low = _mm512_permutex2var_epi8(t[0], codes, t[1]);
            const __m512i high = _mm512_permutex2var_epi8(t[2], codes, t[3]);
            const __mmask64 is_high = _mm512_movepi8_mask(codes);
            _mm512_mask_storeu_epi8(y + i, lanes, _mm512_mask_blend_epi8(is_high, low, high));
        }
    }
}

static void map(int64_t n_rows, int64_t n, const uint8_t *table, const uint8_t *x, int64_t x_step,
                uint8_t *y, int64_t y_step)
{
    if (__builtin_cpu_supports("avx512vbmi")) map_vbmi(n_rows, n, table, x, x_step, y, y_step);
    else pare_bytes_avx2.map(n_rows, n, table, x, x_step, y, y_step);
}

/* --- pairs ------------------------------------------------------------------------------------ */

/* See bytes_avx2.c. */
typedef struct constants {
    __m512i a_zero, b_zero, y_zero;
    __m512 a_scale, b_scale, by, inverse;
    __m128i a_flip, b_flip, y_flip;
} constants;

static INLINE __m512 reals(__m128i codes, __m512i zero, __m512 scale)
{
    const __m512i wide = _mm512_sub_epi32(_mm512_cvtepu8_epi32(codes), zero);
    return _mm512_mul_ps(_mm512_cvtepi32_ps(wide), scale);
}

static INLINE __m128i pair_of(const bool is_sum, const constants *c, __m128i a, __m128i b)
{
    const __m512 v = reals(_mm_xor_si128(a, c->a_flip), c->a_zero, c->a_scale);
    const __m512 w = reals(_mm_xor_si128(b, c->b_flip), c->b_zero, c->b_scale);
    const __m512 x = is_sum ? _mm512_add_ps(v, w) : _mm512_mul_ps(v, w);
    __m512 q = _mm512_mul_ps(x, c->inverse);
    q = _mm512_fmadd_ps(_mm512_fnmadd_ps(q, c->by, x), c->inverse, q);
    q = _mm512_fmadd_ps(_mm512_fnmadd_ps(q, c->by, x), c->inverse, q);
    q = _mm512_min_ps(_mm512_max_ps(q, _mm512_set1_ps(-1024)), _mm512_set1_ps(1024));
    const __m512i codes = _mm512_add_epi32(_mm512_cvtps_epi32(q), c->y_zero);
    const __m512i above = _mm512_max_epi32(codes, _mm512_setzero_si512());
    return _mm_xor_si128(_mm512_cvtusepi32_epi8(above), c->y_flip);
}

static bool is_usual(const pare_byte_scale *s)
{
    return s->scale > 0x1p-30f && s->scale < 0x1p30f;
}

/* n is a multiple of 16. */
static INLINE void pairs(const bool is_sum, int64_t n, const pare_byte_pair *how, const uint8_t *a,
                         int64_t a_step, const uint8_t *b, int64_t b_step, uint8_t *y)
{
    const constants c = {
        .a_zero = _mm512_set1_epi32(how->a.zero), .b_zero = _mm512_set1_epi32(how->b.zero),
        .y_zero = _mm512_set1_epi32(how->y.zero), .a_scale = _mm512_set1_ps(how->a.scale),
        .b_scale = _mm512_set1_ps(how->b.scale), .by = _mm512_set1_ps(how->y.scale),
        .inverse = _mm512_set1_ps(1 / how->y.scale),
        .a_flip = _mm_set1_epi8((char)how->a.flip), .b_flip = _mm_set1_epi8((char)how->b.flip),
        .y_flip = _mm_set1_epi8((char)how->y.flip),
    };
    const __m128i one_a = _mm_set1_epi8((char)*a);
    const __m128i one_b = _mm_set1_epi8((char)*b);
    for (int64_t i = 0; i < n; i += 16) {
        const __m128i v = a_step ? _mm_loadu_si128((const void *)(a + i)) : one_a;
        const __m128i w = b_step ? _mm_loadu_si128((const void *)(b + i)) : one_b;
        _mm_storeu_si128((void *)(y + i), pair_of(is_sum, &c, v, w));
    }
}

static INLINE void all_pairs(const bool is_sum, int64_t n, const pare_byte_pair *how,
                             const uint8_t *a, int64_t a_step, const uint8_t *b, int64_t b_step,
                             uint8_t *y)
{
    const bool is_fast = is_usual(&how->a) && is_usual(&how->b) && is_usual(&how->y);
    const int64_t done = is_fast ? n / 16 * 16 : 0;
    if (done) pairs(is_sum, done, how, a, a_step, b, b_step, y);
    (is_sum ? pare_bytes_avx2.add : pare_bytes_avx2.mul)(n - done, how, a + done * a_step, a_step,
                                                         b + done * b_step, b_step, y + done);
}

static void add(int64_t n, const pare_byte_pair *how, const uint8_t *a, int64_t a_step,
                const uint8_t *b, int64_t b_step, uint8_t *y)
{
    all_pairs(true, n, how, a, a_step, b, b_step, y);
}

static void mul(int64_t n, const pare_byte_pair *how, const uint8_t *a, int64_t a_step,
                const uint8_t *b, int64_t b_step, uint8_t *y)
{
    all_pairs(false, n, how, a, a_step, b, b_step, y);
}

/* --- what memory or small rows hold up -------------------------------------------------------- */

static void max(int64_t n_taps, const uint8_t *const *x, uint8_t flip, int64_t n, uint8_t *y)
{
    pare_bytes_avx2.max(n_taps, x, flip, n, y);
}

static void sum(int64_t n_taps, const uint8_t *const *x, uint8_t flip, int64_t n, int32_t *y)
{
    pare_bytes_avx2.sum(n_taps, x, flip, n, y);
}

static void column_sum(int64_t n_rows, const uint8_t *x, int64_t stride, uint8_t flip, int64_t n,
                       int32_t *y)
{
    pare_bytes_avx2.column_sum(n_rows, x, stride, flip, n, y);
}

static void scale(int64_t n, const int32_t *x, int32_t shift, float factor, int32_t zero,
                  uint8_t flip, uint8_t *y)
{
    pare_bytes_avx2.scale(n, x, shift, factor, zero, flip, y);
}

static void widen(int64_t n, const float *x, float *range)
{
    pare_bytes_avx2.widen(n, x, range);
}

const pare_byte_kernels pare_bytes_avx512 = {
    .map = map,
    .add = add,
    .mul = mul,
    .max = max,
    .sum = sum,
    .column_sum = column_sum,
    .scale = scale,
    .widen = widen,
};
