#include "formats/onnx/onnx.h"
#include "formats/onnx/origin.h"
#include "ir/check.h"
#include "onnx.pb-c.h"
#include "support/conformance.h"
#include "support/onnx_wire.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdlib.h>
#include <string.h>

/* --- real files ------------------------------------------------------------------------------- */

/* Every file below dir opens, holds what the IR promises and is marked as unchanged. */
static void open_all(const char *dir, size_t at_least)
{
    test_paths paths = test_find_files(dir, ".onnx");
    for (size_t i = 0; i < paths.n; i++) {
        pare_ctx ctx;
        pare_model *model = NULL;
        pare_ctx_init(&ctx, NULL);
        if (pare_onnx_open(&ctx, &model, paths.items[i], NULL)) fail_msg("%s", ctx.message);
        if (pare_graph_check(&ctx, model, NULL)) fail_msg("%s: %s", paths.items[i], ctx.message);
        for (size_t k = 0; k < model->n_nodes; k++)
            assert_true(model->nodes[k].source && !model->nodes[k].dirty);
        for (size_t k = 0; k < model->n_values; k++)
            assert_true(!model->values[k].tensor_source || !model->values[k].tensor_dirty);
        const pare_onnx_origin *origin = pare_onnx_origin_of(model);
        assert_int_equal(origin->n_files, 1);
        assert_ptr_equal(origin->files[0].bytes->data, model->origin->data);
        pare_model_free(&ctx, model);
    }
    assert_in_range(paths.n, at_least, 1000000);
    test_paths_free(&paths);
}

static void real_models_open(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES];
    if (!test_models_dir(dir)) test_skip("no shared models");
    open_all(dir, 20);
}

static void conformance_models_open(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES];
    if (!test_conformance_dir(dir)) test_skip("no conformance data");
    open_all(dir, 1914);
}

/* --- what a model becomes --------------------------------------------------------------------- */

static pare_model *open_wire(test_ctx *t, const wire *w)
{
    pare_model *model = NULL;
    test_ctx_init(t);
    const pare_status st = onnx_wire_open(&t->ctx, &model, w);
    if (st) fail_msg("%s", t->ctx.message);
    if (pare_graph_check(&t->ctx, model, NULL)) fail_msg("%s", t->ctx.message);
    return model;
}

static void close_wire(test_ctx *t, pare_model *model, wire *w)
{
    pare_model_free(&t->ctx, model);
    assert_int_equal(test_ctx_live_bytes(t), 0);
    wire_free(w);
}

static void parts_keep_their_place(void **state)
{
    (void)state;
    wire w = { 0 };
    onnx_wire_model(&w, onnx_wire_rich_graph);
    test_ctx t;
    pare_model *model = open_wire(&t, &w);
    const pare_graph *g = model->graph;
    assert_string_equal(g->name, "main");
    assert_int_equal(model->ir_version, 8);
    assert_int_equal(pare_opset_version(&model->opsets, "ai.onnx"), 17);
    assert_int_equal(g->inputs.n, 2);
    assert_int_equal(g->outputs.n, 1);
    assert_int_equal(g->n_nodes, 2);

    const pare_value *weight = pare_value_at(model, pare_graph_find(g, "w"));
    assert_non_null(weight->tensor);
    assert_int_equal(weight->tensor->encoding, PARE_ENC_DENSE);
    assert_int_equal(weight->tensor->n_elements, 2);
    assert_true(weight->tensor->payload.data >= model->origin->data &&
                weight->tensor->payload.data < model->origin->data + model->origin->n_bytes);

    const pare_node *add = pare_node_at(model, g->first_node);
    assert_string_equal(add->op_type, "Add");
    assert_int_equal(add->inputs[1].value, pare_graph_find(g, "w"));
    const pare_node *branch = pare_node_at(model, g->last_node);
    const pare_attr *then_branch = pare_node_attr(branch, "then_branch");
    assert_int_equal(then_branch->type, PARE_ATTR_GRAPH);
    assert_int_equal(then_branch->graphs[0]->owner, g->last_node);
    const pare_node *inner = pare_node_at(model, then_branch->graphs[0]->first_node);
    assert_int_equal(inner->inputs[0].value, pare_graph_find(g, "h")); /* captured */
    close_wire(&t, model, &w);
}

