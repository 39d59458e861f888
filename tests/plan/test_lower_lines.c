/* Reductions, Softmax and normalizations: along axes that lie side by side, across memory, with
 * channels last, broadcast and reversed. */
#include "support/planned.h"
#include "support/test.h"

#define N(rows) (sizeof(rows) / sizeof((rows)[0]))

/* An image with channels last, h [2,C,5,7], from x. */
#define LAST "  h = Transpose <perm = [0, 3, 1, 2]> (x)\n"

static void reductions_agree(void **state)
{
    (void)state;
    static const test_planned_row rows[] = {
        { "g (float[3,5,37] x) => (float[] y) <int64[1] a = {-1}> {\n"
          "  y = ReduceMean (x, a) }", 0, 0 },
        { "g (float[3,5,37] x) => (float[] y) <int64[1] a = {1}> {\n"
          "  y = ReduceMean <keepdims = 0> (x, a) }", 0, 0 },
        { "g (float[33,5,7] x) => (float[] y) <int64[1] a = {0}> {\n"
          "  y = ReduceMax (x, a) }", 0, 0 },
        { "g (float[33,5,7] x) => (float[] y) <int64[2] a = {0, 1}> {\n"
          "  y = ReduceMin (x, a) }", 0, 0 },
        { "g (float[33,5,7] x) => (float[] y) <int64[2] a = {0, 2}> {\n"
          "  y = ReduceL2 (x, a) }", 0, 0 },
        { "g (float[33,5,7] x) => (float[] y) <int64[1] a = {0}> {\n"
          "  y = ReduceL2 (x, a) }", 0, 0 },
        { "g (float[33,5,7] x) => (float[] y) <int64[1] a = {1}> {\n"
          "  y = ReduceSumSquare <keepdims = 0> (x, a) }", 0, 0 },
        { "g (float[33,5,7] x) => (float[] y) <int64[1] a = {1}> {\n"
          "  y = ReduceL1 (x, a) }", 0, 0 },
        { "g (float[33,5,7] x) => (float[] y) { y = ReduceProd (x) }", 0, 0 },
        { "g (float[33,5,7] x) => (float[] y) { y = ReduceLogSumExp <keepdims = 0> (x) }", 0, 0 },
        { "g (float[3,5,7] x) => (float[] y) { e = Exp (x)\n"
          "  y = ReduceLogSum <axes = [1]> (e) }", 0, 17 },
        { "g (float[3,5,7] x) => (float[] y) { y = ReduceSum <noop_with_empty_axes = 1> (x) }",
          0, 0 },
        { "g (float x) => (float[] y) { y = ReduceSum (x) }", 0, 0 },
        { "g (float[2,5,7,300] x) => (float[] y) <int64[2] a = {2, 3}> {\n" LAST
          "  y = ReduceMean (h, a) }", 0, 0 },
        { "g (float[2,5,7,9] x) => (float[] y) <int64[1] a = {3}> {\n" LAST
          "  y = ReduceSum <keepdims = 0> (h, a) }", 0, 0 },
        { "g (float[2,5,7,9] x) => (float[] y) <int64[1] a = {1}> {\n" LAST
          "  y = ReduceSum (h, a) }", 0, 0 },
        { "g (float[2,5,7,9] x) => (float[] y) <int64[2] a = {1, 3}> {\n" LAST
          "  y = ReduceLogSumExp (h, a) }", 0, 0 },
        { "g (float[4,6] x) => (float[] y) <int64[1] s = {-1}, int64[1] e = {-9}, "
          "int64[1] a = {1}> {\n  r = Slice (x, s, e, a, s)\n  y = ReduceSum (r, a) }", 0, 0 },
        { "g (float[4,0] x) => (float[] y) <int64[1] a = {1}> { y = ReduceMax (x, a) }", 0, 0 },
        { "g (float[4,9] x) => (int64[] y, int64[] z) {\n"
          "  y = ArgMax <axis = 1> (x)\n  z = ArgMin <axis = 0, keepdims = 0> (x) }", 0, 0 },
        { "g (float[4,9] x) => (int64[] y) {\n"
          "  r = Relu (x)\n  y = ArgMin <axis = -1, select_last_index = 1> (r) }", 0, 0 },
        { "g (int64[4,9] x) => (int64[] y) { y = ReduceSum (x) }", 1, 0 },
    };
    test_planned(rows, N(rows));
    test_planned_torture(rows, 2);
}

