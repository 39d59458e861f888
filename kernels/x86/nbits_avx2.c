#include "kernels/x86/avx2.h"

#include <immintrin.h>
#include <string.h>

/* Panels of 16 columns, as two vectors. */

enum { PANEL = 16 };

typedef struct pair {
    __m256 low, high;
} pair;

static inline pair load_pair(const float *x)
{
    return (pair){ _mm256_loadu_ps(x), _mm256_loadu_ps(x + 8) };
}

static inline void store_pair(float *y, pair v)
{
    _mm256_storeu_ps(y, v.low);
    _mm256_storeu_ps(y + 8, v.high);
}

/* Codes of one k, less their zero points. */
static inline pair codes_at(int bits, const uint8_t *codes, pair zero)
{
    __m256i low, high;
    if (bits == 4) {
        const __m256i both =
            _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(const void *)codes));
        low = _mm256_and_si256(both, _mm256_set1_epi32(15));
        high = _mm256_srli_epi32(both, 4);
    } else {
        const __m128i all = _mm_loadu_si128((const __m128i *)(const void *)codes);
        low = _mm256_cvtepu8_epi32(all);
        high = _mm256_cvtepu8_epi32(_mm_srli_si128(all, 8));
    }
    return (pair){ _mm256_sub_ps(_mm256_cvtepi32_ps(low), zero.low),
                   _mm256_sub_ps(_mm256_cvtepi32_ps(high), zero.high) };
}

static inline pair times(pair a, pair b)
{
    return (pair){ _mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high) };
}

static inline pair multiply_add(__m256 x, pair w, pair sum)
{
    return (pair){ _mm256_fmadd_ps(x, w.low, sum.low), _mm256_fmadd_ps(x, w.high, sum.high) };
}

static inline void unpack_bits(int bits, const pare_nbits_panel *p, bool scaled, float *w)
{
    const uint8_t *codes = p->codes;
    for (int64_t b = 0, k = 0; k < p->n; b++) {
        const int64_t end = p->n - k < p->block ? p->n : k + p->block;
        const pair zero = load_pair(p->zero + b * PANEL), scale = load_pair(p->scale + b * PANEL);
        for (; k < end; k++, codes += PANEL * bits / 8, w += PANEL) {
            const pair v = codes_at(bits, codes, zero);
            store_pair(w, scaled ? times(v, scale) : v);
        }
    }
}

static void unpack(const pare_nbits_panel *p, bool scaled, float *w)
{
    if (p->bits == 4) unpack_bits(4, p, scaled, w);
    else unpack_bits(8, p, scaled, w);
}

static inline void vector_bits(int bits, const pare_nbits_panel *p, const float *x,
                               const float *x_scale, const float *bias, float *y)
{
    const uint8_t *codes = p->codes;
    pair sum = load_pair(bias);
    for (int64_t b = 0, k = 0; k < p->n; b++) {
        const int64_t end = p->n - k < p->block ? p->n : k + p->block;
        const pair zero = load_pair(p->zero + b * PANEL), scale = load_pair(p->scale + b * PANEL);
        pair chain = { _mm256_setzero_ps(), _mm256_setzero_ps() };
        if (!x_scale) {
            for (; k < end; k++, codes += PANEL * bits / 8)
                sum = multiply_add(_mm256_broadcast_ss(x + k),
                                   times(codes_at(bits, codes, zero), scale), sum);
            continue;
        }
        for (; k < end; k++, codes += PANEL * bits / 8)
            chain = multiply_add(_mm256_broadcast_ss(x + k), codes_at(bits, codes, zero), chain);
        const __m256 s = _mm256_broadcast_ss(x_scale + b);
        sum.low = _mm256_fmadd_ps(chain.low, _mm256_mul_ps(s, scale.low), sum.low);
        sum.high = _mm256_fmadd_ps(chain.high, _mm256_mul_ps(s, scale.high), sum.high);
    }
    store_pair(y, sum);
}

static void vector(const pare_nbits_panel *p, const float *x, const float *x_scale,
                   const float *bias, float *y)
{
    if (p->bits == 4) vector_bits(4, p, x, x_scale, bias, y);
    else vector_bits(8, p, x, x_scale, bias, y);
}

static void add(int n_rows, const float *t, const float *x_scale, int64_t x_stride,
                const float *scale, float *y)
{
    const pair s = load_pair(scale);
    for (int r = 0; r < n_rows; r++, t += PANEL, y += PANEL) {
        const __m256 a = _mm256_broadcast_ss(x_scale + r * x_stride);
        const pair v = load_pair(t), sum = load_pair(y);
        store_pair(y, (pair){ _mm256_fmadd_ps(v.low, _mm256_mul_ps(a, s.low), sum.low),
                              _mm256_fmadd_ps(v.high, _mm256_mul_ps(a, s.high), sum.high) });
    }
}

void pare_nbits_round_avx2(int64_t n, int64_t block, const float *x, float *q, float *scale)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);
    int64_t at = 0;
    for (; block % 8 == 0 && n - at >= block; at += block) {
        __m256 most = _mm256_setzero_ps();
        float all[8], largest = 0;
        for (int64_t i = at; i < at + block; i += 8)
            most = _mm256_max_ps(_mm256_andnot_ps(sign, _mm256_loadu_ps(x + i)), most);
        _mm256_storeu_ps(all, most);
        for (int i = 0; i < 8; i++) largest = all[i] > largest ? all[i] : largest;
        const __m256 per_scale = _mm256_set1_ps(largest == 0 ? 0 : 127 / largest);
        scale[at / block] = largest / 127;
        for (int64_t i = at; i < at + block; i += 8)
            _mm256_storeu_ps(q + i, _mm256_round_ps(
                                        _mm256_mul_ps(_mm256_loadu_ps(x + i), per_scale),
                                        _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
    }
    if (at < n) pare_nbits_round_ref(n - at, block, x + at, q + at, scale + at / block);
}

const pare_nbits_kernels pare_nbits_avx2 = {
    .panel = PANEL, .pack = pare_nbits_pack_avx2, .unpack = unpack, .vector = vector, .add = add,
    .round = pare_nbits_round_avx2,
};
