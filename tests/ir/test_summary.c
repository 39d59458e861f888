#include "ir/summary.h"

#include "ir/graph.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

static const char text[] =
    "<ir_version: 8, opset_import: [\"\" : 13]>\n"
    "g (float[N,3] x, float[2] w, int64[\"batch size\",N] z) => (float[M,N] y, seq(float[Q]) s) <\n"
    "  float[2] w = {1, 2}, float16[3] h = {1, 2, 3}, string[2] t = {\"abc\", \"\"},\n"
    "  sparse_tensor(float[100]) sp = {float[2] {1, 2}, int64[2] {3, 4}}, float[Unused] y\n"
    "> {\n"
    "  a = Constant <value: tensor = float[2,2] {1, 2, 3, 4}> ()\n"
    "  b = Constant <value: tensor = float {1}> ()\n"
    "  c = Constant <value_ints: ints = [1, 2, 3]> ()\n"
    "  d = Constant <value_int: int = 7> ()\n"
    "  e = Fill <value: tensor = double[4] {1, 2, 3, 4}> ()\n"
    "  f = com.microsoft.Constant <value: tensor = float[1] {1}> ()\n"
    "  y = If (b) <t: graph = tg () => (q) <float[1] k = {1}> {\n"
    "    q = If (q0) <t: graph = tg () => (r) { r = Relu (a) }>\n"
    "    q0 = ai.onnx.Relu (a)\n"
    "  }>\n"
    "  s = SequenceEmpty ()\n"
    "}\n"
    "<opset_import: [\"\" : 13]> f () => () {\n"
    "  = Relu ()\n"
    "  u = Constant <value = int4[3] {1, 2, 3}> ()\n"
    "}";

static const struct {
    const char *domain, *op_type;
    unsigned n;
} want_ops[] = {
    { "", "Constant", 5 }, { "", "Relu", 3 }, { "", "If", 2 }, { "", "Fill", 1 },
    { "", "SequenceEmpty", 1 }, { "com.microsoft", "Constant", 1 },
};

static void counts_what_is_there(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_summary s;
    pare_model *model = test_model_parse(&t.ctx, text);
    assert_int_equal(pare_summary_make(&t.ctx, &s, model), PARE_OK);
    /* w, h, t, values of sp, k; a, the list of c, the function's u */
    assert_int_equal(s.n_params, 2 + 3 + 2 + 2 + 1 + 4 + 3 + 3);
    assert_int_equal(s.n_tensors, 11);
    assert_int_equal(s.n_dtypes, 6);
    assert_int_equal(s.dtypes[0].dtype, PARE_FLOAT);
    assert_int_equal(s.dtypes[0].n_elements, 2 + 2 + 1 + 4 + 1 + 1);
    assert_int_equal(s.dtypes[0].n_bytes, 44);
    assert_int_equal(s.dtypes[1].dtype, PARE_DOUBLE);
    assert_int_equal(s.dtypes[2].dtype, PARE_INT64);
    assert_int_equal(s.dtypes[3].dtype, PARE_FLOAT16);
    assert_int_equal(s.dtypes[4].dtype, PARE_STRING);
    assert_int_equal(s.dtypes[4].n_bytes, 3);
    assert_int_equal(s.dtypes[5].dtype, PARE_INT4);
    assert_int_equal(s.dtypes[5].n_bytes, 2);
    assert_int_equal(s.embedded_bytes, 44 + 32 + 16 + 6 + 3 + 2);
    assert_int_equal(s.external_bytes, 0);
    assert_int_equal(s.n_ops, sizeof(want_ops) / sizeof(want_ops[0]));
    for (size_t i = 0; i < s.n_ops; i++) {
        assert_string_equal(s.ops[i].domain, want_ops[i].domain);
        assert_string_equal(s.ops[i].op_type, want_ops[i].op_type);
        assert_int_equal(s.ops[i].n, want_ops[i].n);
    }
    assert_int_equal(s.n_nodes, 13);
    assert_int_equal(s.n_subgraphs, 2);
    assert_int_equal(s.max_depth, 2);
    assert_false(s.is_ordered);
    assert_int_equal(s.n_inputs, 2);
    assert_string_equal(s.inputs[0].name, "x");
    assert_string_equal(s.inputs[1].name, "z");
    assert_int_equal(s.inputs[1].type->dtype, PARE_INT64);
    assert_int_equal(s.n_outputs, 2);
    static const char *const symbols[] = { "N", "batch size", "M", "Q" };
    assert_int_equal(s.n_symbols, 4);
    for (size_t i = 0; i < 4; i++) assert_string_equal(s.symbols[i], symbols[i]);
    pare_summary_free(&t.ctx, &s);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void shared_tensors_count_once(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_summary s;
    pare_tensor *tensor = NULL;
    pare_value_id v = PARE_NONE;
    const int64_t dims[] = { 10 };
    pare_model *model = test_model_parse(&t.ctx, "g () => () { = Op () }");
    assert_int_equal(pare_tensor_new(&t.ctx, &tensor, PARE_INT8, 1, dims), PARE_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(pare_value_derive(&t.ctx, &v, model->graph, "w"), PARE_OK);
        assert_int_equal(pare_value_set_tensor(&t.ctx, model, v, tensor), PARE_OK);
    }
    assert_int_equal(pare_node_set_attr(&t.ctx, model, model->graph->first_node,
                                        pare_attr_tensor(model, "a", tensor)),
                     PARE_OK);
    pare_tensor_unref(tensor);
    assert_int_equal(pare_summary_make(&t.ctx, &s, model), PARE_OK);
    assert_int_equal(s.n_params, 10);
    assert_int_equal(s.n_tensors, 1);
    assert_int_equal(s.embedded_bytes, 10);
    pare_summary_free(&t.ctx, &s);
    assert_int_equal(pare_node_remove(&t.ctx, model, model->graph->first_node), PARE_OK);
    assert_int_equal(pare_summary_make(&t.ctx, &s, model), PARE_OK);
    assert_int_equal(s.n_nodes, 0);
    assert_int_equal(s.n_params, 10);
    assert_true(s.is_ordered);
    pare_summary_free(&t.ctx, &s);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static pare_status summarize(pare_ctx *ctx, void *user)
{
    pare_summary s;
    const pare_status st = pare_summary_make(ctx, &s, user);
    pare_summary_free(ctx, &s);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *model = test_model_parse(&t.ctx, text);
    assert_true(test_ctx_torture(summarize, model) > 5);
    pare_model_free(&t.ctx, model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_what_is_there),
        cmocka_unit_test(shared_tensors_count_once),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return test_run(tests);
}
