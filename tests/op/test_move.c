#include "support/infer.h"
#include "support/test.h"

static void transpose_moves_content(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "float[N,3,4] x", "", "y = Transpose(x)", "float[4,3,N]" },
        { 13, "float[N,3,4] x", "", "y = Transpose<perm = [1, 0, 2]>(x)", "float[3,N,4]" },
        { 13, "float x", "", "y = Transpose(x)", "float" },
        { 13, "", "int64[2,3] c = {1, 2, 3, 4, 5, 6}", "y = Transpose(c)",
          "int64[3,2] = {1, 4, 2, 5, 3, 6}" },
        { 13, "float[2,2] x", "", "y = Transpose<perm = [0, 0]>(x)", "error: each axis once" },
        { 13, "float[2,2] x", "", "y = Transpose<perm = [0]>(x)", "error: expected 2 axes" },
    };
    TEST_INFER(rows);
}

static void concat_adds_up(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "float[N,2] a, float[N,3] b", "", "y = Concat(a, b)", "float[N,5]" },
        { 4, "float[N,2] a, float[?,3] b", "", "y = Concat<axis = 1>(a, b)", "float[N,5]" },
        { 13, "float[N,2] a, float[M,2] b", "", "y = Concat<axis = -2>(a, b)", "float[M + N,2]" },
        { 13, "float[2,2] a, float[2] b", "", "y = Concat<axis = 0>(a, b)",
          "error: expected rank 2" },
        { 13, "float[2,2] a, float[2,3] b", "", "y = Concat<axis = 0>(a, b)",
          "error: found 2 and 3" },
        { 13, "float[2,2] a", "", "y = Concat<axis = -9>(a)", "error: attribute 'axis'" },
        { 13, "float[2,2] a", "", "y = Concat(a)", "error: attribute 'axis': expected a value" },
        { 13, "float[N,4] x", "int64[1] c = {7}", "s = Shape(x)\ny = Concat<axis = 0>(c, s, c)",
          "int64[4] = {7, N, 4, 7}" },
        { 13, "float[] a, float[2,3] b", "", "y = Concat<axis = 0>(a, b)", "float[?,3]" },
    };
    TEST_INFER(rows);
}

static void split_in_every_version(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "float[6,2] x", "", "y, y2 = Split<axis = 0, split = [2, 4]>(x)",
          "float[2,2]; float[4,2]" },
        { 2, "float[6,2] x", "", "y, y2, y3 = Split(x)", "float[2,2]; float[2,2]; float[2,2]" },
        { 11, "float[2,N] x", "", "y, y2 = Split<axis = -1>(x)",
          "float[2,floor(N / 2)]; float[2,floor(N / 2)]" },
        { 13, "float[5] x", "int64[2] s = {2, 3}", "y, y2 = Split(x, s)", "float[2]; float[3]" },
        { 13, "float[5] x, int64[2] s", "", "y, y2 = Split(x, s)", "float[?]; float[?]" },
        { 18, "float[5] x", "", "y, y2 = Split<num_outputs = 2>(x)", "float[3]; float[2]" },
        { 13, "", "int64[5] c = {1, 2, 3, 4, 5}, int64[2] s = {2, 3}", "y, y2 = Split(c, s)",
          "int64[2] = {1, 2}; int64[3] = {3, 4, 5}" },
        { 13, "float[5] x", "", "y, y2 = Split(x)", "error: 2 outputs divide, found 5" },
        { 13, "float[5] x", "int64[2] s = {2, 2}", "y, y2 = Split(x, s)", "error: add up to 5" },
        { 13, "float[5] x", "int64[2] s = {6, -1}", "y, y2 = Split(x, s)", "error: sizes >= 0" },
        { 13, "float[5] x", "int64[1] s = {5}", "y, y2 = Split(x, s)", "error: each of 2 outputs" },
        { 18, "float[5] x", "", "y, y2 = Split<num_outputs = 3>(x)", "error: num_outputs" },
    };
    TEST_INFER(rows);
}

