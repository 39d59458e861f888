#include "support/test.h"

#include "energy/fit.h"
#include "support/test_ctx.h"

#include <math.h>
#include <string.h>

enum { N_ROWS = 14, N_UNKNOWNS = 4 };

/* Deterministic numbers in [0, 1). */
static double next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 9007199254740992.0;
}

/* Rows of very different size, as models are, made with known coefficients. */
static void make(double *a, double *b, const double x[N_UNKNOWNS], double noise, uint64_t seed)
{
    static const double sizes[N_UNKNOWNS] = { 1e9, 1e8, 1e7, 1e-2 };
    for (size_t i = 0; i < N_ROWS; i++) {
        const double size = exp(6 * next(&seed));
        b[i] = 0;
        for (size_t j = 0; j < N_UNKNOWNS; j++) {
            a[i * N_UNKNOWNS + j] = size * sizes[j] * (0.05 + next(&seed));
            b[i] += a[i * N_UNKNOWNS + j] * x[j];
        }
        b[i] *= 1 + noise * (2 * next(&seed) - 1);
    }
}

static void assert_near(double found, double want, double share)
{
    if (!(fabs(found - want) <= share * fabs(want))) fail_msg("%.9g, expected %.9g", found, want);
}

static void finds_what_made_the_numbers(void **state)
{
    (void)state;
    static const double x[N_UNKNOWNS] = { 4e-11, 2e-10, 1.6e-9, 2 };
    double a[N_ROWS * N_UNKNOWNS], b[N_ROWS];
    test_ctx t;
    pare_fit fit;
    test_ctx_init(&t);
    make(a, b, x, 0, 1);
    assert_int_equal(pare_fit_solve(&t.ctx, &fit, N_ROWS, N_UNKNOWNS, a, b), PARE_OK);
    for (size_t j = 0; j < N_UNKNOWNS; j++) assert_near(fit.x[j], x[j], 1e-9);
    assert_true(fit.error < 1e-10 && fit.loo_error < 1e-9);
    assert_true(fit.condition >= 1 && fit.condition < 50);
    assert_int_equal(pare_fit_check(&t.ctx, &fit), PARE_OK);
    pare_fit_free(&t.ctx, &fit);
    make(a, b, x, 0.05, 2);
    assert_int_equal(pare_fit_solve(&t.ctx, &fit, N_ROWS, N_UNKNOWNS, a, b), PARE_OK);
    for (size_t j = 0; j < N_UNKNOWNS; j++) {
        assert_true(fit.x_error[j] > 0 && fit.x_error[j] < 0.5);
        assert_true(fabs(fit.x[j] / x[j] - 1) < 4 * fit.x_error[j]);
    }
    assert_true(fit.error > 0 && fit.error < 0.05);
    assert_true(fit.loo_error > fit.error && fit.loo_error < 0.1);
    pare_fit_free(&t.ctx, &fit);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Optimal exactly when the gradient is zero where x is above zero, and pushes down elsewhere. */
static void meets_the_conditions_of_optimality(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        double a[N_ROWS * N_UNKNOWNS], b[N_ROWS];
        uint64_t s = seed;
        test_ctx t;
        pare_fit fit;
        test_ctx_init(&t);
        for (size_t i = 0; i < N_ROWS * N_UNKNOWNS; i++) a[i] = next(&s) - 0.3;
        for (size_t i = 0; i < N_ROWS; i++) b[i] = 0.1 + next(&s);
        assert_int_equal(pare_fit_solve(&t.ctx, &fit, N_ROWS, N_UNKNOWNS, a, b), PARE_OK);
        for (size_t j = 0; j < N_UNKNOWNS; j++) {
            double slope = 0;
            for (size_t i = 0; i < N_ROWS; i++)
                slope += a[i * N_UNKNOWNS + j] / b[i] * -fit.residuals[i];
            assert_true(fit.x[j] >= 0);
            if (fit.x[j] > 0 ? fabs(slope) > 1e-8 : slope > 1e-6)
                fail_msg("seed %d: unknown %zu, slope %g", (int)seed, j, slope);
        }
        pare_fit_free(&t.ctx, &fit);
    }
}

