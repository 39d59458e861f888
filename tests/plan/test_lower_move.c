/* Operators that only move elements, as copies and views of plans. */
#include "support/lowered.h"
#include "support/test.h"

static void agrees(const char *const *graphs)
{
    for (; *graphs; graphs++) test_lowered(*graphs, 3, 3, 0);
}

/* Large and small, of every width, with every kind of stride. */
static void copies_agree(void **state)
{
    static const char *const graphs[] = {
        "g (float[3,5,7] X) => (float[7,3,5] Y) { Y = Transpose <perm = [2, 0, 1]> (X) }",
        "g (float[1,64,61,67] X) => (float[1,61,67,64] Y) {"
        " Y = Transpose <perm = [0, 2, 3, 1]> (X) }",
        "g (float[300,501] X) => (float[501,300] Y) { Y = Transpose (X) }",
        "g (float16[5,37,41] X) => (float16[41,37,5] Y) { Y = Transpose (X) }",
        "g (double[33,17] X) => (double[17,33] Y) { Y = Transpose (X) }",
        "g (int8[19,23,3] X) => (int8[3,19,23] Y) { Y = Transpose <perm = [2, 0, 1]> (X) }",
        "g (float[200000] X) => (float[100000] Y) {"
        " s = Constant <value_ints = [-1]> () e = Constant <value_ints = [-200001]> ()"
        " a = Constant <value_ints = [0]> () t = Constant <value_ints = [-2]> ()"
        " Y = Slice (X, s, e, a, t) }",
        "g (float X) => (float Y) { Y = Identity (X) }",
        "g (float[2,1,3] X) => (float[2,5,3] Y) {"
        " s = Constant <value_ints = [2, 5, 1]> () Y = Expand (X, s) }",
        "g (float[1] X) => (float[70000] Y) { s = Constant <value_ints = [70000]> ()"
        " Y = Expand (X, s) }",
        "g (float[0,4] X) => (float[4,0] Y) { Y = Transpose (X) }",
        NULL,
    };
    (void)state;
    agrees(graphs);
}

static void concat_agrees(void **state)
{
    static const char *const graphs[] = {
        "g (float[2,3] A, float[2,1] B) => (float[2,4] Y) { Y = Concat <axis = -1> (A, B) }",
        "g (int64[3] A, int64[0] B, int64[1] C) => (int64[4] Y) {"
        " Y = Concat <axis = 0> (A, B, C) }",
        "g (float[2,3] A) => (float[4,3] Y) { Y = Concat <axis = 0> (A, A) }",
        "g (float[2,3] A) => (float[2,3] Y) { Y = Concat <axis = 1> (A) }",
        /* channels last, with gaps between pixels */
        "g (float[2,9,5,5] A) => (float[2,31,2,2] Y) {"
        " m = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (A)"
        " n = AveragePool <kernel_shape = [4, 4]> (A)"
        " h, i = Split <num_outputs = 2, axis = 1> (A)"
        " k = MaxPool <kernel_shape = [3, 3], strides = [2, 2]> (h)"
        " l = MaxPool <kernel_shape = [3, 3], strides = [2, 2]> (A)"
        " j = Transpose <perm = [0, 1, 3, 2]> (i)"
        " a = MaxPool <kernel_shape = [3, 3], strides = [2, 2]> (j)"
        " Y = Concat <axis = 1> (m, n, k, a, l) }",
        /* made in place by those in front: products, pools, with what is plain or there twice */
        "g (float[2,9,5,5] A, float[2,3,4,4] B, float[2,7,4,4] R) => (float[2,34,4,4] Y) {"
        " W = Constant <value_ints = [7, 9, 2, 2]> () V = Constant <value_ints = [9, 1, 2, 2]> ()"
        " w = ConstantOfShape <value = float[1] {0.5}> (W)"
        " v = ConstantOfShape <value = float[1] {3}> (V)"
        " c = Conv (A, w) r = Relu (c) s = Conv (A, w) t = Add (s, R)"
        " d = Conv <group = 9> (A, v) m = MaxPool <kernel_shape = [2, 2]> (A)"
        " h, i = Split <num_outputs = 2, axis = 1> (m)"
        " e = AveragePool <kernel_shape = [2, 2]> (A)"
        " f, k, q = Split <axis = 1, num_outputs = 3> (e)"
        " Y = Concat <axis = -3> (r, B, d, f, t, h) }",
        "g (float[1,9,5,5] A) => (float[1,25,3,3] Y) {"
        " m = MaxPool <kernel_shape = [2, 2]> (A) n = MaxPool <kernel_shape = [2, 2]> (A)"
        " a = Concat <axis = 1> (n, m) b = MaxPool <kernel_shape = [2, 2]> (a)"
        " W = Constant <value_ints = [7, 18, 2, 2]> ()"
        " w = ConstantOfShape <value = float[1] {0.5}> (W) c = Conv (a, w)"
        " Y = Concat <axis = 1> (c, b) }",
        "g (float[1,9,5,5] A) => (float[1,18,4,4] Y, float[1,9,4,4] M) {"
        " M = MaxPool <kernel_shape = [2, 2]> (A) n = MaxPool <kernel_shape = [2, 2]> (A)"
        " Y = Concat <axis = 1> (n, M) }",
        "g (float[1,5,6,6] A) => (float[1,5,6,7] Y) {"
        " m = MaxPool <kernel_shape = [1, 3], pads = [0, 1, 0, 0]> (A)"
        " n = MaxPool <kernel_shape = [1, 5]> (A) Y = Concat <axis = 3> (m, n) }",
        NULL,
    };
    (void)state;
    agrees(graphs);
}

