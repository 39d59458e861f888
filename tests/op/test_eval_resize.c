#include "support/eval.h"
#include "support/test.h"

static void nearest(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 7, "float[2] x = {1, 2}", "y = Upsample<scales = [2.0]>(x)", "float[4] {1, 1, 2, 2}" },
        { 9, "float[2] x = {1, 2}, float[1] s = {1.5}", "y = Upsample(x, s)",
          "float[3] {1, 1, 2}" },
        /* before opset 11 smaller pictures took the next element, larger ones the last */
        { 10, "float[4] x = {1, 2, 3, 4}, float[1] s = {0.6}", "y = Resize(x, s)",
          "float[2] {1, 3}" },
        { 11, "float[4] x = {1, 2, 3, 4}, float[1] s = {0.5}", "y = Resize(x, \"\", s)",
          "float[2] {1, 3}" },
        { 13, "float[4] x = {1, 2, 3, 4}, float[1] s = {0.5}",
          "y = Resize<nearest_mode = \"round_prefer_ceil\">(x, \"\", s)", "float[2] {2, 4}" },
        { 13, "float[2] x = {1, 2}, int64[1] z = {5}",
          "y = Resize<nearest_mode = \"ceil\", coordinate_transformation_mode = \"asymmetric\">"
          "(x, \"\", \"\", z)",
          "float[5] {1, 2, 2, 2, 2}" },
        { 13, "string[2] x = {\"a\", \"b\"}, float[1] s = {2}", "y = Resize(x, \"\", s)",
          "string[4] {'a', 'a', 'b', 'b'}" },
        { 13, "bool[2] x = {1, 0}, float[1] s = {2}", "y = Resize(x, \"\", s)",
          "bool[4] {1, 1, 0, 0}" },
        { 13, "uint8[2] x = {1, 2}, float[2] r = {0.5, 1.5}, float[1] s = {2}",
          "y = Resize<coordinate_transformation_mode = \"tf_crop_and_resize\", "
          "extrapolation_value = 7.0>(x, r, s)",
          "uint8[4] {1, 2, 7, 7}" },
        { 18, "float[2,2] x = {1, 2, 3, 4}, int64[1] z = {1}",
          "y = Resize<axes = [-1]>(x, \"\", \"\", z)", "float[2,1] {1, 3}" },
        { 18, "float[2,4] x = {1, 2, 3, 4, 5, 6, 7, 8}, int64[2] z = {2, 2}",
          "y = Resize<keep_aspect_ratio_policy = \"not_larger\">(x, \"\", \"\", z)",
          "float[1,2] {1, 3}" },
        { 13, "float[0] x = {}, int64[1] z = {2}", "y = Resize(x, \"\", \"\", z)",
          "error: expected elements along axis 0, found none" },
        { 13, "float[1] x = {1}, int64[1] z = {0}", "y = Resize(x, \"\", \"\", z)",
          "float[0] {}" },
    };
    TEST_EVAL(rows);
}

static void smooth(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 9, "float[2] x = {1, 3}, float[1] s = {2}", "y = Upsample<mode = \"linear\">(x, s)",
          "float[4] {1, 2, 3, 3}" },
        { 13, "float[2] x = {1, 3}, float[1] s = {2}",
          "y = Resize<mode = \"linear\">(x, \"\", s)", "float[4] {1, 1.5, 2.5, 3}" },
        { 13, "double[2] x = {1, 3}, int64[1] z = {3}",
          "y = Resize<mode = \"linear\", coordinate_transformation_mode = \"align_corners\">"
          "(x, \"\", \"\", z)",
          "double[3] {1, 2, 3}" },
        { 13, "float[1,2,2] x = {0, 2, 4, 6}, int64[3] z = {1, 3, 3}",
          "y = Resize<mode = \"linear\", coordinate_transformation_mode = \"align_corners\">"
          "(x, \"\", \"\", z)",
          "float[1,3,3] {0, 1, 2, 2, 3, 4, 4, 5, 6}" },
        { 13, "float[4] x = {0, 0, 1, 0}, int64[1] z = {8}",
          "y = Resize<mode = \"cubic\", coordinate_transformation_mode = \"asymmetric\">"
          "(x, \"\", \"\", z)",
          "float[8] {0, -0.09375, 0, 0.59375, 1, 0.59375, 0, -0.09375}" },
        { 13, "float[2] x = {1, 3}, int64[1] z = {4}",
          "y = Resize<mode = \"cubic\", exclude_outside = 1, "
          "coordinate_transformation_mode = \"asymmetric\">(x, \"\", \"\", z)",
          "float[4] {1, 2, 3, 3.375}" },
        { 18, "float[4] x = {0, 0, 4, 4}, int64[1] z = {2}",
          "y = Resize<mode = \"linear\", antialias = 1>(x, \"\", \"\", z)",
          "float[2] {0.5, 3.5}" },
        /* integers are cut off, rounded when antialiased, and never wrap */
        { 13, "uint8[2] x = {0, 255}, int64[1] z = {4}",
          "y = Resize<mode = \"linear\">(x, \"\", \"\", z)", "uint8[4] {0, 63, 191, 255}" },
        { 13, "int32[2] x = {-3, 2}, int64[1] z = {3}",
          "y = Resize<mode = \"linear\">(x, \"\", \"\", z)", "int32[3] {-3, 0, 2}" },
        { 18, "uint8[4] x = {0, 0, 255, 255}, int64[1] z = {2}",
          "y = Resize<mode = \"linear\", antialias = 1>(x, \"\", \"\", z)", "uint8[2] {32, 223}" },
        { 13, "uint8[4] x = {0, 0, 255, 255}, int64[1] z = {7}",
          "y = Resize<mode = \"cubic\", coordinate_transformation_mode = \"align_corners\">"
          "(x, \"\", \"\", z)",
          "uint8[7] {0, 0, 0, 127, 255, 255, 255}" },
        { 13, "float[3] x = {1, 2, 3}, float[2] r = {-0.5, 1}, int64[1] z = {4}",
          "y = Resize<mode = \"linear\", extrapolation_value = 9.0, "
          "coordinate_transformation_mode = \"tf_crop_and_resize\">(x, r, \"\", z)",
          "float[4] {9, 1, 2, 3}" },
        { 13, "string[2] x = {\"a\", \"b\"}, float[1] s = {2}",
          "y = Resize<mode = \"linear\">(x, \"\", s)", "error: type string" },
    };
    TEST_EVAL(rows);
}

