#include "support/eval.h"
#include "support/test.h"

static void creating(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "", "y = Constant<value_ints = [1, 2]>()", "int64[2] {1, 2}" },
        { 13, "", "y = Constant<value_float = 0.5>()", "float {0.5}" },
        { 13, "", "y = Constant<value_string = \"ab\">()", "string {'ab'}" },
        { 13, "", "y = Constant<value_strings = [\"a\", \"\"]>()", "string[2] {'a', ''}" },
        { 21, "", "y = Constant<value = int4[3] {1, -2, 3}>()", "int4[3] {1, -2, 3}" },
        { 13, "", "y = Constant<sparse_value: sparse_tensor = "
          "sparse_tensor(float[2,2]) {float[2] {1, 2}, int64[2,2] {0, 1, 1, 0}}>()",
          "float[2,2] {0, 1, 2, 0}" },
        { 21, "", "y = Constant<sparse_value: sparse_tensor = "
          "sparse_tensor(int4[3]) {int4[2] {-1, 5}, int64[2] {0, 2}}>()", "int4[3] {-1, 0, 5}" },
        { 13, "", "y = Constant<sparse_value: sparse_tensor = "
          "sparse_tensor(float[2]) {float[1] {1}, int64[1] {2}}>()",
          "error: node of output 'y' (Constant): sparse tensor: expected indices within its dims" },
        { 13, "int64[2] s = {2, 1}", "y = ConstantOfShape(s)", "float[2,1] {0, 0}" },
        { 21, "int64[1] s = {3}", "y = ConstantOfShape<value = int4[1] {-3}>(s)",
          "int4[3] {-3, -3, -3}" },
        { 13, "int64[2] s = {2, -1}", "y = ConstantOfShape(s)", "error: found -1" },
        { 13, "int64[4] s = {1000000, 1000000, 1000000, 1000000}", "y = ConstantOfShape(s)",
          "error: expected less than 2^63 bytes, found float[" },
    };
    TEST_EVAL(rows);
}

static void viewing(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "string[2] x = {\"a\", \"b\"}", "y = Identity(x)", "string[2] {'a', 'b'}" },
        { 13, "string[2] x = {\"a\", \"b\"}, int64[2] s = {-1, 1}", "y = Reshape(x, s)",
          "string[2,1] {'a', 'b'}" },
        { 21, "int4[3] x = {1, -2, 3}, int64[2] s = {3, 1}", "y = Reshape(x, s)",
          "int4[3,1] {1, -2, 3}" },
        { 13, "float[2] x = {1, 2}, int64[1] s = {3}", "y = Reshape(x, s)", "error: found 3" },
        { 1, "float[2,2] x = {1, 2, 3, 4}", "y = Reshape<shape = [4]>(x)",
          "float[4] {1, 2, 3, 4}" },
        { 13, "float[1,2,1] x = {1, 2}", "y = Squeeze(x)", "float[2] {1, 2}" },
        { 11, "float[1,2,1] x = {1, 2}", "y = Squeeze<axes = [-1]>(x)", "float[1,2] {1, 2}" },
        { 13, "float[2] x = {1, 2}, int64[1] a = {0}", "y = Unsqueeze(x, a)",
          "float[1,2] {1, 2}" },
        { 13, "float[2,1,2] x = {1, 2, 3, 4}", "y = Flatten(x)", "float[2,2] {1, 2, 3, 4}" },
        { 15, "float[2,0,3] x = {}", "y = Shape<start = 1>(x)\ny2 = Size(x)",
          "int64[2] {0, 3}; int64 {0}" },
    };
    TEST_EVAL(rows);
}

