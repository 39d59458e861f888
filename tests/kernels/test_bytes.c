/* Kernels on codes of 8 bits, at every level against the reference: all codes, and scales at which
 * numbers meet halfway between codes, or nothing is usual. */
#include "kernels/kernels.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

enum { N = 256 * 256, GUARD = 0xa5, MAX_N = 70, TAPS = 300 };

static uint8_t a[N], b[N], got[N + 1], want[N];
static const pare_byte_kernels *ref = &pare_bytes_ref;

static const pare_byte_kernels *level(int isa)
{
    return pare_kernels_of((pare_isa)isa)->bytes;
}

static uint32_t random_bits(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void expect_same(const char *what, int isa, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (got[i] != want[i])
            fail_msg("%s/%s at %lld of %lld: %d instead of %d", what, pare_isa_name((pare_isa)isa),
                     (long long)i, (long long)n, got[i], want[i]);
    assert_int_equal(got[n], GUARD);
}

static void compare_pairs(int isa, const pare_byte_pair *how, int64_t n, int64_t a_step,
                          int64_t b_step)
{
    memset(got, GUARD, sizeof(got));
    level(isa)->add(n, how, a, a_step, b, b_step, got);
    ref->add(n, how, a, a_step, b, b_step, want);
    expect_same("add", isa, n);
    memset(got, GUARD, sizeof(got));
    level(isa)->mul(n, how, a, a_step, b, b_step, got);
    ref->mul(n, how, a, a_step, b, b_step, want);
    expect_same("mul", isa, n);
}

static float any_scale(uint32_t *state)
{
    static const float rare[] = { 0, INFINITY, NAN, 0x1p-126f, 1e-38f, 3e38f, -1, 0x1p-140f };
    const uint32_t kind = random_bits(state) % 16;
    const float mantissa = 1 + (float)(random_bits(state) & 0x7fffff) / 8388608;
    const int exponent = (int)(random_bits(state) % 12) - 8;
    if (kind == 0) return rare[random_bits(state) % 8];
    if (kind < 4) return ldexpf(1, exponent);
    if (kind < 6) return ldexpf((float)(random_bits(state) % 64 + 1), exponent - 5);
    return ldexpf(mantissa, exponent);
}

static pare_byte_scale any(uint32_t *state)
{
    return (pare_byte_scale){ .scale = any_scale(state),
                              .zero = (int32_t)(random_bits(state) % 256),
                              .flip = random_bits(state) % 2 ? 0x80 : 0 };
}

static void pairs_agree(void **state)
{
    (void)state;
    uint32_t random = 1;
    for (int i = 0; i < N; i++) {
        a[i] = (uint8_t)i;
        b[i] = (uint8_t)(i / 256);
    }
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++) {
        for (int round = 0; round < 200; round++) {
            const pare_byte_pair how = { any(&random), any(&random), any(&random) };
            compare_pairs(isa, &how, round % 4 ? 4096 : N, 1, 1);
        }
        for (int64_t n = 0; n < MAX_N; n++) {
            const pare_byte_pair how = { any(&random), any(&random), any(&random) };
            compare_pairs(isa, &how, n, n % 2, n / 2 % 2);
        }
    }
}

static void tables_agree(void **state)
{
    (void)state;
    uint32_t random = 2;
    uint8_t table[256];
    for (int i = 0; i < 256; i++) table[i] = (uint8_t)random_bits(&random);
    for (int i = 0; i < N; i++) a[i] = (uint8_t)random_bits(&random);
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int64_t n = 0; n < 400; n++) {
            memset(got, GUARD, sizeof(got));
            memcpy(got, a, (size_t)n);
            level(isa)->map(1, n, table, got, 0, got, 0);
            ref->map(1, n, table, a, 0, want, 0);
            expect_same("map", isa, n);
            memset(got, GUARD, sizeof(got));
            memset(want, GUARD, sizeof(want));
            level(isa)->map(3, n, table, a, 500, got, n + 1);
            ref->map(3, n, table, a, 500, want, n + 1);
            expect_same("map of rows", isa, 3 * n + 2);
        }
}

/* The largest, the sum and the columns of some taps of n channels. */
static void compare_taps(int isa, int64_t n_taps, int64_t n, uint8_t flip)
{
    static int32_t sums[MAX_N], ref_sums[MAX_N];
    const uint8_t *x[TAPS];
    for (int64_t t = 0; t < n_taps; t++) x[t] = a + t * 71;
    memset(got, GUARD, sizeof(got));
    level(isa)->max(n_taps, x, flip, n, got);
    ref->max(n_taps, x, flip, n, want);
    expect_same("max", isa, n);
    level(isa)->sum(n_taps, x, flip, n, sums);
    ref->sum(n_taps, x, flip, n, ref_sums);
    assert_memory_equal(sums, ref_sums, (size_t)n * sizeof(*sums));
    level(isa)->column_sum(n_taps, a, 71, flip, n, sums);
    ref->column_sum(n_taps, a, 71, flip, n, ref_sums);
    assert_memory_equal(sums, ref_sums, (size_t)n * sizeof(*sums));
}

static void windows_agree(void **state)
{
    (void)state;
    uint32_t random = 3;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < N; i++) a[i] = (uint8_t)(round ? random_bits(&random) : 255);
        for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
            for (int64_t n = 1; n < MAX_N; n++) {
                const uint8_t flip = (uint8_t)(n % 2 * 0x80);
                compare_taps(isa, 9, n, flip);
                compare_taps(isa, TAPS, n, flip ^ 0x80);
                compare_taps(isa, 1, n, 0);
            }
    }
}

static void sums_are_scaled(void **state)
{
    (void)state;
    static int32_t x[MAX_N];
    uint32_t random = 4;
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int round = 0; round < 2000; round++) {
            const int64_t n = round % MAX_N;
            const float factor = any_scale(&random);
            const pare_byte_scale to = any(&random);
            for (int64_t i = 0; i < n; i++)
                x[i] = (int32_t)(random_bits(&random) % (round % 3 ? 2000 : 1 << 24));
            memset(got, GUARD, sizeof(got));
            level(isa)->scale(n, x, 999, factor, to.zero, to.flip, got);
            ref->scale(n, x, 999, factor, to.zero, to.flip, want);
            expect_same("scale", isa, n);
        }
}

static void ranges_agree(void **state)
{
    (void)state;
    static float x[N];
    uint32_t random = 5;
    for (int i = 0; i < N; i++)
        x[i] = random_bits(&random) % 50 ? any_scale(&random) - any_scale(&random) : NAN;
    for (int isa = 1; isa <= (int)pare_isa_best(); isa++)
        for (int64_t n = 0; n < 300; n++) {
            float range[] = { 0, 0 }, ref_range[] = { 0, 0 };
            level(isa)->widen(n, x + n * 100, range);
            ref->widen(n, x + n * 100, ref_range);
            assert_memory_equal(range, ref_range, sizeof(range));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_agree),
        cmocka_unit_test(tables_agree),
        cmocka_unit_test(windows_agree),
        cmocka_unit_test(sums_are_scaled),
        cmocka_unit_test(ranges_agree),
    };
    return test_run(tests);
}
