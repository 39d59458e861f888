/* Kernels for AVX2 with FMA; each gives the bits of its reference. These files alone are compiled
 * for that level, so nothing here may be called before the processor was asked. */
#ifndef KERNELS_X86_AVX2_H
#define KERNELS_X86_AVX2_H

#include "kernels/gemm_tile.h"

pare_gemm_tile_fn pare_gemm_tile_avx2; /* 6 rows, panels of 16 */

#endif
