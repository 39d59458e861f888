#include "kernels/x86/avx512.h"

#include "kernels/x86/avx2.h"

#include <immintrin.h>

enum { WIDE = 16 };

/* Places are packed by the processor, 16 at a time as long as there is room for all of them. */
int64_t pare_cut_avx512(int64_t n, const float *x, uint32_t low, uint32_t high, float *y,
                      uint32_t *places, int64_t n_places, int64_t *n_within)
{
    const __m512i magnitude = _mm512_set1_epi32(0x7fffffff);
    const __m512i least = _mm512_set1_epi32((int)low), most = _mm512_set1_epi32((int)high);
    const __m512i lanes = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
    int64_t below = 0, within = 0, i = 0, tail = 0;
    for (; i + WIDE <= n && within + WIDE <= n_places; i += WIDE) {
        const __m512i v = _mm512_loadu_si512(x + i);
        const __m512i size = _mm512_and_si512(v, magnitude);
        const __mmask16 above = _mm512_cmpge_epu32_mask(size, least);
        const __mmask16 in = _mm512_mask_cmple_epu32_mask(above, size, most);
        _mm512_storeu_si512(y + i, _mm512_maskz_mov_epi32(above, v));
        below += WIDE - __builtin_popcount(above);
        if (!in) continue;
        const __m512i at = _mm512_add_epi32(lanes, _mm512_set1_epi32((int)i));
        _mm512_storeu_si512(places + within, _mm512_maskz_compress_epi32(in, at));
        within += __builtin_popcount(in);
    }
    const int64_t left = n_places - within;
    below += pare_cut_avx2(n - i, x + i, low, high, y + i, places + (left ? within : 0), left,
                                 &tail);
    for (int64_t k = 0; k < tail && k < left; k++) places[within + k] += (uint32_t)i;
    *n_within = within + tail;
    return below;
}
