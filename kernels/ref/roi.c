#include "kernels/roi.h"

#include <math.h>

float pare_roi_average_f32_ref(int64_t n, const pare_roi_sample *samples, int64_t count,
                               const float *x)
{
    float sum = 0;
    for (int64_t i = 0; i < n; i++)
        for (int c = 0; c < 4; c++)
            sum = fmaf((float)samples[i].weight[c], x[samples[i].at[c]], sum);
    return sum / (float)count;
}

double pare_roi_average_f64_ref(int64_t n, const pare_roi_sample *samples, int64_t count,
                                const double *x)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++)
        for (int c = 0; c < 4; c++) sum = fma(samples[i].weight[c], x[samples[i].at[c]], sum);
    return sum / (double)count;
}

float pare_roi_max_f32_ref(int64_t n, const pare_roi_sample *samples, const float *x)
{
    float largest = n ? -INFINITY : 0;
    for (int64_t i = 0; i < n; i++) {
        for (int c = 0; c < 4; c++) {
            const float value = (float)samples[i].weight[c] * x[samples[i].at[c]];
            if (!(value <= largest)) largest = value;
        }
    }
    return largest;
}

double pare_roi_max_f64_ref(int64_t n, const pare_roi_sample *samples, const double *x)
{
    double largest = n ? -(double)INFINITY : 0;
    for (int64_t i = 0; i < n; i++) {
        for (int c = 0; c < 4; c++) {
            const double value = samples[i].weight[c] * x[samples[i].at[c]];
            if (!(value <= largest)) largest = value;
        }
    }
    return largest;
}
