/* Where payloads go, what is refused, and what a failing save leaves behind. */
#include "formats/onnx/onnx.h"
#include "formats/onnx/verify.h"
#include "ir/graph.h"
#include "support/conformance.h"
#include "support/files.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Initializers of all sorts, one shared by two names below, constants in an attribute and in a
 * nested graph. */
static const char some_model[] =
    "<ir_version: 8, opset_import: [\"\" : 17]>\n"
    "g (float[N,4] x, bool c) => (float[N,4] y) <\n"
    "  float[4,4] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},\n"
    "  float[4] b = {0.5, -1, 2, 3}, int64[2] shape = {-1, 4}, float[0] none = {},\n"
    "  string[2] words = {\"a\", \"\\x00\"}, int4[3] q = {-8, 7, 1}\n"
    "> {\n"
    "  [first] h = MatMul (x, w)\n"
    "  k = Constant <value: tensor = float[4] {4, 3, 2, 1}> ()\n"
    "  i = If (c) <then_branch: graph = t () => (float[4] d) <float[4] e = {9, 8, 7, 6}> {\n"
    "    d = Add (e, k) }, else_branch: graph = u () => (f) { f = Identity (b) }>\n"
    "  y = Add (h, i)\n"
    "}\n";

typedef struct place {
    test_ctx t;
    pare_ctx *ctx;
    char dir[TEST_PATH_BYTES];
    char path[TEST_PATH_BYTES]; /* dir/m.onnx */
    pare_model *model;          /* some_model */
} place;

static int set_up(void **state)
{
    place *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    test_ctx_init(&p->t);
    p->ctx = &p->t.ctx;
    test_join(p->path, test_temp_dir(p->dir), "m.onnx");
    p->model = test_model_parse(p->ctx, some_model);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place *p = *state;
    pare_model_free(p->ctx, p->model);
    assert_true(test_ctx_live_bytes(&p->t) == 0);
    test_remove_tree(p->dir);
    free(p);
    return 0;
}

static pare_status save(place *p, const pare_model *model, const char *path,
                        pare_onnx_storage storage, uint64_t min_bytes)
{
    const pare_onnx_save_opts opts = { .storage = storage, .external_min_bytes = min_bytes };
    return pare_onnx_save(p->ctx, model, path, &opts);
}

static void must_save(place *p, const pare_model *model, const char *path,
                      pare_onnx_storage storage, uint64_t min_bytes)
{
    if (save(p, model, path, storage, min_bytes)) fail_msg("%s", p->ctx->message);
}

static pare_model *must_open(place *p, const char *path)
{
    pare_model *model = NULL;
    if (pare_onnx_open(p->ctx, &model, path, NULL)) fail_msg("%s", p->ctx->message);
    return model;
}

static void must_hold(place *p, const char *path, const pare_model *model)
{
    if (pare_onnx_verify(p->ctx, NULL, path, model, NULL)) fail_msg("%s", p->ctx->message);
}

static void check_message(const place *p, const char *part)
{
    if (!strstr(p->ctx->message, part)) fail_msg("'%s' is not in '%s'", part, p->ctx->message);
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

/* The only file in dir whose name ends so. */
static char *only_file(char out[TEST_PATH_BYTES], const char *dir, const char *suffix)
{
    test_paths found = test_find_files(dir, suffix);
    assert_int_equal(found.n, 1);
    snprintf(out, TEST_PATH_BYTES, "%s", found.items[0]);
    test_paths_free(&found);
    return out;
}

static bool same_content(const char *a, const char *b)
{
    size_t n = 0;
    size_t m = 0;
    uint8_t *x = test_read_file(a, &n);
    uint8_t *y = test_read_file(b, &m);
    const bool same = n == m && !memcmp(x, y, n);
    free(x);
    free(y);
    return same;
}

static const pare_tensor *tensor_of(const pare_model *model, const char *name)
{
    const pare_value_id id = pare_graph_find(model->graph, name);
    assert_true(id != PARE_NONE);
    return pare_value_at(model, id)->tensor;
}

/* --- external data ---------------------------------------------------------------------------- */

static void external_payloads_are_aligned_and_the_same(void **state)
{
    place *p = *state;
    char data[TEST_PATH_BYTES];
    must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 1);
    assert_int_equal(count_files(p->dir), 2);
    only_file(data, p->dir, ".data");
    const char *name = strrchr(data, '/') + 1;
    assert_int_equal(strlen(name), strlen("m.onnx-0123456789abcdef.data"));
    assert_int_equal(strncmp(name, "m.onnx-", 7), 0);

    pare_model *model = must_open(p, p->path);
    static const char *const outside[] = { "w", "b", "shape", "q" };
    for (size_t i = 0; i < 4; i++) {
        const pare_external *e = tensor_of(model, outside[i])->external;
        assert_non_null(e);
        assert_string_equal(e->location, name);
        assert_true(e->offset == 4096 * i);
    }
    assert_null(tensor_of(model, "words")->external);
    assert_null(tensor_of(model, "none")->external);
    pare_model_free(p->ctx, model);
    must_hold(p, p->path, p->model);

    /* w, b, shape, q and e, zeros between. */
    size_t n = 0;
    uint8_t *bytes = test_read_file(data, &n);
    assert_int_equal(n, 4 * 4096 + 16);
    for (size_t i = 64; i < 4096; i++) assert_int_equal(bytes[i], 0);
    assert_int_equal(bytes[3 * 4096], 0x78);
    assert_int_equal(bytes[3 * 4096 + 1], 0x01);
    free(bytes);
}

