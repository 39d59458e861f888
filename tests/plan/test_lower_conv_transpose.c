/* Transposed convolution by fast kernels: phases and borders. */
#include "support/lowered.h"
#include "support/test.h"

#include <stdio.h>

typedef struct row {
    const char *attrs, *x, *w, *y;
} row;

static const row rows[] = {
    { "", "1,1,1,1", "1,1,1,1", "1,1,1,1" },
    { "", "1,3,4,5", "3,2,3,3", "1,2,6,7" },
    { "<strides = [2, 2]>", "2,9,5,7", "9,17,2,2", "2,17,10,14" },
    { "<strides = [2, 2], pads = [1, 1, 1, 1]>", "1,8,9,13", "8,16,4,4", "1,16,18,26" },
    { "<strides = [2, 2], pads = [1, 1, 1, 1], output_padding = [1, 1]>", "1,5,4,4", "5,33,3,3",
      "1,33,8,8" },
    { "<strides = [3, 2], pads = [0, 2, 1, 0]>", "1,4,3,6", "4,5,2,5", "1,5,7,13" },
    { "<strides = [3, 4]>", "2,4,3,5", "4,7,2,3", "2,7,8,19" }, /* gaps: only the bias */
    { "<dilations = [2, 3]>", "1,4,3,5", "4,7,2,3", "1,7,5,11" },
    { "<strides = [2, 3], dilations = [3, 2], pads = [1, 2, 3, 0]>", "1,4,6,5", "4,7,3,3",
      "1,7,13,15" },
    { "<strides = [4, 2], dilations = [2, 2]>", "1,4,6,5", "4,7,3,3", "1,7,25,13" },
    { "<strides = [2, 2], auto_pad = \"SAME_UPPER\">", "1,3,4,5", "3,4,3,3", "1,4,8,10" },
    { "<strides = [2, 2], auto_pad = \"SAME_LOWER\">", "1,3,4,5", "3,4,3,3", "1,4,8,10" },
    { "<strides = [3, 2], output_shape = [10, 8]>", "1,1,3,3", "1,2,3,3", "1,2,10,8" },
    { "<group = 3, strides = [2, 2]>", "1,9,3,3", "9,4,3,3", "1,12,7,7" },
    { "<group = 4>", "2,4,5,5", "4,1,3,3", "2,4,7,7" },
    { "<strides = [8], pads = [4, 4]>", "1,12,100", "12,6,16", "1,6,800" },
    { "<strides = [2]>", "3,2,1000", "2,3,3", "3,3,2001" },
    { "<strides = [1, 2, 2], pads = [0, 1, 0, 0, 0, 1]>", "1,3,2,3,4", "3,5,2,3,3",
      "1,5,3,6,8" },
    { "<strides = [2, 2]>", "0,3,4,4", "3,2,2,2", "0,2,8,8" },
    { "", "1,3,0,4", "3,2,3,3", "1,2,2,6" },
    { "<pads = [4, 4, 4, 4]>", "1,2,9,9", "2,3,3,3", "1,3,3,3" },
};

static int n_of(const char *dims, int *second)
{
    int d[5] = { 1, 1, 1, 1, 1 };
    sscanf(dims, "%d,%d,%d,%d,%d", &d[0], &d[1], &d[2], &d[3], &d[4]);
    *second = d[1];
    return d[0] * d[1] * d[2] * d[3] * d[4];
}

/* Filters and bias are computed from constants before anything runs. */
static void check(const row *r, const char *bias, const char *tail)
{
    char text[2048];
    int unused = 0;
    int n_filters = 0;
    const int n = n_of(r->w, &unused);
    n_of(r->y, &n_filters);
    snprintf(text, sizeof(text),
             "g (float[%s] X, float[%s] U) => (float[%s] Y) {\n"
             "  zero = Constant <value_float = 0.0> ()\n"
             "  one = Constant <value_float = 1.0> ()\n"
             "  n = Constant <value_float = %d.0> ()\n"
             "  m = Constant <value_float = %d.0> ()\n"
             "  s = Constant <value_ints = [%s]> ()\n"
             "  a = Range (zero, n, one)\n  b = Sin (a)\n  W = Reshape (b, s)\n"
             "  c = Range (zero, m, one)\n  B = Cos (c)\n"
             "  h = ConvTranspose %s (X, W%s)\n%s}",
             r->x, r->y, r->y, n, n_filters, r->w, r->attrs, bias, tail);
    test_lowered(text, 0, 0, 0);
}

static void shapes_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check(&rows[i], "", "  Y = Identity (h)\n");
        check(&rows[i], ", B", "  Y = Identity (h)\n");
    }
}

/* What is fused behind it, and sums with a value in the same layout. */
static void tails_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        check(&rows[i], ", B", "  Y = Relu (h)\n");
        check(&rows[i], "", "  k = BatchNormalization (h, B, B, B, one_each)\n"
                            "  one_each = Abs (B)\n  Y = Relu (k)\n");
        check(&rows[i], "", "  k = Add (h, U)\n  Y = Relu (k)\n");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_agree),
        cmocka_unit_test(tails_agree),
    };
    return test_run(tests);
}
