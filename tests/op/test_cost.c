/* Costs of what counts no MACs, of control flow and calls, and what is said where a cost is not
 * known. */
#include "op/cost_weights.h"
#include "support/costs.h"
#include "support/files.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void elements(void **state)
{
    (void)state;
    static const test_cost_row rows[] = {
        { 14, "float[2,3] x", "", "y = Relu(x)", "elementwise, 6 float" },
        { 14, "float16[2,3] x", "", "y = Sigmoid(x)", "elementwise, 228 float16" },
        { 20, "float[2,3] x", "", "y = Gelu(x)", "elementwise, 318 float" },
        { 20, "float[2,3] x", "", "y = Gelu<approximate = \"tanh\">(x)", "elementwise, 282 float" },
        { 20, "float[2,3] x, float[3] b", "", "y = com.microsoft.FastGelu(x, b)",
          "elementwise, 288 float" },
        { 14, "float[2,3] x, float[4,1,1] z", "", "y = Add(x, z)", "elementwise, 24 float" },
        { 14, "int64[2,3] x", "", "y = Div(x, x)", "elementwise, 24 int64" },
        { 14, "float[2,3] x", "float p = {2}", "y = Pow(x, p)", "elementwise, 6 float" },
        { 14, "float[2,3] x", "float p = {0.5}", "y = Pow(x, p)", "elementwise, 144 float" },
        { 14, "float[2,3] x, float p", "", "y = Pow(x, p)", "elementwise, 456 float" },
        { 14, "float[2,3] x", "", "y = Less(x, x)", "elementwise, 6 float" },
        { 14, "float[2,3] x", "", "y = Sum(x, x, x)", "elementwise, 12 float" },
        { 14, "float[2,3] x", "", "y = Mean(x, x)", "elementwise, 30 float" },
        { 14, "float[2,3] x", "", "y = Max(x)", "elementwise" },
        { 16, "bool[3] c, double[2,3] x", "", "y = Where(c, x, x)", "elementwise, 6 double" },
        { 14, "float[2,3] x", "", "y = Cast<to = 7>(x)", "elementwise, 6 float" },
        { 14, "float[2,3] x", "", "y = Cast<to = 1>(x)", "move, view" },
        { 13, "float[2,3] x", "", "y = Dropout(x)", "move, view" },
        { 13, "float[2,3] x, float r", "bool t = {1}", "y = Dropout(x, r, t)",
          "elementwise, 36 float" },
    };
    TEST_COSTS(rows);
}

static void norms_and_reductions(void **state)
{
    (void)state;
    static const test_cost_row rows[] = {
        { 14, "float[2,3] x, float[3] s", "", "y = BatchNormalization(x, s, s, s, s)",
          "elementwise, 12 float" },
        { 17, "float[2,3] x, float[3] s", "", "y = LayerNormalization(x, s, s)",
          "elementwise, 116 float" },
        { 23, "float[2,3] x, float[3] s", "", "y = RMSNormalization(x, s)",
          "elementwise, 90 float" },
        { 17, "float[1,2,3] x, float[3] s", "",
          "y = com.microsoft.SkipLayerNormalization(x, x, s, s)", "elementwise, 122 float" },
        { 14, "float[1,2,4] x, float[2] s", "", "y = InstanceNormalization(x, s, s)",
          "elementwise, 130 float" },
        { 21, "float[1,4,2] x, float[4] s", "", "y = GroupNormalization<num_groups = 2>(x, s, s)",
          "elementwise, 130 float" },
        { 14, "float[1,8,1,1] x", "", "y = LRN<size = 5>(x)", "elementwise, 704 float" },
        { 14, "float[2,3] x", "", "y = LpNormalization(x)", "elementwise, 84 float" },
        { 13, "float[2,3,1,2] x", "", "y = MeanVarianceNormalization(x)",
          "elementwise, 171 float" },
        { 13, "float[2,3] x", "", "y = Softmax(x)", "elementwise, 234 float" },
        { 13, "float[2,3] x", "", "y = LogSoftmax(x)", "elementwise, 302 float" },
        { 11, "float[2,3,4] x", "", "y = LogSoftmax(x)", "elementwise, 950 float" },
        { 13, "float[2,3] x", "", "y = Hardmax(x)", "elementwise, 12 float" },
        { 13, "float[2,3] x", "", "y = ReduceMean<axes = [1]>(x)", "elementwise, 14 float" },
        { 13, "float[2,3] x", "", "y = ReduceL2<axes = [1]>(x)", "elementwise, 60 float" },
        { 13, "float[2,3] x", "", "y = ReduceMax(x)", "elementwise, 6 float" },
        { 13, "float[2,3] x", "", "y = ArgMax(x)", "elementwise, 6 float" },
        { 14, "float[2,3] x, int64 a", "", "y = CumSum(x, a)", "elementwise, 6 float" },
        { 13, "float[2,3] x, int64[2] l", "", "y = NegativeLogLikelihoodLoss(x, l)",
          "elementwise, 4 float, in0 2" },
        { 13, "float[2,3] x, int64[2] l", "", "y = SoftmaxCrossEntropyLoss(x, l)",
          "elementwise, 306 float" },
    };
    TEST_COSTS(rows);
}

