/* Pools and sums over rows, for channels that lie side by side: y[c] from x[0][c], x[1][c], ... */
#ifndef KERNELS_POOLING_H
#define KERNELS_POOLING_H

#include <stdint.h>

/* Pointers of x [n_taps] lead to n elements each; taps in the padding are left out. y [n] overlaps
 * none of them.
 * Maximum: the first tap, then every later one that is greater; so NaN stays when it comes first,
 * and of two zeros the first. -infinity without taps. */
typedef void pare_max_pool_fn(int64_t n_taps, const float *const *x, int64_t n, float *y);

/* Sum of the taps in the order of kernels/sum.h, divided by divisor. */
typedef void pare_average_pool_fn(int64_t n_taps, const float *const *x, int64_t n, float divisor,
                                  float *y);

pare_max_pool_fn pare_max_pool_ref;
pare_average_pool_fn pare_average_pool_ref;

/* Reductions over rows that lie at a distance: y[c] of x[r * stride + c], r < n_rows, c < n, rows
 * taken in the order of kernels/sum.h. y overlaps no input. */
typedef void pare_column_fn(int64_t n_rows, int64_t n, const float *x, int64_t stride, float *y);

/* Sum of (x - shift[c])^2, each square rounded before it is added. */
typedef void pare_column_squares_fn(int64_t n_rows, int64_t n, const float *x, int64_t stride,
                                    const float *shift, float *y);

pare_column_fn pare_column_sum_ref;
pare_column_squares_fn pare_column_squares_ref;

/* NaN if any element is; in the order of sums too, which tells which of two zeros it is. Infinite
 * without rows. */
pare_column_fn pare_column_max_ref, pare_column_min_ref;

#endif
