/* Graphs of a few nodes that plans are expected to take whole, against what eval gives. */
#ifndef TESTS_SUPPORT_PLANNED_H
#define TESTS_SUPPORT_PLANNED_H

#include "op/eval.h"

#include <stddef.h>

/* One graph, as ir/text.h has them, of opset 20 and com.microsoft 1 unless it says otherwise. */
typedef struct test_planned_row {
    const char *graph;
    size_t n_islands;         /* nodes that are left to eval */
    int opset;                /* 0: 20 */
} test_planned_row;

/* The test fails unless plans of every graph give the bits of eval, on random inputs, at every
 * level and with one and two threads, and have as many islands as the row says. */
void test_planned(const test_planned_row *rows, size_t n);

/* The test fails unless making a plan of each graph survives every allocation that may fail. */
void test_planned_torture(const test_planned_row *rows, size_t n);

/* Fails the test, naming the graph, unless eval runs the model on these inputs, plans of all levels
 * agree with it, and that of the best level leaves as many nodes to eval. */
void test_plan_expect(pare_ctx *ctx, const pare_model *model, const pare_eval_input *inputs,
                      size_t n, size_t n_islands, const char *graph);

#endif
