#include "ir/check.h"

#include "ir/build.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <string.h>

/* Two nodes in a row, one with a nested graph that captures, an initializer, a function. */
static const char text[] =
    "<ir_version: 8, opset_import: [\"\" : 13, \"local\" : 1]>\n"
    "g (float[2] x, float[2] z) => (float[2] y) <float[2] w = {1, 2}, float[2] a> {\n"
    "  [n0] a = Add (x, w)\n"
    "  [n1] b, c = Split <axis = 0> (a, \"\")\n"
    "  [n2] y = If (b) <t = tg (p) => (q) <float k = {1}> { q = Add (c, k) }>\n"
    "} <domain: \"local\", opset_import: [\"\" : 13]> f (s) => (t) { t = Relu (s) }\n";

static pare_value_id value(const pare_model *m, const char *name)
{
    for (size_t i = 0; i < m->n_graphs; i++) {
        uint32_t id = 0;
        if (pare_map_get(&m->names, m->graphs[i]->scope, name, &id)) return id;
    }
    fail_msg("no value '%s'", name);
    return PARE_NONE;
}

static pare_node *node(pare_model *m, const char *output)
{
    return &m->nodes[m->values[value(m, output)].producer];
}

static pare_graph *nested(pare_model *m)
{
    return m->values[value(m, "q")].graph;
}

/* --- ways to break it ------------------------------------------------------------------------- */

static void lose_name(pare_model *m)
{
    pare_map_remove(&m->names, 0, "a");
}

static void swap_names(pare_model *m)
{
    m->values[value(m, "a")].name = "b";
}

static void empty_name(pare_model *m)
{
    m->values[value(m, "a")].name = "";
}

static void drop_use(pare_model *m)
{
    pare_value *v = &m->values[value(m, "x")];
    v->first_use = v->last_use = NULL;
    v->n_uses = 0;
}

static void miscount_uses(pare_model *m)
{
    m->values[value(m, "a")].n_uses++;
}

static void break_use_list(pare_model *m)
{
    m->values[value(m, "a")].first_use->prev = m->values[value(m, "x")].first_use;
}

static void foreign_use(pare_model *m)
{
    m->values[value(m, "a")].first_use->slot = 1;
}

static void loop_use_list(pare_model *m)
{
    pare_use *u = m->values[value(m, "a")].first_use;
    u->next = u;
}

static void wrong_producer(pare_model *m)
{
    m->values[value(m, "a")].producer = 1;
}

static void no_producer(pare_model *m)
{
    m->values[value(m, "a")].producer = PARE_NONE;
}

static void wrong_slot(pare_model *m)
{
    m->values[value(m, "b")].producer_slot = 1;
}

static void producer_out_of_range(pare_model *m)
{
    m->nodes[m->values[value(m, "a")].producer].outputs[0] = PARE_NONE;
    m->values[value(m, "a")].producer = 999;
}

static void input_out_of_range(pare_model *m)
{
    node(m, "a")->inputs[1].value = 999;
}

static void output_out_of_range(pare_model *m)
{
    node(m, "a")->outputs[0] = 999;
}

static void misplaced_input(pare_model *m)
{
    node(m, "a")->inputs[1].slot = 0;
}

static void removed_value_used(pare_model *m)
{
    m->values[value(m, "w")].graph = NULL;
}

static void node_count(pare_model *m)
{
    m->graph->n_nodes--;
}

static void node_count_more(pare_model *m)
{
    m->graph->n_nodes++;
}

static void order_prev(pare_model *m)
{
    node(m, "b")->prev = PARE_NONE;
}

static void order_loop(pare_model *m)
{
    node(m, "y")->next = m->graph->first_node;
}

static void order_last(pare_model *m)
{
    m->graph->last_node = m->graph->first_node;
}

static void order_out_of_range(pare_model *m)
{
    m->graph->first_node = 999;
}

static void node_of_other_graph(pare_model *m)
{
    node(m, "b")->graph = nested(m);
}

