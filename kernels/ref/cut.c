#include "kernels/cut.h"

#include <string.h>

int64_t pare_cut_ref(int64_t n, const float *x, uint32_t low, uint32_t high, float *y,
                     uint32_t *places, int64_t n_places, int64_t *n_within)
{
    int64_t below = 0;
    *n_within = 0;
    for (int64_t i = 0; i < n; i++) {
        uint32_t size;
        memcpy(&size, &x[i], sizeof(size));
        size &= 0x7fffffffU;
        below += size < low;
        y[i] = size < low ? 0 : x[i];
        if (size < low || size > high) continue;
        if (*n_within < n_places) places[*n_within] = (uint32_t)i;
        ++*n_within;
    }
    return below;
}
