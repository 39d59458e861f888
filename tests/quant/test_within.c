/* Quantizing within limits: what loses too much stays in floats. */
#include "quant/within.h"

#include "formats/target.h"
#include "support/memory_data.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t vector[] = { 1, 4 };

/* Answers hang on the last decimals of input 3, which input 0 drowns on a grid of 8 bits. */
static float values(uint64_t sample, int64_t i)
{
    if (i == 0) return sample % 2 ? 1000.0f : -1000.0f;
    if (i == 3) return (float)((sample * 7) % 13) / 13 - 0.5f;
    return (float)((sample * 5 + (uint64_t)i * 3) % 11) / 11;
}

/* The first product hands input 3 on, and is lost in integers; the second and third are as robust
 * as can be. */
static const char text[] =
    "<ir_version: 8, opset_import: [\"\" : 13]>\n"
    "g (float[1,4] x) => (float[1,2] y) <float[4,4] u = {0.001, 0, 0, 0, 0, 0.1, 0, 0, 0, 0, 0.1, "
    "0, 0, 0, 0, 1}, float[4] c = {0, 0, 0, 0}, float[4,4] v = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, "
    "0, 0, 0, 0, 1}, float[4,2] w = {0, 0, 0, 0, 0, 0, 1, -1}, float[2] d = {0, 0}> "
    "{ a = Gemm(x, u, c)\n b = Gemm(a, v, c)\n y = Gemm(b, w, d) }";

typedef struct job {
    double max_drop, size;    /* share of the tensors' bytes that may remain; 0: any */
    uint64_t max_ms;
    pare_within_report within;
    pare_quantize_report report;
    bool first_is_float;
} job;

static pare_status work(pare_ctx *ctx, void *user)
{
    job *j = user;
    test_ctx plain;
    test_ctx_init(&plain);
    pare_model *parsed = test_model_parse(&plain.ctx, text), *model = NULL;
    pare_target *target = NULL;
    assert_int_equal(pare_target_find(&plain.ctx, &target, "ort-x64"), PARE_OK);
    test_memory_data data;
    test_memory_data_init(&data, 26, 2, vector, values);
    const pare_quantize_settings settings = {
        .activations = PARE_QUANTIZE_ACTIVATIONS_UINT8,
        .calibration = PARE_QUANTIZE_CALIBRATION_MINMAX,
    };
    const pare_quantize_opts opts = { .settings = &settings, .rules = &target->rules,
                                      .data = &data.data };
    const pare_within_opts limits = { .max_drop = j->max_drop, .target = target,
                                      .goals = { [PARE_WITHIN_SIZE] = j->size },
                                      .max_ms = j->max_ms };
    pare_status st = pare_model_clone(ctx, &model, parsed);
    if (!st) st = pare_quantize_within(ctx, model, &opts, &limits, &j->report, &j->within);
    const pare_node_id first = pare_graph_find(parsed->graph, "a");
    j->first_is_float =
        !st && model->nodes[parsed->values[first].producer].inputs[1].value ==
                   parsed->nodes[parsed->values[first].producer].inputs[1].value;
    pare_quantize_report_free(ctx, &j->report);
    pare_model_free(ctx, model);
    pare_target_free(&plain.ctx, target);
    pare_model_free(&plain.ctx, parsed);
    return st;
}

static job run(double max_drop)
{
    test_ctx t;
    test_ctx_init(&t);
    job j = { .max_drop = max_drop };
    if (work(&t.ctx, &j)) fail_msg("%s", t.ctx.message);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
    return j;
}

static void leaves_in_floats_what_loses_too_much(void **state)
{
    (void)state;
    const job free = run(INFINITY), loose = run(100), tight = run(5);
    assert_int_equal(free.within.n_groups, 0); /* nobody asked */
    assert_false(free.first_is_float);
    assert_int_equal(loose.within.end, PARE_MIXED_MET);
    assert_int_equal(loose.within.n_float, 0);
    assert_int_equal(loose.within.n_trials, 1);
    assert_int_equal(tight.within.end, PARE_MIXED_MET);
    assert_int_equal(tight.within.n_groups, 3);
    assert_true(tight.within.n_float >= 1 && tight.within.n_float < 3);
    assert_true(tight.first_is_float);
    assert_true(tight.within.drop <= 5 && loose.within.drop > 5);
}

/* --- limits on figures ------------------------------------------------------------------------ */

enum { WIDTH = 64, LAYERS = 3 };

static const int64_t wide[] = { 1, WIDTH };

static float waves(uint64_t sample, int64_t i)
{
    return (float)(((uint64_t)i * 37 + sample * 17) % 101) / 50 - 1;
}