static void grids(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 16, "float[1,1,2,2] x = {1, 2, 3, 4}, float[1,1,3,2] g = {-1, -1, 0, 0, 1, 1}",
          "y = GridSample<align_corners = 1>(x, g)", "float[1,1,1,3] {1, 2.5, 4}" },
        { 16, "float[1,1,2,2] x = {1, 2, 3, 4}, float[1,1,3,2] g = {-1, -1, 0, 0, 1, 1}",
          "y = GridSample(x, g)", "float[1,1,1,3] {0.25, 2.5, 1}" },
        { 16, "float[1,1,1,2] x = {1, 2}, float[1,1,3,2] g = {-3, 0, 3, 0, nan, 0}",
          "y = GridSample<padding_mode = \"border\">(x, g)", "float[1,1,1,3] {1, 2, 1}" },
        { 16, "float[1,1,1,3] x = {1, 2, 3}, float[1,1,3,2] g = {-2, 0, 2, 0, 4, 0}",
          "y = GridSample<padding_mode = \"reflection\", align_corners = 1>(x, g)",
          "float[1,1,1,3] {2, 2, 2}" },
        { 20, "string[1,1,3] x = {\"a\", \"b\", \"c\"}, float[1,2,1] g = {-1, 0.9}",
          "y = GridSample<mode = \"nearest\", align_corners = 1>(x, g)",
          "string[1,1,2] {'a', 'c'}" },
        { 20, "float[1,1,2,1,1] x = {1, 2}, float[1,1,1,1,3] g = {0, 0, 0}",
          "y = GridSample(x, g)", "float[1,1,1,1,1] {1.5}" },
        { 20, "double[1,1,4] x = {0, 0, 1, 0}, double[1,1,1] g = {0}",
          "y = GridSample<mode = \"cubic\">(x, g)", "double[1,1,1] {0.59375}" },
        { 16, "float[1,1,0,2] x = {}, float[1,1,1,2] g = {0, 0}", "y = GridSample(x, g)",
          "error: expected images with elements" },
        { 16, "float[1,0,2,2] x = {}, float[1,1,1,2] g = {0, 0}", "y = GridSample(x, g)",
          "float[1,0,1,1] {}" },
        { 20, "float[1,2,3] t = {1, 0, 0, 0, 1, 0}, int64[4] z = {1, 1, 1, 2}",
          "y = AffineGrid(t, z)", "float[1,1,2,2] {-0.5, 0, 0.5, 0}" },
        { 20, "float[1,2,3] t = {2, 0, 1, 0, 1, 0}, int64[4] z = {1, 1, 1, 2}",
          "y = AffineGrid<align_corners = 1>(t, z)", "float[1,1,2,2] {-1, -1, 3, -1}" },
        { 20, "float[1,2,2] t = {1, 0, 0, 0}, int64[4] z = {1, 1, 1, 2}", "y = AffineGrid(t, z)",
          "error: theta: expected [N,2,3], found [N,2,2]" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nearest),
        cmocka_unit_test(smooth),
        cmocka_unit_test(grids),
    };
    return test_run(tests);
}
