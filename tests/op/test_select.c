#include "support/infer.h"
#include "support/test.h"

static void scatter_keeps_the_shape(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 9, "float[N,3] x, int64[1,3] i, float[1,3] u", "", "y = Scatter(x, i, u)", "float[N,3]" },
        { 11, "float[N,3] x, int64[1,3] i, float[1,3] u", "", "y = Scatter(x, i, u)",
          "issue: does not exist in opset 11" },
        { 11, "float[N,3] x, int64[1,3] i, float[1,3] u", "",
          "y = ScatterElements<axis = -1>(x, i, u)", "float[N,3]" },
        { 16, "", "int64[4] x = {1, 2, 3, 4}, int64[2] i = {-1, 1}, int64[2] u = {7, 8}",
          "y = ScatterElements(x, i, u)", "int64[4] = {1, 8, 3, 7}" },
        { 16, "", "int64[4] x = {1, 2, 3, 4}, int64[2] i = {-1, 1}, int64[2] u = {7, 8}",
          "y = ScatterElements<reduction = \"add\">(x, i, u)", "int64[4]" },
        { 13, "", "int64[2,2] x = {1, 2, 3, 4}, int64[1,1] i = {1}, int64[1,2] u = {7, 8}",
          "y = ScatterND(x, i, u)", "int64[2,2] = {1, 2, 7, 8}" },
        { 13, "", "int64[4] x = {1, 2, 3, 4}, int64[1] i = {4}, int64[1] u = {7}",
          "y = ScatterElements(x, i, u)", "error: indices: expected -4 to 3, found 4" },
        { 13, "", "int64[2] x = {1, 2}, int64[1,1] i = {-9223372036854775808}, int64[1] u = {7}",
          "y = ScatterND(x, i, u)", "error: indices" },
        { 13, "float[2] x, int64[1,2] i, float[1] u", "", "y = ScatterND(x, i, u)",
          "error: at most 1" },
        { 13, "float[2] x, int64[1,1] i, float[1] u", "", "y = ScatterElements(x, i, u)",
          "error: input 1: expected rank 1" },
        { 16, "float[2] x, int64[1] i, float[1] u", "",
          "y = ScatterElements<reduction = \"max\">(x, i, u)", "float[2]" },
        { 24, "float[N,8,T,64] c, float[N,8,1,64] u, int64[N] i", "",
          "y = TensorScatter<mode = \"circular\">(c, u, i)", "float[N,8,T,64]" },
        { 24, "float[N] c, float[N] u, int64[N] i", "", "y = TensorScatter(c, u, i)",
          "error: attribute 'axis'" },
    };
    TEST_INFER(rows);
}

static void found_elements_are_counted(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 9, "float[N,3] x", "", "y = NonZero(x)", "int64[2,?]" },
        { 13, "float[] x", "", "y = NonZero(x)", "int64[?,?]" },
        { 13, "", "int64[4] x = {0, 5, 0, 1}", "y = NonZero(x)", "int64[1,2] = {1, 3}" },
        { 13, "", "float[2,2] x = {0, 5, 0.5, 1}", "y = NonZero(x)", "int64[2,3]" },
        { 9, "float[N,3] x, bool[3] c", "", "y = Compress(x, c)", "float[?]" },
        { 11, "float[N,3] x", "bool[3] c = {1, 0, 1}", "y = Compress<axis = -1>(x, c)",
          "float[N,2]" },
        { 11, "float[N,3] x, bool[3,1] c", "", "y = Compress(x, c)", "error: expected rank 1" },
        { 11, "float[N,3] x", "", "y, y2, y3, y4 = Unique(x)",
          "float[?]; int64[?]; int64[3*N]; int64[?]" },
        { 11, "float[N,3] x", "", "y, y2, y3 = Unique<axis = 0>(x)",
          "float[?,3]; int64[?]; int64[N]" },
        { 11, "float[N,3] x", "", "y = Unique<axis = 2>(x)", "error: attribute 'axis'" },
    };
    TEST_INFER(rows);
}

static void one_hot_adds_an_axis(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 9, "int64[N,3] i, float[2] v", "int64[1] d = {10}", "y = OneHot(i, d, v)",
          "float[N,3,10]" },
        { 11, "int64[N,3] i, float[2] v", "int64 d = {10}", "y = OneHot<axis = -3>(i, d, v)",
          "float[10,N,3]" },
        { 11, "int64[N] i, float[2] v, int64 d", "", "y = OneHot<axis = 0>(i, d, v)",
          "float[?,N]" },
        { 9, "float[N] i, float[2] v", "float d = {4}", "y = OneHot(i, d, v)", "float[N,4]" },
        { 11, "int64[N] i, float[2] v", "int64 d = {-1}", "y = OneHot(i, d, v)", "error: depth" },
        { 11, "int64[N] i, float[2] v, int64 d", "", "y = OneHot<axis = 2>(i, d, v)",
          "error: axis" },
    };
    TEST_INFER(rows);
}

static void top_k_in_every_version(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "float[N,9] x", "", "y, y2 = TopK<k = 3>(x)", "float[N,3]; int64[N,3]" },
        { 10, "float[N,9] x", "int64[1] k = {3}", "y, y2 = TopK<axis = 0>(x, k)",
          "float[3,9]; int64[3,9]" },
        { 11, "float[N,9] x, int64[1] k", "", "y, y2 = TopK<largest = 0>(x, k)",
          "float[N,?]; int64[N,?]" },
        { 11, "float[N,9] x", "int64[1] k = {10}", "y, y2 = TopK(x, k)", "error: at most 9" },
        { 11, "float[N,9] x", "int64[1] k = {-1}", "y, y2 = TopK(x, k)", "error: >= 0" },
        { 1, "float[N,9] x", "", "y, y2 = TopK(x)", "error: attribute 'k'" },
    };
    TEST_INFER(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scatter_keeps_the_shape),
        cmocka_unit_test(found_elements_are_counted),
        cmocka_unit_test(one_hot_adds_an_axis),
        cmocka_unit_test(top_k_in_every_version),
    };
    return test_run(tests);
}
