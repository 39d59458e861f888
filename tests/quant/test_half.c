/* Models in floats of 16 bits: what changes, what stays, and where Casts stand. */
#include "quant/half.h"

#include "ir/check.h"
#include "ir/graph.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct row {
    const char *before, *after;
    pare_half_opts opts;
    const char *kept;         /* operators and reasons */
} row;

#define HEAD "<ir_version: 8, opset_import: [\"\" : 17]>\n"
#define F16 { .type = PARE_FLOAT16 }

static const row rows[] = {
    { HEAD "g (float[2,2] x) => (float[2,2] y) <float[2,2] w = {1, 2, 3, 0.1}> {\n"
           "  h = MatMul (x, w)\n  y = Relu (h)\n}\n",
      HEAD "g (float[2,2] x) => (float[2,2] y) <float16[2,2] w = {15360, 16384, 16896, 11878}> {\n"
           "  Cast = Cast <to = 10> (x)\n  h = MatMul (Cast, w)\n  y_1 = Relu (h)\n"
           "  y = Cast <to = 1> (y_1)\n}\n", F16, "" },
    { HEAD "g (float[2,2] x) => (float[2,2] y) <float[2,2] w = {1, 2, 3, 4}, float[2,2] h> {\n"
           "  h = MatMul (x, w)\n  y = Relu (h)\n}\n",
      HEAD "g (float16[2,2] x) => (float16[2,2] y) <float16[2,2] w = {15360, 16384, 16896, 17408}, "
           "float16[2,2] h> {\n"
           "  h = MatMul (x, w)\n  y = Relu (h)\n}\n",
      { .type = PARE_FLOAT16, .convert_io = true }, "" },
    /* a weight that float16 cannot hold; a mask of -infinity it can */
    { HEAD "g (float[2] x) => (float[2] y) <float w = {70000}, float m = {-inf}> {\n"
           "  h = Exp (x)\n  k = Mul (h, w)\n  y = Max (k, m)\n}\n",
      HEAD "g (float[2] x) => (float[2] y) <float w = {70000}, float m = {-inf}> {\n"
           "  Cast = Cast <to = 10> (x)\n  h = Exp (Cast)\n  Cast_1 = Cast <to = 1> (h)\n"
           "  k = Mul (Cast_1, w)\n  y = Max (k, m)\n}\n", F16,
      "Mul: a weight is beyond 65504;Max: activations come near or pass 65504;" },
    /* an epsilon, and what divides behind it */
    { HEAD "g (float[2] x) => (float[2] y) <float e = {1e-12}> {\n"
           "  v = Exp (x)\n  a = Add (v, e)\n  s = Sqrt (a)\n  d = Reciprocal (s)\n"
           "  y = Exp (d)\n}\n",
      HEAD "g (float[2] x) => (float[2] y) <float e = {1e-12}> {\n"
           "  Cast = Cast <to = 10> (x)\n  v = Exp (Cast)\n  Cast_1 = Cast <to = 1> (v)\n"
           "  a = Add (Cast_1, e)\n  s = Sqrt (a)\n  d = Reciprocal (s)\n"
           "  Cast_2 = Cast <to = 10> (d)\n  y_1 = Exp (Cast_2)\n  y = Cast <to = 1> (y_1)\n}\n",
      F16,
      "Add: a small constant would become 0;Sqrt: follows a constant that would become 0;"
      "Reciprocal: follows a constant that would become 0;" },
    /* inputs of a fixed type; what reads any type; attributes that say a type */
    { HEAD "g (float[1,1,2,2] x) => (float[1,1,4,4] y, int64[4] n) "
           "<float[4] s = {1, 1, 2, 2}> {\n"
           "  h = Exp (x)\n  y = Resize <mode = \"nearest\"> (h, , s)\n  n = Shape (h)\n}\n",
      HEAD "g (float[1,1,2,2] x) => (float[1,1,4,4] y, int64[4] n) "
           "<float[4] s = {1, 1, 2, 2}> {\n"
           "  Cast = Cast <to = 10> (x)\n  h = Exp (Cast)\n"
           "  y_1 = Resize <mode = \"nearest\"> (h, , s)\n  y = Cast <to = 1> (y_1)\n"
           "  n = Shape (h)\n}\n", F16, "" },
    { HEAD "g (int64[2] i) => (float[2] y) {\n"
           "  x = Cast <to = 1> (i)\n  c = Constant <value_float = 2.0> ()\n"
           "  h = Pow (x, c)\n  y = Exp (h)\n}\n",
      HEAD "g (int64[2] i) => (float[2] y) {\n"
           "  x = Cast <to = 10> (i)\n  c = Constant <value = float16 {16384}> ()\n"
           "  h = Pow (x, c)\n  y_1 = Exp (h)\n  y = Cast <to = 1> (y_1)\n}\n", F16, "" },
    /* branches: what goes in and out of control flow stays */
    { HEAD "g (bool c, float[2] x) => (float[2] y) {\n"
           "  y = If <then_branch = a () => (float[2] p) {\n    q = Exp (x)\n    p = Exp (q)\n  }, "
           "else_branch = b () => (float[2] r) {\n    r = Identity (x)\n  }> (c)\n}\n",
      HEAD "g (bool c, float[2] x) => (float[2] y) {\n"
           "  Cast = Cast <to = 10> (x)\n"
           "  y = If <then_branch = a () => (float[2] p) {\n    q = Exp (Cast)\n"
           "    p_1 = Exp (q)\n    p = Cast <to = 1> (p_1)\n  }, "
           "else_branch = b () => (float[2] r) {\n    r = Identity (x)\n  }> (c)\n}\n", F16,
      "Identity: between others that do;If: the operator has no such form;" },
};

