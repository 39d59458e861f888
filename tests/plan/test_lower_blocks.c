/* Integers, bools and casts, element by element. */
#include "support/planned.h"
#include "support/test.h"

static void types_agree(void **state)
{
    (void)state;
    static const test_planned_row rows[] = {
        { "g (int64[3,600] a, int64[600] b) => (int64[] y) { y = Add (a, b) }", 0, 0 },
        { "g (int8[3,5] a, int8[3,1] b) => (int8[] y) { y = Mul (a, b) }", 0, 0 },
        { "g (uint8[2,3,4] a, uint8[3,1] b) => (uint8[] y) {\n"
          "  t = Transpose <perm = [2, 1, 0]> (a)\n  y = Sub (t, b) }", 0, 0 },
        { "g (int32[7] a, int32[7] b) => (int32[] y) { y = Mod (a, b) }", 0, 0 },
        { "g (int32[7] a, int32[7] b) => (int32[] y) { y = Div (a, b) }", 0, 0 },
        { "g (int64[2,1,5] a, int64[4,1] b) => (bool[] y) { y = Less (a, b) }", 0, 0 },
        { "g (int64[9] a, int64 b) => (bool[] y, bool[] z) {\n"
          "  y = Equal (a, b)\n  z = GreaterOrEqual (a, b) }", 0, 0 },
        { "g (int32[3,700] a, int32[3,1] b, int8[700] c, int16[700] d) => (bool[] y, bool[] z, "
          "bool[] v, bool[] w) {\n  y = Equal (a, b)\n  z = Equal (b, a)\n  v = Equal (c, c)\n"
          "  t = Cast <to = 5> (c)\n  w = Equal (t, d) }", 0, 0 },
        { "g (uint64[3,5] a, uint64[5,3] b) => (bool[] y) {\n  t = Transpose (b)\n"
          "  y = Equal (a, t) }", 0, 0 },
        { "g (bool[3,700] a, uint8[3,700] b, int8[3,700] c, float8e4m3fn[3,700] d) => (float[] y, "
          "int64[] z, float16[] v, double[] w, int32[] u) {\n  y = Cast <to = 1> (a)\n"
          "  z = Cast <to = 7> (b)\n  v = Cast <to = 10> (c)\n  w = Cast <to = 11> (d)\n"
          "  u = Cast <to = 6> (c) }", 0, 0 },
        { "g (bool[9] a, bool[9] b) => (bool[] y) {\n"
          "  c = And (a, b)\n  d = Or (a, c)\n  e = Xor (d, b)\n  y = Not (e) }", 0, 0 },
        { "g (int16[9] a) => (int16[] y) { b = Neg (a)\n  c = Sign (b)\n  d = Abs (b)\n"
          "  y = Add (c, d) }", 0, 0 },
        { "g (bool[3] a) => (float[] y) { y = Cast <to = 1> (a) }", 0, 0 },
        { "g (float[2,700] a) => (int32[] y, float16[] h, bool[] b, int8[] s) {\n"
          "  y = Cast <to = 6> (a)\n  h = Cast <to = 10> (a)\n  b = Cast <to = 9> (a)\n"
          "  s = Cast <to = 3> (a) }", 0, 0 },
        { "g (float16[5] a, float16[5] b) => (float16[] y) { c = Add (a, b)\n  d = Relu (c)\n"
          "  y = Mul (d, b) }", 0, 0 },
        { "g (double[5] a, double[1] b) => (double[] y) { y = Div (a, b) }", 0, 0 },
        { "g (bool[4,1] c, int64[4,5] a, int64 b) => (int64[] y) { y = Where (c, a, b) }", 0, 0 },
        { "g (float a, int64[0,3] b) => (int64[] y, int64[] z) { y = Cast <to = 7> (a)\n"
          "  z = Add (b, b) }", 0, 0 },
        { "g (float[3] a) => (string[] y) { y = Cast <to = 8> (a) }", 1, 0 },
    };
    test_planned(rows, sizeof(rows) / sizeof(rows[0]));
    test_planned_torture(rows, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(types_agree) };
    return test_run(tests);
}