static void keeps_a_useless_column_at_zero(void **state)
{
    (void)state;
    static const double x[N_UNKNOWNS] = { 4e-11, 0, 1.6e-9, 2 };
    double a[N_ROWS * N_UNKNOWNS], b[N_ROWS];
    test_ctx t;
    pare_fit fit;
    test_ctx_init(&t);
    make(a, b, x, 0, 3);
    for (size_t i = 0; i < N_ROWS; i++) a[i * N_UNKNOWNS + 1] = 0;
    assert_int_equal(pare_fit_solve(&t.ctx, &fit, N_ROWS, N_UNKNOWNS, a, b), PARE_OK);
    assert_float_equal(fit.x[1], 0, 0);
    assert_near(fit.x[3], 2, 1e-9);
    assert_true(isinf(fit.condition));
    assert_true(isnan(fit.x_error[1]));
    assert_int_equal(pare_fit_check(&t.ctx, &fit), PARE_EFORMAT);
    pare_fit_free(&t.ctx, &fit);
    for (size_t i = 0; i < N_ROWS; i++) a[i * N_UNKNOWNS + 1] = 2 * a[i * N_UNKNOWNS];
    assert_int_equal(pare_fit_solve(&t.ctx, &fit, N_ROWS, N_UNKNOWNS, a, b), PARE_OK);
    assert_true(fit.error < 1e-9);
    assert_int_equal(pare_fit_check(&t.ctx, &fit), PARE_EFORMAT);
    assert_non_null(strstr(t.ctx.message, "too much alike"));
    pare_fit_free(&t.ctx, &fit);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void refuses_too_little_and_nonsense(void **state)
{
    (void)state;
    const double a[] = { 1, 2, 3, 4, 5, 7 };
    double b[] = { 1, 2, 3 };
    test_ctx t;
    pare_fit fit;
    test_ctx_init(&t);
    assert_int_equal(pare_fit_solve(&t.ctx, &fit, 3, 2, a, b), PARE_OK);
    assert_int_equal(pare_fit_check(&t.ctx, &fit), PARE_EFORMAT);
    assert_string_equal(t.ctx.message,
                        "3 measurements cannot settle 2 unknowns: at least 4 are needed");
    pare_fit_free(&t.ctx, &fit);
    b[1] = 0;
    assert_int_equal(pare_fit_solve(&t.ctx, &fit, 3, 2, a, b), PARE_EUSAGE);
    b[1] = NAN;
    assert_int_equal(pare_fit_solve(&t.ctx, &fit, 3, 2, a, b), PARE_EUSAGE);
    assert_int_equal(pare_fit_solve(&t.ctx, &fit, 0, 2, a, b), PARE_EUSAGE);
    pare_fit_free(&t.ctx, &fit);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static pare_status solve_small(pare_ctx *ctx, void *user)
{
    const double a[] = { 1, 2, 3, 4 }, b[] = { 1, 2, 3, 5 };
    pare_fit fit;
    (void)user;
    const pare_status st = pare_fit_solve(ctx, &fit, 4, 1, a, b);
    pare_fit_free(ctx, &fit);
    return st;
}

static void survives_any_failing_allocation(void **state)
{
    (void)state;
    assert_int_equal(test_ctx_torture(solve_small, NULL), 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_made_the_numbers),
        cmocka_unit_test(meets_the_conditions_of_optimality),
        cmocka_unit_test(keeps_a_useless_column_at_zero),
        cmocka_unit_test(refuses_too_little_and_nonsense),
        cmocka_unit_test(survives_any_failing_allocation),
    };
    return test_run(tests);
}
