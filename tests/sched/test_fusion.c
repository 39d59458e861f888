#include "sched/fusion.h"

#include "ir/build.h"
#include "op/infer.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define Z8      "{0, 0, 0, 0, 0, 0, 0, 0}"
#define ROW8    "0, 0, 0, 0, 0, 0, 0, 0"
#define Z64                                                                                       \
    "{" ROW8 ", " ROW8 ", " ROW8 ", " ROW8 ", " ROW8 ", " ROW8 ", " ROW8 ", " ROW8 "}"
#define HEAD    "<ir_version: 8, opset_import: [\"\" : 17, \"com.microsoft\" : 1]>\n"
#define INPUTS                                                                                    \
    "float[2,8,4,4] x, float[2,8,4,4] r, float[2,3,8] p, bool c, float[N,8,4,4] n, "              \
    "float16[2,8,4,4] f16, uint8[2,8,4,4] qx"
#define WEIGHTS                                                                              \
    "float[8,8,1,1] w = " Z64 ", float[8] s = " Z8 ", float[8] b = " Z8 ", float[8] m = " Z8 \
    ", float[8] v = " Z8 ", float[8,8] k = " Z64 ", float zero = {0}, float six = {6}, "     \
    "float one = {1}, float half = {0.5}, float[1] two = {2}, float[8] vec = " Z8            \
    ", float[1,8] row = " Z8 ", uint8 zp = {0}, "                                            \
    "int64[2] axes = {1, 2}"

/* One graph of images x, r [2,8,4,4] and rows p [2,3,8], and the groups wanted of it: names of the
 * nodes of each group, groups in order. */
typedef struct row {
    const char *nodes, *outputs, *want;
} row;

static char *describe(const pare_groups *groups, const pare_model *model)
{
    static char text[4096];
    size_t at = 0;
    for (uint32_t g = 0; g < groups->n; g++) {
        const pare_group *group = &groups->items[g];
        if (g) at += (size_t)snprintf(text + at, sizeof(text) - at, " | ");
        for (uint32_t i = 0; i < group->n_nodes; i++)
            at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", i ? " " : "",
                                   pare_node_at(model, group->nodes[i])->name);
    }
    return text;
}

static pare_model *parse(pare_ctx *ctx, const row *r)
{
    char text[8192];
    snprintf(text, sizeof(text),
             HEAD "g (" INPUTS ") => (%s) <" WEIGHTS "> {\n%s\n}\n",
             r->outputs, r->nodes);
    return test_model_parse(ctx, text);
}

