/* Models that are long, wide, deep or beyond what protobuf reads: opened and written without more
 * memory or work than their structure asks for. */
#include "formats/onnx/onnx.h"
#include "ir/check.h"
#include "ir/graph.h"
#include "ir/limits.h"
#include "support/files.h"
#include "support/graphs.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <string.h>

typedef pare_status making(pare_ctx *ctx, pare_model **out, uint32_t n);

/* Makes, writes, opens and clones; returns the bytes that opening took at most. */
static uint64_t round_trip(making *make, uint32_t n, const char *path)
{
    test_ctx t;
    pare_model *made = NULL, *opened = NULL, *clone = NULL;
    test_ctx_init(&t);
    if (make(&t.ctx, &made, n) || pare_onnx_save(&t.ctx, made, path, NULL))
        fail_msg("%s", t.ctx.message);
    const size_t n_nodes = made->n_nodes, n_values = made->n_values, n_graphs = made->n_graphs;
    pare_model_free(&t.ctx, made);
    assert_int_equal(test_ctx_live_bytes(&t), 0);

    test_ctx_init(&t);
    if (pare_onnx_open(&t.ctx, &opened, path, NULL)) fail_msg("%s", t.ctx.message);
    const uint64_t peak = test_ctx_peak_bytes(&t);
    assert_int_equal(opened->n_nodes, n_nodes);
    assert_int_equal(opened->n_values, n_values);
    assert_int_equal(opened->n_graphs, n_graphs);
    if (pare_model_clone(&t.ctx, &clone, opened)) fail_msg("%s", t.ctx.message);
    pare_model_free(&t.ctx, opened);
    if (pare_graph_check(&t.ctx, clone, "cloning")) fail_msg("%s", t.ctx.message);
    pare_model_free(&t.ctx, clone);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
    return peak;
}

/* Ten times the nodes take ten times the memory. Were any of the work quadratic, the test run would
 * stop at its time limit. */
static void test_scaling(void **state)
{
    making *const makings[] = { graph_chain, graph_wide };
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    (void)state;
    test_join(path, test_temp_dir(dir), "model.onnx");
    for (size_t i = 0; i < sizeof(makings) / sizeof(makings[0]); i++) {
        const uint64_t small = round_trip(makings[i], 10000, path);
        const uint64_t large = round_trip(makings[i], 100000, path);
        assert_true(large < 14 * small);
#ifndef PARE_ARENA_DEBUG /* where each item has a block of its own */
        assert_true(large < (uint64_t)256 << 20);
#endif
    }
    test_remove_tree(dir);
}

static void test_depth(void **state)
{
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    (void)state;
    test_join(path, test_temp_dir(dir), "model.onnx");
    for (uint32_t n = 1; n <= PARE_MAX_GRAPH_DEPTH; n++) round_trip(graph_deep, n, path);
    test_remove_tree(dir);
}

/* Three gigabytes of weights, as holes, outside of the model file or inside. */
static void test_gigabytes(void **state)
{
    static const uint64_t tensor_bytes = UINT64_C(100000000);
    char dir[TEST_PATH_BYTES], path[TEST_PATH_BYTES];
    (void)state;
    for (int embedded = 0; embedded < 2; embedded++) {
        test_ctx t;
        pare_model *model = NULL;
        test_ctx_init(&t);
        test_join(path, test_temp_dir(dir), "model.onnx");
        if (embedded) graph_write_embedded(path, 30, tensor_bytes, GRAPH_HOLES);
        else graph_write_external(path, 30, tensor_bytes, GRAPH_HOLES);
        if (pare_onnx_open(&t.ctx, &model, path, NULL)) fail_msg("%s", t.ctx.message);
        assert_true(test_ctx_peak_bytes(&t) < 4 << 20);
        const pare_value *last = pare_value_at(model, pare_graph_find(model->graph, "w29"));
        assert_int_equal(pare_tensor_size_bytes(last->tensor), tensor_bytes);
        assert_int_equal(last->tensor->payload.data[tensor_bytes - 1], 0);
        const pare_onnx_save_opts inside = { .storage = PARE_STORE_EMBED };
        test_join(path, dir, "inside.onnx");
        assert_int_equal(pare_onnx_save(&t.ctx, model, path, &inside), PARE_EUSAGE);
        assert_false(test_file_exists(path));
        pare_model_free(&t.ctx, model);
        test_remove_tree(dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scaling),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_gigabytes),
    };
    return test_run(tests);
}
