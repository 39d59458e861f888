#include "support/eval.h"
#include "support/test.h"

#define ATTRS(bits, k) "N = 1, K = " k ", bits = " bits ", block_size = 16"
#define A_AND_SCALE "float[1,2] a = {1, 2}, float[1,1] s = {0.5}, "
/* codes 10 and 5 */
#define FOUR_BITS A_AND_SCALE "uint8[1,1,8] b = {90, 0, 0, 0, 0, 0, 0, 0}"

static void codes_of_any_width(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, FOUR_BITS, "y = com.microsoft.MatMulNBits<" ATTRS("4", "2") ">(a, b, s)",
          "float[1,1] {-2}" },
        { 13, A_AND_SCALE "uint8[1,1,4] b = {3, 0, 0, 0}",
          "y = com.microsoft.MatMulNBits<" ATTRS("2", "2") ">(a, b, s)", "float[1,1] {-1.5}" },
        { 13, A_AND_SCALE "uint8[1,1,16] b = {130, 127, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}",
          "y = com.microsoft.MatMulNBits<" ATTRS("8", "2") ">(a, b, s)", "float[1,1] {0}" },
        /* 5, 6 and 7, the last one across two bytes */
        { 13, "float[3] a = {1, 2, 4}, float[1] s = {0.5}, uint8[1,1,6] b = {245, 1, 0, 0, 0, 0}",
          "y = com.microsoft.MatMulNBits<" ATTRS("3", "3") ">(a, b, s)", "float[1] {8.5}" },
        { 13, "float16[2] a = {15360, 16384}, float16[1] s = {14336}, "
              "uint8[1,1,8] b = {90, 0, 0, 0, 0, 0, 0, 0}",
          "y = com.microsoft.MatMulNBits<" ATTRS("4", "2") ">(a, b, s)", "float16[1] {-2}" },
        { 13, "float[0,2] a = {}, float[1] s = {0.5}, uint8[8] b = {90, 0, 0, 0, 0, 0, 0, 0}",
          "y = com.microsoft.MatMulNBits<" ATTRS("4", "2") ">(a, b, s)", "float[0,1] {}" },
    };
    TEST_EVAL(rows);
}

static void zero_points_and_more(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, FOUR_BITS ", uint8[1,1] z = {243}",
          "y = com.microsoft.MatMulNBits<" ATTRS("4", "2") ">(a, b, s, z)", "float[1,1] {5.5}" },
        { 13, FOUR_BITS ", float[1,1] z = {0.5}",
          "y = com.microsoft.MatMulNBits<" ATTRS("4", "2") ">(a, b, s, z)", "float[1,1] {9.25}" },
        { 13, FOUR_BITS ", float[1] c = {100}",
          "y = com.microsoft.MatMulNBits<" ATTRS("4", "2") ">(a, b, s, \"\", \"\", c)",
          "float[1,1] {98}" },
        { 13, FOUR_BITS ", int32[2] g = {0, 0}",
          "y = com.microsoft.MatMulNBits<" ATTRS("4", "2") ">(a, b, s, \"\", g)",
          "float[1,1] {-2}" },
        { 13, FOUR_BITS ", int32[2] g = {0, 1}",
          "y = com.microsoft.MatMulNBits<" ATTRS("4", "2") ">(a, b, s, \"\", g)",
          "error: input 4: expected one of 1 blocks, found 1" },
        { 13, FOUR_BITS ", uint8[1,2] z = {3, 3}",
          "y = com.microsoft.MatMulNBits<" ATTRS("4", "2") ">(a, b, s, z)",
          "error: input 3: expected 1 elements, found 2" },
        { 13, FOUR_BITS, "y = com.microsoft.MatMulNBits<" ATTRS("3", "2") ">(a, b, s)",
          "error: input 1: expected 6 bytes" },
        { 13, FOUR_BITS, "y = com.microsoft.MatMulNBits<" ATTRS("4", "2") ">(a, b, b)",
          "error: input 2: expected 1 elements, found 8" },
    };
    TEST_EVAL(rows);
}

/* accuracy_level 4: a is 64 and 127 in units of 2 / 127, times 2 and -3 in units of 0.5. */
static void a_may_be_rounded_to_8_bits(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 13, FOUR_BITS,
          "y = com.microsoft.MatMulNBits<" ATTRS("4", "2") ", accuracy_level = 4>(a, b, s)",
          "float[1,1] {-1.992126}" },
        { 13, FOUR_BITS ", float[1] c = {100}",
          "y = com.microsoft.MatMulNBits<" ATTRS("4", "2") ", accuracy_level = 4>"
          "(a, b, s, \"\", \"\", c)", "float[1,1] {98.00787}" },
        { 13, "float[1,2] a = {0, 0}, float[1,1] s = {0.5}, "
              "uint8[1,1,8] b = {90, 0, 0, 0, 0, 0, 0, 0}",
          "y = com.microsoft.MatMulNBits<" ATTRS("4", "2") ", accuracy_level = 4>(a, b, s)",
          "float[1,1] {0}" },
        /* where zero points are floats, runtimes do not */
        { 13, FOUR_BITS ", float[1,1] z = {0.5}",
          "y = com.microsoft.MatMulNBits<" ATTRS("4", "2") ", accuracy_level = 4>(a, b, s, z)",
          "float[1,1] {9.25}" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_of_any_width),
        cmocka_unit_test(zero_points_and_more),
        cmocka_unit_test(a_may_be_rounded_to_8_bits),
    };
    return test_run(tests);
}
