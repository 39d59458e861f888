#include "support/eval.h"
#include "support/test.h"

static void determinants(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 11, "float[2,2] x = {0, 2, 3, 4}", "y = Det(x)", "float {-6}" },
        { 11, "double[2,1,1] x = {3, -4}", "y = Det(x)", "double[2] {3, -4}" },
        { 11, "float[3,3] x = {2, 1, 0, 0, 4, 1, 1, 0, 1}", "y = Det(x)", "float {9}" },
        { 11, "float[2,2] x = {1, 2, 2, 4}", "y = Det(x)", "float {0}" },
        { 11, "float[1,0,0] x = {}", "y = Det(x)", "float[1] {1}" },
        { 11, "int32[1,1] x = {1}", "y = Det(x)", "error: int32" },
    };
    TEST_EVAL(rows);
}

static void unpooling(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 9, "float[1,1,2] x = {1, 2}, int64[1,1,2] i = {1, 2}",
          "y = MaxUnpool<kernel_shape = [2], strides = [2]>(x, i)", "float[1,1,4] {0, 1, 2, 0}" },
        { 9, "float[1,2,1] x = {1, 2}, int64[1,2,1] i = {1, 2}, int64[3] s = {1, 2, 3}",
          "y = MaxUnpool<kernel_shape = [2], strides = [2]>(x, i, s)",
          "float[1,2,3] {0, 1, 0, 2, 0, 0}" },
        { 9, "float[1,1,1] x = {1}, int64[1,1,1] i = {2}",
          "y = MaxUnpool<kernel_shape = [2]>(x, i)", "error: elements of the output, found 2" },
        { 9, "float[1,1,1] x = {1}, int64[1,1,1] i = {-1}",
          "y = MaxUnpool<kernel_shape = [2]>(x, i)", "error: elements of the output, found -1" },
        { 9, "float[1,1,1] x = {1}, int64[1,1,1] i = {1}, int64[3] s = {1, 1, 1}",
          "y = MaxUnpool<kernel_shape = [2]>(x, i, s)", "error: elements of the output, found 1" },
    };
    TEST_EVAL(rows);
}

/* x[r][c] = 3 r + c */
#define IMAGE "float[1,1,3,3] x = {0, 1, 2, 3, 4, 5, 6, 7, 8}, int64[1] i = {0}, "

static void aligned_regions(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        /* one bin of 2 x 2 samples at 0.5 and 1.5 */
        { 10, IMAGE "float[1,4] r = {0, 0, 2, 2}", "y = RoiAlign(x, r, i)",
          "float[1,1,1,1] {4}" },
        { 16, IMAGE "float[1,4] r = {0.5, 0.5, 2.5, 2.5}", "y = RoiAlign(x, r, i)",
          "float[1,1,1,1] {4}" },
        /* regions smaller than 1 grow to it, without the shift */
        { 10, IMAGE "float[1,4] r = {1, 1, 1, 1}",
          "y = RoiAlign<sampling_ratio = 1>(x, r, i)", "float[1,1,1,1] {6}" },
        { 10, IMAGE "float[1,4] r = {0, 0, 4, 4}",
          "y = RoiAlign<sampling_ratio = 1, output_height = 2, spatial_scale = 0.5>(x, r, i)",
          "float[1,1,2,1] {2.5, 5.5}" },
        /* the largest of weight times element: 4 times 1/4 */
        { 10, IMAGE "float[1,4] r = {0, 0, 1, 1}",
          "y = RoiAlign<sampling_ratio = 1, mode = \"max\">(x, r, i)", "float[1,1,1,1] {1}" },
        { 10, IMAGE "float[1,4] r = {9, 9, 10, 10}", "y = RoiAlign(x, r, i)",
          "float[1,1,1,1] {0}" },
        { 10, IMAGE "float[1,4] r = {0, 0, 1e9, 1e9}", "y = RoiAlign(x, r, i)",
          "error: samples in a bin" },
        { 10, IMAGE "float[1,3] r = {0, 0, 1}", "y = RoiAlign(x, r, i)",
          "error: expected 4 numbers for each region" },
        { 10, "float[1,1,1,1] x = {1}, int64[1] i = {1}, float[1,4] r = {0, 0, 1, 1}",
          "y = RoiAlign(x, r, i)", "error: expected an image of 1" },
        { 1, IMAGE "float[1,5] r = {0, 0, 0, 1, 2}",
          "y = MaxRoiPool<pooled_shape = [1, 2]>(x, r)", "float[1,1,1,2] {6, 7}" },
        { 1, IMAGE "float[2,5] r = {0, 2, 2, 9, 9, 0, 5, 5, 6, 6}",
          "y = MaxRoiPool<pooled_shape = [1, 1]>(x, r)", "float[2,1,1,1] {8, 0}" },
        { 1, IMAGE "float[1,5] r = {0, nan, 0, 1, 2}",
          "y = MaxRoiPool<pooled_shape = [1, 1]>(x, r)", "float[1,1,1,1] {0}" },
        { 1, IMAGE "float[1,5] r = {1, 0, 0, 1, 2}",
          "y = MaxRoiPool<pooled_shape = [1, 1]>(x, r)", "error: expected an image of 1" },
    };
    TEST_EVAL(rows);
}

static void quantized_pools(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "uint8[1,1,3] x = {10, 20, 31}, float s = {0.5}, uint8 z = {10}, float t = {0.25}, "
              "uint8 w = {1}",
          "y = com.microsoft.QLinearAveragePool<kernel_shape = [2]>(x, s, z, t, w)",
          "uint8[1,1,2] {11, 32}" },
        { 13, "int8[1,1,3] x = {10, 20, 30}, float s = {0.5}, float t = {0.25}",
          "y = com.microsoft.QLinearAveragePool<kernel_shape = [2], strides = [2], pads = [1, 0], "
          "count_include_pad = 1>(x, s, \"\", t)",
          "int8[1,1,2] {10, 50}" },
        { 13, "uint8[1,2,2] x = {1, 10, 3, 20}, float s = {1}, uint8 z = {0}",
          "y = com.microsoft.QLinearGlobalAveragePool<channels_last = 1>(x, s, z, s, z)",
          "uint8[1,1,2] {2, 15}" },
        { 13, "uint8[1,2,2] x = {1, 10, 3, 20}, float s = {1}, uint8 z = {0}",
          "y = com.microsoft.QLinearGlobalAveragePool(x, s, z, s, z)", "uint8[1,2,1] {6, 12}" },
        { 13, "int8[1,3,2] x = {1, 10, -3, 20, -5, -60}",
          "y = com.microsoft.NhwcMaxPool<kernel_shape = [2]>(x)", "int8[1,2,2] {1, 20, -3, 20}" },
        { 13, "uint8[1,1,2] x = {1, 2}, float[2] s = {1, 2}",
          "y = com.microsoft.QLinearAveragePool<kernel_shape = [1]>(x, s, \"\", s)",
          "error: input 1: expected one number, found 2" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(determinants),
        cmocka_unit_test(unpooling),
        cmocka_unit_test(aligned_regions),
        cmocka_unit_test(quantized_pools),
    };
    return test_run(tests);
}
