/* Inference over models of a few lines, as tables. */
#ifndef TESTS_SUPPORT_INFER_H
#define TESTS_SUPPORT_INFER_H

#include <stddef.h>

/* One model: outputs y, y2, y3, ... as many as `want` has parts. */
typedef struct test_infer_row {
    int opset;                /* of the default domain; com.microsoft is imported as 1 */
    const char *inputs;       /* e.g. "float[N,3] x, int64 i" */
    const char *constants;    /* initializers, e.g. "int64[2] s = {1, 2}" */
    const char *nodes;        /* e.g. "y = Reshape(x, s)" */
    const char *want;         /* what is inferred, parted by "; ": "float[N,3]", where the content
                                 is followed "int64[2] = {N, 3}"; or "error: " and a part of the
                                 message of the contradiction, or "issue: " of what is unknown */
} test_infer_row;

/* Checks every row; the test fails with the first that gives something else. */
void test_infer_rows(const test_infer_row *rows, size_t n);

#define TEST_INFER(rows) test_infer_rows((rows), sizeof(rows) / sizeof((rows)[0]))

#endif