static void undefined_value(pare_model *m)
{
    pare_value *w = &m->values[value(m, "w")];
    pare_tensor_unref(w->tensor);
    w->tensor = NULL;
}

static void input_not_marked(pare_model *m)
{
    m->values[value(m, "x")].is_input = false;
}

static void input_not_listed(pare_model *m)
{
    m->graph->inputs.n--;
}

static void input_listed_twice(pare_model *m)
{
    m->graph->inputs.items[1] = m->graph->inputs.items[0];
    m->values[value(m, "z")].is_input = false;
}

static void initializer_not_listed(pare_model *m)
{
    m->graph->initializers.n = 0;
}

static void initializer_listed_elsewhere(pare_model *m)
{
    nested(m)->initializers.items[0] = value(m, "w");
}

static void output_use(pare_model *m)
{
    m->graph->outputs.items[0].use->slot = 1;
}

static void output_value(pare_model *m)
{
    m->graph->outputs.items[0].value = value(m, "a");
}

static void info_of_other_graph(pare_model *m)
{
    m->graph->value_infos.items[0].value = value(m, "q");
}

static void info_without_name(pare_model *m)
{
    m->graph->value_infos.items[0].value = PARE_NONE;
    m->graph->value_infos.items[0].name = NULL;
}

static void wrong_owner(pare_model *m)
{
    nested(m)->owner = 0;
}

static void wrong_depth(pare_model *m)
{
    nested(m)->depth = 0;
}

static void wrong_parent(pare_model *m)
{
    nested(m)->parent = NULL;
    nested(m)->depth = 0;
}

static void wrong_scope(pare_model *m)
{
    nested(m)->scope = 0;
}

static void no_function(pare_model *m)
{
    m->functions[0]->body->function = NULL;
}

static void opset_twice(pare_model *m)
{
    m->opsets.items[1].domain = "ai.onnx";
}

static void function_opset_twice(pare_model *m)
{
    m->functions[0]->opsets.n = 0;
    m->functions[0]->opsets = (pare_opsets){ m->opsets.items, 2, 2 };
    m->opsets.n = 0;
    m->opsets.items[1].domain = NULL;
}

static void element_count(pare_model *m)
{
    m->values[value(m, "w")].tensor->n_elements = 3;
}

static void payload_length(pare_model *m)
{
    m->values[value(m, "w")].tensor->payload.n = 7;
}

static void encoding(pare_model *m)
{
    m->values[value(m, "w")].tensor->encoding = PARE_ENC_INT64_DATA;
}

static void attr_count(pare_model *m)
{
    ((pare_attr *)node(m, "b")->attrs[0])->n = 0;
}

static void attr_type(pare_model *m)
{
    ((pare_attr *)node(m, "b")->attrs[0])->type = (pare_attr_type)99;
}

static void cycle(pare_model *m)
{
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    assert_int_equal(pare_node_set_input(&ctx, m, 0, 0, value(m, "y")), PARE_OK);
}

static void unseen(pare_model *m)
{
    pare_use *u = &node(m, "b")->inputs[1];
    pare_value *v = &m->values[value(m, "k")];
    u->value = value(m, "k");
    u->prev = v->last_use;
    v->last_use->next = u;
    v->last_use = u;
    v->n_uses++;
}

