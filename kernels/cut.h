/* Numbers below a size become zero. Levels give the results of the reference exactly. */
#ifndef KERNELS_CUT_H
#define KERNELS_CUT_H

#include "kernels/isa.h"

#include <stdint.h>

/* Copies x [n] to y [n], but with 0 where the size of x[i] is below `low`; sizes are the bits of
 * |x[i]| as a number, so that NaN is above all. Places i of those from low to high go to places, in
 * ascending order; it has room for n_places, a multiple of 16, beyond which nothing is written.
 * Returns how many are below low; *n_within: how many lie within, written or not. y does not
 * overlap x. n below 2^31; low and high below 2^31. */
typedef int64_t pare_cut_fn(int64_t n, const float *x, uint32_t low, uint32_t high, float *y,
                            uint32_t *places, int64_t n_places, int64_t *n_within);

pare_cut_fn pare_cut_ref;

/* That of a level, which this processor runs. */
pare_cut_fn *pare_cut_of(pare_isa isa);

#endif
