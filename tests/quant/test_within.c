/* Quantizing within limits: what loses too much stays in floats. */
#include "quant/within.h"

#include "formats/target.h"
#include "support/memory_data.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
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
    double max_drop;
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
    const pare_within_opts limits = { .max_drop = j->max_drop, .max_bytes = INFINITY };
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_in_floats_what_loses_too_much),
    };
    return test_run(tests);
}
