#include "kernels/activation.h"

#include "kernels/math.h"

#include <math.h>

static const float sqrt_half = 0.70710678118654752f;
static const float sqrt_2_over_pi = 0.79788456080286536f;
static const double sqrt_half_f64 = 0.70710678118654752;
static const double sqrt_2_over_pi_f64 = 0.79788456080286536;

float pare_celu_f32_ref(float a, float b, float x)
{
    (void)b;
    return x > 0 ? x : a * (pare_exp_f32_ref(x / a) - 1);
}

float pare_clip_f32_ref(float a, float b, float x)
{
    const float y = x < a ? a : x;
    return y > b ? b : y;
}

float pare_elu_f32_ref(float a, float b, float x)
{
    (void)b;
    return x < 0 ? a * (pare_exp_f32_ref(x) - 1) : x;
}

float pare_gelu_f32_ref(float a, float b, float x)
{
    (void)a;
    (void)b;
    return 0.5f * x * (1 + pare_erf_f32_ref(x * sqrt_half));
}

float pare_gelu_tanh_f32_ref(float a, float b, float x)
{
    (void)a;
    (void)b;
    const float inner = sqrt_2_over_pi * (x + 0.044715f * x * x * x);
    return 0.5f * x * (1 + pare_tanh_f32_ref(inner));
}

float pare_hard_sigmoid_f32_ref(float a, float b, float x)
{
    const float y = a * x + b;
    if (y < 0) return 0;
    return y > 1 ? 1 : y;
}

float pare_hard_swish_f32_ref(float a, float b, float x)
{
    (void)a;
    (void)b;
    return x * pare_hard_sigmoid_f32_ref(1.0f / 6, 0.5f, x);
}

float pare_leaky_relu_f32_ref(float a, float b, float x)
{
    (void)b;
    return x < 0 ? a * x : x;
}

float pare_mish_f32_ref(float a, float b, float x)
{
    (void)a;
    (void)b;
    return x * pare_tanh_f32_ref(pare_softplus_f32_ref(x));
}

float pare_selu_f32_ref(float a, float b, float x)
{
    return x > 0 ? b * x : b * (a * pare_exp_f32_ref(x) - a);
}

float pare_shrink_f32_ref(float a, float b, float x)
{
    if (x < -a) return x + b;
    if (x > a) return x - b;
    return x != x ? x : 0;
}

float pare_softsign_f32_ref(float a, float b, float x)
{
    (void)a;
    (void)b;
    return x / (1 + fabsf(x));
}

float pare_swish_f32_ref(float a, float b, float x)
{
    (void)b;
    return x * pare_sigmoid_f32_ref(a * x);
}

float pare_thresholded_relu_f32_ref(float a, float b, float x)
{
    (void)b;
    return x > a || x != x ? x : 0;
}

/* --- double ---------------------------------------------------------------------------------- */

double pare_celu_f64_ref(double a, double b, double x)
{
    (void)b;
    return x > 0 ? x : a * expm1(x / a);
}

double pare_elu_f64_ref(double a, double b, double x)
{
    (void)b;
    return x < 0 ? a * expm1(x) : x;
}

double pare_gelu_f64_ref(double a, double b, double x)
{
    (void)a;
    (void)b;
    return 0.5 * x * (1 + erf(x * sqrt_half_f64));
}

double pare_gelu_tanh_f64_ref(double a, double b, double x)
{
    (void)a;
    (void)b;
    const double inner = sqrt_2_over_pi_f64 * (x + 0.044715 * x * x * x);
    return 0.5 * x * (1 + tanh(inner));
}

double pare_hard_sigmoid_f64_ref(double a, double b, double x)
{
    const double y = a * x + b;
    if (y < 0) return 0;
    return y > 1 ? 1 : y;
}

double pare_hard_swish_f64_ref(double a, double b, double x)
{
    (void)a;
    (void)b;
    return x * pare_hard_sigmoid_f64_ref(1.0 / 6, 0.5, x);
}

double pare_leaky_relu_f64_ref(double a, double b, double x)
{
    (void)b;
    return x < 0 ? a * x : x;
}

double pare_mish_f64_ref(double a, double b, double x)
{
    (void)a;
    (void)b;
    return x * tanh(pare_softplus_f64_ref(x));
}

double pare_selu_f64_ref(double a, double b, double x)
{
    return x > 0 ? b * x : b * (a * exp(x) - a);
}

double pare_shrink_f64_ref(double a, double b, double x)
{
    if (x < -a) return x + b;
    if (x > a) return x - b;
    return x != x ? x : 0;
}

double pare_softsign_f64_ref(double a, double b, double x)
{
    (void)a;
    (void)b;
    return x / (1 + fabs(x));
}

double pare_swish_f64_ref(double a, double b, double x)
{
    (void)b;
    return x * pare_sigmoid_f64_ref(a * x);
}

double pare_thresholded_relu_f64_ref(double a, double b, double x)
{
    (void)b;
    return x > a || x != x ? x : 0;
}
