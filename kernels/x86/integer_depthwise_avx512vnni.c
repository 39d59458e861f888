#include "kernels/x86/avx512vnni.h"

#include "kernels/x86/integer_avx512.h"

#include <string.h>

/* Sixty-four channels at a time. The bytes of four taps are unpacked into quads, four vectors of
 * them: in each quarter of a vector four channels, those from 0, 4, 8 and 12 on of its sixteen.
 * Codes come back into order when they are packed. */
enum { BLOCK = 64, QUAD = 4, PARTS = 4, LANES_OF_PART = 16, VARIANTS = 2, MAX_PIXELS = 4 };

/* Channel of quad e of part h, within a block. */
static int64_t channel_of(int64_t h, int64_t e)
{
    return e / 4 * 16 + h * 4 + e % 4;
}

static int64_t blocks_of(int64_t n_channels)
{
    return (n_channels + BLOCK - 1) / BLOCK;
}

/* One part of weights: taps[q] at place q of the quads; NULL: none there. */
static int8_t *pack_part(int64_t first, int64_t h, int64_t n_channels, const int16_t *const *taps,
                         int8_t *to)
{
    for (int64_t e = 0; e < LANES_OF_PART; e++) {
        const int64_t c = first + channel_of(h, e);
        for (int q = 0; q < QUAD; q++)
            *to++ = taps[q] && c < n_channels ? (int8_t)taps[q][c] : 0;
    }
    return to;
}

static size_t packed_bytes(int64_t n_taps, int64_t n_channels)
{
    return (size_t)(blocks_of(n_channels) * ((n_taps + QUAD - 1) / QUAD) * BLOCK * QUAD);
}

static void pack(int64_t n_taps, int64_t n_channels, const int16_t *w, void *out)
{
    int8_t *to = out;
    for (int64_t first = 0; first < n_channels; first += BLOCK)
        for (int64_t t = 0; t < n_taps; t += QUAD) {
            const int16_t *taps[QUAD] = { NULL };
            for (int q = 0; q < QUAD && t + q < n_taps; q++) taps[q] = w + (t + q) * n_channels;
            for (int64_t h = 0; h < PARTS; h++) to = pack_part(first, h, n_channels, taps, to);
        }
}

/* Of three taps two forms: in front, and behind, where four inputs serve two pixels. */
static size_t packed_row_bytes(int64_t n_taps, int64_t n_channels)
{
    return (size_t)(blocks_of(n_channels) * (n_taps / 3) * VARIANTS * BLOCK * QUAD);
}

static void pack_row(int64_t n_taps, int64_t n_channels, const int16_t *w, void *out)
{
    int8_t *to = out;
    for (int64_t first = 0; first < n_channels; first += BLOCK)
        for (int64_t t = 0; t < n_taps; t += 3)
            for (int variant = 0; variant < VARIANTS; variant++) {
                const int16_t *taps[QUAD] = { NULL };
                for (int k = 0; k < 3; k++) taps[k + variant] = w + (t + k) * n_channels;
                for (int64_t h = 0; h < PARTS; h++) to = pack_part(first, h, n_channels, taps, to);
            }
}

/* --- running ---------------------------------------------------------------------------------- */

/* What belongs to the channels of a block, in the order of quads. */
typedef struct order {
    _Alignas(64) int32_t start[BLOCK];
    _Alignas(64) float scale[BLOCK], shift[BLOCK];
} order;

/* Quarter q of part h is quarter h of the sixteen channels from 16 * q on. */
static INLINE void sort_one(const void *from, int64_t n, void *to)
{
    __m512i x[PARTS];
    int32_t *out = to;
#pragma GCC unroll 4
    for (int i = 0; i < PARTS; i++)
        x[i] = _mm512_maskz_loadu_epi32(first_16(n - i * LANES_OF_PART),
                                        (const int32_t *)from + i * LANES_OF_PART);
    const __m512i a = _mm512_shuffle_i32x4(x[0], x[1], 0x44), b = _mm512_shuffle_i32x4(x[2], x[3],
                                                                                       0x44);
    const __m512i c = _mm512_shuffle_i32x4(x[0], x[1], 0xee), d = _mm512_shuffle_i32x4(x[2], x[3],
                                                                                       0xee);
    _mm512_store_si512(out, _mm512_shuffle_i32x4(a, b, 0x88));
    _mm512_store_si512(out + 16, _mm512_shuffle_i32x4(a, b, 0xdd));
    _mm512_store_si512(out + 32, _mm512_shuffle_i32x4(c, d, 0x88));
    _mm512_store_si512(out + 48, _mm512_shuffle_i32x4(c, d, 0xdd));
}

