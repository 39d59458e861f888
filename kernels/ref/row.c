#include "kernels/row.h"

static void softmax_rows(int64_t n_rows, int64_t n, const float *x, int64_t x_step, float *y,
                         int64_t y_step)
{
    for (int64_t r = 0; r < n_rows; r++) pare_softmax_f32_ref(n, x + r * x_step, y + r * y_step);
}

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
    .softmax_rows = softmax_rows,
    .layer_norm = pare_layer_norm_f32_ref,
    .rms_norm = pare_rms_norm_f32_ref,
};
