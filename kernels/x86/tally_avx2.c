#include "kernels/x86/avx2.h"
#include "kernels/x86/vec_avx2.h"

#include <string.h>

static INLINE float least(__m256 v)
{
    float x[LANES];
    _mm256_storeu_ps(x, v);
    for (int i = 1; i < LANES; i++) x[0] = x[i] < x[0] ? x[i] : x[0];
    return x[0];
}

static INLINE float greatest(__m256 v)
{
    float x[LANES];
    _mm256_storeu_ps(x, v);
    for (int i = 1; i < LANES; i++) x[0] = x[i] > x[0] ? x[i] : x[0];
    return x[0];
}

/* A number that is not finite counts in `bad` and gives way to an extreme that is known. */
static void extent(int64_t n, const float *x, pare_extent *extent)
{
    const __m256 magnitude = _mm256_castsi256_ps(_mm256_set1_epi32(0x7fffffff));
    const __m256 infinity = _mm256_castsi256_ps(_mm256_set1_epi32(0x7f800000));
    __m256 min = _mm256_set1_ps(extent->min), max = _mm256_set1_ps(extent->max);
    const int64_t whole = n - n % LANES;
    for (int64_t i = 0; i < whole; i += LANES) {
        const __m256 v = _mm256_loadu_ps(x + i);
        const __m256 finite = _mm256_cmp_ps(_mm256_and_ps(v, magnitude), infinity, _CMP_LT_OQ);
        min = _mm256_min_ps(_mm256_blendv_ps(min, v, finite), min);
        max = _mm256_max_ps(_mm256_blendv_ps(max, v, finite), max);
        const __m256 zero = _mm256_cmp_ps(v, _mm256_setzero_ps(), _CMP_EQ_OQ);
        extent->n_bad += LANES - __builtin_popcount((unsigned)_mm256_movemask_ps(finite));
        extent->n_zero += __builtin_popcount((unsigned)_mm256_movemask_ps(zero));
    }
    extent->min = least(min);
    extent->max = greatest(max);
    pare_tally_ref.extent(n - whole, x + whole, extent);
}

/* Bins that are no 32-bit number come as INT32_MIN, which as an unsigned one is behind all. */
static void tally(int64_t n, const float *x, float per_width, int32_t first, uint32_t n_bins,
                  uint32_t *counts)
{
    const __m256 scale = _mm256_set1_ps(per_width);
    const __m256i start = _mm256_set1_epi32(first), behind = _mm256_set1_epi32((int)n_bins);
    const int64_t whole = n - n % LANES;
    for (int64_t i = 0; i < whole; i += LANES) {
        const __m256 bin = _mm256_floor_ps(_mm256_mul_ps(_mm256_loadu_ps(x + i), scale));
        const __m256i b = _mm256_min_epu32(_mm256_sub_epi32(_mm256_cvttps_epi32(bin), start),
                                           behind);
        uint32_t at[LANES];
        _mm256_storeu_si256((__m256i *)(void *)at, _mm256_slli_epi32(b, 2));
        for (uint32_t l = 0; l < LANES; l++) counts[at[l] + l % PARE_TALLY_LANES]++;
    }
    pare_tally_ref.tally(n - whole, x + whole, per_width, first, n_bins, counts);
}

const pare_tally_kernels pare_tally_avx2 = { extent, tally };
