#include "kernels/order.h"

#include "support/test.h"

#include <math.h>
#include <stdlib.h>

/* xorshift64*, the same numbers in every run. */
static uint64_t next(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 2685821657736338717u;
}

static void keys_keep_the_order(void **state)
{
    (void)state;
    const float x[] = { -INFINITY, -2.5f, -1e-45f, 0, 1e-45f, 1, INFINITY, NAN };
    const double d[] = { -INFINITY, -2.5, -5e-324, 0, 5e-324, 1, INFINITY, (double)NAN };
    const uint64_t u[] = { 0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX };
    int64_t k[8];
    pare_keys_f32_ref(8, x, k);
    for (int i = 1; i < 8; i++) assert_true(k[i - 1] < k[i]);
    pare_keys_f64_ref(8, d, k);
    for (int i = 1; i < 8; i++) assert_true(k[i - 1] < k[i]);
    pare_keys_u64_ref(5, u, k);
    for (int i = 1; i < 5; i++) assert_true(k[i - 1] < k[i]);
    const float zeros[] = { 0, -0.0f, NAN, -NAN };
    pare_keys_f32_ref(4, zeros, k);
    assert_true(k[0] == k[1] && k[2] == k[3]);
}

static int by_key(const void *user, int64_t a, int64_t b)
{
    const int64_t *keys = user;
    return keys[a] < keys[b] ? -1 : keys[a] > keys[b];
}

/* Sorting is checked by its definition, the largest by sorting. */
static void check_size(int64_t n, int64_t n_keys, uint64_t *seed)
{
    int64_t keys[200] = { 0 };
    int64_t sorted[200];
    int64_t room[200];
    int64_t top[200];
    for (int64_t i = 0; i < n; i++) {
        keys[i] = (int64_t)(next(seed) % (uint64_t)n_keys) - n_keys / 2;
        sorted[i] = i;
    }
    pare_sort_ref(n, sorted, room, by_key, keys);
    for (int64_t i = 1; i < n; i++) {
        const int64_t a = sorted[i - 1];
        const int64_t b = sorted[i];
        assert_true(keys[a] < keys[b] || (keys[a] == keys[b] && a < b));
    }
    for (int64_t i = 0; i < n; i++) keys[i] = -keys[i]; /* now they fall */
    for (int64_t k = 0; k <= n; k += 1 + n / 7) {
        pare_top_k_ref(n, keys, k, top);
        for (int64_t i = 0; i < k; i++) assert_int_equal(top[i], sorted[i]);
    }
}

static void sorts_and_selects(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (int64_t n = 0; n <= 200; n += n < 20 ? 1 : 37) {
        check_size(n, 1000, &seed);
        check_size(n, 5, &seed); /* many equal ones */
        check_size(n, 1, &seed);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_keep_the_order),
        cmocka_unit_test(sorts_and_selects),
    };
    return test_run(tests);
}
