/* Kernels for AVX-512 VNNI, dot products of bytes in 512 bits, beside those for AVX-512. */
#ifndef KERNELS_X86_AVX512VNNI_H
#define KERNELS_X86_AVX512VNNI_H

#include "kernels/integers.h"

pare_integer_tile_fn pare_integer_tile_avx512vnni; /* 14 rows, panels of 32 */

extern const pare_integer_depthwise_kernel pare_integer_depthwise_avx512vnni;

#endif