static void sort(order *o, const int32_t *start, const pare_integer_finish *f, int64_t c, int64_t n)
{
    sort_one(start + c, n, o->start);
    if (f->scale) sort_one(f->scale + c, n, o->scale);
    if (f->shift) sort_one(f->shift + c, n, o->shift);
}

/* The first n of 64 bytes. */
static INLINE __mmask64 first_64(int64_t n)
{
    return n >= BLOCK ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;
}

/* Of sums that are no codes: one by one. */
static void store_sums(const pare_integer_finish *f, int64_t c, int64_t n, const __m512i *sum,
                       void *y, int64_t at)
{
    int32_t sums[BLOCK];
    for (int h = 0; h < PARTS; h++) _mm512_storeu_si512(sums + h * LANES_OF_PART, sum[h]);
    for (int64_t i = 0; i < PARTS * LANES_OF_PART; i++) {
        const int64_t channel = channel_of(i / LANES_OF_PART, i % LANES_OF_PART);
        if (channel >= n) continue;
        uint8_t *const to = (uint8_t *)y + (size_t)(at + channel) * sizeof(int32_t);
        if (f->out == PARE_INTEGER_S32) {
            memcpy(to, &sums[i], sizeof(sums[i]));
            continue;
        }
        const float z = pare_integer_finish_ref(f, c + channel, sums[i]);
        memcpy(to, &z, sizeof(z));
    }
}

static INLINE __m512i code_of(const pare_integer_finish *f, const order *o, int h, __m512i sum)
{
    __m512 z = _mm512_mul_ps(_mm512_cvtepi32_ps(sum),
                             _mm512_load_ps(o->scale + h * LANES_OF_PART));
    if (f->shift) z = _mm512_add_ps(z, _mm512_load_ps(o->shift + h * LANES_OF_PART));
    if (!f->is_free)
        z = _mm512_min_ps(_mm512_set1_ps(f->high), _mm512_max_ps(_mm512_set1_ps(f->low), z));
    return _mm512_cvtps_epi32(z);
}

static INLINE void put(const pare_integer_finish *f, const order *o, int64_t c, int64_t n,
                       const __m512i *sum, void *y, int64_t at)
{
    if (f->out != PARE_INTEGER_U8 && f->out != PARE_INTEGER_S8) {
        store_sums(f, c, n, sum, y, at);
        return;
    }
    const __m512i zero = _mm512_set1_epi16((int16_t)f->zero);
    const __m512i low = _mm512_adds_epi16(
        _mm512_packs_epi32(code_of(f, o, 0, sum[0]), code_of(f, o, 1, sum[1])), zero);
    const __m512i high = _mm512_adds_epi16(
        _mm512_packs_epi32(code_of(f, o, 2, sum[2]), code_of(f, o, 3, sum[3])), zero);
    const __m512i bytes = f->out == PARE_INTEGER_U8 ? _mm512_packus_epi16(low, high)
                                                    : _mm512_packs_epi16(low, high);
    _mm512_mask_storeu_epi8((uint8_t *)y + at, first_64(n), bytes);
}

/* Bytes of two taps next to each other: channels 0..7 and 8..15 of each quarter. */
typedef struct pair {
    __m512i low, high;
} pair;

static INLINE pair pair_of(__m512i a, __m512i b)
{
    return (pair){ _mm512_unpacklo_epi8(a, b), _mm512_unpackhi_epi8(a, b) };
}

/* Quads of part h of two pairs. */
static INLINE __m512i quads_of(const pair *a, const pair *b, const int h)
{
    switch (h) {
    case 0: return _mm512_unpacklo_epi16(a->low, b->low);
    case 1: return _mm512_unpackhi_epi16(a->low, b->low);
    case 2: return _mm512_unpacklo_epi16(a->high, b->high);
    default: return _mm512_unpackhi_epi16(a->high, b->high);
    }
}

static INLINE __m512i weights_at(const int8_t *w, int64_t part)
{
    return _mm512_load_si512(w + part * LANES_OF_PART * QUAD);
}

static INLINE void pixel(const pare_integer_depthwise *d, const order *o, int64_t p, int64_t c,
                         const int8_t *w)
{
    const int64_t n = d->n_channels - c;
    const __mmask64 some = first_64(n);
    __m512i sum[PARTS];
#pragma GCC unroll 4
    for (int h = 0; h < PARTS; h++) sum[h] = _mm512_load_si512(o->start + h * LANES_OF_PART);
    for (int64_t t = 0; t < d->n_taps; t += QUAD, w += BLOCK * QUAD) {
        __m512i x[QUAD];
#pragma GCC unroll 4
        for (int q = 0; q < QUAD; q++)
            x[q] = t + q < d->n_taps
                       ? _mm512_maskz_loadu_epi8(some, d->x[(t + q) * d->n_pixels + p] + c)
                       : _mm512_setzero_si512();
        const pair a = pair_of(x[0], x[1]);
        const pair b = pair_of(x[2], x[3]);
#pragma GCC unroll 4
        for (int h = 0; h < PARTS; h++) sum[h] = dot(sum[h], quads_of(&a, &b, h), weights_at(w, h));
    }
    put(&d->finish, o, c, n, sum, d->y, p * d->y_stride + c);
}

