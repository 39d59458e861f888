/* Kernels for AVX-512 (F, DQ, BW, VL) beside those for AVX2, which that level uses for all else.
 * The same rules hold: their files alone are compiled for it. */
#ifndef KERNELS_X86_AVX512_H
#define KERNELS_X86_AVX512_H

#include "kernels/bytes.h"
#include "kernels/cut.h"
#include "kernels/depthwise.h"
#include "kernels/gemm_tile.h"
#include "kernels/map.h"
#include "kernels/nbits.h"
#include "kernels/row.h"
#include "kernels/winograd.h"

pare_gemm_tile_fn pare_gemm_tile_avx512; /* 14 rows, panels of 32 */
pare_pack_columns_fn pare_pack_columns_avx512; /* multiples of 16 */

extern pare_map_fn *const pare_maps_avx512[PARE_N_MAPS];

pare_depthwise_fn pare_depthwise_avx512;
pare_depthwise_row_fn pare_depthwise_row_avx512;

extern const pare_byte_kernels pare_bytes_avx512;

extern const pare_nbits_kernels pare_nbits_avx512; /* panels of 32 */
extern const pare_row_kernels pare_rows_avx512;
pare_cut_fn pare_cut_avx512;

extern const pare_winograd_kernels pare_winograd_avx512[PARE_N_WINOGRADS];

#endif
