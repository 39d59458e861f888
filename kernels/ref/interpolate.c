#include "kernels/interpolate.h"

#include <math.h>

/* Whether axis d of corner c is its upper one. */
static int upper(int32_t n_axes, int32_t c, int32_t d)
{
    return c >> (n_axes - 1 - d) & 1;
}

/* Flat index of a corner, -1 when it lies outside. */
static int64_t corner_index(int32_t n_axes, const int64_t *size, const int64_t *low, int32_t c)
{
    int64_t index = 0;
    for (int32_t d = 0; d < n_axes; d++) {
        const int64_t i = low[d] + upper(n_axes, c, d);
        if (i < 0 || i >= size[d]) return -1;
        index = index * size[d] + i;
    }
    return index;
}

float pare_interpolate_f32_ref(int32_t n_axes, const int64_t *size, const float *x, const float *at)
{
    int64_t low[PARE_INTERPOLATE_AXES];
    float part[PARE_INTERPOLATE_AXES];
    float sum = 0;
    for (int32_t d = 0; d < n_axes; d++) {
        if (!(at[d] > -1 && at[d] < (float)size[d])) return 0; /* NaN, too */
        low[d] = (int64_t)floorf(at[d]);
        part[d] = at[d] - floorf(at[d]);
    }
    for (int32_t c = 0; c < 1 << n_axes; c++) {
        const int64_t index = corner_index(n_axes, size, low, c);
        float weight = 1;
        if (index < 0) continue;
        for (int32_t d = 0; d < n_axes; d++) weight *= upper(n_axes, c, d) ? part[d] : 1 - part[d];
        sum = fmaf(weight, x[index], sum);
    }
    return sum;
}

double pare_interpolate_f64_ref(int32_t n_axes, const int64_t *size, const double *x,
                                const double *at)
{
    int64_t low[PARE_INTERPOLATE_AXES];
    double part[PARE_INTERPOLATE_AXES];
    double sum = 0;
    for (int32_t d = 0; d < n_axes; d++) {
        if (!(at[d] > -1 && at[d] < (double)size[d])) return 0;
        low[d] = (int64_t)floor(at[d]);
        part[d] = at[d] - floor(at[d]);
    }
    for (int32_t c = 0; c < 1 << n_axes; c++) {
        const int64_t index = corner_index(n_axes, size, low, c);
        double weight = 1;
        if (index < 0) continue;
        for (int32_t d = 0; d < n_axes; d++) weight *= upper(n_axes, c, d) ? part[d] : 1 - part[d];
        sum = fma(weight, x[index], sum);
    }
    return sum;
}
