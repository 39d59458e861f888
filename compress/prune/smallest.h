/* The k floats of least size among many: by counting, not by sorting. */
#ifndef PARE_PRUNE_SMALLEST_H
#define PARE_PRUNE_SMALLEST_H

#include "base/pool.h"
#include "kernels/cut.h"

/* Floats, and where they go: [n] each, which do not overlap. */
typedef struct pare_float_run {
    const float *from;
    float *to;
    uint64_t n;
} pare_float_run;

/* Copies all runs, the k numbers of least |x| as 0, exactly k of them; of equal ones the first, in
 * the order of the runs. Numbers that are zero count among them; NaN is larger than all. k is at
 * most the number of all. ENOMEM. The same bits at any number of threads. */
pare_status pare_zero_smallest(pare_ctx *ctx, pare_pool *pool, pare_cut_fn *cut,
                               const pare_float_run *runs, size_t n_runs, uint64_t k);

#endif
