/* Weights of 1 to 8 bits, packed without gaps: code i takes bits [i * bits, (i + 1) * bits) of the
 * bytes, the lowest bit of a byte first. */
#ifndef KERNELS_NBITS_H
#define KERNELS_NBITS_H

#include <stdint.h>

/* Code i. */
uint8_t pare_nbits_code_ref(int bits, const uint8_t *packed, int64_t i);

/* w[i] = (code i - zero[g]) * scale[g] for i < n, each operation rounded; g is group[i], or
 * i / block where group is NULL. */
void pare_nbits_dequantize_ref(int bits, int64_t n, const uint8_t *packed, int64_t block,
                               const int32_t *group, const float *scale, const float *zero,
                               float *w);

/* x [n] in whole numbers from -127 to 127, in blocks of `block` (the last one may be shorter):
 * x[i] is about q[i] * scale[i / block], scale being the largest magnitude of the block / 127 and
 * q[i] x[i] * (127 / largest), rounded to the nearest, halves to even; all 0 where that is 0. */
void pare_nbits_round_ref(int64_t n, int64_t block, const float *x, float *q, float *scale);

#endif
