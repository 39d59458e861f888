#include "kernels/rotary.h"
#include "support/test.h"

#include <math.h>

enum { PAIRS = 5 };

/* Pairs as complex numbers, multiplied in double. */
static void pairs_are_turned(void **state)
{
    (void)state;
    float cosine[PAIRS];
    float sine[PAIRS];
    float x[2 * PAIRS];
    for (int i = 0; i < PAIRS; i++) cosine[i] = (float)cos(0.7 * i + 0.1);
    for (int i = 0; i < PAIRS; i++) sine[i] = (float)sin(0.7 * i + 0.1);
    for (int i = 0; i < 2 * PAIRS; i++) x[i] = (float)(i * i) / 7 - 3;
    for (int interleaved = 0; interleaved < 2; interleaved++) {
        float y[2 * PAIRS];
        pare_rotate_f32_ref(PAIRS, interleaved, cosine, sine, x, y);
        for (int i = 0; i < PAIRS; i++) {
            const int a = interleaved ? 2 * i : i;
            const int b = interleaved ? 2 * i + 1 : i + PAIRS;
            const double c = (double)cosine[i];
            const double s = (double)sine[i];
            assert_true(fabs((double)y[a] - (c * (double)x[a] - s * (double)x[b])) < 2e-6);
            assert_true(fabs((double)y[b] - (s * (double)x[a] + c * (double)x[b])) < 2e-6);
        }
    }
}

static void turning_in_place_gives_the_same(void **state)
{
    (void)state;
    const float cosine[2] = { 0.25f, -1 };
    const float sine[2] = { 3, 0.1f };
    const float x[4] = { 1, 2, 3, 4 };
    for (int interleaved = 0; interleaved < 2; interleaved++) {
        float y[4];
        float z[4] = { 1, 2, 3, 4 };
        pare_rotate_f32_ref(2, interleaved, cosine, sine, x, y);
        pare_rotate_f32_ref(2, interleaved, cosine, sine, z, z);
        for (int i = 0; i < 4; i++) assert_true(y[i] == z[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_are_turned),
        cmocka_unit_test(turning_in_place_gives_the_same),
    };
    return test_run(tests);
}
