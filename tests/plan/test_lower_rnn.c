/* Recurrent layers whose weights are known before running. */
#include "support/planned.h"
#include "support/test.h"

#include <stdio.h>

/* Weights w [D, G H, I], r [D, G H, H] and b [D, 2 G H], from a sine. */
static void write_graph(char *text, size_t n, const char *call, int gates, int d, int size,
                        int hidden, const char *inputs)
{
    const int rows = gates * hidden;
    snprintf(text, n,
             "g (%s) => (float[] Y, float[] H%s) <float zero = {0}, float one = {1}, "
             "float nw = {%d}, float nr = {%d}, float nb = {%d}, float np = {%d}, "
             "int64[3] sw = {%d, %d, %d}, int64[3] sr = {%d, %d, %d}, int64[2] sb = {%d, %d}, "
             "int64[2] sp = {%d, %d}> {\n"
             "  w1 = Range (zero, nw, one)\n  w2 = Sin (w1)\n  w = Reshape (w2, sw)\n"
             "  r1 = Range (zero, nr, one)\n  r2 = Cos (r1)\n  r = Reshape (r2, sr)\n"
             "  b1 = Range (zero, nb, one)\n  b2 = Sin (b1)\n  b = Reshape (b2, sb)\n"
             "  p1 = Range (zero, np, one)\n  p2 = Cos (p1)\n  p = Reshape (p2, sp)\n  %s }",
             inputs, gates == 4 ? ", float[] C" : "", d * rows * size, d * rows * hidden,
             d * 2 * rows, d * 3 * hidden, d, rows, size, d, rows, hidden, d, 2 * rows, d,
             3 * hidden, call);
}

typedef struct rnn_row {
    const char *call;
    int gates, directions, size, hidden;
    const char *inputs;
    size_t n_islands;
} rnn_row;

static const rnn_row cases[] = {
    { "Y, H, C = LSTM <hidden_size = 9> (x, w, r, b)", 4, 1, 6, 9, "float[5,1,6] x", 0 },
    { "Y, H, C = LSTM (x, w, r, b, , h0, c0)", 4, 1, 6, 16,
      "float[5,13,6] x, float[1,13,16] h0, float[1,13,16] c0", 0 },
    { "Y, H, C = LSTM <direction = \"reverse\"> (x, w, r)", 4, 1, 3, 5, "float[4,2,3] x", 0 },
    { "Y, H, C = LSTM <direction = \"bidirectional\", layout = 1> (x, w, r, b, , h0, c0)", 4, 2, 6,
      11, "float[9,4,6] x, float[9,2,11] h0, float[9,2,11] c0", 0 },
    { "Y, H, C = LSTM (x, w, r, b, , , , p)", 4, 1, 6, 7, "float[5,2,6] x", 0 },
    { "Y, H, C = LSTM <clip = 0.5, input_forget = 1> (x, w, r, b)", 4, 1, 6, 7, "float[5,2,6] x",
      0 },
    { "Y, H, C = LSTM <activations = [\"HardSigmoid\", \"Relu\", \"Softsign\"]> (x, w, r, b)", 4, 1,
      6, 7, "float[5,2,6] x", 0 },
    { "Y, H, C = LSTM (x, w, r, b, n)", 4, 1, 6, 7, "float[5,2,6] x, int32[2] n", 1 },
    { "Y, H = GRU (x, w, r, b)", 3, 1, 6, 9, "float[5,3,6] x", 0 },
    { "Y, H = GRU <linear_before_reset = 1> (x, w, r, b, , h0)", 3, 1, 6, 16,
      "float[5,1,6] x, float[1,1,16] h0", 0 },
    { "Y, H = GRU <linear_before_reset = 1, direction = \"bidirectional\"> (x, w, r, b)", 3, 2, 6,
      19, "float[5,10,6] x", 0 },
    { "Y, H = GRU <linear_before_reset = 1, layout = 1> (x, w, r)", 3, 1, 6, 19, "float[3,4,6] x",
      0 },
    { "Y, H = GRU <clip = 0.25> (x, w, r)", 3, 1, 6, 19, "float[5,10,6] x", 0 },
    { "Y, H = RNN (x, w, r, b)", 1, 1, 6, 9, "float[5,3,6] x", 0 },
    { "Y, H = RNN <direction = \"bidirectional\", activations = [\"Tanh\", \"Relu\"]> (x, w, r, b)",
      1, 2, 6, 9, "float[5,3,6] x", 0 },
};

static void layers_agree(void **state)
{
    (void)state;
    static char text[4096];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const rnn_row *r = &cases[i];
        write_graph(text, sizeof(text), r->call, r->gates, r->directions, r->size, r->hidden,
                    r->inputs);
        const test_planned_row row = { text, r->n_islands, 0 };
        test_planned(&row, 1);
        if (i == 1 || i == 10) test_planned_torture(&row, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(layers_agree) };
    return test_run(tests);
}
