#include "support/eval.h"
#include "support/test.h"

static void gathering(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "float[2,2] x = {1, 2, 3, 4}, int64[1,2] i = {-1, 0}",
          "y = GatherElements(x, i)", "float[1,2] {3, 2}" },
        { 13, "float[2,3] x = {1, 2, 3, 4, 5, 6}, int32[2,2] i = {2, 2, 0, 1}",
          "y = GatherElements<axis = 1>(x, i)", "float[2,2] {3, 3, 4, 5}" },
        { 13, "string[2,1,2] x = {\"a\", \"b\", \"c\", \"d\"}, int64[2,2,1] i = {0, -1, 0, 0}",
          "y = GatherElements<axis = 1>(x, i)", "string[2,2,1] {'a', 'a', 'c', 'c'}" },
        { 21, "int4[3] x = {1, -2, 3}, int64[4] i = {2, 1, 0, 2}", "y = GatherElements(x, i)",
          "int4[4] {3, -2, 1, 3}" },
        { 13, "float[2,2] x = {1, 2, 3, 4}, int64[1,3] i = {0, 0, 0}",
          "y = GatherElements(x, i)", "error: expected at most 2 on axis 1, found 3" },
        { 13, "float[2,2] x = {1, 2, 3, 4}, int64[1,1] i = {-3}", "y = GatherElements(x, i)",
          "error: found -3" },
        { 13, "float[2] x = {1, 2}, float[1] i = {0}", "y = GatherElements(x, i)",
          "error: indices: expected int32 or int64, found float" },
        { 13, "float[2,2] x = {1, 2, 3, 4}, int64[2,2] i = {0, 0, 1, -1}",
          "y = GatherND(x, i)", "float[2] {1, 4}" },
        { 13, "float[2,2] x = {1, 2, 3, 4}, int64[2,1] i = {1, 0}", "y = GatherND(x, i)",
          "float[2,2] {3, 4, 1, 2}" },
        { 13, "string[2,2,1] x = {\"a\", \"b\", \"c\", \"d\"}, int64[2,1] i = {1, 0}",
          "y = GatherND<batch_dims = 1>(x, i)", "string[2,1] {'b', 'c'}" },
        { 21, "uint4[2,3] x = {1, 2, 3, 4, 5, 6}, int64[3,1] i = {1, 0, 1}",
          "y = GatherND(x, i)", "uint4[3,3] {4, 5, 6, 1, 2, 3, 4, 5, 6}" },
        { 13, "float[2,2] x = {1, 2, 3, 4}, int64[1,2] i = {1, 2}", "y = GatherND(x, i)",
          "error: indices: expected -2 to 1, found 2 as element 1" },
        { 13, "float[0,2] x = {}, int64[1] i = {0}", "y = Gather(x, i)", "error: found 0" },
        { 13, "float[2,0] x = {}, int64[1] i = {5}", "y = Gather(x, i)", "error: found 5" },
    };
    TEST_EVAL(rows);
}

