/* Several layers solved over data, and what the model then gives. */
#include "quant/layerwise.h"

#include "ir/check.h"
#include "ir/graph.h"
#include "op/eval.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N = 40, CHANNELS = 16, SIZE = 5, X = CHANNELS * SIZE * SIZE, N_TEST = 10 };

/* Channels that lean on each other, as those of images do. */
static void fill(uint64_t sample, float *x)
{
    uint32_t state = (uint32_t)sample * 747796405u + 2891336453u;
    for (int i = 0; i < SIZE * SIZE; i++) {
        float base = 0;
        for (int c = 0; c < CHANNELS; c++) {
            state = state * 1664525u + 1013904223u;
            const float noise = (float)(state >> 8) / (1 << 23) - 1;
            if (c % 8 == 0) base = 3 * noise;
            x[c * SIZE * SIZE + i] = base + noise + 0.5f;
        }
    }
}

static pare_status load(void *self, pare_ctx *ctx, uint64_t sample, pare_tensor **out)
{
    static const int64_t dims[] = { 1, CHANNELS, SIZE, SIZE };
    (void)self;
    PARE_TRY(pare_tensor_new(ctx, out, PARE_FLOAT, 4, dims));
    fill(sample, (float *)(uintptr_t)out[0]->payload.data);
    return PARE_OK;
}

static const char *name(void *self, uint64_t sample, char *out, size_t out_bytes)
{
    (void)self;
    snprintf(out, out_bytes, "row %d", (int)sample);
    return out;
}

static const char *const inputs[] = { "x" };
static const bool has_batch[] = { true };
static const pare_dataset dataset = { .n = N, .n_inputs = 1, .inputs = inputs,
                                      .has_batch = has_batch, .load = load, .name = name };

#define NET                                                                                    \
    "<ir_version: 10, opset_import: [\"\" : 21, \"com.microsoft\" : 1]>\n"                     \
    "g (float[1,16,5,5] x, float[16,16,3,3] w1, float[16,16,1,1] w2, float[16,24] w3, "        \
    "float[24] b) => (float[] y) {\n"                                                          \
    "a = Conv <pads = [1,1,1,1]> (x, w1)\nr = Relu (a)\nc = Conv (r, w2)\ns = Relu (c)\n"      \
    "p = GlobalAveragePool (s)\nf = Flatten (p)\nm = MatMul (f, w3)\ny = Add (m, b)\n}\n"

static pare_model *make_model(pare_ctx *ctx)
{
    pare_model *model = test_model_parse(ctx, NET);
    for (size_t i = 1; i < model->graph->inputs.n; i++) {
        const pare_value_id v = model->graph->inputs.items[i].value;
        const pare_type *type = model->values[v].type;
        int64_t dims[4];
        pare_tensor *w = NULL;
        for (uint32_t a = 0; a < type->rank; a++) dims[a] = type->dims[a].value;
        assert_int_equal(pare_tensor_new(ctx, &w, PARE_FLOAT, type->rank, dims), PARE_OK);
        float *x = (float *)(uintptr_t)w->payload.data;
        uint32_t state = (uint32_t)i * 77;
        for (int64_t k = 0; k < w->n_elements; k++) {
            state = state * 1664525u + 1013904223u;
            x[k] = ((float)(state >> 8) / (1 << 23) - 1) / 8;
        }
        assert_int_equal(pare_value_set_tensor(ctx, model, v, w), PARE_OK);
        pare_tensor_unref(w);
    }
    pare_graph_drop_default_inputs(model->graph);
    return model;
}

/* Mean squared difference of outputs on samples that were not calibrated with. */
static double difference(pare_ctx *ctx, const pare_model *a, const pare_model *b)
{
    double sum = 0;
    for (uint64_t s = N; s < N + N_TEST; s++) {
        pare_tensor *x = NULL;
        pare_datum *y[2] = { NULL, NULL };
        assert_int_equal(load(NULL, ctx, s, &x), PARE_OK);
        const pare_eval_input in = { "x", { .kind = PARE_TYPE_TENSOR, .tensor = x } };
        if (pare_eval_model(ctx, &y[0], a, &in, 1, NULL)) fail_msg("%s", ctx->message);
        if (pare_eval_model(ctx, &y[1], b, &in, 1, NULL)) fail_msg("%s", ctx->message);
        const float *p = (const float *)(const void *)y[0]->tensor->payload.data;
        const float *q = (const float *)(const void *)y[1]->tensor->payload.data;
        for (int64_t i = 0; i < y[0]->tensor->n_elements; i++)
            sum += (double)(p[i] - q[i]) * (double)(p[i] - q[i]);
        for (int i = 0; i < 2; i++) {
            pare_datum_drop(ctx, y[i]);
            pare_free(ctx, y[i]);
        }
        pare_tensor_unref(x);
    }
    return sum;
}

