#include "kernels/sum.h"

enum { N_PARTIALS = 16 };

static float tree_f32(float *p)
{
    for (int half = N_PARTIALS / 2; half; half /= 2)
        for (int j = 0; j < half; j++) p[j] += p[j + half];
    return p[0];
}

static double tree_f64(double *p)
{
    for (int half = N_PARTIALS / 2; half; half /= 2)
        for (int j = 0; j < half; j++) p[j] += p[j + half];
    return p[0];
}

float pare_sum_f32_ref(int64_t n, const float *x)
{
    float p[N_PARTIALS] = { 0 };
    for (int64_t i = 0; i < n; i++) p[i % N_PARTIALS] += x[i];
    return tree_f32(p);
}

double pare_sum_f64_ref(int64_t n, const double *x)
{
    double p[N_PARTIALS] = { 0 };
    for (int64_t i = 0; i < n; i++) p[i % N_PARTIALS] += x[i];
    return tree_f64(p);
}

float pare_sum_squares_f32_ref(int64_t n, const float *x, float shift)
{
    float p[N_PARTIALS] = { 0 };
    for (int64_t i = 0; i < n; i++) {
        const float d = x[i] - shift;
        p[i % N_PARTIALS] += d * d;
    }
    return tree_f32(p);
}

double pare_sum_squares_f64_ref(int64_t n, const double *x, double shift)
{
    double p[N_PARTIALS] = { 0 };
    for (int64_t i = 0; i < n; i++) {
        const double d = x[i] - shift;
        p[i % N_PARTIALS] += d * d;
    }
    return tree_f64(p);
}
