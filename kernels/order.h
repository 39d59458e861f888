/* Putting things in order. */
#ifndef KERNELS_ORDER_H
#define KERNELS_ORDER_H

#include <stdint.h>

/* Keys of n numbers: integers that stand in the same order. 0 and -0 have one key, and so have all
 * NaNs, which come after every number. An int64 is its own key. */
void pare_keys_f32_ref(int64_t n, const float *x, int64_t *keys);
void pare_keys_f64_ref(int64_t n, const double *x, int64_t *keys);
void pare_keys_u64_ref(int64_t n, const uint64_t *x, int64_t *keys);

/* at [k]: the positions of the k largest of n keys, largest first; among equal ones the one further
 * in front. 0 <= k <= n. */
void pare_top_k_ref(int64_t n, const int64_t *keys, int64_t k, int64_t *at);

/* Less than, equal to or greater than 0, as for qsort, for the things with these numbers. */
typedef int pare_compare(const void *user, int64_t a, int64_t b);

/* Sorts n numbers of things; equal ones stay in the order they had. room [n] is scratch. */
void pare_sort_ref(int64_t n, int64_t *at, int64_t *room, pare_compare *compare, const void *user);

#endif
