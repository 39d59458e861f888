/* Passes as tables: models as text before and after. */
#ifndef TESTS_SUPPORT_PASSES_H
#define TESTS_SUPPORT_PASSES_H

#include "base/ctx.h"

/* A model before and after a pass; after NULL: it stays as it is. */
typedef struct test_pass_row {
    const char *pass;
    const char *before, *after;
} test_pass_row;

/* Runs the pass of one row (user) and checks what it gives; for test_ctx_torture. */
pare_status test_pass_row_run(pare_ctx *ctx, void *user);

/* Checks every row, with every allocation failing once, and that the pass changes nothing when it
 * runs a second time. */
void test_pass_rows(const test_pass_row *rows, size_t n);

#endif
