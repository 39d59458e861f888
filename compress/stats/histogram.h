/* A histogram that grows with what it sees, in fixed memory.
 *
 * Bins are 2^exponent wide and begin at multiples of that. The width is the smallest power of two
 * with which PARE_HISTOGRAM_BINS cover everything seen, so that growing only ever joins whole bins,
 * and the result depends on the numbers alone, not on their order or on who counted them. */
#ifndef PARE_STATS_HISTOGRAM_H
#define PARE_STATS_HISTOGRAM_H

#include "kernels/kernels.h"

#include <stdint.h>

enum { PARE_HISTOGRAM_BINS = 2048 };

typedef struct pare_histogram {
    uint64_t n;               /* finite numbers */
    uint64_t n_bad;           /* infinite ones and NaN, counted nowhere else */
    uint64_t n_zero; /* exact zeros, which are in their bin, too: half of what a ReLU gives */
    float min, max;           /* of the finite ones; meaningless while n is 0 */
    int32_t exponent;
    int32_t first;            /* bin b holds [first + b, first + b + 1) * 2^exponent */
    uint64_t counts[PARE_HISTOGRAM_BINS];
} pare_histogram;

void pare_histogram_init(pare_histogram *h);

/* Adds n_rows rows of n numbers, which begin stride apart. */
void pare_histogram_add_rows(pare_histogram *h, const pare_kernels *kernels, int64_t n_rows,
                             int64_t n, const float *x, int64_t stride);

/* Adds x [n]. */
void pare_histogram_add(pare_histogram *h, const pare_kernels *kernels, int64_t n, const float *x);

/* Adds what another one has counted. */
void pare_histogram_merge(pare_histogram *h, const pare_histogram *other);

/* Whether what was read from somewhere can be a histogram with so many bins in use: bins are where
 * min and max say, and no more are there than fit. Counts are not looked at. */
bool pare_histogram_is_sound(const pare_histogram *h, uint64_t used);

/* Number of bins from the first to the one that holds max; 0 while n is 0. */
uint32_t pare_histogram_used(const pare_histogram *h);

/* Lower edge of bin b; b may be pare_histogram_used. */
double pare_histogram_edge(const pare_histogram *h, uint32_t b);

#endif
