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

#endif
