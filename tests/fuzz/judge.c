#include "fuzz/judge.h"

#include "base/budget.h"
#include "ir/text.h"
#include "op/eval.h"
#include "support/plan.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_INPUTS = 256, BUDGET_BYTES = 8 << 20, MAX_ITERATIONS = 50 };

/* Budgets end earlier in a plan: it packs weights. */
static void compare_with_plan(pare_ctx *ctx, const pare_model *model, const pare_eval_input *inputs,
                              size_t n, const pare_datum *want)
{
    pare_datum *out = NULL;
    char why[PARE_MESSAGE_BYTES];
    const pare_status st =
        test_plan_run(ctx, &out, model, inputs, n, pare_isa_best(), NULL, false, NULL);
    if (st == PARE_ENOMEM || st == PARE_EBUDGET) return;
    if (st) {
        fprintf(stderr, "plan: %s: %s\n", pare_status_name(st), ctx->message);
        abort();
    }
    for (size_t i = 0; i < model->graph->outputs.n; i++) {
        if (!test_plan_same(&out[i], &want[i], why, sizeof(why))) {
            fprintf(stderr, "plan: output %zu: %s\n", i, why);
            abort();
        }
        pare_datum_drop(ctx, &out[i]);
    }
    pare_free(ctx, out);
}

/* The graph's inputs, given what they default to. */
static size_t find_inputs(const pare_model *model, pare_eval_input *inputs)
{
    const pare_graph *graph = model->graph;
    size_t n = 0;
    for (size_t i = 0; i < graph->inputs.n && n < MAX_INPUTS; i++) {
        const pare_value *value = &model->values[graph->inputs.items[i].value];
        if (value->tensor)
            inputs[n++] = (pare_eval_input){
                value->name, { .kind = PARE_TYPE_TENSOR, .tensor = value->tensor } };
    }
    return n;
}

static pare_status evaluate_in(pare_ctx *ctx, const char *text, bool verbose)
{
    pare_model *model = NULL;
    pare_datum *out = NULL;
    const pare_eval_opts opts = { .max_iterations = MAX_ITERATIONS };
    static pare_eval_input inputs[MAX_INPUTS];
    if (verbose) fprintf(stderr, "%s", text);
    pare_status st = pare_text_parse(ctx, &model, text);
    if (!st) {
        const size_t n = find_inputs(model, inputs);
        st = pare_eval_model(ctx, &out, model, inputs, n, &opts);
        assert(st == PARE_OK || st == PARE_EFORMAT || st == PARE_EUNSUPPORTED ||
               st == PARE_EBUDGET || st == PARE_ENOMEM);
        assert(!st || ctx->message[0]);
        if (!st) compare_with_plan(ctx, model, inputs, n, out);
        for (size_t i = 0; !st && i < model->graph->outputs.n; i++) pare_datum_drop(ctx, &out[i]);
        pare_free(ctx, out);
    }
    if (verbose) fprintf(stderr, "%s: %s\n", pare_status_name(st), st ? ctx->message : "");
    pare_model_free(ctx, model);
    return st;
}

pare_status fuzz_judge(const char *text)
{
    pare_ctx plain;
    pare_ctx ctx;
    pare_budget budget;
    pare_ctx_init(&plain, NULL);
    pare_budget_init(&budget, &plain, BUDGET_BYTES);
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .allocator = pare_budget_allocator(&budget) });
    const pare_status st = evaluate_in(&ctx, text, getenv("FUZZ_PRINT") != NULL);
    assert(budget.live_bytes == 0);
    return st;
}
