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

#define PAIR "(uint8[2,9,6,6] a, uint8[2,9,6,6] b) => (uint8[] y) <float s = {0.02}, " \
             "uint8 z = {120}, float t = {0.03}, uint8 u = {117}, float v = {0.035}> {\n" \
             "  x = DequantizeLinear (a, s, z)\n  w = DequantizeLinear (b, t, u)\n"
#define ONE "(int8[2,9,6,6] a) => (int8[] y) <float s = {0.03}, int8 z = {-20}, " \
            "float t = {0.02}, int8 u = {17}, float h = {0.5}, float i = {3}> {\n" \
            "  x = DequantizeLinear (a, s, z)\n"

static const test_planned_row elementwise[] = {
    ROW(PAIR "  c = Add (x, w)\n  y = QuantizeLinear (c, v, z) }"),
    ROW(PAIR "  c = Mul (w, x)\n  y = QuantizeLinear (c, v, z) }"),
    ROW(PAIR "  c = Mul (x, x)\n  y = QuantizeLinear (c, v, z) }"),
    ROW(PAIR "  c = Sub (x, w)\n  d = Relu (c)\n  y = QuantizeLinear (d, v, z) }"),
    ROW(PAIR "  c = Add (x, w)\n  d = Clip (c, s, t)\n  y = QuantizeLinear (d, v) }"),
    ROW(PAIR "  c = Greater (x, w)\n  d = Where (c, x, w)\n  y = QuantizeLinear (d, v, z) }"),
    ROW(PAIR "  c = Sigmoid (x)\n  d = Mul (x, c)\n  e = Add (d, w)\n"
             "  y = QuantizeLinear (e, v, z) }"),
    ROW(PAIR "  c = MaxPool <kernel_shape = [2, 2], strides = [1, 1], pads = [0, 0, 1, 1]> (x)\n"
             "  d = Add (c, w)\n  y = QuantizeLinear (d, v, z) }"),
    ROW("(uint8[2,9,6,6] a, uint8[2,9,1,1] b) => (uint8[] y) <float s = {0.02}, "
        "uint8 z = {120}, float t = {0.01}> {\n  x = DequantizeLinear (a, s, z)\n"
        "  w = DequantizeLinear (b, t)\n  c = Mul (x, w)\n  y = QuantizeLinear (c, t, z) }"),
    ROW("(int8[3,1,5] a, int8[4,1] b) => (int8[] y) <float s = {0.02}, int8 z = {-12}> {\n"
        "  x = DequantizeLinear (a, s, z)\n  w = DequantizeLinear (b, s)\n  c = Add (w, x)\n"
        "  y = QuantizeLinear (c, s, z) }"),
    /* constants behind DequantizeLinear, of one element and of more */
    ROW("(uint8[2,9,6,6] a) => (uint8[] y) <float s = {0.02}, uint8 z = {120}, uint8 k = {200}> "
        "{\n  x = DequantizeLinear (a, s, z)\n  w = DequantizeLinear (k, s, z)\n"
        "  c = Mul (x, w)\n  y = QuantizeLinear (c, s, z) }"),
    ROW("(uint8[2,3,6] a) => (uint8[] y) <float s = {0.02}, uint8 z = {120}, "
        "uint8[3,1] k = {200, 0, 3}> {\n  x = DequantizeLinear (a, s, z)\n"
        "  w = DequantizeLinear (k, s, z)\n  c = Mul (x, w)\n  y = QuantizeLinear (c, s, z) }"),
    ROW(ONE "  b = Sigmoid (x)\n  y = QuantizeLinear (b, t, u) }"),
    ROW(ONE "  b = Tanh (x)\n  y = QuantizeLinear (b, t, u) }"),
    ROW(ONE "  b = HardSwish (x)\n  y = QuantizeLinear (b, t, u) }"),
    ROW(ONE "  b = LeakyRelu <alpha = 0.3> (x)\n  y = QuantizeLinear (b, t, u) }"),
    ROW(ONE "  b = Add (x, i)\n  c = Clip (b, h, i)\n  d = Div (c, i)\n  e = Mul (d, x)\n"
            "  y = QuantizeLinear (e, t, u) }"),
    ROW(ONE "  b = Gelu (x)\n  c = Relu (b)\n  y = QuantizeLinear (c, t, u) }"),
    ROW("(float[2,9,6,6] x) => (int8[] y) <float t = {0.02}, int8 u = {17}> {\n"
        "  b = Relu (x)\n  y = QuantizeLinear (b, t, u) }"),
    ROW("(float[2,9,6] x) => (int8[] y) <float[9] t = {1, 2, 3, 4, 5, 6, 7, 8, 9}> {\n"
        "  b = Relu (x)\n  y = QuantizeLinear (b, t) }"),
    { "g (float[2,9,6] x) => (uint16[] y) <float t = {1}, uint16 z = {5}> {\n"
      "  b = Relu (x)\n  y = QuantizeLinear (b, t, z) }", 1, 0 },
    /* to floats, and from codes with a scale for each channel */
    ROW("(int8[2,3,6] a) => (float[] y) <float[3] s = {0.02, 0.1, 1}, int8[3] z = {1, -2, 3}> {\n"
        "  x = DequantizeLinear (a, s, z)\n  y = Sigmoid (x) }"),
    ROW("(int8[2,3,6] a) => (float[] y) <float s = {0.02}> {\n"
        "  x = DequantizeLinear (a, s)\n  y = Sigmoid (x) }"),
};

