/* Determinants. */
#ifndef KERNELS_DETERMINANT_H
#define KERNELS_DETERMINANT_H

#include <stdint.h>

/* Determinant of a [n, n], which is changed. 1 for n = 0.
 * The definition: elimination column by column. The first row with the largest absolute value in
 * column k, from row k on, changes places with row k; then rows i below become
 * a[i,j] = fma(-(a[i,k] / a[k,k]), a[k,j], a[i,j]). The result is the product of the a[k,k] in
 * order, negated with each change; 0 as soon as one of them is 0. */
float pare_determinant_f32_ref(int64_t n, float *a);
double pare_determinant_f64_ref(int64_t n, double *a);

#endif
