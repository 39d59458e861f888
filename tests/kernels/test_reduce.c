#include "kernels/cumulative.h"
#include "kernels/reduce.h"
#include "kernels/softmax.h"
#include "kernels/sum.h"
#include "support/test.h"

#include <math.h>

/* Around the 16 partials. */
static const int64_t sizes[] = { 1, 2, 15, 16, 17, 31, 33, 100, 1000 };
enum { N_SIZES = sizeof(sizes) / sizeof(sizes[0]), MAX_N = 1000 };

static float x[MAX_N];
static double wide[MAX_N];

static void fill(void)
{
    uint32_t state = 1;
    for (int i = 0; i < MAX_N; i++) {
        state = state * 1664525u + 1013904223u;
        x[i] = (float)((int32_t)state) / (float)(1 << 30); /* in [-2, 2) */
        wide[i] = (double)x[i];
    }
}

/* The order of sums written down once more, for 17 elements: what a variant must reproduce. */
static void sum_is_sixteen_partials_and_a_tree(void **state)
{
    (void)state;
    fill();
    float p[16];
    for (int j = 0; j < 16; j++) p[j] = x[j];
    p[0] += x[16];
    const float a = ((p[0] + p[8]) + (p[4] + p[12])) + ((p[2] + p[10]) + (p[6] + p[14]));
    const float b = ((p[1] + p[9]) + (p[5] + p[13])) + ((p[3] + p[11]) + (p[7] + p[15]));
    assert_true(pare_sum_f32_ref(17, x) == a + b);
    assert_true(pare_reduce_mean_f32_ref(17, x) == (a + b) / 17);
}

static void close_to(const char *what, int64_t n, double got, double want, double size)
{
    if (!(fabs(got - want) <= 1e-6 * (fabs(want) + size)))
        fail_msg("%s of %d: %.9g, expected %.9g", what, (int)n, got, want);
}

static void reductions_equal_plain_loops_in_double(void **state)
{
    (void)state;
    fill();
    for (int s = 0; s < N_SIZES; s++) {
        const int64_t n = sizes[s];
        double sum = 0;
        double size = 0;
        double squares = 0;
        double product = 1;
        double exponentials = 0;
        for (int64_t i = 0; i < n; i++) {
            sum += wide[i];
            size += fabs(wide[i]);
            squares += wide[i] * wide[i];
            exponentials += exp(wide[i]);
            if (i < 40) product *= wide[i];
        }
        close_to("mean", n, (double)pare_reduce_mean_f32_ref(n, x), sum / (double)n, 1);
        close_to("L1", n, (double)pare_reduce_l1_f32_ref(n, x), size, 0);
        close_to("L2", n, (double)pare_reduce_l2_f32_ref(n, x), sqrt(squares), 0);
        close_to("L2 in double", n, pare_reduce_l2_f64_ref(n, wide), sqrt(squares), 0);
        close_to("squares", n, (double)pare_reduce_sum_square_f32_ref(n, x), squares, 0);
        close_to("log sum exp", n, (double)pare_reduce_log_sum_exp_f32_ref(n, x),
                 log(exponentials), 1);
        if (n < 40) close_to("product", n, (double)pare_reduce_prod_f32_ref(n, x), product, 0);
    }
}

static void extremes(void **state)
{
    (void)state;
    const float some[] = { 3, -1, 7, 7, -1 };
    const float with_nan[] = { 3, NAN, 7, NAN };
    const float infinite[] = { -INFINITY, -INFINITY };
    const float top[] = { 1, INFINITY };
    assert_true(pare_reduce_max_f32_ref(5, some) == 7);
    assert_true(pare_reduce_min_f32_ref(5, some) == -1);
    assert_true(isnan(pare_reduce_max_f32_ref(4, with_nan)));
    assert_true(pare_reduce_max_f32_ref(0, some) == -INFINITY);
    assert_int_equal(pare_arg_f32_ref(5, some, false, false), 2);
    assert_int_equal(pare_arg_f32_ref(5, some, false, true), 3);
    assert_int_equal(pare_arg_f32_ref(5, some, true, false), 1);
    assert_int_equal(pare_arg_f32_ref(5, some, true, true), 4);
    assert_int_equal(pare_arg_f32_ref(4, with_nan, false, false), 1);
    assert_int_equal(pare_arg_f32_ref(4, with_nan, true, true), 3);
    assert_true(pare_reduce_log_sum_exp_f32_ref(2, infinite) == -INFINITY);
    assert_true(pare_reduce_log_sum_exp_f32_ref(2, top) == INFINITY);
    assert_true(pare_reduce_log_sum_exp_f32_ref(0, top) == -INFINITY);
}