static void scattering(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 9, "float[3] x = {1, 2, 3}, int64[1] i = {1}, float[1] u = {9}", "y = Scatter(x, i, u)",
          "float[3] {1, 9, 3}" },
        { 9, "float[3] x = {1, 2, 3}, int64[1] i = {-1}, float[1] u = {9}",
          "y = Scatter(x, i, u)", "error: found -1" },
        { 13, "float[2,2] x = {1, 2, 3, 4}, int64[1,2] i = {-1, 0}, float[1,2] u = {8, 9}",
          "y = ScatterElements(x, i, u)", "float[2,2] {1, 9, 8, 4}" },
        { 13, "string[2] x = {\"a\", \"b\"}, int64[1] i = {1}, string[1] u = {\"cd\"}",
          "y = ScatterElements(x, i, u)", "string[2] {'a', 'cd'}" },
        { 16, "int8[2] x = {100, 2}, int64[3] i = {0, 0, 1}, int8[3] u = {27, 1, 3}",
          "y = ScatterElements<reduction = \"add\">(x, i, u)", "int8[2] {-128, 5}" },
        { 16, "float[2] x = {1, 2}, int64[3] i = {1, 1, 1}, float[3] u = {3, 5, 7}",
          "y = ScatterElements<reduction = \"mul\">(x, i, u)", "float[2] {1, 210}" },
        { 18, "float16[2] x = {15360, 16384}, int64[2] i = {0, 1}, float16[2] u = {16384, 15360}",
          "y = ScatterElements<reduction = \"max\">(x, i, u)\n"
          "y2 = ScatterElements<reduction = \"min\">(x, i, u)",
          "float16[2] {2, 2}; float16[2] {1, 1}" },
        { 18, "float[1] x = {1}, int64[1] i = {0}, float[1] u = {nan}",
          "y = ScatterElements<reduction = \"max\">(x, i, u)", "float[1] {nan}" },
        { 16, "string[1] x = {\"a\"}, int64[1] i = {0}, string[1] u = {\"b\"}",
          "y = ScatterElements<reduction = \"add\">(x, i, u)",
          "error: elements of type string are not supported" },
        { 13, "float[2] x = {1, 2}, int64[1] i = {0}, float[2] u = {1, 2}",
          "y = ScatterElements(x, i, u)", "error: updates: expected 1 on axis 0" },
        { 13, "float[2] x = {1, 2}, int64[1] i = {0}, int32[1] u = {1}",
          "y = ScatterElements(x, i, u)", "error: updates: expected float, found int32" },
        { 13, "float[3,2] x = {1, 2, 3, 4, 5, 6}, int64[2,1] i = {-1, 0}, "
          "float[2,2] u = {7, 8, 9, 10}", "y = ScatterND(x, i, u)",
          "float[3,2] {9, 10, 3, 4, 7, 8}" },
        { 16, "int32[2] x = {1, 2}, int64[3,1] i = {0, 0, 1}, int32[3] u = {5, 6, 7}",
          "y = ScatterND<reduction = \"add\">(x, i, u)", "int32[2] {12, 9}" },
        { 21, "int4[2] x = {7, 2}, int64[2,1] i = {0, 1}, int4[2] u = {5, -6}",
          "y = ScatterND(x, i, u)", "int4[2] {5, -6}" },
        { 13, "float[2] x = {1, 2}, int64[1,1] i = {2}, float[1] u = {5}",
          "y = ScatterND(x, i, u)", "error: found 2" },
        { 13, "float[2] x = {1, 2}, int64[1,1] i = {1}, float[2] u = {5, 6}",
          "y = ScatterND(x, i, u)", "error: updates: expected 1 on axis 0, found 2" },
        { 13, "float[2] x = {1, 2}, int64[1,0] i = {}, float[1,2] u = {5, 6}",
          "y = ScatterND(x, i, u)", "float[2] {5, 6}" },
        { 13, "float[2] x = {1, 2}, int64[1099511627776,0] i = {}, float[1,2] u = {5, 6}",
          "y = ScatterND(x, i, u)", "error: updates: expected 1099511627776" },
    };
    TEST_EVAL(rows);
}

static void filling_a_cache(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 24, "float[2,3,1] x = {1, 2, 3, 4, 5, 6}, float[2,2,1] u = {7, 8, 9, 10}, "
          "int64[2] w = {0, 1}", "y = TensorScatter(x, u, w)",
          "float[2,3,1] {7, 8, 3, 4, 9, 10}" },
        { 24, "float[1,3,1] x = {1, 2, 3}, float[1,2,1] u = {7, 8}, int64[1] w = {5}",
          "y = TensorScatter<mode = \"circular\">(x, u, w)", "float[1,3,1] {8, 2, 7}" },
        { 24, "float[1,3,1] x = {1, 2, 3}, float[1,2,1] u = {7, 8}", "y = TensorScatter(x, u)",
          "float[1,3,1] {7, 8, 3}" },
        { 24, "float[1,3,1] x = {1, 2, 3}, float[1,2,1] u = {7, 8}, int64[1] w = {2}",
          "y = TensorScatter(x, u, w)", "error: expected room for 2 in 3, found a start at 2" },
        { 24, "float[1,3,1] x = {1, 2, 3}, float[1,2,1] u = {7, 8}, int64[1] w = {-1}",
          "y = TensorScatter<mode = \"circular\">(x, u, w)", "error: found a start at -1" },
        { 24, "float[1,0,1] x = {}, float[1,2,1] u = {7, 8}",
          "y = TensorScatter<mode = \"circular\">(x, u)", "error: expected room" },
        { 24, "float[1,3,1] x = {1, 2, 3}, float[2,1,1] u = {7, 8}", "y = TensorScatter(x, u)",
          "error: update: expected 1 on axis 0, found 2" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gathering),
        cmocka_unit_test(scattering),
        cmocka_unit_test(filling_a_cache),
    };
    return test_run(tests);
}
