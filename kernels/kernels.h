/* Kernels of one level, as a set. */
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include "kernels/bytes.h"
#include "kernels/depthwise.h"
#include "kernels/gemm_tile.h"
#include "kernels/integers.h"
#include "kernels/isa.h"
#include "kernels/map.h"
#include "kernels/map2.h"
#include "kernels/move.h"
#include "kernels/narrow.h"
#include "kernels/nbits.h"
#include "kernels/pooling.h"
#include "kernels/row.h"
#include "kernels/tally.h"
#include "kernels/winograd.h"

typedef struct pare_kernels {
    pare_isa isa;
    pare_dots dots;
    pare_gemm_kernel gemm;
    const pare_integer_kernels *integers;
    pare_map_fn *const *map;  /* [PARE_N_MAPS] */
    pare_map2_fn *const *map2; /* [PARE_N_MAPS2] */
    pare_compare_fn *const *compare; /* [PARE_N_COMPARES] */
    pare_affine_fn *affine;
    pare_select_fn *select;
    pare_depthwise_fn *depthwise;
    pare_depthwise_row_fn *depthwise_row;
    pare_max_pool_fn *max_pool;
    pare_average_pool_fn *average_pool;
    pare_column_fn *column_sum, *column_max, *column_min;
    pare_column_squares_fn *column_squares;
    pare_move_fn *move;
    const pare_row_kernels *row;
    const pare_narrow_kernels *narrow;
    const pare_tally_kernels *tally;
    const pare_byte_kernels *bytes;
    const pare_nbits_kernels *nbits;
    const pare_winograd_kernels *winograd; /* [PARE_N_WINOGRADS] */
} pare_kernels;

/* The set of a level that this program was built with, with the dot products that this processor
 * has, if it runs that level; NULL when there is none (other processors). */
const pare_kernels *pare_kernels_of(pare_isa isa);

/* The same with these dot products, or without; NULL when there is no such set. */
const pare_kernels *pare_kernels_with(pare_isa isa, pare_dots dots);

/* By name, for tests: that of a level ("avx2"), or with "-novnni" behind it for the set without dot
 * products. NULL when no set has it, or this processor does not run it. */
const pare_kernels *pare_kernels_named(const char *name);

#endif
