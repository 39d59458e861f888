/* Of every real model and every group of axes: the model whose weights are zero where positions are
 * to go gives what the model without these positions gives. In the environment: PRUNE_ONLY, part of
 * the names of models to look at; PRUNE_MODELS, another folder of them; PRUNE_OUT, a folder for
 * what is left without a third of every width; PRUNE_VERBOSE. */
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

typedef struct job {
    pare_ctx *ctx;
    const char *path;
    const pare_model *model;
    const pare_axes_found *axes;
    const pare_eval_input *inputs; /* [n] */
    size_t n;
} job;

/* Both ways, with what is marked gone: how far the outputs are apart. *small: the model without. */
static double try_without(const job *j, const bool *gone, pare_model **small)
{
    pare_model *masked = NULL;
    pare_datum *want = NULL, *got = NULL;
    double error = INFINITY;
    assert_int_equal(pare_model_clone(j->ctx, &masked, j->model), PARE_OK);
    assert_int_equal(pare_model_clone(j->ctx, small, j->model), PARE_OK);
    assert_int_equal(pare_prune_mask(j->ctx, masked, j->axes, gone), PARE_OK);
    pare_status st = pare_shrink(j->ctx, *small, j->axes, gone);
    if (!st) st = run(j->ctx, &want, masked, j->inputs, j->n);
    if (!st) st = run(j->ctx, &got, *small, j->inputs, j->n);
    if (!st) error = 0;
    else printf("%s: %s\n", j->path, j->ctx->message);
    for (size_t i = 0; !st && i < j->model->graph->outputs.n; i++)
        error = fmax(error, difference(&got[i], &want[i]));
    pare_datums_free(j->ctx, want, j->model->graph->outputs.n);
    pare_datums_free(j->ctx, got, j->model->graph->outputs.n);
    pare_model_free(j->ctx, masked);
    return error;
}

static void check_group(const job *j, uint32_t group, const bool *gone, tally *t)
{
    pare_model *small = NULL;
    const double error = try_without(j, gone, &small);
    pare_model_free(j->ctx, small);
    if (error <= largest_error) return;
    const pare_axes_found *a = j->axes;
    const pare_axis_info *axis = &a->axes[a->factors[a->groups[group].factor].axis];
    t->n_worse++;
    printf("%s: group %u of '%s' axis %u: off by %g\n", j->path, group,
           j->model->values[axis->value].name, axis->axis, error);
}

/* Writes a model for others to look at, into the folder that PRUNE_OUT names. */
static void write_model(const job *j, pare_model *small)
{
    char to[TEST_PATH_BYTES + 32];
    const char *folder = getenv("PRUNE_OUT"), *name = strrchr(j->path, '/');
    if (!folder || !name) return;
    snprintf(to, sizeof(to), "%s/%s", folder, name + 1);
    assert_int_equal(pare_onnx_save(j->ctx, small, to, NULL), PARE_OK);
}

static void check_groups(const job *j, tally *t)
{
    const pare_axes_found *a = j->axes;
    bool *gone = calloc(a->n_classes + 1, sizeof(*gone));
    bool *all = calloc(a->n_classes + 1, sizeof(*all));
    pare_model *small = NULL;
    for (uint32_t g = 0; g < a->n_groups; g++) {
        pare_rng rng = { .state = g };
        if (a->groups[g].is_lossy) t->n_lossy++;
        if (a->groups[g].is_lossy || !test_prune_choose(a, g, &rng, gone)) continue;
        t->n_groups++;
        check_group(j, g, gone, t);
        for (size_t c = 0; c < a->n_classes; c++) all[c] |= gone[c];
    }
    const double error = try_without(j, all, &small);
    t->n_worse += !(error <= largest_error);
    if (!(error <= largest_error)) printf("%s: all groups: off by %g\n", j->path, error);
    else write_model(j, small);
    pare_model_free(j->ctx, small);
    free(gone);
    free(all);
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

/* Speech has this many samples a second, which choose a branch. */
static pare_status set_rate(pare_ctx *ctx, pare_eval_input *inputs, size_t n)
{
    const int64_t rate = 16000;
    for (size_t i = 0; i < n; i++) {
        uint8_t *data = NULL;
        if (strcmp(inputs[i].name, "sr") != 0) continue;
        PARE_TRY(pare_tensor_own(ctx, &inputs[i].datum.tensor, &data));
        memcpy(data, &rate, sizeof(rate));
    }
    return PARE_OK;
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
    if (!st) st = set_rate(&ctx, inputs, n);
    if (!st) st = run(&ctx, &out, model, inputs, n);
    if (!st) st = pare_infer(&ctx, &shapes, model, NULL);
    if (!st) st = pare_axes_find(&ctx, &a, model, shapes, NULL);
    if (!st) st = pare_axes_settle(&ctx, a, model);
    if (st) {
        t->n_without++;
        printf("%s: %s\n", path, ctx.message);
    } else {
        const job j = { &ctx, path, model, a, inputs, n };
        t->n_models++;
        tell(path, model, a);
        check_groups(&j, t);
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
    const char *given = getenv("PRUNE_MODELS");
    if (!given && !test_models_dir(root)) test_skip("no real models");
    test_paths paths = test_find_files(given ? given : root, ".onnx");
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
