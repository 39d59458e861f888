#include "support/passes.h"

#include "pass/pass.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdlib.h>

pare_status test_pass_row_run(pare_ctx *ctx, void *user)
{
    const test_pass_row *row = user;
    test_ctx plain; /* the models are read and printed without failures */
    test_ctx_init(&plain);
    pare_pass_stats stats = { 0 };
    pare_model *parsed = test_model_parse(&plain.ctx, row->before);
    pare_model *model = NULL;
    pare_status st = pare_model_clone(ctx, &model, parsed);
    if (!st) st = pare_pass_run(ctx, model, pare_pass_find(row->pass), NULL, &stats);
    if (!st) {
        pare_model *want =
            row->after ? test_model_parse(&plain.ctx, row->after) : NULL;
        char *text = test_model_text(&plain.ctx, want ? want : parsed);
        test_model_equals(&plain.ctx, model, text);
        assert_int_equal(pare_pass_changed(&stats), row->after != NULL);
        free(text);
        pare_model_free(&plain.ctx, want);
    }
    pare_model_free(ctx, model);
    pare_model_free(&plain.ctx, parsed);
    assert_int_equal(test_ctx_live_bytes(&plain), 0);
    return st;
}

void test_pass_rows(const test_pass_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        test_pass_row row = rows[i];
        test_ctx_torture(test_pass_row_run, &row);
        if (!row.after) continue;
        row = (test_pass_row){ row.pass, row.after, NULL }; /* a second time changes nothing */
        test_ctx_torture(test_pass_row_run, &row);
    }
}
