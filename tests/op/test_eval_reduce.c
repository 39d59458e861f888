#include "support/eval.h"
#include "support/test.h"

#define MATRIX "float[2,3] x = {1, -2, 3, 4, 5, -6}"
#define CUBE "int32[2,2,2] x = {1, 2, 3, 4, 5, 6, 7, 8}"

static void axes_of_all_versions(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 11, MATRIX, "y = ReduceSum<axes = [1]>(x)", "float[2,1] {2, 3}" },
        { 11, MATRIX, "y = ReduceSum<axes = [-2], keepdims = 0>(x)", "float[3] {5, 3, -3}" },
        { 1, MATRIX, "y = ReduceSum(x)", "float[1,1] {5}" },
        { 13, MATRIX ", int64[1] a = {1}", "y = ReduceSum(x, a)", "float[2,1] {2, 3}" },
        { 13, MATRIX ", int64[1] a = {1}", "y = ReduceMax<axes = [0]>(x)",
          "float[1,3] {4, 5, 3}" },
        { 18, MATRIX ", int64[1] a = {0}", "y = ReduceMax<keepdims = 0>(x, a)",
          "float[3] {4, 5, 3}" },
        { 18, MATRIX ", int64[0] a = {}", "y = ReduceMin(x, a)", "float[1,1] {-6}" },
        { 18, MATRIX ", int64[0] a = {}", "y = ReduceSumSquare<noop_with_empty_axes = 1>(x, a)",
          "float[2,3] {1, 4, 9, 16, 25, 36}" },
        { 18, MATRIX, "y = ReduceL1<noop_with_empty_axes = 1>(x)",
          "float[2,3] {1, 2, 3, 4, 5, 6}" },
        { 18, CUBE ", int64[2] a = {0, 2}", "y = ReduceSum<keepdims = 0>(x, a)",
          "int32[2] {14, 22}" },
        { 18, CUBE ", int64[2] a = {2, 0}", "y = ReduceProd<keepdims = 0>(x, a)",
          "int32[2] {60, 672}" },
        { 18, "float x = {-3}", "y = ReduceL2(x)", "float {3}" },
        { 18, MATRIX ", int64[1] a = {2}", "y = ReduceSum(x, a)", "error: found 2" },
        { 18, MATRIX ", int64[2] a = {1, -1}", "y = ReduceSum(x, a)", "error: found 1 twice" },
        { 18, MATRIX ", string[1] a = {\"1\"}", "y = ReduceSum(x, a)",
          "error: expected a list of integers" },
        { 18, "string[1] x = {\"1\"}", "y = ReduceMax(x)", "error: string" },
        { 18, "bool[1] x = {1}", "y = ReduceSum(x)", "error: bool" },
    };
    TEST_EVAL(rows);
}

static void types(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 18, "int8[3] x = {-128, 127, 1}", "y = ReduceMin(x)", "int8[1] {-128}" },
        { 20, "bool[2,2] x = {1, 0, 1, 1}, int64[1] a = {1}", "y = ReduceMin<keepdims=0>(x, a)",
          "bool[2] {0, 1}" },
        { 18, "int32[3] x = {2147483647, 1, -7}", "y = ReduceSum(x)", "int32[1] {2147483641}" },
        { 18, "int32[2] x = {2147483647, 1}", "y = ReduceSum(x)", "int32[1] {-2147483648}" },
        { 18, "int32[2] x = {-4, -3}", "y = ReduceMean(x)", "int32[1] {-3}" },
        { 18, "int64[2] x = {3, 5}", "y = ReduceL2(x)", "int64[1] {5}" },
        { 18, "uint64[2] x = {18446744073709551615, 2}", "y = ReduceMax(x)",
          "uint64[1] {18446744073709551615}" },
        { 18, "int32[2] x = {1, 2}", "y = ReduceLogSumExp(x)", "int32[1] {2}" },
        { 18, "double[2] x = {0.1, 0.2}", "y = ReduceSum(x)", "double[1] {0.3}" },
        /* 2048 + 1 + 1: rounded once, not after each addition */
        { 18, "float16[3] x = {26624, 15360, 15360}", "y = ReduceSum(x)", "float16[1] {2050}" },
        { 18, "float[2] x = {1000, 1000}", "y = ReduceLogSumExp(x)", "float[1] {1000.693}" },
        { 18, "float[2] x = {1, nan}", "y = ReduceMax(x)", "float[1] {nan}" },
    };
    TEST_EVAL(rows);
}