static void moving(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "float[2,3] x = {1, 2, 3, 4, 5, 6}", "y = Transpose(x)",
          "float[3,2] {1, 4, 2, 5, 3, 6}" },
        { 21, "uint4[3,2] x = {1, 2, 3, 4, 5, 6}", "y = Transpose(x)",
          "uint4[2,3] {1, 3, 5, 2, 4, 6}" },
        { 13, "string[2,2] x = {\"a\", \"b\", \"c\", \"d\"}", "y = Transpose(x)",
          "string[2,2] {'a', 'c', 'b', 'd'}" },
        { 13, "float16[1,2,3] x = {1, 2, 3, 4, 5, 6}", "y = Transpose<perm = [2, 0, 1]>(x)",
          "float16[3,1,2] {5.960464e-08, 2.384186e-07, 1.192093e-07, 2.980232e-07, "
          "1.788139e-07, 3.576279e-07}" },
        { 13, "float[2,1] a = {1, 2}, float[2,2] b = {3, 4, 5, 6}", "y = Concat<axis = -1>(a, b)",
          "float[2,3] {1, 3, 4, 2, 5, 6}" },
        { 13, "string[1] a = {\"x\"}, string[2] b = {\"y\", \"\"}", "y = Concat<axis = 0>(a, b, a)",
          "string[4] {'x', 'y', '', 'x'}" },
        { 21, "int4[1] a = {1}, int4[2] b = {2, 3}", "y = Concat<axis = 0>(a, b, a)",
          "int4[4] {1, 2, 3, 1}" },
        { 13, "float[1] a = {1}, int32[1] b = {1}", "y = Concat<axis = 0>(a, b)",
          "error: input 1: expected float, found int32" },
        { 1, "float[2,3] x = {1, 2, 3, 4, 5, 6}", "y = Slice<starts = [1], ends = [9], "
          "axes = [1]>(x)", "float[2,2] {2, 3, 5, 6}" },
        { 13, "float[4] x = {1, 2, 3, 4}, int64[1] s = {-1}, int64[1] e = {-9}, int64[1] a = {0}, "
          "int64[1] t = {-2}", "y = Slice(x, s, e, a, t)", "float[2] {4, 2}" },
        { 13, "string[3] x = {\"a\", \"b\", \"c\"}, int64[1] s = {1}, int64[1] e = {"
          "9223372036854775807}, int64[1] a = {0}, int64[1] t = {9223372036854775807}",
          "y = Slice(x, s, e, a, t)", "string[1] {'b'}" },
        { 13, "float[2,1] x = {1, 2}, int64[3] s = {2, 1, 2}", "y = Expand(x, s)",
          "float[2,2,2] {1, 1, 2, 2, 1, 1, 2, 2}" },
        { 13, "float[1] x = {1}, int64[3] s = {4611686018427387904, 2, 2}", "y = Expand(x, s)",
          "error: expected less than 2^63 bytes, found float[" },
        { 13, "float[2,2] x = {1, 2, 3, 4}, int64[2] i = {-1, 0}", "y = Gather(x, i)",
          "float[2,2] {3, 4, 1, 2}" },
        { 13, "string[2,2] x = {\"a\", \"b\", \"c\", \"d\"}, int32 i = {1}",
          "y = Gather<axis = 1>(x, i)", "string[2] {'b', 'd'}" },
        { 21, "uint4[3,3] x = {1, 2, 3, 4, 5, 6, 7, 8, 9}, int64[2] i = {2, 1}",
          "y = Gather(x, i)", "uint4[2,3] {7, 8, 9, 4, 5, 6}" },
        { 13, "float[2] x = {1, 2}, int64[1] i = {2}", "y = Gather(x, i)", "error: found 2" },
        { 10, "float[2] x = {1, 2}, int64[1] i = {-1}", "y = Gather(x, i)", "error: found -1" },
    };
    TEST_EVAL(rows);
}

static void parting(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "float[1,2] x = {1, 2}, int64[2] r = {2, 2}", "y = Tile(x, r)",
          "float[2,4] {1, 2, 1, 2, 1, 2, 1, 2}" },
        { 1, "float[2] x = {1, 2}, float[1] n = {2}, float[1] a = {0}", "y = Tile(x, n, a)",
          "float[4] {1, 2, 1, 2}" },
        { 21, "int4[3] x = {1, 2, 3}, int64[1] r = {2}", "y = Tile(x, r)",
          "int4[6] {1, 2, 3, 1, 2, 3}" },
        { 13, "float[2] x = {1, 2}, int64[1] r = {0}", "y = Tile(x, r)", "float[0] {}" },
        { 13, "float[2] x = {1, 2}, int64[1] r = {4611686018427387904}", "y = Tile(x, r)",
          "error: found none that fit" },
        { 13, "float[2] x = {1, 2}, int64[1] r = {-1}", "y = Tile(x, r)", "error: found -1" },
        { 2, "float[3] x = {1, 2, 3}", "y, y2 = Split<split = [1, 2]>(x)",
          "float[1] {1}; float[2] {2, 3}" },
        { 13, "float[2,3] x = {1, 2, 3, 4, 5, 6}, int64[2] s = {2, 1}",
          "y, y2 = Split<axis = -1>(x, s)", "float[2,2] {1, 2, 4, 5}; float[2,1] {3, 6}" },
        { 18, "string[3] x = {\"a\", \"b\", \"c\"}", "y, y2 = Split<num_outputs = 2>(x)",
          "string[2] {'a', 'b'}; string[1] {'c'}" },
        { 13, "float[2] x = {1, 2}, int64[2] s = {9223372036854775807, 9223372036854775807}",
          "y, y2 = Split(x, s)", "error: " },
        { 13, "float[2] x = {1, 2}, int64[2] s = {1, 2}", "y, y2 = Split(x, s)",
          "error: add up to 2" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creating),
        cmocka_unit_test(viewing),
        cmocka_unit_test(moving),
        cmocka_unit_test(parting),
    };
    return test_run(tests);
}