static void windows(void **state)
{
    (void)state;
    static const test_cost_row rows[] = {
        { 12, "float[1,1,4,4] x", "", "y = MaxPool<kernel_shape = [2, 2], strides = [2, 2]>(x)",
          "elementwise, 16 float" },
        { 12, "float[1,1,4,4] x", "", "y = AveragePool<kernel_shape = [2, 2], strides = [2, 2]>(x)",
          "elementwise, 32 float" },
        { 18, "float[1,1,4] x", "", "y = LpPool<kernel_shape = [2], p = 1>(x)",
          "elementwise, 12 float" },
        { 12, "float[1,2,3,3] x", "", "y = GlobalAveragePool(x)", "elementwise, 26 float" },
        { 12, "uint8[1,2,3,3] x, float s, uint8 z", "",
          "y = com.microsoft.QLinearGlobalAveragePool(x, s, z, s, z)", "elementwise, 36 uint8" },
        { 13, "float[1,1,2,2] x", "float[4] s = {1, 1, 2, 2}",
          "y = Resize<mode = \"linear\">(x, , s)", "elementwise, 96 float" },
        { 13, "float[1,1,2,2] x", "float[4] s = {1, 1, 2, 2}",
          "y = Resize<mode = \"cubic\">(x, , s)", "elementwise, 224 float" },
        { 18, "float[1,1,8,8] x", "float[4] s = {1, 1, 0.5, 0.5}",
          "y = Resize<mode = \"linear\", antialias = 1>(x, , s)", "elementwise, 224 float" },
        { 13, "float[1,1,2,2] x", "float[4] s = {1, 1, 2, 2}", "y = Resize(x, , s)",
          "move, in0 4" },
        { 20, "float[1,2,4,4] x, float[1,3,3,2] g", "", "y = GridSample(x, g)",
          "elementwise, 126 float" },
        { 16, "float[1,2,8,8] x, float[3,4] r, int64[3] b", "",
          "y = RoiAlign<output_height = 2, output_width = 2, sampling_ratio = 1>(x, r, b)",
          "elementwise, 192 float, in0 96" },
    };
    TEST_COSTS(rows);
}

static void codes(void **state)
{
    (void)state;
    static const test_cost_row rows[] = {
        { 13, "float[2,3] x, float s, uint8 z", "", "y = QuantizeLinear(x, s, z)",
          "elementwise, 48 float" },
        { 13, "uint8[2,3] x, float s, uint8 z", "", "y = DequantizeLinear(x, s, z)",
          "elementwise, 12 float" },
        { 13, "float[2,3] x", "", "y, s, z = DynamicQuantizeLinear(x)", "elementwise, 60 float" },
        { 13, "uint8[2,3] x, float s, uint8 z", "",
          "y = com.microsoft.QLinearAdd(x, s, z, x, s, z, s, z)", "elementwise, 60 float" },
        { 13, "uint8[2,3] x, float s, uint8 z", "",
          "y = com.microsoft.QLinearConcat<axis = 0>(s, z, x, s, z, x, s, z)",
          "elementwise, 84 float" },
    };
    TEST_COSTS(rows);
}

