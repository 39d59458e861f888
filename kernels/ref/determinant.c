#include "kernels/determinant.h"

#include <math.h>

float pare_determinant_f32_ref(int64_t n, float *a)
{
    float product = 1;
    for (int64_t k = 0; k < n; k++) {
        int64_t best = k;
        for (int64_t i = k + 1; i < n; i++)
            if (fabsf(a[i * n + k]) > fabsf(a[best * n + k])) best = i;
        for (int64_t j = k; best != k && j < n; j++) {
            const float moved = a[k * n + j];
            a[k * n + j] = a[best * n + j];
            a[best * n + j] = moved;
        }
        if (best != k) product = -product;
        product *= a[k * n + k];
        if (a[k * n + k] == 0) return 0;
        for (int64_t i = k + 1; i < n; i++) {
            const float factor = -(a[i * n + k] / a[k * n + k]);
            for (int64_t j = k + 1; j < n; j++)
                a[i * n + j] = fmaf(factor, a[k * n + j], a[i * n + j]);
        }
    }
    return product;
}

double pare_determinant_f64_ref(int64_t n, double *a)
{
    double product = 1;
    for (int64_t k = 0; k < n; k++) {
        int64_t best = k;
        for (int64_t i = k + 1; i < n; i++)
            if (fabs(a[i * n + k]) > fabs(a[best * n + k])) best = i;
        for (int64_t j = k; best != k && j < n; j++) {
            const double moved = a[k * n + j];
            a[k * n + j] = a[best * n + j];
            a[best * n + j] = moved;
        }
        if (best != k) product = -product;
        product *= a[k * n + k];
        if (a[k * n + k] == 0) return 0;
        for (int64_t i = k + 1; i < n; i++) {
            const double factor = -(a[i * n + k] / a[k * n + k]);
            for (int64_t j = k + 1; j < n; j++)
                a[i * n + j] = fma(factor, a[k * n + j], a[i * n + j]);
        }
    }
    return product;
}
