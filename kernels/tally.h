/* What a row of floats holds: its extremes, and how many numbers lie in bins of equal width. Levels
 * give the results of the reference exactly. */
#ifndef KERNELS_TALLY_H
#define KERNELS_TALLY_H

#include <stdint.h>

/* Of finite numbers; starts as { INFINITY, -INFINITY, 0, 0 }. Of two zeros either may be the
 * extreme. */
typedef struct pare_extent {
    float min, max;
    int64_t n_bad;            /* infinite ones and NaN, which count nowhere else */
    int64_t n_zero;           /* of either sign */
} pare_extent;

/* Widens *extent by x [n]. */
typedef void pare_extent_fn(int64_t n, const float *x, pare_extent *extent);

/* Counts are kept in several lanes, so that equal neighbours need not wait for each other: bin b is
 * the sum of counts[b * PARE_TALLY_LANES + l]. The bin behind the last takes what is in none. */
enum { PARE_TALLY_LANES = 4 };

/* x[i] goes into bin floor(x[i] * per_width) - first, one of n_bins, which are at most 2^16;
 * per_width is a power of two. counts [(n_bins + 1) * PARE_TALLY_LANES]; |first| <= 2^23. */
typedef void pare_tally_fn(int64_t n, const float *x, float per_width, int32_t first,
                           uint32_t n_bins, uint32_t *counts);

typedef struct pare_tally_kernels {
    pare_extent_fn *extent;
    pare_tally_fn *tally;
} pare_tally_kernels;

extern const pare_tally_kernels pare_tally_ref;

#endif
