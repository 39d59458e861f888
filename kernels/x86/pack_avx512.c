#include "kernels/x86/avx512.h"

#include "kernels/x86/vec_avx512.h"

#define UNROLL _Pragma("GCC unroll 16")

/* Where number i of a column goes, counted up with i. */
typedef struct place {
    int64_t n_taps, tap_step; /* elements from one tap to the next */
    int64_t tap;
    float *channel;           /* of the first tap */
    int panel;
} place;

static INLINE float *next_place(place *p)
{
    float *const to = p->channel + p->tap * p->tap_step;
    if (++p->tap == p->n_taps) {
        p->tap = 0;
        p->channel += p->panel;
    }
    return to;
}

/* Rows of sixteen elements to columns. */
static INLINE void transpose(__m512 *r)
{
    __m512 pairs[WIDE], fours[WIDE];
    UNROLL
    for (int i = 0; i < WIDE; i += 2) {
        pairs[i] = _mm512_unpacklo_ps(r[i], r[i + 1]);
        pairs[i + 1] = _mm512_unpackhi_ps(r[i], r[i + 1]);
    }
    UNROLL
    for (int i = 0; i < WIDE; i += 4) /* lane l of fours[i + j] holds column 4 l + j of four rows */
        UNROLL
        for (int j = 0; j < 2; j++) {
            fours[i + 2 * j] = _mm512_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0x44);
            fours[i + 2 * j + 1] = _mm512_shuffle_ps(pairs[i + j], pairs[i + j + 2], 0xee);
        }
    UNROLL
    for (int j = 0; j < 4; j++) {
        const __m512 a = _mm512_shuffle_f32x4(fours[j], fours[4 + j], 0x88);
        const __m512 b = _mm512_shuffle_f32x4(fours[j], fours[4 + j], 0xdd);
        const __m512 c = _mm512_shuffle_f32x4(fours[8 + j], fours[12 + j], 0x88);
        const __m512 d = _mm512_shuffle_f32x4(fours[8 + j], fours[12 + j], 0xdd);
        r[j] = _mm512_shuffle_f32x4(a, c, 0x88);
        r[8 + j] = _mm512_shuffle_f32x4(a, c, 0xdd);
        r[4 + j] = _mm512_shuffle_f32x4(b, d, 0x88);
        r[12 + j] = _mm512_shuffle_f32x4(b, d, 0xdd);
    }
}

/* Sixteen columns, of which n are there. */
static INLINE void pack_sixteen(int n, int64_t k, int64_t n_taps, const void *b,
                                int64_t col_stride, int panel, float *out)
{
    place p = { n_taps, k / n_taps * panel, 0, out, panel };
    for (int64_t i = 0; i < k; i += WIDE) {
        const __mmask16 some = wide_lanes(k - i);
        const int n_left = k - i < WIDE ? (int)(k - i) : WIDE;
        __m512 r[WIDE];
        UNROLL
        for (int j = 0; j < WIDE; j++)
            r[j] = j < n ? _mm512_maskz_loadu_ps(some, pare_float_address(b, i + j * col_stride))
                         : _mm512_setzero_ps();
        transpose(r);
        if (n_left == WIDE) {
            UNROLL
            for (int j = 0; j < WIDE; j++) _mm512_store_ps(next_place(&p), r[j]);
        } else {
            UNROLL
            for (int j = 0; j < WIDE; j++)
                if (j < n_left) _mm512_store_ps(next_place(&p), r[j]);
        }
    }
}

void pare_pack_columns_avx512(int n, int64_t k, int64_t n_taps, const void *b, int64_t col_stride,
                              int panel, float *out)
{
    for (int j = 0; j < panel; j += WIDE) {
        const int n_left = n - j;
        const void *from = n_left > 0 ? pare_float_address(b, j * col_stride) : b;
        if (n_left >= WIDE) pack_sixteen(WIDE, k, n_taps, from, col_stride, panel, out + j);
        else pack_sixteen(n_left, k, n_taps, from, col_stride, panel, out + j);
    }
}
