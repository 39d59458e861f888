#include "support/eval.h"
#include "support/test.h"

static void finding(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, "float[2,3] x = {0, 1, -0.0, nan, 0, 3}", "y = NonZero(x)",
          "int64[2,3] {0, 1, 1, 1, 0, 2}" },
        { 13, "bool x = {1}", "y = NonZero(x)", "int64[0,1] {}" },
        { 13, "uint64[3] x = {0, 18446744073709551615, 1}", "y = NonZero(x)",
          "int64[1,2] {1, 2}" },
        { 13, "string[2] x = {\"\", \"a\"}", "y = NonZero(x)", "int64[1,1] {1}" },
        { 11, "float[2,3] x = {1, 2, 3, 4, 5, 6}, bool[2] c = {0, 1}",
          "y = Compress<axis = 1>(x, c)\ny2 = Compress<axis = 0>(x, c)\ny3 = Compress(x, c)",
          "float[2,1] {2, 5}; float[1,3] {4, 5, 6}; float[1] {2}" },
        { 11, "string[3] x = {\"a\", \"b\", \"c\"}, bool[3] c = {1, 0, 1}",
          "y = Compress<axis = -1>(x, c)", "string[2] {'a', 'c'}" },
        { 11, "float[2] x = {1, 2}, bool[3] c = {1, 0, 0}", "y = Compress(x, c)", "float[1] {1}" },
        { 11, "float[2] x = {1, 2}, bool[3] c = {1, 0, 1}", "y = Compress(x, c)",
          "error: expected at most 2, found that number 2 holds" },
        { 11, "float[2] x = {1, 2}, int64[1] c = {1}", "y = Compress(x, c)",
          "error: condition: expected bool, found int64" },
    };
    TEST_EVAL(rows);
}

static void deduplicating(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 11, "float[7] x = {2, 1, nan, -0.0, 0, 1, nan}", "y, y2, y3, y4 = Unique(x)",
          "float[4] {-0, 1, 2, nan}; int64[4] {3, 1, 0, 2}; int64[7] {2, 1, 3, 0, 0, 1, 3}; "
          "int64[4] {2, 2, 1, 2}" },
        { 11, "int8[5] x = {2, 1, 1, -3, 2}", "y, y2, y3, y4 = Unique<sorted = 0>(x)",
          "int8[3] {2, 1, -3}; int64[3] {0, 1, 3}; int64[5] {0, 1, 1, 2, 0}; "
          "int64[3] {2, 2, 1}" },
        { 11, "float[3,2] x = {1, 2, 0, 9, 1, 2}", "y, y2, y3, y4 = Unique<axis = 0>(x)",
          "float[2,2] {0, 9, 1, 2}; int64[2] {1, 0}; int64[3] {1, 0, 1}; int64[2] {1, 2}" },
        { 11, "float[2,3] x = {1, 0, 1, 2, 9, 2}", "y = Unique<axis = 1>(x)",
          "float[2,2] {0, 1, 9, 2}" },
        { 11, "string[3] x = {\"b\", \"ab\", \"b\"}", "y, y2 = Unique(x)",
          "string[2] {'ab', 'b'}; int64[2] {1, 0}" },
        { 11, "float[0] x = {}", "y, y2, y3, y4 = Unique(x)",
          "float[0] {}; int64[0] {}; int64[0] {}; int64[0] {}" },
        { 11, "float[2,0] x = {}", "y, y2, y3 = Unique<axis = 0>(x)",
          "float[1,0] {}; int64[1] {0}; int64[2] {0, 0}" },
        { 11, "float x = {4}", "y = Unique(x)", "float[1] {4}" },
    };
    TEST_EVAL(rows);
}

static void ranking(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 1, "float[4] x = {1, 3, 2, 3}", "y, y2 = TopK<k = 3>(x)",
          "float[3] {3, 3, 2}; int64[3] {1, 3, 2}" },
        { 10, "float[2,3] x = {1, 3, 2, 6, 5, 4}, int64[1] k = {1}", "y, y2 = TopK<axis = 0>(x, k)",
          "float[1,3] {6, 5, 4}; int64[1,3] {1, 1, 1}" },
        { 11, "int32[5] x = {1, -3, 2, -3, 5}, int64[1] k = {3}", "y, y2 = TopK<largest = 0>(x, k)",
          "int32[3] {-3, -3, 1}; int64[3] {1, 3, 0}" },
        { 11, "float[4] x = {1, nan, inf, nan}, int64[1] k = {3}",
          "y, y2 = TopK(x, k)\ny3, y4 = TopK<largest = 0>(x, k)",
          "float[3] {nan, nan, inf}; int64[3] {1, 3, 2}; float[3] {1, inf, nan}; "
          "int64[3] {0, 2, 1}" },
        { 11, "uint64[3] x = {1, 18446744073709551615, 0}, int64[1] k = {2}", "y = TopK(x, k)",
          "uint64[2] {18446744073709551615, 1}" },
        { 11, "int64[2] x = {-9223372036854775808, 9223372036854775807}, int64[1] k = {2}",
          "y = TopK<largest = 0>(x, k)", "int64[2] {-9223372036854775808, 9223372036854775807}" },
        { 11, "float16[2] x = {15360, 16384}, int64[1] k = {0}", "y, y2 = TopK(x, k)",
          "float16[0] {}; int64[0] {}" },
        { 11, "float[2] x = {1, 2}, int64[1] k = {3}", "y = TopK(x, k)", "error: found 3" },
        { 11, "float[2] x = {1, 2}, int64[1] k = {-1}", "y = TopK(x, k)", "error: found -1" },
    };
    TEST_EVAL(rows);
}

