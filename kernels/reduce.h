/* Reductions of a sequence to one number, and the position of its extremes.
 *
 * The definition: elements are taken in the order of kernels/sum.h, whatever is done to them:
 * element i goes to partial i mod 16, in ascending i, and the partials are combined as its tree.
 * The elements of a reduction over several axes are a sequence in row-major order of those axes.
 * Integers wrap. */
#ifndef KERNELS_REDUCE_H
#define KERNELS_REDUCE_H

#include <stdbool.h>
#include <stdint.h>

typedef float pare_reduce_f32(int64_t n, const float *x);
typedef double pare_reduce_f64(int64_t n, const double *x);
typedef int64_t pare_reduce_i64(int64_t n, const int64_t *x);
typedef uint64_t pare_reduce_u64(int64_t n, const uint64_t *x);

/* Of pare_max and pare_min: NaN if any element is. Without elements, the other end of the type. */
pare_reduce_f32 pare_reduce_max_f32_ref, pare_reduce_min_f32_ref;
pare_reduce_f64 pare_reduce_max_f64_ref, pare_reduce_min_f64_ref;
pare_reduce_i64 pare_reduce_max_i64_ref, pare_reduce_min_i64_ref;
pare_reduce_u64 pare_reduce_max_u64_ref, pare_reduce_min_u64_ref;

/* 1 without elements. */
pare_reduce_f32 pare_reduce_prod_f32_ref;
pare_reduce_f64 pare_reduce_prod_f64_ref;
pare_reduce_i64 pare_reduce_prod_i64_ref;
pare_reduce_u64 pare_reduce_prod_u64_ref;

/* Sum of x[i] (floats: pare_sum_f32_ref), of |x[i]|, of x[i]^2, each square rounded. */
pare_reduce_i64 pare_reduce_sum_i64_ref, pare_reduce_l1_i64_ref, pare_reduce_sum_square_i64_ref;
pare_reduce_u64 pare_reduce_sum_u64_ref, pare_reduce_sum_square_u64_ref;
pare_reduce_f32 pare_reduce_l1_f32_ref, pare_reduce_sum_square_f32_ref;
pare_reduce_f64 pare_reduce_l1_f64_ref, pare_reduce_sum_square_f64_ref;

/* Sum / n, NaN without elements; integers towards zero, 0 without elements. */
pare_reduce_f32 pare_reduce_mean_f32_ref;
pare_reduce_f64 pare_reduce_mean_f64_ref;
pare_reduce_i64 pare_reduce_mean_i64_ref;
pare_reduce_u64 pare_reduce_mean_u64_ref;

/* sqrt(sum of squares); log(sum); m + log(sum of e^(x[i] - m)) with m the maximum, m itself when it
 * is infinite. */
pare_reduce_f32 pare_reduce_l2_f32_ref, pare_reduce_log_sum_f32_ref;
pare_reduce_f32 pare_reduce_log_sum_exp_f32_ref;
pare_reduce_f64 pare_reduce_l2_f64_ref, pare_reduce_log_sum_f64_ref;
pare_reduce_f64 pare_reduce_log_sum_exp_f64_ref;

/* Position of the largest element (smallest: of the smallest), the first of equal ones or the last.
 * NaN counts as beyond every number. n is at least 1. */
int64_t pare_arg_f32_ref(int64_t n, const float *x, bool smallest, bool last);
int64_t pare_arg_f64_ref(int64_t n, const double *x, bool smallest, bool last);
int64_t pare_arg_i64_ref(int64_t n, const int64_t *x, bool smallest, bool last);
int64_t pare_arg_u64_ref(int64_t n, const uint64_t *x, bool smallest, bool last);

#endif
