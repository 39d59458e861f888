/* Models in a newer opset compute what they did. */
#include "pass/upgrade.h"

#include "ir/check.h"
#include "op/eval.h"
#include "op/sample.h"
#include "support/models.h"
#include "support/plan.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <string.h>

typedef struct upgrade_row {
    int opset;
    const char *graph;
} upgrade_row;

#define X "g (float[2,3,4,4] x) => (float[] y) "

static const upgrade_row rows[] = {
    { 7, X "{ y = BatchNormalization<spatial = 1>(x, s, s, s, s) }" },
    { 7, X "{ y = Upsample<scales = [1.0, 1.0, 2.0, 3.0]>(x) }" },
    { 8, X "{ y = Upsample<scales = [1.0, 1.0, 1.5, 2.0], mode = \"linear\">(x) }" },
    { 10, X "<float[4] f = {1, 1, 0.5, 2}> { y = Resize<mode = \"linear\">(x, f) }" },
    { 10, X "<float[4] f = {1, 1, 1.6, 2.3}> { y = Resize(x, f) }" },
    { 9, X "{ y = Slice<starts = [1, -3], ends = [9, 4], axes = [0, 3]>(x) }" },
    { 9, X "{ y = Slice<starts = [1], ends = [2]>(x) }" },
    { 9, X "{ y, i = TopK<k = 2>(x) }" },
    { 7, X "{ y = Clip<min = -0.5, max = 0.25>(x) }" },
    { 7, X "{ y = Clip<max = 0.25>(x) }" },
    { 7, "g (float16[2,3] x) => (float16[] y) { y = Clip<min = -0.5>(x) }" },
    { 7, X "{ y = Pad<pads = [0, 0, 1, 2, 0, 0, 3, 1], value = 1.5>(x) }" },
    { 7, X "{ y = Pad<pads = [0, 0, 1, 2, 0, 0, 3, 1], mode = \"reflect\">(x) }" },
    { 9, X "<int64[1,1,1,2] i = {3, 0}, float[1,1,1,2] u = {5, 6}> "
           "{ y = Scatter<axis = 3>(x, i, u) }" },
    { 7, X "{ y = Dropout<ratio = 0.3>(x) }" },
    { 7, X "{ u = Unsqueeze<axes = [0, 5]>(x)\n y = Squeeze<axes = [0]>(u) }" },
    { 7, X "{ y = ReduceSum<axes = [1, 2], keepdims = 0>(x) }" },
    { 7, X "{ y = ReduceSum(x) }" },
    { 7, X "{ y, z = Split<axis = 1, split = [1, 2]>(x) }" },
    { 7, X "{ y, z = Split<axis = 0>(x) }" },
    { 13, X "{ y, z = Split<axis = 2>(x) }" },
    { 7, X "{ y = Softmax(x) }" },
    { 7, X "{ y = Softmax<axis = 3>(x) }" },
    { 7, X "{ y = LogSoftmax<axis = -2>(x) }" },
    { 7, X "{ y = Hardmax<axis = 2>(x) }" },
    { 7,
      X "{ a = ReduceMean<axes = [2, 3]>(x)\n b = ReduceMax<axes = [1]>(a)\n"
        " c = ReduceL2<axes = [1], keepdims = 0>(x)\n d = ReduceProd<axes = [2], keepdims = 0>(c)\n"
        " y = Add(b, d) }" },
    { 11, X "<float[1,4] r = {0, 0, 3, 3}, int64[1] i = {1}> "
            "{ y = RoiAlign<output_height = 2, output_width = 2>(x, r, i) }" },
    { 16, X "<float[2,2,2,2] p = {0.5, -0.5, 0, 0, 1, 1, -1, 0, 0.1, 0.2, 0.3, 0.4, 0, 0, 1, 0}> "
            "{ y = GridSample<mode = \"bicubic\">(x, p) }" },
    { 17, "g (float[1,4,2] x) => (float[] y) { y = DFT(x) }" },
    /* inside of a branch */
    { 9, "g (float[2,4] x, bool c) => (float[] y) { y = If(c) <then_branch = t () => (float[] p) "
         "{ p = Clip<min = 0.0>(x) }, else_branch = e () => (float[] q) { q = Softmax(x) }> }" },
};

static void run(pare_ctx *ctx, const pare_model *model, const pare_eval_input *in, size_t n,
                pare_datum *out)
{
    pare_datum *outputs = NULL;
    if (pare_eval_model(ctx, &outputs, model, in, n, NULL)) fail_msg("%s", ctx->message);
    *out = outputs[0];
    for (size_t i = 1; i < model->graph->outputs.n; i++) pare_datum_drop(ctx, &outputs[i]);
    pare_free(ctx, outputs);
}

