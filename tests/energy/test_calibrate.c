#include "support/test.h"

#include "energy/calibrate.h"
#include "support/estimated.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {
    "resnet18", "resnet50", "mobilenet-v2", "alexnet", "vgg16", "squeezenet1.1", "densenet121",
    "googlenet", "efficientnet-b0", "mlperf-ic", "mlperf-ad", "bert-base", "vit-b16", "deit-tiny",
    "resnet34", "minilm-l6",
};

enum { MAX_ROWS = 16 };

typedef struct bench {
    test_ctx t;
    pare_model *models[MAX_ROWS];
    pare_measurement rows[MAX_ROWS];
    size_t n;
} bench;

/* Measurements as a machine gives them whose true numbers are those of `truth`. */
static void bench_init(bench *b, const pare_target *truth, size_t n)
{
    const pare_estimate_opts opts = { .no_bands = true, .ignore_zeros = true };
    memset(b, 0, sizeof(*b));
    test_ctx_init(&b->t);
    for (size_t i = 0; i < MAX_ROWS && b->n < n; i++) {
        pare_measurement *row = &b->rows[b->n];
        if (!net_find(names[i])) continue;
        assert_int_equal(net_build(&b->t.ctx, &b->models[b->n], names[i], NULL, NULL), PARE_OK);
        *row = (pare_measurement){ .name = names[i], .model = b->models[b->n] };
        assert_int_equal(pare_infer(&b->t.ctx, &row->shapes, row->model, NULL), PARE_OK);
        pare_estimate *e = test_estimate(&b->t, row->model, truth, &opts);
        row->joules = e->energy_uj.value * 1e-6;
        row->seconds = e->latency_us.value * 1e-6;
        pare_estimate_free(&b->t.ctx, e);
        b->n++;
    }
    assert_int_equal(b->n, n);
}

static void bench_free(bench *b)
{
    for (size_t i = 0; i < b->n; i++) {
        pare_shapes_free(&b->t.ctx, b->rows[i].shapes);
        pare_model_free(&b->t.ctx, b->models[i]);
    }
    assert_int_equal(test_ctx_live_bytes(&b->t), 0);
}

static void assert_near(double found, double want, double share)
{
    if (!(fabs(found / want - 1) <= share)) fail_msg("%.6g, expected %.6g", found, want);
}

/* A machine that differs from what its target says in three ways that the runs can tell apart. */
static void finds_what_is_wrong(void **state)
{
    (void)state;
    const pare_target said = test_chip(1 << 20);
    pare_target truth = said;
    bench b;
    pare_calibration c;
    truth.hardware.mac_pj[PARE_ARITH_FLOAT32].value *= 3;
    truth.hardware.levels[1].pj_per_byte.value *= 0.5;
    truth.hardware.static_w.value *= 2;
    truth.hardware.efficiency[PARE_WORK_CONV].value = 0.5;
    bench_init(&b, &truth, 12);
    assert_int_equal(pare_calibrate(&b.t.ctx, &c, &said, b.rows, b.n, "mine"), PARE_OK);
    assert_true(c.time.n >= 1 && c.time.before > 0.02 && c.time.error < 0.05);
    assert_true(c.energy.n >= 2 && c.energy.before > 0.1 && c.energy.loo_error < 0.1);
    assert_true(c.energy.condition <= PARE_FIT_MAX_CONDITION);
    const pare_figure *static_w = &c.hardware.static_w;
    assert_near(static_w->value, 0.2, 0.25);
    assert_int_equal(static_w->kind, PARE_FIGURE_FITTED);
    assert_string_equal(static_w->source, "mine");
    assert_true(static_w->spread > 0 && static_w->spread < 0.5);
    assert_int_equal(c.hardware.mac_pj[PARE_ARITH_INT4].kind, PARE_FIGURE_NONE);
    bench_free(&b);
}

/* Few runs settle one factor, and the fit says that everything shares it. */
static void takes_one_factor_where_there_is_little(void **state)
{
    (void)state;
    const pare_target said = test_chip(1 << 20);
    pare_target truth = said;
    bench b;
    pare_calibration c;
    truth.hardware.mac_pj[PARE_ARITH_FLOAT32].value *= 2;
    truth.hardware.mac_pj[PARE_ARITH_FLOAT32].spread *= 2;
    truth.hardware.levels[0].pj_per_byte.value *= 2;
    truth.hardware.levels[1].pj_per_byte.value *= 2;
    truth.hardware.static_w.value *= 2;
    bench_init(&b, &truth, 2);
    for (size_t i = 0; i < b.n; i++) b.rows[i].seconds = NAN;
    assert_int_equal(pare_calibrate(&b.t.ctx, &c, &said, b.rows, b.n, "mine"), PARE_OK);
    assert_int_equal(c.time.n, 0);
    assert_int_equal(c.energy.n, 1);
    assert_string_equal(c.energy.names[0], "everything");
    assert_near(c.energy.values[0], 2, 0.01);
    assert_near(c.energy.before, 0.5, 0.02);
    bench_free(&b);
}

