/* Integer kernels of one level, as a set. */
#ifndef KERNELS_INTEGERS_H
#define KERNELS_INTEGERS_H

#include "kernels/integer_depthwise.h"
#include "kernels/integer_tile.h"

/* How products of 8 bits are added up. */
typedef enum pare_sums {
    PARE_SUMS_EXACT,
    PARE_SUMS_SATURATING,     /* see pare_integer_tile_saturating_ref */
    PARE_N_SUMS,
} pare_sums;

typedef struct pare_integer_kernels {
    pare_integer_kernel tile[PARE_N_SUMS];
    const pare_integer_depthwise_kernel *depthwise; /* of uint8 x, weights that fit int8 */
    const pare_integer_depthwise_kernel *depthwise_any; /* of any x, weights as of the reference */
    pare_integer_row_sum_fn *row_sum;
} pare_integer_kernels;

extern const pare_integer_kernels pare_integers_ref;

#endif
