/* float16 by lowerings of float. */
#include "support/planned.h"
#include "support/test.h"

static void halves_agree(void **state)
{
    (void)state;
    static const test_planned_row rows[] = {
        { "g (float16[1,8,5,5] x, float16[1,8,5,5] r) => (float16[] y, float16[] z) <"
          "float16[2,8,1,1] w = {15360, 47104, 13312, 16896, 15616, "
          "50944, 12288, 16384, 15360, 48128, 13517, 16896, 11878, 18176, 16384, 14651}, "
          "float16[2] b = {11878, 14746}> {\n"
          "  a = Add (x, r)\n  c = Conv (a, w, b)\n  d = Relu (c)\n  e = MaxPool <kernel_shape = "
          "[2, 2], strides = [2, 2]> (d)\n  y = Concat <axis = 1> (e, e)\n"
          "  z = GlobalAveragePool (d) }", 0, 0 },
        { "g (float16[3,7] x, float16[7,9] w) => (float16[] y, float[] f) {\n"
          "  a = MatMul (x, w)\n  b = Softmax (a)\n  t = Transpose (b)\n  y = Exp (t)\n"
          "  f = Cast <to = 1> (t) }", 0, 0 },
        { "g (float[3,7] x) => (float16[] y, float[] z) {\n"
          "  h = Cast <to = 10> (x)\n  y = Mul (h, h)\n  s = Sub (y, h)\n"
          "  t = Sigmoid (s)\n  u = Erf (t)\n  z = Cast <to = 1> (u) }", 0, 0 },
        { "g (float16[3,7] x) => (float16[] y) { y = Identity (x) }", 0, 0 },
        { "g (float16[0,7] x) => (float16[] y) { y = Exp (x) }", 0, 0 },
    };
    test_planned(rows, sizeof(rows) / sizeof(rows[0]));
    test_planned_torture(rows, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(halves_agree) };
    return test_run(tests);
}