static void slice_in_every_version(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "float[N,6] x", "", "y = Slice<axes = [1], starts = [1], ends = [-1]>(x)",
          "float[N,4]" },
        { 9, "float[4,6] x", "", "y = Slice<starts = [1, 2], ends = [1000, 4]>(x)", "float[3,2]" },
        { 10, "float[4,6] x",
          "int64[1] s = {5}, int64[1] e = {-7}, int64[1] a = {-1}, int64[1] t = {-2}",
          "y = Slice(x, s, e, a, t)", "float[4,3]" },
        { 13, "float[N,T] x",
          "int64[1] s = {1}, int64[1] e = {9223372036854775807}, int64[1] a = {1}",
          "y = Slice(x, s, e, a)", "float[N,max(T - 1, 0)]" },
        { 13, "float[N,T] x", "int64[1] s = {0}, int64[1] e = {2147483647}, int64[1] a = {1}",
          "y = Slice(x, s, e, a)", "float[N,T]" },
        { 13, "float[N,T] x", "int64[1] s = {-1}, int64[1] e = {-9223372036854775807}, "
          "int64[1] a = {1}, int64[1] t = {-1}", "y = Slice(x, s, e, a, t)", "float[N,T]" },
        { 13, "float[N,T] x, int64[1] s", "int64[1] e = {9}, int64[1] a = {1}",
          "y = Slice(x, s, e, a)", "float[N,?]" },
        { 13, "float[N,T] x, int64[1] a", "int64[1] s = {0}, int64[1] e = {9}",
          "y = Slice(x, s, e, a)", "float[?,?]" },
        { 13, "float[N,4] x", "int64[1] s = {1}, int64[1] e = {2}",
          "d = Shape(x)\ny = Slice(d, s, e)",
          "int64[1] = {4}" },
        { 13, "",
          "int64[4] c = {1, 2, 3, 4}, int64[1] s = {-1}, int64[1] e = {-9223372036854775808}, "
          "int64[1] t = {-2}", "y = Slice(c, s, e, \"\", t)", "int64[2] = {4, 2}" },
        { 13, "float[4] x", "int64[1] s = {0}, int64[1] e = {4}, int64[1] t = {0}",
          "y = Slice(x, s, e, \"\", t)", "error: any number but 0" },
        { 13, "float[4] x",
          "int64[1] s = {-9223372036854775808}, int64[1] e = {9223372036854775807}, "
          "int64[1] t = {-9223372036854775808}", "y = Slice(x, s, e, \"\", t)", "float[0]" },
        { 13, "float[4] x", "int64[2] s = {0, 0}, int64[1] e = {4}", "y = Slice(x, s, e)",
          "error: the same number" },
        { 13, "float[4] x", "int64[2] s = {0, 0}, int64[2] e = {4, 4}", "y = Slice(x, s, e)",
          "error: at most 1 axes" },
        /* a table cut to the length of a sequence has that length wherever they are added */
        { 13, "float[N,T,8] x, float[128,8] w", "int64[1] z = {0}, int64[1] o = {1}",
          "d = Shape(x)\nt = Gather(d, o)\ns = Slice(w, z, t, z)\ny2 = Identity(s)\n"
          "y = Add(s, x)", "float[N,T,8]; float[min(T, 128),8]" },
    };
    TEST_INFER(rows);
}

static void pad_in_every_version(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "float[N,4] x", "", "y = Pad<paddings = [0, 1, 0, 2]>(x)", "float[N,7]" },
        { 2, "float[N,4] x", "", "y = Pad<pads = [1, 0, 1, -2], mode = \"reflect\">(x)",
          "float[N + 2,2]" },
        { 11, "float[N,4] x", "int64[4] p = {0, 3, 0, 3}", "y = Pad(x, p)", "float[N,10]" },
        { 13, "float[N,4] x, int64[4] p", "", "y = Pad(x, p)", "float[?,?]" },
        { 18, "float[N,4] x", "int64[2] p = {3, 3}, int64[1] a = {-1}", "y = Pad(x, p, \"\", a)",
          "float[N,10]" },
        { 13, "", "int64[2] c = {5, 6}, int64[2] p = {1, 1}, int64 v = {9}", "y = Pad(c, p, v)",
          "int64[4] = {9, 5, 6, 9}" },
        { 19, "float[4] x", "int64[2] p = {1, 1}", "y = Pad<mode = \"wrap\">(x, p)", "float[6]" },
        { 18, "float[4] x", "int64[2] p = {1, 1}", "y = Pad<mode = \"wrap\">(x, p)",
          "error: 'wrap'" },
        { 13, "float[4] x", "int64[2] p = {-3, -2}", "y = Pad(x, p)", "error: found -1" },
        { 13, "float[4] x", "int64[3] p = {1, 2, 3}", "y = Pad(x, p)", "error: found 3" },
        { 13, "int64[4] x", "int64[2] p = {-9223372036854775808, 9223372036854775807}",
          "y = Pad(x, p)", "int64[3]" },
    };
    TEST_INFER(rows);
}