/* Slower by half in everything: factors of both rounds are told together. */
static void tells_the_factor_of_time(void **state)
{
    (void)state;
    const pare_target said = test_chip(1 << 20);
    pare_target truth = said;
    bench b;
    pare_calibration c;
    for (int i = 0; i < PARE_N_WORK; i++) truth.hardware.efficiency[i].value = 0.5;
    truth.hardware.bandwidth_efficiency = test_figure(0.5);
    bench_init(&b, &truth, 12);
    for (size_t i = 0; i < b.n; i++) b.rows[i].joules = NAN;
    assert_int_equal(pare_calibrate(&b.t.ctx, &c, &said, b.rows, b.n, "mine"), PARE_OK);
    assert_int_equal(c.energy.n, 0);
    for (size_t i = 0; i < c.time.n; i++) assert_near(c.time.values[i], 2, 0.01);
    assert_near(c.time.before, 0.5, 0.01);
    assert_true(c.time.error < 0.01);
    bench_free(&b);
    bench_init(&b, &said, 12); /* and faster than its peaks */
    for (size_t i = 0; i < b.n; i++) b.rows[i].joules = NAN;
    assert_int_equal(pare_calibrate(&b.t.ctx, &c, &truth, b.rows, b.n, "mine"), PARE_OK);
    bench_free(&b);
    truth.hardware.macs_per_s[PARE_ARITH_FLOAT32].value /= 4;
    truth.hardware.levels[0].bytes_per_s.value /= 4;
    truth.hardware.levels[1].bytes_per_s.value /= 4;
    bench_init(&b, &said, 12);
    for (size_t i = 0; i < b.n; i++) b.rows[i].joules = NAN;
    assert_int_equal(pare_calibrate(&b.t.ctx, &c, &truth, b.rows, b.n, "mine"), PARE_OK);
    assert_true(c.time.error < 0.01);
    assert_true(c.hardware.efficiency[PARE_WORK_CONV].value <= 1);
    assert_near(c.hardware.macs_per_s[PARE_ARITH_FLOAT32].value, 1e9, 0.02);
    assert_int_equal(c.hardware.macs_per_s[PARE_ARITH_FLOAT32].kind, PARE_FIGURE_DERIVED);
    bench_free(&b);
}

static void refuses_what_cannot_be_fitted(void **state)
{
    (void)state;
    const pare_target said = test_chip(1 << 20);
    pare_target rules = { .name = "rules" };
    bench b;
    pare_calibration c;
    bench_init(&b, &said, 1);
    assert_int_equal(pare_calibrate(&b.t.ctx, &c, &said, b.rows, 1, "mine"), PARE_EFORMAT);
    assert_non_null(strstr(b.t.ctx.message, "at least 2 are needed"));
    assert_int_equal(pare_calibrate(&b.t.ctx, &c, &said, b.rows, 0, "mine"), PARE_EFORMAT);
    assert_int_equal(pare_calibrate(&b.t.ctx, &c, &rules, b.rows, 1, "mine"), PARE_EUSAGE);
    b.rows[0].joules = b.rows[0].seconds = NAN;
    assert_int_equal(pare_calibrate(&b.t.ctx, &c, &said, b.rows, 1, "mine"), PARE_EFORMAT);
    b.rows[0].joules = -1;
    assert_int_equal(pare_calibrate(&b.t.ctx, &c, &said, b.rows, 1, "mine"), PARE_EFORMAT);
    bench_free(&b);
}

static pare_status build_and_calibrate(pare_ctx *ctx, void *user)
{
    pare_model *model = NULL;
    pare_shapes *shapes = NULL;
    pare_calibration c;
    pare_status st = net_build(ctx, &model, "tiny-autoencoder", NULL, NULL);
    if (!st) st = pare_infer(ctx, &shapes, model, NULL);
    pare_measurement rows[] = {
        { .name = "a", .model = model, .shapes = shapes, .joules = 2e-3, .seconds = 1e-3 },
        { .name = "b", .model = model, .shapes = shapes, .joules = 3e-3, .seconds = 1e-3 },
        { .name = "idle", .joules = 0.2, .seconds = NAN },
    };
    if (!st) st = pare_calibrate(ctx, &c, user, rows, 3, "mine");
    pare_shapes_free(ctx, shapes);
    pare_model_free(ctx, model);
    return st;
}

static void survives_any_failing_allocation(void **state)
{
    (void)state;
    pare_target said = test_chip(1 << 20);
    assert_true(test_ctx_torture(build_and_calibrate, &said) > 20);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_is_wrong),
        cmocka_unit_test(takes_one_factor_where_there_is_little),
        cmocka_unit_test(tells_the_factor_of_time),
        cmocka_unit_test(refuses_what_cannot_be_fitted),
        cmocka_unit_test(survives_any_failing_allocation),
    };
    return test_run(tests);
}
