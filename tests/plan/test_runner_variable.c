/* Initializers that are replaced between runs: results are those of a model that holds the new
 * tensors, and nothing is made anew that does not have to be. */
#include "ir/graph.h"
#include "op/sample.h"
#include "run/runner.h"
#include "support/models.h"
#include "support/plan.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>

enum { MAX_VARIABLES = 8, ROUNDS = 3 };

/* All initializers whose names begin with a letter up to `last` are variable. */
typedef struct row {
    const char *graph;
    char last;
    int n_planned;            /* plans made for each tensor that is replaced */
} row;

#define W24 "{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6}"
#define W36                                                                                        \
    "{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, "  \
    "4, 5, 6, 7, 8, 9}"

static const row rows[] = {
    { "g (float[1,2,5,5] x) => (float[] y) <float[2,2,3,3] a = " W36 ", float[2] b = {1, 2}> {\n"
      "  c = Conv <pads = [1, 1, 1, 1]> (x, a, b)\n  y = Relu (c) }", 'b', 0 },
    { "g (float[1,9,5,5] x) => (float[] y) <float[4,9,1,1] a = " W36 ", float[4] b = {1, 2, 3, 4}> "
      "{\n  y = Conv (x, a, b) }", 'b', 0 },
    { "g (float[1,4,5,5] x) => (float[] y) <float[4,1,3,3] a = " W36 ", float[4] b = {1, 2, 3, 4}> "
      "{\n  y = Conv <group = 4> (x, a, b) }", 'b', 0 },
    { "g (float[5,6] x) => (float[] y) <float[6,4] a = " W24 ", float[4] b = {1, 2, 3, 4}> {\n"
      "  y = Gemm (x, a, b) }", 'b', 0 },
    { "g (float[5,6] x) => (float[] y) <float[4,6] a = " W24 "> {\n"
      "  y = Gemm <transB = 1> (x, a) }", 'b', 0 },
    { "g (float[5,6] x) => (float[] y) <float[4] b = {1, 2, 3, 4}, float[6,4] c = " W24 "> {\n"
      "  y = Gemm <beta = 0.5> (x, c, b) }", 'b', 1 },
    { "g (float[3,1,5,6] x) => (float[] y) <float[2,6,2] a = " W24 ", float[2] b = {1, 2}> {\n"
      "  c = MatMul (x, a)\n  d = Add (c, b)\n  y = Relu (d) }", 'b', 0 },
    /* one tensor in two forms; then as a whole operand, beside a product */
    { "g (float[3,5,6] x, float[3,5,4] z) => (float[] y, float[] u) <float[6,4] a = " W24 "> {\n"
      "  y = MatMul (x, a)\n  u = Gemm <transB = 1> (v, a)\n  t = Constant <value_ints = [15, 4]> "
      "()\n  v = Reshape (z, t) }", 'b', 0 },
    { "g (float[3,6,4] x) => (float[] y, float[] z) <float[6,4] a = " W24 ", float[1] b = {2}> {\n"
      "  c = Mul (x, a)\n  y = Add (c, b)\n  z = MatMul (b2, a)\n"
      "  b2 = Transpose <perm = [0, 2, 1]> (x) }", 'b', 0 },
    /* what is computed beforehand, and contents that are looked at */
    { "g (float[5,4] x) => (float[] y) <float[6,4] a = " W24 "> {\n  t = Transpose (a)\n"
      "  y = MatMul (x, t) }", 'b', 1 },
    { "g (float[5,4] x) => (float[] y) <float a = {0.5}> {\n  y = Clip (x, a) }", 'b', 1 },
    { "g (float[1,2,5,5] x) => (float[] y) <float[2,2,3,3] c = " W36 ", float[2] a = {1, 2}> {\n"
      "  d = Conv (x, c)\n  y = BatchNormalization (d, a, a, a, a) }", 'b', 1 },
    { "g (float[1,2,3,3] x) => (float[] y) <float[2,2,3,3] a = " W36 ", float[2] b = {1, 2}> {\n"
      "  y = ConvTranspose (x, a, c)\n  c = Identity (b) }", 'a', 1 },
    { "g (float16[5,6] x) => (float16[] y) <float16[6,1] a = {15360, 14336, 1, 2, 3, 4}> {\n"
      "  y = MatMul (x, a) }", 'b', 1 },
    /* sizes that come out of a content: islands, and no plan holds for one content alone */
    { "g (float[5,4] x) => (float[] y) <int64[2] a = {1, 1}> {\n  y = Tile (x, a) }", 'b', -1 },
    { "g (float[5,4] x) => (float[] y) <int64[2] a = {1, 0}> {\n  y = Gather (x, a) }", 'b', -1 },
    /* islands, branches, outputs */
    { "g (float[2,4] x) => (float[] y) <float[4,4] a = {1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 2, 3, 4, 5, "
      "6, 7}> {\n  y = Einsum <equation = \"ij,jk->ki\"> (x, a) }", 'b', 0 },
    { "g (float[4] x, bool d) => (float[] y) <float[4] a = {1, 2, 3, 4}> {\n"
      "  y = If (d) <then_branch = p () => (float[M] t) { t = Mul (x, a) },\n"
      "              else_branch = q () => (float[M] e) { e = Sub (x, a) }> }", 'b', 0 },
    { "g (float[4] x) => (float[] y, float[4] a) <float[4] a = {1, 2, 3, 4}> {\n"
      "  y = Add (x, a) }", 'b', 0 },
    { "g (float[2,1,3] x) => (float[] y) <float[1,8,3] a = " W24 ", float[1,8,2] b = {1, 2, 3, 4, "
      "5, 6, 7, 8, 9, 1, 2, 3, 4, 5, 6, 7}> {\n  y = LSTM <hidden_size = 2> (x, a, b) }", 'b', 0 },
};

