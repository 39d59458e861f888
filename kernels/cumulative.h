/* Running sums and products.
 *
 * x[i] becomes the sum (product) of x[0..i]: one chain in ascending i, which cannot be regrouped
 * without changing the result. Integers wrap.
 *   exclusive     of x[0..i) instead: the first is 0 (1)
 *   reverse       from the end: of x[i..n), or x(i..n), the chain in descending i */
#ifndef KERNELS_CUMULATIVE_H
#define KERNELS_CUMULATIVE_H

#include <stdbool.h>
#include <stdint.h>

void pare_cum_sum_f32_ref(int64_t n, float *x, bool exclusive, bool reverse);
void pare_cum_sum_f64_ref(int64_t n, double *x, bool exclusive, bool reverse);
void pare_cum_sum_i64_ref(int64_t n, int64_t *x, bool exclusive, bool reverse);
void pare_cum_sum_u64_ref(int64_t n, uint64_t *x, bool exclusive, bool reverse);

void pare_cum_prod_f32_ref(int64_t n, float *x, bool exclusive, bool reverse);
void pare_cum_prod_f64_ref(int64_t n, double *x, bool exclusive, bool reverse);
void pare_cum_prod_i64_ref(int64_t n, int64_t *x, bool exclusive, bool reverse);
void pare_cum_prod_u64_ref(int64_t n, uint64_t *x, bool exclusive, bool reverse);

#endif
