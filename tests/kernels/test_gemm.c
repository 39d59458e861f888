#include "kernels/gemm.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

/* Sizes around the tiles and depths of the implementation. */
static const int64_t sizes[] = { 0, 1, 3, 4, 5, 15, 16, 17, 33 };
static const int64_t depths[] = { 0, 1, 2, 255, 256, 257, 513 };
enum {
    N_SIZES = sizeof(sizes) / sizeof(sizes[0]),
    N_DEPTHS = sizeof(depths) / sizeof(depths[0]),
    MAX_SIZE = 33,
    MAX_DEPTH = 513,
};

static uint32_t next(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static float next_float(uint32_t *state)
{
    return (float)next(state) / 8388608.0f - 1;
}

typedef void check_fn(int64_t m, int64_t n, int64_t k);

static void for_sizes(check_fn *check)
{
    for (int i = 0; i < N_SIZES; i++)
        for (int j = 0; j < N_SIZES; j++)
            for (int p = 0; p < N_DEPTHS; p++) check(sizes[i], sizes[j], depths[p]);
}

/* Rows are one further apart than they are long; what lies between must stay. */
static void check_f32(int64_t m, int64_t n, int64_t k)
{
    static float a[MAX_SIZE * (MAX_DEPTH + 1)], b[MAX_SIZE * (MAX_DEPTH + 1)];
    static float c[MAX_SIZE * (MAX_SIZE + 1)], bias[MAX_SIZE];
    uint32_t state = 7;
    for (int64_t i = 0; i < m * (k + 1); i++) a[i] = next_float(&state);
    for (int64_t i = 0; i < n * (k + 1); i++) b[i] = next_float(&state);
    for (int64_t i = 0; i < n; i++) bias[i] = next_float(&state);
    for (int64_t i = 0; i < m * (n + 1); i++) c[i] = 77;
    pare_gemm_f32_ref(m, n, k, a, k + 1, b, k + 1, bias, c, n + 1);
    for (int64_t i = 0; i < m; i++) {
        assert_true(c[i * (n + 1) + n] == 77);
        for (int64_t j = 0; j < n; j++) {
            float sum = bias[j];
            for (int64_t p = 0; p < k; p++) sum = fmaf(a[i * (k + 1) + p], b[j * (k + 1) + p], sum);
            assert_memory_equal(&sum, &c[i * (n + 1) + j], sizeof(sum));
        }
    }
}

static void floats_are_one_chain_each(void **state)
{
    (void)state;
    for_sizes(check_f32);
}

static void chains_may_be_split(void **state)
{
    (void)state;
    enum { N = 5, K = 300 };
    static float a[N * K], b[N * K];
    static double a64[N * K], b64[N * K];
    float whole[N * N], parts[N * N] = { 0 };
    double whole64[N * N], parts64[N * N] = { 0 };
    uint32_t seed = 1;
    for (int i = 0; i < N * K; i++) {
        a64[i] = (double)(a[i] = next_float(&seed));
        b64[i] = (double)(b[i] = next_float(&seed));
    }
    pare_gemm_f32_ref(N, N, K, a, K, b, K, NULL, whole, N);
    pare_gemm_onto_f32_ref(N, N, 100, a, K, b, K, parts, N);
    pare_gemm_onto_f32_ref(N, N, K - 100, a + 100, K, b + 100, K, parts, N);
    assert_memory_equal(whole, parts, sizeof(whole));
    pare_gemm_f64_ref(N, N, K, a64, K, b64, K, NULL, whole64, N);
    pare_gemm_onto_f64_ref(N, N, 100, a64, K, b64, K, parts64, N);
    pare_gemm_onto_f64_ref(N, N, K - 100, a64 + 100, K, b64 + 100, K, parts64, N);
    assert_memory_equal(whole64, parts64, sizeof(whole64));
}

static void infinities_stay_where_they_are(void **state)
{
    (void)state;
    const float a[2] = { INFINITY, 1 };
    const float b[4] = { 0, 1, 1, 1 };
    float c[2];
    pare_gemm_f32_ref(1, 2, 2, a, 2, b, 2, NULL, c, 2);
    assert_true(isnan(c[0]) && isinf(c[1]));
}

static void check_s32(int64_t m, int64_t n, int64_t k)
{
    static int16_t a[MAX_SIZE * MAX_DEPTH], b[MAX_SIZE * MAX_DEPTH], zero[MAX_SIZE];
    static int32_t c[MAX_SIZE * MAX_SIZE], bias[MAX_SIZE];
    uint32_t state = 3;
    for (int64_t i = 0; i < m * k; i++) a[i] = (int16_t)(next(&state) % 256);
    for (int64_t i = 0; i < n * k; i++) b[i] = (int16_t)((int32_t)(next(&state) % 256) - 128);
    for (int64_t i = 0; i < n; i++) zero[i] = (int16_t)((int32_t)(next(&state) % 256) - 128);
    for (int64_t i = 0; i < n; i++) bias[i] = i % 2 ? INT32_MAX : (int32_t)next(&state);
    pare_gemm_s32_ref(m, n, k, a, k, 200, b, k, zero, bias, c, n);
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            int64_t sum = bias[j];
            for (int64_t p = 0; p < k; p++)
                sum += (int64_t)(a[i * k + p] - 200) * (b[j * k + p] - zero[j]);
            assert_true((uint32_t)sum == (uint32_t)c[i * n + j]);
        }
    }
}

static void integers_wrap(void **state)
{
    (void)state;
    for_sizes(check_s32);
    const uint64_t a[2] = { UINT64_MAX, 3 };
    const uint64_t b[2] = { 2, 4 };
    uint64_t c = 1;
    pare_gemm_u64_ref(1, 1, 2, a, 2, b, 2, &c, 1);
    assert_true(c == 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(floats_are_one_chain_each),
        cmocka_unit_test(chains_may_be_split),
        cmocka_unit_test(infinities_stay_where_they_are),
        cmocka_unit_test(integers_wrap),
    };
    return test_run(tests);
}