static void pad_agrees(void **state)
{
    static const char *const graphs[] = {
        "g (float[2,3] X) => (float[3,7] Y) {"
        " p = Constant <value_ints = [1, 0, 0, 4]> () Y = Pad (X, p) }",
        "g (float[2,3] X) => (float[6,2] Y) { v = Constant <value_float = 1.5> ()"
        " p = Constant <value_ints = [1, -2, 3, 1]> () Y = Pad (X, p, v) }",
        "g (float[4,6] X) => (float[2,3] Y) {"
        " p = Constant <value_ints = [-1, 0, -1, -3]> () Y = Pad (X, p) }",
        "g (float[2,3] X) => (float[2,3] Y) {"
        " p = Constant <value_ints = [-5, 0, 5, 0]> () Y = Pad (X, p) }",
        "g (int32[3] X) => (int32[8] Y) { v = Constant <value = int32 {-7}> ()"
        " p = Constant <value_ints = [2, 3]> () Y = Pad (X, p, v) }",
        "g (float[1,4,4] X, float V) => (float[3,4,6] Y) { a = Constant <value_ints = [0, 2]> ()"
        " p = Constant <value_ints = [1, 1, 1, 1]> () Y = Pad (X, p, V, a) }",
        "g (float[2,9,4,4] X) => (float[2,9,5,7] Y) { p = Constant <value_ints = [0, 0, 1, 2, 0, 0,"
        " 1, 2]> () m = MaxPool <kernel_shape = [2, 2]> (X) Y = Pad (m, p) }",
        "g (float[0,2] X) => (float[2,2] Y) { p = Constant <value_ints = [1, 0, 1, 0]> ()"
        " Y = Pad (X, p) }",
        NULL,
    };
    (void)state;
    agrees(graphs);
}

static void repetitions_agree(void **state)
{
    static const char *const graphs[] = {
        "g (float[2,1,3] X) => (float[4,5,9] Y) {"
        " r = Constant <value_ints = [2, 5, 3]> () Y = Tile (X, r) }",
        "g (float[2,3,2,2,2,2] X) => (float[2,6,2,2,4,2] Y) {"
        " r = Constant <value_ints = [1, 2, 1, 1, 2, 1]> () Y = Tile (X, r) }",
        "g (int8[2,3] X) => (int8[2,0] Y) { r = Constant <value_ints = [1, 0]> ()"
        " Y = Tile (X, r) }",
        "g (float[1,9,4,4] X) => (float[1,18,6,3] Y) { m = MaxPool <kernel_shape = [2, 2]> (X)"
        " r = Constant <value_ints = [1, 2, 2, 1]> () Y = Tile (m, r) }",
        /* what is computed from a repeated value, and into it */
        "g (float[2,1,3] X) => (float[2,4,3] Y) { s = Constant <value_ints = [1, 4, 1]> ()"
        " e = Expand (X, s) Y = Relu (e) }",
        "g (float[2,1,3] X) => (float[2,4,3] Y) { s = Constant <value_ints = [1, 4, 1]> ()"
        " r = Relu (X) e = Expand (r, s) t = Neg (e) Y = Add (t, e) }",
        "g (float[3,1] X, float[4,5] W) => (float[3,5] Y) { s = Constant <value_ints = [1, 4]> ()"
        " e = Expand (X, s) Y = MatMul (e, W) }",
        NULL,
    };
    (void)state;
    agrees(graphs);
}

static void blocks_agree(void **state)
{
    static const char *const graphs[] = {
        "g (float[2,18,2,4] X) => (float[2,2,6,12] Y) { Y = DepthToSpace <blocksize = 3> (X) }",
        "g (float[1,8,3,1] X) => (float[1,2,6,2] Y) {"
        " Y = DepthToSpace <blocksize = 2, mode = \"CRD\"> (X) }",
        "g (float[1,12,3,3] X) => (float[1,3,4,4] Y) { m = MaxPool <kernel_shape = [2, 2]> (X)"
        " Y = DepthToSpace <blocksize = 2, mode = \"CRD\"> (m) }",
        "g (float[2,3,4,6] X) => (float[2,12,2,3] Y) { Y = SpaceToDepth <blocksize = 2> (X) }",
        "g (float[1,9,5,5] X) => (float[1,36,2,2] Y) { m = MaxPool <kernel_shape = [2, 2]> (X)"
        " Y = SpaceToDepth <blocksize = 2> (m) }",
        NULL,
    };
    (void)state;
    agrees(graphs);
}