typedef struct job {
    uint32_t n_threads, max_waves;
    pare_algorithm algorithm;
    bool no_data, torture;
    double difference;        /* of the model with what was found in place of its weights */
    size_t n_shifted;
    uint64_t n_samples;
} job;

static pare_status quantize(pare_ctx *ctx, void *user)
{
    job *j = user;
    pare_model *changed = NULL;
    pare_pool *pool = NULL;
    pare_layerwise *found = NULL;
    pare_layerwise_item items[4];
    test_ctx plain;
    test_ctx_init(&plain);
    pare_model *model = make_model(&plain.ctx);
    size_t n = 0;
    for (pare_node_id k = model->graph->first_node; k != PARE_NONE; k = model->nodes[k].next) {
        pare_linear l;
        if (!pare_linear_of(&plain.ctx, &l, model, k)) continue;
        const pare_weight_form form = { -8, 7, true, 0, 16, false };
        items[n++] = (pare_layerwise_item){ l, { .form = form, .signed_scale = true,
                                                 .taps_apart = l.taps > 1 } };
    }
    const pare_layerwise_opts opts = {
        .items = items, .n_items = n, .algorithm = j->algorithm, .max_waves = j->max_waves,
        .data = j->no_data ? NULL : &dataset, .n_samples = j->n_samples,
    };
    pare_status st = j->n_threads ? pare_pool_new(ctx, &pool, j->n_threads) : PARE_OK;
    if (!st) st = pare_layerwise_solve(ctx, &found, model, pool, &opts);
    if (!st) st = pare_model_clone(ctx, &changed, model);
    j->n_shifted = 0;
    for (size_t i = 0; i < n && !st; i++) {
        const pare_solution *s = &found->solutions[i];
        st = pare_layerwise_simulate(ctx, changed, &items[i].linear, s->codes, s->shift);
        j->n_shifted += s->shift != NULL;
    }
    if (!st && !j->torture) {
        if (pare_graph_check(&plain.ctx, changed, "solved")) fail_msg("%s", plain.ctx.message);
        j->difference = difference(&plain.ctx, model, changed);
    }
    pare_layerwise_free(ctx, found);
    pare_pool_free(ctx, pool);
    pare_model_free(ctx, changed);
    pare_model_free(&plain.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&plain), 0);
    return st;
}

static double run(job j)
{
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    if (quantize(&ctx, &j)) fail_msg("%s", ctx.message);
    assert_int_equal(j.n_shifted, j.no_data || j.algorithm == PARE_ALGORITHM_RTN ? 0 : 3);
    return j.difference;
}

static void halves_the_error_of_rounding(void **state)
{
    (void)state;
    const double rounded = run((job){ .algorithm = PARE_ALGORITHM_RTN });
    const double once = run((job){ .max_waves = 1 }), in_turn = run((job){ .n_threads = 2 });
    if (!(once < rounded / 2)) fail_msg("%g, rounding %g", once, rounded);
    if (!(in_turn < rounded / 2)) fail_msg("%g in turn, rounding %g", in_turn, rounded);
    assert_true(run((job){ .n_threads = 1 }) == in_turn); /* to the last bit */
    assert_true(run((job){ .no_data = true }) < 2 * rounded);
    assert_true(isfinite(run((job){ .n_samples = 1 })));
}

static void survives_want_of_memory(void **state)
{
    (void)state;
    job j = { .max_waves = 2, .n_samples = 2, .torture = true };
    assert_true(test_ctx_torture(quantize, &j) > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(halves_the_error_of_rounding),
        cmocka_unit_test(survives_want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
