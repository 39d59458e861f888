#include "ir/order.h"

#include "ir/build.h"
#include "ir/check.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdlib.h>
#include <string.h>

#define HEAD        "<\n  ir_version: 8,\n  opset_import: [\"\" : 13]\n>\n"
#define BODY(nodes) HEAD "g (float x) => (float y) {\n" nodes "}\n"

static void check_sorts(const char *from, const char *to)
{
    test_ctx t;
    test_ctx_init(&t);
    bool ordered = true;
    pare_model *model = test_model_parse(&t.ctx, from);
    assert_int_equal(pare_graph_is_ordered(&t.ctx, &ordered, model->graph), PARE_OK);
    assert_int_equal(ordered, strcmp(from, to) == 0);
    assert_int_equal(pare_graph_sort(&t.ctx, model->graph), PARE_OK);
    test_model_equals(&t.ctx, model, to);
    assert_int_equal(pare_graph_is_ordered(&t.ctx, &ordered, model->graph), PARE_OK);
    assert_true(ordered);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void an_ordered_graph_stays(void **state)
{
    (void)state;
    const char *texts[] = {
        HEAD "g () => () {\n}\n",
        BODY("  y = Relu (x)\n"),
        BODY("  c = Relu (x)\n  a = Relu (x)\n  b = Add (a, a)\n  d = Add (c, a)\n  y = Add (d, "
             "b)\n"),
        BODY("  a = Relu (x)\n  y = If (x) <\n    body: graph = b () => (a) {\n    }\n  >\n"),
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) check_sorts(texts[i], texts[i]);
}

static void late_producers_move_up(void **state)
{
    (void)state;
    /* a node goes where its last input allows, the others keep their places */
    check_sorts(BODY("  y = Add (d, b)\n  c = Relu (x)\n  d = Add (c, a)\n  a, z = Split (x)\n"
                     "  b = Add (a, a)\n"),
                BODY("  c = Relu (x)\n  a, z = Split (x)\n  d = Add (c, a)\n  b = Add (a, a)\n"
                     "  y = Add (d, b)\n"));
}

static void captured_values_count(void **state)
{
    (void)state;
    check_sorts(BODY("  y = If (x) <\n"
                     "    body: graph = b () => () {\n"
                     "      p = If (x) <\n"
                     "        body: graph = c () => () {\n"
                     "          q = Relu (late)\n"
                     "        }\n"
                     "      >\n"
                     "    }\n"
                     "  >\n"
                     "  late = Relu (x)\n"),
                BODY("  late = Relu (x)\n"
                     "  y = If (x) <\n"
                     "    body: graph = b () => () {\n"
                     "      p = If (x) <\n"
                     "        body: graph = c () => () {\n"
                     "          q = Relu (late)\n"
                     "        }\n"
                     "      >\n"
                     "    }\n"
                     "  >\n"));
    /* an output of a nested graph that is a value from outside */
    check_sorts(BODY("  y = If (x) <\n    body: graph = b () => (late) {\n    }\n  >\n"
                     "  late = Relu (x)\n"),
                BODY("  late = Relu (x)\n"
                     "  y = If (x) <\n    body: graph = b () => (late) {\n    }\n  >\n"));
}

static pare_model *chain(pare_ctx *ctx, int n, bool backwards)
{
    pare_model *model = NULL;
    pare_builder b;
    assert_int_equal(pare_model_new(ctx, &model, "g"), PARE_OK);
    pare_builder_init(&b, ctx, model->graph);
    pare_value_id v = pare_build_input(&b, "x", NULL);
    const pare_value_id x = v;
    for (int i = 0; i < n; i++) {
        v = pare_emit(&b, "Add", v, i % 3 ? v : x);
        if (backwards) b.before = b.last;
    }
    pare_build_output(&b, v, NULL);
    assert_int_equal(b.status, PARE_OK);
    return model;
}

static void many_nodes_are_sorted(void **state)
{
    (void)state;
    enum { N = 100000 };
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    for (int backwards = 0; backwards < 2; backwards++) {
        pare_node_id *order = NULL;
        bool ordered = true;
        pare_model *model = chain(&ctx, N, backwards);
        assert_int_equal(pare_graph_is_ordered(&ctx, &ordered, model->graph), PARE_OK);
        assert_int_equal(ordered, !backwards);
        assert_int_equal(pare_graph_order(&ctx, &order, model->graph), PARE_OK);
        for (uint32_t i = 0; i < N; i++) assert_int_equal(order[i], i);
        pare_free(&ctx, order);
        assert_int_equal(pare_graph_sort(&ctx, model->graph), PARE_OK);
        assert_int_equal(pare_graph_check(&ctx, model, NULL), PARE_OK);
        assert_int_equal(model->graph->first_node, 0);
        assert_int_equal(model->graph->last_node, N - 1);
        pare_model_free(&ctx, model);
    }
}

/* Links node `to` back to an output of node `from`, both by position. */
static void link_back(pare_ctx *ctx, pare_model *model, uint32_t to, uint32_t from)
{
    assert_int_equal(pare_node_set_input(ctx, model, to, 0, pare_node_at(model, from)->outputs[0]),
                     PARE_OK);
}

static void cycles_are_named(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_node_id *order = NULL;
    /* a -> b -> c -> b, and d behind them: the message must name b or c */
    pare_model *model = test_model_parse(
        &t.ctx, BODY("  [na] a = Relu (x)\n  [nd] y = Relu (c)\n  [nb] b = Relu (a)\n"
                     "  [nc] c = Relu (b)\n"));
    link_back(&t.ctx, model, 2, 3);
    assert_int_equal(pare_graph_order(&t.ctx, &order, model->graph), PARE_EFORMAT);
    assert_null(order);
    assert_true(strstr(t.ctx.message, "node 'nb' (Relu): input 'c'") ||
                strstr(t.ctx.message, "node 'nc' (Relu): input 'b'"));
    assert_int_equal(pare_graph_sort(&t.ctx, model->graph), PARE_EFORMAT);
    assert_int_equal(pare_graph_check(&t.ctx, model, "fold"), PARE_EFORMAT);
    assert_memory_equal(t.ctx.message, "after fold: ", 12);
    /* onto itself */
    link_back(&t.ctx, model, 2, 0);
    link_back(&t.ctx, model, 0, 0);
    assert_int_equal(pare_graph_order(&t.ctx, &order, model->graph), PARE_EFORMAT);
    assert_non_null(strstr(t.ctx.message, "node 'na' (Relu): input 'a'"));
    pare_model_free(&t.ctx, model);

    /* through what a nested graph captures */
    model = test_model_parse(&t.ctx, BODY("  [if] y = If (x) <\n    body: graph = b () => () {\n"
                                          "      = Print (x)\n    }\n  >\n"));
    assert_string_equal(pare_node_at(model, 0)->op_type, "Print");
    link_back(&t.ctx, model, 0, 1);
    assert_int_equal(pare_graph_order(&t.ctx, &order, model->graph), PARE_EFORMAT);
    assert_non_null(strstr(t.ctx.message, "node 'if' (If): input 'y'"));
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static pare_status sort_and_fail(pare_ctx *ctx, void *user)
{
    pare_model *model = user;
    bool ordered = false;
    pare_status st = pare_graph_is_ordered(ctx, &ordered, model->graph);
    if (st) return st;
    st = pare_graph_sort(ctx, model->graph);
    return st == PARE_EFORMAT ? PARE_OK : st; /* the cycle in it */
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *model = test_model_parse(&t.ctx, BODY("  y = Relu (a)\n  a = Relu (x)\n"));
    link_back(&t.ctx, model, 1, 0);
    assert_int_equal(test_ctx_torture(sort_and_fail, model), 5);
    pare_model_free(&t.ctx, model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordered_graph_stays), cmocka_unit_test(late_producers_move_up),
        cmocka_unit_test(captured_values_count),  cmocka_unit_test(many_nodes_are_sorted),
        cmocka_unit_test(cycles_are_named),       cmocka_unit_test(every_allocation_may_fail),
    };
    return test_run(tests);
}
