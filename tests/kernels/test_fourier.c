#include "kernels/fourier.h"
#include "support/test.h"

#include <math.h>

enum { MAX_N = 300 };

static void turns_are_those_of_the_library(void **state)
{
    (void)state;
    for (int64_t n = 1; n < 200; n++) {
        for (int64_t k = 0; k < 2 * n; k++) {
            const long double angle = 2 * acosl(-1) * (long double)k / (long double)n;
            const double cosine = (double)cosl(angle);
            const double sine = (double)sinl(angle);
            if (fabs(pare_cos_turn_ref(k, n) - cosine) > 2.5e-16 ||
                fabs(pare_sin_turn_ref(k, n) - sine) > 2.5e-16)
                fail_msg("%d / %d of a turn", (int)k, (int)n);
        }
    }
    assert_true(pare_cos_turn_ref(1, 4) == 0);
    assert_true(pare_cos_turn_ref(1, 2) == -1);
    assert_true(pare_sin_turn_ref(3, 4) == -1);
    assert_true(pare_sin_turn_ref(INT64_C(1) << 59, INT64_C(1) << 60) == 0);
}

static void sum_directly(int64_t n, const double *x, double *y)
{
    for (int64_t k = 0; k < n; k++) {
        long double re = 0;
        long double im = 0;
        for (int64_t j = 0; j < n; j++) {
            const long double angle = -2 * acosl(-1) * (long double)(j * k % n) / (long double)n;
            re += (long double)x[2 * j] * cosl(angle) - (long double)x[2 * j + 1] * sinl(angle);
            im += (long double)x[2 * j] * sinl(angle) + (long double)x[2 * j + 1] * cosl(angle);
        }
        y[2 * k] = (double)re;
        y[2 * k + 1] = (double)im;
    }
}

static void transforms_equal_sums(void **state)
{
    (void)state;
    static const int64_t lengths[] = { 1, 2, 3, 4, 5, 7, 8, 12, 16, 17, 31, 64, 100, 257 };
    static double memory[20 * MAX_N];
    double x[2 * MAX_N];
    double want[2 * MAX_N];
    double y[2 * MAX_N];
    for (size_t s = 0; s < sizeof(lengths) / sizeof(lengths[0]); s++) {
        const int64_t n = lengths[s];
        pare_fourier f;
        uint32_t seed = 3;
        for (int64_t i = 0; i < 2 * n; i++) {
            seed = seed * 1664525u + 1013904223u;
            x[i] = y[i] = (double)(int32_t)seed / 0x1p31;
        }
        assert_true(pare_fourier_numbers(n) < 20 * MAX_N);
        memory[pare_fourier_numbers(n)] = 12345; /* canary */
        pare_fourier_start_ref(&f, n, memory);
        sum_directly(n, x, want);
        pare_fourier_run_ref(&f, y, false);
        for (int64_t i = 0; i < 2 * n; i++)
            if (fabs(y[i] - want[i]) > 1e-13 * (double)n)
                fail_msg("%d of %d: %.17g, expected %.17g", (int)i, (int)n, y[i], want[i]);
        pare_fourier_run_ref(&f, y, true);
        for (int64_t i = 0; i < 2 * n; i++)
            if (fabs(y[i] - x[i]) > 1e-13 * (double)n) fail_msg("not inverted: %d", (int)n);
        assert_true(memory[pare_fourier_numbers(n)] == 12345);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_are_those_of_the_library),
        cmocka_unit_test(transforms_equal_sums),
    };
    return test_run(tests);
}
