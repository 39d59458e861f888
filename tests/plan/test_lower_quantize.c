/* QuantizeLinear and DequantizeLinear by fast kernels: one scale and one per entry of an axis, in
 * any layout. */
#include "support/planned.h"
#include "support/test.h"

#define ROW(text) { "g " text, 0, 0 }
#define ISLAND(text, n) { "g " text, n, 0 }

static const test_planned_row rows[] = {
    ROW("(float[3,50] x) => (uint8[] y) <float s = {0.02}, uint8 z = {120}> {\n"
        "  y = QuantizeLinear (x, s, z) }"),
    ROW("(float[3,50] x) => (int8[] y) <float[1] s = {0.02}, int8[1] z = {-3}> {\n"
        "  y = QuantizeLinear (x, s, z) }"),
    ROW("(float[3,50] x) => (uint8[] y) <float s = {0.02}> {\n  y = QuantizeLinear (x, s) }"),
    ROW("(uint8[3,50] x) => (float[] y) <float s = {0.02}, uint8 z = {120}> {\n"
        "  y = DequantizeLinear (x, s, z) }"),
    ROW("(int8[7] x) => (float[] y) <float s = {0.02}> {\n  y = DequantizeLinear (x, s) }"),
    ROW("(float x) => (int8[] y) <float s = {0.02}, int8 z = {5}> {\n"
        "  y = QuantizeLinear (x, s, z) }"),
    ROW("(float[2,3,5,7] x) => (int8[] y, float[] d) <float[3] s = {0.02, 0.1, 1}, "
        "int8[3] z = {1, -2, 3}> {\n  y = QuantizeLinear (x, s, z)\n"
        "  d = DequantizeLinear (y, s, z) }"),
    ROW("(float[2,3,5] x) => (uint8[] y) <float[3] s = {0.02, 0.1, 1}, uint8[3] z = {1, 2, 3}> "
        "{\n  t = Transpose <perm = [0, 2, 1]> (x)\n"
        "  y = QuantizeLinear <axis = -1> (t, s, z) }"),
    ROW("(float[3] x) => (uint8[] y) <float[3] s = {0.02, 0.1, 1}> {\n"
        "  y = QuantizeLinear (x, s) }"),
    ROW("(float[300,200] x) => (uint8[] y) <float s = {0.02}, uint8 z = {120}> {\n"
        "  y = QuantizeLinear (x, s, z) }"),
    /* channels last, with and without gaps between pixels, and back into float kernels */
    ROW("(float[2,9,6,6] x) => (float[] y) <float s = {0.02}, uint8 z = {120}> {\n"
        "  m = MaxPool <kernel_shape = [2, 2]> (x)\n  q = QuantizeLinear (m, s, z)\n"
        "  d = DequantizeLinear (q, s, z)\n  y = AveragePool <kernel_shape = [2, 2]> (d) }"),
    ROW("(float[2,9,6,6] x) => (int8[] y) <float[9] s = {1, 2, 3, 0.4, 0.5, 6, 7, 8, 9}, "
        "int8[9] z = {1, 2, 3, 4, 5, 6, 7, 8, -9}> {\n  m = MaxPool <kernel_shape = [2, 2]> (x)\n"
        "  y = QuantizeLinear <axis = 1> (m, s, z) }"),
    ROW("(float[2,16,6,6] x) => (int8[] y) <float s = {0.05}, int8 z = {4}> {\n"
        "  m = MaxPool <kernel_shape = [2, 2]> (x)\n  y = QuantizeLinear (m, s, z) }"),
    ROW("(float[0,5] x) => (uint8[] y) <float s = {0.02}> {\n  y = QuantizeLinear (x, s) }"),
    /* what is left to eval: other types, blocks, scales that come with the run */
    ISLAND("(float[3,50] x) => (uint16[] y) <float s = {0.02}, uint16 z = {1}> {\n"
           "  y = QuantizeLinear (x, s, z) }", 1),
    ISLAND("(float[3,50] x, float s) => (uint8[] y) {\n  y = QuantizeLinear (x, s) }", 1),
    ISLAND("(int32[3,50] x) => (float[] y) <float s = {0.02}> {\n  y = DequantizeLinear (x, s) }",
           1),
};

static void scales_agree(void **state)
{
    (void)state;
    test_planned(rows, sizeof(rows) / sizeof(rows[0]));
    test_planned_torture(rows, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(scales_agree) };
    return test_run(tests);
}
