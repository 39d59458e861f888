/* Factorisations against what they must multiply to, with OpenBLAS and without. */
#include "base/linalg.h"

#include "base/rng.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <string.h>

enum { MAX = 70 };

typedef pare_status work_fn(pare_ctx *ctx, void *user);

typedef struct backend {
    bool plain;
} backend;

static double random_of(pare_rng *rng)
{
    return pare_rng_normal(rng);
}

static void fill(pare_rng *rng, int64_t n, double *x)
{
    for (int64_t i = 0; i < n; i++) x[i] = random_of(rng);
}

/* x' x of `rows` random rows. */
static void fill_gram(pare_rng *rng, int64_t n, int64_t rows, double *a)
{
    double x[MAX];
    memset(a, 0, (size_t)(n * n) * sizeof(*a));
    for (int64_t r = 0; r < rows; r++) {
        fill(rng, n, x);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < n; j++) a[i * n + j] += x[i] * x[j];
    }
}

static void assert_close(const double *got, const double *want, int64_t n, double tolerance)
{
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= tolerance * (1 + fabs(want[i]))))
            fail_msg("%d: %.17g instead of %.17g", (int)i, got[i], want[i]);
}

static pare_status factors(pare_ctx *ctx, void *user)
{
    static const int64_t sizes[] = { 1, 2, 7, 8, 9, 33, MAX };
    static double a[MAX * MAX], l[MAX * MAX], back[MAX * MAX], x[5 * MAX], b[5 * MAX];
    static double inverse[MAX * MAX];
    pare_linalg *la = NULL;
    const pare_linalg_opts opts = { .plain = ((backend *)user)->plain };
    PARE_TRY(pare_linalg_open(ctx, &la, &opts));
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        const int64_t n = sizes[s];
        pare_rng rng = pare_rng_named(7, "factors");
        fill_gram(&rng, n, 2 * n + 3, a);
        memcpy(l, a, sizeof(a));
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = i + 1; j < n; j++) l[i * n + j] = 1e30; /* does not count */
        assert_int_equal(pare_linalg_cholesky(ctx, la, n, l), PARE_OK);
        pare_linalg_multiply(la, true, n, n, n, l, l, back);
        assert_close(back, a, n * n, 1e-10);
        fill(&rng, 5 * n, x);
        pare_linalg_multiply(la, false, 5, n, n, x, a, b);
        pare_linalg_cholesky_solve(la, n, l, 5, b);
        assert_close(b, x, 5 * n, 1e-6);
        pare_linalg_multiply(la, true, 5, n, n, x, l, b); /* rows L x */
        pare_linalg_lower_solve(la, false, n, l, 5, b);
        assert_close(b, x, 5 * n, 1e-7);
        pare_linalg_multiply(la, false, 5, n, n, x, l, b); /* rows L' x */
        pare_linalg_lower_solve(la, true, n, l, 5, b);
        assert_close(b, x, 5 * n, 1e-7);
        pare_linalg_cholesky_inverse(la, n, l, inverse);
        pare_linalg_multiply(la, false, n, n, n, a, inverse, back);
        for (int64_t i = 0; i < n; i++) back[i * n + i] -= 1;
        memset(inverse, 0, sizeof(inverse));
        assert_close(back, inverse, n * n, 1e-6);
        memcpy(inverse, l, sizeof(l));
        pare_linalg_lower_inverse(la, n, inverse);
        pare_linalg_multiply(la, false, n, n, n, l, inverse, back);
        for (int64_t i = 0; i < n; i++) back[i * n + i] -= 1;
        memset(inverse, 0, sizeof(inverse));
        assert_close(back, inverse, n * n, 1e-8);
    }
    pare_linalg_close(ctx, la);
    return PARE_OK;
}

