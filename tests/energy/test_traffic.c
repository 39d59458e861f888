#include "energy/energy.h"
#include "ir/text.h"
#include "support/estimated.h"
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A model written as text, opset 17. */
static pare_estimate *estimate(test_ctx *t, const char *text, const pare_target *target)
{
    static const pare_estimate_opts opts = { .ignore_zeros = true, .no_bands = true };
    pare_model *model = NULL;
    char whole[4096];
    snprintf(whole, sizeof(whole), "<ir_version: 9, opset_import: [\"\" : 17]>\n%s", text);
    if (pare_text_parse(&t->ctx, &model, whole)) fail_msg("%s", t->ctx.message);
    pare_estimate *e = test_estimate(t, model, target, &opts);
    pare_model_free(&t->ctx, model);
    return e;
}

static void assert_bytes(double found, double expected)
{
    if (fabs(found - expected) > 1e-6 * expected)
        fail_msg("%.1f bytes, expected %.1f", found, expected);
}

/* A product over a store of S elements: 1.1 times 2 MACs / sqrt(S), all in float32. */
static void test_product(void **state)
{
    static const double stores[] = { 1 << 12, 1 << 16, 1 << 20, 1 << 26 };
    const double macs = 512.0 * 512 * 512, compulsory = 3.0 * 512 * 512;
    test_ctx t;
    (void)state;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]); i++) {
        const pare_target target = test_chip(stores[i]);
        pare_estimate *e = estimate(&t,
                                    "g (float[512,512] x, float[512,512] w) => "
                                    "(float[512,512] y) { y = MatMul (x, w) }",
                                    &target);
        const double bound = 1.1 * 2 * macs / sqrt(stores[i] / 4);
        assert_bytes(e->bytes[1], 4 * fmax(bound, compulsory));
        assert_true(e->bytes[0] >= e->bytes[1] * (1 - 1e-12));
        pare_estimate_free(&t.ctx, e);
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* What is made and used while little lives stays near, through views, too; with a small buffer it
 * goes to DRAM and comes back. */
static void test_residency(void **state)
{
    static const char *model =
        "g (float[64,64] x) => (float[64,64] y) <int64[1] m = {-1}, int64[2] k = {64, 64}> {\n"
        "  h = Relu (x)\n  v = Reshape (h, m)\n  u = Exp (v)\n"
        "  s = Reshape (u, k)\n  z = Tanh (s)\n  y = Softmax (z)\n}";
    const double each = 64 * 64 * 4;
    test_ctx t;
    (void)state;
    test_ctx_init(&t);
    pare_target target = test_chip(4 * each);
    pare_target none = test_chip(each / 2);
    /* no fusion: every node is a layer */
    const pare_target_part part = { .ops = (const char *[]){ "Conv" }, .n_ops = 1 };
    const pare_target_group group = { .name = "conv", .parts = &part, .n_parts = 1 };
    target.groups = none.groups = &group;
    target.n_groups = none.n_groups = 1;
    pare_estimate *near = estimate(&t, model, &target);
    pare_estimate *far = estimate(&t, model, &none);
    assert_int_equal(near->n_layers, 4);
    assert_bytes(near->bytes[1], 2 * each);
    assert_bytes(near->bytes[0], 8 * each);
    assert_bytes(far->bytes[1], 8 * each);
    pare_estimate_free(&t.ctx, near);
    pare_estimate_free(&t.ctx, far);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Weights in flash pass no other level. */
static void test_flash(void **state)
{
    test_ctx t;
    pare_target target = test_chip(1 << 20);
    (void)state;
    test_ctx_init(&t);
    target.hardware.weights = (pare_memory_level){ .name = "flash",
                                                   .pj_per_byte = test_figure(20),
                                                   .bytes_per_s = test_figure(1e8) };
    pare_estimate *e = estimate(&t,
                                "g (float[1,4] x) => (float[1,2] y)\n"
                                "  <float[4,2] w = {1, 2, 3, 4, 5, 6, 7, 8}> {\n"
                                "  y = MatMul (x, w) }",
                                &target);
    assert_bytes(e->bytes[PARE_STORE_WEIGHTS], 32);
    assert_bytes(e->bytes[0], 24);
    assert_bytes(e->bytes[1], 24);
    assert_int_equal(e->dram_bytes, 56);
    assert_int_equal(e->weight_traffic_bytes, 32);
    assert_int_equal(e->layers[0].bound, PARE_BOUND_MEMORY);
    assert_int_equal(e->layers[0].bound_store, PARE_STORE_WEIGHTS);
    pare_estimate_free(&t.ctx, e);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Gather reads the rows that it takes, not the table. */
static void test_gather(void **state)
{
    test_ctx t;
    const pare_target target = test_chip(1 << 20);
    (void)state;
    test_ctx_init(&t);
    pare_estimate *e = estimate(&t,
                                "g (float[1000,16] table, int64[3] rows) => (float[3,16] y)\n"
                                "{ y = Gather (table, rows) }",
                                &target);
    assert_bytes(e->bytes[1], 3 * 16 * 4 * 2 + 3 * 8);
    assert_int_equal(e->layers[0].work, PARE_WORK_MOVE);
    pare_estimate_free(&t.ctx, e);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* An LSTM reads its weights at each of 10 steps, unless the buffer holds them. */
static void test_steps(void **state)
{
    static const char *text =
        "g (float[10,1,32] x, float[1,128,32] w, float[1,128,32] r) => (float[10,1,1,32] y)\n"
        "{ y = LSTM <hidden_size = 32> (x, w, r) }";
    const double weights = 2 * 128 * 32 * 4, others = 4 * (320 + 320);
    test_ctx t;
    const pare_target large = test_chip(1 << 20), small = test_chip(1 << 12);
    (void)state;
    test_ctx_init(&t);
    pare_estimate *once = estimate(&t, text, &large);
    assert_bytes(once->bytes[1], weights + others);
    pare_estimate_free(&t.ctx, once);
    pare_estimate *often = estimate(&t, text, &small);
    assert_bytes(often->bytes[1], 10 * weights + others);
    pare_estimate_free(&t.ctx, often);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Floats of 16 bits on a target that only has 32 lie in memory as 32. */
static void test_widened(void **state)
{
    test_ctx t;
    pare_target target = test_chip(1 << 20);
    (void)state;
    test_ctx_init(&t);
    pare_estimate *e =
        estimate(&t, "g (float16[8,8] x) => (float16[8,8] y) { y = MatMul (x, x) }", &target);
    assert_bytes(e->bytes[1], 64 * 4 * 2);
    assert_int_equal(e->ram_peak_bytes, 64 * 4 * 2);
    assert_string_equal(e->warnings[0], "1 layers in float16: target 'chip' has no such "
                                        "arithmetic, priced as float32");
    pare_estimate_free(&t.ctx, e);
    target.hardware.mac_pj[PARE_ARITH_FLOAT16] = test_figure(1);
    e = estimate(&t, "g (float16[8,8] x) => (float16[8,8] y) { y = MatMul (x, x) }", &target);
    assert_bytes(e->bytes[1], 64 * 2 * 2);
    assert_int_equal(e->n_warnings, 0);
    pare_estimate_free(&t.ctx, e);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* What does not fit is said. */
static void test_room(void **state)
{
    test_ctx t;
    pare_target target = test_chip(1 << 20);
    (void)state;
    test_ctx_init(&t);
    target.ram_bytes = test_figure(500);
    target.flash_bytes = test_figure(10);
    pare_estimate *e = estimate(&t,
                                "g (float[64] x) => (float[64] y, float[64] z)\n"
                                "  <float[4] w = {1, 2, 3, 4}> {\n"
                                "  y = Exp (x)\n  z = Softmax (x)\n  v = Neg (w) }",
                                &target);
    assert_int_equal(e->n_warnings, 2);
    assert_string_equal(e->warnings[0], "peak RAM 768 bytes: target 'chip' has 500");
    assert_string_equal(e->warnings[1], "weights of 16 bytes: target 'chip' has 10");
    pare_estimate_free(&t.ctx, e);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_product), cmocka_unit_test(test_residency),
        cmocka_unit_test(test_flash),   cmocka_unit_test(test_gather),
        cmocka_unit_test(test_steps),   cmocka_unit_test(test_widened),
        cmocka_unit_test(test_room),
    };
    return test_run(tests);
}
