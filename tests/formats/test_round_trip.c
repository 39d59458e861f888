/* What is read and written again is the same, byte for byte, even when every message is built anew.
 * Every file of the shared data is canonical, so there is no list of exceptions. */
#include "formats/onnx/onnx.h"
#include "ir/graph.h"
#include "support/conformance.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char work_dir[TEST_PATH_BYTES];

static int set_up(void **state)
{
    (void)state;
    struct stat st;
    /* Thousands of files are written and each one forced to the disk. */
    if (!stat("/dev/shm", &st) && S_ISDIR(st.st_mode)) setenv("TMPDIR", "/dev/shm", 0);
    test_temp_dir(work_dir);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    test_remove_tree(work_dir);
    return 0;
}

static pare_model *open_file(pare_ctx *ctx, const char *path)
{
    pare_model *model = NULL;
    if (pare_onnx_open(ctx, &model, path, NULL)) fail_msg("%s", ctx->message);
    return model;
}

static void save_file(pare_ctx *ctx, const pare_model *model, const char *path)
{
    if (pare_onnx_save(ctx, model, path, NULL)) fail_msg("%s", ctx->message);
}

static void check_same(const char *path, const char *copy, const char *how)
{
    size_t n = 0;
    size_t n_copy = 0;
    uint8_t *want = test_read_file(path, &n);
    uint8_t *got = test_read_file(copy, &n_copy);
    size_t at = 0;
    while (at < n && at < n_copy && want[at] == got[at]) at++;
    if (n != n_copy || at != n)
        fail_msg("%s, %s: %zu bytes instead of %zu, the first difference at %zu", path, how, n_copy,
                 n, at);
    free(want);
    free(got);
}

/* Saved as it is; with everything marked as changed; and as a clone of that. */
static void check_round_trip(const char *path)
{
    test_ctx t;
    test_ctx_init(&t);
    pare_model *clone = NULL;
    char copy[TEST_PATH_BYTES];
    test_join(copy, work_dir, "copy.onnx");
    pare_model *model = open_file(&t.ctx, path);
    save_file(&t.ctx, model, copy);
    check_same(path, copy, "clean");
    pare_model_touch(model);
    save_file(&t.ctx, model, copy);
    check_same(path, copy, "touched");
    assert_int_equal(pare_model_clone(&t.ctx, &clone, model), PARE_OK);
    pare_model_free(&t.ctx, model);
    save_file(&t.ctx, clone, copy);
    check_same(path, copy, "cloned");
    pare_model_free(&t.ctx, clone);
    assert_true(test_ctx_live_bytes(&t) == 0);
}

static void real_models_are_the_same(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES];
    if (!test_models_dir(dir)) test_skip("no real models");
    test_paths paths = test_find_files(dir, ".onnx");
    assert_true(paths.n >= 30);
    for (size_t i = 0; i < paths.n; i++) check_round_trip(paths.items[i]);
    printf("%zu real models\n", paths.n);
    test_paths_free(&paths);
}

static void conformance_models_are_the_same(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES];
    if (!test_conformance_dir(dir)) test_skip("no conformance data");
    test_paths paths = test_find_files(dir, ".onnx");
    assert_int_equal(paths.n, 1914);
    for (size_t i = 0; i < paths.n; i++) check_round_trip(paths.items[i]);
    printf("%zu conformance models\n", paths.n);
    test_paths_free(&paths);
}

/* A model that has no sources at all, since it comes from text, says the same when it is read back.
 * False: the text leaves payloads out and cannot be parsed. */
static bool check_made_from_text(const char *path)
{
    test_ctx t;
    test_ctx_init(&t);
    char copy[TEST_PATH_BYTES];
    test_join(copy, work_dir, "copy.onnx");
    pare_model *model = open_file(&t.ctx, path);
    char *text = test_model_text(&t.ctx, model);
    pare_model_free(&t.ctx, model);
    const bool is_whole = !strstr(text, " elements, ");
    if (is_whole) {
        model = test_model_parse(&t.ctx, text);
        /* What new things need (IR 4 for initializers that are no inputs) may be more than it
         * says. */
        const int64_t ir_version = model->ir_version;
        save_file(&t.ctx, model, copy);
        pare_model_free(&t.ctx, model);
        model = open_file(&t.ctx, copy);
        assert_true(model->ir_version >= ir_version);
        model->ir_version = ir_version;
        test_model_equals(&t.ctx, model, text);
        pare_model_free(&t.ctx, model);
    }
    free(text);
    assert_true(test_ctx_live_bytes(&t) == 0);
    return is_whole;
}

