#include "kernels/math.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

/* Distance of a result from the exact one in units of the last place of a float. */
static double ulps(float got, double want)
{
    if (isnan(want)) return isnan(got) ? 0 : INFINITY;
    if ((double)got == want) return 0;
    if (fabs(want) >= 0x1.ffffffp127) return isinf(got) && (got > 0) == (want > 0) ? 0 : INFINITY;
    if (isnan(got)) return INFINITY;
    int exponent = 0;
    frexp(want, &exponent);
    const double unit = ldexp(1, exponent < -125 ? -149 : exponent - 24);
    if (isinf(got)) return (0x1p128 - fabs(want)) / unit;
    return fabs((double)got - want) / unit;
}

static double softplus(double x)
{
    return fmax(x, 0) + log1p(exp(-fabs(x)));
}

static double sigmoid(double x)
{
    return x < 0 ? exp(x) / (1 + exp(x)) : 1 / (1 + exp(-x));
}

static const struct {
    const char *name;
    pare_fn_f32 *fn;
    double (*exact)(double);
    double limit;
} functions[] = {
    { "exp", pare_exp_f32_ref, exp, 1 },
    { "log", pare_log_f32_ref, log, 1 },
    { "tanh", pare_tanh_f32_ref, tanh, 1.3 },
    { "sigmoid", pare_sigmoid_f32_ref, sigmoid, 2.2 },
    { "softplus", pare_softplus_f32_ref, softplus, 1.7 },
    { "erf", pare_erf_f32_ref, erf, 1.1 },
    { "sin", pare_sin_f32_ref, sin, 0.51 },
    { "cos", pare_cos_f32_ref, cos, 0.51 },
    { "tan", pare_tan_f32_ref, tan, 0.51 },
    { "asin", pare_asin_f32_ref, asin, 0.51 },
    { "acos", pare_acos_f32_ref, acos, 0.51 },
    { "atan", pare_atan_f32_ref, atan, 0.51 },
    { "sinh", pare_sinh_f32_ref, sinh, 0.51 },
    { "cosh", pare_cosh_f32_ref, cosh, 0.51 },
    { "asinh", pare_asinh_f32_ref, asinh, 0.51 },
    { "acosh", pare_acosh_f32_ref, acosh, 0.51 },
    { "atanh", pare_atanh_f32_ref, atanh, 0.51 },
};

static float float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* Floats of every exponent and sign, one in some thousands, infinities and NaN among them; the
 * double library is the measure. */
static void functions_hold_their_error(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof(functions) / sizeof(functions[0]); k++) {
        double worst = 0;
        float at = 0;
        for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 9973) {
            const float x = float_of((uint32_t)bits);
            const double error = ulps(functions[k].fn(x), functions[k].exact((double)x));
            if (error > worst) {
                worst = error;
                at = x;
            }
        }
        print_message("%-8s %.3f ulp at %a\n", functions[k].name, worst, (double)at);
        if (worst > functions[k].limit)
            fail_msg("%s: %.3f ulp at %a, above %.2f", functions[k].name, worst, (double)at,
                     functions[k].limit);
    }
}

static void functions_keep_special_values(void **state)
{
    (void)state;
    static const float special[] = { 0,        -0.0f,     1,         -1,        INFINITY, -INFINITY,
                                     0x1p-149f, -0x1p-149f, 0x1p-126f, 0x1.fffffep127f };
    for (size_t k = 0; k < sizeof(functions) / sizeof(functions[0]); k++) {
        assert_true(isnan(functions[k].fn(NAN)));
        for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++) {
            const float got = functions[k].fn(special[i]);
            const double want = functions[k].exact((double)special[i]);
            if (ulps(got, want) > functions[k].limit ||
                (want == 0 && !signbit(got) != !signbit(want)))
                fail_msg("%s(%g) is %g, not %g", functions[k].name, (double)special[i], (double)got,
                         want);
        }
    }
}

static void powers_hold_their_error(void **state)
{
    (void)state;
    static const float some[] = { 0, -0.0f, 0.5f, -0.5f, 1, -1, 2, 3, -3, 1e-40f, 1e30f, -1e30f,
                                  INFINITY, -INFINITY, NAN, 0.1f, 16777215, -2.5f, 1.0000001f };
    enum { N = sizeof(some) / sizeof(some[0]) };
    for (int i = 0; i < N; i++)
        for (int j = 0; j < N; j++) {
            const float got = pare_pow_f32_ref(some[i], some[j]);
            const double want = pow((double)some[i], (double)some[j]);
            if (ulps(got, want) > 0.51 || (!isnan(want) && !signbit(got) != !signbit(want)))
                fail_msg("%g^%g is %g, not %g", (double)some[i], (double)some[j], (double)got,
                         want);
        }
    uint32_t bits = 1;
    for (int i = 0; i < 300000; i++) {
        bits = bits * 1664525u + 1013904223u;
        const float x = fabsf(float_of(bits));
        bits = bits * 1664525u + 1013904223u;
        const float y = (float)(int32_t)bits * 0x1p-26f;
        const double error = ulps(pare_pow_f32_ref(x, y), pow((double)x, (double)y));
        if (error > 0.51) fail_msg("%a^%a is off by %g ulp", (double)x, (double)y, error);
    }
    assert_true(pare_pow_f32_ref(3, 2) == 9 && pare_pow_f32_ref(-2, 3) == -8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_hold_their_error),
        cmocka_unit_test(functions_keep_special_values),
        cmocka_unit_test(powers_hold_their_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
