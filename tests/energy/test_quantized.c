#include "energy/energy.h"
#include "formats/target.h"
#include "support/estimated.h"
#include "support/nets/layer.h"
#include "support/quantized.h"
#include "support/test.h"

#include <string.h>

typedef enum form {
    FLOATS,
    WEIGHTS,
    ALL,
} form;

static pare_estimate *estimate(test_ctx *t, const char *name, form how, const pare_target *target)
{
    pare_model *model = NULL;
    const pare_estimate_opts opts = { .ignore_zeros = true };
    if (net_build(&t->ctx, &model, name, NULL, NULL)) fail_msg("%s", t->ctx.message);
    if (how != FLOATS && test_quantize(&t->ctx, model, how == ALL)) fail_msg("%s", t->ctx.message);
    pare_estimate *e = test_estimate(t, model, target, &opts);
    pare_model_free(&t->ctx, model);
    return e;
}

static pare_target *find_target(test_ctx *t, const char *name)
{
    pare_target *target = NULL;
    if (pare_target_find(&t->ctx, &target, name)) fail_msg("%s", t->ctx.message);
    return target;
}

static size_t count_layers(const pare_estimate *e, const char *op)
{
    size_t n = 0;
    for (size_t i = 0; i < e->n_layers; i++) n += !strcmp(e->layers[i].op, op);
    return n;
}

/* Between DequantizeLinear and QuantizeLinear products run in int8, also where several of them
 * share a DequantizeLinear; weights alone leave them in float, read fewer bytes, and are
 * dequantized into memory at every run where no kernel takes them as they are. */
