/* SmoothQuant: outlying channels of activations go into weights, and the function stays. */
#include "quant/smooth.h"

#include "op/eval.h"
#include "support/memory_data.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const pare_weight_form s8 = { -127, 127, true, 0, 0, false };
static const pare_weight_form s4 = { -8, 7, false, 0, 2, false };
static const pare_grid_form u8 = { 0, 255, false };
static const int64_t tokens[] = { 1, 5, 4 };

/* Channel 2 is 100 times the others. */
static float outlying(uint64_t sample, int64_t i)
{
    const float x = (float)((sample * 37 + (uint64_t)i * 11) % 23) / 10 - 1;
    return i % 4 == 2 ? 100 * x : x;
}

static float even(uint64_t sample, int64_t i)
{
    return (float)((sample * 37 + (uint64_t)i * 11) % 23) / 10 - 1;
}

#define HEAD                                                                                   \
    "g (float[1,5,4] x) => (float[] y) <float[4,3] w = {1, -1, 0.5, 0.25, 1, 0.75, 0.01, "     \
    "0.02, -0.03, 1, 0.5, -0.75}, float[4,2] v = {1, 0.5, -0.25, 1, 0.01, 0.02, 1, -1}, "
#define GAMMA "float[4] s = {1, 1, 100, 1}, float[4] t = {0.1, 0.2, -0.3, 0.4}"

typedef struct row {
    const char *graph;
    float (*at)(uint64_t sample, int64_t element);
    bool always, may_insert;
    uint64_t n_found, n_smoothed, n_inserted;
    bool is_float;            /* activations stay so: the weights alone count, in 4 bits */
} row;

static const row rows[] = {
    { HEAD GAMMA "> { n = LayerNormalization(x, s, t)\n a = MatMul(n, w)\n b = MatMul(n, v)\n"
      " c = Concat<axis = -1>(a, b)\n y = Relu(c) }", even, true, false, 1, 1, 0, true },
    { HEAD GAMMA "> { y = MatMul(x, w) }", outlying, true, true, 1, 1, 1, true },
    { HEAD GAMMA "> { n = LayerNormalization(x, s, t)\n a = MatMul(n, w)\n b = MatMul(n, v)\n"
      " c = Concat<axis = -1>(a, b)\n y = Relu(c) }", even, false, false, 1, 1, 0, false },
    { HEAD GAMMA "> { m = Mul(x, s)\n n = Add(m, t)\n y = MatMul(n, w) }", even, false, false, 1, 1,
      0, false },
    { HEAD GAMMA "> { m = Mul(s, x)\n y = MatMul(m, w) }", even, false, false, 1, 1, 0, false },
    /* into the product before, whose second half is large */
    { HEAD "float[4,4] p = {1, 0, 80, 0, 0, 1, 90, 0, 1, 1, 100, 0, 0, 0, 70, 1}, float[4] t = "
           "{1, 2, 300, 4}> { m = MatMul(x, p)\n n = Add(t, m)\n y = MatMul(n, w) }", even, false,
      false, 2, 1, 0, false },
    { "g (float[5,4] z) => (float[] y) <float[4,4] p = {1, 0, 1, 0, 0, 1, 1, 0, 80, 90, 100, 70, "
      "0, 0, 1, 1}, float[4] t = {1, 2, 300, 4}, float[4,3] w = {1, -1, 0.5, 0.25, 1, 0.75, 0.01, "
      "0.02, -0.03, 1, 0.5, -0.75}> "
      "{ n = Gemm<transB = 1>(z, p, t)\n y = Gemm(n, w) }", even, false, false, 2, 1, 0, false },
    /* the model's input: only a Mul could divide it */
    { HEAD GAMMA "> { y = MatMul(x, w) }", outlying, false, false, 1, 0, 0, false },
    { HEAD GAMMA "> { y = MatMul(x, w) }", outlying, false, true, 1, 1, 1, false },
    /* read by something else, too */
    { HEAD GAMMA "> { n = LayerNormalization(x, s, t)\n a = MatMul(n, w)\n b = ReduceMax(n)\n"
      " y = Add(a, b) }", even, true, false, 1, 0, 0, false },
    { HEAD GAMMA "> { n = LayerNormalization(x, s, t)\n a = MatMul(n, w)\n b = ReduceMax(n)\n"
      " y = Add(a, b) }", even, true, true, 1, 1, 1, false },
    /* nothing to gain */
    { HEAD GAMMA "> { y = MatMul(x, w) }", even, false, true, 1, 0, 0, false },
    { HEAD GAMMA "> { n = LayerNormalization(x, s, t)\n y = MatMul(n, w)\n }", even, true, false, 1,
      1, 0, false },
};