static void elements_stay_codes(void **state)
{
    (void)state;
    test_planned(elementwise, sizeof(elementwise) / sizeof(elementwise[0]));
    test_planned_torture(elementwise, 1);
    test_planned_torture(elementwise + 10, 3);
}

#define POOL "(uint8[2,9,7,6] a) => (uint8[] y) <float s = {0.02}, uint8 z = {120}, " \
             "float t = {0.015}, uint8 u = {90}> {\n  x = DequantizeLinear (a, s, z)\n"
#define END(value) "  y = QuantizeLinear (" value ", t, u) }"

static const test_planned_row lines_and_windows[] = {
    ROW(POOL "  b = MaxPool <kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]> (x)\n"
             "  y = QuantizeLinear (b, s, z) }"),
    ROW(POOL "  b = MaxPool <kernel_shape = [2, 2]> (x)\n" END("b")),
    ROW(POOL "  b = MaxPool <kernel_shape = [2, 2], dilations = [2, 3]> (x)\n" END("b")),
    ROW(POOL "  b = GlobalMaxPool (x)\n" END("b")),
    ROW("(int8[2,40,9] a) => (float[] y) <float s = {0.02}, int8 z = {-3}> {\n"
        "  x = DequantizeLinear (a, s, z)\n  y = MaxPool <kernel_shape = [2]> (x) }"),
    ROW(POOL "  b = MaxPool <kernel_shape = [2, 2]> (x)\n"
             "  c = Transpose <perm = [0, 2, 3, 1]> (b)\n"
             "  d = Flatten (c)\n" END("d")),
    ROW(POOL "  b = Softmax (x)\n" END("b")),
    ROW(POOL "  b = Softmax <axis = 1> (x)\n" END("b")),
    ROW(POOL "  b = LogSoftmax <axis = 1> (x)\n" END("b")),
    ROW(POOL "  b = Softmax <axis = 1> (x)\n  y = Cast <to = 2> (b) }"),
    ROW(POOL "  b = Relu (x)\n  c = QuantizeLinear (b, t, u)\n  d = DequantizeLinear (c, t, u)\n"
             "  e = Concat <axis = 1> (d, x, d)\n  y = QuantizeLinear (e, t, u) }"),
    ROW(POOL "  b = Relu (x)\n  c = MaxPool <kernel_shape = [1, 1]> (x)\n"
             "  e = Concat <axis = 1> (b, x, c)\n  y = QuantizeLinear (e, t, u) }"),
    ROW(POOL "  c = MaxPool <kernel_shape = [1, 1]> (x)\n"
             "  e = Concat <axis = 2> (c, x)\n  y = QuantizeLinear (e, t, u) }"),
    /* float groups: sums of floats, as eval has them */
    ROW(POOL "  b = AveragePool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (x)\n" END("b")),
    ROW(POOL "  b = GlobalAveragePool (x)\n" END("b")),
};

#define CHANNELS "<float s = {0.02}, uint8 z = {120}, float t = {0.015}, uint8 u = {90}, " \
                 "float[9] g = {1, 2, 3, -1, 0.5, 0.25, 1, 2, 0}, " \
                 "float[9] h = {0.1, 0.2, 0, -1, 3, 1, 1, 1, 1}, " \
                 "float[9] m = {0.5, 1, 1, 0, 0, 0.1, 2, 1, 0}, int8[9] c = {1, 2, 3, 4, 5, 6, " \
                 "7, 8, 9}, float[9] v = {1, 1, 2, 3, 4, 0.5, 1, 1, 1}> {\n"

/* One number for each channel, of pixels with few of them: channels last, with and without gaps. */
static const test_planned_row channels[] = {
    ROW("(float[2,9,7,6] x) => (uint8[] y) " CHANNELS "  a = MaxPool <kernel_shape = [2, 2]> (x)\n"
        "  b = BatchNormalization (a, g, h, m, v)\n  d = Relu (b)\n" END("d")),
    ROW("(uint8[2,9,30,40] q) => (uint8[] y) " CHANNELS "  x = DequantizeLinear (q, s, z)\n"
        "  a = MaxPool <kernel_shape = [2, 2]> (x)\n  k = DequantizeLinear (c, s)\n"
        "  b = BatchNormalization (a, k, h, m, v)\n  d = Relu (b)\n" END("d")),
    ROW("(uint8[2,9,7,6] q, uint8[2,9,1,1] r) => (uint8[] y) " CHANNELS
        "  x = DequantizeLinear (q, s, z)\n  a = MaxPool <kernel_shape = [2, 2]> (x)\n"
        "  k = DequantizeLinear (r, t)\n  b = Mul (a, k)\n" END("b")),
    ROW("(float[2,9,7,6] x, float[2,9,1,1] r) => (float[] y) " CHANNELS
        "  a = MaxPool <kernel_shape = [2, 2]> (x)\n  b = Mul (a, r)\n  y = Add (b, t) }"),
    ROW("(float[2,16,37,6] x, float[16,1,1] r, bool[16,1,1] w) => (float[] y) " CHANNELS
        "  a = MaxPool <kernel_shape = [2, 2]> (x)\n  b = Where (w, a, r)\n  y = Mul (b, t) }"),
    ROW("(float[3,50,5] x, float[5] r) => (float[] y) " CHANNELS
        "  b = Sub (r, x)\n  y = Add (b, t) }"),
};