static void empty_sets(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 18, "float[2,0] x = {}, int64[1] a = {1}", "y = ReduceSum(x, a)", "float[2,1] {0, 0}" },
        { 18, "float[2,0] x = {}, int64[1] a = {1}", "y = ReduceProd(x, a)", "float[2,1] {1, 1}" },
        { 18, "float[1,0] x = {}, int64[1] a = {1}", "y = ReduceMax(x, a)", "float[1,1] {-inf}" },
        { 18, "float[1,0] x = {}, int64[1] a = {1}", "y = ReduceMean(x, a)", "float[1,1] {nan}" },
        { 18, "float[1,0] x = {}, int64[1] a = {1}", "y = ReduceLogSum(x, a)",
          "float[1,1] {-inf}" },
        { 18, "int8[1,0] x = {}, int64[1] a = {1}", "y = ReduceMax(x, a)", "int8[1,1] {-128}" },
        { 18, "int8[1,0] x = {}, int64[1] a = {1}", "y = ReduceMin(x, a)", "int8[1,1] {127}" },
        { 18, "uint8[1,0] x = {}, int64[1] a = {1}", "y = ReduceMin(x, a)", "uint8[1,1] {255}" },
        { 20, "bool[1,0] x = {}, int64[1] a = {1}", "y = ReduceMax(x, a)", "bool[1,1] {0}" },
        { 20, "bool[1,0] x = {}, int64[1] a = {1}", "y = ReduceMin(x, a)", "bool[1,1] {1}" },
        { 18, "int64[1,0] x = {}, int64[1] a = {1}", "y = ReduceMax(x, a)",
          "int64[1,1] {-9223372036854775808}" },
        { 18, "uint64[1,0] x = {}, int64[1] a = {1}", "y = ReduceMin(x, a)",
          "uint64[1,1] {18446744073709551615}" },
        { 18, "float[2,0] x = {}, int64[1] a = {0}", "y = ReduceSum(x, a)", "float[1,0] {}" },
        { 18, "float[0,4611686018427387904,4] x = {}, int64[1] a = {0}", "y = ReduceSum(x, a)",
          "error: expected less than 2^63" },
        { 18, "float[0,4611686018427387904,4] x = {}, int64[2] a = {1, 2}", "y = ReduceSum(x, a)",
          "float[0,1,1] {}" },
        { 13, "float[2,0] x = {}", "y = ArgMax<axis = 1>(x)", "error: expected elements" },
        { 13, "float[2,0] x = {}", "y = ArgMax<axis = 0>(x)", "int64[1,0] {}" },
        { 13, "float[2,0] x = {}", "y = Softmax(x)", "float[2,0] {}" },
    };
    TEST_EVAL(rows);
}

static void positions(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "float[2,3] x = {1, 3, 3, 2, 2, 1}", "y = ArgMax<axis = 1>(x)", "int64[2,1] {1, 0}" },
        { 13, "float[2,3] x = {1, 3, 3, 2, 2, 1}",
          "y = ArgMax<axis = -1, keepdims = 0, select_last_index = 1>(x)", "int64[2] {2, 1}" },
        { 1, "int8[2,2] x = {1, -3, 0, 5}", "y = ArgMin<keepdims = 0>(x)", "int64[2] {1, 0}" },
        { 13, "float[3] x = {1, nan, 3}", "y = ArgMax(x)", "int64[1] {1}" },
    };
    TEST_EVAL(rows);
}

static void softmax(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "float[2,2] x = {0, 0, 1, 1}", "y = Softmax(x)", "float[2,2] {0.5, 0.5, 0.5, 0.5}" },
        { 13, "float[2,2] x = {0, 7, 0, 7}", "y = Softmax<axis = 0>(x)",
          "float[2,2] {0.5, 0.5, 0.5, 0.5}" },
        /* before 13 a matrix [1, 4], split at axis 1 */
        { 11, "float[1,2,2] x = {2, 2, 2, 2}", "y = Softmax(x)",
          "float[1,2,2] {0.25, 0.25, 0.25, 0.25}" },
        { 11, "float[2,2] x = {0, 0, 0, 0}", "y = Softmax<axis = 0>(x)",
          "float[2,2] {0.25, 0.25, 0.25, 0.25}" },
        { 11, "float[2] x = {3, 4}", "y = Softmax(x)", "float[2] {1, 1}" },
        { 13, "float16[2] x = {0, 0}", "y = Softmax(x)", "float16[2] {0.5, 0.5}" },
        { 13, "double[2] x = {0, 0}", "y = LogSoftmax(x)", "double[2] {-0.6931472, -0.6931472}" },
        { 13, "float[2] x = {-1000, 0}", "y = LogSoftmax(x)", "float[2] {-1000, 0}" },
        { 13, "float[2,2] x = {1, 2, 2, 2}", "y = Hardmax(x)", "float[2,2] {0, 1, 1, 0}" },
        { 11, "float[1,2,2] x = {1, 2, 3, 3}", "y = Hardmax(x)", "float[1,2,2] {0, 0, 1, 0}" },
        { 13, "float[2] x = {1, 2}", "y = Softmax<axis = 1>(x)", "error: axis" },
        { 13, "int32[2] x = {1, 2}", "y = Softmax(x)", "error: int32" },
    };
    TEST_EVAL(rows);
}

static void running(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 14, "float[2,2] x = {1, 2, 3, 4}, int32 a = {0}", "y = CumSum(x, a)",
          "float[2,2] {1, 2, 4, 6}" },
        { 14, "int64[3] x = {1, 2, 3}, int64 a = {-1}",
          "y = CumSum<exclusive = 1, reverse = 1>(x, a)", "int64[3] {5, 3, 0}" },
        { 26, "int32[3] x = {2, 3, 4}, int64 a = {0}", "y = CumProd<reverse = 1>(x, a)",
          "int32[3] {24, 12, 4}" },
        { 14, "uint64[2] x = {18446744073709551615, 2}, int64 a = {0}", "y = CumSum(x, a)",
          "uint64[2] {18446744073709551615, 1}" },
        { 14, "float[2] x = {1, 2}, int64 a = {1}", "y = CumSum(x, a)", "error: found 1" },
        { 14, "float[2] x = {1, 2}, int64[2] a = {0, 0}", "y = CumSum(x, a)",
          "error: expected one integer" },
        { 14, "float[2] x = {1, 2}, float a = {0}", "y = CumSum(x, a)",
          "error: expected one integer" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(axes_of_all_versions),
        cmocka_unit_test(types),
        cmocka_unit_test(empty_sets),
        cmocka_unit_test(positions),
        cmocka_unit_test(softmax),
        cmocka_unit_test(running),
    };
    return test_run(tests);
}