static void expand_and_tile_repeat(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 8, "float[N,1] x", "int64[3] s = {2, 1, 5}", "y = Expand(x, s)", "float[2,N,5]" },
        { 13, "float[3] x", "int64[1] s = {1}", "y = Expand(x, s)", "float[3]" },
        { 13, "float[3] x, int64[2] s", "", "y = Expand(x, s)", "float[?,3]" },
        { 13, "", "int64[1] c = {4}, int64[1] s = {3}", "y = Expand(c, s)",
          "int64[3] = {4, 4, 4}" },
        { 13, "float[3] x", "int64[1] s = {4}", "y = Expand(x, s)", "error: broadcast" },
        { 13, "float[3] x", "int64[1] s = {-1}", "y = Expand(x, s)", "error: dims >= 0" },
        { 13, "float[1] x", "int64[2] s = {33554432, 33554432}", "y = Expand(x, s)",
          "float[33554432,33554432]" },
        { 1, "float[N,3] x", "int64 t = {2}, int64 a = {1}", "y = Tile(x, t, a)", "float[N,6]" },
        { 1, "float[N,3] x", "float t = {2}, float a = {-1}", "y = Tile(x, t, a)", "float[N,6]" },
        { 6, "float[N,3] x", "int64[2] r = {2, 1}", "y = Tile(x, r)", "float[2*N,3]" },
        { 13, "float[N,3] x, int64[2] r", "", "y = Tile(x, r)", "float[?,?]" },
        { 13, "", "int64[2] c = {1, 2}, int64[1] r = {2}", "y = Tile(c, r)",
          "int64[4] = {1, 2, 1, 2}" },
        { 13, "float[3] x", "int64[1] r = {-1}", "y = Tile(x, r)", "error: numbers >= 0" },
        { 13, "float[3] x", "int64[2] r = {1, 1}", "y = Tile(x, r)", "error: each of 1 axes" },
    };
    TEST_INFER(rows);
}

static void gather_takes_elements(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "float[V,64] w, int64[N,T] i", "", "y = Gather(w, i)", "float[N,T,64]" },
        { 13, "float[V,64,3] w, int64 i", "", "y = Gather<axis = 1>(w, i)", "float[V,3]" },
        { 13, "float[N,T] x", "int64 i = {-1}", "s = Shape(x)\ny = Gather(s, i)", "int64 = {T}" },
        { 13, "float[N,T] x", "int64[2] i = {1, 0}", "s = Shape(x)\ny = Gather(s, i)",
          "int64[2] = {T, N}" },
        { 13, "float[3] x", "int64 i = {3}", "y = Gather(x, i)", "error: -3 to 2, found 3" },
        { 13, "float[3] x", "int64 i = {-9223372036854775808}", "y = Gather(x, i)",
          "error: indices" },
        { 13, "float x", "int64 i = {0}", "y = Gather(x, i)", "error: expected rank 1 or more" },
        { 11, "float[3,4] x, int64[2,N] i", "", "y = GatherElements<axis = 1>(x, i)",
          "float[2,N]" },
        { 11, "", "int64[2,2] c = {1, 2, 3, 4}, int64[2,2] i = {0, 0, 1, 0}",
          "y = GatherElements<axis = 1>(c, i)", "int64[2,2] = {1, 1, 4, 3}" },
        { 11, "float[3,4,5] x, int64[N,2] i", "", "y = GatherND(x, i)", "float[N,5]" },
        { 12, "float[N,4,5] x, int64[N,6,1] i", "", "y = GatherND<batch_dims = 1>(x, i)",
          "float[N,6,5]" },
        { 11, "float[3] x, int64[N,2] i", "", "y = GatherND(x, i)", "error: a last dim of 1 to 1" },
    };
    TEST_INFER(rows);
}

static void shapes_become_content(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "float[N,3,T] x", "", "y = Shape(x)", "int64[3] = {N, 3, T}" },
        { 15, "float[N,3,T] x", "", "y = Shape<start = -2, end = 9>(x)", "int64[2] = {3, T}" },
        { 15, "float[N,3,T] x", "", "y = Shape<start = 2, end = 1>(x)", "int64[0] = {}" },
        { 13, "float x", "", "y = Shape(x)", "int64[0] = {}" },
        { 13, "float[N,3,T] x", "", "y = Size(x)", "int64 = {3*N*T}" },
        { 13, "float[] x", "", "y = Shape(x)", "int64[?]" },
        { 9, "", "int64[2] s = {1, 2}", "y = ConstantOfShape<value = int64[1] {7}>(s)",
          "int64[1,2] = {7, 7}" },
        { 9, "float[N,3] x", "", "s = Shape(x)\ny = ConstantOfShape(s)", "float[N,3]" },
        { 9, "", "int64[1] s = {-1}", "y = ConstantOfShape(s)", "error: dims >= 0" },
        { 9, "", "int64[2] s = {33554432, 33554432}", "y = ConstantOfShape(s)",
          "float[33554432,33554432]" },
        { 11, "", "int64 a = {1}, int64 b = {8}, int64 d = {3}", "y = Range(a, b, d)",
          "int64[3] = {1, 4, 7}" },
        { 11, "", "float a = {0}, float b = {1}, float d = {0.5}", "y = Range(a, b, d)",
          "float[2] = {0, 0.5}" },
        { 11, "float[T] x", "int64 a = {0}, int64 d = {1}", "b = Size(x)\ny = Range(a, b, d)",
          "int64[T]" },
        { 11, "", "int64 a = {0}, int64 b = {1125899906842624}, int64 d = {1}",
          "y = Range(a, b, d)",
          "int64[1125899906842624]" },
        { 11, "", "int64 a = {0}, int64 b = {1}, int64 d = {0}", "y = Range(a, b, d)",
          "error: delta" },
    };
    TEST_INFER(rows);
}