static pare_model *parse(test_ctx *t, const char *graph)
{
    char text[1024];
    snprintf(text, sizeof(text), "<ir_version: 8, opset_import: [\"\" : 17]>\n%s", graph);
    return test_model_parse(&t->ctx, text);
}

static const int64_t *dims_of(const char *graph)
{
    return strstr(graph, "[5,4] z") ? tokens + 1 : tokens;
}

static pare_tensor *run(test_ctx *t, const pare_model *m, const row *r, uint64_t sample)
{
    test_memory_data data;
    pare_tensor *x = NULL;
    pare_datum *out = NULL;
    const int64_t *dims = dims_of(r->graph);
    test_memory_data_init(&data, sample + 1, dims == tokens ? 3 : 2, dims, r->at);
    assert_int_equal(data.data.load(data.data.self, &t->ctx, sample, &x), PARE_OK);
    const pare_eval_input input = { .name = dims == tokens ? "x" : "z",
                                    .datum = { .kind = PARE_TYPE_TENSOR, .tensor = x } };
    assert_int_equal(pare_eval_model(&t->ctx, &out, m, &input, 1, NULL), PARE_OK);
    pare_tensor *y = pare_tensor_ref(out[0].tensor);
    pare_datum_drop(&t->ctx, &out[0]);
    pare_free(&t->ctx, out);
    pare_tensor_unref(x);
    return y;
}

static void assert_same_function(test_ctx *t, const pare_model *a, const pare_model *b,
                                 const row *r)
{
    for (uint64_t sample = 0; sample < 4; sample++) {
        pare_tensor *want = run(t, a, r, sample), *got = run(t, b, r, sample);
        const float *p = (const float *)(const void *)want->payload.data;
        const float *q = (const float *)(const void *)got->payload.data;
        float most = 0;
        for (int64_t i = 0; i < want->n_elements; i++) most = fmaxf(most, fabsf(p[i]));
        for (int64_t i = 0; i < want->n_elements; i++)
            if (!(fabsf(p[i] - q[i]) <= 1e-5f * most))
                fail_msg("%s: %g became %g", r->graph, (double)p[i], (double)q[i]);
        pare_tensor_unref(want);
        pare_tensor_unref(got);
    }
}

static pare_status smooth(pare_ctx *ctx, pare_model *model, const row *r,
                          pare_smooth_report *report)
{
    test_memory_data data;
    const int64_t *dims = dims_of(r->graph);
    test_memory_data_init(&data, 16, dims == tokens ? 3 : 2, dims, r->at);
    const pare_smooth_opts opts = { .form = r->is_float ? &s4 : &s8,
                                    .grid = r->is_float ? NULL : &u8, .always = r->always,
                                    .may_insert = r->may_insert, .data = &data.data };
    return pare_smooth(ctx, model, &opts, report);
}

static void keeps_the_function(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_ctx t;
        test_ctx_init(&t);
        pare_model *model = parse(&t, rows[i].graph), *before = NULL;
        pare_smooth_report got;
        assert_int_equal(pare_model_clone(&t.ctx, &before, model), PARE_OK);
        assert_int_equal(smooth(&t.ctx, model, &rows[i], &got), PARE_OK);
        if (got.n_found != rows[i].n_found || got.n_smoothed != rows[i].n_smoothed ||
            got.n_inserted != rows[i].n_inserted)
            fail_msg("row %zu: %d found, %d smoothed, %d inserted, %g before, %g after", i,
                     (int)got.n_found, (int)got.n_smoothed, (int)got.n_inserted,
                     got.error_before, got.error_after);
        if (!rows[i].always && got.n_smoothed) {
            assert_true(got.error_after < got.error_before);
            assert_true(got.alpha > 0 && got.alpha <= 1);
        }
        assert_same_function(&t, before, model, &rows[i]);
        pare_model_free(&t.ctx, before);
        pare_model_free(&t.ctx, model);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

static pare_status work(pare_ctx *ctx, void *user)
{
    test_ctx plain;
    test_ctx_init(&plain);
    pare_model *model = parse(&plain, rows[8].graph), *mine = NULL;
    pare_smooth_report got;
    (void)user;
    pare_status st = pare_model_clone(ctx, &mine, model);
    if (!st) st = smooth(ctx, mine, &rows[8], &got);
    pare_model_free(ctx, mine);
    pare_model_free(&plain.ctx, model);
    return st;
}

static void survives_memory_running_out(void **state)
{
    (void)state;
    assert_true(test_ctx_torture(work, NULL) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_function),
        cmocka_unit_test(survives_memory_running_out),
    };
    return test_run(tests);
}
