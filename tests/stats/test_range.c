#include "stats/range.h"

#include "support/test.h"

#include <math.h>

enum { N = 1 << 16 };

static const pare_grid_form u8 = { 0, 255, false }, s8 = { -128, 127, true };
static float x[N];
static pare_histogram h;

static const pare_kernels *best(void)
{
    return pare_kernels_of(pare_isa_best());
}

static double uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return ((double)(*state >> 11) + 0.5) / 9007199254740992.0;
}

/* Normal numbers; every 500th is an outlier `far` times as large. */
static void fill_normal(double far, bool relu)
{
    uint64_t state = 7;
    for (int i = 0; i < N; i++) {
        const double r = sqrt(-2 * log(uniform(&state)));
        double v = r * cos(6.283185307179586 * uniform(&state));
        if (far > 1 && i % 500 == 0) v *= far;
        x[i] = (float)(relu && v < 0 ? 0 : v);
    }
    pare_histogram_init(&h);
    pare_histogram_add(&h, best(), N, x);
}

/* Error of the numbers themselves. */
static double true_error(const pare_grid *grid)
{
    double sum = 0;
    for (int i = 0; i < N; i++) {
        double q = nearbyint((double)x[i] / (double)grid->scale) + grid->zero;
        q = fmin(fmax(q, grid->low), grid->high);
        const double d = (double)x[i] - (q - grid->zero) * (double)grid->scale;
        sum += d * d;
    }
    return sum / N;
}

static void grids_hold_zero_and_the_range(void **state)
{
    (void)state;
    const double ranges[][2] = { { -1, 3 }, { 0, 6 }, { -2, 0 }, { 2, 5 }, { -7, -6 }, { 0, 0 } };
    for (size_t r = 0; r < sizeof(ranges) / sizeof(ranges[0]); r++)
        for (int f = 0; f < 2; f++) {
            const pare_grid g = pare_grid_of(f ? &s8 : &u8, ranges[r][0], ranges[r][1]);
            const double half = 0.501 * (double)g.scale;
            assert_true(g.zero >= g.low && g.zero <= g.high);
            assert_true((g.low - g.zero) * (double)g.scale <= fmin(ranges[r][0], 0) + half);
            assert_true((g.high - g.zero) * (double)g.scale >= fmax(ranges[r][1], 0) - half);
            if (f) assert_int_equal(g.zero, 0);
        }
    const pare_grid tiny = pare_grid_of(&u8, 0, 1e-300), huge = pare_grid_of(&u8, -1e300, 1e300);
    assert_true(tiny.scale == 1 && huge.scale == 1);
}

static void error_from_bins_is_the_error(void **state)
{
    (void)state;
    for (int relu = 0; relu < 2; relu++) {
        fill_normal(1, relu);
        for (double clip = 1; clip < 4.5; clip += 0.5) {
            const pare_grid a = pare_grid_of(&u8, relu ? 0 : -clip, clip);
            const pare_grid b = pare_grid_of(&s8, -clip, clip);
            const double want = true_error(&a), symmetric = true_error(&b);
            /* Bins are finer than steps, and zeros of a ReLU are spread over theirs. */
            assert_true(fabs(pare_grid_error(&a, &h) - want) < 0.03 * want);
            if (!relu) assert_true(fabs(pare_grid_error(&b, &h) - symmetric) < 0.03 * symmetric);
        }
    }
}

static pare_grid choose(const pare_grid_form *form, pare_range_method method, double *max)
{
    double min;
    return pare_range_choose(&h, form, method, 99.9, &min, max);
}

static void methods_cut_what_they_should(void **state)
{
    (void)state;
    double minmax, percentile, entropy, mse;
    for (int relu = 0; relu < 2; relu++)
        for (int f = 0; f < 2; f++) {
            fill_normal(8, relu);
            const pare_grid_form *form = f ? &s8 : &u8;
            const pare_grid all = choose(form, PARE_RANGE_MINMAX, &minmax);
            choose(form, PARE_RANGE_PERCENTILE, &percentile);
            choose(form, PARE_RANGE_ENTROPY, &entropy);
            const pare_grid least = choose(form, PARE_RANGE_MSE, &mse);
            assert_true(minmax == (double)h.max);
            assert_true(percentile < 0.7 * minmax && percentile > 2.5);
            assert_true(entropy < 0.9 * minmax && entropy > 2.5);
            assert_true(mse < minmax);
            assert_true(true_error(&least) <= true_error(&all));
            /* No other threshold is better by more than the search is fine. */
            for (double clip = 0.05; clip <= 1; clip += 0.01) {
                const pare_grid g = pare_grid_of(form, f || !relu ? -clip * minmax : 0,
                                                 clip * minmax);
                assert_true(true_error(&least) < 1.02 * true_error(&g));
            }
        }
}

static void a_percentile_leaves_its_share(void **state)
{
    (void)state;
    for (int i = 0; i < N; i++) x[i] = (float)i;
    pare_histogram_init(&h);
    pare_histogram_add(&h, best(), N, x);
    double min, max;
    pare_range_choose(&h, &u8, PARE_RANGE_PERCENTILE, 90, &min, &max);
    assert_true(fabs(max - 0.9 * N) <= ldexp(1, h.exponent));
    for (int i = 0; i < N; i++) x[i] = (float)(i - N / 2);
    pare_histogram_init(&h);
    pare_histogram_add(&h, best(), N, x);
    pare_range_choose(&h, &u8, PARE_RANGE_PERCENTILE, 90, &min, &max);
    assert_true(fabs(max - 0.45 * N) <= ldexp(1, h.exponent));
    assert_true(fabs(min + 0.45 * N) <= ldexp(1, h.exponent));
}

static void constants_and_nothing_have_a_grid(void **state)
{
    (void)state;
    double min, max;
    for (int method = PARE_RANGE_MINMAX; method <= PARE_RANGE_MSE; method++) {
        pare_histogram_init(&h);
        pare_grid g = pare_range_choose(&h, &u8, (pare_range_method)method, 99.9, &min, &max);
        assert_true(g.scale == 1 && g.zero == 0);
        for (int i = 0; i < N; i++) x[i] = -3;
        pare_histogram_add(&h, best(), N, x);
        g = pare_range_choose(&h, &u8, (pare_range_method)method, 99.9, &min, &max);
        assert_true(min == -3 && max == -3 && g.zero == 255 && g.scale == 3.0f / 255);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grids_hold_zero_and_the_range),
        cmocka_unit_test(error_from_bins_is_the_error),
        cmocka_unit_test(methods_cut_what_they_should),
        cmocka_unit_test(a_percentile_leaves_its_share),
        cmocka_unit_test(constants_and_nothing_have_a_grid),
    };
    return test_run(tests);
}
