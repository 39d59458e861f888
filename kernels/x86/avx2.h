/* Kernels for AVX2 with FMA and F16C; each gives the bits of its reference. Their files alone are
 * compiled for that level, so nothing here may be called before the processor was asked. */
#ifndef KERNELS_X86_AVX2_H
#define KERNELS_X86_AVX2_H

#include "kernels/bytes.h"
#include "kernels/cut.h"
#include "kernels/depthwise.h"
#include "kernels/gemm_tile.h"
#include "kernels/integers.h"
#include "kernels/map.h"
#include "kernels/map2.h"
#include "kernels/move.h"
#include "kernels/narrow.h"
#include "kernels/nbits.h"
#include "kernels/pooling.h"
#include "kernels/row.h"
#include "kernels/tally.h"
#include "kernels/winograd.h"

pare_gemm_tile_fn pare_gemm_tile_avx2; /* 6 rows, panels of 16 */
pare_pack_columns_fn pare_pack_columns_avx2;

extern pare_map_fn *const pare_maps_avx2[PARE_N_MAPS];
extern pare_map2_fn *const pare_maps2_avx2[PARE_N_MAPS2];
extern pare_compare_fn *const pare_compares_avx2[PARE_N_COMPARES];
pare_affine_fn pare_affine_avx2;
pare_select_fn pare_select_avx2;

pare_depthwise_fn pare_depthwise_avx2;
pare_depthwise_row_fn pare_depthwise_row_avx2;

pare_max_pool_fn pare_max_pool_avx2;
pare_average_pool_fn pare_average_pool_avx2;
pare_column_fn pare_column_sum_avx2, pare_column_max_avx2, pare_column_min_avx2;
pare_column_squares_fn pare_column_squares_avx2;

pare_move_fn pare_move_avx2;

extern const pare_row_kernels pare_rows_avx2;

extern const pare_narrow_kernels pare_narrow_avx2;

extern const pare_tally_kernels pare_tally_avx2;
pare_cut_fn pare_cut_avx2;

extern const pare_byte_kernels pare_bytes_avx2;

extern const pare_winograd_kernels pare_winograd_avx2[PARE_N_WINOGRADS];

extern const pare_nbits_kernels pare_nbits_avx2; /* panels of 16 */
pare_nbits_pack_fn pare_nbits_pack_avx2;
pare_nbits_round_fn pare_nbits_round_avx2;

pare_integer_tile_fn pare_integer_tile_avx2;            /* 6 rows, panels of 16 */
pare_integer_tile_fn pare_integer_tile_saturating_avx2; /* 4 rows, panels of 16 */
pare_integer_row_sum_fn pare_integer_row_sum_avx2;
extern const pare_integer_depthwise_kernel pare_integer_depthwise_avx2;

#endif
