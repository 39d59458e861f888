/* Extremes and counts of rows, at every level against the reference. */
#include "kernels/kernels.h"
#include "support/floats.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

enum { MAX_N = 67, N_BINS = 24, N_COUNTS = (N_BINS + 1) * PARE_TALLY_LANES };

static void fill(float *x, int round, uint32_t *seed)
{
    for (int i = 0; i < MAX_N; i++) {
        x[i] = round % 3 ? test_any_float(seed) : test_any_bits(seed);
        if (round % 3 == 1) x[i] *= 40;
    }
}

static void extremes_equal_the_reference(void **state)
{
    (void)state;
    uint32_t seed = 1;
    float x[MAX_N];
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int round = 0; round < 300; round++) {
            fill(x, round, &seed);
            for (int64_t n = 0; n <= MAX_N; n++) {
                pare_extent got = { INFINITY, -INFINITY, 0, 0 }, want = got;
                pare_kernels_of((pare_isa)isa)->tally->extent(n, x, &got);
                pare_tally_ref.extent(n, x, &want);
                assert_true(got.min == want.min && got.max == want.max);
                assert_int_equal(got.n_bad, want.n_bad);
                assert_int_equal(got.n_zero, want.n_zero);
            }
        }
}

static void counts_equal_the_reference(void **state)
{
    (void)state;
    uint32_t seed = 2;
    float x[MAX_N];
    const int32_t firsts[] = { 0, -12, 5, -(1 << 23), 1 << 23 };
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int round = 0; round < 300; round++) {
            fill(x, round, &seed);
            const int64_t n = round % (MAX_N + 1);
            const float per_width = ldexpf(1, round % 7 - 2);
            uint32_t got[N_COUNTS] = { 0 }, want[N_COUNTS] = { 0 };
            for (size_t f = 0; f < sizeof(firsts) / sizeof(firsts[0]); f++) {
                pare_kernels_of((pare_isa)isa)
                    ->tally->tally(n, x, per_width, firsts[f], N_BINS, got);
                pare_tally_ref.tally(n, x, per_width, firsts[f], N_BINS, want);
            }
            assert_memory_equal(got, want, sizeof(got));
        }
}

static void every_number_is_in_one_bin(void **state)
{
    (void)state;
    const float x[] = { -1, -0.5f, -0.25f, -0.0f, 0, 0.25f, 0.499f, 0.5f, 1, NAN, INFINITY, 1e30f };
    const uint32_t want[] = { 1, 2, 4, 1 }, n = sizeof(x) / sizeof(x[0]);
    uint32_t counts[5 * PARE_TALLY_LANES] = { 0 };
    pare_tally_ref.tally(n, x, 2, -2, 4, counts);
    for (uint32_t b = 0; b < 5; b++) {
        uint32_t sum = 0;
        for (uint32_t l = 0; l < PARE_TALLY_LANES; l++) sum += counts[b * PARE_TALLY_LANES + l];
        assert_int_equal(sum, b < 4 ? want[b] : 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(extremes_equal_the_reference),
        cmocka_unit_test(counts_equal_the_reference),
        cmocka_unit_test(every_number_is_in_one_bin),
    };
    return test_run(tests);
}
