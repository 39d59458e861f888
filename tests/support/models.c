#include "support/models.h"

#include "ir/check.h"
#include "ir/text.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>

pare_model *test_model_parse(pare_ctx *ctx, const char *text)
{
    pare_model *model = NULL;
    pare_status st = pare_text_parse(ctx, &model, text);
    if (!st) st = pare_graph_check(ctx, model, "parsing");
    if (st) fail_msg("%s: %s\n%s", pare_status_name(st), ctx->message, text);
    return model;
}

char *test_model_text(pare_ctx *ctx, const pare_model *model)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    const pare_status st = pare_text_write(ctx, f, model);
    fclose(f);
    if (st) fail_msg("%s: %s", pare_status_name(st), ctx->message);
    return text;
}

void test_model_equals(pare_ctx *ctx, const pare_model *model, const char *want)
{
    if (pare_graph_check(ctx, model, NULL)) fail_msg("%s", ctx->message);
    char *text = test_model_text(ctx, model);
    assert_string_equal(text, want);
    free(text);
}