static void integers_wrap(void **state)
{
    (void)state;
    const int64_t a[] = { INT64_MAX, 1, INT64_MIN };
    const uint64_t b[] = { UINT64_MAX, 2 };
    assert_int_equal(pare_reduce_sum_i64_ref(2, a), INT64_MIN);
    assert_int_equal(pare_reduce_l1_i64_ref(1, a + 2), INT64_MIN);
    assert_int_equal(pare_reduce_mean_i64_ref(0, a), 0);
    assert_int_equal(pare_reduce_mean_i64_ref(2, (const int64_t[]){ -4, -3 }), -3);
    assert_true(pare_reduce_sum_u64_ref(2, b) == 1);
    assert_true(pare_reduce_prod_u64_ref(2, b) == UINT64_MAX - 1);
    assert_int_equal(pare_arg_u64_ref(2, b, true, false), 1);
}

static void softmax_equals_double(void **state)
{
    (void)state;
    static float y[MAX_N];
    static float logs[MAX_N];
    static double y64[MAX_N];
    fill();
    for (int s = 0; s < N_SIZES; s++) {
        const int64_t n = sizes[s];
        double sum = 0;
        for (int64_t i = 0; i < n; i++) sum += exp(wide[i] * 40);
        float scaled[MAX_N];
        double scaled64[MAX_N];
        for (int64_t i = 0; i < n; i++) {
            scaled[i] = x[i] * 40; /* exponents of all sizes; small results are 0 in float */
            scaled64[i] = wide[i] * 40;
        }
        pare_softmax_f32_ref(n, scaled, y);
        pare_log_softmax_f32_ref(n, scaled, logs);
        pare_softmax_f64_ref(n, scaled64, y64);
        for (int64_t i = 0; i < n; i++) {
            const double want = exp(wide[i] * 40) / sum;
            close_to("softmax", n, (double)y[i], want, want * 20 + 1e-30);
            close_to("softmax in double", n, y64[i], want, 0);
            close_to("log softmax", n, (double)logs[i], wide[i] * 40 - log(sum), 40);
        }
    }
}

static void softmax_of_no_numbers(void **state)
{
    (void)state;
    float none[] = { -INFINITY, -INFINITY };
    float nan[] = { 1, NAN, 2 };
    float large[] = { -3e38f, 3e38f, -INFINITY };
    pare_softmax_f32_ref(2, none, none);
    pare_softmax_f32_ref(3, nan, nan);
    pare_softmax_f32_ref(3, large, large);
    for (int i = 0; i < 2; i++) assert_true(isnan(none[i]));
    for (int i = 0; i < 3; i++) assert_true(isnan(nan[i]));
    assert_true(large[0] == 0 && large[1] == 1 && large[2] == 0);
}

static void running(void **state)
{
    (void)state;
    float a[] = { 1, 2, 3, 4 };
    float b[] = { 1, 2, 3, 4 };
    int64_t c[] = { 2, 3, 4 };
    pare_cum_sum_f32_ref(4, a, false, false);
    assert_true(a[0] == 1 && a[1] == 3 && a[2] == 6 && a[3] == 10);
    pare_cum_sum_f32_ref(4, b, true, true);
    assert_true(b[0] == 9 && b[1] == 7 && b[2] == 4 && b[3] == 0);
    pare_cum_prod_i64_ref(3, c, true, false);
    assert_true(c[0] == 1 && c[1] == 2 && c[2] == 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sum_is_sixteen_partials_and_a_tree),
        cmocka_unit_test(reductions_equal_plain_loops_in_double),
        cmocka_unit_test(extremes),
        cmocka_unit_test(integers_wrap),
        cmocka_unit_test(softmax_equals_double),
        cmocka_unit_test(softmax_of_no_numbers),
        cmocka_unit_test(running),
    };
    return test_run(tests);
}
