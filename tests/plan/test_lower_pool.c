/* Pools by fast kernels: edges of windows. */
#include "support/lowered.h"
#include "support/test.h"

#include <stdio.h>

static void check(const char *op, const char *attrs, const char *x, const char *y)
{
    char text[1024];
    snprintf(text, sizeof(text), "g (float[%s] X) => (float[%s] Y) { Y = %s%s (X) }", x, y, op,
             attrs);
    test_lowered(text, 0, 0, 0);
}

static const struct {
    const char *attrs, *x, *y;
} windows[] = {
    { "<kernel_shape = [3, 3]>", "1,1,3,3", "1,1,1,1" },
    { "<kernel_shape = [3, 3], strides = [2, 2], pads = [1, 1, 1, 1]>", "2,9,7,8", "2,9,4,4" },
    { "<kernel_shape = [2, 3], strides = [2, 3], pads = [0, 1, 1, 2], ceil_mode = 1>", "1,17,6,11",
      "1,17,4,5" },
    { "<kernel_shape = [3, 2], dilations = [2, 3], pads = [2, 1, 1, 2]>", "1,5,9,8", "1,5,8,8" },
    { "<kernel_shape = [4, 4], strides = [3, 3], auto_pad = \"SAME_UPPER\">", "1,8,10,7",
      "1,8,4,3" },
    { "<kernel_shape = [4, 4], strides = [3, 3], auto_pad = \"SAME_LOWER\">", "1,8,10,7",
      "1,8,4,3" },
    { "<kernel_shape = [2, 2], auto_pad = \"VALID\", strides = [2, 2]>", "3,33,5,5", "3,33,2,2" },
    { "<kernel_shape = [5], pads = [2, 2], strides = [2]>", "2,12,31", "2,12,16" },
    { "<kernel_shape = [3, 1, 2], pads = [1, 0, 1, 1, 0, 0]>", "2,3,4,3,5", "2,3,4,3,5" },
    { "<kernel_shape = [6, 6]>", "1,40,6,6", "1,40,1,1" },
    { "<kernel_shape = [2, 2]>", "0,4,3,3", "0,4,2,2" },
};

static void windows_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
        char attrs[512];
        check("MaxPool", windows[i].attrs, windows[i].x, windows[i].y);
        check("AveragePool", windows[i].attrs, windows[i].x, windows[i].y);
        snprintf(attrs, sizeof(attrs), "<count_include_pad = 1, %s", windows[i].attrs + 1);
        check("AveragePool", attrs, windows[i].x, windows[i].y);
    }
}

static void whole_images_agree(void **state)
{
    static const char *const sizes[][2] = {
        { "1,1,1,1", "1,1,1,1" },     { "3,7,5,4", "3,7,1,1" }, { "2,130,7,7", "2,130,1,1" },
        { "2,64,33", "2,64,1" },      { "1,20,3,4,5", "1,20,1,1,1" },
        { "2,3,0,4", "2,3,1,1" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        check("GlobalAveragePool", "", sizes[i][0], sizes[i][1]);
        check("GlobalMaxPool", "", sizes[i][0], sizes[i][1]);
    }
}

/* Behind other kernels, whose pixels may have gaps between them. */
static void follows_convolution(void **state)
{
    (void)state;
    test_lowered("g (float[2,9,9,9] X) => (float[2,13] Z) {\n"
                 "  S = Constant <value_ints = [13, 9, 1, 1]> ()\n"
                 "  W = ConstantOfShape <value = float[1] {0.25}> (S)\n"
                 "  h = Conv (X, W)\n"
                 "  m = MaxPool <kernel_shape = [3, 3], strides = [2, 2]> (h)\n"
                 "  a = AveragePool <kernel_shape = [2, 2]> (m)\n"
                 "  y = GlobalAveragePool (a)\n"
                 "  Z = Flatten (y)\n"
                 "}", 0, 0, 0);
}

static void indices_stay_islands(void **state)
{
    (void)state;
    test_lowered("g (float[1,2,4,4] X) => (float[1,2,3,3] Y, int64[1,2,3,3] I) {"
                 " Y, I = MaxPool <kernel_shape = [2, 2]> (X) }", 0, 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_agree),
        cmocka_unit_test(whole_images_agree),
        cmocka_unit_test(follows_convolution),
        cmocka_unit_test(indices_stay_islands),
    };
    return test_run(tests);
}
