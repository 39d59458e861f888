/* Softmax of a row, and what it is made of. A row over several axes is a sequence in row-major
 * order of those axes.
 *
 * The definition: m = the largest element, NaN left out; e[i] = pare_exp_f32_ref(x[i] - m); s = sum
 * of e in the order of kernels/sum.h; y[i] = e[i] / s, a division (not a product with 1 / s). NaN
 * anywhere, +infinity, or nothing but -infinity make every y NaN. */
#ifndef KERNELS_SOFTMAX_H
#define KERNELS_SOFTMAX_H

#include <stdint.h>

/* x [n], y [n]; y may be x. */
void pare_softmax_f32_ref(int64_t n, const float *x, float *y);
void pare_softmax_f64_ref(int64_t n, const double *x, double *y);

/* y[i] = (x[i] - m) - pare_log_f32_ref(s) */
void pare_log_softmax_f32_ref(int64_t n, const float *x, float *y);
void pare_log_softmax_f64_ref(int64_t n, const double *x, double *y);

/* 1 at the first of the largest elements (pare_arg_f32_ref), else 0. y may be x. */
void pare_hardmax_f32_ref(int64_t n, const float *x, float *y);
void pare_hardmax_f64_ref(int64_t n, const double *x, double *y);

/* m above: the largest element that is a number, -infinity if there is none. */
float pare_row_max_f32_ref(int64_t n, const float *x);
double pare_row_max_f64_ref(int64_t n, const double *x);

/* Sum of e^(x[i] - shift) in the order of kernels/sum.h. */
float pare_sum_exp_f32_ref(int64_t n, const float *x, float shift);
double pare_sum_exp_f64_ref(int64_t n, const double *x, double shift);

#endif
