#include "support/test.h"

#include "cli/app.h"
#include "support/files.h"
#include "support/test_ctx.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A run of a verb, as pare_app_main makes it. */
typedef struct verb_run {
    const char *verb;
    char *const *words;
    size_t n_words;
    bool json;
} verb_run;

/* Verbs print: standard output and error go nowhere meanwhile. */
static void silence(int saved[2])
{
    const int nowhere = open("/dev/null", O_WRONLY);
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        saved[i] = dup(i + 1);
        dup2(nowhere, i + 1);
    }
    close(nowhere);
}

static void speak(const int saved[2])
{
    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        dup2(saved[i], i + 1);
        close(saved[i]);
    }
}

static pare_status status_of(int exit_status)
{
    switch (exit_status) {
    case PARE_EXIT_DONE: return PARE_OK;
    case PARE_EXIT_RESOURCES: return PARE_ENOMEM;
    default: return PARE_EFORMAT;
    }
}

static pare_status run_verb(pare_ctx *ctx, void *user)
{
    const verb_run *const run = user;
    const pare_cmd *const command = pare_cmd_find(run->verb)->command;
    pare_app app = { .ctx = *ctx, .shared = { .json = run->json } };
    union {
        uint64_t align;
        char bytes[PARE_MAX_OPTIONS_BYTES];
    } options = { 0 };
    pare_arguments args = { 0 };
    pare_usage_error error = { 0 };
    const pare_syntax syntax = {
        .command = run->verb,
        .sets = { { command->options, command->n_options, options.bytes },
                  { pare_shared_options, pare_n_shared_options, &app.shared } },
        .operands = command->operands, .n_operands = command->n_operands,
    };
    if (command->defaults) memcpy(options.bytes, command->defaults, command->options_bytes);
    size_t n_used = 0;
    int saved[2];
    silence(saved);
    pare_status st = pare_options_parse(&app.ctx, &args, &syntax, run->n_words, run->words, &n_used,
                                        &error);
    if (!st) st = status_of(command->run(&app, &args, options.bytes));
    speak(saved);
    pare_options_free(&app.ctx, &syntax.sets[0]);
    pare_arguments_free(&app.ctx, &args);
    memcpy(ctx->message, app.ctx.message, sizeof(ctx->message));
    return st;
}

/* Fails each allocation in turn, with text and with JSON. */
static void torture(const char *verb, char *const *words, size_t n_words)
{
    for (int json = 0; json < 2; json++) {
        verb_run run = { verb, words, n_words, json };
        test_ctx_torture(run_verb, &run);
    }
}

static void test_inspect(void **state)
{
    (void)state;
    static const char *const models[] = {
        "models/tiny_functions.onnx", "models/tiny_external.onnx", "models/tiny_control_flow.onnx",
    };
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        char path[TEST_PATH_BYTES];
        char *words[] = { test_data_path(path, models[i]) };
        torture("inspect", words, 1);
    }
}

static void test_compare(void **state)
{
    (void)state;
    char base[TEST_PATH_BYTES], model[TEST_PATH_BYTES];
    test_data_path(base, "models/tiny_residual.onnx");
    test_data_path(model, "models/tiny_depthwise.onnx");
    char *words[] = { base, model, model, "--max-energy", "900%", "--max-size", "1MB" };
    torture("compare", words, 7);
}

static void test_convert(void **state)
{
    (void)state;
    static char *const forms[] = { "--quiet", "--embed", "--external-data=1" };
    char dir[TEST_PATH_BYTES], in[TEST_PATH_BYTES], out[TEST_PATH_BYTES];
    test_join(out, test_temp_dir(dir), "out.onnx");
    test_data_path(in, "models/tiny_external.onnx");
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        char *words[] = { in, "-o", out, forms[i] };
        torture("convert", words, 4);
    }
    test_data_path(in, "models/tiny_shapes.onnx");
    char *optimize[] = { in, "-o", out, "--optimize" };
    torture("convert", optimize, 4);
    test_remove_tree(dir);
}

/* A node that cannot be looked at for want of memory stays as it is: then a run may well end in
 * success. What counts is that nothing is lost, and nothing done in part. */
static void torture_lightly(const char *verb, char *const *words, size_t n_words)
{
    bool failed = true;
    for (int64_t nth = 0; failed; nth += 1 + nth / 32) {
        verb_run run = { verb, words, n_words, false };
        test_ctx t;
        test_ctx_init(&t);
        test_ctx_fail_at(&t, nth);
        const pare_status st = run_verb(&t.ctx, &run);
        failed = t.failed;
        if (st && st != PARE_ENOMEM) fail_msg("allocation %lld: %s", (long long)nth, t.ctx.message);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

static void test_quantize(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES], in[TEST_PATH_BYTES], out[TEST_PATH_BYTES];
    test_join(out, test_temp_dir(dir), "out.onnx");
    test_data_path(in, "models/tiny_transformer_fused.onnx");
    char *dynamic[] = { in, "-o", out, "--threads", "1", "--exclude", "op:Gemm" };
    torture_lightly("quantize", dynamic, 7);
    test_data_path(in, "models/tiny_residual.onnx");
    char *norms[] = { in, "-o", out, "--threads", "1", "--format", "qoperator" };
    torture_lightly("quantize", norms, 7);
    char *weights[] = { in, "-o", out, "--threads", "1", "--weights", "int4" };
    torture_lightly("quantize", weights, 7);
    test_remove_tree(dir);
}

static void test_compress(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES], in[TEST_PATH_BYTES], out[TEST_PATH_BYTES], recipe[TEST_PATH_BYTES];
    static const char text[] = "pare: 1\ndims: {batch: 1}\nlimits: {max-params: 1M}\n"
                               "minimize: energy\nsteps: [fold: {}]\ntry:\n"
                               "  - [quantize: {weights: int8, activations: none}]\n"
                               "  - [quantize: {weights: float16, exclude: ['op:Gemm']}]\n";
    test_join(out, test_temp_dir(dir), "out.onnx");
    test_join(recipe, dir, "r.yaml");
    test_write_file(recipe, text, sizeof(text) - 1);
    test_data_path(in, "models/tiny_residual.onnx");
    char *chosen[] = { in, "-o", out, "--threads", "1", "--set", "max-drop=1", "--dry-run" };
    torture_lightly("compress", chosen, 5);
    char *ways[] = { in, "-o", out, "--threads", "1", "--recipe", recipe, "--set",
                     "quantize.block-size=0" };
    torture_lightly("compress", ways, 9);
    char *name[] = { "int8" };
    torture("recipes", name, 1);
    test_remove_tree(dir);
}

