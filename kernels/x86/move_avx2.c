#include "kernels/x86/avx2.h"
#include "kernels/x86/vec_avx2.h"

#include <stdbool.h>
#include <string.h>

/* A line of the cache is 16 elements of 4 bytes: as many as are read of each row at once. */
enum { LINE = 16 };

/* --- transposition of elements of 4 bytes ----------------------------------------------------- */

/* to[i * to_step + j] = from[i + j * from_step] for i < n_i and j < n_j, both at most 8. */
static INLINE void tile(int64_t n_i, int64_t n_j, const float *from, int64_t from_step, float *to,
                        int64_t to_step)
{
    __m256 r[LANES];
    if (n_i == LANES && n_j == LANES) {
#pragma GCC unroll 8
        for (int j = 0; j < LANES; j++) r[j] = _mm256_loadu_ps(from + j * from_step);
        transpose(r);
#pragma GCC unroll 8
        for (int i = 0; i < LANES; i++) _mm256_storeu_ps(to + i * to_step, r[i]);
        return;
    }
    const __m256i of_i = lanes(n_i);
    const __m256i of_j = lanes(n_j);
#pragma GCC unroll 8
    for (int j = 0; j < LANES; j++)
        r[j] = j < n_j ? _mm256_maskload_ps(from + j * from_step, of_i) : _mm256_setzero_ps();
    transpose(r);
#pragma GCC unroll 8
    for (int i = 0; i < LANES; i++)
        if (i < n_i) _mm256_maskstore_ps(to + i * to_step, of_j, r[i]);
}

static int64_t at_most(int64_t n, int64_t limit)
{
    return n < limit ? n : limit;
}

/* The side with the larger steps is taken in whole lines: its lines are the ones that crowd each
 * other out of the cache. */
static void transpose_4(int64_t n_i, int64_t n_j, const float *from, int64_t from_step, float *to,
                        int64_t to_step)
{
    const bool by_i = from_step >= to_step;
    const int64_t n_lines = by_i ? n_i : n_j;
    const int64_t n_along = by_i ? n_j : n_i;
    for (int64_t line = 0; line < n_lines; line += LINE)
        for (int64_t along = 0; along < n_along; along += LANES)
            for (int64_t at = line; at < at_most(n_lines, line + LINE); at += LANES) {
                const int64_t i = by_i ? at : along;
                const int64_t j = by_i ? along : at;
                tile(at_most(n_i - i, LANES), at_most(n_j - j, LANES), from + i + j * from_step,
                     from_step, to + i * to_step + j, to_step);
            }
}

/* --- transposition of bytes ------------------------------------------------------------------- */