static pare_model *parse(pare_ctx *ctx, const upgrade_row *row)
{
    char text[1024];
    const char *body = strstr(row->graph, "(x, s,") ? strchr(row->graph, '{') : NULL;
    snprintf(text, sizeof(text), "<ir_version: %d, opset_import: [\"\" : %d]>\n%.*s%s%s",
             row->opset < 9 ? 4 : 8, row->opset,
             body ? (int)(body - row->graph) : (int)strlen(row->graph), row->graph,
             body ? "<float[3] s = {0.5, 1, 2}> " : "", body ? body : "");
    return test_model_parse(ctx, text);
}

static void results_stay(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (int64_t to = 13; to <= PARE_UPGRADE_NEWEST; to += 8) {
            test_ctx t;
            test_ctx_init(&t);
            char why[200];
            pare_model *model = parse(&t.ctx, &rows[i]), *upgraded = NULL;
            pare_eval_input *in = NULL;
            pare_datum want, got;
            size_t n = 0;
            const pare_sample_opts opts = { .seed = i };
            assert_int_equal(pare_model_clone(&t.ctx, &upgraded, model), PARE_OK);
            if (pare_upgrade_opset(&t.ctx, upgraded, to)) fail_msg("%s", t.ctx.message);
            assert_int_equal(pare_graph_check(&t.ctx, upgraded, "upgrade"), PARE_OK);
            assert_true(pare_opset_version(&upgraded->opsets, "") >= to);
            assert_int_equal(pare_sample_inputs(&t.ctx, &in, &n, model, &opts), PARE_OK);
            run(&t.ctx, model, in, n, &want);
            run(&t.ctx, upgraded, in, n, &got);
            if (!test_plan_same(&got, &want, why, sizeof(why)))
                fail_msg("%s\nto %d: %s", rows[i].graph, (int)to, why);
            pare_datum_drop(&t.ctx, &want);
            pare_datum_drop(&t.ctx, &got);
            pare_sample_free(&t.ctx, in, n);
            pare_model_free(&t.ctx, upgraded);
            pare_model_free(&t.ctx, model);
            assert_int_equal(test_ctx_live_bytes(&t), 0);
        }
}

static void initializers_are_no_inputs_any_more(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *m = test_model_parse(
        &t.ctx, "<ir_version: 3, opset_import: [\"\" : 7]>\n"
                "g (float[2] x, float[2] w) => (float[2] y) <float[2] w = {1, 2}> {\n"
                "  y = Mul (x, w)\n}");
    assert_int_equal(pare_upgrade_opset(&t.ctx, m, 13), PARE_OK);
    test_model_equals(&t.ctx, m, "<\n  ir_version: 7,\n  opset_import: [\"\" : 13]\n>\n"
                      "g (float[2] x) => (float[2] y) <\n  float[2] w = {1, 2}\n> {\n"
                      "  y = Mul (x, w)\n}\n");
    assert_int_equal(pare_upgrade_opset(&t.ctx, m, 11), PARE_OK); /* newer already */
    assert_int_equal(m->ir_version, 7);
    pare_model_free(&t.ctx, m);
}

static void refuses_what_has_no_new_form(void **state)
{
    (void)state;
    static const struct { int opset; const char *graph, *message; } cases[] = {
        { 6, "g (float[2] x) => (float[] y) { y = Relu(x) }", "imports opset 6" },
        { 7, "g (float[2,2] x) => (float[] y) <float[2] s = {1, 1}> "
             "{ [n] y = BatchNormalization<spatial = 0>(x, s, s, s, s) }",
          "node 'n': BatchNormalization of opset 7 has no form in opset 21" },
        { 18, "g (float[2,2,1] x) => (float[] y) <float[1] s = {1}> "
              "{ [n] y = GroupNormalization<num_groups = 1>(x, s, s) }",
          "node 'n': GroupNormalization of opset 18" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_ctx t;
        test_ctx_init(&t);
        char text[512];
        snprintf(text, sizeof(text), "<ir_version: 8, opset_import: [\"\" : %d]>\n%s",
                 cases[i].opset, cases[i].graph);
        pare_model *m = test_model_parse(&t.ctx, text);
        assert_int_equal(pare_upgrade_opset(&t.ctx, m, 21), PARE_EUNSUPPORTED);
        if (!strstr(t.ctx.message, cases[i].message)) fail_msg("%s", t.ctx.message);
        pare_model_free(&t.ctx, m);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

static pare_status upgrade(pare_ctx *ctx, void *user)
{
    pare_model *model = NULL;
    pare_status st = pare_model_clone(ctx, &model, user);
    if (!st) st = pare_upgrade_opset(ctx, model, 21);
    pare_model_free(ctx, model);
    return st;
}

static void memory_fails(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pare_model *model = parse(&t.ctx, &rows[i]);
        test_ctx_torture(upgrade, model);
        pare_model_free(&t.ctx, model);
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_stay),
        cmocka_unit_test(initializers_are_no_inputs_any_more),
        cmocka_unit_test(refuses_what_has_no_new_form),
        cmocka_unit_test(memory_fails),
    };
    return test_run(tests);
}