static const struct {
    void (*break_it)(pare_model *m);
    const char *message; /* part of it */
} faults[] = {
    { lose_name, "not in the map of names" },
    { swap_names, "its name is another's" },
    { empty_name, "has no name" },
    { drop_use, "uses stand in nodes and outputs, but values list" },
    { miscount_uses, "has fewer uses than it counts" },
    { break_use_list, "its list of uses is broken" },
    { foreign_use, "an input does not know where it stands" },
    { loop_use_list, "more uses than it counts" },
    { wrong_producer, "does not know which node and slot produces it" },
    { no_producer, "does not know which node and slot produces it" },
    { wrong_slot, "does not know which node and slot produces it" },
    { producer_out_of_range, "producer is no node" },
    { input_out_of_range, "an input is no value" },
    { output_out_of_range, "an output is no value" },
    { misplaced_input, "an input does not know where it stands" },
    { removed_value_used, "an input is a value that was removed" },
    { node_count, "has more nodes than it counts" },
    { node_count_more, "has fewer nodes than it counts" },
    { order_prev, "order is broken here" },
    { order_loop, "order is broken here" },
    { order_last, "its order ends too early" },
    { order_out_of_range, "its order holds what is no node" },
    { node_of_other_graph, "stands in a foreign order" },
    { undefined_value, "is used, but nothing defines it" },
    { input_not_marked, "input 0: does not know that it is an input" },
    { input_not_listed, "is an input that its graph does not list" },
    { input_listed_twice, "is listed twice" },
    { initializer_not_listed, "is an initializer that its graph does not list" },
    { initializer_listed_elsewhere, "is listed by another graph" },
    { output_use, "output 0: its use does not know where it stands" },
    { output_value, "output 0: its use does not know where it stands" },
    { info_of_other_graph, "value_info 0: is no value of this graph" },
    { info_without_name, "value_info 0: has neither value nor name" },
    { wrong_owner, "no attribute of its owner holds it" },
    { wrong_depth, "depth does not follow from its parent" },
    { wrong_parent, "owner stands in another graph than its parent" },
    { wrong_scope, "stands at another place of the table" },
    { no_function, "does not know the function whose body it is" },
    { opset_twice, "model: opset_import: domain '' is there twice" },
    { function_opset_twice, "f: opset_import: domain '' is there twice" },
    { element_count, "counts other elements than its dims say" },
    { payload_length, "has a payload of another length than its dims say" },
    { encoding, "has elements that its form cannot hold" },
    { attr_count, "attribute 'axis': an attribute has not the one value of its type" },
    { attr_type, "attribute 'axis': an attribute has no known type" },
    { cycle, "found a cycle" },
    { unseen, "is used where it is not visible" },
};

static void every_fault_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        pare_ctx ctx;
        pare_ctx_init(&ctx, NULL);
        pare_model *model = test_model_parse(&ctx, text);
        faults[i].break_it(model);
        assert_int_equal(pare_graph_check(&ctx, model, NULL), PARE_EFORMAT);
        if (!strstr(ctx.message, faults[i].message))
            fail_msg("fault %zu: '%s', expected '%s'", i, ctx.message, faults[i].message);
        assert_int_equal(pare_graph_check(&ctx, model, "some pass"), PARE_EFORMAT);
        assert_memory_equal(ctx.message, "after some pass: ", 17);
        pare_model_free(&ctx, model);
    }
}

static pare_status check(pare_ctx *ctx, void *user)
{
    return pare_graph_check(ctx, user, "p");
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *model = test_model_parse(&t.ctx, text);
    assert_true(test_ctx_torture(check, model) > 2);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* What an edit leaves behind on purpose is no fault. */
static void what_edits_leave_is_accepted(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *m = test_model_parse(&t.ctx, text);
    pare_graph *unused = NULL;
    pare_value_id v = PARE_NONE;
    assert_int_equal(pare_graph_new(&t.ctx, &unused, m, m->graph, "unused"), PARE_OK);
    assert_int_equal(pare_value_new(&t.ctx, &v, m->graph, "unused"), PARE_OK);
    assert_int_equal(pare_graph_check(&t.ctx, m, NULL), PARE_OK);
    assert_int_equal(pare_value_replace_uses(&t.ctx, m, value(m, "y"), value(m, "a")), PARE_OK);
    assert_int_equal(pare_node_remove(&t.ctx, m, m->values[value(m, "y")].producer), PARE_OK);
    assert_int_equal(pare_graph_check(&t.ctx, m, NULL), PARE_OK);
    assert_int_equal(pare_value_remove(&t.ctx, m, v), PARE_OK);
    assert_int_equal(pare_graph_check(&t.ctx, m, NULL), PARE_OK);
    pare_model_free(&t.ctx, m);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_is_found),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(what_edits_leave_is_accepted),
    };
    return test_run(tests);
}
