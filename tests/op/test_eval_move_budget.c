#include "base/budget.h"
#include "op/eval.h"
#include "support/models.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

/* Results that are far larger than what they are made of, with 16 MiB to hold them: one message
 * that names node and result, and never more memory than that. */

enum { BUDGET_BYTES = 16 << 20 };

typedef struct row {
    const char *constants, *node, *want;
} row;

static void check(const row *r)
{
    char text[1024];
    pare_ctx plain;
    pare_ctx ctx;
    pare_budget budget;
    pare_datum *out = NULL;
    pare_ctx_init(&plain, NULL);
    pare_budget_init(&budget, &plain, BUDGET_BYTES);
    const pare_ctx_opts opts = { .allocator = pare_budget_allocator(&budget) };
    pare_ctx_init(&ctx, &opts);
    snprintf(text, sizeof(text),
             "<ir_version: 10, opset_import: [\"\" : 21]>\ng () => (y) <%s> {\n[big] y = %s\n}\n",
             r->constants, r->node);
    pare_model *model = test_model_parse(&plain, text);
    const pare_status st = pare_eval_model(&ctx, &out, model, NULL, 0, NULL);
    if (st != PARE_ENOMEM || !strstr(ctx.message, "'big'") || !strstr(ctx.message, r->want))
        fail_msg("%s\nwant %s\ngot  %d: %s", r->node, r->want, (int)st, ctx.message);
    assert_int_equal(atomic_load(&budget.live_bytes), 0);
    assert_true(atomic_load(&budget.peak_bytes) <= BUDGET_BYTES);
    pare_model_free(&plain, model);
}

static void stays_within_its_budget(void **state)
{
    (void)state;
    static const row rows[] = {
        { "int64[2] s = {100000, 100000}", "ConstantOfShape(s)", "found float[100000,100000]" },
        { "float[1] x = {1}, int64[2] s = {100000, 100000}", "Expand(x, s)",
          "found float[100000,100000]" },
        { "string[1] x = {\"a\"}, int64[1] s = {10000000000}", "Expand(x, s)",
          "found string[10000000000]" },
        { "float[2] x = {1, 2}, int64[1] r = {5000000000}", "Tile(x, r)", "float[10000000000]" },
        { "float[2] x = {1, 2}, int64[2] p = {5000000000, 0}", "Pad(x, p)", "float[5000000002]" },
        { "float[2] x = {1, 2}, int64[2] p = {5000000000, 0}", "Pad<mode = \"edge\">(x, p)",
          "float[5000000002]" },
        { "int64 a = {0}, int64 b = {10000000000}, int64 c = {1}", "Range(a, b, c)",
          "int64[10000000000]" },
        { "double a = {0}, double b = {1}, double c = {1e-10}", "Range(a, b, c)", "double[" },
        { "int64[2] i = {0, 1}, int64 d = {10000000000}, float[2] v = {0, 1}", "OneHot(i, d, v)",
          "float[2,10000000000]" },
        { "float[2] x = {1, 2}, int64[1] s = {10000000000}", "CenterCropPad(x, s)",
          "float[10000000000]" },
        { "float[1,1,1] x = {1}, int64[2] i = {100000, 100000}, int64[2] b = {1, 1}",
          "Col2Im<strides = [100000, 100000]>(x, i, b)", "float[1,1,100000,100000]" },
        { "int4[1] x = {1}, int64[1] s = {10000000000}", "Expand(x, s)", "int4[10000000000]" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) check(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(stays_within_its_budget) };
    return test_run(tests);
}
