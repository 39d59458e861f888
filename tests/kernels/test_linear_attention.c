#include "kernels/linear_attention.h"
#include "support/test.h"

#include <math.h>

enum { D_K = 3, D_V = 5, STEPS = 6 };

static float number(int i)
{
    return (float)sin(1.3 * i + 0.4) / 2;
}

/* The recurrence in double, element by element. */
static void step(const float *key, const float *value, const float *decay, const float *rate,
                 double state[D_K][D_V])
{
    for (int j = 0; j < D_V; j++) {
        double found = 0;
        for (int i = 0; i < D_K; i++) {
            state[i][j] *= decay ? (double)decay[i] : 1;
            found += (double)key[i] * state[i][j];
        }
        const double taken =
            rate ? (double)*rate * ((double)value[j] - found) : (double)value[j];
        for (int i = 0; i < D_K; i++) state[i][j] += (double)key[i] * taken;
    }
}

static void states_follow_the_recurrence(void **unused)
{
    (void)unused;
    for (int rule = 0; rule < 4; rule++) {
        float state[D_K * D_V] = { 0 };
        double want[D_K][D_V] = { { 0 } };
        for (int t = 0; t < STEPS; t++) {
            float in[4][D_V];
            float spare[D_V];
            float y[D_V];
            for (int i = 0; i < 4 * D_V; i++) in[i / D_V][i % D_V] = number(40 * t + i);
            for (int i = 0; i < D_K; i++) in[2][i] = fabsf(in[2][i]);
            const float *decay = rule & 1 ? in[2] : NULL;
            const float rate = 0.3f;
            pare_linear_attention_step_f32_ref(D_K, D_V, in[0], in[1], decay,
                                               rule & 2 ? &rate : NULL, state, spare);
            step(in[0], in[1], decay, rule & 2 ? &rate : NULL, want);
            pare_linear_attention_read_f32_ref(D_K, D_V, in[3], state, 0.5f, y);
            for (int j = 0; j < D_V; j++) {
                double sum = 0;
                for (int i = 0; i < D_K; i++) {
                    assert_true(fabs((double)state[i * D_V + j] - want[i][j]) < 1e-6);
                    sum += 0.5 * (double)in[3][i] * want[i][j];
                }
                assert_true(fabs((double)y[j] - sum) < 1e-6);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_follow_the_recurrence),
    };
    return test_run(tests);
}
