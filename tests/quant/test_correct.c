/* Bias correction: what rounding shifted comes back, in every place where a bias can be. */
#include "quant/correct.h"

#include "ir/build.h"
#include "support/memory_data.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Channel 0 is 1, channel 1 is 2. Weights 0.7 and 0.2 in steps of 0.5 are 0.5 and 0, so that the
 * output 0.7 + 2 * 0.2 = 1.1 becomes 0.5: the shift is -0.6. */
#define SHIFT 0.6
#define WEIGHT_STEP 0.5f
#define INPUT_STEP 0.01f
#define BIAS_STEP 0.005f      /* the product of both */

static const int64_t image[] = { 1, 2, 3, 3 }, vector[] = { 1, 2 };

static float steady(uint64_t sample, int64_t i)
{
    (void)sample;
    return i < 9 ? 1 : 2;
}

static float steady_vector(uint64_t sample, int64_t i)
{
    (void)sample;
    return i == 0 ? 1 : 2;
}

/* As often above 0 as below: rounding shifts single samples, and none on average. */
static float wild(uint64_t sample, int64_t i)
{
    return (sample % 2 ? 1.0f : -1.0f) * (float)(1 + i % 3);
}

typedef enum spoilt {
    WEIGHTS = 1,              /* behind a DQ in steps of WEIGHT_STEP */
    INPUT = 2,                /* behind Q and DQ */
    BIAS = 4,                 /* int32 behind a DQ in steps of BIAS_STEP */
    HUGE_BIAS = 8,            /* the same, and next to the limit */
} spoilt;

typedef struct row {
    const char *graph;
    unsigned what;            /* is quantized: bits of spoilt */
    float (*at)(uint64_t sample, int64_t element);
    uint64_t n_samples;
    const char *node;         /* op whose input holds the bias afterwards */
    uint32_t slot;
    double want;              /* element 0 of it, in floats */
    uint64_t n_corrected, n_added, n_left;
} row;

#define IMAGE "g (float[1,2,3,3] x) => (float[] y) <float[1,2,1,1] w = {0.7, 0.2}, "
#define VECTOR "g (float[1,2] x) => (float[] y) <float[2,1] w = {0.7, 0.2}, "

static const row rows[] = {
    { IMAGE "float[1] b = {0.25}> { y = Conv(x, w, b) }", WEIGHTS, steady, 16, "Conv", 2,
      0.25 + SHIFT, 1, 0, 0 },
    { IMAGE "float[1] b = {0.25}> { y = Conv(x, w, b) }", WEIGHTS | INPUT | BIAS, steady, 16,
      "Conv", 2, 0.25 + SHIFT, 1, 0, 0 },
    /* next to the limit of what an int32 bias may be: it stays */
    { IMAGE "float[1] b = {5368709}> { y = Conv(x, w, b) }", WEIGHTS | INPUT | HUGE_BIAS, steady,
      16, "Conv", 2, 1073741820.0 * (double)BIAS_STEP, 1, 0, 0 },
    { IMAGE "float[1] b = {0}> { y = Conv(x, w) }", WEIGHTS, steady, 16, "Conv", 2, SHIFT, 1, 1,
      0 },
    { IMAGE "float[1] b = {0}> { y = Conv(x, w) }", WEIGHTS | INPUT, steady, 16, "Conv", 2, SHIFT,
      1, 1, 0 },
    { VECTOR "float[1] b = {0.25}> { y = Gemm(x, w, b) }", WEIGHTS | INPUT | BIAS, steady_vector,
      16, "Gemm", 2, 0.25 + SHIFT, 1, 0, 0 },
    { VECTOR "float[1] b = {0.25}> { a = MatMul(x, w)\n y = Add(b, a) }", WEIGHTS, steady_vector,
      16, "Add", 0, 0.25 + SHIFT, 1, 0, 0 },
    /* nowhere to put it */
    { VECTOR "float[1] b = {0.25}> { a = MatMul(x, w)\n y = Relu(a) }", WEIGHTS, steady_vector, 16,
      NULL, 0, 0, 0, 0, 1 },
    /* too few samples to go by */
    { IMAGE "float[1] b = {0.25}> { y = Conv(x, w, b) }", WEIGHTS, steady, 7, "Conv", 2, 0.25, 0,
      0, 1 },
    { IMAGE "float[1] b = {0.25}> { y = Conv(x, w, b) }", WEIGHTS, wild, 16, "Conv", 2, 0.25, 0, 0,
      1 },
    /* nothing was quantized */
    { IMAGE "float[1] b = {0.25}> { y = Conv(x, w, b) }", 0, steady, 16, "Conv", 2, 0.25, 0, 0,
      0 },
};

static pare_value_id called(const pare_model *m, const char *name)
{
    const pare_value_id v = pare_graph_find(m->graph, name);
    assert_true(v != PARE_NONE);
    return v;
}

static pare_value_id vector_of(pare_builder *b, pare_dtype dtype, uint32_t rank,
                               const int64_t *dims, const void *data)
{
    pare_tensor *t = NULL;
    assert_int_equal(pare_tensor_from(b->ctx, &t, dtype, rank, dims, data), PARE_OK);
    return pare_build_const(b, "c", t);
}

