#include "kernels/kernels.h"

#include "kernels/x86/avx2.h"

#include <stddef.h>

static const pare_kernels sets[] = {
    {
        .isa = PARE_ISA_SCALAR,
        .gemm = { 4, 16, pare_gemm_tile_ref },
        .map = pare_maps_ref, .map2 = pare_maps2_ref, .compare = pare_compares_ref,
        .affine = pare_affine_ref, .select = pare_select_ref,
    },
#if defined(__x86_64__)
    {
        .isa = PARE_ISA_AVX2,
        .gemm = { 6, 16, pare_gemm_tile_avx2 },
        .map = pare_maps_avx2, .map2 = pare_maps2_avx2, .compare = pare_compares_avx2,
        .affine = pare_affine_avx2, .select = pare_select_avx2,
    },
#endif
};

const pare_kernels *pare_kernels_of(pare_isa isa)
{
    for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++)
        if (sets[i].isa == isa) return &sets[i];
    return NULL;
}
