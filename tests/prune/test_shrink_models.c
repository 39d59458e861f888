/* Of every real model and every group of axes: the model whose weights are zero where positions are
 * to go gives what the model without these positions gives. */
#include "formats/onnx/onnx.h"
#include "ir/graph.h"
#include "op/sample.h"
#include "prune/mask.h"
#include "prune/prepare.h"
#include "prune/shrink.h"
#include "run/runner.h"
#include "support/conformance.h"
#include "support/pruned.h"
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct tally {
    size_t n_models, n_without, n_groups, n_lossy, n_worse;
} tally;

static const double largest_error = 1e-5; /* of the output's range */

/* --- running ---------------------------------------------------------------------------------- */

static pare_status run(pare_ctx *ctx, pare_datum **out, const pare_model *m,
                       const pare_eval_input *inputs, size_t n)
{
    pare_runner *runner = NULL;
    pare_status st = pare_runner_new(ctx, &runner, m, NULL);
    if (!st) st = pare_runner_run(ctx, out, runner, NULL, inputs, n);
    pare_runner_free(ctx, runner);
    return st;
}

/* Largest difference, of the range of `want`. */
static double difference(const pare_datum *got, const pare_datum *want)
{
    if (want->kind != PARE_TYPE_TENSOR || want->tensor->dtype != PARE_FLOAT) return 0;
    const pare_tensor *a = got->tensor, *b = want->tensor;
    const float *x = (const float *)(const void *)a->payload.data;
    const float *y = (const float *)(const void *)b->payload.data;
    double most = 0, range = 1e-30;
    assert_int_equal(a->n_elements, b->n_elements);
    for (int64_t i = 0; i < b->n_elements; i++) {
        range = fmax(range, fabs((double)y[i]));
        most = fmax(most, isnan(x[i]) != isnan(y[i]) ? INFINITY : fabs((double)x[i] - y[i]));
    }
    return most / range;
}

/* --- one group -------------------------------------------------------------------------------- */

static void check_group(pare_ctx *ctx, const char *path, const pare_model *model,
                        const pare_axes_found *a, uint32_t group, bool *gone,
                        const pare_eval_input *inputs, size_t n, tally *t)
{
    pare_rng rng = { .state = group };
    pare_model *masked = NULL, *small = NULL;
    pare_datum *want = NULL, *got = NULL;
    double error = INFINITY;
    if (!test_prune_choose(a, group, &rng, gone)) return;
    t->n_groups++;
    assert_int_equal(pare_model_clone(ctx, &masked, model), PARE_OK);
    assert_int_equal(pare_model_clone(ctx, &small, model), PARE_OK);
    assert_int_equal(pare_prune_mask(ctx, masked, a, gone), PARE_OK);
    pare_status st = pare_shrink(ctx, small, a, gone);
    if (!st) st = run(ctx, &want, masked, inputs, n);
    if (!st) st = run(ctx, &got, small, inputs, n);
    if (!st) error = 0;
    for (size_t i = 0; !st && i < model->graph->outputs.n; i++)
        error = fmax(error, difference(&got[i], &want[i]));
    if (!(error <= largest_error)) {
        const pare_axis_info *axis = &a->axes[a->factors[a->groups[group].factor].axis];
        t->n_worse++;
        printf("%s: group %u of '%s' axis %u: %s%g\n", path, group,
               model->values[axis->value].name, axis->axis, st ? ctx->message : "off by ",
               st ? 0 : error);
    }
    pare_datums_free(ctx, want, model->graph->outputs.n);
    pare_datums_free(ctx, got, model->graph->outputs.n);
    pare_model_free(ctx, masked);
    pare_model_free(ctx, small);
}

/* --- one model -------------------------------------------------------------------------------- */

static const int64_t speech[] = { 1, 576 }, memory[] = { 2, 1, 128 }, text[] = { 2, 50 };
static const pare_input_shape silero_shapes[] = { { "input", 2, speech }, { "state", 3, memory } };
static const pare_input_shape bytegpt_shapes[] = { { "input_ids", 2, text } };