static void check(const row *rows, size_t n, const pare_fusion_rules *rules, const char *kept_name,
                  bool infer)
{
    for (size_t i = 0; i < n; i++) {
        test_ctx t;
        pare_groups *groups = NULL;
        pare_shapes *shapes = NULL;
        test_ctx_init(&t);
        pare_model *model = parse(&t.ctx, &rows[i]);
        if (infer) assert_int_equal(pare_infer(&t.ctx, &shapes, model, NULL), PARE_OK);
        const pare_value_id kept = kept_name ? pare_graph_find(model->graph, kept_name) : 0;
        assert_int_equal(pare_fusion_find(&t.ctx, &groups, model->graph, shapes, rules, &kept,
                                          kept_name != NULL),
                         PARE_OK);
        const char *found = describe(groups, model);
        if (strcmp(found, rows[i].want))
            fail_msg("%s: expected '%s', found '%s'", rows[i].nodes, rows[i].want, found);
        pare_groups_free(&t.ctx, groups);
        pare_shapes_free(&t.ctx, shapes);
        pare_model_free(&t.ctx, model);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

#define CHECK(rows, rules, kept, infer) \
    check((rows), sizeof(rows) / sizeof((rows)[0]), (rules), (kept), (infer))

static void chains_take_what_follows(void **state)
{
    (void)state;
    static const row rows[] = {
        /* all places, and the order of the residual's operands */
        { "[c] a = Conv(x, w) [n] d = BatchNormalization(a, s, b, m, v) [a] e = Add(d, r) "
          "[r] y = Relu(e)", "y", "c n a r" },
        { "[c] a = Conv(x, w) [a] e = Add(r, a) [l] y = Clip(e, zero, six)", "y", "c a l" },
        { "[c] a = Conv(x, w) [l] y = Clip(a, , six)", "y", "c l" },
        { "[g] a = Gemm(k, k) [n] d = BatchNormalization(a, s, b, m, v) [r] y = Relu(d)", "y",
          "g n r" },
        { "[m] a = MatMul(p, k) [b] d = Add(vec, a) [a] e = Add(d, p) [r] y = Relu(e)", "y",
          "m b a r" },
        { "[m] a = MatMul(p, k) [b] y = Add(a, row)", "y", "m b" },
        { "[c] a = Conv(n, w) [a] e = Add(a, n) [r] y = Relu(e)", "y", "c a r" },
        /* not in the order of the places */
        { "[c] a = Conv(x, w) [r] d = Relu(a) [a] y = Add(d, r)", "y", "c r | a" },
        { "[c] a = Conv(x, w) [r] d = Relu(a) [q] y = Relu(d)", "y", "c r | q" },
        /* conditions that do not hold */
        { "[c] a = Conv(x, w) [l] y = Clip(a, zero, h) [h] h = Mul(one, one)", "y", "c | h | l" },
        { "[c] a = Conv(x, w) [n] y = BatchNormalization(a, s, b, h, v) [h] h = Exp(m)", "y",
          "c | h | n" },
        { "[c] a = Conv(x, w) [n] y, e, f = BatchNormalization<training_mode = 1>(a, s, b, m, v)",
          "y", "c | n" },
        { "[c] a = Conv(x, w) [a] y = Add(a, a)", "y", "c | a" },
        { "[c] a = Conv(x, w) [a] y = Add(a, vec)", "y", "c | a" },
        { "[m] a = MatMul(p, k) [n] y = BatchNormalization(a, s, b, m, v)", "y", "m | n" },
        { "[c] a = Conv(n, w) [a] y = Add(a, x)", "y", "c | a" },
    };
    CHECK(rows, NULL, NULL, true);
}

static void inner_values_stay_inside(void **state)
{
    (void)state;
    static const row used[] = {
        { "[c] a = Conv(x, w) [r] y = Relu(a) [s] z = Neg(a)", "y, z", "c | r | s" },
        { "[c] a = Conv(x, w) [r] y = Relu(a)", "y, a", "c | r" },
        { "[c] a = Conv(x, w) [r] y = Relu(a) "
          "[i] z = If(c) <then_branch: graph = t () => (a) {}, else_branch: graph = e () => (a) "
          "{}>", "y, z", "c | r | i" },
        { "[e] a = Exp(x) [n] d = Neg(a) [t] y = Tanh(d)", "y, d", "e n | t" },
        { "[e] a = Exp(x) [n] y = Neg(a) [i] z = If(c) <then_branch: graph = t () => (q) "
          "{ [q] q = Neg(a) }, else_branch: graph = e () => (x) {}>", "y, z", "e | n | i" },
    };
    static const row kept[] = {
        { "[c] a = Conv(x, w) [r] y = Relu(a)", "y", "c | r" },
        { "[e] a = Exp(x) [n] y = Neg(a)", "y", "e | n" },
    };
    CHECK(used, NULL, NULL, true);
    CHECK(kept, NULL, "a", true);
}

static void clusters_have_one_output_and_shape(void **state)
{
    (void)state;
    static const row rows[] = {
        /* GELU, SiLU, hard swish as exporters write them */
        { "[d] a = Div(x, two) [e] b1 = Erf(a) [a] d = Add(b1, one) [m] e = Mul(x, d) "
          "[h] y = Mul(e, half)", "y", "d e a m h" },
        { "[c] a = Conv(x, w) [s] d = Sigmoid(a) [m] y = Mul(a, d)", "y", "c | s m" },
        { "[a] a = Add(x, one) [l] d = Clip(a, zero, six) [d] e = Div(d, six) [m] y = Mul(x, e)",
          "y", "a l d m" },
        /* operands may broadcast, members may not */
        { "[e] a = Exp(vec) [m] y = Mul(p, a)", "y", "e | m" },
        { "[e] a = Exp(p) [m] y = Mul(a, vec)", "y", "e m" },
        { "[e] a = Exp(n) [m] y = Mul(a, x)", "y", "e | m" },
        { "[e] a = Exp(n) [m] y = Mul(a, n)", "y", "e m" },
        /* a path that leaves and comes back */
        { "[e] a = Exp(x) [p] d = GlobalAveragePool(a) [m] y = Mul(a, d)", "y", "e | p | m" },
        { "[e] a = Exp(x) [n] d = Neg(a) [s] e = Sin(a) [p] f = GlobalAveragePool(e) "
          "[m] g = Mul(d, f) [z] y = Add(g, d)", "y", "e | s | p | n m z" },
        /* types; Where takes a condition */
        { "[n] a = Neg(f16) [e] y = Exp(a)", "y", "n e" },
        { "[n] a = Cast<to = 1>(f16) [e] y = Exp(a)", "y", "n | e" },
        { "[n] a = Neg(x) [w] y = Where(c, a, r)", "y", "n w" },
        { "[g] a = Greater(x, r) [n] d = Neg(x) [w] y = Where(a, d, r)", "y", "g | n w" },
        { "[s] a = Sum(x, r, x) [m] d = Max(a, r) [e] y = Exp(d)", "y", "s m e" },
    };
    static const row alone[] = {
        { "[c] a = Conv(x, w) [s] d = Relu(a) [m] y = Neg(d)", "y", "c | s | m" },
    };
    static const row unknown[] = { /* without inference */
        { "[e] a = Exp(x) [n] y = Neg(a)", "y", "e | n" },
        { "[c] a = Conv(x, w) [r] y = Relu(a)", "y", "c | r" },
    };
    CHECK(rows, NULL, NULL, true);
    CHECK(alone, &pare_fusion_none, NULL, true);
    CHECK(unknown, NULL, NULL, false);
}

/* A runtime's own table: an anchor with what follows, `via`, what stands before, limits. */
static void other_tables(void **state)
{
    (void)state;
#define NAMES(array) { (array), sizeof(array) / sizeof((array)[0]) }
    static const pare_op_name conv[] = { { "", "Conv" }, { "", "ConvTranspose" } };
    static const pare_op_name mul[] = { { "", "Mul" } };
    static const pare_op_name gate[] = { { "", "Sigmoid" }, { "", "HardSigmoid" } };
    static const pare_op_name add[] = { { "", "Add" } };
    static const pare_op_name relu[] = { { "", "Relu" } };
    static const pare_op_name before[] = { { "", "DequantizeLinear" } };
    static const pare_op_name after[] = { { "", "QuantizeLinear" } };
    static const pare_fusion_part anchor[] = { { .ops = NAMES(conv) } };
    static const pare_fusion_part parts[] = {
        { .ops = NAMES(add), .operands = PARE_OPERAND_CHANNEL | PARE_OPERAND_SCALAR },
        { .ops = NAMES(relu) },
        { .ops = NAMES(mul), .via = NAMES(gate) },
        { .ops = NAMES(after), .operands = PARE_OPERAND_CONSTANT, .first = true },
    };
    static const pare_fusion_part twice[] = { { .ops = NAMES(relu) } };
    static const pare_fusion_rule rules[] = {
        { .name = "conv", .anchors = anchor, .n_anchors = 1, .parts = parts, .n_parts = 4,
          .before = NAMES(before) },
        { .name = "relu", .kind = PARE_FUSE_CLUSTER, .anchors = twice, .n_anchors = 1,
          .max_nodes = 3 },
    };
    static const pare_fusion_rules table = { rules, 2 };
    static const row rows[] = {
        { "[c] a = Conv(x, w) [s] d = Sigmoid(a) [m] y = Mul(d, a)", "y", "c s m" },
        { "[c] a = Conv(x, w) [s] d = Sigmoid(a) [m] y = Mul(d, a) [z] z = Neg(d)", "y, z",
          "c | s | m | z" },
        { "[c] a = Conv(x, w) [a] y = Add(a, one)", "y", "c a" },
        { "[c] a = Conv(x, w) [u] d = Unsqueeze(vec, axes) [a] y = Add(a, d)", "y", "c | u | a" },
        { "[q] a = DequantizeLinear(qx, one, zp) [c] d = Conv(a, w) [r] e = Relu(d) "
          "[k] y = QuantizeLinear(e, one, zp)", "y", "q c r k" },
        { "[q] a = DequantizeLinear(qx, one, zp) [c] d = Conv(a, w) [r] y = Relu(a)", "y, d",
          "q | c | r" },
        { "[i] a = Relu(x) [j] d = Relu(a) [k] e = Relu(d) [l] f = Relu(e) [m] y = Relu(f)", "y",
          "i j | k l m" },
    };
    CHECK(rows, &table, NULL, true);
#undef NAMES
}

/* Of two branches that meet the later one takes the sum; places, anchors, rules, inputs, outputs
 * and numbers of groups are told. */
static void groups_are_described(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_groups *groups = NULL;
    pare_shapes *shapes = NULL;
    static const row r = {
        "[d] down = Conv(x, w) [c] a = Conv(r, w) [n] d = BatchNormalization(a, s, b, m, v) "
        "[a] e = Add(d, down) [r] y = Relu(e) [e] q, z = Split<axis = 0>(y) "
        "[i] u = If(c) <then_branch: graph = t () => (o) { o = Add(x, down) }, "
        "else_branch: graph = e () => (y) {}>", "y, z, u", ""
    };
    pare_model *model = parse(&t.ctx, &r);
    const pare_graph *g = model->graph;
    assert_int_equal(pare_infer(&t.ctx, &shapes, model, NULL), PARE_OK);
    assert_int_equal(pare_fusion_find(&t.ctx, &groups, g, shapes, NULL, NULL, 0), PARE_OK);
    assert_string_equal(describe(groups, model), "d | c n a r | e | i");
    const pare_group *conv = &groups->items[1];
    assert_string_equal(conv->rule->name, "conv");
    assert_string_equal(pare_node_at(model, conv->anchor)->name, "c");
    static const uint8_t places[] = { PARE_PLACE_ANCHOR, PARE_PLACE_BATCH_NORM,
                                      PARE_PLACE_RESIDUAL, PARE_PLACE_ACTIVATION };
    assert_memory_equal(conv->places, places, sizeof(places));
    static const char *const inputs[] = { "r", "w", "s", "b", "m", "v", "down" };
    assert_int_equal(conv->n_inputs, 7);
    for (uint32_t i = 0; i < 7; i++)
        assert_int_equal(conv->inputs[i], pare_graph_find(g, inputs[i]));
    assert_int_equal(conv->n_outputs, 1);
    assert_int_equal(conv->outputs[0], pare_graph_find(g, "y"));
    assert_string_equal(groups->items[0].rule->name, "conv");
    assert_null(groups->items[2].rule);
    assert_int_equal(groups->items[2].n_outputs, 2);
    const pare_group *branch = &groups->items[3];
    static const char *const captured[] = { "c", "x", "down", "y" };
    assert_int_equal(branch->n_inputs, 4);
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(branch->inputs[i], pare_graph_find(g, captured[i]));
    for (pare_node_id id = g->first_node; id != PARE_NONE; id = pare_node_at(model, id)->next)
        assert_true(groups->of_node[id] < groups->n);
    /* the nested graph has groups of its own */
    const pare_graph *nested =
        pare_node_attr(pare_node_at(model, branch->anchor), "then_branch")->graphs[0];
    pare_groups_free(&t.ctx, groups);
    assert_int_equal(pare_fusion_find(&t.ctx, &groups, nested, shapes, NULL, NULL, 0), PARE_OK);
    assert_int_equal(groups->n, 1);
    assert_int_equal(groups->items[0].n_inputs, 2);
    assert_int_equal(groups->items[0].inputs[1], pare_graph_find(g, "down"));
    pare_groups_free(&t.ctx, groups);
    pare_groups_free(&t.ctx, NULL);
    pare_shapes_free(&t.ctx, shapes);
    pare_model_free(&t.ctx, model);
}

static void a_call_of_a_function_is_no_operator(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_groups *groups = NULL;
    pare_model *model = test_model_parse(
        &t.ctx, "<ir_version: 8, opset_import: [\"\" : 17, \"com.microsoft\" : 1]>\n"
                "g (float[2] x) => (float[2] y) <float[2] a, float[2] d> {\n"
                "  [e] a = Exp (x)\n  [g] d = com.microsoft.Gelu (a)\n  [n] y = Neg (d)\n}\n"
                "<domain: \"com.microsoft\", opset_import: [\"\" : 17]>\n"
                "Gelu (x) => (y)\n{\n  y = Exp (x)\n}\n");
    assert_int_equal(pare_fusion_find(&t.ctx, &groups, model->graph, NULL, NULL, NULL, 0), PARE_OK);
    assert_string_equal(describe(groups, model), "e | g | n");
    pare_groups_free(&t.ctx, groups);
    pare_model_free(&t.ctx, model);
}

static pare_status find_and_free(pare_ctx *ctx, void *user)
{
    const pare_model *model = user;
    pare_groups *groups = NULL;
    const pare_value_id kept = 0;
    const pare_status st = pare_fusion_find(ctx, &groups, model->graph, NULL, NULL, &kept, 1);
    pare_groups_free(ctx, groups);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    static const row r = { "[c] a = Conv(x, w) [r] y = Relu(a)", "y", "" };
    pare_model *model = parse(&t.ctx, &r);
    assert_true(test_ctx_torture(find_and_free, model) >= 8);
    pare_model_free(&t.ctx, model);
}

static void cycles_are_refused(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_groups *groups = NULL;
    static const row r = { "[e] a = Exp(x) [n] y = Neg(a)", "y", "" };
    pare_model *model = parse(&t.ctx, &r);
    assert_int_equal(pare_node_set_input(&t.ctx, model, 0, 0, pare_graph_find(model->graph, "y")),
                     PARE_OK);
    assert_int_equal(pare_fusion_find(&t.ctx, &groups, model->graph, NULL, NULL, NULL, 0),
                     PARE_EFORMAT);
    assert_null(groups);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_take_what_follows),
        cmocka_unit_test(inner_values_stay_inside),
        cmocka_unit_test(clusters_have_one_output_and_shape),
        cmocka_unit_test(other_tables),
        cmocka_unit_test(groups_are_described),
        cmocka_unit_test(a_call_of_a_function_is_no_operator),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(cycles_are_refused),
    };
    return test_run(tests);
}
