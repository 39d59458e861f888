#include "kernels/x86/avx2.h"

#include "kernels/x86/vec_avx2.h"

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

/* Eight columns, of which n are there, beginning with column j of the panel. */
static INLINE void pack_eight(int n, int64_t k, int64_t n_taps, const void *b, int64_t col_stride,
                              int panel, float *out)
{
    place p = { n_taps, k / n_taps * panel, 0, out, panel };
    for (int64_t i = 0; i < k; i += LANES) {
        const int64_t n_left = k - i < LANES ? k - i : LANES;
        __m256 r[LANES];
#pragma GCC unroll 8
        for (int j = 0; j < LANES; j++)
            r[j] = j < n ? load_n(pare_float_address(b, i + j * col_stride), n_left)
                         : _mm256_setzero_ps();
        transpose(r);
        if (n_left == LANES) {
#pragma GCC unroll 8
            for (int j = 0; j < LANES; j++) _mm256_store_ps(next_place(&p), r[j]);
        } else {
#pragma GCC unroll 8
            for (int j = 0; j < LANES; j++)
                if (j < n_left) _mm256_store_ps(next_place(&p), r[j]);
        }
    }
}

void pare_pack_columns_avx2(int n, int64_t k, int64_t n_taps, const void *b, int64_t col_stride,
                            int panel, float *out)
{
    for (int j = 0; j < panel; j += LANES) {
        const int n_left = n - j;
        const void *from = n_left > 0 ? pare_float_address(b, j * col_stride) : b;
        if (n_left >= LANES) pack_eight(LANES, k, n_taps, from, col_stride, panel, out + j);
        else pack_eight(n_left, k, n_taps, from, col_stride, panel, out + j);
    }
}