static void channels_repeat(void **state)
{
    (void)state;
    test_planned(channels, sizeof(channels) / sizeof(channels[0]));
    test_planned_torture(channels + 1, 1);
}

static void lines_and_windows_stay_codes(void **state)
{
    (void)state;
    test_planned(lines_and_windows, sizeof(lines_and_windows) / sizeof(lines_and_windows[0]));
    test_planned_torture(lines_and_windows + 6, 1);
    test_planned_torture(lines_and_windows + 10, 1);
}

#define QLINEAR "(uint8[2,9,7,6] x, uint8[2,9,7,6] w, uint8[2,9,1,1] k, bool[2,9,7,6] q) => " \
                "(uint8[] y) <float s = {0.02}, uint8 z = {120}, float t = {0.03}, " \
                "uint8 u = {117}, uint8 one = {200}> {\n  y = com.microsoft."

static const test_planned_row qlinear[] = {
    ROW(QLINEAR "QLinearAdd (x, s, z, w, t, u, s, u) }"),
    ROW(QLINEAR "QLinearAdd (x, s, z, k, t, \"\", s) }"),
    ROW(QLINEAR "QLinearMul (x, s, z, k, t, u, t, z) }"),
    ROW(QLINEAR "QLinearMul (x, s, z, x, s, z, t, z) }"),
    ROW(QLINEAR "QLinearMul (x, s, z, one, t, u, t, z) }"),
    ROW(QLINEAR "QLinearSigmoid (x, s, z, t, u) }"),
    ROW(QLINEAR "QLinearLeakyRelu <alpha = 0.2> (x, s, z, t, u) }"),
    ROW(QLINEAR "QLinearWhere (q, x, s, z, w, t, u, t, z) }"),
    ROW(QLINEAR "QLinearConcat <axis = 2> (s, z, x, s, z, w, t, u) }"),
    ROW(QLINEAR "QLinearSoftmax <axis = 1> (x, s, z, t, u) }"),
    ROW(QLINEAR "QLinearSoftmax <axis = -2, opset = 12> (x, s, z, t, u) }"),
    ROW(QLINEAR "QLinearGlobalAveragePool (x, s, z, t, u) }"),
    ROW(QLINEAR "QLinearAveragePool <kernel_shape = [3, 2], pads = [1, 0, 1, 1], "
        "strides = [2, 1]> (x, s, z, t, u) }"),
    ROW(QLINEAR "QLinearAveragePool <kernel_shape = [3, 2], pads = [1, 0, 1, 1], "
        "count_include_pad = 1> (x, s, z, t, u) }"),
    ROW("(int8[1,70,40,40] x) => (int8[] y) <float s = {0.02}, int8 z = {-12}, float t = {0.01}> "
        "{\n  y = com.microsoft.QLinearGlobalAveragePool (x, s, z, t, z) }"),
    { "g " QLINEAR "QLinearGlobalAveragePool <channels_last = 1> (x, s, z, t, u) }", 1, 0 },
};

static const test_planned_row dynamic[] = {
    ROW("(float[3,50] x) => (uint8[] y, float[] s, uint8[] z) {\n"
        "  y, s, z = DynamicQuantizeLinear (x) }"),
    ROW("(float[300,200] x) => (uint8[] y) {\n  y, s, z = DynamicQuantizeLinear (x) }"),
    ROW("(float[2,9,5,5] x) => (uint8[] y, uint8[] z) {\n"
        "  m = MaxPool <kernel_shape = [2, 2]> (x)\n  y, s, z = DynamicQuantizeLinear (m) }"),
    ROW("(float x) => (uint8[] y, float[] s) {\n  y, s, z = DynamicQuantizeLinear (x) }"),
};

static void ranges_are_found(void **state)
{
    (void)state;
    test_planned(dynamic, sizeof(dynamic) / sizeof(dynamic[0]));
    test_planned_torture(dynamic, 1);
}

static void qlinear_operators_are_taken(void **state)
{
    (void)state;
    test_planned(qlinear, sizeof(qlinear) / sizeof(qlinear[0]));
    test_planned_torture(qlinear + 8, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moves_hand_codes_on),
        cmocka_unit_test(elements_stay_codes),
        cmocka_unit_test(channels_repeat),
        cmocka_unit_test(lines_and_windows_stay_codes),
        cmocka_unit_test(qlinear_operators_are_taken),
        cmocka_unit_test(ranges_are_found),
    };
    return test_run(tests);
}
