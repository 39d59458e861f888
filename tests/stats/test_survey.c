/* Surveys over data in memory, against what eval sees. */
#include "stats/survey.h"

#include "ir/graph.h"
#include "op/eval.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N = 75, SIZE = 6, CHANNELS = 2, PLACES = SIZE * SIZE, MAX_ITEMS = 5 };

/* Samples [1, 2, 6, 6] made of their number; every fifth is [1, 2, 6, 3]. */
typedef struct memory {
    uint64_t skipped, failing;
    bool nan;
} memory;

static int64_t width_of(uint64_t sample)
{
    return sample % 5 == 4 ? SIZE / 2 : SIZE;
}

static pare_status load(void *self, pare_ctx *ctx, uint64_t sample, pare_tensor **out)
{
    const memory *m = self;
    const int64_t dims[] = { 1, CHANNELS, SIZE, width_of(sample) };
    float x[CHANNELS * PLACES];
    out[0] = NULL;
    if (sample == m->failing) return pare_fail(ctx, PARE_EFORMAT, "cut short");
    if (sample == m->skipped) return PARE_OK;
    for (int i = 0; i < CHANNELS * PLACES; i++)
        x[i] = (float)((sample * 31 + (uint64_t)i * 17) % 101) / 50 - 1;
    if (m->nan) x[5] = NAN;
    return pare_tensor_from(ctx, out, PARE_FLOAT, 4, dims, x);
}

static const char *name(void *self, uint64_t sample, char *out, size_t out_bytes)
{
    (void)self;
    snprintf(out, out_bytes, "row %d", (int)sample);
    return out;
}

static const char *const inputs[] = { "" };
static const bool has_batch[] = { true };

static pare_dataset dataset_of(memory *m)
{
    return (pare_dataset){ .n = N, .n_inputs = 1, .inputs = inputs, .has_batch = has_batch,
                           .self = m, .load = load, .name = name };
}

/* A convolution (whose layout the plan chooses), its transposed, a product over the last axis. */
#define MODEL                                                                              \
    "<ir_version: 8, opset_import: [\"\" : 13]>\n"                                         \
    "g (float[1,2,6,W] x) => (float[] y) <float[3,2,1,1] w = {1, -2, 0.5, 1, -1, 3}> {\n"  \
    "a = Conv(x, w)\nr = Relu(a)\nt = Transpose<perm = [0, 2, 3, 1]>(r)\ny = Exp(t)\n}\n"

typedef struct job {
    memory memory;
    uint32_t n_threads;
    pare_survey_opts opts;
    pare_survey_item items[MAX_ITEMS];
    pare_survey *result;      /* kept when `keep` */
    bool keep;
    int32_t last_axis;        /* of y [1, 6, W, 3] */
} job;

static pare_value_id value_of(const pare_model *model, const char *called)
{
    const pare_value_id v = pare_graph_find(model->graph, called);
    assert_true(v != PARE_NONE);
    return v;
}

static pare_status survey(pare_ctx *ctx, void *user)
{
    job *j = user;
    test_ctx plain;
    test_ctx_init(&plain);
    pare_model *model = test_model_parse(&plain.ctx, MODEL);
    const pare_dataset data = dataset_of(&j->memory);
    pare_pool *pool = NULL;
    const struct { const char *name; int32_t axis; } wanted[] = {
        { "x", 1 }, { "a", 1 }, { "r", PARE_NO_AXIS }, { "t", -1 }, { "y", j->last_axis },
    };
    for (size_t i = 0; i < j->opts.n_items; i++)
        j->items[i] = (pare_survey_item){ value_of(model, wanted[i].name), wanted[i].axis };
    j->opts.items = j->items;
    pare_status st = j->n_threads ? pare_pool_new(ctx, &pool, j->n_threads) : PARE_OK;
    if (!st) st = pare_survey_run(ctx, &j->result, model, &data, pool, &j->opts);
    pare_pool_free(ctx, pool);
    pare_model_free(&plain.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&plain), 0);
    if (!j->keep) {
        pare_survey_free(ctx, j->result);
        j->result = NULL;
    }
    return st;
}

static job job_of(uint32_t n_threads)
{
    return (job){ .memory = { UINT64_MAX, UINT64_MAX, false }, .n_threads = n_threads,
                  .opts = { .n_items = MAX_ITEMS }, .last_axis = 1 };
}

