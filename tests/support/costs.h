/* Costs of models of a few lines, as tables. */
#ifndef TESTS_SUPPORT_COSTS_H
#define TESTS_SUPPORT_COSTS_H

#include "op/cost.h"
#include "op/infer.h"

#include <stddef.h>

/* One model, of which the cost of the first node that is no Constant counts. */
typedef struct test_cost_row {
    int opset;             /* of the default domain; com.microsoft and ai.onnx.preview are imported
                              as 1 */
    const char *inputs;    /* e.g. "float[N,3] x, int64 i" */
    const char *constants; /* initializers, e.g. "int64[2] s = {1, 2}" */
    const char *node;      /* e.g. "y = Reshape(x, s)"; outputs are not declared */
    const char *want;      /* see test_cost_text; or "unmodelled: " and a part of the message */
} test_cost_row;

/* Checks every row; the test fails with the first that gives something else. */
void test_cost_rows(const test_cost_row *rows, size_t n);

#define TEST_COSTS(rows) test_cost_rows((rows), sizeof(rows) / sizeof((rows)[0]))

/* Writes what differs from a call that computes nothing and touches every element:
 *
 *     gemm 24 float*float = 1x2x3x4, 6 float, in1 12
 *
 * class of work, MACs with types and sizes of the product, other operations with their type, what
 * is touched of input 1 where that is not all; "view"; "8 to dequantize"; "window 9"; "3 runs", "at
 * most 3 runs"; "2 bodies, 1 runs". */
const char *test_cost_text(char *out, size_t out_bytes, const pare_cost *cost);

#endif
