#include "kernels/x86/avx2.h"
#include "kernels/x86/vec_avx2.h"

/* Numbers within are rare: found one by one. */
int64_t pare_cut_avx2(int64_t n, const float *x, uint32_t low, uint32_t high, float *y,
                      uint32_t *places, int64_t n_places, int64_t *n_within)
{
    const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
    const __m256i least = _mm256_set1_epi32((int)low), most = _mm256_set1_epi32((int)high);
    const int64_t whole = n - n % LANES;
    int64_t below = 0, within = 0, tail = 0;
    for (int64_t i = 0; i < whole; i += LANES) {
        const __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(x + i));
        const __m256i size = _mm256_and_si256(v, magnitude);
        const __m256i under = _mm256_cmpgt_epi32(least, size);
        const __m256i out = _mm256_or_si256(under, _mm256_cmpgt_epi32(size, most));
        _mm256_storeu_si256((__m256i *)(void *)(y + i), _mm256_andnot_si256(under, v));
        below += __builtin_popcount((unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(under)));
        unsigned in = ~(unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(out)) & 0xff;
        for (; in; in &= in - 1, within++)
            if (within < n_places) places[within] = (uint32_t)(i + __builtin_ctz(in));
    }
    const int64_t left = within < n_places ? n_places - within : 0;
    below += pare_cut_ref(n - whole, x + whole, low, high, y + whole,
                                places + (left ? within : 0), left, &tail);
    for (int64_t k = 0; k < tail && k < left; k++) places[within + k] += (uint32_t)whole;
    *n_within = within + tail;
    return below;
}
