#include "kernels/quantize.h"

#include <math.h>

void pare_scale_down_f32_ref(int64_t n, float *x, const float *scale, int64_t step)
{
    for (int64_t i = 0; i < n; i++) x[i] /= scale[i * step];
}

void pare_round_to_range_ref(int64_t n, const float *x, const int64_t *zero, int64_t step,
                             int64_t low, int64_t high, int64_t *y)
{
    for (int64_t i = 0; i < n; i++) {
        const double v = rint((double)x[i]) + (double)zero[i * step];
        if (v >= (double)high) y[i] = high;
        else y[i] = v > (double)low ? (int64_t)v : low;
    }
}

void pare_dequantize_i64_ref(int64_t n, const int64_t *x, const int64_t *zero, const float *scale,
                             int64_t step, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = (float)(x[i] - zero[i * step]) * scale[i * step];
}

void pare_dequantize_f32_ref(int64_t n, const float *x, const float *scale, int64_t step, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * scale[i * step];
}
