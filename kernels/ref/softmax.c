#include "kernels/softmax.h"

#include "kernels/math.h"
#include "kernels/reduce.h"
#include "kernels/sum.h"

#include <math.h>

enum { N_PARTIALS = 16 };

float pare_row_max_f32_ref(int64_t n, const float *x)
{
    float high = -INFINITY;
    for (int64_t i = 0; i < n; i++) high = x[i] > high ? x[i] : high;
    return high;
}

double pare_row_max_f64_ref(int64_t n, const double *x)
{
    double high = -(double)INFINITY;
    for (int64_t i = 0; i < n; i++) high = x[i] > high ? x[i] : high;
    return high;
}

float pare_sum_exp_f32_ref(int64_t n, const float *x, float shift)
{
    float p[N_PARTIALS] = { 0 };
    for (int64_t i = 0; i < n; i++) p[i % N_PARTIALS] += pare_exp_f32_ref(x[i] - shift);
    return pare_sum_f32_ref(N_PARTIALS, p);
}

double pare_sum_exp_f64_ref(int64_t n, const double *x, double shift)
{
    double p[N_PARTIALS] = { 0 };
    for (int64_t i = 0; i < n; i++) p[i % N_PARTIALS] += exp(x[i] - shift);
    return pare_sum_f64_ref(N_PARTIALS, p);
}

void pare_softmax_f32_ref(int64_t n, const float *x, float *y)
{
    const float high = pare_row_max_f32_ref(n, x);
    for (int64_t i = 0; i < n; i++) y[i] = pare_exp_f32_ref(x[i] - high);
    const float sum = pare_sum_f32_ref(n, y);
    for (int64_t i = 0; i < n; i++) y[i] /= sum;
}

void pare_softmax_f64_ref(int64_t n, const double *x, double *y)
{
    const double high = pare_row_max_f64_ref(n, x);
    for (int64_t i = 0; i < n; i++) y[i] = exp(x[i] - high);
    const double sum = pare_sum_f64_ref(n, y);
    for (int64_t i = 0; i < n; i++) y[i] /= sum;
}

void pare_log_softmax_f32_ref(int64_t n, const float *x, float *y)
{
    const float high = pare_row_max_f32_ref(n, x);
    const float log_sum = pare_log_f32_ref(pare_sum_exp_f32_ref(n, x, high));
    for (int64_t i = 0; i < n; i++) y[i] = (x[i] - high) - log_sum;
}

void pare_log_softmax_f64_ref(int64_t n, const double *x, double *y)
{
    const double high = pare_row_max_f64_ref(n, x);
    const double log_sum = log(pare_sum_exp_f64_ref(n, x, high));
    for (int64_t i = 0; i < n; i++) y[i] = (x[i] - high) - log_sum;
}

void pare_hardmax_f32_ref(int64_t n, const float *x, float *y)
{
    const int64_t best = n ? pare_arg_f32_ref(n, x, false, false) : 0;
    for (int64_t i = 0; i < n; i++) y[i] = i == best;
}

void pare_hardmax_f64_ref(int64_t n, const double *x, double *y)
{
    const int64_t best = n ? pare_arg_f64_ref(n, x, false, false) : 0;
    for (int64_t i = 0; i < n; i++) y[i] = i == best;
}
