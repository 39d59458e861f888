/* Every value of real models, kept and shown while a plan runs, against what eval gives. */
#include "run/runner.h"
#include "formats/onnx/onnx.h"
#include "op/sample.h"
#include "support/files.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

typedef struct record {
    const pare_model *model;
    pare_datum *want;         /* by value handle, of eval */
    bool *is_shown;
} record;

static pare_status note(void *user, pare_ctx *ctx, pare_value_id value, const pare_datum *datum)
{
    record *r = user;
    pare_datum_drop(ctx, &r->want[value]);
    return pare_datum_copy(ctx, &r->want[value], datum);
}

/* Whether element (i0, i1, ...) is the same everywhere; NaN is no other NaN. */
static bool is_same(const pare_observed *seen, const pare_tensor *want)
{
    const size_t width = pare_dtype_of(want->dtype)->bits / 8;
    int64_t index[PARE_LAID_AXES] = { 0 };
    if (seen->dtype != want->dtype || seen->rank != want->rank) return false;
    for (uint32_t i = 0; i < want->rank; i++)
        if (seen->dims[i] != want->dims[i]) return false;
    for (int64_t n = 0; n < want->n_elements; n++) {
        int64_t at = 0;
        for (uint32_t i = 0; i < want->rank; i++) at += index[i] * seen->strides[i];
        if (memcmp((const uint8_t *)seen->data + at * (int64_t)width,
                   want->payload.data + (size_t)n * width, width) != 0)
            return false;
        for (uint32_t i = want->rank; i-- > 0 && ++index[i] == want->dims[i];) index[i] = 0;
    }
    return true;
}

static pare_status look(void *user, pare_ctx *ctx, const pare_observed *seen)
{
    record *r = user;
    (void)ctx;
    const pare_datum *want = &r->want[seen->value];
    if (!seen->data || want->kind != PARE_TYPE_TENSOR) return PARE_OK;
    if (r->is_shown[seen->value]) fail_msg("%s is shown twice", seen->name);
    r->is_shown[seen->value] = true;
    if (!is_same(seen, want->tensor)) fail_msg("%s is not what eval gives", seen->name);
    return PARE_OK;
}

static void drop(pare_ctx *ctx, const pare_model *model, pare_datum *out)
{
    pare_datums_free(ctx, out, model->graph->outputs.n);
}

static void compare(pare_ctx *ctx, const pare_model *model, record *r)
{
    const pare_sample_opts opts = { .seed = 3, .quiet = true };
    const pare_eval_opts eval = { .observe = note, .user = r };
    pare_value_id *kept = pare_alloc(ctx, model->n_values * sizeof(*kept));
    pare_runner_opts runs = { .kept = kept, .observe = look, .user = r };
    pare_eval_input *inputs = NULL;
    pare_runner *runner = NULL;
    pare_datum *out = NULL;
    size_t n = 0, n_shown = 0;
    assert_int_equal(pare_sample_inputs(ctx, &inputs, &n, model, &opts), PARE_OK);
    assert_int_equal(pare_eval_model(ctx, &out, model, inputs, n, &eval), PARE_OK);
    drop(ctx, model, out);
    for (pare_value_id id = 0; id < model->n_values; id++)
        if (model->values[id].graph == model->graph && model->values[id].producer != PARE_NONE)
            kept[runs.n_kept++] = id;
    assert_int_equal(pare_runner_new(ctx, &runner, model, &runs), PARE_OK);
    assert_int_equal(pare_runner_run(ctx, &out, runner, NULL, inputs, n), PARE_OK);
    drop(ctx, model, out);
    for (size_t i = 0; i < runs.n_kept; i++) n_shown += r->is_shown[kept[i]];
    printf("%zu of %zu values are shown\n", n_shown, runs.n_kept);
    assert_true(n_shown * 10 >= runs.n_kept * 9); /* some were folded with their nodes */
    pare_runner_free(ctx, runner);
    pare_sample_free(ctx, inputs, n);
    pare_free(ctx, kept);
}

static void all_values_are_shown(void **state)
{
    (void)state;
    static const char *const names[] = {
        "cifar10/resnet20-bn.onnx", "mnist/mnist-zoo.onnx", "text/bytegpt-4l128.onnx",
        "text/magika-standard_v3_3.onnx", "tinyml/mlperf-tiny-kws-dscnn.onnx",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char path[TEST_PATH_BYTES], relative[256];
        pare_ctx ctx;
        pare_model *model = NULL;
        snprintf(relative, sizeof(relative), "data/models/%s", names[i]);
        if (!test_shared_path(path, relative)) test_skip("no real models");
        pare_ctx_init(&ctx, NULL);
        printf("%s: ", names[i]);
        assert_int_equal(pare_onnx_open(&ctx, &model, path, NULL), PARE_OK);
        record r = { .model = model };
        r.want = pare_alloc_zero(&ctx, model->n_values * sizeof(*r.want));
        r.is_shown = pare_alloc_zero(&ctx, model->n_values);
        compare(&ctx, model, &r);
        pare_datums_free(&ctx, r.want, model->n_values);
        pare_free(&ctx, r.is_shown);
        pare_model_free(&ctx, model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(all_values_are_shown) };
    return test_run(tests);
}
