#include "kernels/x86/avx2.h"
#include "kernels/x86/math_avx2.h"

#include <stdbool.h>
#include <string.h>

/* Eight table entries at a time leave in one store. */
static void map_row(int64_t n, const uint8_t *table, const uint8_t *x, uint8_t *y)
{
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) {
        uint64_t from;
        memcpy(&from, x + i, sizeof(from));
        uint64_t to = table[from & 0xff];
        for (int k = 1; k < 8; k++) to |= (uint64_t)table[from >> (8 * k) & 0xff] << (8 * k);
        memcpy(y + i, &to, sizeof(to));
    }
    for (; i < n; i++) y[i] = table[x[i]];
}

static void map(int64_t n_rows, int64_t n, const uint8_t *table, const uint8_t *x, int64_t x_step,
                uint8_t *y, int64_t y_step)
{
    for (int64_t r = 0; r < n_rows; r++) map_row(n, table, x + r * x_step, y + r * y_step);
}

/* --- pairs ------------------------------------------------------------------------------------ */

/* Eight codes as floats. */
static INLINE __m256 reals(__m128i codes, __m256i zero, __m256 scale)
{
    const __m256i wide = _mm256_sub_epi32(_mm256_cvtepu8_epi32(codes), zero);
    return _mm256_mul_ps(_mm256_cvtepi32_ps(wide), scale);
}

/* What a quotient is computed with: corrected twice, a product with the rounded reciprocal is the
 * rounded quotient (a faithful quotient, its exact remainder and that reciprocal suffice, as
 * Markstein has shown), as long as nothing underflows. */
typedef struct divisor {
    __m256 by, inverse;
} divisor;

static INLINE __m256 quotient(const bool is_usual, __m256 x, const divisor *d)
{
    if (!is_usual) return _mm256_div_ps(x, d->by);
    __m256 q = _mm256_mul_ps(x, d->inverse);
    q = _mm256_fmadd_ps(_mm256_fnmadd_ps(q, d->by, x), d->inverse, q);
    return _mm256_fmadd_ps(_mm256_fnmadd_ps(q, d->by, x), d->inverse, q);
}

/* Rounded, moved by zero; far beyond any code stays that. NaN goes below. */
static INLINE __m256i rounded_codes(__m256 x, __m256i zero)
{
    const __m256 near = _mm256_min_ps(_mm256_max_ps(x, set(-1024)), set(1024));
    return _mm256_add_epi32(_mm256_cvtps_epi32(near), zero);
}

/* Two times eight codes in their order. */
static INLINE __m128i packed(__m256i low, __m256i high)
{
    const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(low, high), 0xd8);
    return _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256(words, 1));
}

typedef struct constants {
    __m256i a_zero, b_zero, y_zero;
    __m256 a_scale, b_scale;
    __m128i a_flip, b_flip, y_flip;
    divisor by;
} constants;

static INLINE constants constants_of(const pare_byte_pair *how)
{
    return (constants){
        .a_zero = _mm256_set1_epi32(how->a.zero), .b_zero = _mm256_set1_epi32(how->b.zero),
        .y_zero = _mm256_set1_epi32(how->y.zero), .a_scale = set(how->a.scale),
        .b_scale = set(how->b.scale), .a_flip = _mm_set1_epi8((char)how->a.flip),
        .b_flip = _mm_set1_epi8((char)how->b.flip), .y_flip = _mm_set1_epi8((char)how->y.flip),
        .by = { set(how->y.scale), set(1 / how->y.scale) },
    };
}

static INLINE __m256i pair_of(const bool is_sum, const bool is_usual, const constants *c, __m128i a,
                              __m128i b)
{
    const __m256 x = reals(a, c->a_zero, c->a_scale);
    const __m256 w = reals(b, c->b_zero, c->b_scale);
    const __m256 both = is_sum ? _mm256_add_ps(x, w) : _mm256_mul_ps(x, w);
    return rounded_codes(quotient(is_usual, both, &c->by), c->y_zero);
}

static INLINE __m128i load_codes(const uint8_t *x, int64_t step, __m128i flip)
{
    const __m128i codes = step ? _mm_loadu_si128((const void *)x) : _mm_set1_epi8((char)*x);
    return _mm_xor_si128(codes, flip);
}