static void gather_agrees(void **state)
{
    static const char *const graphs[] = {
        "g (float[7,5] X, int64[2,3] I) => (float[2,3,5] Y) { Y = Gather (X, I) }",
        "g (float[2,4,3] X, int32[5] I) => (float[2,5,3] Y) { Y = Gather <axis = 1> (X, I) }",
        "g (int8[2,4] X, int32[300] I) => (int8[2,300] Y) { Y = Gather <axis = -1> (X, I) }",
        "g (float[5,400] X, int64[400] I) => (float[400,400] Y) { Y = Gather (X, I) }",
        "g (float[3,4] X) => (float[3] Y) { i = Constant <value_int = -1> ()"
        " Y = Gather <axis = 1> (X, i) }",
        "g (float[6,4] X) => (float[3,4] Y) { i = Constant <value_ints = [5, 3, 1]> ()"
        " Y = Gather (X, i) }",
        "g (float[6,4] X) => (float[1,1,4] Y) { i = Constant <value = int64[1,1] {2}> ()"
        " Y = Gather (X, i) }",
        "g (float[6,4] X) => (float[3,4] Y) { i = Constant <value_ints = [0, 5, -6]> ()"
        " Y = Gather (X, i) }",
        "g (float[1,9,4,4] X) => (float[1,2,3,3] Y) { m = MaxPool <kernel_shape = [2, 2]> (X)"
        " i = Constant <value_ints = [8, 1]> () Y = Gather <axis = 1> (m, i) }",
        "g (float[4,4] X, int64[1] I) => (float[4] Y) { i = Squeeze (I) Y = Gather (X, i) }",
        NULL,
    };
    (void)state;
    agrees(graphs);
}

static void gather_refuses(void **state)
{
    (void)state;
    test_lowered_fails("g (float[1,5] X, int64[70000] I) => (float[70000,5] Y) {\n"
                       "  [rows] Y = Gather (X, I)\n}", 3, 3,
                       "node 'rows' (Gather): an index lies outside of its axis");
}

static void casts_agree(void **state)
{
    static const char *const graphs[] = {
        "g (float[70000] X) => (float16[70000] Y) { Y = Cast <to = 10> (X) }",
        "g (float[999] X) => (bfloat16[999] Y) { Y = Cast <to = 16> (X) }",
        "g (float16[5,99] X) => (float[5,99] Y) { Y = Cast <to = 1> (X) }",
        "g (bfloat16[99] X) => (float[99] Y) { Y = Cast <to = 1> (X) }",
        "g (float[999] X) => (int64[999] Y) { Y = Cast <to = 7> (X) }",
        "g (float[999] X) => (bool[999] Y) { Y = Cast <to = 9> (X) }",
        "g (float[999] X) => (uint8[999] Y) { Y = Cast <to = 2> (X) }",
        "g (float[99] X) => (float8e4m3fn[99] Y) { Y = Cast <to = 17, saturate = 0> (X) }",
        "g (int64[9] X) => (int32[9] Y) { Y = Cast <to = 6> (X) }",
        "g (int32[9] X) => (float[9] Y) { Y = Cast <to = 1> (X) }",
        "g (bool[9] X) => (float[9] Y) { Y = Cast <to = 1> (X) }",
        "g (double[99] X, float16[1] T) => (float16[99] Y) { Y = CastLike (X, T) }",
        "g (float[9] X) => (float[9] Y) { Y = Cast <to = 1> (X) }",
        "g (float[2,9,4,4] X) => (float16[2,9,3,3] Y) { m = MaxPool <kernel_shape = [2, 2]> (X)"
        " Y = Cast <to = 10> (m) }",
        "g (float[2,16,4,4] X) => (float16[2,16,3,3] Y) { m = MaxPool <kernel_shape = [2, 2]> (X)"
        " Y = Cast <to = 10> (m) }",
        "g (float[0] X) => (int32[0] Y) { Y = Cast <to = 6> (X) }",
        NULL,
    };
    (void)state;
    agrees(graphs);
}

static void dropout_agrees(void **state)
{
    static const char *const graphs[] = {
        "g (float[3,4] X) => (float[3,4] Y) { Y = Dropout (X) }",
        "g (float[3,4] X) => (float[3,4] Y) { r = Constant <value_float = 0.25> ()"
        " Y, M = Dropout (X, r) }",
        NULL,
    };
    (void)state;
    agrees(graphs);
    test_lowered("g (float[3] X) => (float[3] Y, bool[3] M) { Y, M = Dropout (X) }", 0, 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_agree),   cmocka_unit_test(concat_agrees),
        cmocka_unit_test(pad_agrees),     cmocka_unit_test(repetitions_agree),
        cmocka_unit_test(blocks_agree),   cmocka_unit_test(gather_agrees),
        cmocka_unit_test(gather_refuses), cmocka_unit_test(casts_agree),
        cmocka_unit_test(dropout_agrees),
    };
    return test_run(tests);
}
