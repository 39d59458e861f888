/* Plans, sessions and runners with the nth allocation failing: ENOMEM in words, and nothing
 * leaks. */
#include "run/runner.h"
#include "ir/text.h"
#include "op/sample.h"
#include "support/test.h"
#include "support/test_ctx.h"

static const char fast[] =
    "<ir_version: 8, opset_import: [\"\" : 17]>\n"
    "g (float[N,2,4,4] x) => (y, z) <float[3,2,1,1] w = {1, 2, 3, 4, 5, 6}, float[48,2] v = {"
    "-3, -2, -1, 0, 1, 2, 3, -3, -2, -1, 0, 1, 2, 3, -3, -2, -1, 0, 1, 2, 3, -3, -2, -1, "
    "0, 1, 2, 3, -3, -2, -1, 0, 1, 2, 3, -3, -2, -1, 0, 1, 2, 3, -3, -2, -1, 0, 1, 2, 3, "
    "-3, -2, -1, 0, 1, 2, 3, -3, -2, -1, 0, 1, 2, 3, -3, -2, -1, 0, 1, 2, 3, -3, -2, -1, "
    "0, 1, 2, 3, -3, -2, -1, 0, 1, 2, 3, -3, -2, -1, 0, 1, 2, 3, -3, -2, -1, 0, 1 "
    "}, int64[2] to = {0, -1}, float[3,1,1] b = {1, 2, 3}> {\n"
    "  c = Conv (x, w)\n"
    "  a = Add (c, b)\n"
    "  r = Relu (a)\n"
    "  f = Reshape (r, to)\n"
    "  y = MatMul (f, v)\n"
    "  p, q = Split <axis = 1> (r, ones)\n"
    "  z = Softmax (q)\n"
    "  ones = Constant <value_ints = [1, 2]> ()\n"
    "}\n";

static const char islands[] =
    "<ir_version: 8, opset_import: [\"\" : 17]>\n"
    "g (float[N,4] x, int64 n, bool k) => (y, w, s) {\n"
    "  h = Exp (x)\n"
    "  y = If (k) <then_branch = a () => (t) { t = Relu (h) },\n"
    "              else_branch = b () => (e) { e = Neg (x) }>\n"
    "  at = NonZero (x)\n"
    "  w = Cast <to = 1> (at)\n"
    "  s = SequenceConstruct (h, x)\n"
    "}\n";

typedef struct job {
    const char *text;
    const char *kept;
    uint64_t cache_bytes;
} job;

static pare_status look(void *user, pare_ctx *ctx, const pare_observed *value)
{
    (void)user;
    (void)ctx;
    return value->data || value->datum ? PARE_OK : PARE_EUSAGE;
}

static pare_status run_once(pare_ctx *ctx, pare_runner *runner, const pare_model *model, int64_t n)
{
    const pare_binding dims[] = { { "N", n }, { NULL, 0 } };
    const pare_infer_opts shapes = { .dims = dims };
    const pare_sample_opts opts = { .shapes = &shapes, .quiet = true };
    pare_eval_input *inputs = NULL;
    pare_datum *out = NULL;
    size_t n_inputs = 0;
    pare_status st = pare_sample_inputs(ctx, &inputs, &n_inputs, model, &opts);
    if (!st) st = pare_runner_run(ctx, &out, runner, NULL, inputs, n_inputs);
    pare_datums_free(ctx, out, model->graph->outputs.n);
    pare_sample_free(ctx, inputs, n_inputs);
    return st;
}

static pare_status work(pare_ctx *ctx, void *user)
{
    const job *j = user;
    pare_model *model = NULL;
    pare_runner *runner = NULL;
    pare_value_id kept[2];
    pare_status st = pare_text_parse(ctx, &model, j->text);
    if (!st) {
        for (size_t i = 0; i < 2; i++)
            kept[i] = pare_graph_find(model->graph, (char[]){ j->kept[i], '\0' });
        const pare_runner_opts opts = { .kept = kept, .n_kept = 2, .observe = look,
                                        .cache_bytes = j->cache_bytes };
        st = pare_runner_new(ctx, &runner, model, &opts);
    }
    if (!st) pare_runner_measure(runner);
    for (int64_t n = 1; !st && n < 4; n++) st = run_once(ctx, runner, model, n < 3 ? n : 1);
    pare_runner_free(ctx, runner);
    pare_model_free(ctx, model);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    job jobs[] = { { fast, "rq", 0 }, { islands, "hs", 1 } };
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
        assert_true(test_ctx_torture(work, &jobs[i]) > 100);
}

static pare_status replace(pare_ctx *ctx, void *user)
{
    pare_model *model = NULL;
    pare_runner *runner = NULL;
    pare_tensor *zeros = NULL;
    pare_status st = pare_text_parse(ctx, &model, user);
    const pare_value_id w = st ? 0 : pare_graph_find(model->graph, "w");
    const pare_runner_opts opts = { .variable = &w, .n_variable = 1 };
    if (!st) st = pare_runner_new(ctx, &runner, model, &opts);
    if (!st) st = run_once(ctx, runner, model, 1);
    if (!st) st = pare_tensor_new(ctx, &zeros, PARE_FLOAT, 4, (int64_t[]){ 3, 2, 1, 1 });
    if (!st) st = pare_runner_set_tensor(ctx, runner, w, zeros);
    pare_tensor_unref(zeros);
    if (!st) st = run_once(ctx, runner, model, 2);
    pare_runner_free(ctx, runner);
    pare_model_free(ctx, model);
    return st;
}

static void replacing_may_fail(void **state)
{
    (void)state;
    assert_true(test_ctx_torture(replace, (void *)fast) > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_allocation_may_fail),
                                        cmocka_unit_test(replacing_may_fail) };
    return test_run(tests);
}
