#include "support/eval.h"
#include "support/test.h"

static void functions_of_one(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "float[3] x = {-1.5, 0, 2}", "y = Abs(x)", "float[3] {1.5, 0, 2}" },
        { 13, "int8[2] x = {-128, 5}", "y = Abs(x)", "int8[2] {-128, 5}" },
        { 13, "uint64[1] x = {18446744073709551615}", "y = Abs(x)",
          "uint64[1] {18446744073709551615}" },
        { 13, "float16[2] x = {49152, 14336}", "y = Neg(x)", "float16[2] {2, -0.5}" },
        { 13, "int64[1] x = {-9223372036854775808}", "y = Neg(x)",
          "int64[1] {-9223372036854775808}" },
        { 13, "float[4] x = {0.5, 1.5, -2.5, 2.6}", "y = Round(x)", "float[4] {0, 2, -2, 3}" },
        { 13, "double[2] x = {-1, 1}", "y = Exp(x)", "double[2] {0.3678794, 2.718282}" },
        { 13, "int32[3] x = {-7, 0, 9}", "y = Sign(x)", "int32[3] {-1, 0, 1}" },
        { 14, "int32[2] x = {-7, 9}", "y = Relu(x)", "int32[2] {0, 9}" },
        { 13, "bool[2] x = {1, 0}", "y = Not(x)", "bool[2] {0, 1}" },
        { 18, "uint8[2] x = {0, 15}", "y = BitwiseNot(x)", "uint8[2] {255, 240}" },
        { 13, "float x = {4}", "y = Sqrt(x)", "float {2}" },
        { 13, "float[0] x = {}", "y = Sqrt(x)", "float[0] {}" },
        { 13, "int32[1] x = {4}", "y = Exp(x)", "error: elements of type int32 are not supported" },
        { 13, "string[1] x = {\"a\"}", "y = Abs(x)", "error: type string" },
        { 20, "float[4] x = {1, nan, inf, -inf}", "a = IsNaN(x)\ny = Cast<to = 2>(a)",
          "uint8[4] {0, 1, 0, 0}" },
        { 20, "float[3] x = {1, inf, -inf}", "y = IsInf<detect_negative = 0>(x)",
          "bool[3] {0, 1, 0}" },
    };
    TEST_EVAL(rows);
}

static void activations(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "float[2] x = {-1, 2}", "y = LeakyRelu<alpha = 0.5>(x)", "float[2] {-0.5, 2}" },
        { 13, "float[2] x = {-1, 2}", "y = Elu<alpha = 2.0>(x)", "float[2] {-1.264241, 2}" },
        { 20, "float[2] x = {-1, 1}", "y = Gelu(x)", "float[2] {-0.1586553, 0.8413447}" },
        { 20, "double[2] x = {-1, 1}", "y = Gelu<approximate = \"tanh\">(x)",
          "double[2] {-0.158808, 0.841192}" },
        { 14, "float[3] x = {-4, 1, 4}", "y = HardSwish(x)", "float[3] {-0, 0.6666667, 4}" },
        { 9, "int32[3] x = {-4, 0, 4}", "y = Shrink<lambd = 1.5, bias = 1.5>(x)",
          "int32[3] {-2, 0, 2}" },
        { 5, "float[1] x = {-1}", "y = Selu(x)", "float[1] {-1.111288}" },
        { 13, "float[1,2] x = {0, 1}, float[2] b = {1, -1}", "y = com.microsoft.BiasGelu(x, b)",
          "float[1,2] {0.8413447, 0}" },
        { 13, "float[2] x = {0, 1}", "y = com.microsoft.FastGelu(x)",
          "float[2] {0, 0.841192}" },
        { 13, "float[1] x = {1}", "y = com.microsoft.QuickGelu(x)", "float[1] {0.8457958}" },
    };
    TEST_EVAL(rows);
}

