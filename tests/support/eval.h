/* Evaluation of models of a few lines, as tables. */
#ifndef TESTS_SUPPORT_EVAL_H
#define TESTS_SUPPORT_EVAL_H

#include <stddef.h>

/* One model without inputs: outputs y, y2, y3, ... as many as `want` has parts. */
typedef struct test_eval_row {
    int opset;                /* of the default domain; com.microsoft is imported as 1 */
    const char *constants;    /* initializers, e.g. "int64[2] s = {1, 2}" */
    const char *nodes;        /* e.g. "y = Abs(x)" */
    const char *want;         /* outputs, parted by "; ": "float[2] {0.5, -1}"; or "error: " and a
                                 part of the message */
} test_eval_row;

/* Checks every row; the test fails with the first that gives something else. Reals are printed with
 * 7 digits, strings in quotes; float16 constants are given as bit patterns. Rows that succeed are
 * run again with every allocation failing once. */
void test_eval_rows(const test_eval_row *rows, size_t n);

#define TEST_EVAL(rows) test_eval_rows((rows), sizeof(rows) / sizeof((rows)[0]))

#endif
