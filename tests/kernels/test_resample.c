#include "kernels/resample.h"
#include "support/test.h"

#include <math.h>

enum { MOST = 64 };

/* Keys' cubic as a formula of its own. */
static double kernel(bool cubic, double a, double d)
{
    const double x = fabs(d);
    if (!cubic) return fmax(0, 1 - x);
    if (x <= 1) return (a + 2) * pow(x, 3) - (a + 3) * pow(x, 2) + 1;
    return x < 2 ? a * pow(x, 3) - 5 * a * pow(x, 2) + 8 * a * x - 4 * a : 0;
}

/* What reading at x gives, summed over positions far beyond both ends. */
static double brute(const pare_resample *r, const double *data, double x)
{
    double sum = 0;
    double weights = 0;
    for (int64_t i = -4 * MOST; i < 4 * MOST; i++) {
        const bool inside = i >= 0 && i < r->n;
        const double w = kernel(r->cubic, r->a, ((double)i - x) * r->shrink);
        if (r->inside_only && !inside) continue;
        sum += w * data[i < 0 ? 0 : i >= r->n ? r->n - 1 : i];
        weights += w;
    }
    return sum / weights;
}

static void weights_equal_the_formula(void **state)
{
    (void)state;
    static const double shrinks[] = { 1, 0.7, 0.3 };
    double data[MOST];
    for (int i = 0; i < MOST; i++) data[i] = sin(i * 1.7) + i % 3;
    for (int kind = 0; kind < 4; kind++) {
        for (int s = 0; s < 3; s++) {
            for (int64_t n = 1; n < 12; n++) {
                const pare_resample r = { .cubic = kind & 1, .a = -0.6, .shrink = shrinks[s],
                                          .inside_only = kind & 2, .n = n };
                for (double x = -0.75; x < (double)n; x += 0.125) {
                    double weight[MOST];
                    int64_t first = 0;
                    double sum = 0;
                    const int64_t count = pare_resample_taps_ref(&r, x, &first, weight);
                    assert_in_range(count, 1, pare_resample_taps_max_ref(&r));
                    assert_true(first >= 0 && first + count <= n);
                    for (int64_t t = 0; t < count; t++) sum += weight[t] * data[first + t];
                    assert_true(fabs(sum - brute(&r, data, x)) < 1e-12);
                }
            }
        }
    }
}

static void far_coordinates_read_the_ends(void **state)
{
    (void)state;
    const pare_resample r = { .cubic = true, .a = -0.75, .shrink = 1, .n = 3 };
    double weight[MOST];
    int64_t first = 0;
    assert_int_equal(pare_resample_taps_ref(&r, 1e30, &first, weight), 1);
    assert_int_equal(first, 2);
    assert_true(fabs(weight[0] - 1) < 1e-15);
    assert_int_equal(pare_resample_taps_ref(&r, -1e30, &first, weight), 1);
    assert_int_equal(first, 0);
}

/* An axis in the middle, against plain loops; weights of 0 read nothing. */
static void an_axis_is_a_chain_per_output(void **state)
{
    (void)state;
    const int64_t first[3] = { 0, 1, 3 };
    const float narrow[6] = { 0.3f, 0.7f, 0.1f, 0.9f, 1, 0 };
    const double wide[6] = { 0.3, 0.7, 0.1, 0.9, 1, 0 };
    float x[16];
    double z[16];
    float y[12];
    double v[12];
    for (int i = 0; i < 16; i++) z[i] = (double)(x[i] = (float)i * 0.37f);
    pare_resample_axis_f32_ref(2, 4, 2, 3, 2, first, narrow, x, y);
    pare_resample_axis_f64_ref(2, 4, 2, 3, 2, first, wide, z, v);
    for (int i = 0; i < 12; i++) {
        const int64_t at = (i / 6 * 4 + first[i / 2 % 3]) * 2 + i % 2;
        const float *w = narrow + i / 2 % 3 * 2;
        const double *u = wide + i / 2 % 3 * 2;
        const float got = w[1] != 0 ? fmaf(w[1], x[at + 2], w[0] * x[at]) : x[at];
        assert_true(y[i] == got);
        assert_true(v[i] == (u[1] != 0 ? fma(u[1], z[at + 2], u[0] * z[at]) : z[at]));
    }
}

static void gathering_skips_what_is_outside(void **state)
{
    (void)state;
    const int64_t offset[3] = { 2, -1, 0 };
    const float narrow[3] = { 0.5f, 8, 0.25f };
    const double wide[3] = { 0.5, 8, 0.25 };
    const float x[6] = { 4, 0, 2, 8, 0, 16 };
    const double z[6] = { 4, 0, 2, 8, 0, 16 };
    float y[4] = { 0 };
    double v[4] = { 0 };
    pare_gather_weighted_f32_ref(2, 3, 3, offset, narrow, x, y, 2);
    pare_gather_weighted_f64_ref(2, 3, 3, offset, wide, z, v, 2);
    assert_true(y[0] == 2 && y[1] == 0 && y[2] == 10 && y[3] == 0);
    assert_true(v[0] == 2 && v[1] == 0 && v[2] == 10 && v[3] == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_equal_the_formula),
        cmocka_unit_test(far_coordinates_read_the_ends),
        cmocka_unit_test(an_axis_is_a_chain_per_output),
        cmocka_unit_test(gathering_skips_what_is_outside),
    };
    return test_run(tests);
}
