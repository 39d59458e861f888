/* Intervals against SciPy 1.17 and statsmodels 0.14; the numbers are theirs. */
#include "support/test.h"

#include "stats/interval.h"

#include <math.h>

static void near(double got, double want, const char *what)
{
    const double bound = 1e-9 * fmax(fabs(want), 1e-3);
    if (!(fabs(got - want) <= bound)) fail_msg("%s: got %.15g, expected %.15g", what, got, want);
}

/* scipy.special.betainc(a, b, x) */
static void beta_shares(void **state)
{
    static const struct {
        double a, b, x, want;
    } rows[] = {
        { 0.5, 0.5, 0.3, 0.36901011956554536 },   { 2, 3, 0.4, 0.5248 },
        { 250, 750, 0.24, 0.23434658368480815 },  { 1, 1, 0.7, 0.7 },
        { 50000.5, 49000, 0.51, 0.999075564813984 }, { 3, 1e6, 1e-6, 0.08030167298125858 },
        { 2, 3, 0, 0 },                           { 2, 3, 1, 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        near(pare_beta_share(rows[i].a, rows[i].b, rows[i].x), rows[i].want, "betainc");
    near(pare_binomial_at_most(-1, 5, 0.5), 0, "none");
    near(pare_binomial_at_most(5, 5, 0.5), 1, "all");
    near(pare_binomial_at_most(1, 3, 0.5), 0.5, "half");
}

/* statsmodels' proportion_confint(hits, n, method="wilson") */
static void wilson(void **state)
{
    static const struct {
        double hits, n, low, high;
    } rows[] = {
        { 0, 10, 0, 0.27753279986288926 },
        { 7, 10, 0.39677814746114537, 0.8922087325936989 },
        { 350, 500, 0.6584321959560773, 0.7385180678593017 },
        { 10, 10, 0.7224672001371106, 1 },
        { 1, 100000, 1.7652477303783092e-06, 5.664709659040968e-05 },
        { 0, 0, 0, 1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const pare_interval got = pare_wilson95(rows[i].hits, rows[i].n);
        near(got.low, rows[i].low, "low");
        near(got.high, rows[i].high, "high");
    }
}

/* scipy.stats.beta.ppf(1 - a, hits + 1, n - hits) and ppf(a, hits, n - hits + 1) */
static void clopper_pearson(void **state)
{
    static const struct {
        uint64_t hits, n;
        double alpha, upper, lower;
    } rows[] = {
        { 0, 1000, 0.05, 0.002991249545095295, 0 },
        { 3, 100, 0.05, 0.07571079374983004, 0.008225829107652688 },
        { 120, 500, 0.025, 0.27990950900327066, 0.20319657817464942 },
        { 4999, 5000, 0.05, 0.9999897413937423, 0.9990515822299956 },
        { 5, 5, 0.05, 1, 0.5492802716530588 },
        { 0, 0, 0.05, 1, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        near(pare_share_upper(rows[i].hits, rows[i].n, rows[i].alpha), rows[i].upper, "upper");
        near(pare_share_lower(rows[i].hits, rows[i].n, rows[i].alpha), rows[i].lower, "lower");
    }
}

/* scipy.stats.t.ppf(p, degrees) */
static void student(void **state)
{
    static const struct {
        double p, degrees, want;
    } rows[] = {
        { 0.975, 1, 12.706204736174694 },  { 0.975, 9, 2.262157162798205 },
        { 0.95, 30, 1.697260886593957 },   { 0.975, 4999, 1.9604386466615247 },
        { 0.05, 3, -2.353363434801824 },   { 0.5, 7, 0 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        near(pare_student_quantile(rows[i].p, rows[i].degrees), rows[i].want, "t");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beta_shares),
        cmocka_unit_test(wilson),
        cmocka_unit_test(clopper_pearson),
        cmocka_unit_test(student),
    };
    return test_run(tests);
}
