#include "kernels/kernels.h"

#include "kernels/x86/avx2.h"
#include "kernels/x86/avx512.h"

#include <stddef.h>

static const pare_kernels sets[] = {
    {
        .isa = PARE_ISA_SCALAR,
        .gemm = { 4, 16, pare_gemm_tile_ref },
        .map = pare_maps_ref, .map2 = pare_maps2_ref, .compare = pare_compares_ref,
        .affine = pare_affine_ref, .select = pare_select_ref,
        .depthwise = pare_depthwise_ref, .depthwise_row = pare_depthwise_row_ref,
        .max_pool = pare_max_pool_ref, .average_pool = pare_average_pool_ref,
        .column_sum = pare_column_sum_ref, .column_squares = pare_column_squares_ref,
        .column_max = pare_column_max_ref, .column_min = pare_column_min_ref,
        .move = pare_move_ref, .row = &pare_rows_ref,
        .narrow = &pare_narrow_ref, .tally = &pare_tally_ref, .bytes = &pare_bytes_ref,
        .winograd = &pare_winograd_ref,
    },
#if defined(__x86_64__)
    {
        .isa = PARE_ISA_AVX2,
        .gemm = { 6, 16, pare_gemm_tile_avx2 },
        .map = pare_maps_avx2, .map2 = pare_maps2_avx2, .compare = pare_compares_avx2,
        .affine = pare_affine_avx2, .select = pare_select_avx2,
        .depthwise = pare_depthwise_avx2, .depthwise_row = pare_depthwise_row_avx2,
        .max_pool = pare_max_pool_avx2, .average_pool = pare_average_pool_avx2,
        .column_sum = pare_column_sum_avx2, .column_squares = pare_column_squares_avx2,
        .column_max = pare_column_max_avx2, .column_min = pare_column_min_avx2,
        .move = pare_move_avx2, .row = &pare_rows_avx2,
        .narrow = &pare_narrow_avx2, .tally = &pare_tally_avx2, .bytes = &pare_bytes_ref,
        .winograd = &pare_winograd_avx2,
    },
    {
        .isa = PARE_ISA_AVX512,
        .gemm = { 14, 32, pare_gemm_tile_avx512 },
        .map = pare_maps_avx2, .map2 = pare_maps2_avx2, .compare = pare_compares_avx2,
        .affine = pare_affine_avx2, .select = pare_select_avx2,
        .depthwise = pare_depthwise_avx2, .depthwise_row = pare_depthwise_row_avx2,
        .max_pool = pare_max_pool_avx2, .average_pool = pare_average_pool_avx2,
        .column_sum = pare_column_sum_avx2, .column_squares = pare_column_squares_avx2,
        .column_max = pare_column_max_avx2, .column_min = pare_column_min_avx2,
        .move = pare_move_avx2, .row = &pare_rows_avx2,
        .narrow = &pare_narrow_avx2, .tally = &pare_tally_avx2, .bytes = &pare_bytes_ref,
        .winograd = &pare_winograd_avx512,
    },
#endif
};

const pare_kernels *pare_kernels_of(pare_isa isa)
{
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
        if (sets[i].isa == isa) return &sets[i];
    return NULL;
}
