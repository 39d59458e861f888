#include "kernels/random.h"
#include "support/test.h"

#include <math.h>

/* numpy.random.RandomState(42).randn(4) and .rand(3) */
static void seeds_give_the_numbers_of_numpy(void **state)
{
    (void)state;
    static const double normal[] = { 0.4967141530112327, -0.13826430117118466, 0.6476885381006925,
                                     1.5230298564080254 };
    pare_mt19937 mt;
    double x[5];
    pare_mt19937_start(&mt, 42);
    pare_random_normal_ref(&mt, 4, 0, 1, x);
    for (int i = 0; i < 4; i++) assert_true(fabs(x[i] - normal[i]) < 1e-15);
    pare_mt19937_start(&mt, 42);
    pare_random_normal_ref(&mt, 3, 1, 2, x); /* an odd number */
    for (int i = 0; i < 3; i++) assert_true(fabs(x[i] - (1 + 2 * normal[i])) < 1e-14);
    pare_mt19937_start(&mt, 42);
    pare_random_uniform_ref(&mt, 3, 0, 1, x);
    assert_true((float)x[0] == 0.37454012f && (float)x[1] == 0.9507143f);
}

/* numpy.random.RandomState(5).binomial(1, p) */
static void bernoulli_is_that_of_numpy(void **state)
{
    (void)state;
    static const double p[] = { 0.1, 0.9, 0.5, 0.5, 0.3, 0.7, 0.6, 0.4, 0.2, 0.8 };
    static const int want[] = { 0, 1, 0, 1, 0, 1, 0, 0, 0, 1 };
    pare_mt19937 mt;
    pare_mt19937_start(&mt, 5);
    for (int i = 0; i < 10; i++)
        assert_true(pare_random_bernoulli_ref(&mt, p[i]) == (double)want[i]);
    for (int i = 0; i < 1000; i++) {
        assert_true(pare_random_bernoulli_ref(&mt, 0) == 0);
        assert_true(pare_random_bernoulli_ref(&mt, 1) == 1);
        assert_true(pare_random_bernoulli_ref(&mt, (double)NAN) == 0);
    }
}

static void classes_come_as_often_as_they_should(void **state)
{
    (void)state;
    static const double cumulative[] = { 1, 1, 4, 4.5, 10 };
    int counts[5] = { 0 };
    pare_mt19937 mt;
    pare_mt19937_start(&mt, 1);
    for (int i = 0; i < 10000; i++) counts[pare_random_class_ref(&mt, 5, cumulative)]++;
    assert_int_equal(counts[1], 0); /* of probability 0 */
    assert_in_range(counts[0], 900, 1100);
    assert_in_range(counts[2], 2850, 3150);
    assert_in_range(counts[3], 420, 580);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seeds_give_the_numbers_of_numpy),
        cmocka_unit_test(bernoulli_is_that_of_numpy),
        cmocka_unit_test(classes_come_as_often_as_they_should),
    };
    return test_run(tests);
}
