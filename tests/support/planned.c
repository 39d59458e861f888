#include "support/planned.h"

#include "op/sample.h"
#include "support/models.h"
#include "support/plan.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>

static pare_model *parse(pare_ctx *ctx, const test_planned_row *row)
{
    char text[8192];
    snprintf(text, sizeof(text),
             "<ir_version: 10, opset_import: [\"\" : %d, \"com.microsoft\" : 1]>\n%s",
             row->opset ? row->opset : 20, row->graph);
    return test_model_parse(ctx, text);
}

static void drop_outputs(pare_ctx *ctx, const pare_model *model, pare_datum *outputs)
{
    pare_datums_free(ctx, outputs, model->graph->outputs.n);
}

void test_plan_expect(pare_ctx *ctx, const pare_model *model, const pare_eval_input *inputs,
                      size_t n, size_t n_islands, const char *graph)
{
    pare_datum *want = NULL;
    pare_datum *got = NULL;
    pare_plan_cost cost = { 0 };
    char why[1024] = "";
    if (pare_eval_model(ctx, &want, model, inputs, n, NULL))
        fail_msg("%s: %s", graph, ctx->message);
    if (!test_plan_agrees(ctx, model, inputs, n, want, PARE_ISA_SCALAR, why, sizeof(why)))
        fail_msg("%s: %s", graph, why);
    if (test_plan_run(ctx, &got, model, inputs, n, pare_isa_best(), NULL, false, &cost))
        fail_msg("%s: %s", graph, ctx->message);
    if (cost.n_islands != n_islands)
        fail_msg("%s: %zu islands, expected %zu", graph, cost.n_islands, n_islands);
    drop_outputs(ctx, model, got);
    drop_outputs(ctx, model, want);
}

static void check(const test_planned_row *row)
{
    test_ctx t;
    pare_eval_input *inputs = NULL;
    size_t n = 0;
    test_ctx_init(&t);
    pare_model *model = parse(&t.ctx, row);
    const pare_sample_opts opts = { .seed = 1, .quiet = true };
    if (pare_sample_inputs(&t.ctx, &inputs, &n, model, &opts))
        fail_msg("%s: %s", row->graph, t.ctx.message);
    test_plan_expect(&t.ctx, model, inputs, n, row->n_islands, row->graph);
    pare_sample_free(&t.ctx, inputs, n);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

void test_planned(const test_planned_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) check(&rows[i]);
}

typedef struct subject {
    const pare_model *model;
    const pare_eval_input *inputs;
    size_t n;
} subject;

static pare_status plan_and_free(pare_ctx *ctx, void *user)
{
    const subject *s = user;
    pare_plan_input planned[16];
    pare_plan_opts opts = { .inputs = planned };
    pare_plan *plan = NULL;
    for (size_t i = 0; i < s->n && i < 16; i++)
        planned[opts.n_inputs++] =
            (pare_plan_input){ .name = s->inputs[i].name, .tensor = s->inputs[i].datum.tensor };
    const pare_status st = pare_plan_new(ctx, &plan, s->model, &opts);
    pare_plan_unref(ctx, plan);
    return st;
}

void test_planned_torture(const test_planned_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        test_ctx t;
        pare_eval_input *inputs = NULL;
        size_t n_inputs = 0;
        test_ctx_init(&t);
        pare_model *model = parse(&t.ctx, &rows[i]);
        const pare_sample_opts opts = { .seed = 1, .quiet = true };
        assert_int_equal(pare_sample_inputs(&t.ctx, &inputs, &n_inputs, model, &opts), PARE_OK);
        subject s = { model, inputs, n_inputs };
        test_ctx_torture(plan_and_free, &s);
        pare_sample_free(&t.ctx, inputs, n_inputs);
        pare_model_free(&t.ctx, model);
    }
}
