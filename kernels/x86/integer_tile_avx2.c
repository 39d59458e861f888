#include "kernels/x86/avx2.h"

#include "kernels/x86/integer_avx2.h"

enum { PANEL = 16, QUAD = 4, EXACT_ROWS = 6, SATURATING_ROWS = 4 };

#define UNROLL _Pragma("GCC unroll 6")

/* --- exact: products of 16 bits --------------------------------------------------------------- */

/* Four bytes, as 16 bits each, again and again. */
static INLINE __m256i widened(int32_t quad, const bool is_signed)
{
    const __m128i bytes = _mm_cvtsi32_si128(quad);
    return _mm256_broadcastq_epi64(is_signed ? _mm_cvtepi8_epi16(bytes)
                                             : _mm_cvtepu8_epi16(bytes));
}

/* Eight columns from j on. Two sums per column are added at the end: of c % 4 < 2, and above. */
static INLINE void exact_half(const pare_integer_tile *t, int64_t j, const int n_rows,
                              const bool is_signed)
{
    __m256i low[EXACT_ROWS], high[EXACT_ROWS];
    const uint8_t *w = t->w + j * QUAD;
    UNROLL
    for (int r = 0; r < n_rows; r++) low[r] = high[r] = _mm256_setzero_si256();
    for (int64_t tap = 0; tap < t->n_taps; tap++) {
        const uint8_t *const *x = t->x + tap * n_rows;
        for (int64_t c = 0; c < t->depth; c += QUAD, w += PANEL * QUAD) {
            const __m128i *at = (const __m128i *)(const void *)w;
            const int64_t n = t->depth - c;
            __m256i w0 = _mm256_cvtepi8_epi16(_mm_load_si128(at));
            __m256i w1 = _mm256_cvtepi8_epi16(_mm_load_si128(at + 1));
            if (is_signed) {
                w0 = _mm256_cvtepu8_epi16(_mm_load_si128(at));
                w1 = _mm256_cvtepu8_epi16(_mm_load_si128(at + 1));
            }
            UNROLL
            for (int r = 0; r < n_rows; r++) {
                const int32_t quad = n >= QUAD ? quad_at(x[r] + c) : part_at(x[r] + c, n);
                const __m256i v = widened(quad, is_signed);
                low[r] = _mm256_add_epi32(low[r], _mm256_madd_epi16(v, w0));
                high[r] = _mm256_add_epi32(high[r], _mm256_madd_epi16(v, w1));
            }
        }
    }
    UNROLL
    for (int r = 0; r < n_rows; r++) {
        const __m256i pairs = _mm256_hadd_epi32(low[r], high[r]);
        const __m256i sum = _mm256_add_epi32(start_8(t, r, j),
                                             _mm256_permute4x64_epi64(pairs, 0xd8));
        finish_8(&t->finish, j, t->n_cols - j, sum, t->y, r * t->y_stride + j);
    }
}

static INLINE void exact(const pare_integer_tile *t, const int n_rows, const bool is_signed)
{
    exact_half(t, 0, n_rows, is_signed);
    if (t->n_cols > LANES) exact_half(t, LANES, n_rows, is_signed);
}

#define EXACT(n)                                                                                   \
    static void exact_u_##n(const pare_integer_tile *t) { exact(t, n, false); }                    \
    static void exact_s_##n(const pare_integer_tile *t) { exact(t, n, true); }
EXACT(1) EXACT(2) EXACT(3) EXACT(4) EXACT(5) EXACT(6)

void pare_integer_tile_avx2(const pare_integer_tile *tile)
{
    static pare_integer_tile_fn *const by_rows[2][EXACT_ROWS] = {
        { exact_u_1, exact_u_2, exact_u_3, exact_u_4, exact_u_5, exact_u_6 },
        { exact_s_1, exact_s_2, exact_s_3, exact_s_4, exact_s_5, exact_s_6 },
    };
    by_rows[tile->x_is_signed][tile->n_rows - 1](tile);
}

