/* Models beyond what one file can hold. */
#include "formats/onnx/onnx.h"
#include "formats/onnx/verify.h"
#include "ir/graph.h"
#include "support/files.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

enum { MIB = 1 << 20 };

/* Payloads are runs of these, which take addresses but no memory. */
static const uint64_t n_zeros = UINT64_C(1300) * MIB;

typedef struct place {
    test_ctx t;
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    pare_buf *zeros;
} place;

static int set_up(void **state)
{
    place *p = calloc(1, sizeof(*p));
    assert_non_null(p);
    test_ctx_init(&p->t);
    test_join(p->path, test_temp_dir(p->dir), "m.onnx");
    void *zeros =
        mmap(NULL, n_zeros, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (zeros != MAP_FAILED)
        assert_int_equal(pare_buf_wrap(&p->t.ctx, &p->zeros, zeros, n_zeros, NULL, NULL), PARE_OK);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    place *p = *state;
    if (p->zeros) munmap(p->zeros->data, n_zeros);
    pare_buf_unref(p->zeros);
    assert_true(test_ctx_live_bytes(&p->t) == 0);
    test_remove_tree(p->dir);
    free(p);
    return 0;
}

static bool has_room(const place *p, uint64_t n_bytes)
{
    struct statvfs fs;
    return p->zeros && !statvfs(p->dir, &fs) && (uint64_t)fs.f_bavail * fs.f_frsize > n_bytes;
}

/* Each tensor starts elsewhere, so that none is stored for another. */
static pare_tensor *large_tensor(place *p, int which, uint64_t n_bytes)
{
    const int64_t dims[] = { (int64_t)n_bytes };
    pare_tensor *tensor = NULL;
    const pare_bytes payload = { p->zeros->data + 4096 * which, (size_t)n_bytes };
    assert_int_equal(
        pare_tensor_wrap(&p->t.ctx, &tensor, PARE_INT8, 1, dims, PARE_ENC_DENSE, payload, p->zeros),
        PARE_OK);
    return tensor;
}

static pare_model *small_model(place *p)
{
    return test_model_parse(&p->t.ctx, "<ir_version: 8, opset_import: [\"\" : 17]>\n"
                                       "g (float x) => (float y) <float[2] small = {1, 2}> {\n"
                                       "  a = Constant () \n b = Constant () \n y = Relu (x) }");
}

static uint64_t size_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return (uint64_t)st.st_size;
}

static void initializers_go_external_when_they_must(void **state)
{
    place *p = *state;
    if (!has_room(p, UINT64_C(3) << 30)) test_skip("no room for 3 GiB");
    pare_ctx *ctx = &p->t.ctx;
    pare_model *model = small_model(p);
    for (int i = 0; i < 2; i++) {
        pare_value_id v = PARE_NONE;
        pare_tensor *tensor = large_tensor(p, i, UINT64_C(1200) * MIB);
        assert_int_equal(pare_value_new(ctx, &v, model->graph, i ? "w1" : "w0"), PARE_OK);
        assert_int_equal(pare_value_set_tensor(ctx, model, v, tensor), PARE_OK);
        pare_tensor_unref(tensor);
    }
    if (pare_onnx_save(ctx, model, p->path, NULL)) fail_msg("%s", ctx->message);
    assert_true(size_of(p->path) < 1024);
    if (pare_onnx_verify(ctx, NULL, p->path, model, NULL)) fail_msg("%s", ctx->message);
    assert_true(test_ctx_peak_bytes(&p->t) < 8 * MIB);
    pare_model_free(ctx, model);
}

static void attributes_follow_only_when_they_must(void **state)
{
    place *p = *state;
    if (!has_room(p, UINT64_C(4) << 30)) test_skip("no room for 4 GiB");
    pare_ctx *ctx = &p->t.ctx;
    static const uint64_t mib[] = { 1000, 1200 }; /* of the second constant; the first has 1000 */
    for (int round = 0; round < 2; round++) {
        pare_model *model = small_model(p);
        pare_node_id node = model->graph->first_node;
        for (int i = 0; i < 2; i++) {
            pare_tensor *tensor = large_tensor(p, i, mib[i ? round : 0] * MIB);
            const pare_attr *attr = pare_attr_tensor(model, "value", tensor);
            pare_tensor_unref(tensor);
            assert_non_null(attr);
            assert_int_equal(pare_node_set_attr(ctx, model, node, attr), PARE_OK);
            node = pare_node_at(model, node)->next;
        }
        if (pare_onnx_save(ctx, model, p->path, NULL)) fail_msg("%s", ctx->message);
        /* 2000 MiB are above 1.9 GiB, yet nothing but the attributes could go out. */
        const uint64_t n_bytes = size_of(p->path);
        assert_true(round ? n_bytes < 1024 : n_bytes > UINT64_C(2000) * MIB);
        if (pare_onnx_verify(ctx, NULL, p->path, model, NULL)) fail_msg("%s", ctx->message);
        pare_model_free(ctx, model);
    }
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(initializers_go_external_when_they_must),
        CASE(attributes_follow_only_when_they_must),
    };
    return test_run(tests);
}
