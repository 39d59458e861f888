/* Choosing ranges: one method for all, and by measuring. */
#include "quant/ranges.h"

#include "formats/target.h"
#include "op/infer.h"
#include "support/memory_data.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const int64_t image[] = { 1, 2, 8, 8 };
static const pare_grid_form u8 = { 0, 255, false };

static float noise_of(uint64_t sample, int64_t i)
{
    const uint64_t h = (sample * 128 + (uint64_t)i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    return (float)(h >> 40) / 16777216.0f;
}

/* 0 .. 1, but for one number in each sample that is 40: a range that holds it wastes the grid. */
static float spiked(uint64_t sample, int64_t i)
{
    return i == (int64_t)(sample % 128) ? 40 : noise_of(sample, i);
}

static float constant(uint64_t sample, int64_t i)
{
    (void)sample;
    (void)i;
    return 3;
}

static float zero(uint64_t sample, int64_t i)
{
    (void)sample;
    (void)i;
    return 0;
}

/* Its input, the middle and the output are quantized; a Clip holds the spikes off the output, so
 * that cutting them costs nothing. */
#define CLIPPED                                                                                \
    "g (float[1,2,8,8] x) => (float[1,2,8,8] y) <float[2,2,1,1] w = {1, -0.5, 0.25, 1}, "      \
    "float[2] b = {0, 0}, float lo = {0}, float hi = {1}> "                                    \
    "{ a = Conv(x, w, b)\n r = Clip(a, lo, hi)\n y = Conv(r, w, b) }"
typedef struct job {
    const char *graph;
    float (*at)(uint64_t sample, int64_t element);
    uint64_t n;
    uint32_t n_threads;
    bool automatic;
    pare_range_method method;
    pare_ranges_report report;
    pare_grid grids[16];
    size_t n_values;
} job;

static pare_survey *survey_all(pare_ctx *ctx, const pare_model *m, const pare_placement *p,
                               const pare_dataset *data, pare_pool *pool, uint64_t first,
                               uint64_t n)
{
    pare_survey *survey = NULL;
    pare_survey_item items[16];
    size_t n_items = 0;
    for (pare_value_id v = 0; v < p->n_values; v++)
        if (p->quantized[v]) items[n_items++] = (pare_survey_item){ v, PARE_NO_AXIS };
    const pare_survey_opts how = { .items = items, .n_items = n_items, .first = first,
                                   .n_samples = n };
    assert_int_equal(pare_survey_run(ctx, &survey, m, data, pool, &how), PARE_OK);
    return survey;
}

static pare_status work(pare_ctx *ctx, void *user)
{
    job *j = user;
    test_ctx plain;
    test_ctx_init(&plain);
    char text[1024];
    snprintf(text, sizeof(text), "<ir_version: 8, opset_import: [\"\" : 13]>\n%s", j->graph);
    pare_model *model = test_model_parse(&plain.ctx, text);
    pare_shapes *shapes = NULL;
    pare_target *target = NULL;
    pare_placement *p = NULL;
    pare_pool *pool = NULL;
    pare_survey *survey = NULL, *rest = NULL;
    assert_int_equal(pare_infer(&plain.ctx, &shapes, model, NULL), PARE_OK);
    assert_int_equal(pare_target_find(&plain.ctx, &target, "ort-x64"), PARE_OK);
    assert_int_equal(pare_place(&plain.ctx, &p, model, shapes, &target->rules, NULL), PARE_OK);
    test_memory_data data;
    test_memory_data_init(&data, j->n, 4, image, j->at);
    j->n_values = p->n_values;
    assert_true(p->n_values <= 16);
    memset(j->grids, 0, sizeof(j->grids));
    const uint64_t held_out = j->automatic ? pare_ranges_held_out(j->n) : 0;
    const pare_ranges_opts opts = {
        .placement = p, .form = &u8, .automatic = j->automatic, .method = j->method,
        .data = &data.data, .first = held_out ? j->n - held_out : 0, .n_samples = held_out,
        .pool = NULL,
    };
    if (j->n_threads)
        assert_int_equal(pare_pool_new(&plain.ctx, &pool, j->n_threads), PARE_OK);
    survey = survey_all(&plain.ctx, model, p, &data.data, pool, 0, j->n - held_out);
    if (held_out)
        rest = survey_all(&plain.ctx, model, p, &data.data, pool, j->n - held_out, held_out);
    pare_ranges_opts with = opts;
    with.pool = pool;
    const pare_status st =
        pare_ranges_choose(ctx, j->grids, model, survey, rest, &with, &j->report);
    pare_survey_free(&plain.ctx, survey);
    pare_survey_free(&plain.ctx, rest);
    pare_pool_free(&plain.ctx, pool);
    pare_placement_free(&plain.ctx, p);
    pare_target_free(&plain.ctx, target);
    pare_shapes_free(&plain.ctx, shapes);
    pare_model_free(&plain.ctx, model);
    if (j->n_threads < 2) assert_int_equal(test_ctx_live_bytes(&plain), 0);
    return st;
}

static job run(job j)
{
    test_ctx t;
    test_ctx_init(&t);
    assert_int_equal(work(&t.ctx, &j), PARE_OK);
    if (j.n_threads < 2) assert_int_equal(test_ctx_live_bytes(&t), 0); /* counts in one thread */
    return j;
}

static void holds_out_a_part(void **state)
{
    (void)state;
    assert_int_equal(pare_ranges_held_out(1), 0);
    assert_int_equal(pare_ranges_held_out(7), 0);
    assert_int_equal(pare_ranges_held_out(8), 2);
    assert_int_equal(pare_ranges_held_out(64), 16);
    assert_int_equal(pare_ranges_held_out(100000), 64);
}

/* The range that holds the spikes is 40 wide, those that leave them out less. */
static void takes_the_method_asked_for(void **state)
{
    (void)state;
    const job all = run((job){ CLIPPED, spiked, 32, .method = PARE_RANGE_MINMAX });
    const job most = run((job){ CLIPPED, spiked, 32, .method = PARE_RANGE_MSE });
    assert_true(fabs((double)all.grids[0].scale * 255 - 40) < 1e-4);
    assert_true(most.grids[0].scale <= all.grids[0].scale);
    assert_int_equal(all.report.n_grids, 3);
    assert_int_equal(all.report.n_constant, 0);
}

/* No way does clearly better on what was measured. */
static void is_no_worse_than_any_single_way(void **state)
{
    (void)state;
    const job j = run((job){ CLIPPED, spiked, 64, .automatic = true });
    for (int way = 0; way < PARE_N_RANGES_TRIALS; way++) {
        assert_false(isnan(j.report.error[way]));
        assert_true(j.report.error[j.report.kept] <= j.report.error[way] / 0.85);
    }
    uint64_t n = 0;
    for (int way = 0; way < PARE_N_RANGES_WAYS; way++) n += j.report.by_way[way];
    assert_int_equal(n, j.report.n_grids);
}

static void gives_the_same_with_any_threads(void **state)
{
    (void)state;
    const job one = run((job){ CLIPPED, spiked, 40, .n_threads = 1, .automatic = true });
    const job three = run((job){ CLIPPED, spiked, 40, .n_threads = 3, .automatic = true });
    assert_memory_equal(one.grids, three.grids, sizeof(one.grids));
    assert_memory_equal(one.report.error, three.report.error, sizeof(one.report.error));
}

/* One sample, numbers that are all the same, or all 0: a grid that holds them. */
static void bears_poor_data(void **state)
{
    (void)state;
    const job one = run((job){ CLIPPED, spiked, 1, .automatic = true });
    const job same = run((job){ CLIPPED, constant, 16, .automatic = true });
    const job none = run((job){ CLIPPED, zero, 16, .automatic = true });
    assert_true(one.grids[0].scale > 0);
    assert_int_equal(same.report.n_constant, 2); /* the input; and what the Clip cuts at 1 */
    assert_true(fabs((double)same.grids[0].scale * (255 - same.grids[0].zero) - 3) < 1e-5);
    assert_int_equal(none.report.n_constant, 3);
    assert_true(none.grids[0].scale == 1 && none.grids[0].zero == 0);
}

/* An output that nothing in integers reads, judged before its Softmax. */
static void judges_outputs_before_softmax(void **state)
{
    (void)state;
    const job j = run((job){ "g (float[1,2,8,8] x) => (float[1,2,8,8] y) "
                             "<float[2,2,1,1] w = {1, -0.5, 0.25, 1}> "
                             "{ a = Conv(x, w)\n y = Softmax(a) }",
                             spiked, 16, .automatic = true });
    assert_false(isnan(j.report.error[PARE_RANGES_MIXED]));
    assert_int_equal(j.report.n_grids, 2);
}

static void survives_memory_running_out(void **state)
{
    (void)state;
    job j = { "g (float[1,2,8,8] x) => (float[1,2,8,8] y) "
              "<float[2,2,1,1] w = {1, -0.5, 0.25, 1}> { y = Conv(x, w) }",
              spiked, 8, .automatic = true };
    assert_true(test_ctx_torture(work, &j) > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_out_a_part),
        cmocka_unit_test(takes_the_method_asked_for),
        cmocka_unit_test(is_no_worse_than_any_single_way),
        cmocka_unit_test(gives_the_same_with_any_threads),
        cmocka_unit_test(bears_poor_data),
        cmocka_unit_test(judges_outputs_before_softmax),
        cmocka_unit_test(survives_memory_running_out),
    };
    return test_run(tests);
}
