#include "kernels/x86/avx512.h"

#include "kernels/x86/avx2.h"

#include <immintrin.h>
#include <string.h>

/* Panels of 32 columns, as two vectors. */

enum { PANEL = 32 };

typedef struct pair {
    __m512 low, high;
} pair;

static inline pair load_pair(const float *x)
{
    return (pair){ _mm512_loadu_ps(x), _mm512_loadu_ps(x + 16) };
}

static inline void store_pair(float *y, pair v)
{
    _mm512_storeu_ps(y, v.low);
    _mm512_storeu_ps(y + 16, v.high);
}

/* Codes of one k, less their zero points. */
static inline pair codes_at(int bits, const uint8_t *codes, pair zero)
{
    const __m128i first = _mm_loadu_si128((const __m128i *)(const void *)codes);
    __m512i low = _mm512_cvtepu8_epi32(first), high;
    if (bits == 4) {
        high = _mm512_srli_epi32(low, 4);
        low = _mm512_and_si512(low, _mm512_set1_epi32(15));
    } else {
        high = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)(codes + 16)));
    }
    return (pair){ _mm512_sub_ps(_mm512_cvtepi32_ps(low), zero.low),
                   _mm512_sub_ps(_mm512_cvtepi32_ps(high), zero.high) };
}

static inline pair times(pair a, pair b)
{
    return (pair){ _mm512_mul_ps(a.low, b.low), _mm512_mul_ps(a.high, b.high) };
}

static inline pair multiply_add(__m512 x, pair w, pair sum)
{
    return (pair){ _mm512_fmadd_ps(x, w.low, sum.low), _mm512_fmadd_ps(x, w.high, sum.high) };
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
        pair chain = { _mm512_setzero_ps(), _mm512_setzero_ps() };
        if (!x_scale) {
            for (; k < end; k++, codes += PANEL * bits / 8)
                sum = multiply_add(_mm512_set1_ps(x[k]),
                                   times(codes_at(bits, codes, zero), scale), sum);
            continue;
        }
        for (; k < end; k++, codes += PANEL * bits / 8)
            chain = multiply_add(_mm512_set1_ps(x[k]), codes_at(bits, codes, zero), chain);
        const __m512 s = _mm512_set1_ps(x_scale[b]);
        sum.low = _mm512_fmadd_ps(chain.low, _mm512_mul_ps(s, scale.low), sum.low);
        sum.high = _mm512_fmadd_ps(chain.high, _mm512_mul_ps(s, scale.high), sum.high);
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
        const __m512 a = _mm512_set1_ps(x_scale[r * x_stride]);
        const pair v = load_pair(t), sum = load_pair(y);
        store_pair(y, (pair){ _mm512_fmadd_ps(v.low, _mm512_mul_ps(a, s.low), sum.low),
                              _mm512_fmadd_ps(v.high, _mm512_mul_ps(a, s.high), sum.high) });
    }
}


const pare_nbits_kernels pare_nbits_avx512 = {
    .panel = PANEL, .pack = pare_nbits_pack_avx2, .unpack = unpack, .vector = vector, .add = add,
    .round = pare_nbits_round_avx2,
};
