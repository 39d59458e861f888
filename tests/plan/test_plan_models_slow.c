/* Plans of the real models on random inputs, against eval. */
#include "formats/onnx/onnx.h"
#include "op/sample.h"
#include "support/conformance.h"
#include "support/plan.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct tally {
    size_t n_same, n_different, n_without;
} tally;

static void show_cost(pare_ctx *ctx, const pare_model *model, const pare_eval_input *inputs,
                      size_t n, const char *path)
{
    pare_plan_cost cost;
    pare_datum *out = NULL;
    if (test_plan_run(ctx, &out, model, inputs, n, pare_isa_best(), NULL, false, &cost)) return;
    pare_datums_free(ctx, out, model->graph->outputs.n);
    printf("%s: %zu steps, %zu islands, arena %.2f MiB, bound %.2f MiB, packed %.2f MiB\n", path,
           cost.n_steps, cost.n_islands, (double)cost.arena_bytes / 1048576,
           (double)cost.lower_bound_bytes / 1048576, (double)cost.packed_bytes / 1048576);
}

/* Sizes for models that 1 does not suit, or that shall see more than one row. */
static const int64_t speech[] = { 1, 576 }, memory[] = { 2, 1, 128 }, text[] = { 2, 50 };
static const pare_input_shape silero_shapes[] = { { "input", 2, speech }, { "state", 3, memory } };
static const pare_input_shape bytegpt_shapes[] = { { "input_ids", 2, text } };
static const struct {
    const char *part;         /* of the path */
    const pare_input_shape *inputs;
    size_t n_inputs;
} sizes[] = {
    { "silero", silero_shapes, 2 },
    { "bytegpt", bytegpt_shapes, 1 },
};

static pare_infer_opts shapes_for(const char *path)
{
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        if (strstr(path, sizes[i].part))
            return (pare_infer_opts){ .inputs = sizes[i].inputs, .n_inputs = sizes[i].n_inputs };
    return (pare_infer_opts){ 0 };
}

/* The sampling rate of speech chooses a branch: random bits are none. */
static void set_rate(pare_eval_input *inputs, size_t n)
{
    const int64_t rate = 16000;
    for (size_t i = 0; i < n; i++)
        if (strcmp(inputs[i].name, "sr") == 0)
            memcpy(inputs[i].datum.tensor->owner->data, &rate, sizeof(rate));
}

static void check_model(const char *path, tally *t)
{
    pare_ctx ctx;
    pare_model *model = NULL;
    pare_eval_input *inputs = NULL;
    pare_datum *want = NULL;
    size_t n = 0;
    char why[1024] = "";
    pare_ctx_init(&ctx, NULL);
    const pare_infer_opts shapes = shapes_for(path);
    const pare_sample_opts opts = { .seed = 1, .shapes = &shapes, .quiet = true };
    pare_status st = pare_onnx_open(&ctx, &model, path, NULL);
    if (!st) st = pare_sample_inputs(&ctx, &inputs, &n, model, &opts);
    if (!st) set_rate(inputs, n);
    if (!st) st = pare_eval_model(&ctx, &want, model, inputs, n, NULL);
    if (st) {
        t->n_without++;
        printf("%s: %s\n", path, ctx.message);
    } else {
        show_cost(&ctx, model, inputs, n, path);
        const bool agrees = test_plan_agrees(&ctx, model, inputs, n, want, PARE_ISA_SCALAR, why,
                                             sizeof(why));
        if (!agrees) printf("%s: %s\n", path, why);
        if (agrees) t->n_same++;
        else t->n_different++;
        pare_datums_free(&ctx, want, model->graph->outputs.n);
    }
    pare_sample_free(&ctx, inputs, n);
    pare_model_free(&ctx, model);
}

static void models_agree(void **state)
{
    (void)state;
    char root[TEST_PATH_BYTES];
    tally t = { 0 };
    const char *only = getenv("PLAN_ONLY");
    if (!test_models_dir(root)) test_skip("no real models");
    test_paths paths = test_find_files(root, ".onnx");
    for (size_t i = 0; i < paths.n; i++)
        if (!only || strstr(paths.items[i], only)) check_model(paths.items[i], &t);
    test_paths_free(&paths);
    printf("%zu models agree, %zu differ, %zu are not run by eval\n", t.n_same, t.n_different,
           t.n_without);
    assert_int_equal(t.n_different, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(models_agree) };
    return test_run(tests);
}