/* Formats of texts do not count. */
static void check_equals(pare_ctx *ctx, const pare_model *model, const char *text)
{
    pare_model *m = test_model_parse(ctx, text);
    char *want = test_model_text(ctx, m);
    test_model_equals(ctx, model, want);
    free(want);
    pare_model_free(ctx, m);
}

static pare_status run_row(pare_ctx *ctx, void *user)
{
    const row *r = user;
    pare_ctx plain;
    pare_half_report report = { 0 };
    char kept[500] = "";
    pare_model *model = NULL;
    pare_ctx_init(&plain, NULL);
    pare_model *before = test_model_parse(&plain, r->before);
    pare_status st = pare_model_clone(ctx, &model, before);
    if (!st) st = pare_quantize_half(ctx, model, &r->opts, &report);
    for (size_t i = 0; !st && i < report.n_kept; i++) {
        const size_t n = strlen(kept);
        snprintf(kept + n, sizeof(kept) - n, "%s: %s;", report.kept[i].op, report.kept[i].reason);
    }
    if (!st) {
        check_equals(&plain, model, r->after);
        assert_string_equal(kept, r->kept);
    }
    pare_half_report_free(ctx, &report);
    pare_model_free(ctx, model);
    pare_model_free(&plain, before);
    return st;
}

static void what_can_computes_in_16_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        row r = rows[i];
        test_ctx_torture(run_row, &r);
    }
}

/* Activations that were seen: the caller says how large. */
static double seen(void *user, pare_value_id value)
{
    const pare_model *m = user;
    return !strcmp(m->values[value].name, "h") ? 40000 : 1;
}

static void large_activations_stay(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_half_report report;
    pare_ctx_init(&ctx, NULL);
    pare_model *m = test_model_parse(&ctx, HEAD "g (float[2] x) => (float[2] y) {\n"
                                     "  h = Exp (x)\n  k = Sqrt (h)\n  y = Exp (k)\n}\n");
    const pare_half_opts opts = { .type = PARE_FLOAT16, .largest = seen, .user = m };
    assert_int_equal(pare_quantize_half(&ctx, m, &opts, &report), PARE_OK);
    check_equals(&ctx, m, HEAD "g (float[2] x) => (float[2] y) {\n"
                      "  h = Exp (x)\n  k = Sqrt (h)\n  Cast = Cast <to = 10> (k)\n"
                      "  y_1 = Exp (Cast)\n  y = Cast <to = 1> (y_1)\n}\n");
    assert_int_equal(report.n_kept, 2);
    assert_string_equal(report.kept[0].reason, "activations come near or pass 65504");
    pare_half_report_free(&ctx, &report);
    pare_model_free(&ctx, m);
}

