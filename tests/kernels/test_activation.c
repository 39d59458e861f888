#include "kernels/activation.h"
#include "support/test.h"

#include <math.h>

/* The formulas as the ONNX specification has them, in double. */
static double celu(double a, double b, double x)
{
    (void)b;
    return fmax(x, 0) + fmin(0, a * expm1(x / a));
}

static double gelu(double a, double b, double x)
{
    (void)a;
    (void)b;
    return x * 0.5 * erfc(-x * sqrt(0.5));
}

static double hard_swish(double a, double b, double x)
{
    (void)a;
    (void)b;
    return x * fmax(0, fmin(1, x / 6 + 0.5));
}

static double mish(double a, double b, double x)
{
    (void)a;
    (void)b;
    return x * tanh(log1p(exp(x)));
}

static double selu(double a, double b, double x)
{
    return b * (x > 0 ? x : a * exp(x) - a);
}

static double swish(double a, double b, double x)
{
    (void)b;
    return x / (1 + exp(-a * x));
}

static const struct {
    const char *name;
    pare_activation_f32 *f32;
    pare_activation_f64 *f64, *exact;
} rows[] = {
    { "celu", pare_celu_f32_ref, pare_celu_f64_ref, celu },
    { "elu", pare_elu_f32_ref, pare_elu_f64_ref, NULL },
    { "gelu", pare_gelu_f32_ref, pare_gelu_f64_ref, gelu },
    { "gelu_tanh", pare_gelu_tanh_f32_ref, pare_gelu_tanh_f64_ref, NULL },
    { "hard_sigmoid", pare_hard_sigmoid_f32_ref, pare_hard_sigmoid_f64_ref, NULL },
    { "hard_swish", pare_hard_swish_f32_ref, pare_hard_swish_f64_ref, hard_swish },
    { "leaky_relu", pare_leaky_relu_f32_ref, pare_leaky_relu_f64_ref, NULL },
    { "mish", pare_mish_f32_ref, pare_mish_f64_ref, mish },
    { "selu", pare_selu_f32_ref, pare_selu_f64_ref, selu },
    { "shrink", pare_shrink_f32_ref, pare_shrink_f64_ref, NULL },
    { "softsign", pare_softsign_f32_ref, pare_softsign_f64_ref, NULL },
    { "swish", pare_swish_f32_ref, pare_swish_f64_ref, swish },
    { "thresholded_relu", pare_thresholded_relu_f32_ref, pare_thresholded_relu_f64_ref, NULL },
};

/* Float agrees with double, and double with the specification, to what a few roundings cost. */
static void versions_agree(void **state)
{
    (void)state;
    const float a = 0.75f;
    const float b = 0.25f;
    for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++) {
        for (int i = -800; i <= 800; i++) {
            const float x = (float)i / 64;
            const double y = rows[k].f64((double)a, (double)b, (double)x);
            const double got = (double)rows[k].f32(a, b, x);
            const double exact = rows[k].exact ? rows[k].exact((double)a, (double)b, (double)x) : y;
            if (fabs(got - y) > 1e-6 * fmax(1, fabs(y)) || fabs(y - exact) > 1e-14 * (1 + fabs(y)))
                fail_msg("%s(%g): %.9g, in double %.17g, exactly %.17g", rows[k].name, (double)x,
                         got, y, exact);
        }
        assert_true(isnan(rows[k].f32(a, b, NAN)));
        assert_true(isnan(rows[k].f64((double)a, (double)b, (double)NAN)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(versions_agree) };
    return test_run(tests);
}
