#include "kernels/nbits.h"

#include <math.h>
#include <stddef.h>

uint8_t pare_nbits_code_ref(int bits, const uint8_t *packed, int64_t i)
{
    const int64_t at = i * bits;
    const int shift = (int)(at % 8);
    uint32_t two = packed[at / 8];
    if (shift + bits > 8) two |= (uint32_t)packed[at / 8 + 1] << 8;
    return (uint8_t)(two >> shift & ((1u << bits) - 1));
}

void pare_nbits_dequantize_ref(int bits, int64_t n, const uint8_t *packed, int64_t block,
                               const int32_t *group, const float *scale, const float *zero,
                               float *w)
{
    for (int64_t i = 0; i < n; i++) {
        const int64_t g = group ? group[i] : i / block;
        w[i] = ((float)pare_nbits_code_ref(bits, packed, i) - zero[g]) * scale[g];
    }
}

void pare_nbits_round_ref(int64_t n, int64_t block, const float *x, float *q, float *scale)
{
    for (int64_t at = 0; at < n; at += block) {
        const int64_t end = n - at < block ? n : at + block;
        float largest = 0;
        for (int64_t i = at; i < end; i++) largest = fmaxf(largest, fabsf(x[i]));
        const float per_scale = largest == 0 ? 0 : 127 / largest;
        scale[at / block] = largest / 127;
        for (int64_t i = at; i < end; i++) q[i] = rintf(x[i] * per_scale);
    }
}
