/* Plans of all conformance cases that eval runs: the same bits at every level and thread count. */
#include "formats/onnx/onnx.h"
#include "op/eval.h"
#include "support/conformance.h"
#include "support/plan.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_INPUTS = 1000 };

typedef struct tally {
    size_t n_same, n_different, n_without;
} tally;

static void drop_all(pare_ctx *ctx, pare_datum *datums, size_t n)
{
    pare_datums_free(ctx, datums, n);
}

static void compare(pare_ctx *ctx, const pare_model *model, const test_data_set *set, tally *t)
{
    static pare_eval_input inputs[MAX_INPUTS];
    size_t n = 0;
    pare_datum *want = NULL;
    char why[1024] = "";
    /* the light models are whole networks: plain C would take minutes */
    const pare_isa lowest = set->is_light ? pare_isa_best() : PARE_ISA_SCALAR;
    const pare_status st = test_read_inputs(ctx, model, set, inputs, &n);
    if (st || pare_eval_model(ctx, &want, model, inputs, n, NULL)) {
        t->n_without++;
    } else if (test_plan_agrees(ctx, model, inputs, n, want, lowest, why, sizeof(why))) {
        t->n_same++;
    } else {
        t->n_different++;
        printf("%s: %s\n", set->model_path, why);
    }
    drop_all(ctx, want, model->graph->outputs.n);
    for (size_t i = 0; i < n; i++) pare_datum_drop(ctx, &inputs[i].datum);
}

static void check_case(const char *path, tally *t)
{
    pare_ctx ctx;
    pare_model *model = NULL;
    char folder[TEST_PATH_BYTES + 32];
    const int stem = (int)(strrchr(path, '/') - path);
    pare_ctx_init(&ctx, NULL);
    snprintf(folder, sizeof(folder), "%.*s/test_data_set_0", stem, path);
    const test_data_set set = { path, folder, strstr(path, "/light/") != NULL };
    if (pare_onnx_open(&ctx, &model, path, NULL)) t->n_without++;
    else compare(&ctx, model, &set, t);
    pare_model_free(&ctx, model);
}

static void cases_agree(void **state)
{
    (void)state;
    char root[TEST_PATH_BYTES];
    tally t = { 0 };
    const char *only = getenv("PLAN_ONLY");
    if (!test_conformance_dir(root)) test_skip("no conformance data");
    test_paths paths = test_find_files(root, ".onnx");
    for (size_t i = 0; i < paths.n; i++) {
#if defined(__SANITIZE_ADDRESS__)
        if (strstr(paths.items[i], "/light/")) continue; /* minutes each */
#endif
        if (!only || strstr(paths.items[i], only)) check_case(paths.items[i], &t);
    }
    test_paths_free(&paths);
    printf("%zu cases agree, %zu differ, %zu are not run by eval\n", t.n_same, t.n_different,
           t.n_without);
    assert_int_equal(t.n_different, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(cases_agree) };
    return test_run(tests);
}
