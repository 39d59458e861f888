#include "kernels/integers.h"

const pare_integer_kernels pare_integers_ref = {
    .tile = { { 4, 16, pare_integer_tile_ref }, { 4, 16, pare_integer_tile_saturating_ref } },
    .depthwise = &pare_integer_depthwise_ref, .depthwise_any = &pare_integer_depthwise_ref,
    .row_sum = pare_integer_row_sum_ref,
};