/* Eight rows of eight bytes, two columns to a vector. */
static INLINE void transpose_bytes(const uint8_t *from, int64_t from_step, uint8_t *to,
                                   int64_t to_step)
{
    __m128i pairs[4], fours[4], r[4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) {
        const __m128i a = _mm_loadl_epi64((const void *)(from + 2 * j * from_step));
        const __m128i b = _mm_loadl_epi64((const void *)(from + (2 * j + 1) * from_step));
        pairs[j] = _mm_unpacklo_epi8(a, b);
    }
#pragma GCC unroll 2
    for (int j = 0; j < 2; j++) {
        fours[j] = _mm_unpacklo_epi16(pairs[2 * j], pairs[2 * j + 1]);
        fours[j + 2] = _mm_unpackhi_epi16(pairs[2 * j], pairs[2 * j + 1]);
    }
#pragma GCC unroll 2
    for (int j = 0; j < 2; j++) {
        r[2 * j] = _mm_unpacklo_epi32(fours[2 * j], fours[2 * j + 1]);
        r[2 * j + 1] = _mm_unpackhi_epi32(fours[2 * j], fours[2 * j + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        _mm_storel_epi64((void *)(to + 2 * i * to_step), r[i]);
        _mm_storel_epi64((void *)(to + (2 * i + 1) * to_step), _mm_unpackhi_epi64(r[i], r[i]));
    }
}

/* Whole tiles, by lines of the source; then what is left beside and below them. */
static void transpose_1(int64_t n_i, int64_t n_j, const uint8_t *from, int64_t from_step,
                        uint8_t *to, int64_t to_step)
{
    const int64_t whole_i = n_i - n_i % LANES;
    const int64_t whole_j = n_j - n_j % LANES;
    for (int64_t line = 0; line < whole_i; line += 8 * LANES)
        for (int64_t j = 0; j < whole_j; j += LANES)
            for (int64_t i = line; i < at_most(whole_i, line + 8 * LANES); i += LANES)
                transpose_bytes(from + i + j * from_step, from_step, to + i * to_step + j, to_step);
    for (int64_t i = 0; i < n_i; i++)
        for (int64_t j = i < whole_i ? whole_j : 0; j < n_j; j++)
            to[i * to_step + j] = from[i + j * from_step];
}

/* --- other widths ----------------------------------------------------------------------------- */

/* n elements, steps apart. */
static INLINE void strided(const int width, int64_t n, const uint8_t *from, int64_t from_step,
                           uint8_t *to, int64_t to_step)
{
    for (int64_t i = 0; i < n; i++)
        memcpy(to + i * to_step * width, from + i * from_step * width, width);
}

/* Two axes, in blocks whose lines stay in the cache. */
static INLINE void blocks(const int width, const pare_move_axis *a, const pare_move_axis *b,
                          const uint8_t *from, uint8_t *to)
{
    for (int64_t i = 0; i < a->n; i += LINE)
        for (int64_t j = 0; j < b->n; j += LINE)
            for (int64_t k = i; k < at_most(a->n, i + LINE); k++)
                strided(width, at_most(b->n - j, LINE), from + (k * a->from + j * b->from) * width,
                        b->from, to + (k * a->to + j * b->to) * width, b->to);
}

static void block(int32_t width, const pare_move_axis *a, const pare_move_axis *b,
                  const uint8_t *from, uint8_t *to)
{
    if (width == 1) blocks(1, a, b, from, to);
    else if (width == 2) blocks(2, a, b, from, to);
    else if (width == 4) blocks(4, a, b, from, to);
    else blocks(8, a, b, from, to);
}

static void fill_4(int64_t n, const float *from, float *to)
{
    const __m256 all = _mm256_broadcast_ss(from);
    for (int64_t i = 0; i < n; i += LANES) store_n(to + i, n - i, all);
}

static void fill(int32_t width, int64_t n, const uint8_t *from, uint8_t *to)
{
    if (width == 1) memset(to, *from, (size_t)n);
    else if (width == 2) strided(2, n, from, 0, to, 1);
    else if (width == 4) fill_4(n, (const void *)from, (void *)to);
    else strided(8, n, from, 0, to, 1);
}

/* --- the whole -------------------------------------------------------------------------------- */

/* The two last axes, a around b. */
static void move_plane(int32_t width, const pare_move_axis *a, const pare_move_axis *b,
                       const uint8_t *from, uint8_t *to)
{
    if (b->to != 1 || (b->from != 0 && b->from != 1)) {
        if (width == 4 && b->to == 1 && a->from == 1)
            transpose_4(a->n, b->n, (const void *)from, b->from, (void *)to, a->to);
        else if (width == 1 && b->to == 1 && a->from == 1)
            transpose_1(a->n, b->n, from, b->from, to, a->to);
        else block(width, a, b, from, to);
        return;
    }
    for (int64_t i = 0; i < a->n; i++) {
        if (b->from) memcpy(to, from, (size_t)(b->n * width));
        else fill(width, b->n, from, to);
        from += a->from * width;
        to += a->to * width;
    }
}

static void move_axes(const pare_move_axis *axes, int32_t n_axes, int32_t width,
                      const uint8_t *from, uint8_t *to)
{
    static const pare_move_axis one = { 1, 1, 1 };
    if (n_axes <= 2) {
        move_plane(width, n_axes > 1 ? &axes[0] : &one, n_axes ? &axes[n_axes - 1] : &one, from,
                   to);
        return;
    }
    for (int64_t i = 0; i < axes->n; i++)
        move_axes(axes + 1, n_axes - 1, width, from + i * axes->from * width,
                  to + i * axes->to * width);
}

void pare_move_avx2(const pare_move *move, int32_t width_bytes, const void *from, void *to)
{
    move_axes(move->axes, move->n_axes, width_bytes, from, to);
}
