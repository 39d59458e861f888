/* A writer that is killed, at whatever moment, leaves the old model or the new one, whole. */
#include "formats/onnx/onnx.h"
#include "formats/onnx/verify.h"
#include "ir/graph.h"
#include "support/files.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { N_KILLS = 200, N_FLOATS = 1 << 20, N_MODELS = 2 };

static pare_model *make_model(pare_ctx *ctx, float first)
{
    pare_model *model = test_model_parse(ctx, "<ir_version: 8, opset_import: [\"\" : 17]>\n"
                                              "g (float x) => (float y) { y = Relu (x) }");
    static const int64_t dims[] = { N_FLOATS };
    pare_tensor *tensor = NULL;
    pare_value_id v = PARE_NONE;
    assert_int_equal(pare_tensor_new(ctx, &tensor, PARE_FLOAT, 1, dims), PARE_OK);
    float *values = (float *)tensor->owner->data;
    for (int i = 0; i < N_FLOATS; i++) values[i] = first + (float)i;
    assert_int_equal(pare_value_new(ctx, &v, model->graph, "w"), PARE_OK);
    assert_int_equal(pare_value_set_tensor(ctx, model, v, tensor), PARE_OK);
    pare_tensor_unref(tensor);
    return model;
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void wait_seconds(double s)
{
    const struct timespec t = { (time_t)s, (long)((s - (double)(time_t)s) * 1e9) };
    nanosleep(&t, NULL);
}

/* Which of the models stands at path, whole; the test fails when none does. */
static int model_at(pare_ctx *ctx, const char *path, pare_model *const models[N_MODELS])
{
    for (int i = 0; i < N_MODELS; i++)
        if (!pare_onnx_verify(ctx, NULL, path, models[i], NULL)) return i;
    fail_msg("neither the old nor the new: %s", ctx->message);
    return -1;
}

static int count_files(const char *dir)
{
    DIR *d = opendir(dir);
    assert_non_null(d);
    int n = 0;
    while (readdir(d)) n++;
    closedir(d);
    return n - 2;
}

/* Saves in another process and kills that after a while. */
static void save_and_kill(pare_ctx *ctx, const pare_model *model, const char *path,
                          const pare_onnx_save_opts *opts, double after)
{
    int ready[2];
    char byte = 0;
    assert_int_equal(pipe(ready), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (!child) {
        if (write(ready[1], "1", 1) != 1) _exit(1);
        _exit(pare_onnx_save(ctx, model, path, opts) ? 1 : 0);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    wait_seconds(after);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    close(ready[0]);
    close(ready[1]);
}

static void a_killed_save_leaves_the_old_or_the_new(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    test_join(path, test_temp_dir(dir), "m.onnx");
    pare_model *models[N_MODELS] = { make_model(&t.ctx, 0), make_model(&t.ctx, 0.5f) };
    const pare_onnx_save_opts ways[] = { { .storage = PARE_STORE_EXTERNAL },
                                         { .storage = PARE_STORE_EMBED } };
    const double start = seconds();
    assert_int_equal(pare_onnx_save(&t.ctx, models[0], path, &ways[0]), PARE_OK);
    const double whole = seconds() - start;

    int present = 0;
    int n_replaced = 0;
    unsigned random = 1;
    for (int i = 0; i < N_KILLS; i++) {
        random = random * 1664525u + 1013904223u;
        const double after = 1.3 * whole * (double)(random >> 8) / (double)(1 << 24);
        save_and_kill(&t.ctx, models[1 - present], path, &ways[random >> 31], after);
        const int now = model_at(&t.ctx, path, models);
        n_replaced += now != present;
        present = now;
    }
    printf("%d of %d killed saves were through\n", n_replaced, N_KILLS);

    /* And the next one tidies up. */
    assert_int_equal(pare_onnx_save(&t.ctx, models[0], path, &ways[0]), PARE_OK);
    assert_int_equal(model_at(&t.ctx, path, models), 0);
    assert_int_equal(count_files(dir), 2);
    for (int i = 0; i < N_MODELS; i++) pare_model_free(&t.ctx, models[i]);
    assert_true(test_ctx_live_bytes(&t) == 0);
    test_remove_tree(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_killed_save_leaves_the_old_or_the_new),
    };
    return test_run(tests);
}
