#include "kernels/loss.h"
#include "kernels/norm.h"
#include "support/test.h"

#include <math.h>

static const int64_t sizes[] = { 1, 2, 15, 16, 17, 33, 257 };
enum { N_SIZES = sizeof(sizes) / sizeof(sizes[0]), MAX_N = 257 };

static float x[MAX_N], scale[MAX_N], bias[MAX_N], y[MAX_N];
static double x64[MAX_N], scale64[MAX_N], bias64[MAX_N], y64[MAX_N];

/* Numbers around 3, so that means do not vanish. */
static void fill(void)
{
    uint32_t state = 7;
    for (int i = 0; i < 3 * MAX_N; i++) {
        state = state * 1664525u + 1013904223u;
        const float v = (float)((int32_t)state) / 0x1p31f;
        if (i < MAX_N) x[i] = 3 + v;
        else if (i < 2 * MAX_N) scale[i - MAX_N] = v;
        else bias[i - 2 * MAX_N] = v;
    }
    for (int i = 0; i < MAX_N; i++) {
        x64[i] = (double)x[i];
        scale64[i] = (double)scale[i];
        bias64[i] = (double)bias[i];
    }
}

static void close_to(const char *what, int64_t n, int64_t i, double got, double want, double atol)
{
    if (!(fabs(got - want) <= atol * (1 + fabs(want))))
        fail_msg("%s of %d, element %d: %.9g, expected %.9g", what, (int)n, (int)i, got, want);
}

static void layer_norms_equal_the_formula_in_double(void **state)
{
    (void)state;
    fill();
    for (int s = 0; s < N_SIZES; s++) {
        const int64_t n = sizes[s];
        double mean = 0;
        double variance = 0;
        double squares = 0;
        float got_mean = 0;
        float got_inverse = 0;
        double got_mean64 = 0;
        double got_inverse64 = 0;
        for (int64_t i = 0; i < n; i++) mean += x64[i] / (double)n;
        for (int64_t i = 0; i < n; i++) variance += pow(x64[i] - mean, 2) / (double)n;
        for (int64_t i = 0; i < n; i++) squares += x64[i] * x64[i] / (double)n;
        const double inverse = 1 / sqrt(variance + 1e-2);
        pare_layer_norm_f32_ref(n, x, scale, bias, 1e-2, y, &got_mean, &got_inverse);
        pare_layer_norm_f64_ref(n, x64, scale64, bias64, 1e-2, y64, &got_mean64, &got_inverse64);
        close_to("mean", n, 0, (double)got_mean, mean, 1e-6);
        close_to("inverse", n, 0, (double)got_inverse, inverse, 1e-6);
        close_to("mean in double", n, 0, got_mean64, mean, 1e-14);
        for (int64_t i = 0; i < n; i++) {
            const double want = (x64[i] - mean) * inverse * scale64[i] + bias64[i];
            close_to("layer norm", n, i, (double)y[i], want, 2e-5);
            close_to("layer norm in double", n, i, y64[i], want, 1e-13);
        }
        pare_layer_norm_f32_ref(n, x, scale, NULL, 1e-2, y, &got_mean, &got_inverse);
        for (int64_t i = 0; i < n; i++)
            close_to("without bias", n, i, (double)y[i], (x64[i] - mean) * inverse * scale64[i],
                     2e-5);
        pare_rms_norm_f32_ref(n, x, scale, 1e-2, y, &got_inverse);
        for (int64_t i = 0; i < n; i++)
            close_to("RMS norm", n, i, (double)y[i], x64[i] / sqrt(squares + 1e-2) * scale64[i],
                     1e-6);
        pare_mean_variance_norm_f32_ref(n, x, 1e-2f, y);
        for (int64_t i = 0; i < n; i++)
            close_to("mean and variance", n, i, (double)y[i],
                     (x64[i] - mean) / (sqrt(variance) + 1e-2), 2e-4);
    }
}

static void lp_norms(void **state)
{
    (void)state;
    float a[] = { 3, -4 };
    float zero[] = { 0, 0 };
    pare_lp_norm_f32_ref(2, a, 2, y);
    assert_true(y[0] == 0.6f && y[1] == -0.8f);
    pare_lp_norm_f32_ref(2, a, 1, y);
    assert_true(y[0] == 3.0f / 7 && y[1] == -4.0f / 7);
    pare_lp_norm_f32_ref(2, zero, 2, y);
    assert_true(y[0] == 0 && y[1] == 0);
}

/* Of every size of window, also far beyond the channels, and of every kind of power. */
static void lrn_equals_the_formula_in_double(void **state)
{
    (void)state;
    static const int64_t windows[] = { 1, 2, 5, 16, 17, 40, INT32_MAX };
    static const float betas[] = { 0.5f, 0.75f, 1, 0.6f };
    enum { N = 20, STEP = 3 };
    fill();
    for (size_t w = 0; w < sizeof(windows) / sizeof(windows[0]); w++) {
        const pare_lrn_rule rule = { 0.5f, betas[w % 4], 2, windows[w] };
        pare_lrn_f32_ref(&rule, N, STEP, x, y);
        pare_lrn_f64_ref(&rule, N, STEP, x64, y64);
        for (int64_t c = 0; c < N; c++) {
            double sum = 0;
            for (int64_t k = 0; k < N; k++)
                if (k >= c - (windows[w] - 1) / 2 && k <= c + windows[w] / 2)
                    sum += x64[k * STEP] * x64[k * STEP];
            const double base = 2 + 0.5 / (double)windows[w] * sum;
            const double want = x64[c * STEP] / pow(base, (double)rule.beta);
            close_to("LRN", windows[w], c, (double)y[c * STEP], want, 1e-6);
            close_to("LRN in double", windows[w], c, y64[c * STEP], want, 1e-13);
        }
    }
}

static void likelihoods(void **state)
{
    (void)state;
    const float scores[] = { -1, -2, -3, -4, -5, -6 }; /* [1, 3, 2] */
    const int64_t labels[] = { 2, 0 };
    const float weight[] = { 10, 1, 2 };
    const int64_t ignored = 0;
    float loss[2];
    float counted[2];
    assert_int_equal(pare_nll_f32_ref(1, 3, 2, scores, labels, weight, NULL, loss, counted), -1);
    assert_true(loss[0] == 10 && loss[1] == 20 && counted[0] == 2 && counted[1] == 10);
    assert_int_equal(pare_nll_f32_ref(1, 3, 2, scores, labels, NULL, &ignored, loss, counted), -1);
    assert_true(loss[0] == 5 && loss[1] == 0 && counted[0] == 1 && counted[1] == 0);
    assert_int_equal(pare_nll_f32_ref(1, 2, 2, scores, labels, NULL, NULL, loss, counted), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(layer_norms_equal_the_formula_in_double),
        cmocka_unit_test(lp_norms),
        cmocka_unit_test(lrn_equals_the_formula_in_double),
        cmocka_unit_test(likelihoods),
    };
    return test_run(tests);
}
