#include "support/test.h"

#include "cli/unset_dims.h"

#include "formats/onnx/onnx.h"
#include "support/test_ctx.h"
#include "support/files.h"

#include <string.h>

typedef struct work {
    const char *model;
    pare_binding dims[3];
    int64_t batch;
} work;

static pare_status complete(pare_ctx *ctx, void *user)
{
    const work *const w = user;
    char path[TEST_PATH_BYTES];
    pare_model *model = NULL;
    pare_dims_set set;
    pare_arena arena;
    pare_arena_init(ctx, &arena, 0);
    const pare_onnx_open_opts opts = { 0 };
    const pare_infer_opts given = { .dims = w->dims };
    pare_status st = pare_onnx_open(ctx, &model, test_data_path(path, w->model), &opts);
    if (!st) st = pare_dims_complete(ctx, &arena, &set, model, &given, w->batch, true, "m.onnx");
    pare_model_free(ctx, model);
    pare_arena_free(&arena);
    return st;
}

static void check(const work *w, const char *want, uint64_t n_inferences, unsigned n_warnings)
{
    test_ctx t;
    test_ctx_init(&t);
    char path[TEST_PATH_BYTES], got[512] = "";
    pare_model *model = NULL;
    pare_dims_set set;
    pare_arena arena;
    pare_arena_init(&t.ctx, &arena, 0);
    const pare_onnx_open_opts opts = { 0 };
    const pare_infer_opts given = { .dims = w->dims };
    assert_int_equal(pare_onnx_open(&t.ctx, &model, test_data_path(path, w->model), &opts), 0);
    assert_int_equal(pare_dims_complete(&t.ctx, &arena, &set, model, &given, w->batch, true,
                                        "m.onnx"), PARE_OK);
    for (const pare_binding *b = set.opts.dims; b && b->name; b++)
        snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s=%d ", b->name, (int)b->value);
    assert_string_equal(got, want);
    assert_int_equal(set.n_inferences, n_inferences);
    assert_int_equal(t.n_warnings, n_warnings);
    if (n_warnings)
        assert_non_null(strstr(t.warning, "m.onnx: dimension 'time' of input 'x' is not set and "
                                          "taken as 1 for the estimate; --dim time=N sets it"));
    pare_model_free(&t.ctx, model);
    pare_arena_free(&arena);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void test_complete(void **state)
{
    (void)state;
    check(&(work){ "models/tiny_shapes.onnx", { { 0 } }, 1 }, "batch=1 time=1 ", 1, 1);
    check(&(work){ "models/tiny_shapes.onnx", { { 0 } }, 8 }, "batch=8 time=1 ", 8, 1);
    check(&(work){ "models/tiny_shapes.onnx", { { "time", 5 } }, 1 }, "time=5 batch=1 ", 1, 0);
    check(&(work){ "models/tiny_shapes.onnx", { { "time", 5 }, { "batch", 3 } }, 1 },
          "time=5 batch=3 ", 3, 0);
    check(&(work){ "models/tiny_qdq.onnx", { { 0 } }, 1 }, "batch=1 ", 1, 0);
}

static void test_no_memory(void **state)
{
    (void)state;
    work w = { "models/tiny_shapes.onnx", { { "time", 5 } }, 1 };
    assert_true(test_ctx_torture(complete, &w) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_complete), cmocka_unit_test(test_no_memory),
    };
    return test_run(tests);
}
