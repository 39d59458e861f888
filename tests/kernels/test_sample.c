#include "kernels/determinant.h"
#include "kernels/interpolate.h"
#include "kernels/nbits.h"
#include "support/test.h"

#include <math.h>

static void interpolates_between_corners(void **state)
{
    (void)state;
    const int64_t size[3] = { 2, 3, 4 };
    float x[24];
    double x64[24];
    for (int i = 0; i < 24; i++) x64[i] = (double)(x[i] = (float)i);
    for (int i = 0; i < 500; i++) { /* the grid is linear, so inside the result is, too */
        const float at[3] = { (float)(i % 7) / 7, (float)(i % 11) / 6, (float)(i % 13) / 5 };
        const double at64[3] = { (double)at[0], (double)at[1], (double)at[2] };
        const double want = at64[0] * 12 + at64[1] * 4 + at64[2];
        assert_true(fabs((double)pare_interpolate_f32_ref(3, size, x, at) - want) < 1e-5);
        assert_true(fabs(pare_interpolate_f64_ref(3, size, x64, at64) - want) < 1e-12);
    }
}

static void beyond_the_edges_is_zero(void **state)
{
    (void)state;
    const int64_t size[1] = { 2 };
    const float x[2] = { 4, 8 };
    const float at[] = { -1, -0.5f, 1.25f, 2, NAN, INFINITY, -INFINITY, 1e30f };
    const float want[] = { 0, 2, 6, 0, 0, 0, 0, 0 };
    for (int i = 0; i < 8; i++)
        assert_true(pare_interpolate_f32_ref(1, size, x, &at[i]) == want[i]);
}

static void determinants_of_permutations(void **state)
{
    (void)state;
    enum { N = 5 };
    static const int order[N] = { 3, 0, 4, 1, 2 }; /* (0 3 1)(2 4): odd */
    float a[N * N] = { 0 };
    double a64[N * N] = { 0 };
    for (int i = 0; i < N; i++) {
        a[i * N + order[i]] = (float)(i + 1);
        a64[i * N + order[i]] = i + 1;
    }
    assert_true(pare_determinant_f32_ref(N, a) == -120);
    assert_true(pare_determinant_f64_ref(N, a64) == -120);
}

static void codes_stand_without_gaps(void **state)
{
    (void)state;
    for (int bits = 1; bits <= 8; bits++) {
        uint8_t packed[13] = { 0 };
        const int64_t n = 13 * 8 / bits;
        for (int64_t i = 0; i < n * bits; i++) { /* code i is 5 i + 3 */
            const int64_t bit = (5 * (i / bits) + 3) >> (i % bits) & 1;
            packed[i / 8] |= (uint8_t)(bit << (i % 8));
        }
        for (int64_t i = 0; i < n; i++)
            assert_true(pare_nbits_code_ref(bits, packed, i) ==
                        ((5 * i + 3) & ((1 << bits) - 1)));
    }
    const int32_t group[3] = { 1, 0, 1 };
    const float scale[2] = { 2, 10 };
    const float zero[2] = { 0.5f, 1 };
    const uint8_t codes[3] = { 3, 4, 255 };
    float w[3];
    pare_nbits_dequantize_ref(8, 3, codes, 2, group, scale, zero, w);
    assert_true(w[0] == 20 && w[1] == 7 && w[2] == 2540);
    pare_nbits_dequantize_ref(8, 3, codes, 2, NULL, scale, zero, w);
    assert_true(w[0] == 5 && w[1] == 7 && w[2] == 2540);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(interpolates_between_corners),
        cmocka_unit_test(beyond_the_edges_is_zero),
        cmocka_unit_test(determinants_of_permutations),
        cmocka_unit_test(codes_stand_without_gaps),
    };
    return test_run(tests);
}