static void moves_and_choices(void **state)
{
    (void)state;
    static const test_cost_row rows[] = {
        { 13, "float[2,3] x", "", "y = Transpose(x)", "move" },
        { 13, "float[2,3] x", "", "y = Concat<axis = 0>(x, x)", "move" },
        { 13, "float[2,N] x, int64[1] s", "", "y = Reshape(x, s)", "move, view" },
        { 13, "float[2,N] x", "", "y = Shape(x)", "move, view" },
        { 13, "float[10,4] x, int64[3] i", "", "y = Gather(x, i)", "move, in0 12" },
        { 13, "float[10,4] x", "int64[1] a = {0}, int64[1] b = {3}", "y = Slice(x, a, b)",
          "move, in0 12" },
        { 16, "float[4] x, int64[2,1] i, float[2] u", "",
          "y = ScatterND<reduction = \"add\">(x, i, u)", "move, 2 float" },
        { 9, "", "int64[2] s = {2, 3}", "y = ConstantOfShape(s)",
          "move, in0 0, in1 0, in2 0, in3 0, in4 0, in5 0, in6 0, in7 0" },
        { 13, "float[2,8] x", "int64[1] k = {4}", "y, i = TopK(x, k)", "elementwise, 32 float" },
        { 13, "float[2,3] x", "", "y = NonZero(x)", "elementwise, 6 float, out0 12" },
        { 11, "float[16] x", "", "y = Unique(x)", "elementwise, 64 float, out0 16" },
        { 11, "float[1,8,4] b, float[1,2,8] s", "int64 k = {3}", "y = NonMaxSuppression(b, s, k)",
          "elementwise, 832 float, out0 18" },
        { 11, "float[2,3,3] x", "", "y = Det(x)", "elementwise, 50 float" },
        { 20, "float[1,8,1] x", "", "y = DFT(x)", "elementwise, 60 float" },
        { 17, "float[1,16,1] x, float[8] w", "int64 k = {4}", "y = STFT(x, k, w)",
          "elementwise, 204 float" },
        { 17, "", "int64 k = {10}", "y = HannWindow(k)",
          "elementwise, 420 float, in0 0, in1 0, in2 0, in3 0, in4 0, in5 0, in6 0, in7 0" },
        { 9, "float[2,3] x", "", "y = RandomNormalLike(x)", "elementwise, 672 float, in0 0" },
    };
    TEST_COSTS(rows);
}

static void unknown_costs_are_told(void **state)
{
    (void)state;
    static const test_cost_row rows[] = {
        { 13, "float[2,N] x", "", "y = Relu(x)", "unmodelled: found input 0 as float[2,N]" },
        { 13, "float[2,N] x", "", "y = Transpose(x)", "unmodelled: found input 0 as float[2,N]" },
        { 13, "float[2,3] x", "", "y = Frobnicate(x)",
          "unmodelled: no operator 'Frobnicate' is known" },
        { 13, "float[2,3] x", "", "y = org.example.Relu(x)",
          "unmodelled: no operator 'org.example.Relu' is known" },
        { 13, "string[2,3] x", "", "y = StringNormalizer(x)",
          "unmodelled: depends on more than shapes" },
        { 13, "float[4294967296,4294967296,2] x", "", "y = Relu(x)",
          "unmodelled: expected counts below 2^64" },
        { 13, "float[4294967296,4294967296,0] x", "", "y = Relu(x)", "elementwise" },
        { 13, "float[2147483648,2147483648] x", "", "y = MatMul(x, x)",
          "unmodelled: expected counts below 2^64" },
        { 13, "float[4611686018427387904] x", "", "y = Exp(x)",
          "unmodelled: expected counts below 2^64" },
        { 13, "float[1,1,9223372036854775807] x", "",
          "y = MaxPool<kernel_shape = [2147483647]>(x)",
          "unmodelled: expected counts below 2^64" },
    };
    TEST_COSTS(rows);
}

/* --- graphs ----------------------------------------------------------------------------------- */

typedef struct costed {
    test_ctx t;
    pare_model *model;
    pare_shapes *shapes;
} costed;

static void begin(costed *c, const char *text)
{
    test_ctx_init(&c->t);
    c->model = test_model_parse(&c->t.ctx, text);
    assert_int_equal(pare_infer(&c->t.ctx, &c->shapes, c->model, NULL), PARE_OK);
}

static void end(costed *c)
{
    pare_shapes_free(&c->t.ctx, c->shapes);
    pare_model_free(&c->t.ctx, c->model);
    assert_int_equal(test_ctx_live_bytes(&c->t), 0);
}

