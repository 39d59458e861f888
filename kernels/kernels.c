#include "kernels/kernels.h"

#include "kernels/x86/avx2.h"
#include "kernels/x86/avx512.h"
#include "kernels/x86/avx512vnni.h"
#include "kernels/x86/avxvnni.h"

#include <stddef.h>
#include <string.h>

#if defined(__x86_64__)
static const pare_integer_kernels integers_avx2 = {
    .tile = { { 6, 16, pare_integer_tile_avx2 }, { 4, 16, pare_integer_tile_saturating_avx2 } },
    .depthwise = &pare_integer_depthwise_avx2, .depthwise_any = &pare_integer_depthwise_avx2,
    .row_sum = pare_integer_row_sum_avx2,
};

static const pare_integer_kernels integers_avxvnni = {
    .tile = { { 6, 16, pare_integer_tile_avxvnni }, { 4, 16, pare_integer_tile_saturating_avx2 } },
    .depthwise = &pare_integer_depthwise_avx2, .depthwise_any = &pare_integer_depthwise_avx2,
    .row_sum = pare_integer_row_sum_avx2,
};

static const pare_integer_kernels integers_avx512vnni = {
    .tile = { { 14, 32, pare_integer_tile_avx512vnni },
              { 4, 16, pare_integer_tile_saturating_avx2 } },
    .depthwise = &pare_integer_depthwise_avx512vnni,
    .depthwise_any = &pare_integer_depthwise_avx2,
    .row_sum = pare_integer_row_sum_avx2,
};

#define AVX2_SET(its_dots, its_integers)                                                           \
    { .isa = PARE_ISA_AVX2, .dots = (its_dots), .integers = (its_integers),                        \
      .gemm = { 6, 16, pare_gemm_tile_avx2, pare_pack_columns_avx2 },                              \
      .map = pare_maps_avx2, .map2 = pare_maps2_avx2, .compare = pare_compares_avx2,               \
      .affine = pare_affine_avx2, .select = pare_select_avx2,                                      \
      .depthwise = pare_depthwise_avx2, .depthwise_row = pare_depthwise_row_avx2,                  \
      .max_pool = pare_max_pool_avx2, .average_pool = pare_average_pool_avx2,                      \
      .column_sum = pare_column_sum_avx2, .column_squares = pare_column_squares_avx2,              \
      .column_max = pare_column_max_avx2, .column_min = pare_column_min_avx2,                      \
      .move = pare_move_avx2, .row = &pare_rows_avx2,                                              \
      .narrow = &pare_narrow_avx2, .tally = &pare_tally_avx2, .bytes = &pare_bytes_avx2,           \
      .nbits = &pare_nbits_avx2, .winograd = pare_winograd_avx2 }

#define AVX512_SET(its_dots, its_integers)                                                         \
    { .isa = PARE_ISA_AVX512, .dots = (its_dots), .integers = (its_integers),                      \
      .gemm = { 14, 32, pare_gemm_tile_avx512, pare_pack_columns_avx512 },                         \
      .map = pare_maps_avx512, .map2 = pare_maps2_avx2, .compare = pare_compares_avx2,             \
      .affine = pare_affine_avx2, .select = pare_select_avx2,                                      \
      .depthwise = pare_depthwise_avx512, .depthwise_row = pare_depthwise_row_avx512,              \
      .max_pool = pare_max_pool_avx2, .average_pool = pare_average_pool_avx2,                      \
      .column_sum = pare_column_sum_avx2, .column_squares = pare_column_squares_avx2,              \
      .column_max = pare_column_max_avx2, .column_min = pare_column_min_avx2,                      \
      .move = pare_move_avx2, .row = &pare_rows_avx512,                                            \
      .narrow = &pare_narrow_avx2, .tally = &pare_tally_avx2, .bytes = &pare_bytes_avx512,         \
      .nbits = &pare_nbits_avx512, .winograd = pare_winograd_avx512 }
#endif

static const pare_kernels sets[] = {
    {
        .isa = PARE_ISA_SCALAR,
        .integers = &pare_integers_ref,
        .gemm = { 4, 16, pare_gemm_tile_ref, pare_pack_columns_ref },
        .map = pare_maps_ref, .map2 = pare_maps2_ref, .compare = pare_compares_ref,
        .affine = pare_affine_ref, .select = pare_select_ref,
        .depthwise = pare_depthwise_ref, .depthwise_row = pare_depthwise_row_ref,
        .max_pool = pare_max_pool_ref, .average_pool = pare_average_pool_ref,
        .column_sum = pare_column_sum_ref, .column_squares = pare_column_squares_ref,
        .column_max = pare_column_max_ref, .column_min = pare_column_min_ref,
        .move = pare_move_ref, .row = &pare_rows_ref,
        .narrow = &pare_narrow_ref, .tally = &pare_tally_ref, .bytes = &pare_bytes_ref,
        .nbits = &pare_nbits_ref, .winograd = pare_winograd_ref,
    },
#if defined(__x86_64__)
    AVX2_SET(PARE_DOTS_NONE, &integers_avx2),
    AVX2_SET(PARE_DOTS_AVX_VNNI, &integers_avxvnni),
    AVX512_SET(PARE_DOTS_NONE, &integers_avx2),
    AVX512_SET(PARE_DOTS_AVX512_VNNI, &integers_avx512vnni),
#endif
};

const pare_kernels *pare_kernels_with(pare_isa isa, pare_dots dots)
{
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
        if (sets[i].isa == isa && sets[i].dots == dots) return &sets[i];
    return NULL;
}

const pare_kernels *pare_kernels_of(pare_isa isa)
{
    return pare_kernels_with(isa, pare_dots_best(isa));
}

const pare_kernels *pare_kernels_named(const char *name)
{
    static const char suffix[] = "-novnni";
    for (int i = 0; i < PARE_N_ISAS && i <= (int)pare_isa_best(); i++) {
        const size_t n = strlen(pare_isa_name((pare_isa)i));
        if (strncmp(name, pare_isa_name((pare_isa)i), n) != 0) continue;
        if (!name[n]) return pare_kernels_of((pare_isa)i);
        if (strcmp(name + n, suffix) == 0) return pare_kernels_with((pare_isa)i, PARE_DOTS_NONE);
    }
    return NULL;
}