static void models_made_here_say_the_same(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES];
    if (!test_conformance_dir(dir)) test_skip("no conformance data");
    test_paths paths = test_find_files(dir, ".onnx");
    size_t n = 0;
    for (size_t i = 0; i < paths.n; i++) n += check_made_from_text(paths.items[i]);
    assert_true(n > 1700);
    test_paths_free(&paths);
}

/* --- one change ------------------------------------------------------------------------------- */

/* One field of a message. */
typedef struct field {
    uint32_t number;
    const uint8_t *start, *data, *end; /* the tag, the contents behind tag and length, the next */
} field;

static uint64_t read_varint(const uint8_t **p)
{
    uint64_t v = 0;
    for (unsigned shift = 0;; shift += 7) {
        v |= (uint64_t)(**p & 0x7f) << shift;
        if (!(*(*p)++ & 0x80)) return v;
    }
}

static bool next_field(field *f, const uint8_t *end)
{
    if (f->end == end) return false;
    const uint8_t *p = f->start = f->end;
    const uint64_t tag = read_varint(&p);
    f->number = (uint32_t)(tag >> 3);
    if ((tag & 7) == 0) (void)read_varint(&p);
    if ((tag & 7) == 1) p += 8;
    if ((tag & 7) == 5) p += 4;
    const uint64_t n = (tag & 7) == 2 ? read_varint(&p) : 0;
    f->data = p;
    f->end = p + n;
    return true;
}

/* Both messages have the same fields, except the first one numbered way[0], in which only the first
 * one numbered way[1] differs, and so on; the last may be missing in a. */
static void check_only_differs_at(field a, const uint8_t *a_end, field b, const uint8_t *b_end,
                                  const uint32_t *way)
{
    bool found = false;
    while (next_field(&b, b_end)) {
        const bool is_way = !found && b.number == way[0];
        if (is_way && !way[1]) { /* the field that was added */
            found = true;
            continue;
        }
        assert_true(next_field(&a, a_end));
        assert_int_equal(a.number, b.number);
        if (is_way) {
            found = true;
            check_only_differs_at((field){ .end = a.data }, a.end, (field){ .end = b.data }, b.end,
                                  way + 1);
        } else {
            assert_int_equal(a.end - a.start, b.end - b.start);
            assert_memory_equal(a.start, b.start, (size_t)(a.end - a.start));
        }
    }
    assert_true(found);
    assert_false(next_field(&a, a_end));
}

static void check_one_doc_string(const char *path)
{
    static const uint32_t to_doc[] = { 7, 1, 6, 0 }; /* graph.node.doc_string */
    test_ctx t;
    test_ctx_init(&t);
    char copy[TEST_PATH_BYTES];
    char back[TEST_PATH_BYTES];
    test_join(copy, work_dir, "copy.onnx");
    test_join(back, work_dir, "back.onnx");
    pare_model *model = open_file(&t.ctx, path);
    const pare_node_id node = model->graph->first_node;
    if (node == PARE_NONE || pare_node_at(model, node)->doc) {
        pare_model_free(&t.ctx, model);
        return;
    }
    assert_int_equal(pare_node_set_doc(&t.ctx, model, node, "told apart"), PARE_OK);
    save_file(&t.ctx, model, copy);
    pare_model_free(&t.ctx, model);

    size_t n = 0;
    size_t n_copy = 0;
    uint8_t *want = test_read_file(path, &n);
    uint8_t *got = test_read_file(copy, &n_copy);
    check_only_differs_at((field){ .end = want }, want + n, (field){ .end = got }, got + n_copy,
                          to_doc);
    free(want);
    free(got);

    /* Taken back, nothing is left of it. */
    model = open_file(&t.ctx, copy);
    assert_int_equal(pare_node_set_doc(&t.ctx, model, node, NULL), PARE_OK);
    save_file(&t.ctx, model, back);
    check_same(path, back, "changed and changed back");
    pare_model_free(&t.ctx, model);
    assert_true(test_ctx_live_bytes(&t) == 0);
}

static void a_doc_string_changes_nothing_else(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES];
    if (!test_models_dir(dir)) test_skip("no real models");
    test_paths paths = test_find_files(dir, ".onnx");
    for (size_t i = 0; i < paths.n; i++) check_one_doc_string(paths.items[i]);
    test_paths_free(&paths);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_models_are_the_same),
        cmocka_unit_test(conformance_models_are_the_same),
        cmocka_unit_test(models_made_here_say_the_same),
        cmocka_unit_test(a_doc_string_changes_nothing_else),
    };
    return test_exit_status(cmocka_run_group_tests(tests, set_up, tear_down));
}