/* Makes codes of an initializer, read by a node through a DQ from now on. */
static void round_constant(pare_builder *b, pare_node_id node, uint32_t slot, pare_dtype dtype,
                           float step, const int32_t *instead)
{
    pare_model *m = b->graph->model;
    const pare_tensor *t = m->values[m->nodes[node].inputs[slot].value].tensor;
    const float *x = (const float *)(const void *)t->payload.data;
    int32_t wide[4];
    int8_t narrow[4];
    for (int64_t i = 0; i < t->n_elements; i++) {
        wide[i] = instead ? *instead : (int32_t)nearbyintf(x[i] / step);
        narrow[i] = (int8_t)wide[i];
    }
    const pare_value_id codes =
        vector_of(b, dtype, t->rank, t->dims, dtype == PARE_INT8 ? (void *)narrow : (void *)wide);
    const pare_value_id scale = vector_of(b, PARE_FLOAT, 0, NULL, &step);
    const pare_value_id y = pare_emit(b, "DequantizeLinear", codes, scale);
    assert_int_equal(pare_node_set_input(b->ctx, m, node, slot, y), PARE_OK);
}

static void spoil(pare_ctx *ctx, pare_model *m, unsigned what)
{
    const pare_node_id node = m->graph->first_node;
    const float step = INPUT_STEP;
    const uint8_t zero = 128;
    const int32_t huge = 1073741820;
    pare_builder b;
    pare_builder_init(&b, ctx, m->graph);
    b.before = node;
    if (what & INPUT) {
        const pare_value_id scale = vector_of(&b, PARE_FLOAT, 0, NULL, &step);
        const pare_value_id at = vector_of(&b, PARE_UINT8, 0, NULL, &zero);
        const pare_value_id q = pare_emit(&b, "QuantizeLinear", called(m, "x"), scale, at);
        const pare_value_id y = pare_emit(&b, "DequantizeLinear", q, scale, at);
        assert_int_equal(pare_node_set_input(ctx, m, node, 0, y), PARE_OK);
    }
    if (what & WEIGHTS) round_constant(&b, node, 1, PARE_INT8, WEIGHT_STEP, NULL);
    if (what & (BIAS | HUGE_BIAS))
        round_constant(&b, node, 2, PARE_INT32, BIAS_STEP, what & HUGE_BIAS ? &huge : NULL);
    assert_int_equal(b.status, PARE_OK);
}

/* Element 0 of a constant, through a DQ or not. */
static double first_of(const pare_model *m, pare_value_id v)
{
    const pare_tensor *t = m->values[v].tensor;
    if (t) return (double)*(const float *)(const void *)t->payload.data;
    const pare_node *dq = &m->nodes[m->values[v].producer];
    assert_string_equal(dq->op_type, "DequantizeLinear");
    const pare_tensor *codes = m->values[dq->inputs[0].value].tensor;
    const pare_tensor *scale = m->values[dq->inputs[1].value].tensor;
    return (double)*(const int32_t *)(const void *)codes->payload.data *
           (double)*(const float *)(const void *)scale->payload.data;
}

static pare_node_id node_of(const pare_model *m, const char *op)
{
    for (pare_node_id id = m->graph->first_node; id != PARE_NONE; id = m->nodes[id].next)
        if (!strcmp(m->nodes[id].op_type, op)) return id;
    fail_msg("no %s", op);
    return PARE_NONE;
}

typedef struct job {
    const row *row;
    pare_correct_report report;
    double bias;
} job;

static pare_status work(pare_ctx *ctx, void *user)
{
    job *j = user;
    test_ctx plain;
    char text[1024];
    test_ctx_init(&plain);
    snprintf(text, sizeof(text), "<ir_version: 8, opset_import: [\"\" : 13]>\n%s", j->row->graph);
    pare_model *reference = test_model_parse(&plain.ctx, text), *spoilt_one = NULL, *model = NULL;
    assert_int_equal(pare_model_clone(&plain.ctx, &spoilt_one, reference), PARE_OK);
    spoil(&plain.ctx, spoilt_one, j->row->what);
    test_memory_data data;
    test_memory_data_init(&data, j->row->n_samples, j->row->at == steady_vector ? 2 : 4,
                          j->row->at == steady_vector ? vector : image, j->row->at);
    const pare_correct_opts opts = { .data = &data.data };
    pare_status st = pare_model_clone(ctx, &model, spoilt_one); /* changed by this context alone */
    if (!st) st = pare_correct_biases(ctx, model, reference, &opts, &j->report);
    if (!st && j->row->node)
        j->bias = first_of(model, model->nodes[node_of(model, j->row->node)]
                                      .inputs[j->row->slot].value);
    pare_model_free(ctx, model);
    pare_model_free(&plain.ctx, spoilt_one);
    pare_model_free(&plain.ctx, reference);
    return st;
}

static void puts_shifts_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_ctx t;
        test_ctx_init(&t);
        job j = { .row = &rows[i] };
        assert_int_equal(work(&t.ctx, &j), PARE_OK);
        if (rows[i].node && !(fabs(j.bias - rows[i].want) <= 1e-5 + 1e-7 * fabs(j.bias)))
            fail_msg("row %zu: bias %g instead of %g", i, j.bias, rows[i].want);
        assert_int_equal(j.report.n_corrected, rows[i].n_corrected);
        assert_int_equal(j.report.n_added, rows[i].n_added);
        assert_int_equal(j.report.n_left, rows[i].n_left);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

static void survives_memory_running_out(void **state)
{
    (void)state;
    job j = { .row = &rows[4] };
    assert_true(test_ctx_torture(work, &j) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(puts_shifts_back),
        cmocka_unit_test(survives_memory_running_out),
    };
    return test_run(tests);
}
