#include "kernels/tally.h"

#include <math.h>

static void extent(int64_t n, const float *x, pare_extent *extent)
{
    for (int64_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) {
            extent->n_bad++;
            continue;
        }
        extent->n_zero += x[i] == 0;
        if (x[i] < extent->min) extent->min = x[i];
        if (x[i] > extent->max) extent->max = x[i];
    }
}

static void tally(int64_t n, const float *x, float per_width, int32_t first, uint32_t n_bins,
                  uint32_t *counts)
{
    for (int64_t i = 0; i < n; i++) {
        const float bin = floorf(x[i] * per_width) - (float)first;
        const uint32_t b = bin >= 0 && bin < (float)n_bins ? (uint32_t)bin : n_bins;
        counts[b * PARE_TALLY_LANES + (uint32_t)i % PARE_TALLY_LANES]++;
    }
}

const pare_tally_kernels pare_tally_ref = { extent, tally };
