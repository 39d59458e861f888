/* Small models as text whose plans must give what eval gives. */
#ifndef TESTS_SUPPORT_LOWERED_H
#define TESTS_SUPPORT_LOWERED_H

#include "base/ctx.h"

#include <stddef.h>

/* Runs the text of a graph (see ir/text.h; opset 21 of ONNX) by eval and by plans of every level,
 * with random inputs of the sizes it declares: floats of test_any_float, integers in [-low, high].
 * The test fails when they differ, or when the plan has another number of islands. */
void test_lowered(const char *graph, int low, int high, size_t n_islands);

/* The same of which running must fail, with EFORMAT and this message in the plan. */
void test_lowered_fails(const char *graph, int low, int high, const char *message);

#endif
