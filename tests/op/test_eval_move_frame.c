#include "support/eval.h"
#include "support/test.h"

static void padding(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 1, "float[1,2] x = {1, 2}", "y = Pad<paddings = [0, 1, 0, 0], value = 9.0>(x)",
          "float[1,3] {9, 1, 2}" },
        { 2, "float16[2] x = {15360, 16384}", "y = Pad<pads = [0, 1], value = 0.5>(x)",
          "float16[3] {1, 2, 0.5}" },
        { 2, "float[3] x = {1, 2, 3}", "y = Pad<mode = \"reflect\", pads = [2, 4]>(x)",
          "float[9] {3, 2, 1, 2, 3, 2, 1, 2, 3}" },
        { 13, "float[2,2] x = {1, 2, 3, 4}, int64[4] p = {1, 0, 0, 1}, float c = {7}",
          "y = Pad(x, p, c)", "float[3,3] {7, 7, 7, 1, 2, 7, 3, 4, 7}" },
        { 13, "float[2,2] x = {1, 2, 3, 4}, int64[4] p = {0, -1, 1, 0}", "y = Pad(x, p)",
          "float[3,1] {2, 4, 0}" },
        { 13, "float[3] x = {1, 2, 3}, int64[2] p = {5, -4}, float c = {7}", "y = Pad(x, p, c)",
          "float[4] {7, 7, 7, 7}" },
        { 13, "float[2,2] x = {1, 2, 3, 4}, int64[4] p = {1, 1, 1, 1}",
          "y = Pad<mode = \"edge\">(x, p)",
          "float[4,4] {1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4}" },
        { 13, "float[3,2] x = {1, 2, 3, 4, 5, 6}, int64[4] p = {1, 1, 0, 0}",
          "y = Pad<mode = \"reflect\">(x, p)",
          "float[4,3] {4, 3, 4, 2, 1, 2, 4, 3, 4, 6, 5, 6}" },
        { 13, "float[1] x = {1}, int64[2] p = {1, 2}", "y = Pad<mode = \"reflect\">(x, p)",
          "float[4] {1, 1, 1, 1}" },
        { 19, "float[3] x = {1, 2, 3}, int64[2] p = {4, 1}", "y = Pad<mode = \"wrap\">(x, p)",
          "float[8] {3, 1, 2, 3, 1, 2, 3, 1}" },
        { 19, "float[4] x = {1, 2, 3, 4}, int64[2] p = {-1, 2}", "y = Pad<mode = \"edge\">(x, p)",
          "float[5] {2, 3, 4, 4, 4}" },
        { 18, "float[1,2] x = {1, 2}, int64[2] p = {1, 0}, int64[1] a = {-1}",
          "y = Pad(x, p, \"\", a)", "float[1,3] {0, 1, 2}" },
        { 13, "string[1] x = {\"a\"}, int64[2] p = {1, 1}, string c = {\"zz\"}",
          "y = Pad(x, p, c)", "string[3] {'zz', 'a', 'zz'}" },
        { 13, "string[1] x = {\"a\"}, int64[2] p = {1, 1}", "y = Pad(x, p)",
          "string[3] {'', 'a', ''}" },
        { 21, "int4[2] x = {1, -1}, int64[2] p = {1, 2}, int4 c = {-8}", "y = Pad(x, p, c)",
          "int4[5] {-8, 1, -1, -8, -8}" },
        { 13, "float[2] x = {1, 2}, int64[2] p = {0, 1}, int32 c = {1}", "y = Pad(x, p, c)",
          "error: constant_value: expected one float, found 1 of int32" },
        { 13, "float[0] x = {}, int64[2] p = {0, 1}", "y = Pad<mode = \"edge\">(x, p)",
          "error: expected an element to repeat, found none" },
        { 13, "float[2] x = {1, 2}, int64[2] p = {-3, 0}", "y = Pad(x, p)", "error: found -1" },
        { 13, "float[2] x = {1, 2}, int64[2] p = {0, 4611686018427387900}", "y = Pad(x, p)",
          "error: expected less than 2^63 bytes, found float[4611686018427387902]" },
        { 13, "float[2] x = {1, 2}, int64[2] p = {0, 9223372036854775807}", "y = Pad(x, p)",
          "error: found none that fit" },
        { 13, "float[2] x = {1, 2}, int64[2] p = {9223372036854775807, -9223372036854775807}",
          "y = Pad(x, p)", "error: found none that fit" },
    };
    TEST_EVAL(rows);
}

