/* Comparing in pairs: against numbers found in Python by adding up whole distributions with SciPy,
 * and against what the bounds promise. */
#include "support/test.h"

#include "stats/paired.h"

#include <math.h>

static void near(double got, double want, double bound, const char *what)
{
    if (!(fabs(got - want) <= bound)) fail_msg("%s: got %.12g, expected %.12g", what, got, want);
}

/* Bounds: scipy.stats.binom over all numbers of differing pairs, the same shares of them. p: the
 * exact form of statsmodels' mcnemar. */
static void drops(void **state)
{
    static const struct {
        pare_pairs pairs;
        double drop, lower, upper, p;
    } rows[] = {
        { { 10, 0, 0 }, 0, -36.98569020797802, 36.98569020797802, 1 },
        { { 1000, 5, 0 }, 0.5, -0.21731645448594406, 1.1967594556831718, 0.0625 },
        { { 1000, 30, 20 }, 1, -0.4884338600762334, 2.4765511379844716, 0.20263875106454066 },
        { { 1000, 20, 30 }, -1, -2.4765511379844716, 0.4884338600762334, 0.20263875106454066 },
        { { 658, 3, 1 }, 0.303951367781155, -0.722524424982332, 1.3159175814282518, 0.625 },
        { { 100, 40, 2 }, 38, 25.678614582558158, 48.372780664705076, 4.110916e-10 },
        { { 5000, 60, 50 }, 0.2, -0.21154669136268683, 0.6105786072928375, 0.390927 },
        { { 500, 0, 9 }, -1.8, -3.4084957651108807, -0.12812059687630062, 0.00390625 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const pare_drop got = pare_pairs_drop(&rows[i].pairs);
        near(got.drop, rows[i].drop, 1e-12, "drop");
        near(got.lower95, rows[i].lower, 1e-6, "lower95");
        near(got.upper95, rows[i].upper, 1e-6, "upper95");
        near(got.p_value, rows[i].p, 1e-6, "p");
    }
    assert_true(isnan(pare_pairs_drop(&(pare_pairs){ 0 }).drop));
}

static double choose_log(unsigned n, unsigned k)
{
    return lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0);
}

/* The promise itself: summed over all tables of N samples, the bound lies below the true drop with
 * a probability of at most 5 %, whatever the truth is. */
static void bounds_hold(void **state)
{
    enum { N = 24, STEPS = 8 };
    static double upper[N + 1][N + 1];
    double worst = 0;
    (void)state;
    for (unsigned b = 0; b <= N; b++)
        for (unsigned c = 0; b + c <= N; c++)
            upper[b][c] = pare_pairs_drop(&(pare_pairs){ N, b, c }).upper95;
    for (int i = 0; i <= STEPS; i++) {
        for (int j = 0; i + j <= STEPS; j++) {
            const double pb = (double)i / STEPS * 0.998 + 1e-3;
            const double pc = (double)j / STEPS * 0.998 + 5e-4;
            const double ps = 1 - pb - pc;
            double missed = 0;
            if (ps <= 0) continue;
            for (unsigned b = 0; b <= N; b++)
                for (unsigned c = 0; b + c <= N; c++)
                    if (upper[b][c] < 100 * (pb - pc))
                        missed += exp(choose_log(N, b) + choose_log(N - b, c) + b * log(pb) +
                                      c * log(pc) + (N - b - c) * log(ps));
            worst = fmax(worst, missed);
        }
    }
    if (worst > 0.05) fail_msg("missed in %.4f of all draws", worst);
    if (worst < 0.02) fail_msg("missed in %.4f of all draws: needlessly wide", worst);
}

/* More of the same moves a bound towards the drop; what is broken more moves it up. */
static void bounds_are_ordered(void **state)
{
    (void)state;
    double last = 100;
    for (uint64_t n = 50; n <= 51200; n *= 4) {
        const pare_drop d = pare_pairs_drop(&(pare_pairs){ n, n / 50, n / 50 });
        assert_true(d.upper95 < last && d.upper95 > 0);
        near(d.lower95, -d.upper95, 1e-9, "as many broken as repaired");
        last = d.upper95;
    }
    last = -100;
    for (uint64_t broken = 0; broken <= 40; broken += 5) {
        const double upper = pare_pairs_drop(&(pare_pairs){ 100, broken, 7 }).upper95;
        assert_true(upper > last);
        last = upper;
    }
    const pare_drop one = pare_pairs_drop(&(pare_pairs){ 1, 1, 0 });
    assert_true(one.upper95 <= 100 && one.lower95 >= -100);
}

static void judged(void **state)
{
    (void)state;
    const pare_drop d = { .drop = 0.2, .lower95 = -0.1, .upper95 = 0.5 };
    assert_int_equal(pare_drop_judge(&d, 0.5), PARE_DROP_HOLDS);
    assert_int_equal(pare_drop_judge(&d, 0.4), PARE_DROP_OPEN);
    assert_int_equal(pare_drop_judge(&d, -0.2), PARE_DROP_EXCEEDS);
}

static void needed(void **state)
{
    (void)state;
    /* Nothing changed: about 4.6 of 1000 could hide. */
    assert_in_range(pare_pairs_needed(&(pare_pairs){ 100, 0, 0 }, 0.5), 900, 940);
    /* Enough samples with those shares decide, an eighth less do not. */
    static const pare_pairs rows[] = { { 1000, 30, 20 }, { 500, 2, 9 }, { 658, 3, 1 } };
    static const double limits[] = { 2, 0.5, 0.1 };
    for (size_t i = 0; i < 3; i++) {
        const uint64_t n = pare_pairs_needed(&rows[i], limits[i]);
        for (int eighth = 0; eighth < 2; eighth++) {
            const double scale = (double)n / (double)rows[i].n * (eighth ? 0.875 : 1);
            const pare_pairs p = { (uint64_t)((double)rows[i].n * scale + 0.5),
                                   (uint64_t)((double)rows[i].broken * scale + 0.5),
                                   (uint64_t)((double)rows[i].repaired * scale + 0.5) };
            const pare_drop d = pare_pairs_drop(&p);
            if ((pare_drop_judge(&d, limits[i]) == PARE_DROP_OPEN) != eighth)
                fail_msg("row %zu: %d: %llu samples, [%g, %g]", i, eighth,
                         (unsigned long long)p.n, d.lower95, d.upper95);
        }
    }
    assert_true(pare_pairs_needed(&(pare_pairs){ 1000, 5, 0 }, 0.5) == UINT64_MAX);
    assert_true(pare_pairs_needed(&(pare_pairs){ 0 }, 0.5) == UINT64_MAX);
}

static void agreement_bounds(void **state)
{
    (void)state;
    const pare_drop d = pare_agreement_drop(100, 3);
    near(d.drop, 3, 1e-12, "share of changed answers");
    near(d.upper95, 7.571079374983004, 1e-8, "beta.ppf(0.95, 4, 97)");
    near(d.lower95, -d.upper95, 0, "it may have got better, too");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drops),
        cmocka_unit_test(bounds_hold),
        cmocka_unit_test(bounds_are_ordered),
        cmocka_unit_test(judged),
        cmocka_unit_test(needed),
        cmocka_unit_test(agreement_bounds),
    };
    return test_run(tests);
}
