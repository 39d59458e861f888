/* float16 by lowerings of float. */
#include "support/planned.h"
#include "support/test.h"

#define FILTERS                                                                                    \
    "float16[3,2,3,3] w = {15360, 47104, 13312, 16896, 15616, 50944, 12288, 16384, 15360, 48128, " \
    "13517, 16896, 11878, 18176, 16384, 14651, 15000, 47000, 14651, 15000, 47000, 12288, 16384, "  \
    "15360, 48128, 13517, 16896, 11878, 18176, 16384, 15360, 47104, 13312, 16896, 15616, 12288, "  \
    "16384, 15360, 48128, 13517, 11878, 18176, 16384, 14651, 12001, 46999, 15360, 47104, 13312, "  \
    "16896, 15616, 14651, 15000, 47000}, float16[3,1,3,3] d = {15360, 47104, 13312, 16896, "       \
    "15616, 50944, 12288, 16384, 15360, 48128, 13517, 16896, 11878, 18176, 16384, 14651, 15000, "  \
    "47000, 14651, 15000, 47000, 12288, 16384, 15360, 48128, 13517, 16896}, "                      \
    "float16[3] b = {11878, 14746, 48000}, float16[2] k = {11878, 48001}, "                        \
    "float16[3] v = {11878, 14746, 15360}"

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
        /* what is fused behind products */
        { "g (float16[1,2,9,9] x, float16[1,3,7,7] r) => (float16[] y) <" FILTERS "> {\n"
          "  c = Conv (x, w, b)\n  n = BatchNormalization (c, b, b, b, v)\n  s = Add (n, r)\n"
          "  y = Relu (s) }", 0, 0 },
        { "g (float16[1,2,9,9] x) => (float16[] y) <" FILTERS "> {\n"
          "  c = Conv (x, w, b)\n  y = Clip <min = 0.1, max = 6.0005> (c) }", 0, 10 },
        { "g (float16[1,3,9,9] x) => (float16[] y) <" FILTERS "> {\n"
          "  c = Conv <group = 3, pads = [1, 1, 1, 1]> (x, d, b)\n  y = Relu (c) }", 0, 0 },
        { "g (float16[1,3,5,5] x) => (float16[] y) <" FILTERS "> {\n"
          "  c = ConvTranspose <strides = [2, 2]> (x, w, k)\n  y = Relu (c) }", 0, 0 },
        { "g (float16[4,5,7] x, float16[7,3] w, float16[4,5,3] r) => (float16[] y) <"
          "float16[3] b = {11878, 14746, 48000}> {\n  c = MatMul (x, w)\n  d = Add (c, b)\n"
          "  e = Add (d, r)\n  y = Relu (e) }", 0, 0 },
        { "g (float16[5,7] x, float16[7,3] w, float16[5,3] r) => (float16[] y) <"
          "float16[3] b = {11878, 14746, 48000}> {\n  c = Gemm <beta = 0.3> (x, w, b)\n"
          "  e = Add (c, r)\n  y = Relu (e) }", 0, 0 },
        { "g (float16[1,5,7,7] x) => (float16[] y) {\n"
          "  a = AveragePool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (x)\n"
          "  y = GlobalAveragePool (a) }", 0, 0 },
        /* clusters */
        { "g (float16[3,70] x, float16[70] z, float[3,1] p, bool[3,70] q) => (float16[] y) {\n"
          "  a = Mul (x, z)\n  b = Erf (a)\n  c = Add (b, x)\n  d = Max (c, z)\n"
          "  e = Sub (d, a)\n  f = Where (q, e, x)\n  g1 = Gelu (f)\n  h = Exp (p)\n"
          "  y = Pow (g1, h) }", 0, 0 },
        { "g (float16[3,70] x) => (float16[] y) {\n  a = Elu (x)\n  b = Selu (a)\n"
          "  c = Celu (b)\n  d = Softplus (c)\n  e = Softsign (d)\n  f = Log (e)\n"
          "  h = Sin (f)\n  i = Cos (h)\n  j = HardSigmoid (i)\n  k = HardSwish (j)\n"
          "  l = Mish (k)\n  m = Reciprocal (l)\n  n = Ceil (m)\n  o = Div (n, m)\n"
          "  y = PRelu (o, l) }", 0, 0 },
        { "g (float16[3,70] x) => (float16[] y) {\n  a = Floor (x)\n  b = Round (x)\n"
          "  c = Sign (x)\n  d = Min (a, b, c)\n  e = LeakyRelu (d)\n  y = Tanh (e) }", 0, 0 },
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
