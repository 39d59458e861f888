/* Costs of every call in the ONNX backend test data, whose inputs are known: each operator of the
 * table that the data have is costed at least once, and whatever is not is said why. `-v` names the
 * calls that are not costed. */
#include "op/cost.h"
#include "op/infer.h"
#include "support/conformance.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include "formats/onnx/onnx.h"
#include "ir/graph.h"

#include <stdio.h>
#include <string.h>

enum { MAX_OPS = 400 };

static bool verbose;

typedef struct count {
    uint32_t n_calls, n_costed;
} count;

static count counts[MAX_OPS]; /* by place in the table */

/* Makes the recorded inputs constants, so that what is inferred is of these very values. */
static void feed(pare_ctx *ctx, pare_model *model, const char *path)
{
    enum { MAX_INPUTS = 64 };
    pare_eval_input inputs[MAX_INPUTS];
    char folder[TEST_PATH_BYTES];
    size_t n = 0;
    const int stem = (int)(strrchr(path, '/') - path);
    snprintf(folder, sizeof(folder), "%.*s/test_data_set_0", stem, path);
    const test_data_set set = { path, folder, strstr(path, "/light/") != NULL };
    if (set.is_light || model->graph->inputs.n > MAX_INPUTS) return;
    if (test_read_inputs(ctx, model, &set, inputs, &n)) fail_msg("%s: %s", path, ctx->message);
    for (size_t i = 0; i < n; i++) {
        const pare_value_id id = pare_graph_find(model->graph, inputs[i].name);
        if (id != PARE_NONE && inputs[i].datum.kind == PARE_TYPE_TENSOR)
            (void)pare_value_set_tensor(ctx, model, id, inputs[i].datum.tensor);
        pare_datum_drop(ctx, &inputs[i].datum);
    }
}

static size_t place_of(const pare_op *op)
{
    size_t n = 0;
    const pare_op *const *ops = pare_op_all(&n);
    size_t i = 0;
    while (ops[i] != op) i++;
    return i;
}

static void cost_node(pare_ctx *ctx, const char *path, const pare_model *model, pare_node_id id,
                      pare_shapes *shapes)
{
    pare_cost cost;
    bool modelled = false;
    const pare_node *n = &model->nodes[id];
    const pare_op *op = pare_op_find(pare_node_domain(n), n->op_type);
    if (pare_cost_of(ctx, &cost, &modelled, model, id, shapes))
        fail_msg("%s: %s", path, ctx->message);
    if (!op) return;
    count *c = &counts[place_of(op)];
    c->n_calls++;
    c->n_costed += modelled;
    if (!modelled && verbose) printf("%s: %s\n", path, ctx->message);
    if (!modelled && !*ctx->message) fail_msg("%s: %s: nothing said", path, n->op_type);
    if (modelled && cost.macs && (cost.mac_weight == PARE_DTYPE_UNDEFINED ||
                                  cost.mac_activation == PARE_DTYPE_UNDEFINED))
        fail_msg("%s: %s: MACs of no type", path, n->op_type);
    if (modelled && cost.other_ops && cost.other == PARE_DTYPE_UNDEFINED)
        fail_msg("%s: %s: operations of no type", path, n->op_type);
}

static void cost_model(const char *path)
{
    test_ctx t;
    pare_model *model = NULL;
    pare_shapes *shapes = NULL;
    test_ctx_init(&t);
    if (pare_onnx_open(&t.ctx, &model, path, NULL)) fail_msg("%s", t.ctx.message);
    feed(&t.ctx, model, path);
    if (pare_infer(&t.ctx, &shapes, model, NULL)) fail_msg("%s: %s", path, t.ctx.message);
    for (pare_node_id id = 0; id < model->n_nodes; id++)
        if (model->nodes[id].graph && !model->nodes[id].graph->function)
            cost_node(&t.ctx, path, model, id, shapes);
    pare_shapes_free(&t.ctx, shapes);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void every_operator_is_costed(void **state)
{
    (void)state;
    char dir[TEST_PATH_BYTES];
    size_t n_ops = 0;
    count all = { 0, 0 };
    unsigned n_seen = 0;
    unsigned n_open = 0;
    if (!test_conformance_dir(dir)) test_skip("no conformance data");
    test_paths paths = test_find_files(dir, ".onnx");
    const pare_op *const *ops = pare_op_all(&n_ops);
    assert_true(n_ops <= MAX_OPS);
    for (size_t i = 0; i < paths.n; i++) cost_model(paths.items[i]);
    for (size_t i = 0; i < n_ops; i++) {
        n_seen += counts[i].n_calls > 0;
        all.n_calls += counts[i].n_calls;
        all.n_costed += counts[i].n_costed;
        if (!counts[i].n_calls || counts[i].n_costed || ops[i]->cost == PARE_TODO(cost)) continue;
        print_error("%s is never costed\n", ops[i]->name);
        n_open++;
    }
    printf("%u of %u calls of %u operators costed\n", all.n_costed, all.n_calls, n_seen);
    assert_int_equal(n_open, 0);
    assert_true(all.n_costed * 100.0 >= all.n_calls * 95.0);
    test_paths_free(&paths);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_operator_is_costed) };
    verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    return test_run(tests);
}
