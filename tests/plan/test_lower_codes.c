/* Networks between QuantizeLinear and DequantizeLinear: what is put off, what hands codes on, and
 * what goes from codes to codes. */
#include "support/planned.h"
#include "support/test.h"

#define ROW(text) { "g " text, 0, 0 }

#define IN "(uint8[2,3,6,6] x) => (uint8[] y) <float s = {0.02}, uint8 z = {120}, " \
           "float t = {0.03}, uint8 u = {117}> {\n  a = DequantizeLinear (x, s, z)\n"
#define OUT(value) "  y = QuantizeLinear (" value ", s, z) }"
#define OTHER(value) "  y = QuantizeLinear (" value ", t, u) }"

static const test_planned_row moves[] = {
    ROW(IN OUT("a")),
    ROW(IN OTHER("a")),
    ROW(IN "  b = Transpose <perm = [0, 2, 3, 1]> (a)\n" OUT("b")),
    ROW(IN "  b = Transpose <perm = [0, 2, 3, 1]> (a)\n" OTHER("b")),
    ROW(IN "  b = Flatten (a)\n" OTHER("b")),
    ROW(IN "  b = DepthToSpace <blocksize = 1> (a)\n" OUT("b")),
    ROW(IN "  b, c = Split <axis = 2, num_outputs = 2> (a)\n  d = Concat <axis = 1> (c, b)\n"
        OUT("d")),
    ROW(IN "  b = Relu (a)\n  d = Concat <axis = 1> (a, b)\n" OUT("d")),
    /* codes that are handed on and read as floats in the end */
    ROW("(uint8[2,3,6,6] x) => (float[] y, float[] v) <float s = {0.02}, uint8 z = {120}> {\n"
        "  a = DequantizeLinear (x, s, z)\n  v = Transpose (a)\n  w = Identity (v)\n"
        "  b = Sqrt (w)\n  y = MaxPool <kernel_shape = [2, 2]> (b) }"),
    /* one DequantizeLinear for several, an output of the model, a constant */
    ROW("(int8[40] x) => (int8[] y, float[] a, float[] b) <float s = {0.02}, int8 z = {-3}, "
        "float t = {0.05}, int8 u = {7}> {\n  a = DequantizeLinear (x, s, z)\n"
        "  y = QuantizeLinear (a, t, u)\n  b = Exp (a) }"),
    ROW("(int8[40] x) => (int8[] y, float[] b) <float s = {0.02}, int8 z = {-3}, "
        "float t = {0.05}, int8 u = {7}> {\n  a = DequantizeLinear (x, s, z)\n"
        "  y = QuantizeLinear (a, t, u)\n  b = Exp (a) }"),
    ROW("(float[2,3] x) => (float[] y) <float s = {0.5}, int8[2,3] w = {1, 2, 3, -4, -5, 127}> {\n"
        "  a = DequantizeLinear (w, s)\n  t = Transpose (a)\n  y = MatMul (x, t) }"),
    ROW("(float[2,3] x) => (float[] y) <float[3] s = {0.5, 1, 2}, "
        "int32[3] w = {1000, 2000, -3}> {\n"
        "  a = DequantizeLinear <axis = 0> (w, s)\n  y = Add (x, a) }"),
    ROW("(int64[5] i) => (float[] y) <float s = {0.5}, int8[2,3] w = {1, 2, 3, -4, -5, 127}> {\n"
        "  zero = Mod (i, i)\n  a = DequantizeLinear (w, s)\n  y = Gather (a, zero) }"),
    /* scales that no codes survive */
    ROW("(uint8[40] x) => (uint8[] y) <float s = {0}, uint8 z = {3}> {\n"
        "  a = DequantizeLinear (x, s, z)\n  y = QuantizeLinear (a, s, z) }"),
    ROW("(uint8[40] x) => (uint8[] y) <float s = {0.1}, float t = {0.3}> {\n"
        "  a = DequantizeLinear (x, s)\n  y = QuantizeLinear (a, t) }"),
};

static void moves_hand_codes_on(void **state)
{
    (void)state;
    test_planned(moves, sizeof(moves) / sizeof(moves[0]));
    test_planned_torture(moves + 6, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(moves_hand_codes_on) };
    return test_run(tests);
}