static void drop(pare_ctx *ctx, const pare_model *model, pare_datum *out)
{
    pare_datums_free(ctx, out, model->graph->outputs.n);
}

static size_t find_variables(const pare_model *model, char last, pare_value_id *out)
{
    size_t n = 0;
    for (size_t i = 0; i < model->graph->initializers.n; i++) {
        const pare_value_id id = model->graph->initializers.items[i];
        if (*model->values[id].name <= last) out[n++] = id;
        assert_true(n < MAX_VARIABLES);
    }
    return n;
}

static void expect_same(pare_ctx *ctx, pare_runner *runner, const pare_model *model,
                        const pare_eval_input *inputs, size_t n, const char *graph)
{
    pare_datum *want = NULL;
    pare_datum *got = NULL;
    char why[1024];
    if (pare_eval_model(ctx, &want, model, inputs, n, NULL) ||
        pare_runner_run(ctx, &got, runner, NULL, inputs, n))
        fail_msg("%s: %s", graph, ctx->message);
    for (size_t i = 0; i < model->graph->outputs.n; i++)
        if (!test_plan_same(&got[i], &want[i], why, sizeof(why))) fail_msg("%s: %s", graph, why);
    drop(ctx, model, got);
    drop(ctx, model, want);
}

/* Replaces a tensor in the runner and in the model by the same random one. */
static void replace(pare_ctx *ctx, pare_runner *runner, pare_model *model, pare_value_id id,
                    pare_rng *rng)
{
    const pare_tensor *old = model->values[id].tensor;
    pare_tensor *t = NULL;
    assert_int_equal(pare_sample_tensor(ctx, &t, old->dtype, old->rank, old->dims, rng), PARE_OK);
    assert_int_equal(pare_runner_set_tensor(ctx, runner, id, t), PARE_OK);
    assert_int_equal(pare_value_set_tensor(ctx, model, id, t), PARE_OK);
    pare_tensor_unref(t);
}

static void check(const row *r)
{
    test_ctx t;
    char text[4096];
    pare_eval_input *inputs = NULL;
    size_t n = 0;
    pare_value_id variables[MAX_VARIABLES];
    pare_runner *runner = NULL;
    pare_rng rng = pare_rng_named(1, "variables");
    test_ctx_init(&t);
    snprintf(text, sizeof(text), "<ir_version: 10, opset_import: [\"\" : 20]>\n%s", r->graph);
    pare_model *model = test_model_parse(&t.ctx, text);
    const pare_sample_opts sample = { .seed = 1, .quiet = true };
    assert_int_equal(pare_sample_inputs(&t.ctx, &inputs, &n, model, &sample), PARE_OK);
    const size_t n_variable = find_variables(model, r->last, variables);
    const pare_runner_opts opts = { .variable = variables, .n_variable = n_variable };
    assert_int_equal(pare_runner_new(&t.ctx, &runner, model, &opts), PARE_OK);
    expect_same(&t.ctx, runner, model, inputs, n, r->graph);
    for (int round = 0; round < ROUNDS; round++)
        for (size_t i = 0; i < n_variable; i++) {
            const pare_runner_stats before = pare_runner_stats_of(runner);
            replace(&t.ctx, runner, model, variables[i], &rng);
            expect_same(&t.ctx, runner, model, inputs, n, r->graph);
            const pare_runner_stats after = pare_runner_stats_of(runner);
            if (r->n_planned >= 0 && after.n_planned != before.n_planned + (uint64_t)r->n_planned)
                fail_msg("%s: %d plans made", r->graph, (int)(after.n_planned - before.n_planned));
            assert_int_equal(after.pack_bytes, before.pack_bytes);
        }
    pare_runner_free(&t.ctx, runner);
    pare_sample_free(&t.ctx, inputs, n);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void results_are_those_of_the_new_tensors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) check(&rows[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(results_are_those_of_the_new_tensors) };
    return test_run(tests);
}
