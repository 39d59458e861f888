#include "kernels/norm.h"

#include "kernels/math.h"
#include "kernels/reduce.h"
#include "kernels/sum.h"

#include <math.h>

enum { N_PARTIALS = 16 };

/* --- float --------------------------------------------------------------------------------- */

float pare_variance_f32_ref(int64_t n, const float *x, float mean)
{
    return n ? pare_sum_squares_f32_ref(n, x, mean) / (float)n : NAN;
}

void pare_layer_norm_f32_ref(int64_t n, const float *x, const float *scale, const float *bias,
                             double epsilon, float *y, float *mean, float *inverse)
{
    const float m = pare_reduce_mean_f32_ref(n, x);
    const float v = (float)(1 / sqrt((double)pare_variance_f32_ref(n, x, m) + epsilon));
    for (int64_t i = 0; i < n; i++) {
        const float t = (x[i] - m) * v;
        y[i] = bias ? fmaf(t, scale[i], bias[i]) : t * scale[i];
    }
    *mean = m;
    *inverse = v;
}

void pare_rms_norm_f32_ref(int64_t n, const float *x, const float *scale, double epsilon, float *y,
                           float *inverse)
{
    const float v = (float)(1 / sqrt((double)pare_variance_f32_ref(n, x, 0) + epsilon));
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * v * scale[i];
    *inverse = v;
}

void pare_mean_variance_norm_f32_ref(int64_t n, const float *x, float epsilon, float *y)
{
    const float mean = pare_reduce_mean_f32_ref(n, x);
    const float divisor = sqrtf(pare_variance_f32_ref(n, x, mean)) + epsilon;
    for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) / divisor;
}

void pare_lp_norm_f32_ref(int64_t n, const float *x, int32_t p, float *y)
{
    const float norm = p == 1 ? pare_reduce_l1_f32_ref(n, x) : pare_reduce_l2_f32_ref(n, x);
    for (int64_t i = 0; i < n; i++) y[i] = norm == 0 ? 0 : x[i] / norm;
}

void pare_norm_affine_f32_ref(int64_t n, const float *x, float factor, float shift, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = fmaf(x[i], factor, shift);
}

static float power_f32(float x, float exponent)
{
    if (exponent == 0.5f) return sqrtf(x);
    if (exponent == 0.75f) return sqrtf(x) * sqrtf(sqrtf(x));
    if (exponent == 1) return x;
    return pare_pow_f32_ref(x, exponent);
}

void pare_lrn_f32_ref(const pare_lrn_rule *rule, int64_t n, int64_t step, const float *x, float *y)
{
    const float factor = rule->alpha / (float)rule->size;
    for (int64_t c = 0; c < n; c++) {
        const int64_t from = c - (rule->size - 1) / 2;
        const int64_t to = rule->size < n - from ? from + rule->size : n;
        float p[N_PARTIALS] = { 0 };
        for (int64_t k = from < 0 ? 0 : from; k < to; k++)
            p[(k - from) % N_PARTIALS] += x[k * step] * x[k * step];
        const float base = rule->bias + factor * pare_sum_f32_ref(N_PARTIALS, p);
        y[c * step] = x[c * step] / power_f32(base, rule->beta);
    }
}

/* --- double -------------------------------------------------------------------------------- */

double pare_variance_f64_ref(int64_t n, const double *x, double mean)
{
    return n ? pare_sum_squares_f64_ref(n, x, mean) / (double)n : (double)NAN;
}

void pare_layer_norm_f64_ref(int64_t n, const double *x, const double *scale, const double *bias,
                             double epsilon, double *y, double *mean, double *inverse)
{
    const double m = pare_reduce_mean_f64_ref(n, x);
    const double v = 1 / sqrt(pare_variance_f64_ref(n, x, m) + epsilon);
    for (int64_t i = 0; i < n; i++) {
        const double t = (x[i] - m) * v;
        y[i] = bias ? fma(t, scale[i], bias[i]) : t * scale[i];
    }
    *mean = m;
    *inverse = v;
}

void pare_rms_norm_f64_ref(int64_t n, const double *x, const double *scale, double epsilon,
                           double *y, double *inverse)
{
    const double v = 1 / sqrt(pare_variance_f64_ref(n, x, 0) + epsilon);
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * v * scale[i];
    *inverse = v;
}

void pare_mean_variance_norm_f64_ref(int64_t n, const double *x, double epsilon, double *y)
{
    const double mean = pare_reduce_mean_f64_ref(n, x);
    const double divisor = sqrt(pare_variance_f64_ref(n, x, mean)) + epsilon;
    for (int64_t i = 0; i < n; i++) y[i] = (x[i] - mean) / divisor;
}

void pare_lp_norm_f64_ref(int64_t n, const double *x, int32_t p, double *y)
{
    const double norm = p == 1 ? pare_reduce_l1_f64_ref(n, x) : pare_reduce_l2_f64_ref(n, x);
    for (int64_t i = 0; i < n; i++) y[i] = norm == 0 ? 0 : x[i] / norm;
}

void pare_norm_affine_f64_ref(int64_t n, const double *x, double factor, double shift, double *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = fma(x[i], factor, shift);
}

static double power_f64(double x, float exponent)
{
    if (exponent == 0.5f) return sqrt(x);
    if (exponent == 0.75f) return sqrt(x) * sqrt(sqrt(x));
    if (exponent == 1) return x;
    return pow(x, (double)exponent);
}

void pare_lrn_f64_ref(const pare_lrn_rule *rule, int64_t n, int64_t step, const double *x,
                      double *y)
{
    const double factor = (double)rule->alpha / (double)rule->size;
    for (int64_t c = 0; c < n; c++) {
        const int64_t from = c - (rule->size - 1) / 2;
        const int64_t to = rule->size < n - from ? from + rule->size : n;
        double p[N_PARTIALS] = { 0 };
        for (int64_t k = from < 0 ? 0 : from; k < to; k++)
            p[(k - from) % N_PARTIALS] += x[k * step] * x[k * step];
        const double base = (double)rule->bias + factor * pare_sum_f64_ref(N_PARTIALS, p);
        y[c * step] = x[c * step] / power_f64(base, rule->beta);
    }
}