/* Cost of the i-th node of a graph. */
static pare_cost cost_of(costed *c, const pare_graph *graph, int i, pare_shapes *shapes)
{
    pare_cost cost;
    bool modelled = false;
    pare_node_id id = graph->first_node;
    while (i-- > 0) id = c->model->nodes[id].next;
    assert_int_equal(pare_cost_of(&c->t.ctx, &cost, &modelled, c->model, id, shapes), PARE_OK);
    if (!modelled) fail_msg("%s", c->t.ctx.message);
    return cost;
}

static void costs_as(costed *c, int i, const char *want)
{
    char found[512];
    const pare_cost cost = cost_of(c, c->model->graph, i, c->shapes);
    assert_string_equal(test_cost_text(found, sizeof(found), &cost), want);
}

static void control_flow_runs_its_bodies(void **state)
{
    (void)state;
    costed c;
    begin(&c, "<ir_version: 11, opset_import: [\"\" : 21]>\n"
              "g (bool c, float[4,2] x, int64 n) => ()\n"
              "<int64 five = {5}, bool yes = {1}, bool no = {0}> {\n"
              "  a = If (c) <then_branch = p () => (t) { t = Identity (x) },\n"
              "              else_branch = q () => (e) { e = Exp (x) }>\n"
              "  b = If (no) <then_branch = p2 () => (t2) { t2 = Identity (x) },\n"
              "               else_branch = q2 () => (e2) { e2 = Exp (x) }>\n"
              "  d = Loop (five, yes, x) <body = l (int64 i, bool k, float[4,2] s) => (k2, s2) {\n"
              "      k2 = Identity (k) s2 = Add (s, s) }>\n"
              "  f = Loop (five, c, x) <body = l2 (int64 i3, bool k3, float[4,2] s3) =>\n"
              "      (k4, s4) { k4 = Not (k3) s4 = Add (s3, s3) }>\n"
              "  h = Loop (n, yes, x) <body = l3 (int64 i5, bool k5, float[4,2] s5) =>\n"
              "      (k6, s6) { k6 = Identity (k5) s6 = Add (s5, s5) }>\n"
              "  w = Scan <num_scan_inputs = 1, body = m (p7) => (q7) { q7 = Neg (p7) }> (x)\n"
              "  j = Loop (five, no, x) <body = l4 (int64 i8, bool k8, float[4,2] s8) =>\n"
              "      (k9, s9) { k9 = Identity (k8) s9 = Add (s8, s8) }>\n"
              "}\n");
    costs_as(&c, 0, "move, view, 1 runs, 2 bodies, 1 runs");
    costs_as(&c, 1, "move, view, 1 runs");
    costs_as(&c, 2, "move, view, 5 runs");
    costs_as(&c, 3, "move, view, at most 5 runs");
    costs_as(&c, 4, "move, view, at most 1 runs");
    costs_as(&c, 5, "move, view, 4 runs");
    costs_as(&c, 6, "move, view, 0 runs");
    const pare_cost taken = cost_of(&c, c.model->graph, 1, c.shapes);
    assert_int_equal(cost_of(&c, taken.bodies[0], 0, c.shapes).other_ops, 8 * 32);
    const pare_cost scanned = cost_of(&c, c.model->graph, 5, c.shapes);
    assert_int_equal(cost_of(&c, scanned.bodies[0], 0, c.shapes).other_ops, 2);
    end(&c);
}

/* A branch that contradicts its inputs is there for other inputs, but not one that only has such a
 * branch in it. */
static void a_branch_that_cannot_run_does_not(void **state)
{
    (void)state;
    costed c;
    begin(&c, "<ir_version: 11, opset_import: [\"\" : 21]>\n"
              "g (bool c, float[4,2] x, float[3,5] w) => () {\n"
              "  a = If (c) <then_branch = p () => (t) { s = If (c) <\n"
              "        then_branch = p2 () => (t2) { t2 = MatMul (x, w) },\n"
              "        else_branch = q2 () => (e2) { e2 = MatMul (x, w) }>\n"
              "      t = Exp (s) },\n"
              "    else_branch = q () => (e) { e = Exp (x) }>\n"
              "  b = If (c) <then_branch = p3 () => (t3) { t3 = If (c) <\n"
              "        then_branch = p4 () => (t4) { t4 = MatMul (x, w) },\n"
              "        else_branch = q4 () => (e4) { e4 = Exp (x) }> },\n"
              "    else_branch = q3 () => (e3) { e3 = Exp (x) }>\n"
              "}\n");
    const pare_cost taken = cost_of(&c, c.model->graph, 0, c.shapes);
    assert_true(taken.bodies[0] && !taken.bodies[1] && !taken.one_body);
    assert_string_equal(taken.bodies[0]->name, "q");
    const pare_cost open = cost_of(&c, c.model->graph, 1, c.shapes);
    assert_true(open.bodies[0] && open.bodies[1] && open.one_body);
    const pare_cost inner = cost_of(&c, open.bodies[0], 0, c.shapes);
    assert_true(!inner.bodies[1]);
    assert_string_equal(inner.bodies[0]->name, "q4");
    end(&c);
}