static void losses_are_counted(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_half_report report;
    static const char text[] =
        HEAD "g (float[1,5] x) => (float[1,4] y) <float[20] w = {1e-9, 1e-6, 1, 1, 1, 1, 1, 1, 1, "
             "1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, int64[2] s = {5, 4}> {\n"
             "  v = Reshape (w, s)\n  y = MatMul (x, v)\n}\n";
    pare_ctx_init(&ctx, NULL);
    pare_model *m = test_model_parse(&ctx, text);
    assert_int_equal(pare_quantize_half(&ctx, m, &(pare_half_opts)F16, &report), PARE_OK);
    assert_int_equal(report.n_flushed, 1);
    assert_int_equal(report.n_subnormal, 1);
    assert_int_equal(report.bytes_before, 80);
    assert_int_equal(report.bytes_after, 40);
    assert_int_equal(report.n_casts, 2);
    pare_half_report_free(&ctx, &report);
    pare_model_free(&ctx, m);
    m = test_model_parse(&ctx, text);
    const pare_half_opts wrong = { .type = PARE_INT8 };
    assert_int_equal(pare_quantize_half(&ctx, m, &wrong, NULL), PARE_EUNSUPPORTED);
    assert_string_equal(ctx.message, "floats of 16 bits are float16 or bfloat16, not int8");
    pare_model_free(&ctx, m);
}

/* Only storage: large weights, a Cast behind each. */
static void weights_alone_can_change(void **state)
{
    (void)state;
    static const int64_t dims[] = { 300, 1 };
    pare_ctx ctx;
    pare_half_report report;
    pare_tensor *t = NULL;
    pare_ctx_init(&ctx, NULL);
    pare_model *m = test_model_parse(&ctx, HEAD "g (float[1,300] x) => (float[1,1] y) "
                                     "<float[1] w = {0}> {\n  y = MatMul (x, w)\n}\n");
    assert_int_equal(pare_tensor_new(&ctx, &t, PARE_FLOAT, 2, dims), PARE_OK);
    assert_int_equal(pare_value_set_tensor(&ctx, m, pare_graph_find(m->graph, "w"), t), PARE_OK);
    pare_tensor_unref(t);
    const pare_half_opts opts = { .type = PARE_BFLOAT16, .form = PARE_HALF_STORE };
    assert_int_equal(pare_quantize_half(&ctx, m, &opts, &report), PARE_OK);
    assert_int_equal(report.n_tensors, 1);
    assert_int_equal(report.n_casts, 1);
    assert_int_equal(report.n_nodes, 0);
    assert_int_equal(m->values[pare_graph_find(m->graph, "w")].tensor->dtype, PARE_BFLOAT16);
    if (pare_graph_check(&ctx, m, "test")) fail_msg("%s", ctx.message);
    pare_half_report_free(&ctx, &report);
    pare_model_free(&ctx, m);
}

static void back_to_floats(void **state)
{
    (void)state;
    uint64_t n = 0;
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    pare_model *m = test_model_parse(&ctx, HEAD "g (float16[2] x) => (float16[2] y) "
                                     "<float16[2] w = {15360, 16384}> {\n"
                                     "  h = Mul (x, w)\n  y = Exp (h)\n}\n");
    assert_int_equal(pare_half_to_float(&ctx, m, &n), PARE_OK);
    assert_int_equal(n, 2);
    check_equals(&ctx, m, HEAD "g (float16[2] x) => (float16[2] y) <float[2] w = {1, 2}> {\n"
                      "  Cast = Cast <to = 1> (x)\n  h = Mul (Cast, w)\n  y_1 = Exp (h)\n"
                      "  y = Cast <to = 10> (y_1)\n}\n");
    pare_model_free(&ctx, m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_can_computes_in_16_bits),
        cmocka_unit_test(large_activations_stay),
        cmocka_unit_test(losses_are_counted),
        cmocka_unit_test(weights_alone_can_change),
        cmocka_unit_test(back_to_floats),
    };
    return test_run(tests);
}
