#include "kernels/math.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* fmaf, sqrt, rint and fabs are exact IEEE operations; nothing else of math.h is used for float. */

static uint32_t bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

static uint64_t bits_of_f64(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits;
}

static double f64_of(uint64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* c[0] + c[1] x + ... + c[n - 1] x^(n - 1) */
static float polynomial(const float *c, int n, float x)
{
    float y = c[n - 1];
    for (int i = n - 2; i >= 0; i--) y = fmaf(y, x, c[i]);
    return y;
}

static double polynomial_f64(const double *c, int n, double x)
{
    double y = c[n - 1];
    for (int i = n - 2; i >= 0; i--) y = y * x + c[i];
    return y;
}

/* --- float, with fmaf ------------------------------------------------------------------------- */

/* 2^n for n in [-126, 127] */
static float power_of_two(int n)
{
    return float_of((uint32_t)(n + 127) << 23);
}

static const float log2_e = 0x1.715476p+0f;
static const float ln2_high = 0x1.62e430p-1f;
static const float ln2_low = -0x1.05c610p-29f;

/* e^x = 2^n * e^r with |r| <= ln(2) / 2; e^r = 1 + r + r^2 P(r), minimax. 2^n is multiplied in two
 * steps, of which only the second rounds, so that results may be subnormal. */
float pare_exp_f32_ref(float x)
{
    static const float p[] = { 0x1p-1f, 0x1.55548ep-3f, 0x1.55545ep-5f, 0x1.123b72p-7f,
                               0x1.6db44ep-10f };
    if (x > 89) return INFINITY;
    if (x < -105) return 0;
    if (isnan(x)) return x;
    const float n = rintf(x * log2_e);
    const float r = fmaf(n, -ln2_low, fmaf(n, -ln2_high, x));
    const float y = 1 + fmaf(r * r, polynomial(p, 5, r), r);
    const int half = (int)n / 2;
    return y * power_of_two(half) * power_of_two((int)n - half);
}

/* log(1 + f) for f in [sqrt(1/2) - 1, sqrt(2) - 1], plus n ln(2): f - f^2 / 2 + f^3 P(f). */
static float log_of_parts(float f, float n)
{
    static const float p[] = { 0x1.555548p-2f,  -0x1.000006p-2f, 0x1.99a4b6p-3f,
                               -0x1.555c4ep-3f, 0x1.233766p-3f,  -0x1.fc220ep-4f,
                               0x1.e6f08cp-4f,  -0x1.de3bf8p-4f, 0x1.14573ep-4f };
    const float square = f * f;
    const float rest = fmaf(f * square, polynomial(p, 9, f), n * ln2_low);
    return fmaf(n, ln2_high, f + fmaf(-0.5f, square, rest));
}

float pare_log_f32_ref(float x)
{
    const uint32_t sqrt_half = 0x3f3504f3;
    float n = 0;
    if (isnan(x) || x == INFINITY) return x;
    if (x == 0) return -INFINITY;
    if (x < 0) return NAN;
    if (x < 0x1p-126f) {
        x *= 0x1p23f;
        n = -23;
    }
    const int32_t exponent = (int32_t)(bits_of(x) - sqrt_half) >> 23;
    const float m = float_of(bits_of(x) - ((uint32_t)exponent << 23));
    return log_of_parts(m - 1, n + (float)exponent);
}

/* Up to 5/8: x + x^3 P(x^2); above: 1 - 2 / (e^2x + 1). */
float pare_tanh_f32_ref(float x)
{
    static const float p[] = { -0x1.555554p-2f, 0x1.11106cp-3f,  -0x1.b9ef7cp-5f,
                               0x1.6394d8p-6f,  -0x1.0c213ep-7f, 0x1.197b62p-9f };
    const float size = fabsf(x);
    if (isnan(x) || x == 0) return x;
    if (size <= 0.625f) return fmaf(x * (x * x), polynomial(p, 6, x * x), x);
    const float y = 1 - 2 / (pare_exp_f32_ref(2 * size) + 1);
    return x < 0 ? -y : y;
}

/* e^x / (1 + e^x) below 0, so that small results keep their digits. */
float pare_sigmoid_f32_ref(float x)
{
    if (x >= 0) return 1 / (1 + pare_exp_f32_ref(-x));
    const float e = pare_exp_f32_ref(x);
    return e / (1 + e);
}

/* max(x, 0) + log(1 + u), u = e^-|x|. For u above sqrt(2) - 1 as log(2) + log(1 + (u - 1) / 2),
 * whose argument is exact. */
float pare_softplus_f32_ref(float x)
{
    if (isnan(x)) return x;
    const float u = pare_exp_f32_ref(-fabsf(x));
    const bool is_big = u > 0x1.a8279ap-2f;
    const float rest = is_big ? log_of_parts((u - 1) * 0.5f, 1) : log_of_parts(u, 0);
    return x > 0 ? x + rest : rest;
}

/* Up to 1: x + x P(x^2); above: 1 - e^Q(|x|), which is 1 from 4 on. */
float pare_erf_f32_ref(float x)
{
    static const float p[] = { 0x1.06eba8p-3f,   -0x1.812746p-2f, 0x1.ce2f0ap-4f,
                               -0x1.b829d8p-6f,  0x1.562b1ap-8f,  -0x1.bcd7dep-11f,
                               0x1.d8b88ep-14f,  -0x1.44cfbep-17f };
    static const float q[] = { 0x1.6876b4p-14f, -0x1.2104d0p+0f,  -0x1.44fe6cp-1f, -0x1.b2dc80p-4f,
                               0x1.7ad760p-6f,  -0x1.816e38p-9f,  -0x1.f3626cp-15f, 0x1.b1b94cp-14f,
                               -0x1.2baefep-16f, 0x1.2a2c0ep-20f };
    const float size = fabsf(x);
    if (isnan(x)) return x;
    if (size <= 1) return fmaf(x, polynomial(p, 8, x * x), x);
    const float y = 1 - pare_exp_f32_ref(polynomial(q, 10, size < 4 ? size : 4));
    return x < 0 ? -y : y;
}

/* --- double without fma, good to some 10^-15 -------------------------------------------------- */

/* Inverse factorials, alternating signs where the series has them. */
static const double exp_series[] = { 1,          1,           1.0 / 2,       1.0 / 6,
                                     1.0 / 24,   1.0 / 120,   1.0 / 720,     1.0 / 5040,
                                     1.0 / 40320, 1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800,
                                     1.0 / 479001600, 1.0 / 6227020800.0 };

/* x is at most 1000 in size. Outside of double's exponents: 0 or infinity, well beyond float's. */
static double exp_f64(double x)
{
    const double n = rint(x * 0x1.71547652b82fep+0);
    const double r = x - n * 0x1.62e42feep-1 - n * 0x1.a39ef35793c76p-33;
    if (n > 1000) return (double)INFINITY;
    if (n < -1000) return 0;
    return polynomial_f64(exp_series, 14, r) * f64_of((uint64_t)((int64_t)n + 1023) << 52);
}

/* 2 atanh(s) = 2 (s + s^3 / 3 + ...), for |s| <= 0.172 */
static double twice_atanh(double s)
{
    static const double c[] = { 1,        1.0 / 3,  1.0 / 5,  1.0 / 7,  1.0 / 9, 1.0 / 11,
                                1.0 / 13, 1.0 / 15, 1.0 / 17, 1.0 / 19, 1.0 / 21 };
    return 2 * s * polynomial_f64(c, 11, s * s);
}

/* x > 0, finite and normal */
static double log_f64(double x)
{
    const uint64_t sqrt_half = UINT64_C(0x3fe6a09e667f3bcd);
    const int64_t n = (int64_t)(bits_of_f64(x) - sqrt_half) >> 52;
    const double m = f64_of(bits_of_f64(x) - ((uint64_t)n << 52));
    const double y = twice_atanh((m - 1) / (m + 1));
    return (double)n * 0x1.62e42feep-1 + (y + (double)n * 0x1.a39ef35793c76p-33);
}

double pare_plain_exp_f64_ref(double x)
{
    return exp_f64(x);
}

double pare_plain_log_f64_ref(double x)
{
    return log_f64(x);
}

/* log(1 + x), x > -1 */
static double log1p_f64(double x)
{
    return x > -0.25 && x < 0.4 ? twice_atanh(x / (2 + x)) : log_f64(1 + x);
}

static const double half_pi = 0x1.921fb54442d18p+0;

/* The argument is halved twice: atan(x) = 2 atan(x / (1 + sqrt(1 + x^2))). */
static double atan_f64(double x)
{
    static const double c[] = { 1,         -1.0 / 3, 1.0 / 5,   -1.0 / 7, 1.0 / 9,  -1.0 / 11,
                                1.0 / 13, -1.0 / 15, 1.0 / 17, -1.0 / 19, 1.0 / 21, -1.0 / 23 };
    double t = fabs(x) > 1 ? 1 / fabs(x) : fabs(x);
    for (int i = 0; i < 2; i++) t = t / (1 + sqrt(1 + t * t));
    double y = 4 * t * polynomial_f64(c, 12, t * t);
    if (fabs(x) > 1) y = half_pi - y;
    return x < 0 ? -y : y;
}

/* --- sine, cosine, tangent -------------------------------------------------------------------- */

/* The part of x * 2 / pi below 4, from the bits of 2 / pi that matter: x = m 2^e with m < 2^24,
 * and whatever bits of 2 / pi have a weight of 4 or more after 2^e drop out. Needs e >= 2. */
static double reduce_huge(float x, uint32_t *quadrant)
{
    static const uint32_t two_over_pi[] = { 0xa2f9836e, 0x4e441529, 0xfc2757d1, 0xf534ddc0,
                                            0xdb629599, 0x3c439041, 0xfe5163ab, 0xdebbc561 };
    const uint32_t bits = bits_of(fabsf(x));
    const uint64_t m = (bits & 0x7fffff) | 0x800000;
    const uint32_t first = (bits >> 23) - 127 - 23 - 2; /* bits that drop out */
    uint32_t window[3];
    for (uint32_t i = 0; i < 3; i++) {
        const uint64_t two = (uint64_t)two_over_pi[first / 32 + i] << 32 |
                             two_over_pi[first / 32 + i + 1];
        window[i] = (uint32_t)(two >> (32 - first % 32));
    }
    uint64_t product = (m * window[0]) << 32;
    product += m * window[1];
    product += m * window[2] >> 32;
    *quadrant = (uint32_t)(product >> 62);
    const int64_t fraction = (int64_t)(product << 2); /* of a quadrant, in [-1/2, 1/2) */
    if (fraction < 0) ++*quadrant;
    return (double)fraction * 0x1p-64 * half_pi;
}

/* |x| = quadrant * pi / 2 + result, |result| <= pi / 4. pi / 2 comes in parts of 27 bits, whose
 * products with up to 26 bits are exact. */
static double reduce(float x, uint32_t *quadrant)
{
    const double size = fabs((double)x);
    if (size >= 0x1p26) return reduce_huge(x, quadrant);
    const double n = rint(size * 0x1.45f306dc9c883p-1);
    *quadrant = (uint32_t)n;
    return size - n * 0x1.921fb54p+0 - n * 0x1.10b461p-30 - n * 0x1.a62633p-58;
}

static double sine_near_zero(double x)
{
    static const double c[] = { 1,          -1.0 / 6,         1.0 / 120,
                                -1.0 / 5040, 1.0 / 362880,     -1.0 / 39916800,
                                1.0 / 6227020800.0, -1.0 / 1307674368000.0 };
    return x * polynomial_f64(c, 8, x * x);
}

static double cosine_near_zero(double x)
{
    static const double c[] = { 1,           -1.0 / 2,         1.0 / 24,
                                -1.0 / 720,  1.0 / 40320,      -1.0 / 3628800,
                                1.0 / 479001600, -1.0 / 87178291200.0, 1.0 / 20922789888000.0 };
    return polynomial_f64(c, 9, x * x);
}

/* Sine of r + quadrant * pi / 2. */
static double sine_at(uint32_t quadrant, double r)
{
    const double y = quadrant & 1 ? cosine_near_zero(r) : sine_near_zero(r);
    return quadrant & 2 ? -y : y;
}

static bool is_finite(float x)
{
    return fabsf(x) < INFINITY;
}

float pare_sin_f32_ref(float x)
{
    uint32_t quadrant = 0;
    if (!is_finite(x)) return NAN;
    if (x == 0) return x;
    const double r = reduce(x, &quadrant);
    const double y = sine_at(quadrant, r);
    return (float)(x < 0 ? -y : y);
}

float pare_cos_f32_ref(float x)
{
    uint32_t quadrant = 0;
    if (!is_finite(x)) return NAN;
    const double r = reduce(x, &quadrant);
    return (float)sine_at(quadrant + 1, r);
}

float pare_tan_f32_ref(float x)
{
    uint32_t quadrant = 0;
    if (!is_finite(x)) return NAN;
    if (x == 0) return x;
    const double r = reduce(x, &quadrant);
    const double y = sine_at(quadrant, r) / sine_at(quadrant + 1, r);
    return (float)(x < 0 ? -y : y);
}

float pare_atan_f32_ref(float x)
{
    return isnan(x) || x == 0 ? x : (float)atan_f64((double)x);
}

/* 1 - x and 1 + x are exact in double. */
float pare_asin_f32_ref(float x)
{
    const double d = (double)x;
    if (!(fabs(d) <= 1)) return NAN;
    if (x == 0) return x;
    return (float)atan_f64(d / sqrt((1 - d) * (1 + d)));
}

float pare_acos_f32_ref(float x)
{
    const double d = (double)x;
    if (!(fabs(d) <= 1)) return NAN;
    return (float)(2 * atan_f64(sqrt((1 - d) / (1 + d))));
}

/* --- hyperbolic functions --------------------------------------------------------------------- */

float pare_sinh_f32_ref(float x)
{
    static const double c[] = { 1, 1.0 / 6, 1.0 / 120, 1.0 / 5040, 1.0 / 362880 };
    const double d = (double)x;
    if (!is_finite(x) || x == 0) return x;
    if (fabs(d) < 0.3) return (float)(d * polynomial_f64(c, 5, d * d));
    const double e = exp_f64(fabs(d) < 1000 ? fabs(d) : 1000);
    const double y = 0.5 * (e - 1 / e);
    return (float)(x < 0 ? -y : y);
}

float pare_cosh_f32_ref(float x)
{
    const double size = fabs((double)x);
    if (isnan(x)) return x;
    const double e = exp_f64(size < 1000 ? size : 1000);
    return (float)(0.5 * (e + 1 / e));
}

float pare_asinh_f32_ref(float x)
{
    const double size = fabs((double)x);
    if (!is_finite(x) || x == 0) return x;
    const double square = size * size;
    const double y = log1p_f64(size + square / (1 + sqrt(1 + square)));
    return (float)(x < 0 ? -y : y);
}

float pare_acosh_f32_ref(float x)
{
    const double t = (double)x - 1;
    if (!(t >= 0)) return NAN;
    if (x == INFINITY) return x;
    return (float)log1p_f64(t + sqrt(t * (t + 2)));
}

float pare_atanh_f32_ref(float x)
{
    const double size = fabs((double)x);
    if (!(size <= 1)) return NAN;
    if (x == 0) return x;
    if (size == 1) return x * INFINITY;
    const double y = 0.5 * log1p_f64(2 * size / (1 - size));
    return (float)(x < 0 ? -y : y);
}

/* --- powers ----------------------------------------------------------------------------------- */

static bool is_integer(float y)
{
    return rintf(y) == y;
}

static bool is_odd(float y)
{
    return is_integer(y) && fabsf(y) < 0x1p24f && (int32_t)y % 2;
}

/* |x|^y for x and y that are neither 0 nor infinite nor NaN. */
static double power_of_size(float x, float y)
{
    const double exponent = (double)y * log_f64(fabs((double)x));
    if (exponent > 1000) return (double)INFINITY;
    return exponent < -1000 ? 0 : exp_f64(exponent);
}

float pare_pow_f32_ref(float x, float y)
{
    const bool is_negative = bits_of(x) >> 31 && is_odd(y);
    const float size = fabsf(x);
    float result = 0;
    if (y == 0 || x == 1) return 1;
    if (y == 2) return x * x;
    if (isnan(x) || isnan(y)) return NAN;
    if (!is_finite(y)) {
        if (size == 1) return 1;
        return (size > 1) == (y > 0) ? INFINITY : 0;
    }
    if (x == 0 || !is_finite(x)) {
        result = (x == 0) == (y > 0) ? 0 : INFINITY;
    } else {
        if (x < 0 && !is_integer(y)) return NAN;
        result = (float)power_of_size(x, y);
    }
    return is_negative ? -result : result;
}

/* --- the rest --------------------------------------------------------------------------------- */

double pare_sigmoid_f64_ref(double x)
{
    if (x >= 0) return 1 / (1 + exp(-x));
    const double e = exp(x);
    return e / (1 + e);
}

double pare_softplus_f64_ref(double x)
{
    return (x > 0 ? x : 0) + log1p(exp(-fabs(x)));
}

float pare_abs_f32_ref(float x)
{
    return fabsf(x);
}

float pare_sqrt_f32_ref(float x)
{
    return sqrtf(x);
}

float pare_ceil_f32_ref(float x)
{
    return ceilf(x);
}

float pare_floor_f32_ref(float x)
{
    return floorf(x);
}

/* The rounding mode is nobody's to change: it is the default, to nearest even. */
float pare_round_f32_ref(float x)
{
    return rintf(x);
}

double pare_round_f64_ref(double x)
{
    return rint(x);
}

float pare_neg_f32_ref(float x)
{
    return -x;
}

float pare_reciprocal_f32_ref(float x)
{
    return 1 / x;
}

float pare_sign_f32_ref(float x)
{
    if (x > 0) return 1;
    return x < 0 ? -1 : x;
}

float pare_relu_f32_ref(float x)
{
    return x < 0 ? 0 : x;
}

double pare_neg_f64_ref(double x)
{
    return -x;
}

double pare_reciprocal_f64_ref(double x)
{
    return 1 / x;
}

double pare_sign_f64_ref(double x)
{
    if (x > 0) return 1;
    return x < 0 ? -1 : x;
}

double pare_relu_f64_ref(double x)
{
    return x < 0 ? 0 : x;
}
