#include "support/eval.h"
#include "support/test.h"

#define BOXES \
    "float[1,3,4] b = {0, 0, 1, 1, 0, 0, 1, 0.9, 0, 2, 1, 3}, float[1,1,3] s = {0.5, 0.9, 0.5}"

static void selecting(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 10, BOXES ", int64 m = {9}, float i = {0.5}", "y = NonMaxSuppression (b, s, m, i)",
          "int64[2,3] {0, 0, 1, 0, 0, 2}" },
        { 11, BOXES ", int64[1] m = {9}, float[1] i = {0.95}",
          "y = NonMaxSuppression (b, s, m, i)", "int64[3,3] {0, 0, 1, 0, 0, 0, 0, 0, 2}" },
        { 11, BOXES ", int64 m = {1}", "y = NonMaxSuppression (b, s, m)", "int64[1,3] {0, 0, 1}" },
        { 11, BOXES ", int64 m = {9}, float i = {0.95}, float t = {0.5}",
          "y = NonMaxSuppression (b, s, m, i, t)", "int64[1,3] {0, 0, 1}" },
        { 11, BOXES, "y = NonMaxSuppression (b, s)", "int64[0,3] {}" },
        { 11, BOXES ", int64 m = {-9223372036854775808}", "y = NonMaxSuppression (b, s, m)",
          "int64[0,3] {}" },
        { 11, BOXES ", int64 m = {9223372036854775807}, float i = {0.5}",
          "y = NonMaxSuppression (b, s, m, i)", "int64[2,3] {0, 0, 1, 0, 0, 2}" },
        { 11, BOXES ", int64 m = {1}, float i = {1.5}", "y = NonMaxSuppression (b, s, m, i)",
          "error: iou_threshold: expected 0 to 1, found 1.5" },
        { 11, BOXES ", int64[2] m = {1, 1}", "y = NonMaxSuppression (b, s, m)",
          "error: max_output_boxes_per_class: expected one int64" },
        { 11, "float[1,0,4] b = {}, float[1,2,0] s = {}, int64 m = {1}",
          "y = NonMaxSuppression (b, s, m)", "int64[0,3] {}" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(selecting) };
    return test_run(tests);
}
