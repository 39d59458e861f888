#include "ir/build.h"

#include "ir/check.h"
#include "support/test.h"
#include "support/test_ctx.h"

static const int64_t dims[] = { 1, 2 };

/* Something with each of the builder's functions; the graph's output in *out. */
static pare_status build(pare_ctx *ctx, pare_model *model, pare_value_id *out)
{
    pare_builder b;
    pare_builder_init(&b, ctx, model->graph);
    const pare_type *type = pare_type_tensor(&model->arena, PARE_FLOAT, 2, dims);
    if (!type) return pare_arena_fail(ctx, &model->arena);
    const pare_value_id x = pare_build_input(&b, "x", type);
    const pare_value_id w = pare_build_floats(&b, "w", (const float[]){ 1, 2 }, 2, dims);
    const pare_value_id s = pare_build_scalar(&b, "w", 0.5f);
    const pare_value_id i = pare_build_i64s(&b, "axes", (const int64_t[]){ 1, -1 }, 2);
    const pare_value_id h = pare_emit(&b, "Add", x, w);
    pare_build_int(&b, "axis", 1);
    pare_build_float(&b, "alpha", 0.5f);
    pare_build_ints(&b, "pads", (const int64_t[]){ 1, 2 }, 2);
    pare_build_string(&b, "mode", "linear");
    pare_build_domain(&b, "com.microsoft");
    pare_emit_n(&b, "Split", (const pare_value_id[]){ h, PARE_NONE, i }, 3, 2);
    const pare_value_id y = pare_emit(&b, "Add", pare_build_out(&b, 1), s);
    pare_build_name(&b, y, "y");
    pare_build_output(&b, y, type);
    b.before = b.last;
    pare_emit(&b, "Print", y);
    *out = y;
    return b.status;
}

static void builds_what_was_said(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *model = NULL;
    pare_value_id y = PARE_NONE;
    assert_int_equal(pare_model_new(&t.ctx, &model, "g"), PARE_OK);
    assert_int_equal(build(&t.ctx, model, &y), PARE_OK);
    assert_int_equal(pare_graph_check(&t.ctx, model, NULL), PARE_OK);
    const pare_graph *g = model->graph;
    assert_int_equal(g->n_nodes, 4);
    const pare_node *add = pare_node_at(model, g->first_node);
    assert_string_equal(add->domain, "com.microsoft");
    assert_string_equal(pare_value_at(model, add->inputs[1].value)->name, "w");
    assert_string_equal(pare_value_at(model, add->outputs[0])->name, "Add");
    assert_int_equal(pare_node_attr(add, "axis")->ints[0], 1);
    assert_int_equal(pare_node_attr(add, "pads")->n, 2);
    assert_int_equal(pare_node_attr(add, "mode")->strings[0].n, 6);
    const pare_node *split = pare_node_at(model, add->next);
    assert_int_equal(split->n_outputs, 2);
    assert_int_equal(split->inputs[1].value, PARE_NONE);
    const pare_node *print = pare_node_at(model, split->next);
    assert_string_equal(print->op_type, "Print");
    const pare_node *last = pare_node_at(model, print->next);
    assert_string_equal(pare_value_at(model, last->inputs[1].value)->name, "w_1");
    assert_int_equal(last->outputs[0], y);
    assert_int_equal(g->outputs.items[0].value, y);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void the_first_failure_is_kept(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *model = NULL;
    pare_builder b;
    assert_int_equal(pare_model_new(&t.ctx, &model, "g"), PARE_OK);
    pare_builder_init(&b, &t.ctx, model->graph);
    pare_build_int(&b, "axis", 1); /* of no node */
    assert_int_equal(b.status, PARE_EUSAGE);
    pare_build_input(&b, "", NULL); /* would be EFORMAT */
    assert_int_equal(b.status, PARE_EUSAGE);
    assert_int_equal(pare_emit(&b, "Relu", PARE_NONE), PARE_NONE);
    assert_int_equal(pare_build_scalar(&b, "s", 1), PARE_NONE);
    pare_build_output(&b, 0, NULL);
    pare_build_name(&b, 0, "n");
    assert_int_equal(model->n_values, 0);
    assert_int_equal(model->n_nodes, 0);

    pare_builder_init(&b, &t.ctx, model->graph);
    const pare_value_id x = pare_build_input(&b, "x", NULL);
    pare_build_input(&b, "x", NULL);
    assert_int_equal(b.status, PARE_EFORMAT);
    pare_tensor *tensor = NULL;
    assert_int_equal(pare_tensor_new(&t.ctx, &tensor, PARE_FLOAT, 0, NULL), PARE_OK);
    assert_int_equal(pare_build_const(&b, "c", tensor), PARE_NONE); /* takes the reference anyway */

    pare_builder_init(&b, &t.ctx, model->graph);
    assert_int_equal(pare_build_const(&b, "c", NULL), PARE_NONE);
    assert_int_equal(b.status, PARE_EUSAGE);
    assert_int_equal(pare_graph_check(&t.ctx, model, NULL), PARE_OK);
    assert_int_equal(x, 0);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static pare_status build_and_free(pare_ctx *ctx, void *user)
{
    (void)user;
    pare_model *model = NULL;
    pare_value_id y = PARE_NONE;
    PARE_TRY(pare_model_new(ctx, &model, "g"));
    const pare_status st = build(ctx, model, &y);
    pare_model_free(ctx, model);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(test_ctx_torture(build_and_free, NULL) > 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_what_was_said),
        cmocka_unit_test(the_first_failure_is_kept),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return test_run(tests);
}
