#include "kernels/mt19937.h"
#include "support/test.h"

/* The generator's well-known check value: number 10000 of the stream of seed 5489. */
static void stream_is_the_published_one(void **state)
{
    (void)state;
    pare_mt19937 mt;
    uint32_t last = 0;
    pare_mt19937_start(&mt, 5489);
    for (int i = 0; i < 10000; i++) last = pare_mt19937_next(&mt);
    assert_int_equal(last, 4123659995u);
}

/* numpy.random.seed(0); numpy.random.uniform() */
static void reals_are_those_of_numpy(void **state)
{
    (void)state;
    pare_mt19937 mt;
    pare_mt19937_start(&mt, 0);
    assert_true(pare_mt19937_next_real(&mt) == 0.5488135039273248);
    assert_true(pare_mt19937_next_real(&mt) == 0.7151893663724195);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stream_is_the_published_one),
        cmocka_unit_test(reals_are_those_of_numpy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
