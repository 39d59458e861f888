#include "kernels/x86/avx2.h"

#include <immintrin.h>

/* Eight blocks at a time, so that the scales of all of them are one vector; those of the next eight
 * are found before the codes of these, since divisions take long. What is read later is asked for
 * 4 KiB ahead. (Not past the caches: Intel's processors then read half as fast.) */

enum { BLOCKS = 8, AHEAD = 1024 }; /* floats */

typedef struct extremes {
    __m256 min, max;          /* of each block, or 0 */
} extremes;

/* Each lane the least (largest) of a vector: of vector i in lane i. */
#define HALVES(op, a, b)                                                                           \
    op(_mm256_shuffle_ps(a, b, 0x44), _mm256_shuffle_ps(a, b, 0xee))
#define QUARTERS(op, a, b)                                                                         \
    op(_mm256_shuffle_ps(a, b, 0x88), _mm256_shuffle_ps(a, b, 0xdd))
#define REDUCE(name, op)                                                                           \
    static inline __m256 name(const __m256 *v)                                                     \
    {                                                                                              \
        const __m256 a = QUARTERS(op, HALVES(op, v[0], v[1]), HALVES(op, v[2], v[3]));             \
        const __m256 b = QUARTERS(op, HALVES(op, v[4], v[5]), HALVES(op, v[6], v[7]));             \
        return op(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));         \
    }
REDUCE(reduce_min, _mm256_min_ps)
REDUCE(reduce_max, _mm256_max_ps)

static inline extremes find_extremes(int64_t block, const float *x)
{
    __m256 min[BLOCKS], max[BLOCKS];
    for (int b = 0; b < BLOCKS; b++) {
        __m256 low0 = _mm256_setzero_ps(), low1 = low0, high0 = low0, high1 = low0;
        for (int64_t i = 0; i < block; i += 32, x += 32) {
            _mm_prefetch((const char *)(x + AHEAD), _MM_HINT_T0);
            _mm_prefetch((const char *)(x + AHEAD + 16), _MM_HINT_T0);
            const __m256 v0 = _mm256_loadu_ps(x), v1 = _mm256_loadu_ps(x + 8);
            const __m256 v2 = _mm256_loadu_ps(x + 16), v3 = _mm256_loadu_ps(x + 24);
            low0 = _mm256_min_ps(_mm256_min_ps(v0, v1), low0);
            low1 = _mm256_min_ps(_mm256_min_ps(v2, v3), low1);
            high0 = _mm256_max_ps(_mm256_max_ps(v0, v1), high0);
            high1 = _mm256_max_ps(_mm256_max_ps(v2, v3), high1);
        }
        min[b] = _mm256_min_ps(low0, low1);
        max[b] = _mm256_max_ps(high0, high1);
    }
    return (extremes){ reduce_min(min), reduce_max(max) };
}

static inline __m256 divide(__m256 x, double by)
{
    const __m256d d = _mm256_set1_pd(by);
    const __m128 low =
        _mm256_cvtpd_ps(_mm256_div_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(x)), d));
    const __m128 high =
        _mm256_cvtpd_ps(_mm256_div_pd(_mm256_cvtps_pd(_mm256_extractf128_ps(x, 1)), d));
    return _mm256_set_m128(high, low);
}

/* (max - min) / by in double. */
static inline __m256 divide_range(const extremes *e, double by)
{
    const __m256d d = _mm256_set1_pd(by);
    const __m256d low = _mm256_sub_pd(_mm256_cvtps_pd(_mm256_castps256_ps128(e->max)),
                                      _mm256_cvtps_pd(_mm256_castps256_ps128(e->min)));
    const __m256d high = _mm256_sub_pd(_mm256_cvtps_pd(_mm256_extractf128_ps(e->max, 1)),
                                       _mm256_cvtps_pd(_mm256_extractf128_ps(e->min, 1)));
    return _mm256_set_m128(_mm256_cvtpd_ps(_mm256_div_pd(high, d)),
                           _mm256_cvtpd_ps(_mm256_div_pd(low, d)));
}

/* Of two numbers of one magnitude the first counts: blocks that have both look for it. */
static __m256 settle_ties(__m256 extreme, const extremes *e, int64_t block, const float *x)
{
    const __m256 flipped = _mm256_xor_ps(e->min, _mm256_set1_ps(-0.0f));
    const int ties = _mm256_movemask_ps(_mm256_and_ps(
        _mm256_cmp_ps(flipped, e->max, _CMP_EQ_OQ),
        _mm256_cmp_ps(e->max, _mm256_setzero_ps(), _CMP_GT_OQ)));
    if (!ties) return extreme;
    float all[BLOCKS], max[BLOCKS];
    _mm256_storeu_ps(all, extreme);
    _mm256_storeu_ps(max, e->max);
    for (int b = 0; b < BLOCKS; b++) {
        if (!(ties >> b & 1)) continue;
        const float *first = x + b * block;
        while (*first != max[b] && *first != -max[b]) first++;
        all[b] = *first;
    }
    return _mm256_loadu_ps(all);
}

static inline __m256 find_scales(pare_nbits_grid grid, int bits, int64_t block, const float *x,
                                 const extremes *e)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    __m256 scale;
    if (grid == PARE_NBITS_FREE) {
        scale = divide_range(e, (1 << bits) - 1);
    } else {
        const __m256 below = _mm256_xor_ps(e->min, sign);
        __m256 extreme = _mm256_max_ps(below, e->max);
        if (grid == PARE_NBITS_SIGNED) {
            extreme = _mm256_blendv_ps(e->max, e->min, _mm256_cmp_ps(below, e->max, _CMP_GT_OQ));
            extreme = settle_ties(extreme, e, block, x);
            scale = divide(extreme, -(1 << (bits - 1)));
        } else {
            scale = divide(extreme, (1 << (bits - 1)) - 1);
        }
    }
    const __m256 least = _mm256_set1_ps(0x1p-124f); /* 4 times the least normal number */
    const __m256 small = _mm256_cmp_ps(_mm256_andnot_ps(sign, scale), least, _CMP_LT_OQ);
    return _mm256_blendv_ps(scale, _mm256_set1_ps(1), small);
}