static void run(const pare_integer_depthwise *d)
{
    const int64_t per_block = (int64_t)packed_bytes(d->n_taps, BLOCK);
    for (int64_t c = 0; c < d->n_channels; c += BLOCK) {
        order o;
        sort(&o, d->start, &d->finish, c, d->n_channels - c);
        const int8_t *w = (const int8_t *)d->w + c / BLOCK * per_block;
        for (int64_t p = 0; p < d->n_pixels; p++) pixel(d, &o, p, c, w);
    }
}

/* --- windows side by side --------------------------------------------------------------------- */

/* Pixels p to p + n_pixels, at most MAX_PIXELS; in steps of 1 two of them share quads. */
static INLINE void pixels(const pare_integer_depthwise_row *d, const order *o, int64_t p, int64_t c,
                          const int8_t *w, const int n_pixels, const int step)
{
    enum { MAX_PAIRS = MAX_PIXELS + 1 };
    const int n_inputs = (n_pixels - 1) * step + 3;
    const int n_pairs = (n_inputs + 1) / 2;
    const int64_t n = d->n_channels - c;
    const __mmask64 some = first_64(n);
    __m512i sum[MAX_PIXELS][PARTS];
#pragma GCC unroll 4
    for (int i = 0; i < n_pixels; i++)
#pragma GCC unroll 4
        for (int h = 0; h < PARTS; h++)
            sum[i][h] = _mm512_load_si512(o->start + h * LANES_OF_PART);
    for (int64_t r = 0; r < d->height; r++, w += VARIANTS * BLOCK * QUAD) {
        const int64_t stride = d->x_stride[r];
        const uint8_t *x = d->x[r] + p * step * stride + c;
        pair pairs[MAX_PAIRS];
#pragma GCC unroll 5
        for (int i = 0; i < n_pairs; i++) {
            const __m512i a = _mm512_maskz_loadu_epi8(some, x + 2 * i * stride);
            const __m512i b = 2 * i + 1 < n_inputs
                                  ? _mm512_maskz_loadu_epi8(some, x + (2 * i + 1) * stride)
                                  : _mm512_setzero_si512();
            pairs[i] = pair_of(a, b);
        }
        const int shared = step == 1 ? 2 : 1; /* pixels of a quad */
#pragma GCC unroll 4
        for (int i = 0; i < n_pixels; i += shared)
#pragma GCC unroll 4
            for (int h = 0; h < PARTS; h++) {
                const __m512i quads = quads_of(&pairs[i / shared], &pairs[i / shared + 1], h);
                sum[i][h] = dot(sum[i][h], quads, weights_at(w, h));
                if (shared == 2 && i + 1 < n_pixels)
                    sum[i + 1][h] = dot(sum[i + 1][h], quads, weights_at(w, PARTS + h));
            }
    }
#pragma GCC unroll 4
    for (int i = 0; i < n_pixels; i++)
        put(&d->finish, o, c, n, sum[i], d->y, (p + i) * d->y_stride + c);
}

static INLINE void row(const pare_integer_depthwise_row *d, const int step)
{
    const int64_t per_block = (int64_t)packed_row_bytes(d->height * 3, BLOCK);
    for (int64_t c = 0; c < d->n_channels; c += BLOCK) {
        order o;
        sort(&o, d->start, &d->finish, c, d->n_channels - c);
        const int8_t *w = (const int8_t *)d->w + c / BLOCK * per_block;
        int64_t p = 0;
        for (; p + 4 <= d->n_pixels; p += 4) pixels(d, &o, p, c, w, 4, step);
        if (p + 2 <= d->n_pixels) {
            pixels(d, &o, p, c, w, 2, step);
            p += 2;
        }
        if (p < d->n_pixels) pixels(d, &o, p, c, w, 1, step);
    }
}

static void run_row(const pare_integer_depthwise_row *d)
{
    if (d->step == 1) row(d, 1);
    else row(d, 2);
}

const pare_integer_depthwise_kernel pare_integer_depthwise_avx512vnni = {
    .packed_bytes = packed_bytes, .packed_row_bytes = packed_row_bytes,
    .pack = pack, .pack_row = pack_row,
    .run = run, .run_row = run_row,
};
