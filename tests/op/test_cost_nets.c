/* Costs over whole networks: their MACs are exactly those that the architecture has (facts of
 * support/nets/nets_list.h), and every node is modelled. */
#include "op/cost.h"
#include "op/infer.h"
#include "support/nets/nets.h"
#include "support/test.h"
#include "support/test_ctx.h"

typedef struct sum {
    uint64_t macs, other_ops;
} sum;

static sum add_up(pare_ctx *ctx, const pare_model *model, pare_shapes *shapes, const char *name)
{
    sum s = { 0 };
    const pare_graph *graph = model->graph;
    for (pare_node_id id = graph->first_node; id != PARE_NONE; id = model->nodes[id].next) {
        pare_cost cost;
        bool modelled = false;
        assert_int_equal(pare_cost_of(ctx, &cost, &modelled, model, id, shapes), PARE_OK);
        if (!modelled) fail_msg("%s: %s", name, ctx->message);
        const bool is_one = cost.batch * cost.m * cost.n * cost.k == cost.macs;
        if (!is_one) fail_msg("%s: node %u: a product of other size", name, id);
        s.macs += cost.macs;
        s.other_ops += cost.other_ops;
    }
    return s;
}

static sum sum_of(const char *name, const net_opts *opts, const pare_binding *dims)
{
    test_ctx t;
    pare_model *model = NULL;
    pare_shapes *shapes = NULL;
    const pare_infer_opts infer = { .dims = dims };
    test_ctx_init(&t);
    if (net_build(&t.ctx, &model, name, opts, NULL)) fail_msg("%s: %s", name, t.ctx.message);
    if (pare_infer(&t.ctx, &shapes, model, &infer)) fail_msg("%s: %s", name, t.ctx.message);
    const sum s = add_up(&t.ctx, model, shapes, name);
    pare_shapes_free(&t.ctx, shapes);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
    return s;
}

static void macs_are_exact(void **state)
{
    (void)state;
    size_t n = 0;
    const net_row *rows = net_rows(&n);
    for (size_t i = 0; i < n; i++) {
        const sum s = sum_of(rows[i].name, NULL, NULL);
        if (s.macs != rows[i].macs)
            fail_msg("%s: expected %llu MACs, found %llu", rows[i].name,
                     (unsigned long long)rows[i].macs, (unsigned long long)s.macs);
    }
}

/* Symbols that are bound count like numbers, and all grows with the batch. */
static void symbols_may_be_bound(void **state)
{
    (void)state;
    static const pare_binding dims[] = { { "batch", 3 }, { "seq", 128 }, { NULL, 0 } };
    static const char *const names[] = { "resnet18", "mobilenet-v2", "bert-base" };
    const net_opts symbolic = { .batch = NET_SYMBOLIC, .seq = NET_SYMBOLIC };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const sum s = sum_of(names[i], &symbolic, dims);
        assert_int_equal(s.macs, 3 * net_find(names[i])->macs);
    }
}

/* Batch norms alone are two for each output of a convolution; all are far less than the MACs. */
static void other_operations_are_far_fewer(void **state)
{
    (void)state;
    const sum s = sum_of("resnet50", NULL, NULL);
    assert_true(s.other_ops > 2 * UINT64_C(11114512)); /* outputs of convolutions */
    assert_true(s.other_ops < s.macs / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(macs_are_exact),
        cmocka_unit_test(symbols_may_be_bound),
        cmocka_unit_test(other_operations_are_far_fewer),
    };
    return test_run(tests);
}
