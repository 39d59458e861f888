/* Convolutions by fast kernels: edges of windows, few channels. */
#include "support/lowered.h"
#include "support/test.h"

#include <stdio.h>

typedef struct row {
    const char *attrs, *x, *w, *y;
    int rank;                 /* of the three */
    int n_weights;
} row;

/* Filters are sines of 0, 1, 2, ..., so that they are constant. */
static void check(const row *r)
{
    char text[1024];
    snprintf(text, sizeof(text),
             "g (float[%s] X) => (float[%s] Y)\n"
             "<float zero = {0}, float one = {1}, float n = {%d}, int64[%d] s = {%s}>\n"
             "{ r = Range(zero, n, one)\n v = Sin(r)\n W = Reshape(v, s)\n"
             "  C = Conv%s (X, W)\n Y = Relu(C) }",
             r->x, r->y, r->n_weights, r->rank, r->w, r->attrs);
    test_lowered(text, 0, 0, 0);
}

static const row convs[] = {
    { "", "1,3,5,6", "4,3,1,1", "1,4,5,6", 4, 12 },
    { "<pads = [1, 1, 1, 1]>", "2,3,7,9", "17,3,3,3", "2,17,7,9", 4, 459 },
    { "<pads = [3, 3, 3, 3], strides = [2, 2]>", "1,3,15,14", "33,3,7,7", "1,33,8,7", 4, 4851 },
    { "<pads = [0, 1, 2, 0], strides = [2, 3]>", "2,1,8,11", "5,1,3,2", "2,5,4,4", 4, 30 },
    { "<strides = [3, 3]>", "1,2,8,8", "3,2,2,2", "1,3,3,3", 4, 24 },
    { "<dilations = [2, 1], pads = [2, 1, 2, 1]>", "1,4,9,8", "6,4,3,3", "1,6,9,8", 4, 216 },
    { "<dilations = [1, 2], pads = [1, 2, 1, 2]>", "1,4,9,8", "6,4,3,3", "1,6,9,8", 4, 216 },
    { "<group = 2, pads = [1, 1, 1, 1]>", "1,6,5,5", "8,3,3,3", "1,8,5,5", 4, 216 },
    { "<pads = [2, 2], strides = [2]>", "2,7,31", "9,7,5", "2,9,16", 3, 315 },
    { "<pads = [1, 0, 1, 1, 2, 0]>", "2,2,4,5,6", "3,2,3,3,2", "2,3,4,5,6", 5, 108 },
    { "<pads = [1, 1, 1, 1]>", "2,16,9,8", "40,16,3,3", "2,40,9,8", 4, 5760 },
    { "<strides = [2, 2]>", "3,12,9,9", "20,12,1,1", "3,20,5,5", 4, 240 },
    { "", "3,24,7,7", "20,24,1,1", "3,20,7,7", 4, 480 },
};

static void convolutions_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(convs) / sizeof(convs[0]); i++) check(&convs[i]);
}

/* One number per channel that is added behind; a residual and BatchNormalization after it. */
static void sums_with_channels_agree(void **state)
{
    (void)state;
    static const char *const tails[] = {
        " Y = Add(C, b) ", " s = Add(b, C)\n Y = Relu(s) ", " s = Add(C, b)\n Y = Add(s, C) ",
        " s = Add(C, b)\n t = Add(s, R)\n Y = Relu(t) ",
        " s = Add(C, b)\n Y = BatchNormalization(s, v4, v4, v4, v4) ",
        " s = BatchNormalization(C, v4, v4, v4, v4)\n Y = Add(s, b) ",
    };
    static const char *const convs_of_4[] = {
        "<float[4,4,1,1] W = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7}, float[4,1,1] b = "
        "{1, -2, 3, 4}, float[4] v4 = {1, 2, 3, 4}> { C = Conv(X, W)\n",
        "<float[4,2,1,1] W = {1, 2, 3, 4, 5, 6, 7, 8}, float[1,4,1,1] b = {1, -2, 3, 4}, "
        "float[4] v4 = {1, 2, 3, 4}> { C = Conv<group = 2>(X, W)\n",
        "<float[4,1,1,1] W = {1, 2, 3, 4}, float[4,1,1] b = {1, -2, 3, 4}, "
        "float[4] v4 = {1, 2, 3, 4}> { C = Conv<group = 4>(X, W)\n",
        "<float[4,2,1,1] W = {1, 2, 3, 4, 5, 6, 7, 8}, float[4,1,1] b = {1, -2, 3, 4}, "
        "float[4] v4 = {1, 2, 3, 4}> { C = ConvTranspose<group = 2>(X, W)\n",
    };
    for (size_t i = 0; i < 4 * (sizeof(tails) / sizeof(tails[0])); i++) {
        char text[1024];
        snprintf(text, sizeof(text),
                 "g (float[2,4,3,5] X, float[2,4,3,5] R) => (float[2,4,3,5] Y)\n%s%s}",
                 convs_of_4[i % 4], tails[i / 4]);
        test_lowered(text, 0, 0, 0);
    }
}

/* A constant bias of the wrong length is not read as if it were as long as the filters. */
static void bias_has_one_number_per_filter(void **state)
{
    (void)state;
    static const char *const groups[] = { "1", "2" }; /* 2: a filter for each channel */
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        char text[512];
        snprintf(text, sizeof(text),
                 "g (float[1,2,3,3] X) => (float[1,2,3,3] Y)\n"
                 "<float[2,%s,1,1] W = {1, 2%s}, float[1] B = {1}>\n"
                 "{ Y = Conv<group = %s> (X, W, B) }",
                 i ? "1" : "2", i ? "" : ", 3, 4", groups[i]);
        test_lowered_fails(text, 0, 0,
                           "node of output 'Y' (Conv): bias: expected 2 numbers, found 1");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_agree),
        cmocka_unit_test(sums_with_channels_agree),
        cmocka_unit_test(bias_has_one_number_per_filter),
    };
    return test_run(tests);
}