static INLINE int64_t pairs(const bool is_sum, const bool is_usual, int64_t n,
                            const pare_byte_pair *how, const uint8_t *a, int64_t a_step,
                            const uint8_t *b, int64_t b_step, uint8_t *y)
{
    const constants c = constants_of(how);
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        const __m128i x = load_codes(a + i * a_step, a_step, c.a_flip);
        const __m128i w = load_codes(b + i * b_step, b_step, c.b_flip);
        const __m256i low = pair_of(is_sum, is_usual, &c, x, w);
        const __m256i high = pair_of(is_sum, is_usual, &c, _mm_unpackhi_epi64(x, x),
                                     _mm_unpackhi_epi64(w, w));
        _mm_storeu_si128((void *)(y + i), _mm_xor_si128(packed(low, high), c.y_flip));
    }
    return i;
}

static bool is_usual_scale(float x)
{
    return x > 0x1p-30f && x < 0x1p30f;
}

static INLINE void all_pairs(const bool is_sum, int64_t n, const pare_byte_pair *how,
                             const uint8_t *a, int64_t a_step, const uint8_t *b, int64_t b_step,
                             uint8_t *y)
{
    const bool is_usual = is_usual_scale(how->a.scale) && is_usual_scale(how->b.scale) &&
                          is_usual_scale(how->y.scale);
    const int64_t i = is_usual ? pairs(is_sum, true, n, how, a, a_step, b, b_step, y)
                               : pairs(is_sum, false, n, how, a, a_step, b, b_step, y);
    (is_sum ? pare_bytes_ref.add : pare_bytes_ref.mul)(n - i, how, a + i * a_step, a_step,
                                                       b + i * b_step, b_step, y + i);
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

/* --- windows ---------------------------------------------------------------------------------- */

static INLINE void max_codes(const bool is_signed, int64_t n_taps, const uint8_t *const *x,
                             int64_t n, uint8_t *y)
{
    int64_t c = 0;
    for (; c + 32 <= n; c += 32) {
        __m256i most = _mm256_loadu_si256((const void *)(x[0] + c));
        for (int64_t t = 1; t < n_taps; t++) {
            const __m256i other = _mm256_loadu_si256((const void *)(x[t] + c));
            most = is_signed ? _mm256_max_epi8(most, other) : _mm256_max_epu8(most, other);
        }
        _mm256_storeu_si256((void *)(y + c), most);
    }
    for (; c + 8 <= n; c += 8) {
        __m128i most = _mm_loadl_epi64((const void *)(x[0] + c));
        for (int64_t t = 1; t < n_taps; t++) {
            const __m128i other = _mm_loadl_epi64((const void *)(x[t] + c));
            most = is_signed ? _mm_max_epi8(most, other) : _mm_max_epu8(most, other);
        }
        _mm_storel_epi64((void *)(y + c), most);
    }
    const uint8_t flip = is_signed ? 0x80 : 0;
    for (; c < n; c++) {
        uint8_t most = x[0][c] ^ flip;
        for (int64_t t = 1; t < n_taps; t++) {
            const uint8_t other = x[t][c] ^ flip;
            most = other > most ? other : most;
        }
        y[c] = most ^ flip;
    }
}

static void max(int64_t n_taps, const uint8_t *const *x, uint8_t flip, int64_t n, uint8_t *y)
{
    if (flip) max_codes(true, n_taps, x, n, y);
    else max_codes(false, n_taps, x, n, y);
}

enum { ROWS = 256 }; /* whose codes can be added in 16 bits */

/* y[0..16) += 16 sums of 16 bits. */
static INLINE void add_words(__m256i words, int32_t *y)
{
    const __m256i low = _mm256_cvtepu16_epi32(_mm256_castsi256_si128(words));
    const __m256i high = _mm256_cvtepu16_epi32(_mm256_extracti128_si256(words, 1));
    __m256i *to = (void *)y;
    _mm256_storeu_si256(to, _mm256_add_epi32(_mm256_loadu_si256(to), low));
    _mm256_storeu_si256(to + 1, _mm256_add_epi32(_mm256_loadu_si256(to + 1), high));
}

static INLINE __m256i words_at(const uint8_t *x, __m128i flip)
{
    const __m128i codes = _mm_loadu_si128((const void *)x);
    return _mm256_cvtepu8_epi16(_mm_xor_si128(codes, flip));
}

static void column_sum(int64_t n_rows, const uint8_t *x, int64_t stride, uint8_t flip, int64_t n,
                       int32_t *y)
{
    const __m128i flips = _mm_set1_epi8((char)flip);
    int64_t c = 0;
    memset(y, 0, (size_t)n * sizeof(*y));
    for (; c + 16 <= n; c += 16) {
        for (int64_t first = 0; first < n_rows; first += ROWS) {
            const int64_t end = first + ROWS < n_rows ? first + ROWS : n_rows;
            __m256i words = _mm256_setzero_si256();
            for (int64_t r = first; r < end; r++)
                words = _mm256_add_epi16(words, words_at(x + r * stride + c, flips));
            add_words(words, y + c);
        }
    }
    pare_bytes_ref.column_sum(n_rows, x + c, stride, flip, n - c, y + c);
}

static void sum(int64_t n_taps, const uint8_t *const *x, uint8_t flip, int64_t n, int32_t *y)
{
    const __m128i flips = _mm_set1_epi8((char)flip);
    int64_t c = 0;
    memset(y, 0, (size_t)n * sizeof(*y));
    for (; c + 16 <= n; c += 16) {
        for (int64_t first = 0; first < n_taps; first += ROWS) {
            const int64_t end = first + ROWS < n_taps ? first + ROWS : n_taps;
            __m256i words = _mm256_setzero_si256();
            for (int64_t t = first; t < end; t++)
                words = _mm256_add_epi16(words, words_at(x[t] + c, flips));
            add_words(words, y + c);
        }
    }
    for (; c < n; c++)
        for (int64_t t = 0; t < n_taps; t++) y[c] += x[t][c] ^ flip;
}

static void scale(int64_t n, const int32_t *x, int32_t shift, float factor, int32_t zero,
                  uint8_t flip, uint8_t *y)
{
    const __m256i shifts = _mm256_set1_epi32(shift);
    const __m256i zeros = _mm256_set1_epi32(zero);
    const __m128i flips = _mm_set1_epi8((char)flip);
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m256i codes[2];
        for (int k = 0; k < 2; k++) {
            const __m256i sums = _mm256_loadu_si256((const void *)(x + i + 8 * k));
            const __m256 real = _mm256_cvtepi32_ps(_mm256_sub_epi32(sums, shifts));
            codes[k] = rounded_codes(_mm256_mul_ps(real, set(factor)), zeros);
        }
        _mm_storeu_si128((void *)(y + i), _mm_xor_si128(packed(codes[0], codes[1]), flips));
    }
    pare_bytes_ref.scale(n - i, x + i, shift, factor, zero, flip, y + i);
}

