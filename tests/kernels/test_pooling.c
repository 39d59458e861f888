/* Pools and sums over rows of every level against the reference, bit for bit, and the reference
 * against the sums of kernels/sum.h. */
#include "kernels/kernels.h"
#include "kernels/sum.h"
#include "support/floats.h"
#include "support/test.h"

#include <math.h>

enum { MAX_N = 75, MAX_ROWS = 53, STRIDE = 80, GUARD = 77 };

static float x[MAX_ROWS * STRIDE], shift[STRIDE], got[STRIDE], want[STRIDE];

static void expect_same(const char *what, int isa, int64_t n_rows, int64_t n)
{
    for (int64_t c = 0; c < n; c++)
        if (!test_same_float(got[c], want[c]))
            fail_msg("%s/%s of %d rows, %d columns: at %d %a instead of %a", what,
                     pare_isa_name((pare_isa)isa), (int)n_rows, (int)n, (int)c, (double)got[c],
                     (double)want[c]);
    if (got[n] != GUARD) fail_msg("%s: behind the end", what);
}

static void check_pools(int isa, int64_t n_rows, int64_t n)
{
    const pare_kernels *k = pare_kernels_of((pare_isa)isa);
    const float *taps[MAX_ROWS];
    for (int64_t t = 0; t < n_rows; t++) taps[t] = x + (t * 7 % n_rows) * STRIDE + t % 3;
    got[n] = GUARD;
    pare_max_pool_ref(n_rows, taps, n, want);
    k->max_pool(n_rows, taps, n, got);
    expect_same("max_pool", isa, n_rows, n);
    pare_average_pool_ref(n_rows, taps, n, 9, want);
    k->average_pool(n_rows, taps, n, 9, got);
    expect_same("average_pool", isa, n_rows, n);
}

static void check_columns(int isa, int64_t n_rows, int64_t n)
{
    const pare_kernels *k = pare_kernels_of((pare_isa)isa);
    got[n] = GUARD;
    pare_column_sum_ref(n_rows, n, x, STRIDE, want);
    k->column_sum(n_rows, n, x, STRIDE, got);
    expect_same("column_sum", isa, n_rows, n);
    pare_column_squares_ref(n_rows, n, x, STRIDE, shift, want);
    k->column_squares(n_rows, n, x, STRIDE, shift, got);
    expect_same("column_squares", isa, n_rows, n);
    pare_column_max_ref(n_rows, n, x, STRIDE, want);
    k->column_max(n_rows, n, x, STRIDE, got);
    expect_same("column_max", isa, n_rows, n);
    pare_column_min_ref(n_rows, n, x, STRIDE, want);
    k->column_min(n_rows, n, x, STRIDE, got);
    expect_same("column_min", isa, n_rows, n);
}

static void every_level_gives_the_same(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int64_t n_rows = 0; n_rows < MAX_ROWS; n_rows++)
            for (int64_t n = 0; n < MAX_N; n++) {
                if (n % 8 == 0) test_fill_floats(x, MAX_ROWS * STRIDE, &seed);
                test_fill_floats(shift, STRIDE, &seed);
                check_pools(isa, n_rows, n);
                check_columns(isa, n_rows, n);
            }
}

static void sums_are_those_of_sequences(void **state)
{
    (void)state;
    uint32_t seed = 1;
    float column[MAX_ROWS];
    const float *taps[MAX_ROWS];
    for (int64_t n_rows = 0; n_rows < MAX_ROWS; n_rows++) {
        test_fill_floats(x, MAX_ROWS * STRIDE, &seed);
        for (int64_t r = 0; r < n_rows; r++) {
            column[r] = x[r * STRIDE];
            taps[r] = x + r * STRIDE;
        }
        pare_column_sum_ref(n_rows, 1, x, STRIDE, want);
        assert_true(test_same_float(want[0], pare_sum_f32_ref(n_rows, column)));
        pare_average_pool_ref(n_rows, taps, 1, 3, want);
        assert_true(test_same_float(want[0], pare_sum_f32_ref(n_rows, column) / 3));
        shift[0] = 0.25f;
        pare_column_squares_ref(n_rows, 1, x, STRIDE, shift, want);
        assert_true(test_same_float(want[0], pare_sum_squares_f32_ref(n_rows, column, 0.25f)));
    }
}

static void first_of_a_maximum_stays(void **state)
{
    (void)state;
    const float a[] = { NAN, 1, -0.0f, 0 };
    const float b[] = { 1, NAN, 0, -0.0f };
    const float *const taps[] = { a, b };
    pare_max_pool_ref(2, taps, 4, want);
    assert_true(isnan(want[0]) && want[1] == 1);
    assert_true(signbit(want[2]) && !signbit(want[3]));
    pare_max_pool_ref(0, taps, 1, want);
    assert_true(want[0] == -INFINITY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_gives_the_same),
        cmocka_unit_test(sums_are_those_of_sequences),
        cmocka_unit_test(first_of_a_maximum_stays),
    };
    return test_run(tests);
}
