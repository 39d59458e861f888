#include "support/infer.h"
#include "support/test.h"

static void reshape_in_every_version(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "float[N,3,4] x", "", "y = Reshape<shape = [0, -1]>(x)", "float[N,12]" },
        { 4, "float[2,3,4] x", "", "y = Reshape<shape = [4, 6]>(x)", "float[4,6]" },
        { 5, "float[N,3,4] x", "int64[2] s = {0, -1}", "y = Reshape(x, s)", "float[N,12]" },
        { 5, "float[N,T,8,16] x", "int64[3] s = {0, 0, 128}", "y = Reshape(x, s)",
          "float[N,T,128]" },
        { 5, "float[?,?,8,16] x", "int64[3] s = {0, 0, -1}", "y = Reshape(x, s)",
          "float[?,?,128]" },
        { 5, "float[N,T,128] x", "int64[4] s = {-1, 1, 8, 16}", "y = Reshape(x, s)",
          "float[N*T,1,8,16]" },
        { 13, "float[0,3] x", "int64[2] s = {3, 0}", "y = Reshape(x, s)",
          "error: expected to divide 0 elements" },
        { 14, "float[0,3] x", "int64[2] s = {3, 0}", "y = Reshape<allowzero = 1>(x, s)",
          "float[3,0]" },
        { 14, "int64[4] x", "int64[2] s = {2, 2}", "y = Reshape(x, s)", "int64[2,2]" },
        { 14, "float[6] x, int64[2] s", "", "y = Reshape(x, s)", "float[?,?]" },
        { 14, "float[6] x, int64[1] s", "", "y = Reshape(x, s)", "float[6]" },
        { 14, "float[6] x, int64[k] s", "", "y = Reshape(x, s)", "float[...]" },
        { 14, "float[1] x", "int64[0] s = {}", "y = Reshape(x, s)", "float" },
        { 14, "float[N,T] x", "int64[1] c = {0}",
          "d = Shape(x)\ne = Gather(d, c)\nm = Constant<value = int64[1] {-1}>()\n"
          "s = Concat<axis = 0>(m, e)\ny = Reshape(x, s)", "float[T,N]" },
    };
    TEST_INFER(rows);
}

static void reshape_refuses_what_cannot_be(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 5, "float[6] x", "int64[2] s = {-1, -1}", "y = Reshape(x, s)", "error: one -1" },
        { 5, "float[6] x", "int64[2] s = {6, 0}", "y = Reshape(x, s)", "error: found it in dim 1" },
        { 5, "float[6] x", "int64[2] s = {4, 2}", "y = Reshape(x, s)", "error: divide 6 elements" },
        { 5, "float[6] x", "int64[2] s = {4, -1}", "y = Reshape(x, s)", "error: found 4" },
        { 5, "float[6] x", "int64[1] s = {-9223372036854775808}", "y = Reshape(x, s)",
          "error: expected -1 or more" },
        { 5, "float[6] x", "int64[1,1] s = {6}", "y = Reshape(x, s)",
          "error: input 1: expected rank" },
    };
    TEST_INFER(rows);
}

static void flatten_takes_any_axis(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "float[N,3,4] x", "", "y = Flatten(x)", "float[N,12]" },
        { 9, "float[N,3,4] x", "", "y = Flatten<axis = 0>(x)", "float[1,12*N]" },
        { 11, "float[N,3,4] x", "", "y = Flatten<axis = -1>(x)", "float[3*N,4]" },
        { 13, "float[2,3] x", "", "y = Flatten<axis = 2>(x)", "float[6,1]" },
        { 13, "float x", "", "y = Flatten<axis = 0>(x)", "float[1,1]" },
        { 13, "float[2] x", "", "y = Flatten<axis = 3>(x)", "error: axis" },
    };
    TEST_INFER(rows);
}

static void squeeze_in_every_version(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "float[1,N,1] x", "", "y = Squeeze<axes = [0]>(x)", "float[N,1]" },
        { 11, "float[1,N,1] x", "", "y = Squeeze<axes = [-1, 0]>(x)", "float[N]" },
        { 12, "float[1,2,1] x", "", "y = Squeeze(x)", "float[2]" },
        { 13, "float[1,N,1] x", "", "y = Squeeze(x)", "float[...]" },
        { 13, "float[1,N,1] x", "int64[1] a = {2}", "y = Squeeze(x, a)", "float[1,N]" },
        { 13, "float[1,N,1] x, int64[1] a", "", "y = Squeeze(x, a)", "float[?,?]" },
        { 13, "float[2] x", "int64[1] a = {0}", "y = Squeeze(x, a)", "error: found 2" },
        { 13, "float[1] x", "int64[2] a = {0, -1}", "y = Squeeze(x, a)", "error: at most 1" },
        { 13, "float[1,1] x", "int64[2] a = {0, -2}", "y = Squeeze(x, a)",
          "error: each axis once" },
        { 13, "float[1,1] x", "int64[1] a = {-9223372036854775808}", "y = Squeeze(x, a)",
          "error: expected an axis" },
    };
    TEST_INFER(rows);
}

static void unsqueeze_in_every_version(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 1, "float[N,2] x", "", "y = Unsqueeze<axes = [0, 3]>(x)", "float[1,N,2,1]" },
        { 11, "float[N,2] x", "", "y = Unsqueeze<axes = [-1]>(x)", "float[N,2,1]" },
        { 13, "float[N,2] x", "int64[1] a = {1}", "y = Unsqueeze(x, a)", "float[N,1,2]" },
        { 13, "float[N,2] x", "int64 a = {0}", "y = Unsqueeze(x, a)", "float[1,N,2]" },
        { 13, "float[N,2] x, int64[2] a", "", "y = Unsqueeze(x, a)", "float[?,?,?,?]" },
        { 13, "float[N,2] x, int64[k] a", "", "y = Unsqueeze(x, a)", "float[...]" },
        { 13, "float[N,2] x", "int64[2] a = {1, -3}", "y = Unsqueeze(x, a)",
          "error: each axis once" },
        { 13, "float x", "int64[1] a = {1}", "y = Unsqueeze(x, a)", "error: expected an axis" },
        { 13, "", "int64 c = {7}, int64[1] a = {0}", "y = Unsqueeze(c, a)", "int64[1] = {7}" },
    };
    TEST_INFER(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reshape_in_every_version),
        cmocka_unit_test(reshape_refuses_what_cannot_be),
        cmocka_unit_test(flatten_takes_any_axis),
        cmocka_unit_test(squeeze_in_every_version),
        cmocka_unit_test(unsqueeze_in_every_version),
    };
    return test_run(tests);
}
