/* What operators say of their axes, on the backend test data: a call whose inputs lack positions
 * gives what the call gives whose inputs are zero there, but for these positions. */
#include "formats/onnx/onnx.h"
#include "formats/onnx/value.h"
#include "ir/graph.h"
#include "op/eval.h"
#include "op/infer.h"
#include "prune/mask.h"
#include "prune/shrink.h"
#include "support/conformance.h"
#include "support/pruned.h"
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_INPUTS = 64 };

typedef struct tally {
    size_t n_cases, n_groups, n_lossy, n_off;
} tally;

static double number(const pare_tensor *t, int64_t i)
{
    const uint8_t *at = t->payload.data;
    if (t->dtype == PARE_FLOAT) return ((const float *)(const void *)at)[i];
    if (t->dtype == PARE_DOUBLE) return ((const double *)(const void *)at)[i];
    if (t->dtype == PARE_INT64) return (double)((const int64_t *)(const void *)at)[i];
    if (t->dtype == PARE_UINT8 || t->dtype == PARE_BOOL) return at[i];
    return t->dtype == PARE_INT8 ? (double)(int8_t)at[i] : 0;
}

/* Elements of `whole` that stay, in order, against all of `small`. */
static bool agree(const pare_axes_found *a, pare_value_id v, const pare_tensor *whole,
                  const pare_tensor *small, const bool *gone)
{
    double range = 1e-3;
    int64_t n = 0;
    for (int64_t i = 0; i < whole->n_elements; i++)
        if (isfinite(number(whole, i))) range = fmax(range, fabs(number(whole, i)));
    for (int64_t i = 0; i < whole->n_elements; i++) {
        if (!pare_prune_keeps(a, v, whole->rank, whole->dims, gone, i)) continue;
        if (n == small->n_elements) return false;
        const double x = number(whole, i), y = number(small, n++);
        if (isnan(x) != isnan(y) || fabs(x - y) > 1e-5 * range) return false;
    }
    return n == small->n_elements;
}

static bool compare(const pare_model *m, const pare_axes_found *a, const pare_datum *whole,
                    const pare_datum *small, const bool *gone)
{
    const pare_decls *outputs = &m->graph->outputs;
    for (size_t i = 0; i < outputs->n; i++) {
        if (whole[i].kind != PARE_TYPE_TENSOR) continue;
        if (!agree(a, outputs->items[i].value, whole[i].tensor, small[i].tensor, gone))
            return false;
    }
    return true;
}

static void check_group(pare_ctx *ctx, const char *path, const pare_model *model,
                        const pare_axes_found *a, uint32_t group, bool *gone, tally *t)
{
    pare_rng rng = { .state = group };
    pare_model *masked = NULL, *small = NULL;
    pare_datum *whole = NULL, *rest = NULL;
    if (!test_prune_choose(a, group, &rng, gone)) return;
    t->n_groups++;
    assert_int_equal(pare_model_clone(ctx, &masked, model), PARE_OK);
    assert_int_equal(pare_model_clone(ctx, &small, model), PARE_OK);
    assert_int_equal(pare_prune_mask(ctx, masked, a, gone), PARE_OK);
    pare_status st = pare_shrink(ctx, small, a, gone);
    if (!st) st = pare_eval_model(ctx, &whole, masked, NULL, 0, NULL);
    if (!st) st = pare_eval_model(ctx, &rest, small, NULL, 0, NULL);
    const bool is_same = !st && (a->groups[group].is_lossy || compare(model, a, whole, rest, gone));
    t->n_lossy += a->groups[group].is_lossy;
    if (!is_same) {
        const pare_axis_info *axis = &a->axes[a->factors[a->groups[group].first_factor].axis];
        t->n_off++;
        printf("%s: axis %u of '%s': %s\n", path, axis->axis, model->values[axis->value].name,
               st ? ctx->message : "another result");
    }
    pare_datums_free(ctx, whole, model->graph->outputs.n);
    pare_datums_free(ctx, rest, model->graph->outputs.n);
    pare_model_free(ctx, masked);
    pare_model_free(ctx, small);
}

