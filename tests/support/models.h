/* Models from text and back, for tests that read better that way (ir/text.h has the syntax). */
#ifndef TESTS_SUPPORT_MODELS_H
#define TESTS_SUPPORT_MODELS_H

#include "ir/model.h"

/* The model that the text says, checked; the test fails when that cannot be. */
pare_model *test_model_parse(pare_ctx *ctx, const char *text);

/* The model as text, for the caller to free(). The test fails when it cannot be printed. */
char *test_model_text(pare_ctx *ctx, const pare_model *model);

/* The test fails unless the model prints as `want` and passes pare_graph_check. */
void test_model_equals(pare_ctx *ctx, const pare_model *model, const char *want);

#endif
