/* Sums in a fixed order. */
#ifndef KERNELS_SUM_H
#define KERNELS_SUM_H

#include <stdint.h>

/* Sum of x[0..n). The definition: element i is added to partial sum i mod 16, in ascending i; the
 * 16 partials are then added as a tree: p[j] += p[j + 8], then + 4, + 2, + 1. 0 for n = 0. */
float pare_sum_f32_ref(int64_t n, const float *x);
double pare_sum_f64_ref(int64_t n, const double *x);

/* Sum of (x[i] - shift)^2 in the same order, each square rounded before it is added. */
float pare_sum_squares_f32_ref(int64_t n, const float *x, float shift);
double pare_sum_squares_f64_ref(int64_t n, const double *x, double shift);

#endif
