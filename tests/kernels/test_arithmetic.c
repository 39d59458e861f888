#include "kernels/arithmetic.h"
#include "kernels/quantize.h"
#include "support/test.h"

#include <math.h>

static void integers_never_trap(void **state)
{
    (void)state;
    static const int64_t some[] = { 0, 1, -1, 2, -3, 7, 63, 64, INT64_MAX, INT64_MIN };
    enum { N = sizeof(some) / sizeof(some[0]) };
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            const int64_t a = some[i];
            const int64_t b = some[j];
            const int64_t quotient = pare_div_i64_ref(a, b);
            const int64_t rest = pare_fmod_i64_ref(a, b);
            const int64_t floored = pare_mod_i64_ref(a, b);
            if (b == 0) {
                assert_true(quotient == 0 && rest == 0 && floored == 0);
                continue;
            }
            assert_true(pare_add_i64_ref(pare_mul_i64_ref(quotient, b), rest) == a);
            assert_true(rest == 0 || (rest < 0) == (a < 0));
            assert_true(floored == 0 || (floored < 0) == (b < 0));
            assert_true(floored == rest || floored == rest + b);
        }
    }
}

static void powers_wrap(void **state)
{
    (void)state;
    for (int64_t a = -5; a <= 5; a++) {
        uint64_t want = 1;
        for (int64_t b = 0; b < 70; b++, want *= (uint64_t)a)
            assert_true(pare_pow_i64_ref(a, b) == (int64_t)want);
    }
    assert_true(pare_pow_i64_ref(2, -1) == 0 && pare_pow_i64_ref(1, -9) == 1);
    assert_true(pare_pow_i64_ref(-1, -3) == -1 && pare_pow_i64_ref(-1, -4) == 1);
}

static void reals_keep_nan_and_signs(void **state)
{
    (void)state;
    assert_true(isnan(pare_max_f32_ref(NAN, 1)) && isnan(pare_max_f32_ref(1, NAN)));
    assert_true(isnan(pare_min_f64_ref(NAN, 1)) && isnan(pare_min_f64_ref(1, NAN)));
    assert_true(pare_mod_f32_ref(-5.5f, 3) == 0.5f && pare_fmod_f32_ref(-5.5f, 3) == -2.5f);
    assert_true(pare_prelu_f32_ref(-2, 3) == -6 && pare_prelu_f32_ref(2, 3) == 2);
    assert_true(pare_shift_left_u64_ref(1, 64) == 0 && pare_shift_right_u64_ref(1, 99) == 0);
}

static void quantizing_rounds_halves_to_even(void **state)
{
    (void)state;
    const float x[] = { 0.5f, 1.5f, -2.5f, 1e30f, -1e30f, NAN, INFINITY };
    const int64_t want[] = { 10, 12, 8, 255, 0, 0, 255 };
    const int64_t zero = 10;
    int64_t y[7];
    pare_round_to_range_ref(7, x, &zero, 0, 0, 255, y);
    for (int i = 0; i < 7; i++) assert_true(y[i] == want[i]);
    const int64_t codes[] = { 3, 4 };
    const int64_t zeros[] = { 1, 8 };
    const float scales[] = { 0.5f, 2 };
    float back[2];
    pare_dequantize_i64_ref(2, codes, zeros, scales, 1, back);
    assert_true(back[0] == 1 && back[1] == -8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_never_trap),
        cmocka_unit_test(powers_wrap),
        cmocka_unit_test(reals_keep_nan_and_signs),
        cmocka_unit_test(quantizing_rounds_halves_to_even),
    };
    return test_run(tests);
}