static void assert_near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-4 * (1 + fabs(want)))) fail_msg("%g instead of %g", got, want);
}

static void sees_what_is_there(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    static const float w[3][2] = { { 1, -2 }, { 0.5f, 1 }, { -1, 3 } };
    double sum[3] = { 0 }, squares[3] = { 0 }, max[3] = { -9, -9, -9 }, min[3] = { 9, 9, 9 };
    uint64_t n = 0, n_zero = 0;
    memory all = { UINT64_MAX, UINT64_MAX, false };
    for (uint64_t s = 0; s < N; s++) {
        pare_tensor *t = NULL;
        assert_int_equal(load(&all, &ctx, s, &t), PARE_OK);
        const float *x = (const float *)(const void *)t->payload.data;
        const int64_t places = t->n_elements / CHANNELS;
        for (int64_t i = 0; i < places; i++, n++)
            for (int c = 0; c < 3; c++) {
                const double a = (double)(w[c][0] * x[i] + w[c][1] * x[places + i]);
                sum[c] += a;
                squares[c] += a * a;
                max[c] = fmax(max[c], a);
                min[c] = fmin(min[c], a);
                n_zero += a <= 0;
            }
        pare_tensor_unref(t);
    }
    job j = job_of(2);
    j.keep = true;
    assert_int_equal(survey(&ctx, &j), PARE_OK);
    const pare_survey_value *a = &j.result->values[1], *r = &j.result->values[2];
    assert_int_equal(j.result->n_samples, N);
    assert_int_equal(a->n_channels, 3);
    assert_int_equal(a->n_per_channel, n);
    assert_int_equal(a->n_seen, N);
    assert_int_equal(a->histogram.n, 3 * n);
    for (int c = 0; c < 3; c++) {
        assert_near(a->channels[c].sum, sum[c]);
        assert_near(a->channels[c].squares, squares[c]);
        assert_near((double)a->channels[c].max, max[c]);
        assert_near((double)a->channels[c].min, min[c]);
        assert_near((double)j.result->values[3].channels[c].max, fmax(max[c], 0));
    }
    assert_int_equal(r->histogram.n_zero, n_zero);
    assert_null(r->channels);
    assert_int_equal(j.result->values[0].n_channels, 2);
    pare_survey_free(&ctx, j.result);
}

static void refuses_what_does_not_fit(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    job j = job_of(1);
    j.memory.failing = 20;
    assert_int_equal(survey(&ctx, &j), PARE_EFORMAT);
    assert_string_equal(ctx.message, "cut short");
    j = job_of(2);
    j.memory.nan = true;
    assert_int_equal(survey(&ctx, &j), PARE_EFORMAT);
    assert_non_null(strstr(ctx.message, "NaN among its elements"));
    j = job_of(2);
    j.last_axis = 2; /* the width, which differs between samples */
    assert_int_equal(survey(&ctx, &j), PARE_EFORMAT);
    assert_non_null(strstr(ctx.message, "value 'y' has"));
    j = job_of(1);
    j.opts.first = N;
    assert_int_equal(survey(&ctx, &j), PARE_EFORMAT);
    j = job_of(1);
    j.memory.skipped = 3;
    j.keep = true;
    assert_int_equal(survey(&ctx, &j), PARE_OK);
    assert_int_equal(j.result->n_samples, N - 1);
    pare_survey_free(&ctx, j.result);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    job one = job_of(1), many = job_of(3);
    one.keep = many.keep = true;
    assert_int_equal(survey(&ctx, &one), PARE_OK);
    assert_int_equal(survey(&ctx, &many), PARE_OK);
    for (size_t i = 0; i < MAX_ITEMS; i++) {
        const pare_survey_value *a = &one.result->values[i], *b = &many.result->values[i];
        assert_memory_equal(&a->histogram, &b->histogram, sizeof(a->histogram));
        assert_int_equal(a->n_channels, b->n_channels);
        if (a->channels)
            assert_memory_equal(a->channels, b->channels,
                                (size_t)a->n_channels * sizeof(*a->channels));
    }
    pare_survey_free(&ctx, one.result);
    pare_survey_free(&ctx, many.result);
}

static void memory_fails(void **state)
{
    (void)state;
    job j = job_of(0);
    j.opts.n_samples = 7;
    assert_true(test_ctx_torture(survey, &j) > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_what_is_there),
        cmocka_unit_test(refuses_what_does_not_fit),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(memory_fails),
    };
    return test_run(tests);
}
