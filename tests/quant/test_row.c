/* Rows of weights in integers. */
#include "quant/row.h"

#include "support/test.h"

#include <math.h>
#include <stdlib.h>

enum { MAX_N = 200 };

static const pare_weight_form s8 = { -127, 127, true, 0, 0, false };
static const pare_weight_form s8_pairs = { -127, 127, true, 0, 0, true };
static const pare_weight_form s4 = { -8, 7, true, 0, 32, false };
static const pare_weight_form u4 = { 0, 15, false, 0, 32, false };
static const pare_weight_form u4_middle = { 0, 15, true, 8, 16, false };
static const pare_weight_form *const forms[] = { &s8, &s8_pairs, &s4, &u4, &u4_middle };

typedef struct result {
    int8_t codes[MAX_N];
    float scales[MAX_N];
    int32_t zeros[MAX_N];
    float back[MAX_N];
    double error;             /* weighted */
} result;

static float x[MAX_N], importance[MAX_N];

static double uniform(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) / 9007199254740992.0;
}

/* Sums of uniform numbers, some of them large. */
static void fill(uint64_t seed)
{
    for (int i = 0; i < MAX_N; i++) {
        x[i] = (float)(uniform(&seed) + uniform(&seed) + uniform(&seed) - 1.5);
        if (i % 37 == 0) x[i] *= 3;
        importance[i] = (float)(0.1 + 10 * pow(uniform(&seed), 4));
    }
}

static void quantize(const pare_weight_form *form, bool fit, const float *w, int64_t n, result *r)
{
    const pare_row_codes out = { r->codes, r->scales, r->zeros };
    if (fit) pare_row_fit(form, true, n, x, w, &out);
    else pare_row_round(form, true, n, x, &out);
    pare_row_restore(form, n, &out, r->back);
    r->error = 0;
    for (int64_t i = 0; i < n; i++) {
        const double d = (double)x[i] - (double)r->back[i];
        r->error += (w ? (double)w[i] : 1) * d * d;
    }
}

static void codes_are_near_and_in_range(void **state)
{
    (void)state;
    static result r;
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++)
        for (int64_t n = 1; n <= MAX_N; n += 33) {
            fill((uint64_t)n);
            quantize(forms[f], false, NULL, n, &r);
            for (int64_t i = 0; i < n; i++) {
                const double scale =
                    fabs((double)r.scales[forms[f]->block ? i / forms[f]->block : 0]);
                /* A pair that gave way, and what is near the far end of a lopsided grid, are up to
                 * one code off. */
                const double most = forms[f]->pair_safe || forms[f]->zero != 0 ||
                                    forms[f]->low < -forms[f]->high ? 1.01 : 0.51;
                assert_true(r.codes[i] >= forms[f]->low && r.codes[i] <= forms[f]->high);
                assert_true(fabs((double)x[i] - (double)r.back[i]) <= most * scale);
            }
        }
}

static void pairs_fit_in_16_bits(void **state)
{
    (void)state;
    static result safe, plain;
    double safe_error = 0, plain_error = 0;
    int n_beyond = 0;
    for (uint64_t seed = 1; seed < 200; seed++) {
        fill(seed);
        const int64_t n = MAX_N - (int64_t)(seed % 3);
        quantize(&s8_pairs, false, NULL, n, &safe);
        quantize(&s8, false, NULL, n, &plain);
        for (int64_t i = 0; i + 1 < n; i += 2) {
            const int a = safe.codes[i], b = safe.codes[i + 1];
            const int up = (a > 0 ? a : 0) + (b > 0 ? b : 0);
            const int down = (a < 0 ? a : 0) + (b < 0 ? b : 0);
            assert_true(255 * up <= INT16_MAX && 255 * down >= INT16_MIN);
            n_beyond += abs(plain.codes[i] + plain.codes[i + 1]) > 128;
        }
        safe_error += safe.error;
        plain_error += plain.error;
    }
    assert_true(n_beyond > 100);
    /* Not the fourfold error of giving up a bit everywhere. */
    assert_true(safe_error < 2.5 * plain_error);
}

static void fitting_lowers_the_weighted_error(void **state)
{
    (void)state;
    static result fitted, rounded;
    const pare_weight_form *const fits[] = { &s8, &s4, &u4, &u4_middle };
    for (size_t f = 0; f < sizeof(fits) / sizeof(fits[0]); f++)
        for (int weighted = 0; weighted < 2; weighted++) {
            double sum_fitted = 0, sum_rounded = 0;
            for (uint64_t seed = 1; seed < 60; seed++) {
                fill(seed);
                quantize(fits[f], true, weighted ? importance : NULL, MAX_N, &fitted);
                quantize(fits[f], false, weighted ? importance : NULL, MAX_N, &rounded);
                assert_true(fitted.error <= rounded.error * 1.0000001);
                sum_fitted += fitted.error;
                sum_rounded += rounded.error;
            }
            if (fits[f] != &s8) assert_true(sum_fitted < (weighted ? 0.75 : 0.92) * sum_rounded);
        }
}

static void odd_rows_have_sound_scales(void **state)
{
    (void)state;
    static result r;
    const float rows[][4] = {
        { 0, 0, 0, 0 }, { -0.0f, 0, 0, 0 }, { 1e-45f, 0, -1e-45f, 0 }, { 3e38f, -3e38f, 3e38f, 0 },
        { 5, 5, 5, 5 }, { -5, -5, -5, -5 }, { 1e-30f, 1e30f, 0, 0 },
    };
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++)
        for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
            for (int fit = 0; fit < 2 - forms[f]->pair_safe; fit++) {
                for (int i = 0; i < 4; i++) x[i] = rows[k][i];
                quantize(forms[f], fit, NULL, 4, &r);
                assert_true(isnormal(r.scales[0]));
                assert_true(r.zeros[0] >= forms[f]->low && r.zeros[0] <= forms[f]->high);
                for (int i = 0; i < 4; i++) {
                    assert_true(r.codes[i] >= forms[f]->low && r.codes[i] <= forms[f]->high);
                    assert_true(isfinite(r.back[i]));
                }
            }
}

static void the_extreme_of_a_lopsided_grid_is_exact(void **state)
{
    (void)state;
    static result r;
    fill(9);
    x[40] = 4;
    quantize(&s4, false, NULL, 64, &r);
    assert_int_equal(r.codes[40], -8);
    assert_true(r.back[40] == 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_near_and_in_range),
        cmocka_unit_test(pairs_fit_in_16_bits),
        cmocka_unit_test(fitting_lowers_the_weighted_error),
        cmocka_unit_test(odd_rows_have_sound_scales),
        cmocka_unit_test(the_extreme_of_a_lopsided_grid_is_exact),
    };
    return test_run(tests);
}
