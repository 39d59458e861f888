#include "support/place.h"

#include "formats/onnx/verify.h"
#include "ir/graph.h"
#include "support/conformance.h"
#include "support/models.h"
#include "support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char some_model[] =
    "<ir_version: 8, opset_import: [\"\" : 17]>\n"
    "g (float[N,4] x, bool c) => (float[N,4] y) <\n"
    "  float[4,4] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},\n"
    "  float[1,4] b = {0.5, -1, 2, 3}, int64[2] shape = {-1, 4}, float[0] none = {},\n"
    "  string[2] words = {\"a\", \"\\x00\"}, int4[1,3] q = {-8, 7, 1}\n"
    "> {\n"
    "  [first] h = MatMul (x, w)\n"
    "  k = Constant <value: tensor = float[4] {4, 3, 2, 1}> ()\n"
    "  i = If (c) <then_branch: graph = t () => (float[1,4] d) <float[1,4] e = {9, 8, 7, 6}> {\n"
    "    d = Add (e, k) }, else_branch: graph = u () => (f) { f = Identity (b) }>\n"
    "  y = Add (h, i)\n"
    "}\n";

int place_set_up(void **state)
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

int place_tear_down(void **state)
{
    place *p = *state;
    pare_model_free(p->ctx, p->model);
    assert_true(test_ctx_live_bytes(&p->t) == 0);
    test_remove_tree(p->dir);
    free(p);
    return 0;
}

pare_status place_save(place *p, const pare_model *model, const char *path,
                       pare_onnx_storage storage, uint64_t min_bytes)
{
    const pare_onnx_save_opts opts = { .storage = storage, .external_min_bytes = min_bytes };
    return pare_onnx_save(p->ctx, model, path, &opts);
}

void place_must_save(place *p, const pare_model *model, const char *path, pare_onnx_storage storage,
                     uint64_t min_bytes)
{
    if (place_save(p, model, path, storage, min_bytes)) fail_msg("%s", p->ctx->message);
}

pare_model *place_must_open(place *p, const char *path)
{
    pare_model *model = NULL;
    if (pare_onnx_open(p->ctx, &model, path, NULL)) fail_msg("%s", p->ctx->message);
    return model;
}

void place_must_hold(place *p, const char *path, const pare_model *model)
{
    if (pare_onnx_verify(p->ctx, NULL, path, model, NULL)) fail_msg("%s", p->ctx->message);
}

void place_check_message(const place *p, const char *part)
{
    if (!strstr(p->ctx->message, part)) fail_msg("'%s' is not in '%s'", part, p->ctx->message);
}

int test_count_files(const char *dir)
{
    DIR *d = opendir(dir);
    assert_non_null(d);
    int n = 0;
    while (readdir(d)) n++;
    closedir(d);
    return n - 2;
}

char *test_only_file(char out[TEST_PATH_BYTES], const char *dir, const char *suffix)
{
    test_paths found = test_find_files(dir, suffix);
    assert_int_equal(found.n, 1);
    snprintf(out, TEST_PATH_BYTES, "%s", found.items[0]);
    test_paths_free(&found);
    return out;
}

bool test_same_content(const char *a, const char *b)
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

const pare_tensor *test_tensor_of(const pare_model *model, const char *name)
{
    const pare_value_id id = pare_graph_find(model->graph, name);
    assert_true(id != PARE_NONE);
    return pare_value_at(model, id)->tensor;
}

pare_model *place_open_external(place *p, char in_path[TEST_PATH_BYTES])
{
    char in[TEST_PATH_BYTES];
    test_join(in, p->dir, "in");
    assert_int_equal(mkdir(in, 0777), 0);
    place_must_save(p, p->model, test_join(in_path, in, "m.onnx"), PARE_STORE_EXTERNAL, 1);
    return place_must_open(p, in_path);
}

char *place_make_out(const place *p, char out[TEST_PATH_BYTES], char out_path[TEST_PATH_BYTES])
{
    test_join(out, p->dir, "out");
    assert_int_equal(mkdir(out, 0777), 0);
    return test_join(out_path, out, "n.onnx");
}