static void functions_of_two(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 14, "float[2,1] a = {1, 2}, float[3] b = {10, 20, 30}", "y = Add(a, b)",
          "float[2,3] {11, 21, 31, 12, 22, 32}" },
        { 14, "int8[1] a = {127}, int8[1] b = {1}", "y = Add(a, b)", "int8[1] {-128}" },
        { 14, "float16[1] a = {26624}, float16[1] b = {15360}", "y = Add(a, b)",
          "float16[1] {2048}" },
        { 14, "int32[4] a = {7, -7, 5, -2147483648}, int32[4] b = {2, 2, 0, -1}", "y = Div(a, b)",
          "int32[4] {3, -3, 0, -2147483648}" },
        { 13, "int32[4] a = {7, -7, 7, 7}, int32[4] b = {3, 3, -3, 0}", "y = Mod(a, b)",
          "int32[4] {1, 2, -2, 0}" },
        { 13, "float[2] a = {5.5, -5.5}, float[2] b = {3, 3}", "y = Mod<fmod = 1>(a, b)",
          "float[2] {2.5, -2.5}" },
        { 15, "int32[3] a = {2, -3, 2}, int64[3] b = {10, 3, -1}", "y = Pow(a, b)",
          "int32[3] {1024, -27, 0}" },
        { 15, "int32[2] a = {9, 2}, float[2] b = {0.5, 3}", "y = Pow(a, b)", "int32[2] {3, 8}" },
        { 15, "float[2] a = {9, 2}, int32[2] b = {2, -1}", "y = Pow(a, b)", "float[2] {81, 0.5}" },
        { 11, "uint8[3] a = {1, 200, 3}, uint8[3] b = {3, 1, 9}",
          "y = BitShift<direction = \"LEFT\">(a, b)", "uint8[3] {8, 144, 0}" },
        { 18, "int16[1] a = {-2}, int16[1] b = {7}", "y = BitwiseAnd(a, b)", "int16[1] {6}" },
        { 13, "float[2] a = {1, nan}, float[2] b = {2, 1}", "y = Less(a, b)", "bool[2] {1, 0}" },
        { 16, "uint64[1] a = {18446744073709551615}, uint64[1] b = {1}", "y = GreaterOrEqual(a, b)",
          "bool[1] {1}" },
        { 19, "string[2] a = {\"x\", \"\"}, string[1] b = {\"x\"}", "y = Equal(a, b)",
          "bool[2] {1, 0}" },
        { 13, "bool[2] a = {1, 0}, bool[1] b = {1}", "y = Xor(a, b)", "bool[2] {0, 1}" },
        { 14, "float[1] a = {1}, double[1] b = {1}", "y = Add(a, b)",
          "error: input 1: expected float, found double" },
        { 14, "float[2] a = {1, 2}, float[3] b = {1, 2, 3}", "y = Add(a, b)", "error: " },
        { 14, "float[1] a = {1}", "y = Add(a, \"\")", "error: " },
    };
    TEST_EVAL(rows);
}

static void broadcasting_before_opset_7(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 6, "float[2,2] a = {1, 2, 3, 4}, float[2] b = {10, 20}",
          "y = Add<broadcast = 1, axis = 0>(a, b)", "float[2,2] {11, 12, 23, 24}" },
        { 6, "float[2,2] a = {1, 2, 3, 4}, float[2] b = {10, 20}", "y = Add<broadcast = 1>(a, b)",
          "float[2,2] {11, 22, 13, 24}" },
        { 6, "float[2,2] a = {1, 2, 3, 4}, float[2] b = {10, 20}", "y = Add(a, b)",
          "error: fits into input 0" },
        { 6, "float[2,2] a = {1, 2, 3, 4}, float[2] b = {10, 20}",
          "y = Add<broadcast = 1, axis = 9223372036854775807>(a, b)", "error: fits into input 0" },
        { 6, "float[1,2,2] x = {-1, -2, -3, -4}, float[2] s = {10, 20}", "y = PRelu(x, s)",
          "float[1,2,2] {-10, -20, -60, -80}" },
        { 7, "float[1,2,2] x = {-1, -2, -3, 4}, float[2] s = {10, 20}", "y = PRelu(x, s)",
          "float[1,2,2] {-10, -40, -30, 4}" },
        { 7, "float[2] x = {-1, -2}, float[2,2] s = {1, 2, 3, 4}", "y = PRelu(x, s)",
          "error: input 1: expected a shape that broadcasts" },
    };
    TEST_EVAL(rows);
}

static void functions_of_many(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "float[2] a = {1, nan}, float[1] b = {2}, float[2,1] c = {0, 3}", "y = Max(a, b, c)",
          "float[2,2] {2, nan, 3, nan}" },
        { 13, "uint8[2] a = {1, 9}, uint8[2] b = {2, 3}", "y = Min(a, b)", "uint8[2] {1, 3}" },
        { 13, "float16[2] a = {15360, 16896}", "y = Sum(a)", "float16[2] {1, 3}" },
        { 13, "float[2] a = {1, 3}, float[2] b = {2, 5}, float[2] c = {3, 1}", "y = Mean(a, b, c)",
          "float[2] {2, 3}" },
        { 13, "float[1] a = {1}, int32[1] b = {2}", "y = Sum(a, b)", "error: input 1: expected" },
        { 13, "bool[2] c = {1, 0}, string[2] a = {\"yes\", \"no\"}, string[1] b = {\"other\"}",
          "y = Where(c, a, b)", "string[2] {'yes', 'other'}" },
        { 16, "bool[2] c = {1, 0}, int64[2] a = {1, 2}, int64[2,1] b = {3, 4}",
          "y = Where(c, a, b)",
          "int64[2,2] {1, 3, 1, 4}" },
        { 16, "int64[2] c = {1, 0}, int64[2] a = {1, 2}", "y = Where(c, a, a)", "error: bool" },
    };
    TEST_EVAL(rows);
}