/* The same function on other shapes and with another attribute: what holds in all calls is too
 * little for a cost, what holds in one is not. */
static void calls_are_costed_one_by_one(void **state)
{
    (void)state;
    static const int64_t macs[] = { 2 * 3 * 4, 5 * 3 * 4 };
    static const int64_t ops[] = { 4 * 4, 5 * 8 };
    costed c;
    begin(&c, "<ir_version: 11, opset_import: [\"\" : 13, \"f\" : 1]>\n"
              "g (float[2,3] x, float[5,3] y, float[3,4] w) => () {\n"
              "  a = f.Twice<axis = 0>(x, w)\n"
              "  b = f.Twice<axis = 1>(y, w)\n"
              "}\n"
              "<domain: \"f\", opset_import: [\"\" : 13, \"f\" : 1]>\n"
              "Product (p, q) => (r) { r = MatMul (p, q) }\n"
              "<domain: \"f\", opset_import: [\"\" : 13, \"f\" : 1]>\n"
              "Twice <axis> (p, q) => (s) {\n"
              "  r = f.Product (p, q)\n"
              "  t = Concat <axis: int = @axis> (r, r)\n"
              "  s = Relu (t)\n"
              "}\n");
    pare_node_id node = c.model->graph->first_node;
    for (int i = 0; i < 2; i++, node = c.model->nodes[node].next) {
        pare_shapes *once = NULL;
        pare_shapes *inner = NULL;
        const pare_cost call = cost_of(&c, c.model->graph, i, c.shapes);
        assert_true(call.is_view && call.function && call.trips == 1 && call.trips_known);
        assert_int_equal(pare_infer_called(&c.t.ctx, &once, c.model, node, c.shapes), PARE_OK);
        const pare_node_id nested = call.bodies[0]->first_node;
        assert_int_equal(pare_infer_called(&c.t.ctx, &inner, c.model, nested, once), PARE_OK);
        const pare_cost product = cost_of(&c, call.bodies[0], 0, once);
        assert_int_equal(cost_of(&c, product.bodies[0], 0, inner).macs, macs[i]);
        assert_int_equal(cost_of(&c, call.bodies[0], 2, once).other_ops, ops[i]);
        pare_shapes_free(&c.t.ctx, inner);
        pare_shapes_free(&c.t.ctx, once);
    }
    end(&c);
}

/* docs/counting.md lists the weights as they are. */
static void weights_are_documented(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int weight;
    } weights[] = {
#define WEIGHT(symbol, weight, what) { what, weight },
        PARE_COST_WEIGHTS(WEIGHT)
    };
    char path[TEST_PATH_BYTES];
    char *page = (char *)test_read_file(test_source_path(path, "docs/counting.md"), NULL);
    for (size_t i = 0; i < sizeof(weights) / sizeof(weights[0]); i++) {
        char row[128];
        snprintf(row, sizeof(row), "| %s | %d |", weights[i].what, weights[i].weight);
        if (!strstr(page, row)) fail_msg("docs/counting.md: expected '%s', found none", row);
    }
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements),
        cmocka_unit_test(norms_and_reductions),
        cmocka_unit_test(windows),
        cmocka_unit_test(codes),
        cmocka_unit_test(moves_and_choices),
        cmocka_unit_test(unknown_costs_are_told),
        cmocka_unit_test(control_flow_runs_its_bodies),
        cmocka_unit_test(a_branch_that_cannot_run_does_not),
        cmocka_unit_test(calls_are_costed_one_by_one),
        cmocka_unit_test(weights_are_documented),
    };
    return test_run(tests);
}