static void test_forms(void **state)
{
    static const char *const nets[] = { "resnet18", "squeezenet1.1" };
    test_ctx t;
    (void)state;
    test_ctx_init(&t);
    pare_target *target = find_target(&t, PARE_DEFAULT_TARGET);
    for (size_t i = 0; i < sizeof(nets) / sizeof(nets[0]); i++) {
        pare_estimate *floats = estimate(&t, nets[i], FLOATS, target);
        pare_estimate *weights = estimate(&t, nets[i], WEIGHTS, target);
        pare_estimate *all = estimate(&t, nets[i], ALL, target);
        const double macs = (double)floats->macs;
        assert_true(floats->macs == weights->macs && floats->macs == all->macs);
        assert_true(floats->macs_by_type[PARE_ARITH_FLOAT32] == macs);
        assert_true(weights->macs_by_type[PARE_ARITH_FLOAT32] == macs);
        assert_true(all->macs_by_type[PARE_ARITH_INT8] == macs);
        assert_true(weights->other_ops > floats->other_ops + floats->params);
        assert_true(weights->weight_traffic_bytes < floats->weight_traffic_bytes / 3);
        assert_true(all->flash_bytes < floats->flash_bytes / 3);
        assert_true(all->ram_peak_bytes < floats->ram_peak_bytes / 3);
        assert_int_equal(count_layers(all, "DequantizeLinear"), 0);
        assert_int_equal(pare_estimate_compare(floats, all).energy_order, -1);
        assert_true(weights->energy_uj.value >
                    floats->energy_uj.value); /* Conv takes floats only */
        assert_true(weights->ram_peak_bytes >= floats->ram_peak_bytes);
        assert_int_equal(all->n_warnings, 0);
        pare_estimate_free(&t.ctx, floats);
        pare_estimate_free(&t.ctx, weights);
        pare_estimate_free(&t.ctx, all);
    }
    pare_target_free(&t.ctx, target);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Transpose, MaxPool and the like pass integers on: no operations left, no layers for Q and DQ. */
static void test_moves(void **state)
{
    test_ctx t;
    (void)state;
    test_ctx_init(&t);
    pare_target *target = find_target(&t, PARE_DEFAULT_TARGET);
    pare_estimate *e = estimate(&t, "bert-base", ALL, target);
    size_t n = 0;
    for (size_t i = 0; i < e->n_layers; i++) {
        const pare_estimate_layer *l = &e->layers[i];
        if (strcmp(l->op, "Transpose")) continue;
        n++;
        assert_true(l->terms_uj[PARE_TERM_COMPUTE] == 0);
        assert_int_equal(l->output_bytes, 128 * 768);
        assert_string_equal(l->activation_type, "int8");
    }
    assert_int_equal(n, 12 * 4);
    pare_estimate_free(&t.ctx, e);
    pare_target_free(&t.ctx, target);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Types without arithmetic are priced as what the target falls back to, and that is said. */
static void test_fallback(void **state)
{
    test_ctx t;
    pare_target target = test_chip(1 << 20);
    (void)state;
    test_ctx_init(&t);
    pare_target *rules = find_target(&t, PARE_DEFAULT_TARGET);
    target.groups = rules->groups;
    target.n_groups = rules->n_groups;
    target.hardware.mac_pj[PARE_ARITH_INT8].kind = PARE_FIGURE_NONE;
    target.hardware.macs_per_s[PARE_ARITH_INT8].kind = PARE_FIGURE_NONE;
    target.hardware.fallback[PARE_ARITH_INT8] = PARE_ARITH_FLOAT32;
    pare_estimate *e = estimate(&t, "resnet18", ALL, &target);
    assert_true(e->macs_by_type[PARE_ARITH_FLOAT32] == (double)e->macs);
    assert_int_equal(e->n_warnings, 1);
    assert_string_equal(e->warnings[0], "21 layers in int8: target 'chip' has no such arithmetic, "
                                        "priced as float32");
    pare_estimate_free(&t.ctx, e);
    pare_target_free(&t.ctx, rules);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* y = x w with x [1, 256] and w of 4 bits in blocks of 32. */
static void build_nbits(net *n)
{
    enum { K = 256, N = 512, BLOCK = 32 };
    static const int64_t x_dims[] = { 1, K }, dims[] = { N, K / BLOCK, BLOCK / 2 };
    static const int64_t scale_dims[] = { N, K / BLOCK };
    pare_tensor *w = NULL, *scales = NULL;
    pare_builder *b = &n->b;
    assert_int_equal(pare_opsets_add(b->ctx, n->model, &n->model->opsets, "com.microsoft", 1, NULL),
                     PARE_OK);
    assert_int_equal(pare_tensor_new(b->ctx, &w, PARE_UINT8, 3, dims), PARE_OK);
    assert_int_equal(pare_tensor_new(b->ctx, &scales, PARE_FLOAT, 2, scale_dims), PARE_OK);
    const pare_value_id x = pare_build_input(b, "x", net_type(n, PARE_FLOAT, 2, x_dims));
    const pare_value_id wv = pare_build_const(b, "w", w),
                        sv = pare_build_const(b, "scales", scales);
    const pare_value_id y = pare_emit(b, "MatMulNBits", x, wv, sv);
    pare_build_domain(b, "com.microsoft");
    pare_build_int(b, "K", K);
    pare_build_int(b, "N", N);
    pare_build_int(b, "bits", 4);
    pare_build_int(b, "block_size", BLOCK);
    pare_build_output(b, y, NULL);
}

/* Four bits per weight and a scale per block are what is read; MACs stay in float, and each weight
 * costs an operation more. */
static void test_nbits(void **state)
{
    test_ctx t;
    net n;
    pare_model *model = NULL;
    const pare_target target = test_chip(1 << 20);
    const pare_estimate_opts opts = { .ignore_zeros = true };
    (void)state;
    test_ctx_init(&t);
    net_begin(&n, &t.ctx, "g", NULL);
    build_nbits(&n);
    if (net_end(&n, &model)) fail_msg("%s", t.ctx.message);
    pare_estimate *e = test_estimate(&t, model, &target, &opts);
    assert_int_equal(e->macs, 256 * 512);
    assert_true(e->macs_by_type[PARE_ARITH_FLOAT32] == 256 * 512);
    assert_int_equal(e->other_ops, 256 * 512);
    assert_int_equal(e->weight_traffic_bytes, 256 * 512 / 2 + 4 * 512 * 8);
    assert_int_equal(e->layers[0].bound, PARE_BOUND_COMPUTE);
    pare_estimate_free(&t.ctx, e);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* A runtime that has integers only says so of a float model. */
static void test_integers_only(void **state)
{
    test_ctx t;
    (void)state;
    test_ctx_init(&t);
    pare_target *target = find_target(&t, "mcu-int8");
    pare_estimate *floats = estimate(&t, "tiny-dscnn", FLOATS, target);
    pare_estimate *all = estimate(&t, "tiny-dscnn", ALL, target);
    assert_int_equal(floats->n_warnings, 1);
    assert_string_equal(floats->warnings[0],
                        "12 layers in float: the runtime of target 'mcu-int8' has integers only; "
                        "quantize the model first");
    assert_int_equal(all->n_warnings, 0);
    pare_estimate_free(&t.ctx, floats);
    pare_estimate_free(&t.ctx, all);
    pare_target_free(&t.ctx, target);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static pare_status estimate_quantized(pare_ctx *ctx, void *user)
{
    pare_model *model = NULL;
    pare_shapes *shapes = NULL;
    pare_estimate *e = NULL;
    pare_status st = net_build(ctx, &model, "tiny-autoencoder", NULL, NULL);
    if (st) return st;
    st = test_quantize(ctx, model, true);
    if (!st) st = pare_infer(ctx, &shapes, model, NULL);
    if (!st) st = pare_estimate_make(ctx, &e, model, shapes, user, NULL);
    pare_estimate_free(ctx, e);
    pare_shapes_free(ctx, shapes);
    pare_model_free(ctx, model);
    return st;
}

static void test_memory_failures(void **state)
{
    test_ctx t;
    (void)state;
    test_ctx_init(&t);
    pare_target *target = find_target(&t, "mcu-int8");
    assert_true(test_ctx_torture(estimate_quantized, target) > 10);
    pare_target_free(&t.ctx, target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),         cmocka_unit_test(test_moves),
        cmocka_unit_test(test_fallback),      cmocka_unit_test(test_nbits),
        cmocka_unit_test(test_integers_only), cmocka_unit_test(test_memory_failures),
    };
    return test_run(tests);
}