/* Matrices one behind the other, the middle one with a weight that drowns the others. */
static pare_model *make_deep(pare_ctx *ctx)
{
    const size_t most = LAYERS * WIDTH * WIDTH * 16 + 1000;
    char *deep = malloc(most);
    assert_non_null(deep);
    size_t at = (size_t)snprintf(deep, most, "<ir_version: 8, opset_import: [\"\" : 13]>\n"
                                      "g (float[1,%d] x) => (float[1,%d] y) <", WIDTH, WIDTH);
    for (int l = 0; l < LAYERS; l++) {
        at += (size_t)snprintf(deep + at, most - at, "%sfloat[%d,%d] w%d = {", l ? ", " : "",
                               WIDTH, WIDTH, l);
        for (int i = 0; i < WIDTH * WIDTH; i++)
            at += (size_t)snprintf(deep + at, most - at, "%s%d.%03d", i ? "," : "",
                                   l == 1 && i % 32 == 5 ? 9 : 0, (i * 7919 + l * 31) % 997);
        at += (size_t)snprintf(deep + at, most - at, "}");
    }
    snprintf(deep + at, most - at,
             "> { a = MatMul(x, w0)\n b = MatMul(a, w1)\n y = MatMul(b, w2) }");
    pare_model *model = test_model_parse(ctx, deep);
    free(deep);
    return model;
}

static pare_within_report shrink(const char *target_name, const pare_quantize_settings *settings,
                                 const pare_within_opts *limits, size_t *n_overrides)
{
    test_ctx t;
    test_ctx_init(&t);
    pare_target *target = NULL;
    pare_quantize_report report;
    pare_within_report within;
    pare_model *model = make_deep(&t.ctx);
    assert_int_equal(pare_target_find(&t.ctx, &target, target_name), PARE_OK);
    test_memory_data data;
    test_memory_data_init(&data, 16, 2, wide, waves);
    const pare_quantize_opts opts = { .settings = settings, .rules = &target->rules,
                                      .data = &data.data };
    pare_within_opts all = *limits;
    all.target = target;
    if (pare_quantize_within(&t.ctx, model, &opts, &all, &report, &within))
        fail_msg("%s", t.ctx.message);
    *n_overrides = report.chosen.overrides.n;
    pare_quantize_report_free(&t.ctx, &report);
    pare_model_free(&t.ctx, model);
    pare_target_free(&t.ctx, target);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
    return within;
}

static void gives_fewer_bits_for_size(void **state)
{
    (void)state;
    const pare_quantize_settings settings = {
        .activations = PARE_QUANTIZE_ACTIVATIONS_UINT8,
        .calibration = PARE_QUANTIZE_CALIBRATION_MSE,
    };
    size_t n = 0;
    pare_within_opts limits = { .max_drop = INFINITY, .goals = { [PARE_WITHIN_SIZE] = 0.3 } };
    pare_within_report w = shrink("ort-x64", &settings, &limits, &n);
    assert_int_equal(w.end, PARE_MIXED_MET); /* what was asked for does */
    assert_int_equal(w.n_trials, 1);
    assert_int_equal(n, 0);
    limits.goals[PARE_WITHIN_SIZE] = 0.23;
    w = shrink("ort-x64", &settings, &limits, &n);
    assert_int_equal(w.end, PARE_MIXED_MET);
    assert_true(w.shares[PARE_WITHIN_SIZE] <= 0.23);
    assert_true(w.n_by_keep[PARE_KEEP_INT4] >= 1 && w.n_by_keep[PARE_KEEP_INT4] < LAYERS);
    assert_int_equal(n, w.n_by_keep[PARE_KEEP_INT4] + w.n_by_keep[PARE_KEEP_FLOAT]);
    limits.goals[PARE_WITHIN_SIZE] = 0.05;
    w = shrink("ort-x64", &settings, &limits, &n);
    assert_int_equal(w.end, PARE_MIXED_TOO_COSTLY);
    assert_memory_equal(w.reason, "size is ", 8);
    assert_int_equal(w.n_by_keep[PARE_KEEP_INT4], LAYERS);
}

static void looks_at_energy(void **state)
{
    (void)state;
    const pare_quantize_settings settings = {
        .activations = PARE_QUANTIZE_ACTIVATIONS_UINT8,
        .calibration = PARE_QUANTIZE_CALIBRATION_MSE,
    };
    size_t n = 0;
    const pare_within_opts limits = { .max_drop = INFINITY,
                                      .goals = { [PARE_WITHIN_ENERGY] = 0.9 } };
    const pare_within_report w = shrink("ort-x64", &settings, &limits, &n);
    assert_int_equal(w.end, PARE_MIXED_MET);
    assert_true(w.shares[PARE_WITHIN_ENERGY] > 0 && w.shares[PARE_WITHIN_ENERGY] <= 0.9);
    assert_true(isnan(w.shares[PARE_WITHIN_SIZE]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_in_floats_what_loses_too_much),
        cmocka_unit_test(gives_fewer_bits_for_size),
        cmocka_unit_test(looks_at_energy),
    };
    return test_run(tests);
}