static void constants_in_every_form(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "", "", "y = Constant<value = float[2] {1, 2}>()", "float[2] = {1, 2}" },
        { 12, "", "", "y = Constant<value_int: int = 3>()", "int64 = {3}" },
        { 12, "", "", "y = Constant<value_ints: ints = [3, 4]>()", "int64[2] = {3, 4}" },
        { 12, "", "", "y = Constant<value_float: float = 0.5>()", "float = {0.5}" },
        { 12, "", "", "y = Constant<value_floats: floats = [0.5]>()", "float[1] = {0.5}" },
        { 12, "", "", "y = Constant<value_string: string = \"a\">()", "string" },
        { 12, "", "", "y = Constant<value_strings: strings = [\"a\", \"b\"]>()", "string[2]" },
        { 11, "", "", "y = Constant<sparse_value: sparse_tensor = "
          "sparse_tensor(float[9]) {float[1] {1}, int64[1] {0}}>()", "float[9]" },
        { 12, "", "", "y = Constant()", "error: expected a value" },
        { 12, "", "", "y = Constant<value_int: int = 3, value_float: float = 1>()",
          "error: one value" },
        { 13, "seq(float[2]) x", "", "y = Identity(x)", "seq(float[2])" },
        { 13, "float[N] x", "", "s = Shape(x)\ny = Identity(s)", "int64[1] = {N}" },
    };
    TEST_INFER(rows);
}

static void cast_in_every_version(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "float[N] x", "", "y = Cast<to = \"FLOAT16\">(x)", "float16[N]" },
        { 6, "float[N] x", "", "y = Cast<to = 7>(x)", "int64[N]" },
        { 13, "float[N,2] x", "", "s = Shape(x)\ny = Cast<to = 6>(s)", "int32[2] = {N, 2}" },
        { 13, "", "float[3] c = {-1.5, 2.5, nan}", "y = Cast<to = 7>(c)", "int64[3] = {-1, 2, ?}" },
        { 13, "", "int64[2] c = {0, 300}", "y = Cast<to = 2>(c)", "uint8[2] = {0, 44}" },
        { 13, "", "int64[2] c = {0, 300}", "y = Cast<to = 9>(c)", "bool[2] = {0, 1}" },
        { 13, "", "int64[2] c = {0, 300}", "y = Cast<to = 1>(c)", "float[2] = {0, 300}" },
        { 13, "float[N] x", "", "y = Cast<to = 99>(x)", "error: an element type" },
        { 1, "float[N] x", "", "y = Cast<to = \"HALF\">(x)", "error: found 'half'" },
        { 15, "float[N] x, int8[2,2] l", "", "y = CastLike(x, l)", "int8[N]" },
        { 26, "float[N] x", "", "y = BitCast<to = 6>(x)", "int32[N]" },
        { 26, "float[N] x", "", "y = BitCast<to = 7>(x)", "error: 32 bits" },
    };
    TEST_INFER(rows);
}

static void where_picks_content(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 9, "bool[N,1] c, float[3] a, float b", "", "y = Where(c, a, b)", "float[N,3]" },
        { 13, "", "bool[2] c = {1, 0}, int64 a = {5}, int64[2] b = {7, 8}", "y = Where(c, a, b)",
          "int64[2] = {5, 8}" },
        { 13, "bool[2] c", "int64 a = {7}, int64[2] b = {7, 8}", "y = Where(c, a, b)",
          "int64[2] = {7, ?}" },
    };
    TEST_INFER(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(transpose_moves_content),  cmocka_unit_test(concat_adds_up),
        cmocka_unit_test(split_in_every_version),   cmocka_unit_test(slice_in_every_version),
        cmocka_unit_test(pad_in_every_version),     cmocka_unit_test(expand_and_tile_repeat),
        cmocka_unit_test(gather_takes_elements),    cmocka_unit_test(shapes_become_content),
        cmocka_unit_test(constants_in_every_form),  cmocka_unit_test(cast_in_every_version),
        cmocka_unit_test(where_picks_content),
    };
    return test_run(tests);
}
