#include "stats/histogram.h"

#include "support/floats.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

enum { N = 5000 };

static const pare_kernels *best(void)
{
    return pare_kernels_of(pare_isa_best());
}

/* Numbers of very different sizes: each part of the array is larger than those before it. */
static void fill(float *x, uint32_t seed)
{
    for (int i = 0; i < N; i++) {
        test_fill_floats(&x[i], 1, &seed);
        if (isfinite(x[i])) x[i] = fmodf(x[i], 2) * ldexpf(1, i / 500 - 3);
    }
}

static void counts_are_those_of_the_final_bins(void **state)
{
    (void)state;
    static float x[N];
    static pare_histogram h;
    fill(x, 1);
    pare_histogram_init(&h);
    for (int i = 0; i < N; i += 50) pare_histogram_add(&h, best(), 50, x + i);
    uint64_t want[PARE_HISTOGRAM_BINS] = { 0 }, n_bad = 0;
    for (int i = 0; i < N; i++) {
        if (isfinite(x[i])) want[(int)floor(ldexp((double)x[i], -h.exponent)) - h.first]++;
        else n_bad++;
    }
    assert_memory_equal(h.counts, want, sizeof(want));
    assert_int_equal(h.n_bad, n_bad);
    assert_int_equal(h.n + h.n_bad, N);
    assert_true(pare_histogram_used(&h) > PARE_HISTOGRAM_BINS / 4);
    assert_true(pare_histogram_edge(&h, 0) <= (double)h.min);
    assert_true(pare_histogram_edge(&h, pare_histogram_used(&h)) > (double)h.max);
}

static void order_and_splitting_do_not_matter(void **state)
{
    (void)state;
    static float x[N], reversed[N];
    static pare_histogram a, b, parts[7];
    fill(x, 2);
    for (int i = 0; i < N; i++) reversed[i] = x[N - 1 - i];
    pare_histogram_init(&a);
    pare_histogram_add(&a, best(), N, x);
    pare_histogram_init(&b);
    for (int i = 0; i < N; i += 8) pare_histogram_add(&b, best(), 8, reversed + i);
    assert_memory_equal(&a, &b, sizeof(a));
    for (int p = 0; p < 7; p++) pare_histogram_init(&parts[p]);
    for (int i = 0; i < N; i += 8)
        pare_histogram_add(&parts[i / 8 % 7], pare_kernels_of(PARE_ISA_SCALAR), 8, x + i);
    pare_histogram_init(&b);
    for (int p = 6; p >= 0; p--) pare_histogram_merge(&b, &parts[p]);
    assert_memory_equal(&a, &b, sizeof(a));
}

static void odd_numbers_are_no_trouble(void **state)
{
    (void)state;
    static pare_histogram h;
    const float rows[][3] = {
        { 0, 0, 0 },
        { 3.5f, 3.5f, 3.5f },
        { -0x1p-149f, 0x1p-149f, 0 },
        { -3.4e38f, 3.4e38f, 1 },
        { -1e-30f, -1e-30f, 1e30f },
        { 1e30f, 1e30f, 1.0000001e30f },
    };
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        pare_histogram_init(&h);
        for (int i = 0; i < 3; i++) pare_histogram_add(&h, best(), 1, &rows[r][i]);
        uint64_t n = 0;
        for (uint32_t b = 0; b < pare_histogram_used(&h); b++) n += h.counts[b];
        assert_int_equal(n, 3);
        assert_true(pare_histogram_used(&h) <= PARE_HISTOGRAM_BINS);
    }
    const float bad[] = { NAN, INFINITY, -INFINITY };
    pare_histogram_init(&h);
    pare_histogram_add(&h, best(), 3, bad);
    assert_int_equal(h.n, 0);
    assert_int_equal(h.n_bad, 3);
    assert_int_equal(pare_histogram_used(&h), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_are_those_of_the_final_bins),
        cmocka_unit_test(order_and_splitting_do_not_matter),
        cmocka_unit_test(odd_numbers_are_no_trouble),
    };
    return test_run(tests);
}