static void rearranging(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 11, "float[1,4,1,2] x = {1, 2, 3, 4, 5, 6, 7, 8}", "y = DepthToSpace<blocksize = 2>(x)",
          "float[1,1,2,4] {1, 3, 2, 4, 5, 7, 6, 8}" },
        { 11, "int8[1,8,1,1] x = {1, 2, 3, 4, 5, 6, 7, 8}",
          "y = DepthToSpace<blocksize = 2>(x)\n"
          "y2 = DepthToSpace<blocksize = 2, mode = \"CRD\">(x)",
          "int8[1,2,2,2] {1, 3, 5, 7, 2, 4, 6, 8}; int8[1,2,2,2] {1, 2, 3, 4, 5, 6, 7, 8}" },
        { 13, "float[1,1,2,4] x = {1, 3, 2, 4, 5, 7, 6, 8}", "y = SpaceToDepth<blocksize = 2>(x)",
          "float[1,4,1,2] {1, 2, 3, 4, 5, 6, 7, 8}" },
        { 10, "float[3,2] x = {1, 2, 3, 4, 5, 6}, int64[2] n = {3, 2}",
          "y = ReverseSequence<time_axis = 0, batch_axis = 1>(x, n)",
          "float[3,2] {5, 4, 3, 2, 1, 6}" },
        { 10, "string[2,2] x = {\"a\", \"b\", \"c\", \"d\"}, int64[2] n = {0, 2}",
          "y = ReverseSequence<time_axis = 1, batch_axis = 0>(x, n)",
          "string[2,2] {'a', 'b', 'd', 'c'}" },
        { 10, "float[1,2] x = {1, 2}, int64[2] n = {2, 1}", "y = ReverseSequence(x, n)",
          "error: expected 0 to 1, found 2" },
        { 10, "float[1,2] x = {1, 2}, int64[1] n = {1}", "y = ReverseSequence(x, n)",
          "error: expected 2 of int64, found 1" },
        { 10, "float[1,2] x = {1, 2}, int64[1] n = {1}",
          "y = ReverseSequence<time_axis = 1>(x, n)", "error: found both 1" },
        { 14, "float[2,3] x = {1, 2, 3, 4, 5, 6}", "y = Trilu(x)\ny2 = Trilu<upper = 0>(x)",
          "float[2,3] {1, 2, 3, 0, 5, 6}; float[2,3] {1, 0, 0, 4, 5, 0}" },
        { 14, "bool[2,2] x = {1, 1, 1, 1}, int64 k = {9223372036854775807}",
          "y = Trilu(x, k)\ny2 = Trilu<upper = 0>(x, k)",
          "bool[2,2] {0, 0, 0, 0}; bool[2,2] {1, 1, 1, 1}" },
        { 14, "bool[2,2] x = {1, 1, 1, 1}, int64 k = {-9223372036854775808}",
          "y = Trilu(x, k)\ny2 = Trilu<upper = 0>(x, k)",
          "bool[2,2] {1, 1, 1, 1}; bool[2,2] {0, 0, 0, 0}" },
        { 14, "bool[1,1] x = {1}, int64[2] k = {1, 2}", "y = Trilu(x, k)",
          "error: k: expected one int64, found 2" },
        { 18, "float[5,1] x = {1, 2, 3, 4, 5}, int64[2] s = {2, 4}", "y = CenterCropPad(x, s)",
          "float[2,4] {0, 2, 0, 0, 0, 3, 0, 0}" },
        { 18, "string[1,3] x = {\"a\", \"b\", \"c\"}, int64[1] s = {1}",
          "y = CenterCropPad<axes = [1]>(x, s)", "string[1,1] {'b'}" },
        { 18, "float[1] x = {1}, int64[1] s = {4611686018427387904}", "y = CenterCropPad(x, s)",
          "error: expected less than 2^63 bytes" },
    };
    TEST_EVAL(rows);
}

static void adding_blocks(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 18, "float[1,2,3] x = {1, 2, 3, 4, 5, 6}, int64[1] i = {4}, int64[1] b = {2}",
          "y = Col2Im(x, i, b)", "float[1,1,4] {1, 6, 8, 6}" },
        { 18, "float[1,2,3] x = {1, 2, 3, 4, 5, 6}, int64[1] i = {3}, int64[1] b = {2}",
          "y = Col2Im<pads = [1, 1], dilations = [2]>(x, i, b)", "float[1,1,3] {2, 7, 5}" },
        { 18, "int8[1,2,1] x = {100, 100}, int64[2] i = {1, 2}, int64[2] b = {1, 2}",
          "y = Col2Im(x, i, b)", "int8[1,1,1,2] {100, 100}" },
        { 18, "float[1,2,2] x = {1, 2, 3, 4}, int64[1] i = {4}, int64[1] b = {2}",
          "y = Col2Im(x, i, b)", "error: expected 3 blocks, found 2" },
        { 18, "float[1,2,2] x = {1, 2, 3, 4}, int64[1] i = {4}, int64[1] b = {2}",
          "y = Col2Im<strides = [0]>(x, i, b)", "error: expected 1 or more, found 0" },
        { 18, "float[1,2,2] x = {1, 2, 3, 4}, int64[1] i = {4}, int64[1] b = {2}",
          "y = Col2Im<dilations = [9223372036854775807]>(x, i, b)",
          "error: expected blocks that fit into axis 0" },
        { 18, "float[1,2,2] x = {1, 2, 3, 4}, int64[1] i = {4}, int64[1] b = {2}",
          "y = Col2Im<pads = [1]>(x, i, b)", "error: expected 2 numbers, found 1" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(padding),
        cmocka_unit_test(rearranging),
        cmocka_unit_test(adding_blocks),
    };
    return test_run(tests);
}
