/* Kernels for AVX-VNNI, dot products of bytes in 256 bits, beside those for AVX2. */
#ifndef KERNELS_X86_AVXVNNI_H
#define KERNELS_X86_AVXVNNI_H

#include "kernels/integers.h"

pare_integer_tile_fn pare_integer_tile_avxvnni; /* 6 rows, panels of 16 */

#endif
