/* What saving refuses, and what a failing save leaves behind. */
#include "formats/onnx/onnx.h"
#include "ir/graph.h"
#include "support/files.h"
#include "support/models.h"
#include "support/place.h"
#include "support/test.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- what is refused -------------------------------------------------------------------------- */

static void inputs_are_never_written_to(void **state)
{
    place *p = *state;
    char from[TEST_PATH_BYTES], link_path[TEST_PATH_BYTES], data[TEST_PATH_BYTES];
    char in[TEST_PATH_BYTES];
    pare_model *model = place_open_external(p, from);
    test_join(in, p->dir, "in");
    test_only_file(data, in, ".data");
    size_t n = 0;
    uint8_t *before = test_read_file(from, &n);
    const char *targets[] = { from, data, test_join(link_path, p->dir, "link") };
    assert_int_equal(symlink("in/m.onnx", link_path), 0);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(place_save(p, model, targets[i], PARE_STORE_EMBED, 0), PARE_EUSAGE);
        place_check_message(p, "the model was read from this file");
        place_check_message(p, targets[i]);
    }
    size_t m = 0;
    uint8_t *after = test_read_file(from, &m);
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    assert_int_equal(test_count_files(in), 2);
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
    assert_int_equal(place_save(p, p->model, p->path, PARE_STORE_KEEP, 0), PARE_EUNSUPPORTED);
    place_check_message(p, "node 'first': operator pare.SgdStep is internal");
    size_t n = 0;
    uint8_t *still = test_read_file(p->path, &n);
    assert_int_equal(n, 3);
    free(still);
    assert_int_equal(test_count_files(p->dir), 1);
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
    assert_int_equal(place_save(p, p->model, p->path, PARE_STORE_KEEP, 0), PARE_EUNSUPPORTED);
    place_check_message(p, "function 'F': initializer 'k'");
    assert_int_equal(test_count_files(p->dir), 0);
}

/* A model over n_bytes that exist as addresses only. */
static pare_model *huge_model(place *p, uint64_t n_bytes)
{
    void *zeros =
        mmap(NULL, n_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (zeros == MAP_FAILED) return NULL;
    pare_model *model = test_model_parse(
        p->ctx,
        "<ir_version: 8, opset_import: [\"\" : 17]> g (float x) => (float y) { y = Relu (x) }");
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
        assert_int_equal(place_save(p, model, p->path, PARE_STORE_EMBED, 0), PARE_EUSAGE);
        place_check_message(p, "expected at most 2147483647; write external data");
        assert_int_equal(test_count_files(p->dir), 0);
        pare_model_free(p->ctx, model);
    }
}

/* --- versions of the format ------------------------------------------------------------------- */

static int64_t saved_ir_version(place *p, const pare_model *model)
{
    place_must_save(p, model, p->path, PARE_STORE_KEEP, 0);
    pare_model *back = place_must_open(p, p->path);
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
    place_must_save(p, model, p->path, PARE_STORE_KEEP, 0);
    pare_model_free(p->ctx, model);
    model = place_must_open(p, p->path);
    model->ir_version = 4; /* as if some exporter had not minded */
    pare_model_touch(model);
    place_must_save(p, model, test_join(other, p->dir, "o.onnx"), PARE_STORE_KEEP, 0);
    pare_model_free(p->ctx, model);
    model = place_must_open(p, other);
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
    assert_int_equal(test_count_files(s->dir), s->n_files);
    return st;
}

static void short_memory_leaves_the_old_file_alone(void **state)
{
    place *p = *state;
    char from[TEST_PATH_BYTES], out[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    pare_model *external = place_open_external(p, from);
    place_make_out(p, out, to);
    pare_model *touched = place_must_open(p, from);
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
        place_must_hold(p, to, p->model);
        test_remove_tree(out);
        assert_int_equal(mkdir(out, 0777), 0);
    }
    pare_model_free(p->ctx, external);
    pare_model_free(p->ctx, touched);
}