static void softmax_agrees(void **state)
{
    (void)state;
    static const test_planned_row rows[] = {
        { "g (float[3,5,37] x) => (float[] y) { y = Softmax (x) }", 0, 0 },
        { "g (float[3,5,37] x) => (float[] y) { a = Exp (x)\n  y = Softmax (a) }", 0, 0 },
        { "g (float[3,5,37] x) => (float[] y) { y = LogSoftmax <axis = 1> (x) }", 0, 0 },
        { "g (float[3,5,37] x) => (float[] y) { y = Softmax (x) }", 0, 11 },
        { "g (float[3,5,37] x) => (float[] y) { y = Softmax <axis = 0> (x) }", 0, 11 },
        { "g (float x) => (float[] y) { y = Softmax <axis = 0> (x) }", 0, 0 },
        { "g (float[3,50,2] x) => (float[] y) { y = Softmax (x) }", 0, 0 },
        { "g (float[3,50,2] x) => (float[] y) { y = Softmax <axis = 1> (x) }", 0, 0 },
        { "g (float[40,3,5] x) => (float[] y) { a = Exp (x)\n  y = Softmax (a) }", 0, 0 },
        { "g (float[2,5,7,21] x) => (float[] y) {\n" LAST "  y = Softmax <axis = 1> (h) }", 0, 0 },
        { "g (float[2,5,7,21] x) => (float[] y) {\n" LAST "  s = Softmax <axis = 3> (h)\n"
          "  y = Relu (s) }", 0, 0 },
        { "g (float[3,1,7] x) => (float[] y) <int64[3] n = {3, 4, 7}> {\n"
          "  e = Expand (x, n)\n  s = Softmax (e)\n  y = Add (s, s) }", 0, 0 },
        { "g (float[3,5,7] x) => (float[] y) { y = LpNormalization <axis = 1, p = 1> (x) }", 0, 0 },
        { "g (float[3,5,7] x) => (float[] y) { y = LpNormalization (x) }", 0, 0 },
        { "g (float[3,5,7,2] x) => (float[] y) { y = MeanVarianceNormalization (x) }", 0, 0 },
        { "g (float[3,0] x) => (float[] y) { y = Softmax (x) }", 0, 0 },
    };
    test_planned(rows, N(rows));
    test_planned_torture(rows, 2);
}

static void layer_norm_agrees(void **state)
{
    (void)state;
    static const test_planned_row rows[] = {
        { "g (float[3,5,37] x, float[37] s, float[37] b) => (float[] y) {\n"
          "  y = LayerNormalization (x, s, b) }", 0, 0 },
        { "g (float[3,5,37] x, float[5,37] s) => (float[] y, float[] m, float[] i) {\n"
          "  y, m, i = LayerNormalization <axis = 1> (x, s) }", 0, 0 },
        { "g (float[2,5,7,9] x, float[7] s, float[7] b) => (float[] y, float[] m, float[] i) {\n"
          LAST "  y, m, i = LayerNormalization (h, s, b) }", 0, 0 },
        { "g (float[2,5,7,9] x, float[9] s) => (float[] y, float[] i) {\n"
          "  t = Transpose <perm = [1, 2, 0, 3]> (x)\n"
          "  y, i = SimplifiedLayerNormalization (t, s) }", 0, 0 },
        { "g (float[3,5,37] x, float[37] s) => (float[] y) { y = RMSNormalization (x, s) }", 0,
          23 },
        { "g (float[3,5,37] x, float[5,1] s) => (float[] y) {\n"
          "  y = LayerNormalization <axis = 1> (x, s) }", 1, 0 },
        { "g (float[3,5,37] x, float[3,5,37] k, float[37] s, float[37] b, float[37] c)"
          " => (float[] y, float[] u) {\n"
          "  y, , , u = com.microsoft.SkipLayerNormalization (x, k, s, b, c) }", 0, 0 },
        { "g (float[3,5,37] x, float[5,37] k, float[37] s) => (float[] y) {\n"
          "  y = com.microsoft.SkipLayerNormalization (x, k, s) }", 0, 0 },
        { "g (float[3,5,37] x, float[1,5,37] k, float[37] s, float[37] c)"
          " => (float[] y, float[] m, float[] i, float[] u) {\n"
          "  y, m, i, u = com.microsoft.SkipSimplifiedLayerNormalization (x, k, s, c) }", 0, 0 },
    };
    test_planned(rows, N(rows));
    test_planned_torture(rows, 2);
    test_planned_torture(rows + 6, 1);
}

static void channel_norm_agrees(void **state)
{
    (void)state;
    static const test_planned_row rows[] = {
        { "g (float[2,6,5,7] x, float[6] s, float[6] b) => (float[] y) {\n"
          "  y = InstanceNormalization (x, s, b) }", 0, 0 },
        { "g (float[2,5,7,70] x, float[70] s, float[70] b) => (float[] y) {\n" LAST
          "  y = InstanceNormalization (h, s, b) }", 0, 0 },
        { "g (float[2,6,5,7] x, float[2] s, float[2] b) => (float[] y) {\n"
          "  y = GroupNormalization <num_groups = 2> (x, s, b) }", 0, 20 },
        { "g (float[2,6,5,7] x, float[6] s, float[6] b) => (float[] y) {\n"
          "  y = GroupNormalization <num_groups = 3> (x, s, b) }", 0, 21 },
        { "g (float[2,5,7,6] x, float[6] s, float[6] b) => (float[] y) {\n" LAST
          "  y = GroupNormalization <num_groups = 3> (h, s, b) }", 0, 21 },
    };
    test_planned(rows, N(rows));
    test_planned_torture(rows, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reductions_agree),
        cmocka_unit_test(softmax_agrees),
        cmocka_unit_test(layer_norm_agrees),
        cmocka_unit_test(channel_norm_agrees),
    };
    return test_run(tests);
}
