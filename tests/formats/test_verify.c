#include "support/test.h"

#include "formats/onnx/verify.h"
#include "support/files.h"
#include "support/models.h"
#include "support/test_ctx.h"

#include "ir/text.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD "<ir_version: 8, opset_import: [\"\" : 13], producer_name: \"p\">\n"
#define FRONT "g (float[N,2] x, bool c) => (float[N,2] y) "
#define CONSTANTS "<float[2] w = {1, 2}, string[2] s = {\"a\", \"b\"}, float[N,2] h> "
#define NODES                                                                          \
    "{ [a] h = Add (x, w)\n [b] y = LeakyRelu <alpha: float = 0.5> (h)\n"              \
    "  [i] z = If (c) <then_branch: graph = t () => (q) { q = Neg (h) },"              \
    "                  else_branch: graph = e () => (r) { r = Abs (h) }> }\n"

static const char base[] = HEAD FRONT CONSTANTS NODES;

/* The model with `from` in its text replaced by `to`. */
static pare_model *changed(pare_ctx *ctx, const char *from, const char *to)
{
    char text[sizeof(base) + 64];
    const char *const at = strstr(base, from);
    assert_non_null(at);
    snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - base), base, to, at + strlen(from));
    return test_model_parse(ctx, text);
}

static pare_model *saved(pare_ctx *ctx, const char *path, pare_onnx_storage storage)
{
    pare_model *const model = test_model_parse(ctx, base);
    const pare_onnx_save_opts opts = { .storage = storage, .external_min_bytes = 1 };
    assert_int_equal(pare_onnx_save(ctx, model, path, &opts), PARE_OK);
    return model;
}

static void test_same(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    test_join(path, test_temp_dir(dir), "m.onnx");
    for (int storage = PARE_STORE_KEEP; storage <= PARE_STORE_EXTERNAL; storage++) {
        test_ctx t;
        test_ctx_init(&t);
        pare_model *const model = saved(&t.ctx, path, storage);
        pare_model *written = NULL;
        assert_int_equal(pare_onnx_verify(&t.ctx, NULL, path, model, NULL), PARE_OK);
        assert_int_equal(pare_onnx_verify(&t.ctx, &written, path, model, NULL), PARE_OK);
        assert_int_equal(written->n_nodes, model->n_nodes);
        /* Against itself as read: payloads of one file need no reading, and are the same. */
        assert_int_equal(pare_onnx_verify(&t.ctx, NULL, path, written, NULL), PARE_OK);
        pare_model_free(&t.ctx, written);
        pare_model_free(&t.ctx, model);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
    test_remove_tree(dir);
}

static void test_differences(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        { ": 13", ": 14", "head of 'model'" },
        { "\"p\"", "\"q\"", "head of 'model'" },
        { "g (", "f (", "graph 'f'" },
        { "float[N,2] x", "float[N,3] x", "declaration of 'x'" },
        { "float[N,2] x", "float[M,2] x", "declaration of 'x'" },
        { "float[N,2] x", "double[N,2] x", "declaration of 'x'" },
        { "float[N,2] x", "float[] x", "declaration of 'x'" },
        { ", bool c)", ", bool c, int64 k)", "declaration of 'k'" },
        { "{1, 2}", "{1, 3}", "payload of 'w'" },
        { "float[2] w = {1, 2}", "int32[2] w = {1, 2}", "tensor 'w'" },
        { "float[2] w", "float[1,2] w", "tensor 'w'" },
        { "\"b\"", "\"c\"", "payload of 's'" },
        { ", float[N,2] h>", ">", "declaration of 'h'" },
        { "Add", "Sub", "node 'a'" },
        { "[a]", "[n]", "node 'n'" },
        { "(x, w)", "(w, x)", "an input of node 'a'" },
        { "alpha: float = 0.5", "alpha: float = 0.25", "an attribute of 'b'" },
        { "alpha", "beta", "an attribute of 'b'" },
        { "alpha: float = 0.5", "alpha: int = 1", "an attribute of 'b'" },
        { "z = If", "v = If", "an output of node 'i'" },
        { "Abs", "Neg", "node 'Neg'" },
        { "e ()", "o ()", "graph 'o'" },
    };
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    test_join(path, test_temp_dir(dir), "m.onnx");
    test_ctx t;
    test_ctx_init(&t);
    pare_model_free(&t.ctx, saved(&t.ctx, path, PARE_STORE_KEEP));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pare_model *const model = changed(&t.ctx, cases[i].from, cases[i].to);
        pare_model *written = NULL;
        assert_int_equal(pare_onnx_verify(&t.ctx, &written, path, model, NULL), PARE_EFORMAT);
        assert_null(written);
        if (!strstr(t.ctx.message, cases[i].message))
            fail_msg("expected '%s', found '%s'", cases[i].message, t.ctx.message);
        pare_model_free(&t.ctx, model);
    }
    test_remove_tree(dir);
}

static pare_status refuse(pare_ctx *ctx, const char *path, void *user)
{
    assert_true(test_file_exists(path));
    *(bool *)user = true;
    return pare_fail(ctx, PARE_EIO, "not good enough");
}

static size_t count_entries(const char *dir)
{
    size_t n = 0;
    DIR *const d = opendir(dir);
    assert_non_null(d);
    while (readdir(d)) n++;
    closedir(d);
    return n - 2; /* itself and its parent */
}

static void test_refused_files_leave_nothing(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    test_join(path, test_temp_dir(dir), "m.onnx");
    test_write_file(path, "old", 3);
    test_ctx t;
    test_ctx_init(&t);
    pare_model *const model = test_model_parse(&t.ctx, base);
    bool asked = false;
    const pare_onnx_save_opts opts = {
        .storage = PARE_STORE_EXTERNAL, .external_min_bytes = 1, .check = refuse, .user = &asked,
    };
    assert_int_equal(pare_onnx_save(&t.ctx, model, path, &opts), PARE_EIO);
    assert_string_equal(t.ctx.message, "not good enough");
    assert_true(asked);
    assert_int_equal(count_entries(dir), 1);
    uint8_t *const bytes = test_read_file(path, NULL);
    assert_string_equal((char *)bytes, "old");
    free(bytes);
    pare_model_free(&t.ctx, model);
    test_remove_tree(dir);
}

static pare_status verify(pare_ctx *ctx, void *user)
{
    const char *const path = user;
    pare_model *model = NULL;
    pare_status st = pare_text_parse(ctx, &model, base);
    if (!st) st = pare_onnx_verify(ctx, NULL, path, model, NULL);
    pare_model_free(ctx, model);
    return st;
}

static void test_memory_failures(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    test_join(path, test_temp_dir(dir), "m.onnx");
    test_ctx t;
    test_ctx_init(&t);
    pare_model_free(&t.ctx, saved(&t.ctx, path, PARE_STORE_EXTERNAL));
    assert_true(test_ctx_torture(verify, path) > 0);
    test_remove_tree(dir);
}

static void test_missing_file(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *const model = test_model_parse(&t.ctx, base);
    assert_int_not_equal(pare_onnx_verify(&t.ctx, NULL, "/nowhere/m.onnx", model, NULL), PARE_OK);
    assert_non_null(strstr(t.ctx.message, "/nowhere/m.onnx: "));
    pare_model_free(&t.ctx, model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_differences),
        cmocka_unit_test(test_refused_files_leave_nothing),
        cmocka_unit_test(test_memory_failures),
        cmocka_unit_test(test_missing_file),
    };
    return test_run(tests);
}
