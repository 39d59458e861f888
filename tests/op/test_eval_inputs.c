#include "base/budget.h"
#include "op/eval.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdlib.h>

/* What pare_eval_model is given, and what bounds it. */

static const char plain[] =
    "<ir_version: 11, opset_import: [\"\" : 21]>\n"
    "g (float[N,2] x, int64[1] n, seq(float[]) s) => (y) <int64[1] n = {1}> {\n"
    "  y = Abs (x)\n"
    "}\n";

static pare_datum tensor_of(pare_ctx *ctx, pare_dtype dtype, uint32_t rank, const int64_t *dims)
{
    pare_datum d = { .kind = PARE_TYPE_TENSOR };
    assert_int_equal(pare_tensor_new(ctx, &d.tensor, dtype, rank, dims), PARE_OK);
    return d;
}

/* Evaluates `plain` with x and s as given, x twice where `again` says so. */
static void expect(const pare_datum *x, const char *name, const pare_datum *s, bool again,
                   const char *message)
{
    test_ctx t;
    test_ctx_init(&t);
    pare_model *model = test_model_parse(&t.ctx, plain);
    const uint64_t before = test_ctx_live_bytes(&t);
    pare_eval_input inputs[3];
    size_t n = 0;
    pare_datum *out = NULL;
    if (s) inputs[n++] = (pare_eval_input){ "s", *s };
    if (x) inputs[n++] = (pare_eval_input){ name, *x };
    if (again) inputs[n++] = (pare_eval_input){ name, *x };
    const pare_status st = pare_eval_model(&t.ctx, &out, model, inputs, n, NULL);
    if (st != (message ? PARE_EFORMAT : PARE_OK))
        fail_msg("%s: %s", pare_status_name(st), t.ctx.message);
    if (message) assert_string_equal(t.ctx.message, message);
    else pare_datum_drop(&t.ctx, &out[0]);
    pare_free(&t.ctx, out);
    assert_int_equal(test_ctx_live_bytes(&t), before);
    pare_model_free(&t.ctx, model);
}

static void wrong_inputs(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_ctx *ctx = &t.ctx;
    static const int64_t dims[] = { 3, 2, 1 };
    static const int64_t wide[] = { 3, 4 };
    pare_datum x = tensor_of(ctx, PARE_FLOAT, 2, dims);
    pare_datum other_dim = tensor_of(ctx, PARE_FLOAT, 2, wide);
    pare_datum other_rank = tensor_of(ctx, PARE_FLOAT, 3, dims);
    pare_datum other_type = tensor_of(ctx, PARE_INT8, 2, dims);
    pare_datum s = { .kind = PARE_TYPE_SEQUENCE, .items = &x, .n_items = 1 };
    pare_datum ints = { .kind = PARE_TYPE_SEQUENCE, .items = &other_type, .n_items = 1 };
    const pare_datum none = { .kind = PARE_TYPE_NONE };
    expect(&x, "x", &s, false, NULL);
    expect(NULL, "x", &s, false, "input 'x': expected a value, found none");
    expect(&none, "x", &s, false, "input 'x': expected float[N,2], found nothing");
    expect(&x, "z", &s, false, "input 'z': the model has no input of this name");
    expect(&x, "y", &s, false, "input 'y': the model has no input of this name");
    expect(&x, "x", &s, true, "input 'x': given twice");
    expect(&other_dim, "x", &s, false, "input 'x': expected float[N,2], found float[3,4]");
    expect(&other_rank, "x", &s, false, "input 'x': expected float[N,2], found float[3,2,1]");
    expect(&other_type, "x", &s, false, "input 'x': expected float[N,2], found int8[3,2]");
    expect(&s, "x", &s, false, "input 'x': expected float[N,2], found a sequence");
    expect(&x, "x", &x, false, "input 's': expected seq(tensor(float[])), found float[3,2]");
    expect(&x, "x", &ints, false, "input 's': expected seq(tensor(float[])), found a sequence");
    pare_datum_drop(ctx, &x);
    pare_datum_drop(ctx, &other_dim);
    pare_datum_drop(ctx, &other_rank);
    pare_datum_drop(ctx, &other_type);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* --- bounds ----------------------------------------------------------------------------------- */

#define HEAD "<ir_version: 11, opset_import: [\"\" : 21]>\ng () => (y) "

static const char endless[] =
    HEAD "<bool c = {1}, float x = {1}> {\n"
    "  y = Loop (\"\", c, x) <body = b (int64 i, bool k, float s) => (k, t) { t = Neg (s) }>\n"
    "}\n";
static const char collecting[] =
    HEAD "<float[1000] x = {1}, int64 n = {9223372036854775807}, bool c = {1}> {\n"
    "  s = SequenceEmpty ()\n"
    "  t = Loop (n, c, s) <body = b (int64 i, bool k, s0) => (k, s1) {\n"
    "    z = Neg (x) s1 = SequenceInsert (s0, z) }>\n"
    "  y = SequenceLength (t)\n"
    "}\n";
static const char carrying[] =
    HEAD "<float[1000] x = {1}, int64 n = {2000}, bool c = {1}> {\n"
    "  y = Loop (n, c, x) <body = b (int64 i, bool k, s) => (k, t) {\n"
    "    u = Neg (s) v = Neg (u) w = Neg (v) t = Neg (w) }>\n"
    "}\n";

/* x of a text above, whose 1000 elements nobody wants to write. */
static char *with_elements(const char *text)
{
    enum { N = 1000 };
    char *out = calloc(1, strlen(text) + 4 * N);
    const char *brace = strstr(text, "{1}");
    assert_non_null(out);
    memcpy(out, text, (size_t)(brace + 2 - text));
    char *to = out + (brace + 2 - text);
    for (int i = 1; strstr(text, "float[1000]") && i < N; i++, to += 3) memcpy(to, ", 1", 3);
    memcpy(to, brace + 2, strlen(brace + 2));
    return out;
}

/* Runs a model under a budget. */
static void run(const char *text, const pare_eval_opts *opts, uint64_t limit_bytes,
                    pare_status want, const char *message)
{
    char *full = with_elements(text);
    test_ctx t;
    test_ctx_init(&t);
    pare_model *model = test_model_parse(&t.ctx, full);
    pare_budget budget;
    pare_budget_init(&budget, &t.ctx, limit_bytes);
    pare_ctx ctx;
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .allocator = pare_budget_allocator(&budget) });
    pare_datum *out = NULL;
    const pare_status st =
        pare_budget_explain(&ctx, &budget, pare_eval_model(&ctx, &out, model, NULL, 0, opts));
    if (st != want) fail_msg("%s: %s", pare_status_name(st), ctx.message);
    if (message && !strstr(ctx.message, message)) fail_msg("%s", ctx.message);
    if (!st) pare_datum_drop(&ctx, &out[0]);
    pare_free(&ctx, out);
    assert_int_equal(budget.live_bytes, 0);
    pare_model_free(&t.ctx, model);
    free(full);
}

