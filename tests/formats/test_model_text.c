/* Real files as text, and in numbers: what synthetic models cannot show. */
#include "formats/onnx/onnx.h"
#include "ir/check.h"
#include "ir/order.h"
#include "ir/summary.h"
#include "ir/text.h"
#include "support/conformance.h"
#include "support/models.h"
#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pare_model *open_file(pare_ctx *ctx, const char *path)
{
    pare_model *model = NULL;
    if (pare_onnx_open(ctx, &model, path, NULL)) fail_msg("%s", ctx->message);
    return model;
}

/* Prints the file; unless payloads were left out, the text must parse to what prints the same.
 * Returns whether it did. */
static bool text_comes_back(const char *path)
{
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    pare_model *model = open_file(&ctx, path);
    char *text = test_model_text(&ctx, model);
    pare_model_free(&ctx, model);
    const bool is_whole = !strstr(text, " elements, ");
    model = NULL;
    const pare_status st = pare_text_parse(&ctx, &model, text);
    if (is_whole && st) fail_msg("%s: %s\n%s", path, ctx.message, text);
    if (!is_whole) {
        assert_int_equal(st, PARE_EFORMAT);
        assert_non_null(strstr(ctx.message, "a hash cannot be read back"));
    } else {
        test_model_equals(&ctx, model, text);
    }
    pare_model_free(&ctx, model);
    free(text);
    return is_whole;
}

static void conformance_models_come_back_from_text(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES];
    if (!test_conformance_dir(dir)) test_skip("no conformance data");
    test_paths paths = test_find_files(dir, ".onnx");
    size_t n_whole = 0;
    for (size_t i = 0; i < paths.n; i++) n_whole += text_comes_back(paths.items[i]);
    assert_true(n_whole > 1700);
    test_paths_free(&paths);
}

static void real_models_print(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES];
    if (!test_models_dir(dir)) test_skip("no shared models");
    test_paths paths = test_find_files(dir, ".onnx");
    for (size_t i = 0; i < paths.n; i++) text_comes_back(paths.items[i]);
    test_paths_free(&paths);
}

/* --- models.json ------------------------------------------------------------------------------ */

/* The number behind `"key": ` after `from`. */
static uint64_t number_after(const char *from, const char *key)
{
    const char *at = strstr(from, key);
    assert_non_null(at);
    return strtoull(at + strlen(key), NULL, 10);
}

/* Compares the counts of operators with the list `"ops": {"Conv": 5, "dom:Op": 1, ...}`. */
static void check_ops(const pare_summary *s, const char *facts, const char *path)
{
    const char *list = strstr(facts, "\"ops\": {");
    assert_non_null(list);
    const char *end = strchr(list, '}');
    for (size_t i = 0; i < s->n_ops; i++) {
        char key[128];
        const pare_summary_op *op = &s->ops[i];
        snprintf(key, sizeof(key), "\"%s%s%s\": ", op->domain, *op->domain ? ":" : "", op->op_type);
        const char *at = strstr(list, key);
        if (!at || at > end || number_after(list, key) != op->n)
            fail_msg("%s: %s: %llu nodes", path, op->op_type, (unsigned long long)op->n);
    }
}

static void check_facts(const char *path, const char *facts)
{
    pare_ctx ctx;
    pare_summary s;
    pare_ctx_init(&ctx, NULL);
    pare_model *model = open_file(&ctx, path);
    assert_int_equal(pare_summary_make(&ctx, &s, model), PARE_OK);
    const uint64_t n_params = number_after(facts, "\"params\": ");
    if (s.n_params != n_params)
        fail_msg("%s: expected %llu parameters, found %llu", path, (unsigned long long)n_params,
                 (unsigned long long)s.n_params);
    assert_int_equal(s.n_nodes, number_after(facts, "\"nodes\": "));
    check_ops(&s, facts, path);
    pare_summary_free(&ctx, &s);
    pare_model_free(&ctx, model);
}

static void summaries_agree_with_the_list_of_models(void **state)
{
    (void)state;
    char list[TEST_PATH_BYTES];
    size_t n = 0;
    if (!test_shared_path(list, "data/models.json")) test_skip("no shared models");
    char *text = (char *)test_read_file(list, NULL);
    for (const char *at = text; (at = strstr(at, "\"models/")) != NULL; n++) {
        char path[TEST_PATH_BYTES];
        char relative[256];
        const char *end = strchr(at + 1, '"');
        snprintf(relative, sizeof(relative), "data/%.*s", (int)(end - at - 1), at + 1);
        assert_non_null(test_shared_path(path, relative));
        check_facts(path, end);
        at = end;
    }
    assert_true(n >= 30);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conformance_models_come_back_from_text),
        cmocka_unit_test(real_models_print),
        cmocka_unit_test(summaries_agree_with_the_list_of_models),
    };
    return test_run(tests);
}