static pare_status singular_values(pare_ctx *ctx, void *user)
{
    static const int64_t sizes[][2] = { { 1, 1 }, { 5, 3 }, { 3, 5 }, { 40, 17 }, { 17, 40 } };
    static double a[MAX * MAX], u[MAX * MAX], s[MAX], vt[MAX * MAX], back[MAX * MAX], us[MAX * MAX];
    pare_linalg *la = NULL;
    const pare_linalg_opts opts = { .plain = ((backend *)user)->plain };
    PARE_TRY(pare_linalg_open(ctx, &la, &opts));
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const int64_t m = sizes[i][0], n = sizes[i][1], k = m < n ? m : n;
        pare_rng rng = pare_rng_named(7, "singular");
        fill(&rng, m * n, a);
        if (m > 2) memcpy(a, a + n, (size_t)n * sizeof(*a)); /* two rows alike */
        const pare_status st = pare_linalg_svd(ctx, la, m, n, a, u, s, vt);
        if (st) {
            pare_linalg_close(ctx, la);
            return st;
        }
        for (int64_t r = 0; r < m; r++)
            for (int64_t c = 0; c < k; c++) us[r * k + c] = u[r * k + c] * s[c];
        pare_linalg_multiply(la, false, m, n, k, us, vt, back);
        assert_close(back, a, m * n, 1e-10);
        for (int64_t c = 1; c < k; c++) assert_true(s[c] <= s[c - 1] && s[c] >= 0);
        pare_linalg_multiply(la, true, k, k, n, vt, vt, back);
        for (int64_t c = 0; c < k; c++)
            if (s[c] > 1e-10) assert_true(fabs(back[c * k + c] - 1) < 1e-10);
    }
    pare_linalg_close(ctx, la);
    return PARE_OK;
}

static pare_status degenerate(pare_ctx *ctx, void *user)
{
    static double a[MAX * MAX], l[MAX * MAX], x[MAX], rhs[MAX];
    pare_linalg *la = NULL;
    double added = 0;
    const pare_linalg_opts opts = { .plain = ((backend *)user)->plain };
    PARE_TRY(pare_linalg_open(ctx, &la, &opts));
    const int64_t n = 20;
    memset(a, 0, sizeof(a));
    assert_int_equal(pare_linalg_cholesky(ctx, la, n, a), PARE_EFORMAT);
    assert_int_equal(pare_linalg_cholesky_jitter(ctx, la, n, a, l, &added), PARE_OK);
    assert_true(added > 0 && added <= 1e-10);
    pare_rng rng = pare_rng_named(1, "rank 1");
    fill_gram(&rng, n, 1, a);
    assert_int_equal(pare_linalg_cholesky_jitter(ctx, la, n, a, l, &added), PARE_OK);
    a[3 * n + 2] = a[2 * n + 3] = NAN;
    assert_int_equal(pare_linalg_cholesky(ctx, la, n, a), PARE_EFORMAT);
    assert_int_equal(pare_linalg_cholesky_jitter(ctx, la, n, a, l, &added), PARE_EFORMAT);
    assert_int_equal(pare_linalg_svd(ctx, la, n, n, a, l, x, l), PARE_EFORMAT);
    fill_gram(&rng, n, 60, a);
    fill(&rng, n, x);
    pare_linalg_multiply(la, false, 1, n, n, x, a, rhs);
    const pare_status st = pare_linalg_least_squares(ctx, la, n, a, 0, 1, rhs, rhs);
    if (!st) assert_close(rhs, x, n, 1e-8);
    pare_linalg_close(ctx, la);
    return st;
}

static void check(work_fn *work)
{
    backend both[] = { { false }, { true } };
    for (size_t i = 0; i < 2; i++) {
        pare_ctx ctx;
        pare_ctx_init(&ctx, NULL);
        assert_int_equal(work(&ctx, &both[i]), PARE_OK);
        assert_true(test_ctx_torture(work, &both[i]) > 0);
    }
}

static void factors_multiply_back(void **state)
{
    (void)state;
    check(factors);
}

static void decomposes(void **state)
{
    (void)state;
    check(singular_values);
}

static void survives_degenerate_matrices(void **state)
{
    (void)state;
    check(degenerate);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(factors_multiply_back),
        cmocka_unit_test(decomposes),
        cmocka_unit_test(survives_degenerate_matrices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
