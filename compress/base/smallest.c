#include "base/smallest.h"

#include <string.h>

enum { BINS = 1 << 16, LOW_BITS = 15 };

static uint32_t size_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits & 0x7fffffffU;
}

/* The bin that holds number k (from 1 on) of all; *before: how many are in those below it. */
static uint32_t find_bin(const uint64_t *bins, uint64_t k, uint64_t *before)
{
    uint32_t b = 0;
    *before = 0;
    while (*before + bins[b] < k) *before += bins[b++];
    return b;
}

static void apply(const pare_float_run *runs, size_t n_runs, uint32_t threshold, uint64_t n_equal)
{
    for (size_t r = 0; r < n_runs; r++)
        for (uint64_t i = 0; i < runs[r].n; i++) {
            const uint32_t size = size_of(runs[r].x[i]);
            if (size > threshold || (size == threshold && !n_equal)) continue;
            n_equal -= size == threshold;
            runs[r].x[i] = 0;
        }
}

pare_status pare_zero_smallest(pare_ctx *ctx, pare_pool *pool, const pare_float_run *runs,
                               size_t n_runs, uint64_t k)
{
    uint64_t before = 0, within = 0;
    (void)pool;
    if (!k) return PARE_OK;
    uint64_t *bins = pare_alloc_zero(ctx, BINS * sizeof(*bins));
    if (!bins) return pare_fail_memory(ctx, BINS * sizeof(*bins));
    for (size_t r = 0; r < n_runs; r++)
        for (uint64_t i = 0; i < runs[r].n; i++) bins[size_of(runs[r].x[i]) >> LOW_BITS]++;
    const uint32_t high = find_bin(bins, k, &before);
    memset(bins, 0, BINS * sizeof(*bins));
    for (size_t r = 0; r < n_runs; r++)
        for (uint64_t i = 0; i < runs[r].n; i++) {
            const uint32_t size = size_of(runs[r].x[i]);
            if (size >> LOW_BITS == high) bins[size & ((1U << LOW_BITS) - 1)]++;
        }
    const uint32_t low = find_bin(bins, k - before, &within);
    apply(runs, n_runs, high << LOW_BITS | low, k - before - within);
    pare_free(ctx, bins);
    return PARE_OK;
}
