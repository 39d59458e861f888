/* Negative log-likelihood: for each label the logarithm of the probability that was given to it. */
#ifndef KERNELS_LOSS_H
#define KERNELS_LOSS_H

#include <stdint.h>

/* scores [n, classes, d], labels [n, d]; for position (i, j) with label c:
 *   loss[i, j] = -scores[i, c, j] * weight[c], counted[i, j] = weight[c]; both 0 for the label that
 *   is ignored.
 *   weight [classes], or NULL for 1
 *   ignored   the label that does not count, or NULL: all do
 * Returns -1, or the first position in labels whose label is neither a class nor ignored. */
int64_t pare_nll_f32_ref(int64_t n, int64_t classes, int64_t d, const float *scores,
                         const int64_t *labels, const float *weight, const int64_t *ignored,
                         float *loss, float *counted);
int64_t pare_nll_f64_ref(int64_t n, int64_t classes, int64_t d, const double *scores,
                         const int64_t *labels, const double *weight, const int64_t *ignored,
                         double *loss, double *counted);

#endif