/* Inputs become constants. False: some cannot. */
static bool bind(pare_ctx *ctx, pare_model *model, const pare_eval_input *inputs, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const pare_decls *decls = &model->graph->inputs;
        pare_tensor *tensor = inputs[i].datum.kind == PARE_TYPE_TENSOR ? inputs[i].datum.tensor
                                                                       : NULL;
        if (!tensor || tensor->n_elements > 100000) return false;
        for (size_t k = 0; k < decls->n; k++) {
            const pare_value_id v = decls->items[k].value;
            if (strcmp(model->values[v].name, inputs[i].name) != 0) continue;
            assert_int_equal(pare_value_set_tensor(ctx, model, v, tensor),
                             PARE_OK);
        }
    }
    pare_graph_drop_default_inputs(model->graph);
    return true;
}

/* Whether some node gives something else each time. */
static bool draws(const pare_model *model)
{
    for (pare_node_id n = 0; n < model->n_nodes; n++)
        if (model->nodes[n].graph && pare_node_is_random(&model->nodes[n])) return true;
    return false;
}

static void check_case(const char *path, tally *t)
{
    pare_ctx ctx;
    pare_model *model = NULL;
    pare_shapes *shapes = NULL;
    pare_axes_found *a = NULL;
    pare_datum *out = NULL;
    pare_eval_input inputs[MAX_INPUTS] = { 0 };
    char folder[TEST_PATH_BYTES + 32];
    const pare_axes_opts opts = { .edges_free = true };
    size_t n = 0;
    pare_ctx_init(&ctx, NULL);
    snprintf(folder, sizeof(folder), "%.*s/test_data_set_0", (int)(strrchr(path, '/') - path),
             path);
    const test_data_set set = { path, folder, false };
    pare_status st = pare_onnx_open(&ctx, &model, path, NULL);
    const bool fits = !st && model->graph->inputs.n <= MAX_INPUTS && !draws(model);
    if (fits) st = test_read_inputs(&ctx, model, &set, inputs, &n);
    const bool is_bound = fits && !st && bind(&ctx, model, inputs, n);
    if (is_bound) st = pare_eval_model(&ctx, &out, model, NULL, 0, NULL);
    if (is_bound && !st) st = pare_infer(&ctx, &shapes, model, NULL);
    if (is_bound && !st) st = pare_axes_find(&ctx, &a, model, shapes, &opts);
    if (is_bound && !st) st = pare_axes_settle(&ctx, a, model);
    if (is_bound && !st) {
        bool *gone = calloc(a->n_classes + 1, sizeof(*gone));
        t->n_cases += a->n_groups > 0;
        for (uint32_t g = 0; g < a->n_groups; g++)
            check_group(&ctx, path, model, a, g, gone, t);
        free(gone);
    }
    if (out) pare_datums_free(&ctx, out, model->graph->outputs.n);
    for (size_t i = 0; i < n; i++) pare_datum_drop(&ctx, &inputs[i].datum);
    pare_axes_free(&ctx, a);
    pare_shapes_free(&ctx, shapes);
    pare_model_free(&ctx, model);
}

static void calls_lack_what_their_inputs_lack(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES];
    tally t = { 0 };
    const char *only = getenv("LINKS_ONLY");
    if (!test_conformance_dir(dir)) test_skip("no conformance data");
    test_paths paths = test_find_files(dir, "model.onnx");
    for (size_t i = 0; i < paths.n; i++)
        if (!strstr(paths.items[i], "/light/") && (!only || strstr(paths.items[i], only)))
            check_case(paths.items[i], &t);
    test_paths_free(&paths);
    printf("%zu cases, %zu groups, %zu lossy, %zu off\n", t.n_cases, t.n_groups, t.n_lossy,
           t.n_off);
    assert_int_equal(t.n_off, 0);
    assert_true(only || t.n_cases > 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(calls_lack_what_their_inputs_lack) };
    return test_run(tests);
}
