/* Products with weights of 4 and 8 bits, in plans of every level: the bits of eval. */
#include "support/lowered.h"
#include "support/test.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef struct nbits_row {
    const char *x;            /* dims but the last */
    int n, k, bits, block, level;
    bool zeros, bias;
} nbits_row;

static const nbits_row rows[] = {
    { "1", 5, 16, 4, 16, 0, false, false },
    { "1", 40, 70, 4, 32, 0, true, false },
    { "1", 40, 70, 4, 32, 4, true, true },
    { "3", 33, 100, 8, 16, 0, false, true },
    { "3", 33, 100, 8, 128, 4, true, false },
    { "4", 33, 130, 4, 16, 0, true, true },
    { "2,9", 31, 300, 4, 32, 4, false, false },
    { "17", 70, 600, 4, 128, 0, true, false },
    { "150", 20, 64, 8, 32, 4, true, true },
    { "2", 8, 700, 4, 512, 4, true, false },
    { "5", 8, 700, 4, 512, 0, true, false },
    { "0", 8, 32, 4, 16, 0, false, false },
};

enum { TEXT_BYTES = 3000 };

static void add(char *text, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(char *text, const char *fmt, ...)
{
    va_list args;
    const size_t n = strlen(text);
    va_start(args, fmt);
    vsnprintf(text + n, TEXT_BYTES - n, fmt, args);
    va_end(args);
}

/* A constant of n numbers from 0 to 250, of this type, computed: no text is long enough. */
static void add_constant(char *text, const char *name, int n, int dtype)
{
    add(text, "  %s0 = Constant <value = int64[3] {0, %d, 1}> ()\n", name, n);
    add(text, "  %s1, %s2, %s3 = Split <axis = 0, num_outputs = 3> (%s0)\n", name, name, name,
        name);
    add(text, "  %s4 = Squeeze (%s1)\n  %s5 = Squeeze (%s2)\n  %s6 = Squeeze (%s3)\n", name, name,
        name, name, name, name);
    add(text, "  %s7 = Range (%s4, %s5, %s6)\n", name, name, name, name);
    add(text, "  %s8 = Constant <value_int = 97> ()\n  %s9 = Mul (%s7, %s8)\n", name, name, name,
        name);
    add(text, "  %sa = Constant <value_int = 251> ()\n  %sb = Mod (%s9, %sa)\n", name, name, name,
        name);
    add(text, "  %s = Cast <to = %d> (%sb)\n", name, dtype, name);
}

static void check(const nbits_row *r)
{
    char text[TEXT_BYTES] = "";
    const int blocks = (r->k + r->block - 1) / r->block;
    add(text, "g (float[%s,%d] x) => (float[] y) {\n", r->x, r->k);
    add_constant(text, "b", r->n * blocks * r->block * r->bits / 8, 2);
    add_constant(text, "s", r->n * blocks, 1);
    if (r->zeros) add_constant(text, "z", r->n * ((blocks * r->bits + 7) / 8), 2);
    if (r->bias) add_constant(text, "c", r->n, 1);
    add(text, "  y = com.microsoft.MatMulNBits <N = %d, K = %d, bits = %d, block_size = %d, ", r->n,
        r->k, r->bits, r->block);
    add(text, "accuracy_level = %d> (x, b, s, %s, , %s)\n}\n", r->level, r->zeros ? "z" : "",
        r->bias ? "c" : "");
    test_lowered(text, 0, 0, 0);
}

static void weights_of_few_bits_multiply_as_eval_has_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) check(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_of_few_bits_multiply_as_eval_has_it),
    };
    return test_run(tests);
}