static void test_prune(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES], in[TEST_PATH_BYTES], out[TEST_PATH_BYTES];
    test_join(out, test_temp_dir(dir), "out.onnx");
    test_data_path(in, "models/tiny_residual.onnx");
    char *list[] = { in, "--list-groups", "--floor", "op:Conv=2" };
    torture_lightly("prune", list, 4);
    char *zeros[] = { in, "-o", out, "--threads", "1", "--pattern", "1x2" };
    torture_lightly("prune", zeros, 7);
    char *blocks[] = { in, "-o", out, "--threads", "1", "--what", "blocks", "--max-macs", "90%" };
    torture_lightly("prune", blocks, 9);
    test_remove_tree(dir);
}

/* A report is made by the program itself, then run again. */
static void test_reproduce(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES], in[TEST_PATH_BYTES], out[TEST_PATH_BYTES], pages[TEST_PATH_BYTES];
    char report[TEST_PATH_BYTES], root[TEST_PATH_BYTES];
    test_join(out, test_temp_dir(dir), "out.onnx");
    test_join(pages, dir, "pages");
    test_join(report, pages, "report.json");
    test_data_path(in, "models/tiny_residual.onnx");
    test_data_path(root, "models");
    test_ctx t;
    test_ctx_init(&t);
    pare_app app = { .ctx = t.ctx };
    char *made[] = { "quantize", in, "-o", out, "--activations", "none", "--report", pages };
    int saved[2];
    silence(saved);
    const int status = pare_app_run_again(&app, 8, made);
    speak(saved);
    assert_int_equal(status, PARE_EXIT_DONE);
    char *words[] = { report, "--data-root", root, "--threads", "1" };
    torture_lightly("reproduce", words, 5);
    test_remove_tree(dir);
}

static void test_sweep(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES], in[TEST_PATH_BYTES], data[TEST_PATH_BYTES], yaml[TEST_PATH_BYTES];
    char text[3 * TEST_PATH_BYTES], images[TEST_PATH_BYTES], labels[TEST_PATH_BYTES];
    test_join(yaml, test_temp_dir(dir), "d.yaml");
    test_join(data, dir, "pages");
    test_data_path(in, "shapes/shapes.onnx");
    const int n = snprintf(text, sizeof(text),
                           "source: %s\nlabels: %s\nsplit: {calibrate: 0-1, eval: 2-3}\n",
                           test_data_path(images, "shapes/images.idx"),
                           test_data_path(labels, "shapes/labels.idx"));
    test_write_file(yaml, text, (size_t)n);
    char *words[] = { in, "--data", yaml, "--threads", "1", "--vary", "quantize.correct=none,bias",
                      "--preset", "int8", "--repeat", "2", "--report", data, "--quiet" };
    torture_lightly("sweep", words, 14);
    test_remove_tree(dir);
}

static void test_run_verb(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES], model[TEST_PATH_BYTES], array[TEST_PATH_BYTES];
    char in[TEST_PATH_BYTES + 2];
    static const uint8_t npy[] = "\x93NUMPY\1\0\x39\0"
                                 "{'descr': '<f4', 'fortran_order': False, 'shape': () }  \n"
                                 "\0\0\0\x40";
    test_join(array, test_temp_dir(dir), "x.npy");
    test_write_file(array, npy, sizeof(npy) - 1);
    snprintf(in, sizeof(in), "x=%s", array);
    test_data_path(model, "models/tiny_all_dtypes.onnx");
    char *given[] = { model, "--input", in, "--output-dir", dir };
    torture("run", given, 5);
    test_data_path(model, "models/tiny_qdq.onnx");
    char *random[] = { model, "--dim", "batch=1", "--output-dir", dir };
    torture("run", random, 5);
    char *reference[] = { model, "--dim", "batch=1", "--reference" };
    torture("run", reference, 4);
    test_remove_tree(dir);
}

static void test_version(void **state)
{
    (void)state;
    torture("version", NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_compare), cmocka_unit_test(test_inspect),
        cmocka_unit_test(test_convert),
        cmocka_unit_test(test_quantize),
        cmocka_unit_test(test_prune), cmocka_unit_test(test_reproduce),
        cmocka_unit_test(test_sweep),
        cmocka_unit_test(test_compress),
        cmocka_unit_test(test_run_verb),
        cmocka_unit_test(test_version),
    };
    return test_run(tests);
}