/* --- saturating ------------------------------------------------------------------------------- */

static INLINE __m256i saturated(__m256i sum, __m256i x, __m256i w)
{
    return _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(x, w),
                                                   _mm256_set1_epi16(1)));
}

static INLINE void saturating(const pare_integer_tile *t, const int n_rows)
{
    __m256i low[SATURATING_ROWS], high[SATURATING_ROWS];
    const __m256i flip = _mm256_set1_epi8(t->x_is_signed ? (char)0x80 : 0);
    const uint8_t *w = t->w;
    UNROLL
    for (int r = 0; r < n_rows; r++) {
        low[r] = start_8(t, r, 0);
        high[r] = start_8(t, r, LANES);
    }
    for (int64_t tap = 0; tap < t->n_taps; tap++) {
        const uint8_t *const *x = t->x + tap * n_rows;
        for (int64_t c = 0; c < t->depth; c += QUAD, w += PANEL * QUAD) {
            const int64_t n = t->depth - c;
            const __m256i *at = (const __m256i *)(const void *)w;
            __m256i w0 = _mm256_load_si256(at);
            __m256i w1 = _mm256_load_si256(at + 1);
            if (n < QUAD) { /* a flipped zero is not zero: its weights are */
                const __m256i there = _mm256_set1_epi32((1 << (8 * n)) - 1);
                w0 = _mm256_and_si256(w0, there);
                w1 = _mm256_and_si256(w1, there);
            }
            UNROLL
            for (int r = 0; r < n_rows; r++) {
                const int32_t quad = n >= QUAD ? quad_at(x[r] + c) : part_at(x[r] + c, n);
                const __m256i v = _mm256_xor_si256(_mm256_set1_epi32(quad), flip);
                low[r] = saturated(low[r], v, w0);
                high[r] = saturated(high[r], v, w1);
            }
        }
    }
    UNROLL
    for (int r = 0; r < n_rows; r++) {
        const int64_t at = r * t->y_stride;
        finish_8(&t->finish, 0, t->n_cols, low[r], t->y, at);
        if (t->n_cols > LANES)
            finish_8(&t->finish, LANES, t->n_cols - LANES, high[r], t->y, at + LANES);
    }
}

static void saturating_1(const pare_integer_tile *t) { saturating(t, 1); }
static void saturating_2(const pare_integer_tile *t) { saturating(t, 2); }
static void saturating_3(const pare_integer_tile *t) { saturating(t, 3); }
static void saturating_4(const pare_integer_tile *t) { saturating(t, 4); }

void pare_integer_tile_saturating_avx2(const pare_integer_tile *tile)
{
    static pare_integer_tile_fn *const by_rows[] = { saturating_1, saturating_2, saturating_3,
                                                     saturating_4 };
    by_rows[tile->n_rows - 1](tile);
}

/* --- sums ------------------------------------------------------------------------------------- */

/* Differences from zero, of bytes and 128 when they are signed. */
int32_t pare_integer_row_sum_avx2(int64_t n, const uint8_t *x, bool is_signed)
{
    const __m256i flip = _mm256_set1_epi8(is_signed ? (char)0x80 : 0);
    __m256i sum = _mm256_setzero_si256();
    int64_t i = 0;
    for (; i + 32 <= n; i += 32) {
        const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(x + i));
        sum = _mm256_add_epi64(sum, _mm256_sad_epu8(_mm256_xor_si256(v, flip),
                                                    _mm256_setzero_si256()));
    }
    const __m128i half = _mm_add_epi64(_mm256_castsi256_si128(sum),
                                       _mm256_extracti128_si256(sum, 1));
    const uint64_t all = (uint64_t)_mm_cvtsi128_si64(half) +
                         (uint64_t)_mm_extract_epi64(half, 1) -
                         (is_signed ? 128 * (uint64_t)i : 0);
    return (int32_t)((uint32_t)all + (uint32_t)pare_integer_row_sum_ref(n - i, x + i, is_signed));
}
