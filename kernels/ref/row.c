#include "kernels/row.h"

const pare_row_kernels pare_rows_ref = {
    .sum = pare_sum_f32_ref,
    .sum_squares = pare_sum_squares_f32_ref,
    .sum_sizes = pare_reduce_l1_f32_ref,
    .product = pare_reduce_prod_f32_ref,
    .max = pare_reduce_max_f32_ref,
    .min = pare_reduce_min_f32_ref,
    .sum_exp = pare_sum_exp_f32_ref,
    .arg = pare_arg_f32_ref,
    .softmax = pare_softmax_f32_ref,
    .log_softmax = pare_log_softmax_f32_ref,
    .layer_norm = pare_layer_norm_f32_ref,
    .rms_norm = pare_rms_norm_f32_ref,
};
