/* Cross-layer equalization: weights become alike, and the model computes what it did. */
#include "quant/equalize.h"

#include "op/eval.h"
#include "support/memory_data.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const pare_weight_form s8 = { -127, 127, true, 0, 0, false };
static const int64_t image[] = { 1, 2, 4, 4 };

static float values(uint64_t sample, int64_t i)
{
    return (float)((sample * 37 + (uint64_t)i * 11) % 23) / 10 - 1;
}

/* Channels whose weights are far apart: 1 to 400, and back. */
#define FAR "float[2,2,1,1] w = {1, 0.5, 200, 400}, float[2] b = {0.5, 50}, "
#define BACK "float[2,2,1,1] v = {3, 0.01, -2, 0.02}, float[2] d = {1, 2}"
#define HEAD "g (float[1,2,4,4] x) => (float[] y) "

typedef struct row {
    const char *graph;
    bool per_tensor, always, with_data;
    uint64_t n_pairs, n_equalized, n_unclipped, n_absorbed;
} row;

static const row rows[] = {
    { HEAD "<" FAR BACK "> { a = Conv(x, w, b)\n r = Relu(a)\n y = Conv(r, v, d) }", true, false,
      false, 1, 1, 0, 0 },
    { HEAD "<" FAR BACK "> { a = Conv(x, w, b)\n r = LeakyRelu<alpha = 0.1>(a)\n"
           " p = MaxPool<kernel_shape = [2, 2]>(r)\n y = Conv(p, v, d) }", true, false, false, 1, 1,
      0, 0 },
    /* a depthwise chain: two pairs that share a layer */
    { HEAD "<" FAR BACK ", float[2,1,1,1] k = {7, 0.1}> { a = Conv(x, w, b)\n r = Relu(a)\n"
           " c = Conv<group = 2>(r, k)\n s = Relu(c)\n y = Conv(s, v, d) }", true, false, false, 2,
      2, 0, 0 },
    /* through a global pool into a product */
    { HEAD "<" FAR "float[2,3] m = {1, 2, 3, 0.01, 0.02, 0.03}, float[3] d = {1, 2, 3}> "
           "{ a = Conv(x, w, b)\n r = Relu(a)\n p = GlobalAveragePool(r)\n f = Flatten(p)\n"
           " y = Gemm(f, m, d) }", true, false, false, 1, 1, 0, 0 },
    /* weights that are alike are left alone, but for who insists */
    { HEAD "<float[2,2,1,1] w = {1, -0.5, 0.25, 1}, " BACK ", float[2,2,1,1] e = {1, 1, 1, 0.5}> "
           "{ a = Conv(x, w)\n y = Conv(a, e) }", true, false, false, 1, 0, 0, 0 },
    { HEAD "<float[2,2,1,1] w = {1, -0.5, 0.25, 1}, " BACK ", float[2,2,1,1] e = {1, 1, 1, 0.5}> "
           "{ a = Conv(x, w)\n y = Conv(a, e) }", true, true, false, 1, 1, 0, 0 },
    /* a Clip keeps no scaling; with data that show that it cuts nothing, it becomes a Relu */
    { HEAD "<" FAR BACK ", float lo = {0}, float hi = {6}> "
           "{ a = Conv(x, w, b)\n r = Clip(a, lo, hi)\n y = Conv(r, v, d) }", true, true, false, 1,
      0, 0, 0 },
    { HEAD "<" FAR BACK ", float lo = {0}, float hi = {6}> "
           "{ a = Conv(x, w, b)\n r = Clip(a, lo, hi)\n y = Conv(r, v, d) }", true, true, true, 1,
      0, 0, 0 },
    { HEAD "<" FAR BACK ", float lo = {0}, float hi = {6000}> "
           "{ a = Conv(x, w, b)\n r = Clip(a, lo, hi)\n y = Conv(r, v, d) }", true, true, true, 1,
      1, 1, 0 },
    /* channel 0 never comes below 9: most of that goes into the next bias */
    { HEAD "<float[2,2,1,1] w = {1, 0.5, 200, 400}, float[2] b = {11, 50}, " BACK "> "
           "{ a = Conv(x, w, b)\n r = Relu(a)\n y = Conv(r, v, d) }", true, true, true, 1, 1, 0,
      1 },
    { HEAD "<float[2,2,1,1] w = {1, 0.5, 200, 400}, float[2] b = {11, 50}, " BACK "> "
           "{ a = Conv(x, w, b)\n r = Relu(a)\n y = Conv<pads = [1, 1, 1, 1]>(r, v, d) }", true,
      true, true, 1, 1, 0, 0 },
    /* a dead channel on either side stays */
    { HEAD "<float[2,2,1,1] w = {0, 0, 200, 400}, float[2] b = {1, 50}, float[2,2,1,1] v = "
           "{3, 0, -2, 0}> { a = Conv(x, w, b)\n r = Relu(a)\n y = Conv(r, v) }", true, true,
      false, 1, 1, 0, 0 },
    /* what lies between is read by others, or is the model's output */
    { HEAD "<" FAR BACK "> { a = Conv(x, w, b)\n r = Relu(a)\n c = Conv(r, v, d)\n y = Add(c, r) }",
      true, true, false, 0, 0, 0, 0 },
    { "g (float[1,2,4,4] x) => (float[] y, float[] r) <" FAR BACK "> "
      "{ a = Conv(x, w, b)\n r = Relu(a)\n y = Conv(r, v, d) }", true, true, false, 0, 0, 0, 0 },
    /* tied weights */
    { HEAD "<" FAR BACK "> { a = Conv(x, w, b)\n r = Relu(a)\n y = Conv(r, w) }", true, true, false,
      0, 0, 0, 0 },
    { HEAD "<" FAR BACK "> { a = Conv(x, w, b)\n r = Sigmoid(a)\n y = Conv(r, v, d) }", true, true,
      false, 0, 0, 0, 0 },
};

