#include "support/infer.h"
#include "support/test.h"

static void last_window_may_not_start_in_the_padding(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 19, "float[1,3,10,H] x", "",
          "y = MaxPool<kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1>(x)",
          "float[1,3,5,floor(H / 2)]" },
        { 19, "float[1,1,2,H] x", "",
          "y = MaxPool<kernel_shape = [1, 1], strides = [2, 2], ceil_mode = 1>(x)",
          "float[1,1,1,min(floor(H / 2) + 1, floor((H + 1) / 2))]" },
        { 19, "float[1,1,2,H] x", "",
          "y = MaxPool<kernel_shape = [2, 2], strides = [2, 2], pads = [0, 0, 1, 1], "
          "ceil_mode = 1>(x)", "float[1,1,1,min(floor(H / 2) + 1, floor((H + 1) / 2))]" },
    };
    TEST_INFER(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(last_window_may_not_start_in_the_padding),
    };
    return test_run(tests);
}
