#include "support/eval.h"
#include "support/test.h"

static void quantizing(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 10, "float[4] x = {0, 2, 3, 1000}, float s = {2}, uint8 z = {128}",
          "y = QuantizeLinear(x, s, z)", "uint8[4] {128, 129, 130, 255}" },
        { 10, "float[3] x = {1, 3, nan}, float s = {2}", "y = QuantizeLinear(x, s)",
          "uint8[3] {0, 2, 0}" },
        { 13, "float[2,2] x = {1, 1, 1, 1}, float[2] s = {1, 0.5}, int8[2] z = {0, 10}",
          "y = QuantizeLinear<axis = 0>(x, s, z)", "int8[2,2] {1, 1, 12, 12}" },
        { 13, "float[2,2] x = {1, 1, 1, 1}, float[2] s = {1, 0.5}, int8[2] z = {0, 10}",
          "y = QuantizeLinear<axis = -1>(x, s, z)", "int8[2,2] {1, 12, 1, 12}" },
        { 21, "float[1,5] x = {1, 2, 3, 4, 5}, float[1,3] s = {1, 2, 0.5}",
          "y = QuantizeLinear<axis = 1, block_size = 2, output_dtype = 22>(x, s)",
          "int4[1,5] {1, 2, 2, 2, 7}" },
        { 21, "float[3,2] x = {1, 2, 3, 4, 5, 6}, float[2,2] s = {1, 2, 0.5, 1}",
          "y = QuantizeLinear<axis = 0, block_size = 2, output_dtype = 3>(x, s)",
          "int8[3,2] {1, 1, 3, 2, 10, 6}" },
        { 19, "float[2] x = {1, 1e6}, float s = {2}, float8e4m3fn z = {0}",
          "y = QuantizeLinear(x, s, z)", "float8e4m3fn[2] {0.5, 448}" },
        { 13, "float[2,2] x = {1, 1, 1, 1}, float[2] s = {1, 0.5}, int8 z = {0}",
          "y = QuantizeLinear(x, s, z)", "error: expected 2 zero points, found 1" },
        { 13, "float[3] x = {1, 1, 1}, float[2] s = {1, 0.5}", "y = QuantizeLinear(x, s)",
          "error: expected 3 scales, found 2" },
        { 13, "float[3] x = {0, -1, 4}", "y, y2, y3 = DynamicQuantizeLinear(x)",
          "uint8[3] {51, 0, 255}; float {0.01960784}; uint8 {51}" },
        { 13, "float[2] x = {0, 0}", "y, y2, y3 = DynamicQuantizeLinear(x)",
          "uint8[2] {0, 0}; float {1}; uint8 {0}" },
        { 13, "float[2] x = {1, 300}, float s = {0.01}, uint16 z = {5}",
          "y = com.microsoft.QuantizeLinear(x, s, z)", "uint16[2] {105, 30005}" },
    };
    TEST_EVAL(rows);
}

static void dequantizing(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 10, "uint8[2] x = {0, 255}, float s = {0.5}, uint8 z = {128}",
          "y = DequantizeLinear(x, s, z)", "float[2] {-64, 63.5}" },
        { 10, "int32[1] x = {2147483647}, float s = {1}", "y = DequantizeLinear(x, s)",
          "float[1] {2.147484e+09}" },
        { 13, "int8[2,2] x = {1, 2, 3, 4}, float[2] s = {1, 10}",
          "y = DequantizeLinear<axis = 0>(x, s)", "float[2,2] {1, 2, 30, 40}" },
        { 21, "int4[3] x = {-8, 0, 7}, float16 s = {14336}", "y = DequantizeLinear(x, s)",
          "float16[3] {-4, 0, 3.5}" },
        { 21, "uint4[2,3] x = {1, 2, 3, 4, 5, 6}, float[2,2] s = {1, 2, 3, 4}",
          "y = DequantizeLinear<axis = 1, block_size = 2>(x, s)",
          "float[2,3] {1, 2, 6, 12, 15, 24}" },
        { 23, "int8[2] x = {1, 2}, float s = {0.1}",
          "y = DequantizeLinear<output_dtype = 10>(x, s)", "float16[2] {0.09997559, 0.1999512}" },
        { 13, "int8[1] x = {1}, float s = {0.1}, string z = {\"a\"}",
          "y = DequantizeLinear(x, s, z)", "error: string" },
    };
    TEST_EVAL(rows);
}

static void quantized_operators(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13,
          "uint8[2,1] a = {10, 20}, float sa = {0.5}, uint8 za = {0}, uint8[2] b = {1, 2}, "
          "float sb = {1}, uint8 zb = {1}, float sc = {1}, uint8 zc = {3}",
          "y = com.microsoft.QLinearAdd(a, sa, za, b, sb, zb, sc, zc)",
          "uint8[2,2] {8, 9, 13, 14}" },
        { 13,
          "int8[2] a = {10, -20}, float sa = {0.5}, int8[2] b = {3, 4}, float sb = {1}, "
          "float sc = {1}",
          "y = com.microsoft.QLinearMul(a, sa, \"\", b, sb, \"\", sc)", "int8[2] {15, -40}" },
        { 13, "uint8[2] x = {128, 255}, float s = {0.1}, uint8 z = {128}, float t = {0.00390625}",
          "y = com.microsoft.QLinearSigmoid(x, s, z, t)", "uint8[2] {128, 255}" },
        { 13, "int8[2] x = {-100, 50}, float s = {1}, float t = {1}",
          "y = com.microsoft.QLinearLeakyRelu<alpha = 0.1>(x, s, \"\", t)", "int8[2] {-10, 50}" },
        { 13,
          "uint8[1,2] x = {0, 0}, float s = {1}, uint8 z = {0}, float t = {0.00390625}",
          "y = com.microsoft.QLinearSoftmax<axis = -1>(x, s, z, t, z)", "uint8[1,2] {128, 128}" },
        { 13,
          "bool[2] c = {1, 0}, uint8[2] a = {1, 2}, float s = {1}, uint8 z = {0}, float t = {2}",
          "y = com.microsoft.QLinearWhere(c, a, s, z, a, t, z, s, z)", "uint8[2] {1, 4}" },
        { 13,
          "float s = {1}, uint8 z = {0}, uint8[1,2] a = {1, 2}, uint8[1,1] b = {3}, float t = {2}",
          "y = com.microsoft.QLinearConcat<axis = 1>(s, z, a, s, z, b, t, z)",
          "uint8[1,3] {1, 2, 6}" },
        { 13, "int8[1] x = {1}, float[2] s = {1, 2}, float t = {1}",
          "y = com.microsoft.QLinearLeakyRelu(x, s, \"\", t)",
          "error: input 1: expected one number, found 2" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantizing),
        cmocka_unit_test(dequantizing),
        cmocka_unit_test(quantized_operators),
    };
    return test_run(tests);
}
