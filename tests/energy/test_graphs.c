#include "energy/energy.h"
#include "ir/text.h"
#include "support/estimated.h"
#include "support/test.h"

#include <stdio.h>
#include <string.h>

/* A model written as text, opset 17. */
static pare_estimate *estimate(test_ctx *t, const char *text)
{
    static const pare_estimate_opts opts = { .ignore_zeros = true };
    pare_model *model = NULL;
    char whole[4096];
    const pare_target target = test_chip(1 << 20);
    static pare_target kept;
    kept = target;
    snprintf(whole, sizeof(whole), "<ir_version: 9, opset_import: [\"\" : 17, \"f\" : 1]>\n%s",
             text);
    if (pare_text_parse(&t->ctx, &model, whole)) fail_msg("%s", t->ctx.message);
    pare_estimate *e = test_estimate(t, model, &kept, &opts);
    pare_model_free(&t->ctx, model);
    return e;
}

static void assert_warns(const pare_estimate *e, const char *text)
{
    for (size_t i = 0; i < e->n_warnings; i++)
        if (strstr(e->warnings[i], text)) return;
    fail_msg("no warning says '%s'", text);
}

/* Of two branches the one that costs more counts: four products against one. */
static void test_if(void **state)
{
    test_ctx t;
    (void)state;
    test_ctx_init(&t);
    pare_estimate *e =
        estimate(&t, "g (bool c, float[8,8] x) => (float[8,8] y) {\n"
                     "  y = If (c) <then_branch = a () => (p) { p = MatMul (x, x) },\n"
                     "              else_branch = b () => (q) { q1 = MatMul (x, x)\n"
                     "                                          q2 = MatMul (q1, x)\n"
                     "                                          q = MatMul (q2, q1) }>\n}");
    assert_int_equal(e->macs, 3 * 512);
    assert_int_equal(e->n_layers, 3);
    assert_int_equal(e->layers[0].depth, 1);
    assert_warns(e, "1 If nodes: the branch that costs more");
    assert_true(e->ram_peak_bytes >= 4 * 256);
    pare_estimate_free(&t.ctx, e);
    e = estimate(&t, "g (bool c, float[8,8] x) => (float[8,8] y) {\n"
                     "  y = If (c) <then_branch = a () => (p) { p1 = MatMul (x, x)\n"
                     "                                          p = MatMul (p1, x) },\n"
                     "              else_branch = b () => (q) { q = MatMul (x, x) }>\n}");
    assert_int_equal(e->macs, 2 * 512);
    pare_estimate_free(&t.ctx, e);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* A body counts as often as it runs; where that is not known, once, and that is said. */
static void test_loop(void **state)
{
#define BODY                                                \
    "body = b (int64 i, bool k, float[8,8] h) => (k2, h2) " \
    "{ k2 = Identity (k) h2 = MatMul (h, x) }"
    test_ctx t;
    (void)state;
    test_ctx_init(&t);
    pare_estimate *e = estimate(&t, "g (float[8,8] x) => (float[8,8] y)\n"
                                    "  <int64 five = {5}, bool yes = {1}> {\n"
                                    "  y = Loop (five, yes, x) <" BODY ">\n}");
    assert_int_equal(e->macs, 5 * 512);
    assert_int_equal(e->n_warnings, 0);
    assert_true(e->layers[e->n_layers - 1].times == 5);
    pare_estimate_free(&t.ctx, e);
    e = estimate(&t, "g (int64 n, float[8,8] x) => (float[8,8] y) <bool yes = {1}> {\n"
                     "  y = Loop (n, yes, x) <" BODY ">\n}");
    assert_int_equal(e->macs, 512);
    assert_warns(e, "1 loops whose number of turns is not known");
    pare_estimate_free(&t.ctx, e);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Each call of a function is priced with its own shapes. */
static void test_function(void **state)
{
    test_ctx t;
    (void)state;
    test_ctx_init(&t);
    pare_estimate *e =
        estimate(&t, "g (float[8,8] x, float[4,4] z) => (float[8,8] y, float[4,4] w)\n"
                     "{ y = f.square (x)\n  w = f.square (z) }\n"
                     "<domain: \"f\", opset_import: [\"\" : 17]>\n"
                     "square (a) => (b) { b = MatMul (a, a) }");
    assert_int_equal(e->macs, 512 + 64);
    assert_int_equal(e->n_unmodelled, 0);
    assert_int_equal(e->n_layers, 2);
    pare_estimate_free(&t.ctx, e);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* What no table knows is listed, and costs the bytes that it reads and writes. */
static void test_unmodelled(void **state)
{
    test_ctx t;
    (void)state;
    test_ctx_init(&t);
    pare_estimate *e = estimate(&t, "g (float[8,8] x) => (float[8,8] y) <float[8,8] h> {\n"
                                    "  [odd] h = my.Thing (x)\n  y = Relu (h)\n}");
    assert_int_equal(e->n_unmodelled, 1);
    assert_string_equal(e->unmodelled[0], "Thing (odd)");
    assert_warns(e, "1 nodes are not modelled");
    assert_true(!e->layers[0].modelled && e->layers[1].modelled);
    assert_int_equal(e->macs, 0);
    assert_int_equal(e->layers[0].input_bytes, 256);
    pare_estimate_free(&t.ctx, e);
    e = estimate(&t, "g (float[N,8] x) => (float[N,8] y) {\n  y = Relu (x)\n}");
    assert_int_equal(e->n_unmodelled, 1);
    assert_warns(e, "values of unknown size");
    pare_estimate_free(&t.ctx, e);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* What constants alone make is done before the first run; views move nothing. */
static void test_folded(void **state)
{
    test_ctx t;
    (void)state;
    test_ctx_init(&t);
    pare_estimate *e =
        estimate(&t, "g (float[2,3] x) => (float[6] y) <int64[1] m = {-1}, float[2] w = {1, 2}> {\n"
                     "  s = Shape (x)\n  v = Neg (w)\n  u = Exp (v)\n"
                     "  h = Reshape (x, m)\n  y = Identity (h)\n}");
    assert_int_equal(e->n_layers, 0);
    assert_true(e->energy_uj.value == 0);
    assert_int_equal(e->ram_peak_bytes, 24);
    pare_estimate_free(&t.ctx, e);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static pare_status estimate_nested(pare_ctx *ctx, void *user)
{
    static const char *text = "<ir_version: 9, opset_import: [\"\" : 17, \"f\" : 1]>\n"
                              "g (bool c, float[8,8] x) => (float[8,8] z)\n"
                              "  <int64 five = {5}, bool yes = {1}, float[8,8] w> {\n"
                              "  a = f.square (x)\n  [odd] w = my.Thing (a)\n"
                              "  y = Loop (five, yes, w) <" BODY ">\n"
                              "  z = If (c) <then_branch = p () => (t) { t = Exp (y) },\n"
                              "              else_branch = q () => (u) { u = MatMul (y, x) }>\n}\n"
                              "<domain: \"f\", opset_import: [\"\" : 17]>\n"
                              "square (a) => (b) { b = MatMul (a, a) }";
    pare_model *model = NULL;
    pare_shapes *shapes = NULL;
    pare_estimate *e = NULL;
    pare_status st = pare_text_parse(ctx, &model, text);
    if (st) return st;
    st = pare_infer(ctx, &shapes, model, NULL);
    if (!st) st = pare_estimate_make(ctx, &e, model, shapes, user, NULL);
    pare_estimate_free(ctx, e);
    pare_shapes_free(ctx, shapes);
    pare_model_free(ctx, model);
    return st;
}

static void test_memory_failures(void **state)
{
    pare_target target = test_chip(1 << 20);
    (void)state;
    assert_true(test_ctx_torture(estimate_nested, &target) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_if),       cmocka_unit_test(test_loop),
        cmocka_unit_test(test_function), cmocka_unit_test(test_unmodelled),
        cmocka_unit_test(test_folded),   cmocka_unit_test(test_memory_failures),
    };
    return test_run(tests);
}