static inline __m256i round8(const float *x, __m256 per_scale)
{
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x), per_scale));
}

/* Codes of 32 numbers, a byte each. */
static inline __m256i codes_of(const float *x, __m256 per_scale, __m256i zero)
{
    const __m256i q0 = round8(x, per_scale), q1 = round8(x + 8, per_scale);
    const __m256i q2 = round8(x + 16, per_scale), q3 = round8(x + 24, per_scale);
    const __m256i low = _mm256_adds_epi16(_mm256_packs_epi32(q0, q1), zero);
    const __m256i high = _mm256_adds_epi16(_mm256_packs_epi32(q2, q3), zero);
    const __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    return _mm256_permutevar8x32_epi32(_mm256_packus_epi16(low, high), order);
}

static inline uint8_t *store_codes(int bits, __m256i codes, uint8_t *to)
{
    if (bits == 8) {
        _mm256_storeu_si256((__m256i *)(void *)to, codes);
        return to + 32;
    }
    codes = _mm256_min_epu8(codes, _mm256_set1_epi8(15));
    const __m256i pairs = _mm256_maddubs_epi16(codes, _mm256_set1_epi16(0x1001));
    const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi16(pairs, pairs), 0x08);
    _mm_storeu_si128((__m128i *)(void *)to, _mm256_castsi256_si128(packed));
    return to + 16;
}

/* What eight blocks are rounded with. */
typedef struct group {
    float per_scale[BLOCKS];
    int32_t zero[BLOCKS];
} group;

static inline void find_group(pare_nbits_grid grid, int bits, int64_t block, const float *x,
                              float *scales, uint8_t *zeros, group *out)
{
    const extremes e = find_extremes(block, x);
    const __m256 scale = find_scales(grid, bits, block, x, &e);
    const __m256 inverse = _mm256_div_ps(_mm256_set1_ps(1), scale);
    __m256i z = _mm256_set1_epi32(1 << (bits - 1));
    if (grid == PARE_NBITS_FREE) {
        const __m256 down = _mm256_xor_ps(e.min, _mm256_set1_ps(-0.0f));
        z = _mm256_cvtps_epi32(_mm256_mul_ps(down, inverse));
        z = _mm256_min_epi32(_mm256_max_epi32(z, _mm256_setzero_si256()),
                             _mm256_set1_epi32((1 << bits) - 1));
    }
    _mm256_storeu_ps(scales, scale);
    _mm256_storeu_ps(out->per_scale, inverse);
    _mm256_storeu_si256((__m256i *)(void *)out->zero, z);
    for (int b = 0; b < BLOCKS; b++) zeros[b] = (uint8_t)out->zero[b];
}

static inline uint8_t *pack_group(int bits, int64_t block, const float *x, const group *g,
                                  uint8_t *codes)
{
    for (int b = 0; b < BLOCKS; b++, x += block) {
        const __m256 per_scale = _mm256_set1_ps(g->per_scale[b]);
        const __m256i zero = _mm256_set1_epi16((int16_t)g->zero[b]);
        for (int64_t i = 0; i < block; i += 32)
            codes = store_codes(bits, codes_of(x + i, per_scale, zero), codes);
    }
    return codes;
}

static inline void pack_groups(pare_nbits_grid grid, int bits, int64_t n_groups, int64_t block,
                               const float *x, uint8_t *codes, float *scales, uint8_t *zeros)
{
    const int64_t size = BLOCKS * block;
    group two[2];
    if (n_groups) find_group(grid, bits, block, x, scales, zeros, &two[0]);
    for (int64_t g = 0; g < n_groups; g++, x += size) {
        const int64_t next = (g + 1) * BLOCKS;
        if (g + 1 < n_groups)
            find_group(grid, bits, block, x + size, scales + next, zeros + next,
                       &two[(g + 1) % 2]);
        codes = pack_group(bits, block, x, &two[g % 2], codes);
    }
}

void pare_nbits_pack_avx2(pare_nbits_grid grid, int bits, int64_t n_blocks, int64_t block,
                          const float *x, uint8_t *codes, float *scales, uint8_t *zeros)
{
    const int64_t n_groups = block % 32 ? 0 : n_blocks / BLOCKS, done = n_groups * BLOCKS;
    /* sizes and grids that the compiler is to know */
    if (bits == 4 && block == 32 && grid == PARE_NBITS_FREE)
        pack_groups(PARE_NBITS_FREE, 4, n_groups, 32, x, codes, scales, zeros);
    else if (bits == 4 && block == 32 && grid == PARE_NBITS_SIGNED)
        pack_groups(PARE_NBITS_SIGNED, 4, n_groups, 32, x, codes, scales, zeros);
    else if (bits == 4 && grid == PARE_NBITS_FREE)
        pack_groups(PARE_NBITS_FREE, 4, n_groups, block, x, codes, scales, zeros);
    else if (bits == 4 && grid == PARE_NBITS_SIGNED)
        pack_groups(PARE_NBITS_SIGNED, 4, n_groups, block, x, codes, scales, zeros);
    else
        pack_groups(grid, bits, n_groups, block, x, codes, scales, zeros);
    pare_nbits_ref.pack(grid, bits, n_blocks - done, block, x + done * block,
                        codes + done * block * bits / 8, scales + done, zeros + done);
}