static void clip_and_dropout(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 6, "float[3] x = {-1, 0.5, 3}", "y = Clip<min = 0.0, max = 1.0>(x)",
          "float[3] {0, 0.5, 1}" },
        { 13, "int8[3] x = {-1, 5, 30}, int8 h = {7}", "y = Clip(x, \"\", h)",
          "int8[3] {-1, 5, 7}" },
        { 13, "float[2] x = {-1, nan}, float l = {0}", "y = Clip(x, l)", "float[2] {0, nan}" },
        { 13, "float[1] x = {5}, float l = {9}, float h = {2}", "y = Clip(x, l, h)",
          "float[1] {2}" },
        { 13, "float[1] x = {5}, float[2] l = {1, 2}", "y = Clip(x, l)",
          "error: input 1: expected one float, found 2" },
        { 13, "float[2] x = {1, 2}", "y, y2 = Dropout(x)", "float[2] {1, 2}; bool[2] {1, 1}" },
        { 7, "float[2] x = {1, 2}", "y, y2 = Dropout(x)", "float[2] {1, 2}; float[2] {1, 1}" },
        { 13, "float[2] x = {1, 2}, float r = {0.6}, bool t = {1}",
          "y, y2 = Dropout<seed = 0>(x, r, t)", "float[2] {0, 5}; bool[2] {0, 1}" },
        { 13, "float[2] x = {1, 2}, float r = {1.0}, bool t = {1}", "y = Dropout(x, r, t)",
          "error: ratio: expected a number in [0, 1)" },
    };
    TEST_EVAL(rows);
}

static void casts(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 5, "float[2] x = {1.9, -1.9}", "y = Cast<to = \"INT32\">(x)", "int32[2] {1, -1}" },
        { 13, "int32[2] x = {300, -1}", "y = Cast<to = 2>(x)", "uint8[2] {44, 255}" },
        { 13, "float[3] x = {0.1, nan, -inf}", "y = Cast<to = 8>(x)",
          "string[3] {'0.1', 'NaN', '-INF'}" },
        { 13, "string[4] x = {\" +1.5\", \"-inf\", \"1e3\", \".5\"}", "y = Cast<to = 1>(x)",
          "float[4] {1.5, -inf, 1000, 0.5}" },
        { 13, "string[2] x = {\"100.5\", \"-7\"}", "y = Cast<to = 7>(x)", "int64[2] {100, -7}" },
        { 13, "string[1] x = {\"18446744073709551615\"}", "y = Cast<to = 13>(x)",
          "uint64[1] {18446744073709551615}" },
        { 13, "string[1] x = {\"one\"}", "y = Cast<to = 7>(x)",
          "error: element 0: expected a number, found 'one'" },
        { 13, "double[1] x = {1e300}", "y = Cast<to = 10>(x)", "float16[1] {inf}" },
        { 19, "float[2] x = {1000, 0.1}", "y = Cast<to = 17>(x)",
          "float8e4m3fn[2] {448, 0.1015625}" },
        { 19, "float[1] x = {1000}", "y = Cast<to = 17, saturate = 0>(x)",
          "float8e4m3fn[1] {nan}" },
        { 21, "int8[3] x = {7, -8, 9}", "y = Cast<to = 22>(x)", "int4[3] {7, -8, -7}" },
        { 25, "uint8[3] x = {1, 2, 7}", "y = Cast<to = 25>(x)", "uint2[3] {1, 2, 3}" },
        { 24, "float[2] x = {3, 5}", "y = Cast<to = 24, round_mode = \"down\">(x)",
          "float8e8m0[2] {2, 4}" },
        { 15, "int32[1] x = {5}, double[1] t = {0}", "y = CastLike(x, t)", "double[1] {5}" },
        { 26, "float[1] x = {1}", "y = BitCast<to = 6>(x)", "int32[1] {1065353216}" },
        { 13, "complex64[1] x = {1, 2}", "y = Cast<to = 1>(x)", "error: complex64" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_of_one),
        cmocka_unit_test(activations),
        cmocka_unit_test(functions_of_two),
        cmocka_unit_test(broadcasting_before_opset_7),
        cmocka_unit_test(functions_of_many),
        cmocka_unit_test(clip_and_dropout),
        cmocka_unit_test(casts),
    };
    return test_run(tests);
}