static void the_least_size_is_minded(void **state)
{
    place *p = *state;
    must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 17);
    pare_model *model = must_open(p, p->path);
    assert_non_null(tensor_of(model, "w")->external);
    assert_null(tensor_of(model, "b")->external);
    assert_null(tensor_of(model, "shape")->external);
    pare_model_free(p->ctx, model);
    must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 65);
    assert_int_equal(count_files(p->dir), 1); /* the old data file went, none was needed */
    must_hold(p, p->path, p->model);
}

static void the_same_model_gives_the_same_files(void **state)
{
    place *p = *state;
    char other[TEST_PATH_BYTES];
    char first[TEST_PATH_BYTES];
    char second[TEST_PATH_BYTES];
    char path[TEST_PATH_BYTES];
    test_join(other, p->dir, "other");
    assert_int_equal(mkdir(other, 0777), 0);
    must_save(p, p->model, test_join(path, other, "m.onnx"), PARE_STORE_EXTERNAL, 1);
    only_file(first, other, ".data");
    must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 1);
    must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 1);
    assert_int_equal(count_files(p->dir), 3);
    test_join(second, p->dir, strrchr(first, '/') + 1);
    assert_true(same_content(first, second));
    assert_true(same_content(path, p->path));
}

static void equal_payloads_are_stored_once(void **state)
{
    place *p = *state;
    pare_value_id twin = PARE_NONE;
    const pare_value_id w = pare_graph_find(p->model->graph, "w");
    assert_int_equal(pare_value_new(p->ctx, &twin, p->model->graph, "twin"), PARE_OK);
    assert_int_equal(pare_value_set_tensor(p->ctx, p->model, twin, p->model->values[w].tensor),
                     PARE_OK);
    must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 17);
    pare_model *model = must_open(p, p->path);
    assert_true(tensor_of(model, "twin")->external->offset == 0);
    pare_model_free(p->ctx, model);
    must_hold(p, p->path, p->model);
}

static void data_of_earlier_models_goes(void **state)
{
    place *p = *state;
    char foreign[TEST_PATH_BYTES];
    char data[TEST_PATH_BYTES];
    static const char *const others[] = { "m.onnx-0123.data", "m.onnx-0123456789abcdeX.data",
                                          "n.onnx-0123456789abcdef.data",
                                          "m.onnx-0123456789abcdef.data2" };
    for (size_t i = 0; i < 4; i++) test_write_file(test_join(foreign, p->dir, others[i]), "x", 1);
    test_write_file(test_join(foreign, p->dir, "m.onnx-0123456789abcdef.data"), "old", 3);
    must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 1);
    assert_false(test_file_exists(foreign));
    assert_int_equal(count_files(p->dir), 6);
    float *values = NULL;
    uint8_t *bytes = NULL;
    pare_value *w = &p->model->values[pare_graph_find(p->model->graph, "w")];
    test_paths before = test_find_files(p->dir, ".data");
    assert_int_equal(pare_tensor_own(p->ctx, &w->tensor, &bytes), PARE_OK);
    values = (float *)bytes;
    values[0] = 42;
    must_save(p, p->model, p->path, PARE_STORE_EXTERNAL, 1);
    assert_int_equal(count_files(p->dir), 6);
    must_hold(p, p->path, p->model);
    must_save(p, p->model, p->path, PARE_STORE_EMBED, 0);
    assert_int_equal(count_files(p->dir), 5);
    for (size_t i = 0; i < 4; i++)
        assert_true(test_file_exists(test_join(data, p->dir, others[i])));
    test_paths_free(&before);
}

