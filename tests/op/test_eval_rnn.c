#include "support/eval.h"
#include "support/test.h"

/* Affine gates make the sums visible. */
#define PLAIN "hidden_size = 1, activations = [\"Affine\"]"
#define TWICE \
    "hidden_size = 1, activations = [\"Affine\", \"Affine\"], direction = \"bidirectional\""
#define WR "float[1,1,1] w = {1}, float[1,1,1] r = {2}"
#define X3 "float[3,1,1] x = {1, 10, 100}, "

static void directions_and_lengths(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 14, X3 WR, "y, y2 = RNN <" PLAIN "> (x, w, r)",
          "float[3,1,1,1] {1, 12, 124}; float[1,1,1] {124}" },
        { 1, X3 WR, "y, y2 = RNN <" PLAIN ", direction = \"reverse\"> (x, w, r)",
          "float[3,1,1,1] {421, 210, 100}; float[1,1,1] {421}" },
        { 14, X3 "float[2,1,1] w = {1, 1}, float[2,1,1] r = {2, 0}, float[2,2] b = {1, 0, 0, 5},"
          " float[2,1,1] h = {1000, 0}",
          "y, y2 = RNN <" TWICE "> (x, w, r, b, \"\", h)",
          "float[3,2,1,1] {2002, 6, 4015, 15, 8131, 105}; float[2,1,1] {8131, 6}" },
        { 14, "float[2,2,1] x = {1, 2, 3, 4}, " WR ", int32[2] n = {2, 0}, float[1,2,1] h = {0, 7}",
          "y, y2 = RNN <" PLAIN "> (x, w, r, \"\", n, h)",
          "float[2,1,2,1] {1, 0, 5, 0}; float[1,2,1] {5, 7}" },
        { 14, "float[2,2,1] x = {1, 2, 3, 4}, " WR,
          "y, y2 = RNN <" PLAIN ", layout = 1> (x, w, r)",
          "float[2,2,1,1] {1, 4, 3, 10}; float[2,1,1] {4, 10}" },
        { 14, X3 WR, "y, y2 = RNN <" PLAIN ", clip = 20.0> (x, w, r)",
          "float[3,1,1,1] {1, 12, 20}; float[1,1,1] {20}" },
        { 14, "double[1,1,1] x = {0.5}, double[1,1,1] w = {1}, double[1,1,1] r = {2}",
          "\"\", y = RNN <hidden_size = 1> (x, w, r)", "double[1,1,1] {0.4621172}" },
    };
    TEST_EVAL(rows);
}

static void cells(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        /* i = o = f = c = 1 + h; C = f C + i c; H = o C */
        { 14,
          "float[2,1,1] x = {1, 1}, float[1,4,1] w = {1, 1, 1, 1}, float[1,4,1] r = {1, 1, 1, 1}",
          "y, y2, y3 = LSTM <hidden_size = 1, activations = [\"Affine\", \"Affine\", \"Affine\"]>"
          " (x, w, r)",
          "float[2,1,1,1] {1, 12}; float[1,1,1] {12}; float[1,1,1] {6}" },
        { 14,
          "float[1,1,1] x = {1}, float[1,3,1] w = {1, 2, 3}, float[1,3,1] r = {1, 1, 1},"
          " float[1,1,1] h = {2}",
          "\"\", y = GRU <hidden_size = 1, activations = [\"Affine\", \"Affine\"]>"
          " (x, w, r, \"\", \"\", h)",
          "float[1,1,1] {-16}" },
        { 14,
          "float[1,1,1] x = {1}, float[1,3,1] w = {1, 2, 3}, float[1,3,1] r = {1, 1, 1},"
          " float[1,1,1] h = {2}, float[1,6] b = {0, 0, 0, 0, 0, 1}",
          "\"\", y = GRU <hidden_size = 1, activations = [\"Affine\", \"Affine\"],"
          " linear_before_reset = 1> (x, w, r, b, \"\", h)",
          "float[1,1,1] {-24}" },
    };
    TEST_EVAL(rows);
}

static void refusals(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 14, X3 WR ", int32[1] n = {4}", "y = RNN <" PLAIN "> (x, w, r, \"\", n)",
          "error: sequence_lens: expected 0 to 3, found 4" },
        { 14, X3 WR ", int32[2] n = {1, 1}", "y = RNN <" PLAIN "> (x, w, r, \"\", n)",
          "error: input 4: expected dims[0] 1, found 2" },
        { 14, X3 WR, "y = RNN <hidden_size = 2> (x, w, r)",
          "error: R: expected a hidden size of 2, found 1" },
        { 14, X3 WR, "y = LSTM <hidden_size = 1> (x, w, r)",
          "error: input 1: expected dims[1] 4, found 1" },
        { 14, X3 WR, "y = RNN <hidden_size = 1, activations = [\"Cosine\"]> (x, w, r)",
          "error: attribute 'activations': expected names such as Tanh, found 'Cosine'" },
        { 14, "float[3,1,1] x = {1, 1, 1}, float[2,1,1] w = {1, 1}, float[2,1,1] r = {1, 1}",
          "y = RNN <" PLAIN ", direction = \"bidirectional\"> (x, w, r)",
          "error: attribute 'activations': expected 2 names, found 1" },
        { 14, "int8[3,1,1] x = {1, 1, 1}, " WR, "y = RNN <" PLAIN "> (x, w, r)", "error: int8" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(directions_and_lengths),
                                        cmocka_unit_test(cells), cmocka_unit_test(refusals) };
    return test_run(tests);
}