static pare_infer_opts shapes_for(const char *path)
{
    if (strstr(path, "silero")) return (pare_infer_opts){ .inputs = silero_shapes, .n_inputs = 2 };
    if (strstr(path, "bytegpt"))
        return (pare_infer_opts){ .inputs = bytegpt_shapes, .n_inputs = 1 };
    return (pare_infer_opts){ 0 };
}

static void tell(const char *path, const pare_model *m, const pare_axes_found *a)
{
    printf("%s: %zu groups, %zu classes\n", path, a->n_groups, a->n_classes);
    if (!getenv("PRUNE_VERBOSE")) return;
    for (size_t g = 0; g < a->n_groups; g++) {
        const pare_factor *f = &a->factors[a->groups[g].factor];
        const pare_axis_info *axis = &a->axes[f->axis];
        printf("  %s axis %u stride %lld: %u classes in %u factors%s\n",
               m->values[axis->value].name, axis->axis, (long long)f->stride,
               a->groups[g].n_classes, a->groups[g].n_factors,
               a->groups[g].is_lossy ? " lossy" : "");
    }
    for (size_t k = 0; k < a->n_axes; k++) {
        const pare_axis_info *axis = &a->axes[k];
        if (!m->values[axis->value].tensor || axis->extent < 8) continue;
        for (uint32_t i = 0; i < axis->n_factors; i++) {
            const pare_factor *f = &a->factors[axis->first_factor + i];
            const pare_class *c = &a->classes[a->class_of[f->first]];
            if (f->group == PARE_NONE)
                printf("  frozen: %s axis %u (%lld of stride %lld): %s %s\n",
                       m->values[axis->value].name, axis->axis, (long long)f->size,
                       (long long)f->stride, c->by == PARE_NONE ? "" : m->nodes[c->by].name,
                       c->why);
        }
    }
}

static void check_model(const char *path, tally *t)
{
    pare_ctx ctx;
    pare_model *model = NULL;
    pare_shapes *shapes = NULL;
    pare_axes_found *a = NULL;
    pare_eval_input *inputs = NULL;
    pare_datum *out = NULL;
    size_t n = 0;
    pare_ctx_init(&ctx, NULL);
    const pare_infer_opts sizes = shapes_for(path);
    const pare_sample_opts opts = { .seed = 1, .shapes = &sizes, .quiet = true };
    pare_status st = pare_onnx_open(&ctx, &model, path, NULL);
    if (!st) st = pare_prune_prepare(&ctx, model);
    if (!st) st = pare_sample_inputs(&ctx, &inputs, &n, model, &opts);
    if (!st) st = run(&ctx, &out, model, inputs, n);
    if (!st) st = pare_infer(&ctx, &shapes, model, NULL);
    if (!st) st = pare_axes_find(&ctx, &a, model, shapes, NULL);
    if (!st) st = pare_axes_settle(&ctx, a, model);
    if (st) {
        t->n_without++;
        printf("%s: %s\n", path, ctx.message);
    } else {
        bool *gone = calloc(a->n_classes + 1, sizeof(*gone));
        t->n_models++;
        tell(path, model, a);
        for (uint32_t g = 0; g < a->n_groups; g++)
            if (a->groups[g].is_lossy) t->n_lossy++;
            else check_group(&ctx, path, model, a, g, gone, inputs, n, t);
        free(gone);
        pare_datums_free(&ctx, out, model->graph->outputs.n);
    }
    pare_axes_free(&ctx, a);
    pare_shapes_free(&ctx, shapes);
    pare_sample_free(&ctx, inputs, n);
    pare_model_free(&ctx, model);
}

static void masked_models_equal_smaller_ones(void **state)
{
    (void)state;
    char root[TEST_PATH_BYTES];
    tally t = { 0 };
    const char *only = getenv("PRUNE_ONLY");
    if (!test_models_dir(root)) test_skip("no real models");
    test_paths paths = test_find_files(root, ".onnx");
    for (size_t i = 0; i < paths.n; i++)
        if (!only || strstr(paths.items[i], only)) check_model(paths.items[i], &t);
    test_paths_free(&paths);
    printf("%zu models, %zu groups checked, %zu lossy, %zu off, %zu models not run\n", t.n_models,
           t.n_groups, t.n_lossy, t.n_worse, t.n_without);
    assert_int_equal(t.n_worse, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(masked_models_equal_smaller_ones) };
    return test_run(tests);
}