static void making(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 11, "int64[3] i = {0, -1, 5}, int64 d = {3}, float[2] v = {0, 1}", "y = OneHot(i, d, v)",
          "float[3,3] {1, 0, 0, 0, 0, 1, 0, 0, 0}" },
        { 9, "int64[2] i = {-1, 1}, int64 d = {2}, int8[2] v = {3, 4}",
          "y = OneHot<axis = 0>(i, d, v)", "int8[2,2] {3, 3, 3, 4}" },
        { 11, "float[2] i = {1, 0.5}, float[1] d = {2}, string[2] v = {\"-\", \"x\"}",
          "y = OneHot(i, d, v)", "string[2,2] {'-', 'x', '-', '-'}" },
        { 11, "uint64[1] i = {18446744073709551615}, int64 d = {2}, float[2] v = {0, 1}",
          "y = OneHot(i, d, v)", "float[1,2] {0, 0}" },
        { 11, "int64[1] i = {0}, int64 d = {2}, float[3] v = {0, 1, 2}", "y = OneHot(i, d, v)",
          "error: values: expected 2, found 3" },
        { 11, "int64[1] i = {0}, int64 d = {4611686018427387904}, float[2] v = {0, 1}",
          "y = OneHot(i, d, v)", "error: expected less than 2^63 bytes" },
        { 11, "int64[1] i = {0}, int64 d = {-1}, float[2] v = {0, 1}",
          "y = OneHot(i, d, v)", "error: found -1" },
        { 9, "float[2,3] x = {0, 0, 0, 0, 0, 0}", "y = EyeLike<k = 1, dtype = 6>(x)",
          "int32[2,3] {0, 1, 0, 0, 0, 1}" },
        { 9, "bool[3,1] x = {1, 1, 1}", "y = EyeLike<k = -2>(x)", "bool[3,1] {0, 0, 1}" },
        { 9, "float[1,1] x = {0}", "y = EyeLike<k = 9223372036854775807>(x)", "float[1,1] {0}" },
        { 11, "float a = {0}, float b = {0.35}, float c = {0.1}", "y = Range(a, b, c)",
          "float[4] {0, 0.1, 0.2, 0.3}" },
        { 11, "int32 a = {5}, int32 b = {-2}, int32 c = {-3}", "y = Range(a, b, c)",
          "int32[3] {5, 2, -1}" },
        { 11, "int64 a = {0}, int64 b = {-1}, int64 c = {1}", "y = Range(a, b, c)", "int64[0] {}" },
        { 27, "float16 a = {0}, float16 b = {16384}, float16 c = {15360}", "y = Range(a, b, c)",
          "float16[2] {0, 1}" },
        { 11, "int64 a = {0}, int64 b = {1}, int64 c = {0}", "y = Range(a, b, c)",
          "error: delta: expected any number but 0" },
        { 11, "int64 a = {-9223372036854775808}, int64 b = {9223372036854775807}, int64 c = {1}",
          "y = Range(a, b, c)", "error: expected less than 2^63 bytes" },
        { 11, "double a = {0}, double b = {1e18}, double c = {1e-300}", "y = Range(a, b, c)",
          "error: expected a finite number of steps" },
        { 11, "float a = {0}, float b = {nan}, float c = {1}", "y = Range(a, b, c)",
          "error: expected a finite number of steps" },
        { 11, "float a = {0}, float b = {1}, int64 c = {1}", "y = Range(a, b, c)",
          "error: input 2: expected float, found int64" },
        { 11, "float[2] a = {0, 1}, float b = {1}, float c = {1}", "y = Range(a, b, c)",
          "error: input 0: expected one number, found 2" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finding),
        cmocka_unit_test(deduplicating),
        cmocka_unit_test(ranking),
        cmocka_unit_test(making),
    };
    return test_run(tests);
}
