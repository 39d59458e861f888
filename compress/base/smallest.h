/* The k floats of least size among many: by counting, not by sorting. */
#ifndef PARE_BASE_SMALLEST_H
#define PARE_BASE_SMALLEST_H

#include "base/pool.h"

/* A run of floats. */
typedef struct pare_float_run {
    float *x;
    uint64_t n;
} pare_float_run;

/* Makes the k numbers of least |x| zero, exactly k of them; of equal ones the first, in the order
 * of the runs. Numbers that are zero count among them; NaN is larger than all. k is at most the
 * number of all. ENOMEM. */
pare_status pare_zero_smallest(pare_ctx *ctx, pare_pool *pool, const pare_float_run *runs,
                               size_t n_runs, uint64_t k);

#endif
