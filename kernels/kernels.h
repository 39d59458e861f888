/* Kernels of one level, as a set. */
#ifndef KERNELS_KERNELS_H
#define KERNELS_KERNELS_H

#include "kernels/gemm_tile.h"
#include "kernels/isa.h"

typedef struct pare_kernels {
    pare_isa isa;
    pare_gemm_kernel gemm;
} pare_kernels;

/* The set of a level that this program was built with; NULL when it has none (other processors). */
const pare_kernels *pare_kernels_of(pare_isa isa);

#endif