static void a_leftover_data_file_goes(void **state)
{
    place *p = *state;
    char left[TEST_PATH_BYTES];
    test_join(left, p->dir, ".m.onnx-0000000000000000.data.pare-tmp");
    test_write_file(left, "half", 4);
    must_save(p, p->model, p->path, PARE_STORE_KEEP, 0);
    assert_int_equal(count_files(p->dir), 1);
}

/* --- models that come with data files --------------------------------------------------------- */

/* dir/in/m.onnx with external data, opened. */
static pare_model *open_external(place *p, char in_path[TEST_PATH_BYTES])
{
    char in[TEST_PATH_BYTES];
    test_join(in, p->dir, "in");
    assert_int_equal(mkdir(in, 0777), 0);
    must_save(p, p->model, test_join(in_path, in, "m.onnx"), PARE_STORE_EXTERNAL, 1);
    return must_open(p, in_path);
}

static char *make_out(const place *p, char out[TEST_PATH_BYTES], char out_path[TEST_PATH_BYTES])
{
    test_join(out, p->dir, "out");
    assert_int_equal(mkdir(out, 0777), 0);
    return test_join(out_path, out, "n.onnx");
}

static void kept_data_is_copied_to_another_folder(void **state)
{
    place *p = *state;
    char from[TEST_PATH_BYTES], out[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    char data[TEST_PATH_BYTES], copy[TEST_PATH_BYTES], in[TEST_PATH_BYTES];
    pare_model *model = open_external(p, from);
    make_out(p, out, to);
    only_file(data, test_join(in, p->dir, "in"), ".data");
    for (int round = 0; round < 2; round++) { /* the second time it is there already */
        must_save(p, model, to, PARE_STORE_KEEP, 0);
        assert_true(same_content(from, to));
        assert_true(same_content(data, test_join(copy, out, strrchr(data, '/') + 1)));
        assert_int_equal(count_files(out), 2);
        pare_model_touch(model);
    }
    assert_int_equal(p->t.n_warnings, 0);
    must_hold(p, to, p->model);
    pare_model_free(p->ctx, model);
}

static void kept_data_is_shared_in_the_same_folder(void **state)
{
    place *p = *state;
    char from[TEST_PATH_BYTES], to[TEST_PATH_BYTES], in[TEST_PATH_BYTES];
    pare_model *model = open_external(p, from);
    test_join(to, test_join(in, p->dir, "in"), "n.onnx");
    must_save(p, model, to, PARE_STORE_KEEP, 0);
    assert_true(same_content(from, to));
    assert_int_equal(count_files(in), 3);
    assert_int_equal(p->t.n_warnings, 1);
    assert_non_null(strstr(p->t.warning, "with the input"));
    must_hold(p, to, p->model);
    pare_model_free(p->ctx, model);
}

static void other_data_in_the_way_is_not_overwritten(void **state)
{
    place *p = *state;
    char from[TEST_PATH_BYTES], out[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    char data[TEST_PATH_BYTES], there[TEST_PATH_BYTES], in[TEST_PATH_BYTES];
    pare_model *model = open_external(p, from);
    make_out(p, out, to);
    only_file(data, test_join(in, p->dir, "in"), ".data");
    test_join(there, out, strrchr(data, '/') + 1);
    struct stat st;
    assert_int_equal(stat(data, &st), 0);
    char *other = calloc(1, (size_t)st.st_size); /* as long, but other content */
    assert_non_null(other);
    test_write_file(there, other, (size_t)st.st_size);
    must_save(p, model, to, PARE_STORE_KEEP, 0);
    must_hold(p, to, p->model);
    size_t n = 0;
    uint8_t *still = test_read_file(there, &n);
    assert_memory_equal(still, other, n);
    free(still);
    free(other);

    /* Nor is what lies behind a link written to. */
    char victim[TEST_PATH_BYTES];
    test_write_file(test_join(victim, p->dir, "victim"), "precious", 8);
    unlink(there);
    assert_int_equal(symlink("../victim", there), 0);
    must_save(p, model, to, PARE_STORE_KEEP, 0);
    must_hold(p, to, p->model);
    assert_int_equal(stat(victim, &st), 0);
    assert_int_equal(st.st_size, 8);
    pare_model_free(p->ctx, model);
}

/* Gives all external tensors of the model another location, with the file there. */
static pare_model *open_moved(place *p, const char *location)
{
    char from[TEST_PATH_BYTES], in[TEST_PATH_BYTES], data[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    pare_model_free(p->ctx, open_external(p, from));
    test_join(in, p->dir, "in");
    only_file(data, in, ".data");
    const char *name = strrchr(data, '/') + 1;
    const size_t n_name = strlen(name);
    assert_int_equal(strlen(location), n_name); /* so that lengths stay as they are */
    size_t n = 0;
    uint8_t *bytes = test_read_file(from, &n);
    for (size_t i = 0; i + n_name <= n; i++)
        if (!memcmp(bytes + i, name, n_name)) memcpy(bytes + i, location, n_name);
    test_write_file(from, bytes, n);
    free(bytes);
    test_join(to, in, location);
    for (char *slash = strchr(to + strlen(in) + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        assert_true(!mkdir(to, 0777) || errno == EEXIST);
        *slash = '/';
    }
    assert_int_equal(rename(data, to), 0);
    return must_open(p, from);
}

static void folders_of_kept_data_are_made(void **state)
{
    place *p = *state;
    char out[TEST_PATH_BYTES], to[TEST_PATH_BYTES], inner[TEST_PATH_BYTES];
    pare_model *model = open_moved(p, "weights/of/the/model/all.bin");
    make_out(p, out, to);
    must_save(p, model, to, PARE_STORE_KEEP, 0);
    must_hold(p, to, p->model);
    assert_true(test_file_exists(test_join(inner, out, "weights/of/the/model/all.bin")));

    /* Where one of them is a link to elsewhere, nothing goes there. */
    test_remove_tree(out);
    assert_int_equal(mkdir(out, 0777), 0);
    char elsewhere[TEST_PATH_BYTES];
    assert_int_equal(mkdir(test_join(elsewhere, p->dir, "elsewhere"), 0777), 0);
    assert_int_equal(symlink("../elsewhere", test_join(inner, out, "weights")), 0);
    must_save(p, model, to, PARE_STORE_KEEP, 0);
    must_hold(p, to, p->model);
    assert_int_equal(count_files(elsewhere), 0);

    /* A model named like the folder. */
    test_remove_tree(out);
    assert_int_equal(mkdir(out, 0777), 0);
    must_save(p, model, test_join(to, out, "weights"), PARE_STORE_KEEP, 0);
    must_hold(p, to, p->model);
    pare_model_free(p->ctx, model);
}

static void a_model_named_like_its_data_file_gets_other_data(void **state)
{
    place *p = *state;
    char out[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    pare_model *model = open_moved(p, "all-the-weights-there-are-ok");
    make_out(p, out, to);
    test_join(to, out, "all-the-weights-there-are-ok");
    must_save(p, model, to, PARE_STORE_KEEP, 0);
    must_hold(p, to, p->model);
    assert_int_equal(count_files(out), 2);
    pare_model_free(p->ctx, model);
}

static void embedding_takes_everything_in(void **state)
{
    place *p = *state;
    char from[TEST_PATH_BYTES], out[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    char direct[TEST_PATH_BYTES];
    pare_model *model = open_external(p, from);
    make_out(p, out, to);
    must_save(p, model, to, PARE_STORE_EMBED, 0);
    must_save(p, p->model, test_join(direct, p->dir, "direct.onnx"), PARE_STORE_KEEP, 0);
    assert_true(same_content(to, direct));
    assert_int_equal(count_files(out), 1);
    /* And back: laid out as before. */
    must_save(p, model, to, PARE_STORE_EXTERNAL, 17);
    must_hold(p, to, p->model);
    assert_int_equal(count_files(out), 2);
    pare_model_free(p->ctx, model);
}

static void changed_tensors_are_told_from_kept_ones(void **state)
{
    place *p = *state;
    char from[TEST_PATH_BYTES], out[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    pare_model *model = open_external(p, from);
    make_out(p, out, to);
    static const float ones[16] = { 1 };
    static const int64_t dims[] = { 4, 4 };
    pare_tensor *tensor = NULL;
    assert_int_equal(pare_tensor_from(p->ctx, &tensor, PARE_FLOAT, 2, dims, ones), PARE_OK);
    assert_int_equal(
        pare_value_set_tensor(p->ctx, model, pare_graph_find(model->graph, "w"), tensor), PARE_OK);
    pare_tensor_unref(tensor);
    must_save(p, model, to, PARE_STORE_KEEP, 0);
    pare_model *back = must_open(p, to);
    assert_null(tensor_of(back, "w")->external);
    assert_non_null(tensor_of(back, "b")->external);
    pare_model_free(p->ctx, back);
    must_hold(p, to, model);
    pare_model_free(p->ctx, model);
}

/* --- what is refused -------------------------------------------------------------------------- */

static void inputs_are_never_written_to(void **state)
{
    place *p = *state;
    char from[TEST_PATH_BYTES], link_path[TEST_PATH_BYTES], data[TEST_PATH_BYTES];
    char in[TEST_PATH_BYTES];
    pare_model *model = open_external(p, from);
    test_join(in, p->dir, "in");
    only_file(data, in, ".data");
    size_t n = 0;
    uint8_t *before = test_read_file(from, &n);
    const char *targets[] = { from, data, test_join(link_path, p->dir, "link") };
    assert_int_equal(symlink("in/m.onnx", link_path), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(save(p, model, targets[i], PARE_STORE_EMBED, 0), PARE_EUSAGE);
        check_message(p, "the model was read from this file");
        check_message(p, targets[i]);
    }
    size_t m = 0;
    uint8_t *after = test_read_file(from, &m);
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    assert_int_equal(count_files(in), 2);
    free(before);
    free(after);
    pare_model_free(p->ctx, model);
}

static void internal_operators_are_refused(void **state)
{
    place *p = *state;
    const pare_node_id node = p->model->graph->first_node;
    test_write_file(p->path, "old", 3);
    assert_int_equal(pare_node_set_op(p->ctx, p->model, node, "SgdStep", "pare"), PARE_OK);
    assert_int_equal(save(p, p->model, p->path, PARE_STORE_KEEP, 0), PARE_EUNSUPPORTED);
    check_message(p, "node 'first': operator pare.SgdStep is internal");
    size_t n = 0;
    uint8_t *still = test_read_file(p->path, &n);
    assert_int_equal(n, 3);
    free(still);
    assert_int_equal(count_files(p->dir), 1);
}

static void functions_with_initializers_are_refused(void **state)
{
    place *p = *state;
    static const int64_t dims[] = { 1 };
    pare_function *f = NULL;
    pare_value_id v = PARE_NONE;
    pare_tensor *tensor = NULL;
    assert_int_equal(pare_function_new(p->ctx, &f, p->model, "d", "F", NULL), PARE_OK);
    assert_int_equal(pare_value_new(p->ctx, &v, f->body, "k"), PARE_OK);
    assert_int_equal(pare_tensor_new(p->ctx, &tensor, PARE_FLOAT, 1, dims), PARE_OK);
    assert_int_equal(pare_value_set_tensor(p->ctx, p->model, v, tensor), PARE_OK);
    pare_tensor_unref(tensor);
    assert_int_equal(save(p, p->model, p->path, PARE_STORE_KEEP, 0), PARE_EUNSUPPORTED);
    check_message(p, "function 'F': initializer 'k'");
    assert_int_equal(count_files(p->dir), 0);
}

/* A model over n_bytes that exist as addresses only. */
static pare_model *huge_model(place *p, uint64_t n_bytes)
{
    void *zeros =
        mmap(NULL, n_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (zeros == MAP_FAILED) return NULL;
    pare_model *model = test_model_parse(p->ctx, some_model);
    pare_buf *buf = NULL;
    pare_tensor *tensor = NULL;
    pare_value_id v = PARE_NONE;
    const int64_t dims[] = { (int64_t)n_bytes };
    assert_int_equal(pare_buf_wrap(p->ctx, &buf, zeros, n_bytes, NULL, NULL), PARE_OK);
    assert_int_equal(pare_tensor_wrap(p->ctx, &tensor, PARE_UINT8, 1, dims, PARE_ENC_DENSE,
                                      (pare_bytes){ buf->data, (size_t)n_bytes }, buf),
                     PARE_OK);
    assert_int_equal(pare_value_new(p->ctx, &v, model->graph, "huge"), PARE_OK);
    assert_int_equal(pare_value_set_tensor(p->ctx, model, v, tensor), PARE_OK);
    pare_tensor_unref(tensor);
    pare_buf_unref(buf);
    return model;
}

static void what_does_not_fit_one_file_is_not_begun(void **state)
{
    place *p = *state;
    static const uint64_t sizes[] = { UINT64_C(0x7fffffff), UINT64_C(0x80000000),
                                      UINT64_C(0x140000000) };
    for (size_t i = 0; i < 3; i++) {
        pare_model *model = huge_model(p, sizes[i]);
        if (!model) test_skip("no room for addresses");
        assert_int_equal(save(p, model, p->path, PARE_STORE_EMBED, 0), PARE_EUSAGE);
        check_message(p, "expected at most 2147483647; write external data");
        assert_int_equal(count_files(p->dir), 0);
        pare_model_free(p->ctx, model);
    }
}

/* --- versions of the format ------------------------------------------------------------------- */

static int64_t saved_ir_version(place *p, const pare_model *model)
{
    must_save(p, model, p->path, PARE_STORE_KEEP, 0);
    pare_model *back = must_open(p, p->path);
    const int64_t ir_version = back->ir_version;
    pare_model_free(p->ctx, back);
    return ir_version;
}

static void the_ir_version_is_raised_by_what_is_new(void **state)
{
    place *p = *state;
    static const struct {
        const char *text;
        int64_t want;
    } cases[] = {
        { "<ir_version: 3, opset_import: [\"\" : 8]> g (float x) => (float y) { y = Relu (x) }",
          3 },
        { "<ir_version: 3, opset_import: [\"\" : 8]> g (float x) => (float y) <float w = {1}> "
          "{ y = Add (x, w) }",
          4 },
        { "<ir_version: 8, opset_import: [\"\" : 17]> g (int4[N] x) => (y) { y = F (x) }", 10 },
        { "<ir_version: 8, opset_import: [\"\" : 17]> g (x) => (y) <float8e8m0[1] w = {1}> "
          "{ y = F (x, w) }",
          12 },
        { "<ir_version: 8, opset_import: [\"\" : 17]> g (x) => (seq(optional(int2)) y) { y = F (x) "
          "}",
          13 },
        { "<ir_version: 8, opset_import: [\"\" : 17]> g (x) => (y) "
          "{ y = F <t: tensor = float4e2m1[2] {1, 2}> (x) }",
          11 },
        { "<ir_version: 12, opset_import: [\"\" : 17]> g (int4[N] x) => (y) { y = F (x) }", 12 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pare_model *model = test_model_parse(p->ctx, cases[i].text);
        assert_int_equal(saved_ir_version(p, model), cases[i].want);
        pare_model_free(p->ctx, model);
    }
}

static void what_was_read_does_not_raise_the_ir_version(void **state)
{
    place *p = *state;
    char other[TEST_PATH_BYTES];
    pare_model *model =
        test_model_parse(p->ctx, "<ir_version: 12, opset_import: [\"\" : 17]> g (int4[N] x) => (y) "
                                 "<int4[2] w = {1, 2}> { y = F (x, w) }");
    must_save(p, model, p->path, PARE_STORE_KEEP, 0);
    pare_model_free(p->ctx, model);
    model = must_open(p, p->path);
    model->ir_version = 4; /* as if some exporter had not minded */
    pare_model_touch(model);
    must_save(p, model, test_join(other, p->dir, "o.onnx"), PARE_STORE_KEEP, 0);
    pare_model_free(p->ctx, model);
    model = must_open(p, other);
    assert_true(model->ir_version == 4);
    pare_model_free(p->ctx, model);
}

/* --- failures --------------------------------------------------------------------------------- */

typedef struct saving {
    const pare_model *model;
    const char *dir, *path;
    pare_onnx_save_opts opts;
    int n_files; /* in dir, however it ends */
} saving;

static pare_status try_save(pare_ctx *ctx, void *user)
{
    const saving *s = user;
    const pare_status st = pare_onnx_save(ctx, s->model, s->path, &s->opts);
    if (!st) return PARE_OK;
    size_t n = 0;
    uint8_t *still = test_read_file(s->path, &n);
    assert_int_equal(n, 3);
    free(still);
    assert_int_equal(count_files(s->dir), s->n_files);
    return st;
}

static void short_memory_leaves_the_old_file_alone(void **state)
{
    place *p = *state;
    char from[TEST_PATH_BYTES], out[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    pare_model *external = open_external(p, from);
    make_out(p, out, to);
    pare_model *touched = must_open(p, from);
    pare_model_touch(touched);
    const saving savings[] = {
        { p->model, out, to, { .storage = PARE_STORE_KEEP }, 1 },
        { p->model, out, to, { .storage = PARE_STORE_EXTERNAL, .external_min_bytes = 1 }, 1 },
        { external, out, to, { .storage = PARE_STORE_KEEP }, 1 },
        { touched, out, to, { .storage = PARE_STORE_EMBED }, 1 },
    };
    for (size_t i = 0; i < sizeof(savings) / sizeof(savings[0]); i++) {
        test_write_file(to, "old", 3);
        saving s = savings[i];
        assert_true(test_ctx_torture(try_save, &s) > 3);
        must_hold(p, to, p->model);
        test_remove_tree(out);
        assert_int_equal(mkdir(out, 0777), 0);
    }
    pare_model_free(p->ctx, external);
    pare_model_free(p->ctx, touched);
}

static pare_status say_no(pare_ctx *ctx, const char *path, void *user)
{
    assert_true(test_file_exists(path));
    assert_int_equal(count_files(user), 3); /* the old file, the new one, its data */
    return pare_fail(ctx, PARE_EFORMAT, "not good enough");
}

static void a_failing_check_takes_everything_back(void **state)
{
    place *p = *state;
    char from[TEST_PATH_BYTES], out[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    pare_model *external = open_external(p, from);
    make_out(p, out, to);
    const saving savings[] = {
        { p->model,
          out,
          to,
          { PARE_STORE_EXTERNAL, .external_min_bytes = 1, .check = say_no, .user = out },
          1 },
        { external, out, to, { PARE_STORE_KEEP, .check = say_no, .user = out }, 1 },
    };
    for (size_t i = 0; i < 2; i++) {
        test_write_file(to, "old", 3);
        saving s = savings[i];
        assert_int_equal(try_save(p->ctx, &s), PARE_EFORMAT);
        check_message(p, "not good enough");
    }
    pare_model_free(p->ctx, external);
}

static void a_budget_is_kept(void **state)
{
    place *p = *state;
    pare_ctx ctx;
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .max_memory_bytes = 1024 });
    assert_int_equal(pare_onnx_save(&ctx, p->model, p->path, NULL), PARE_EBUDGET);
    assert_int_equal(count_files(p->dir), 0);
}

static void names_of_full_length_get_data_files_too(void **state)
{
    place *p = *state;
    char name[NAME_MAX + 1];
    char path[TEST_PATH_BYTES];
    for (size_t n = NAME_MAX - 24; n <= NAME_MAX; n += 3) {
        memset(name, 'n', n);
        name[n] = '\0';
        must_save(p, p->model, test_join(path, p->dir, name), PARE_STORE_EXTERNAL, 1);
        must_hold(p, path, p->model);
    }
    /* A name that no ONNX file could refer to. */
    must_save(p, p->model, test_join(path, p->dir, "\xff.onnx"), PARE_STORE_EXTERNAL, 1);
    must_hold(p, path, p->model);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(external_payloads_are_aligned_and_the_same),
        CASE(the_least_size_is_minded),
        CASE(the_same_model_gives_the_same_files),
        CASE(equal_payloads_are_stored_once),
        CASE(data_of_earlier_models_goes),
        CASE(a_leftover_data_file_goes),
        CASE(kept_data_is_copied_to_another_folder),
        CASE(kept_data_is_shared_in_the_same_folder),
        CASE(other_data_in_the_way_is_not_overwritten),
        CASE(folders_of_kept_data_are_made),
        CASE(a_model_named_like_its_data_file_gets_other_data),
        CASE(embedding_takes_everything_in),
        CASE(changed_tensors_are_told_from_kept_ones),
        CASE(inputs_are_never_written_to),
        CASE(internal_operators_are_refused),
        CASE(functions_with_initializers_are_refused),
        CASE(what_does_not_fit_one_file_is_not_begun),
        CASE(the_ir_version_is_raised_by_what_is_new),
        CASE(what_was_read_does_not_raise_the_ir_version),
        CASE(short_memory_leaves_the_old_file_alone),
        CASE(a_failing_check_takes_everything_back),
        CASE(a_budget_is_kept),
        CASE(names_of_full_length_get_data_files_too),
    };
    return test_run(tests);
}
