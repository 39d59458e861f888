#include "support/eval.h"
#include "support/test.h"

static void transposed(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 11, "float[1,1,2] x = {1, 2}, float[1,1,3] w = {1, 10, 100}, float[1] b = {0.5}",
          "y = ConvTranspose(x, w, b)", "float[1,1,4] {1.5, 12.5, 120.5, 200.5}" },
        { 11, "float[1,1,2] x = {1, 2}, float[1,1,3] w = {1, 10, 100}",
          "y = ConvTranspose<strides = [3], output_padding = [1], pads = [1, 0]>(x, w)",
          "float[1,1,6] {10, 100, 2, 20, 200, 0}" },
        { 11, "float[1,1,2] x = {1, 2}, float[1,1,2] w = {1, 10}",
          "y = ConvTranspose<dilations = [2]>(x, w)", "float[1,1,4] {1, 2, 10, 20}" },
        /* full size 7; cut to 4: 3 elements, the odd one in front or at the end */
        { 11, "float[1,1,2] x = {1, 2}, float[1,1,5] w = {1, 2, 3, 4, 5}",
          "y = ConvTranspose<strides = [2], auto_pad = \"SAME_UPPER\">(x, w)",
          "float[1,1,4] {2, 5, 8, 11}" },
        { 11, "float[1,1,2] x = {1, 2}, float[1,1,5] w = {1, 2, 3, 4, 5}",
          "y = ConvTranspose<strides = [2], auto_pad = \"SAME_LOWER\">(x, w)",
          "float[1,1,4] {5, 8, 11, 8}" },
        { 11, "float[1,1,2] x = {1, 2}, float[1,1,5] w = {1, 2, 3, 4, 5}",
          "y = ConvTranspose<strides = [2], output_shape = [4]>(x, w)",
          "float[1,1,4] {5, 8, 11, 8}" },
        { 11, "double[1,2,1] x = {1, 2}, double[2,2,1] w = {1, 10, 100, 1000}",
          "y = ConvTranspose<group = 2>(x, w)", "double[1,4,1] {1, 10, 200, 2000}" },
        { 11, "double[1,2,1] x = {1, 2}, double[2,2,1] w = {1, 10, 100, 1000}",
          "y = ConvTranspose(x, w)", "double[1,2,1] {201, 2010}" },
        /* what an infinite filter does not reach stays finite */
        { 11, "float[1,1,2] x = {1, 2}, float[1,1,1] w = {inf}",
          "y = ConvTranspose<strides = [2]>(x, w)", "float[1,1,3] {inf, 0, inf}" },
        { 11, "float[1,0,2] x = {}, float[0,1,1] w = {}, float[1] b = {3}",
          "y = ConvTranspose(x, w, b)", "float[1,1,2] {3, 3}" },
        { 11, "float[1,1,2] x = {1, 2}, float[1,1,1] w = {1}, float[2] b = {3, 4}",
          "y = ConvTranspose(x, w, b)", "error: bias: expected 1 numbers, found 2" },
        { 11, "float[1,3,1] x = {1, 2, 3}, float[3,1,1] w = {1, 2, 3}",
          "y = ConvTranspose<group = 2>(x, w)", "error: divisor of 3 channels, found 2" },
    };
    TEST_EVAL(rows);
}

static void with_moved_taps(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 19, "float[1,1,3] x = {1, 2, 4}, float[1,1,1] w = {10}, float[1,1,3] o = {0.5, -2, 0}, "
              "float[1] b = {1}, float[1,1,3] m = {1, 1, 0.5}",
          "y = DeformConv(x, w, o, b, m)", "float[1,1,3] {16, 1, 21}" },
        { 19, "float[1,1,2,2] x = {1, 2, 3, 4}, float[1,1,1,1] w = {1}, "
              "float[1,2,2,2] o = {0.5, 0, 0, 0.5, 0.5, 0, 0, nan}",
          "y = DeformConv(x, w, o)", "float[1,1,2,2] {2.5, 2, 3, 0}" },
        { 19, "float[1,2,1] x = {1, 2}, float[1,2,1] w = {10, 100}, float[1,2,1] o = {0, 0.5}",
          "y = DeformConv<offset_group = 2>(x, w, o)", "float[1,1,1] {110}" },
        { 19, "float[1,1,3] x = {1, 2, 4}, float[1,1,1] w = {10}, float[1,1,2] o = {0.5, -2}",
          "y = DeformConv(x, w, o)", "error: input 2: expected 3 numbers, found 2" },
        { 19, "float[1,1,1] x = {1}, float[1,1,1] w = {10}, float[1,1,1] o = {0}",
          "y = DeformConv<offset_group = 3>(x, w, o)", "error: divisor of 1 channels, found 3" },
    };
    TEST_EVAL(rows);
}

static void fused(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 11,
          "float[1,1,2] x = {1, -2}, float[1,1,1] w = {10}, float[1] b = {1}, "
          "float[1,1,2] z = {-20, 30}",
          "y = com.microsoft.FusedConv<activation = \"Relu\">(x, w, b, z)",
          "float[1,1,2] {0, 11}" },
        { 11, "float[1,1,2] x = {1, -2}, float[1,1,1] w = {10}",
          "y = com.microsoft.FusedConv<activation = \"Clip\", activation_params = [-5.0, 6.0]>(x, "
          "w)",
          "float[1,1,2] {6, -5}" },
        { 11, "float[1,1,2] x = {1, -2}, float[1,1,1] w = {10}, float[1,1,1] z = {1}",
          "y = com.microsoft.FusedConv(x, w, \"\", z)", "error: expected the 2 elements" },
        { 11, "float[1,1,2] x = {1, -2}, float[1,1,1] w = {10}, float[2] b = {1, 2}",
          "y = Conv(x, w, b)", "error: bias: expected 1 numbers, found 2" },
        { 11, "float[1,1,2] x = {1, -2}", "y = Conv(x, \"\")",
          "error: input 1: expected a tensor, found none" },
        { 11, "uint8[1,1,2] x = {1, 2}, uint8[1,1,1] w = {10}, uint8[2] z = {1, 2}",
          "y = ConvInteger(x, w, z)", "error: zero point of X: expected one number" },
    };
    TEST_EVAL(rows);
}

/* A tensor without elements may have any other dims. */
#define NOTHING "1048576,1048576,1048576,1048576"

static void absurd_sizes(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 11, "float[1,0," NOTHING "] x = {}, float[1,0," NOTHING "] w = {}", "y = Conv(x, w)",
          "error: out of memory" },
        { 11, "float[1,0," NOTHING "] x = {}, float[0,1,1,1,1,1] w = {}",
          "y = ConvTranspose(x, w)", "error: out of memory" },
        { 11, "float[1,1,1] x = {1}, float[0,1,1] w = {}", "y = Conv(x, w)", "float[1,0,1] {}" },
        { 11, "float[1,0,1] x = {}, float[0,0,1] w = {}", "y = Conv<group = 2147483647>(x, w)",
          "float[1,0,1] {}" },
        { 11, "float[1,0,1] x = {}, float[0,0,1] w = {}",
          "y = ConvTranspose<group = 2147483647>(x, w)", "float[1,0,1] {}" },
        { 11, "float[0,1," NOTHING "] x = {}",
          "y = MaxPool<kernel_shape = [1048576, 1048576, 1048576, 1048576]>(x)",
          "error: out of memory" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transposed),
        cmocka_unit_test(with_moved_taps),
        cmocka_unit_test(fused),
        cmocka_unit_test(absurd_sizes),
    };
    return test_run(tests);
}
