#include "support/test.h"

#include "base/checked.h"

static void sums_and_products_that_fit(void **state)
{
    (void)state;
    uint64_t u = 0;
    assert_true(pare_add_u64(UINT64_MAX - 1, 1, &u));
    assert_true(u == UINT64_MAX);
    assert_true(pare_mul_u64(UINT64_C(1) << 32, (UINT64_C(1) << 32) - 1, &u));
    assert_true(u == UINT64_MAX - UINT32_MAX);
    int64_t i = 0;
    assert_true(pare_add_i64(INT64_MAX, INT64_MIN, &i));
    assert_true(i == -1);
    assert_true(pare_sub_i64(-1, INT64_MAX, &i));
    assert_true(i == INT64_MIN);
    assert_true(pare_mul_i64(INT64_MIN / 2, 2, &i));
    assert_true(i == INT64_MIN);
    size_t n = 0;
    assert_true(pare_mul_size(SIZE_MAX, 1, &n));
    assert_true(n == SIZE_MAX);
    assert_true(pare_add_size(SIZE_MAX, 0, &n));
    assert_true(n == SIZE_MAX);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    uint64_t u = 0;
    int64_t i = 0;
    size_t n = 0;
    assert_false(pare_add_u64(UINT64_MAX, 1, &u));
    assert_false(pare_mul_u64(UINT64_C(1) << 32, UINT64_C(1) << 32, &u));
    assert_false(pare_add_i64(INT64_MAX, 1, &i));
    assert_false(pare_sub_i64(INT64_MIN, 1, &i));
    assert_false(pare_sub_i64(0, INT64_MIN, &i));
    assert_false(pare_mul_i64(INT64_MIN, -1, &i));
    assert_false(pare_mul_size(SIZE_MAX / 2 + 1, 2, &n));
    assert_false(pare_add_size(SIZE_MAX, 1, &n));
}

static void align_rounds_up(void **state)
{
    (void)state;
    uint64_t u = 0;
    for (uint64_t n = 0; n < 100; n++) {
        assert_true(pare_align_u64(n, 16, &u));
        assert_true(u % 16 == 0 && u >= n && u < n + 16);
    }
    assert_true(pare_align_u64(7, 1, &u));
    assert_true(u == 7);
    assert_true(pare_align_u64(UINT64_MAX - 15, 16, &u));
    assert_true(u == UINT64_MAX - 15);
    assert_false(pare_align_u64(UINT64_MAX - 14, 16, &u));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_and_products_that_fit),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(align_rounds_up),
    };
    return test_run(tests);
}