/* Fields that the schema does not have, at the top and deep inside of a message without
 * payloads: the message tree has their bytes as they stand in the file, length included. */
static void unknown_fields_are_views(void **state)
{
    (void)state;
    static const char text[] = "from the future";
    wire w = { 0 };
    const size_t graph = onnx_wire_begin_graph(&w);
    const size_t input = wire_begin(&w, GRAPH_INPUT);
    wire_text(&w, 1, "x");
    const size_t type = wire_begin(&w, 2);
    wire_text(&w, 500, text);
    wire_int(&w, 501, 300);
    wire_end(&w, type);
    wire_end(&w, input);
    onnx_wire_end_graph(&w, graph);
    wire_text(&w, 502, "");
    test_ctx t;
    pare_model *model = open_wire(&t, &w);
    const Onnx__ModelProto *m = model->source;
    assert_int_equal(m->base.n_unknown_fields, 1);
    assert_int_equal(m->base.unknown_fields[0].len, 1); /* the length, 0 */
    const ProtobufCMessage *tp = &m->graph->input[0]->type->base;
    assert_int_equal(tp->n_unknown_fields, 2);
    assert_int_equal(tp->unknown_fields[0].len, sizeof(text));
    assert_int_equal(tp->unknown_fields[0].data[0], sizeof(text) - 1);
    assert_memory_equal(tp->unknown_fields[0].data + 1, text, sizeof(text) - 1);
    assert_int_equal(tp->unknown_fields[1].len, 2);
    close_wire(&t, model, &w);
}

/* --- failing anywhere ------------------------------------------------------------------------- */

static pare_status open_path(pare_ctx *ctx, void *user)
{
    pare_model *model = NULL;
    const pare_status st = pare_onnx_open(ctx, &model, user, NULL);
    pare_model_free(ctx, model);
    return st;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES];
    test_paths paths = test_find_files(test_data_path(dir, "models"), ".onnx");
    assert_in_range(paths.n, 10, 1000);
    for (size_t i = 0; i < paths.n; i++)
        assert_in_range(test_ctx_torture(open_path, paths.items[i]), 10, 100000);
    test_paths_free(&paths);
}

/* With less memory than the structure needs: EBUDGET, at whatever point it shows. */
static void any_budget_is_kept(void **state)
{
    (void)state;
    char path[TEST_PATH_BYTES];
    test_data_path(path, "models/tiny_transformer_decomposed.onnx");
    pare_status st = PARE_EBUDGET;
    unsigned n_refused = 0;
    for (uint64_t budget = 64; st; budget += budget / 16) {
        test_ctx t;
        test_ctx_init(&t);
        t.ctx.opts.max_memory_bytes = budget;
        st = open_path(&t.ctx, path);
        assert_true(st == PARE_OK || st == PARE_EBUDGET);
        if (st) assert_non_null(strstr(t.ctx.message, "; raise it with --max-memory"));
        assert_int_equal(test_ctx_live_bytes(&t), 0);
        n_refused += st != PARE_OK;
    }
    assert_in_range(n_refused, 20, 1000);
}

static void every_cut_is_noticed(void **state)
{
    (void)state;
    char path[TEST_PATH_BYTES];
    size_t n = 0;
    uint8_t *data = test_read_file(test_data_path(path, "models/tiny_control_flow.onnx"), &n);
    for (size_t i = 0; i < n; i++) {
        test_ctx t;
        pare_model *model = NULL;
        const wire w = { data, i, 0 };
        test_ctx_init(&t);
        const pare_status st = onnx_wire_open(&t.ctx, &model, &w);
        assert_true(st == PARE_OK || st == PARE_EFORMAT);
        if (!st) assert_int_equal(pare_graph_check(&t.ctx, model, NULL), PARE_OK);
        pare_model_free(&t.ctx, model);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_models_open),       cmocka_unit_test(conformance_models_open),
        cmocka_unit_test(parts_keep_their_place),
        cmocka_unit_test(unknown_fields_are_views), cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(any_budget_is_kept),     cmocka_unit_test(every_cut_is_noticed),
    };
    return test_run(tests);
}
