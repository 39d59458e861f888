#include "pass/pass.h"

#include "support/models.h"
#include "support/passes.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <string.h>

#define IR8 "<ir_version: 8, opset_import: [\"\" : 13]>\n"

#define FOLD(before, after) { "fold-constants", IR8 before, IR8 after }
#define STAYS(before) { "fold-constants", IR8 before, NULL }
#define SWEEP(before, after) { "dead-code", IR8 before, IR8 after }

static void folds_what_is_constant(void **state)
{
    (void)state;
    static const test_pass_row rows[] = {
        /* computed with, and what is computed from that */
        FOLD("g (float[2] x) => (float[2] y) <float[2] a = {1, 2}, float[2] b = {3, 4}> {\n"
             "  c = Add (a, b)\n  d = Mul (c, c)\n  y = Add (x, d) }",
             "g (float[2] x) => (float[2] y) <float[2] a = {1, 2}, float[2] b = {3, 4},"
             " float[2] c = {4, 6}, float[2] d = {16, 36}> {\n  y = Add (x, d) }"),
        /* Constant nodes become initializers, outputs of the graph stay nodes */
        FOLD("g (float[1] x) => (float[1] y, float[1] z) <float[1] a = {1}> {\n"
             "  c = Constant <value = float[1] {2}> ()\n  z = Add (c, a)\n  y = Add (x, c) }",
             "g (float[1] x) => (float[1] y, float[1] z) <float[1] a = {1}, float[1] c = {2}> {\n"
             "  [z] z = Constant <value = float[1] {3}> ()\n  y = Add (x, c) }"),
        /* in nested graphs, from outer constants, as nodes */
        FOLD("g (bool c, float[1] x) => (float[1] y) <float[1] a = {1}> {\n"
             "  y = If (c) <then_branch = t () => (float[1] p) { q = Add (a, a)\n p = Add (q, x) },"
             " else_branch = e () => (float[1] r) { r = Neg (a) }> }",
             "g (bool c, float[1] x) => (float[1] y) <float[1] a = {1}> {\n"
             "  y = If (c) <then_branch = t () => (float[1] p) {"
             " [q] q = Constant <value = float[1] {2}> ()\n p = Add (q, x) },"
             " else_branch = e () => (float[1] r) {"
             " [r] r = Constant <value = float[1] {-1}> () }> }"),
    };
    test_pass_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void follows_declared_shapes(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_pass_stats stats = { 0 };
    pare_model *m = test_model_parse(&t.ctx, IR8
        "g (float[N,3,4] x) => (float[] y) <int64[1] i = {2}> {\n"
        "  s = Shape (x)\n  n = Gather (s, i)\n  y = Expand (x, n) }");
    assert_int_equal(pare_optimize(&t.ctx, m, NULL, &stats), PARE_OK);
    test_model_equals(&t.ctx, m, "<\n  ir_version: 8,\n  opset_import: [\"\" : 13]\n>\n"
                      "g (float[N,3,4] x) => (float[] y) <\n  int64[1] n = {4}\n> {\n"
                      "  y = Expand (x, n)\n}\n");
    assert_int_equal(stats.n_folded, 1);
    assert_int_equal(stats.n_nodes, 2);
    assert_int_equal(stats.n_initializers, 1);
    pare_model_free(&t.ctx, m);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void leaves_what_is_better_left(void **state)
{
    (void)state;
    static const test_pass_row rows[] = {
        /* large from small */
        STAYS("g (float[1] x) => (float[] y) <int64[1] n = {4096}> {\n"
              "  c = ConstantOfShape (n)\n  y = Add (x, c) }"),
        STAYS("g (float[1] x) => (float[] y) <int64[2] n = {64, 64}, float[1] a = {1}> {\n"
              "  c = Expand (a, n)\n  y = Add (x, c) }"),
        STAYS("g (float[1] x) => (float[] y) <int64[1] n = {4611686018427387904}> {\n"
              "  c = ConstantOfShape (n)\n  y = Add (x, c) }"),
        /* quantized constants */
        STAYS("g (float[1] x) => (float[1] y) <int8[1] q = {3}, float s = {0.5}> {\n"
              "  c = DequantizeLinear (q, s)\n  y = Add (x, c) }"),
        /* different each time */
        STAYS("g (float[1] x) => (float[1] y) <float[1] a = {1}> {\n"
              "  c = RandomNormalLike (a)\n  y = Add (x, c) }"),
        /* what a caller may override */
        STAYS("g (float[1] x, float[1] a) => (float[1] y) <float[1] a = {1}> {\n"
              "  c = Neg (a)\n  y = Add (x, c) }"),
        /* operators that are not known */
        STAYS("g (float[1] x) => (float[1] y) <float[1] a = {1}> {\n"
              "  c = odd.Thing (a)\n  y = Add (x, c) }"),
    };
    test_pass_rows(rows, sizeof(rows) / sizeof(rows[0]));
    /* data that an operator refuses, whatever else goes wrong meanwhile */
    test_pass_row refused = STAYS(
        "g (float[1] x) => (float[] y) <float[2] a = {1, 2}, int64[1] i = {7}>"
        " {\n  c = Gather (a, i)\n  y = Add (x, c) }");
    test_ctx t;
    test_ctx_init(&t);
    assert_int_equal(test_pass_row_run(&t.ctx, &refused), PARE_OK);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void removes_what_is_unused(void **state)
{
    (void)state;
    static const test_pass_row rows[] = {
        /* chains, also against the order; inputs stay */
        SWEEP("g (float[1] x, float[1] z) => (float[1] y) <float[1] a = {1}, float[1] b = {2}> {\n"
              "  p = Add (q, b)\n  q = Neg (z)\n  y = Add (x, a) }",
              "g (float[1] x, float[1] z) => (float[1] y) <float[1] a = {1}> {\n"
              "  y = Add (x, a) }"),
        /* inside of nested graphs, and what they alone used */
        SWEEP("g (bool c, float[1] x) => (float[1] y) <float[1] a = {1}> {\n  u = Neg (x)\n"
              "  y = If (c) <then_branch = t () => (float[1] p) { q = Add (a, u)\n p = Neg (x) },"
              " else_branch = e () => (float[1] r) { r = Abs (x) }> }",
              "g (bool c, float[1] x) => (float[1] y) {\n"
              "  y = If (c) <then_branch = t () => (float[1] p) { p = Neg (x) },"
              " else_branch = e () => (float[1] r) { r = Abs (x) }> }"),
        /* unknown operators may do more than compute */
        { "dead-code", IR8 "g (float[1] x) => (float[1] y) {\n  z = odd.Print (x)\n  y = Neg (x) }",
          NULL },
    };
    test_pass_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

static void removes_unused_functions(void **state)
{
    (void)state;
    static const char head[] = "<ir_version: 8, opset_import: [\"\" : 13, \"f\" : 1]>\n";
#define FUNCTION(name, op)                                                                 \
    "<domain: \"f\", opset_import: [\"\" : 13, \"f\" : 1]>\n" name " (a) => (b) { b = " op \
    " (a) }\n"
    char before[1024], after[1024];
    snprintf(before, sizeof(before), "%s%s", head,
             "g (float[1] x) => (float[1] y) { z = f.dead (x)\n y = f.used (x) }\n"
             FUNCTION("dead", "Neg") FUNCTION("used", "f.inner") FUNCTION("other", "f.dead")
             FUNCTION("inner", "Abs"));
    snprintf(after, sizeof(after), "%s%s", head,
             "g (float[1] x) => (float[1] y) { y = f.used (x) }\n"
             FUNCTION("used", "f.inner") FUNCTION("inner", "Abs"));
    const test_pass_row row = { "dead-code", before, after };
    test_pass_rows(&row, 1);
}

static void old_models_keep_constant_nodes(void **state)
{
    (void)state;
#define IR3 "<ir_version: 3, opset_import: [\"\" : 7]>\n"
    const test_pass_row rows[] = {
        { "fold-constants",
          IR3 "g (float[1] x, float[1] a) => (float[1] y) <float[1] a = {1}> {\n"
              "  c = Neg (a)\n  y = Add (x, c) }",
          IR3 "g (float[1] x, float[1] a) => (float[1] y) <float[1] a = {1}> {\n"
              "  [c] c = Constant <value = float[1] {-1}> ()\n  y = Add (x, c) }" },
    };
    test_pass_rows(rows, 1);
}

static void passes_are_found_by_name(void **state)
{
    (void)state;
    size_t n = 0;
    const pare_pass *const *all = pare_pass_all(&n);
    for (size_t i = 0; i < n; i++) {
        assert_ptr_equal(pare_pass_find(all[i]->name), all[i]);
        assert_non_null(all[i]->summary);
        if (i) assert_true(strcmp(all[i - 1]->name, all[i]->name) < 0);
    }
    assert_null(pare_pass_find("fold"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folds_what_is_constant),
        cmocka_unit_test(follows_declared_shapes),
        cmocka_unit_test(leaves_what_is_better_left),
        cmocka_unit_test(removes_what_is_unused),
        cmocka_unit_test(removes_unused_functions),
        cmocka_unit_test(old_models_keep_constant_nodes),
        cmocka_unit_test(passes_are_found_by_name),
    };
    return test_run(tests);
}
