#include "energy/energy.h"
#include "support/estimated.h"
#include "support/nets/layer.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

#define BUFFER_BYTES (1 << 20)

static void assert_close(double found, double expected)
{
    if (!(fabs(found - expected) <= 1e-9 * fabs(expected)))
        fail_msg("%.17g, expected %.17g", found, expected);
}

/* Every network's MACs are its published ones, everything in it is modelled, and the terms, layers
 * and whole agree. */
static void test_sums(void **state)
{
    size_t n_rows;
    const net_row *rows = net_rows(&n_rows);
    const pare_target target = test_chip(BUFFER_BYTES);
    (void)state;
    for (size_t i = 0; i < n_rows; i++) {
        test_ctx t;
        test_ctx_init(&t);
        pare_estimate *e = test_estimate_net(&t, rows[i].name, 1, &target, NULL);
        double uj = 0, us = 0, dram = 0;
        assert_int_equal(e->macs, rows[i].macs);
        assert_int_equal(e->n_unmodelled, 0);
        assert_int_equal(e->n_warnings, 0);
        for (size_t k = 0; k < e->n_layers; k++) {
            uj += e->layers[k].uj;
            us += e->layers[k].us;
            dram += e->layers[k].bytes[1];
        }
        assert_close(uj, e->energy_uj.value);
        assert_close(us, e->latency_us.value);
        assert_close(dram, e->bytes[1]);
        assert_close(e->terms_uj[PARE_TERM_STATIC], 0.1 * e->latency_us.value);
        assert_true(e->energy_uj.low < e->energy_p50_uj && e->energy_p50_uj < e->energy_uj.high);
        assert_true(e->dram_bytes == e->weight_traffic_bytes + e->activation_traffic_bytes);
        pare_estimate_free(&t.ctx, e);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

/* One Gemm [1, 640] x [640, 128] with bias: numbers that can be done by hand. */
static void test_by_hand(void **state)
{
    test_ctx t;
    net n;
    pare_model *model = NULL;
    static const int64_t dims[] = { 1, 640 };
    const pare_target target = test_chip(BUFFER_BYTES);
    const pare_estimate_opts opts = { .ignore_zeros = true };
    (void)state;
    test_ctx_init(&t);
    net_begin(&n, &t.ctx, "g", NULL);
    net_map x = { pare_build_input(&n.b, "x", net_type(&n, PARE_FLOAT, 2, dims)), 640, 0, 0 };
    x = net_gemm(&n, "fc", x, 128);
    net_output(&n, "y", x);
    assert_int_equal(net_end(&n, &model), PARE_OK);
    pare_estimate *e = test_estimate(&t, model, &target, &opts);
    const double macs = 640 * 128, weights = 4 * (640 * 128 + 128), bytes = weights + 4 * 768;
    assert_int_equal(e->n_layers, 1);
    assert_int_equal(e->params, 640 * 128 + 128);
    assert_int_equal(e->flash_bytes, (uint64_t)weights);
    assert_int_equal(e->macs, 640 * 128);
    assert_int_equal(e->other_ops, 128);
    assert_int_equal(e->flops, 2 * 640 * 128 + 128);
    assert_close(e->bytes[0], bytes);
    assert_close(e->bytes[1], bytes);
    assert_int_equal(e->weight_traffic_bytes, (uint64_t)weights);
    assert_int_equal(e->activation_traffic_bytes, 4 * 768);
    assert_close(e->terms_uj[PARE_TERM_COMPUTE], (macs + 128) * 2e-6);
    assert_close(e->terms_uj[PARE_TERM_MEMORY], bytes * (100 + 1) * 1e-6);
    assert_close(e->latency_us.value, bytes / 1e9 * 1e6);
    assert_int_equal(e->layers[0].bound, PARE_BOUND_MEMORY);
    assert_int_equal(e->layers[0].bound_store, 1);
    assert_int_equal(e->ram_peak_bytes, 4 * 768);
    assert_string_equal(e->layers[0].name, "/fc");
    assert_string_equal(e->layers[0].op, "Gemm");
    assert_string_equal(e->layers[0].weight_type, "float");
    pare_estimate_free(&t.ctx, e);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Weights are read once per run, whatever the batch; counts are per inference. */
static void test_batch(void **state)
{
    test_ctx t;
    const pare_target target = test_chip(BUFFER_BYTES);
    (void)state;
    test_ctx_init(&t);
    pare_estimate *one = test_estimate_net(&t, "alexnet", 1, &target, NULL);
    pare_estimate *eight = test_estimate_net(&t, "alexnet", 8, &target, NULL);
    assert_int_equal(one->macs, eight->macs);
    assert_true(eight->weight_traffic_bytes < one->weight_traffic_bytes / 6);
    assert_true(eight->energy_uj.value < one->energy_uj.value);
    assert_true(eight->ram_peak_bytes == 8 * one->ram_peak_bytes);
    pare_estimate_free(&t.ctx, one);
    pare_estimate_free(&t.ctx, eight);
}

/* A model that fits into the buffer reads no weights from afar once it runs again and again. */
static void test_steady_state(void **state)
{
    test_ctx t;
    const pare_target target = test_chip(BUFFER_BYTES), small = test_chip(BUFFER_BYTES / 8);
    const pare_estimate_opts steady = { .steady_state = true };
    (void)state;
    test_ctx_init(&t);
    pare_estimate *cold = test_estimate_net(&t, "tiny-resnet8", 1, &target, NULL);
    pare_estimate *warm = test_estimate_net(&t, "tiny-resnet8", 1, &target, &steady);
    pare_estimate *tight = test_estimate_net(&t, "tiny-resnet8", 1, &small, &steady);
    assert_true(cold->weight_traffic_bytes >= cold->flash_bytes * 9 / 10);
    assert_int_equal(warm->weight_traffic_bytes, 0);
    assert_true(tight->weight_traffic_bytes >= cold->weight_traffic_bytes);
    pare_estimate_free(&t.ctx, cold);
    pare_estimate_free(&t.ctx, warm);
    pare_estimate_free(&t.ctx, tight);
}

/* What two estimates have wrong alike cancels, and equals are not put in order. */
static void test_ratio(void **state)
{
    test_ctx t;
    const pare_target target = test_chip(BUFFER_BYTES);
    (void)state;
    test_ctx_init(&t);
    pare_estimate *a = test_estimate_net(&t, "resnet50", 1, &target, NULL);
    pare_estimate *b = test_estimate_net(&t, "resnet18", 1, &target, NULL);
    const pare_estimate_ratio same = pare_estimate_compare(a, a);
    const pare_estimate_ratio less = pare_estimate_compare(a, b);
    const pare_estimate_ratio more = pare_estimate_compare(b, a);
    assert_close(same.energy.low, 1);
    assert_close(same.energy.high, 1);
    assert_int_equal(same.energy_order, 0);
    assert_int_equal(less.energy_order, -1);
    assert_int_equal(more.energy_order, 1);
    assert_close(less.energy.value * more.energy.value, 1);
    assert_true(less.energy.high / less.energy.low < 0.5 * a->energy_uj.high / a->energy_uj.low);
    const pare_estimate_opts other = { .seed = 2 };
    pare_estimate *c = test_estimate_net(&t, "resnet18", 1, &target, &other);
    assert_true(isnan(pare_estimate_compare(a, c).energy.low));
    assert_int_equal(pare_estimate_compare(a, c).energy_order, 0);
    pare_estimate_free(&t.ctx, a);
    pare_estimate_free(&t.ctx, b);
    pare_estimate_free(&t.ctx, c);
}

/* A target without hardware: counts and memory, no joules. */
static void test_rules_only(void **state)
{
    test_ctx t;
    const pare_target target = { .name = "rules", .fit_error = NAN };
    (void)state;
    test_ctx_init(&t);
    pare_estimate *e = test_estimate_net(&t, "resnet18", 1, &target, NULL);
    assert_int_equal(e->macs, net_find("resnet18")->macs);
    assert_true(isnan(e->energy_uj.value) && isnan(e->latency_us.value));
    assert_true(!e->has_energy && !e->has_time && !e->energy_draws);
    assert_true(e->ram_peak_bytes > 1 << 20);
    pare_estimate_free(&t.ctx, e);
}

static pare_status estimate_small(pare_ctx *ctx, void *user)
{
    pare_model *model = NULL;
    pare_shapes *shapes = NULL;
    pare_estimate *e = NULL;
    const net_opts opts = { .weights = NET_WEIGHTS_SEEDED };
    pare_status st = net_build(ctx, &model, "tiny-autoencoder", &opts, NULL);
    if (!st) st = pare_infer(ctx, &shapes, model, NULL);
    if (!st) st = pare_estimate_make(ctx, &e, model, shapes, user, NULL);
    pare_estimate_free(ctx, e);
    pare_shapes_free(ctx, shapes);
    if (model) pare_model_free(ctx, model);
    return st;
}

static void test_memory_failures(void **state)
{
    pare_target target = test_chip(BUFFER_BYTES);
    (void)state;
    assert_true(test_ctx_torture(estimate_small, &target) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sums),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_batch),
        cmocka_unit_test(test_steady_state),
        cmocka_unit_test(test_ratio),
        cmocka_unit_test(test_rules_only),
        cmocka_unit_test(test_memory_failures),
    };
    return test_run(tests);
}
