/* What is done to whole rows of floats: the forms of functions that sum.h, reduce.h, softmax.h and
 * norm.h define. Levels give the bits of the reference, but of a NaN its sign and payload. */
#ifndef KERNELS_ROW_H
#define KERNELS_ROW_H

#include "kernels/norm.h"
#include "kernels/reduce.h"
#include "kernels/softmax.h"
#include "kernels/sum.h"

typedef float pare_sum_squares_fn(int64_t n, const float *x, float shift);
typedef int64_t pare_arg_fn(int64_t n, const float *x, bool smallest, bool last);
typedef void pare_softmax_fn(int64_t n, const float *x, float *y);
/* Softmax of rows whose first elements are x_step apart, and y_step in y. y may be x, in its
 * step. */
typedef void pare_softmax_rows_fn(int64_t n_rows, int64_t n, const float *x, int64_t x_step,
                                  float *y, int64_t y_step);
typedef void pare_layer_norm_fn(int64_t n, const float *x, const float *scale, const float *bias,
                                double epsilon, float *y, float *mean, float *inverse);
typedef void pare_rms_norm_fn(int64_t n, const float *x, const float *scale, double epsilon,
                              float *y, float *inverse);

/* Of one level. */
typedef struct pare_row_kernels {
    pare_reduce_f32 *sum;         /* pare_sum_f32_ref */
    pare_sum_squares_fn *sum_squares; /* pare_sum_squares_f32_ref */
    pare_reduce_f32 *sum_sizes;   /* pare_reduce_l1_f32_ref */
    pare_reduce_f32 *product;     /* pare_reduce_prod_f32_ref */
    pare_reduce_f32 *max, *min;   /* pare_reduce_max_f32_ref, .. */
    pare_sum_squares_fn *sum_exp; /* pare_sum_exp_f32_ref */
    pare_arg_fn *arg;             /* pare_arg_f32_ref */
    pare_softmax_fn *softmax, *log_softmax; /* pare_softmax_f32_ref, .. */
    pare_softmax_rows_fn *softmax_rows;
    pare_layer_norm_fn *layer_norm; /* pare_layer_norm_f32_ref */
    pare_rms_norm_fn *rms_norm;   /* pare_rms_norm_f32_ref */
} pare_row_kernels;

extern const pare_row_kernels pare_rows_ref;

#endif
