#include "kernels/rnn.h"
#include "support/test.h"

#include <math.h>

/* The cells against the formulas of the ONNX specification, in double. */

enum { N = 7 };

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double bound(double x, double clip)
{
    return fmax(-clip, fmin(clip, x));
}

static void ramp(float *x, int64_t n, float from, float by)
{
    for (int64_t i = 0; i < n; i++) x[i] = from + by * (float)((i * 5) % n);
}

static const pare_gate_f32 sigmoid_gate = { pare_gate_sigmoid_f32_ref, 0, 0 };
static const pare_gate_f32 tanh_gate = { pare_scaled_tanh_f32_ref, 1, 1 };

static void near(double found, double want)
{
    if (!(fabs(found - want) <= 1e-6 * (1 + fabs(want)))) fail_msg("want %g, got %g", want, found);
}

static void rnn(void **state)
{
    (void)state;
    float sums[N];
    float h[N];
    ramp(sums, N, -2, 0.7f);
    pare_rnn_cell_f32_ref(N, (pare_gate_f32){ pare_affine_f32_ref, 2, -1 }, 1.5f, sums, h);
    for (int j = 0; j < N; j++) near((double)h[j], 2 * bound((double)sums[j], 1.5) - 1);
}

static void lstm(void **state)
{
    (void)state;
    const pare_gate_f32 gates[3] = { sigmoid_gate, tanh_gate, tanh_gate };
    float sums[4 * N];
    float peepholes[3 * N];
    for (int variant = 0; variant < 4; variant++) {
        const bool coupled = variant & 1;
        const bool peeps = variant & 2;
        float c[N];
        float h[N];
        float before[N];
        ramp(sums, 4 * N, -3, 0.2f);
        ramp(peepholes, 3 * N, -1, 0.1f);
        ramp(c, N, -1, 0.3f);
        ramp(before, N, -1, 0.3f);
        pare_lstm_cell_f32_ref(N, gates, 2, coupled, peeps ? peepholes : NULL, sums, c, h);
        for (int j = 0; j < N; j++) {
            const double c0 = (double)before[j];
            const double pi = peeps ? (double)peepholes[j] : 0;
            const double po = peeps ? (double)peepholes[N + j] : 0;
            const double pf = peeps ? (double)peepholes[2 * N + j] : 0;
            const double i = sigmoid(bound((double)sums[j] + pi * c0, 2));
            const double f =
                coupled ? 1 - i : sigmoid(bound((double)sums[2 * N + j] + pf * c0, 2));
            const double c1 = f * c0 + i * tanh(bound((double)sums[3 * N + j], 2));
            const double o = sigmoid(bound((double)sums[N + j] + po * c1, 2));
            near((double)c[j], c1);
            near((double)h[j], o * tanh(c1));
        }
    }
}

static void gru(void **state)
{
    (void)state;
    float sums[3 * N];
    float before[3 * N];
    float h[N];
    float reset_h[N];
    float second[N];
    ramp(sums, 3 * N, -2, 0.3f);
    ramp(before, 3 * N, -2, 0.3f);
    ramp(h, N, 1, -0.4f);
    ramp(second, N, -1, 0.5f);
    pare_gru_gates_f32_ref(N, sigmoid_gate, INFINITY, sums, h, reset_h);
    for (int j = 0; j < N; j++) {
        near((double)sums[j], sigmoid((double)before[j]));
        near((double)reset_h[j], sigmoid((double)before[N + j]) * (double)h[j]);
    }
    pare_gru_reset_f32_ref(N, sums + N, second, sums + 2 * N);
    pare_gru_cell_f32_ref(N, tanh_gate, INFINITY, sums, sums + 2 * N, h);
    for (int j = 0; j < N; j++) {
        const double h0 = (double)(1 - 0.4f * (float)((j * 5) % N));
        const double z = sigmoid((double)before[j]);
        const double r = sigmoid((double)before[N + j]);
        const double g = tanh((double)before[2 * N + j] + r * (double)second[j]);
        near((double)h[j], (1 - z) * g + z * h0);
    }
}

static void nan_stays(void **state)
{
    (void)state;
    const float sum = NAN;
    float h = 0;
    pare_rnn_cell_f32_ref(1, tanh_gate, 1, &sum, &h);
    assert_true(isnan(h));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(rnn), cmocka_unit_test(lstm),
                                        cmocka_unit_test(gru), cmocka_unit_test(nan_stays) };
    return test_run(tests);
}