static pare_status say_no(pare_ctx *ctx, const char *path, void *user)
{
    assert_true(test_file_exists(path));
    assert_int_equal(test_count_files(user), 3); /* the old file, the new one, its data */
    return pare_fail(ctx, PARE_EFORMAT, "not good enough");
}

static void a_failing_check_takes_everything_back(void **state)
{
    place *p = *state;
    char from[TEST_PATH_BYTES], out[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    pare_model *external = place_open_external(p, from);
    place_make_out(p, out, to);
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
        place_check_message(p, "not good enough");
    }
    pare_model_free(p->ctx, external);
}

/* A model with a payload of 16 MiB. */
static pare_model *sizeable_model(place *p)
{
    pare_model *model = huge_model(p, 16 << 20);
    assert_non_null(model);
    return model;
}

static void a_full_disk_leaves_the_old_file_alone(void **state)
{
    place *p = *state;
    char disk[TEST_PATH_BYTES], to[TEST_PATH_BYTES];
    assert_int_equal(mkdir(test_join(disk, p->dir, "disk"), 0777), 0);
    if (mount("tmpfs", disk, "tmpfs", 0, "size=4m")) test_skip("a small file system needs root");
    pare_model *model = sizeable_model(p);
    test_write_file(test_join(to, disk, "m.onnx"), "old", 3);
    static const pare_onnx_storage ways[] = { PARE_STORE_EXTERNAL, PARE_STORE_EMBED };
    for (size_t i = 0; i < 2; i++) {
        saving s = { model, disk, to, { .storage = ways[i] }, 1 };
        assert_int_equal(try_save(p->ctx, &s), PARE_EIO);
        place_check_message(p, to);
        place_check_message(p, "No space left on device");
    }
    pare_model_free(p->ctx, model);
    assert_int_equal(umount2(disk, MNT_DETACH), 0);
}

typedef struct canceling {
    sig_atomic_t flag;
    int after; /* reports of progress */
} canceling;

static void cancel_later(void *user, const pare_progress *step)
{
    canceling *c = user;
    assert_true(step->done <= step->total);
    if (c->after-- == 0) c->flag = 1;
}

static void canceling_takes_everything_back(void **state)
{
    place *p = *state;
    char to[TEST_PATH_BYTES], out[TEST_PATH_BYTES];
    pare_model *model = sizeable_model(p);
    place_make_out(p, out, to);
    test_write_file(to, "old", 3);
    for (int after = 0; after < 5; after++) {
        canceling c = { 0, after };
        pare_ctx ctx;
        pare_ctx_init(&ctx,
                      &(pare_ctx_opts){ .progress = cancel_later, .user = &c, .cancel = &c.flag });
        saving s = { model, out, to, { .storage = PARE_STORE_EXTERNAL }, 1 };
        assert_int_equal(try_save(&ctx, &s), PARE_ECANCELED);
    }
    pare_model_free(p->ctx, model);
}

static void a_budget_is_kept(void **state)
{
    place *p = *state;
    pare_ctx ctx;
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .max_memory_bytes = 1024 });
    assert_int_equal(pare_onnx_save(&ctx, p->model, p->path, NULL), PARE_EBUDGET);
    assert_int_equal(test_count_files(p->dir), 0);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, place_set_up, place_tear_down)
    const struct CMUnitTest tests[] = {
        CASE(inputs_are_never_written_to),
        CASE(internal_operators_are_refused),
        CASE(functions_with_initializers_are_refused),
        CASE(what_does_not_fit_one_file_is_not_begun),
        CASE(the_ir_version_is_raised_by_what_is_new),
        CASE(what_was_read_does_not_raise_the_ir_version),
        CASE(short_memory_leaves_the_old_file_alone),
        CASE(a_failing_check_takes_everything_back),
        CASE(a_full_disk_leaves_the_old_file_alone),
        CASE(canceling_takes_everything_back),
        CASE(a_budget_is_kept),
    };
    return test_run(tests);
}