static void loops_are_bounded(void **state)
{
    (void)state;
    const pare_eval_opts few = { .max_iterations = 10 };
    run(endless, &few, 4 << 20, PARE_EBUDGET, "expected at most 10 iterations in all, found more");
    run(endless, NULL, 4 << 20, PARE_EBUDGET, "expected at most 1000000 iterations");
    run(collecting, NULL, 4 << 20, PARE_EBUDGET, "");
    /* what an iteration computes goes with it */
    run(carrying, NULL, 4 << 20, PARE_OK, NULL);
}

static void evaluation_is_canceled(void **state)
{
    (void)state;
    static volatile sig_atomic_t cancel = 1;
    test_ctx t;
    pare_datum *out = NULL;
    test_ctx_init(&t);
    pare_model *model = test_model_parse(&t.ctx, endless);
    t.ctx.opts.cancel = &cancel;
    assert_int_equal(pare_eval_model(&t.ctx, &out, model, NULL, 0, NULL), PARE_ECANCELED);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* --- graphs that are handed to functions ------------------------------------------------------ */

#define FUNCTIONS "<domain: \"my\", opset_import: [\"\" : 21, \"my\" : 1]>\n" \
                  "f <body> (c, x) => (y) {\n"                               \
                  "  z = Neg (x)\n"                                          \
                  "  y = If (c) <then_branch: graph = @body, else_branch: graph = @body>\n}\n"

static void graphs_through_functions(void **state)
{
    (void)state;
    static const char once[] =
        "<ir_version: 11, opset_import: [\"\" : 21, \"my\" : 1]>\n"
        "g () => (y) <bool c = {1}, float[1] x = {3}> {\n"
        "  y = my.f (c, x) <body = b () => (t) { t = Add (x, x) }>\n}\n" FUNCTIONS;
    static const char within[] =
        "<ir_version: 11, opset_import: [\"\" : 21, \"my\" : 1]>\n"
        "g () => (y) <bool c = {1}, float[1] x = {3}> {\n"
        "  y = my.f (c, x) <body = b () => (t) {\n"
        "    t = my.f (c, x) <body = b2 () => (u) { u = Add (x, x) }> }>\n}\n" FUNCTIONS;
    run(once, NULL, 1 << 20, PARE_OK, NULL);
    run(within, NULL, 1 << 20, PARE_EUNSUPPORTED, "runs inside of itself");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_inputs),
        cmocka_unit_test(loops_are_bounded),
        cmocka_unit_test(evaluation_is_canceled),
        cmocka_unit_test(graphs_through_functions),
    };
    return test_run(tests);
}