static pare_model *parse(test_ctx *t, const char *graph)
{
    char text[1024];
    snprintf(text, sizeof(text), "<ir_version: 8, opset_import: [\"\" : 13]>\n%s", graph);
    return test_model_parse(&t->ctx, text);
}

static pare_tensor *run(test_ctx *t, const pare_model *m, uint64_t sample)
{
    test_memory_data data;
    pare_tensor *x = NULL;
    pare_datum *out = NULL;
    test_memory_data_init(&data, sample + 1, 4, image, values);
    assert_int_equal(data.data.load(data.data.self, &t->ctx, sample, &x), PARE_OK);
    const pare_eval_input input = { .name = "x", .datum = { .kind = PARE_TYPE_TENSOR,
                                                            .tensor = x } };
    assert_int_equal(pare_eval_model(&t->ctx, &out, m, &input, 1, NULL), PARE_OK);
    pare_tensor *y = pare_tensor_ref(out[0].tensor);
    for (size_t i = 0; i < m->graph->outputs.n; i++) pare_datum_drop(&t->ctx, &out[i]);
    pare_free(&t->ctx, out);
    pare_tensor_unref(x);
    return y;
}

static void assert_same_function(test_ctx *t, const pare_model *a, const pare_model *b,
                                 size_t i_row)
{
    for (uint64_t sample = 0; sample < 4; sample++) {
        pare_tensor *want = run(t, a, sample), *got = run(t, b, sample);
        const float *p = (const float *)(const void *)want->payload.data;
        const float *q = (const float *)(const void *)got->payload.data;
        float most = 0;
        assert_int_equal(want->n_elements, got->n_elements);
        for (int64_t i = 0; i < want->n_elements; i++) most = fmaxf(most, fabsf(p[i]));
        for (int64_t i = 0; i < want->n_elements; i++)
            if (!(fabsf(p[i] - q[i]) <= 1e-5f * most))
                fail_msg("row %zu: %g became %g", i_row, (double)p[i], (double)q[i]);
        pare_tensor_unref(want);
        pare_tensor_unref(got);
    }
}

static void keeps_the_function(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_ctx t;
        test_ctx_init(&t);
        pare_model *model = parse(&t, rows[i].graph), *before = NULL;
        assert_int_equal(pare_model_clone(&t.ctx, &before, model), PARE_OK);
        test_memory_data data;
        test_memory_data_init(&data, 16, 4, image, values);
        const pare_equalize_opts opts = { .form = &s8, .per_tensor = rows[i].per_tensor,
                                          .always = rows[i].always,
                                          .data = rows[i].with_data ? &data.data : NULL };
        pare_equalize_report report;
        assert_int_equal(pare_equalize(&t.ctx, model, &opts, &report), PARE_OK);
        if (report.n_pairs != rows[i].n_pairs || report.n_equalized != rows[i].n_equalized ||
            report.n_unclipped != rows[i].n_unclipped || report.n_absorbed != rows[i].n_absorbed)
            fail_msg("row %zu: %d pairs, %d equalized, %d unclipped, %d absorbed", i,
                     (int)report.n_pairs, (int)report.n_equalized, (int)report.n_unclipped,
                     (int)report.n_absorbed);
        if (!rows[i].always) assert_true(report.error_after <= report.error_before);
        assert_same_function(&t, before, model, i);
        pare_model_free(&t.ctx, before);
        pare_model_free(&t.ctx, model);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

/* r1 = {1, 400}, r2 = {3, 0.02}: both become sqrt(3) and sqrt(8), by the paper's formula. */
static void makes_both_sides_alike(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *m = parse(&t, rows[0].graph);
    const pare_equalize_opts opts = { .form = &s8, .per_tensor = true };
    pare_equalize_report report;
    assert_int_equal(pare_equalize(&t.ctx, m, &opts, &report), PARE_OK);
    const float *w = (const float *)(const void *)m
                         ->values[pare_graph_find(m->graph, "w")].tensor->payload.data;
    const float *v = (const float *)(const void *)m
                         ->values[pare_graph_find(m->graph, "v")].tensor->payload.data;
    assert_true(fabs((double)w[0] - sqrt(3)) < 1e-4);
    assert_true(fabs((double)w[3] - sqrt(8)) < 1e-4);
    assert_true(fabs((double)v[0] - sqrt(3)) < 1e-4);
    assert_true(fabs((double)v[3] - sqrt(8)) < 1e-4);
    assert_true(report.error_after < report.error_before / 10);
    pare_model_free(&t.ctx, m);
}

static pare_status work(pare_ctx *ctx, void *user)
{
    test_ctx plain;
    test_ctx_init(&plain);
    pare_model *model = parse(&plain, user), *mine = NULL;
    test_memory_data data;
    test_memory_data_init(&data, 4, 4, image, values);
    const pare_equalize_opts opts = { .form = &s8, .per_tensor = true, .always = true,
                                      .data = &data.data };
    pare_equalize_report report;
    pare_status st = pare_model_clone(ctx, &mine, model);
    if (!st) st = pare_equalize(ctx, mine, &opts, &report);
    pare_model_free(ctx, mine);
    pare_model_free(&plain.ctx, model);
    return st;
}

static void survives_memory_running_out(void **state)
{
    (void)state;
    char graph[512];
    snprintf(graph, sizeof(graph), "%s", rows[8].graph);
    assert_true(test_ctx_torture(work, graph) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_function),
        cmocka_unit_test(makes_both_sides_alike),
        cmocka_unit_test(survives_memory_running_out),
    };
    return test_run(tests);
}