/* Of a NaN and another number min and max give the second one. Zeros of either sign are equal. */
static void widen(int64_t n, const float *x, float *range)
{
    float lowest[LANES], highest[LANES];
    __m256 low[4], high[4];
    int64_t i = 0;
    for (int k = 0; k < 4; k++) {
        low[k] = set(range[0]);
        high[k] = set(range[1]);
    }
    for (; i + 4 * LANES <= n; i += 4 * LANES)
        for (int k = 0; k < 4; k++) {
            const __m256 v = _mm256_loadu_ps(x + i + LANES * k);
            low[k] = _mm256_min_ps(v, low[k]);
            high[k] = _mm256_max_ps(v, high[k]);
        }
    for (int k = 1; k < 4; k++) {
        low[0] = _mm256_min_ps(low[k], low[0]);
        high[0] = _mm256_max_ps(high[k], high[0]);
    }
    _mm256_storeu_ps(lowest, low[0]);
    _mm256_storeu_ps(highest, high[0]);
    pare_bytes_ref.widen(LANES, lowest, range);
    pare_bytes_ref.widen(LANES, highest, range);
    pare_bytes_ref.widen(n - i, x + i, range);
}

const pare_byte_kernels pare_bytes_avx2 = {
    .map = map,
    .add = add,
    .mul = mul,
    .max = max,
    .sum = sum,
    .column_sum = column_sum,
    .scale = scale,
    .widen = widen,
};
