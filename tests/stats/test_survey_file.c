/* Surveys as bytes, there and back, and what is wrong with bytes. */
#include "stats/survey_file.h"

#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <string.h>

#define MODEL                                                                              \
    "<ir_version: 8, opset_import: [\"\" : 13]>\n"                                         \
    "g (float[4] x) => (float[] y) <float[4] w = {1, -2, 0.5, 3}> {\n"                     \
    "a = Mul(x, w)\ny = Relu(a)\n}\n"

enum { N_VALUES = 2 };

static const pare_survey_origin origin = { 17, 29 };

/* A survey of a and y, with some numbers in it; the caller's. */
static pare_status make(pare_ctx *ctx, pare_survey *s, pare_survey_value *values,
                        const pare_model *m)
{
    static const char *const names[] = { "a", "y" };
    (void)ctx;
    *s = (pare_survey){ values, N_VALUES, 5 };
    for (int i = 0; i < N_VALUES; i++) {
        float x[64];
        for (int k = 0; k < 64; k++) x[k] = (float)((k * 37 + i * 11) % 64) - 20;
        x[3] = 0;
        pare_histogram_init(&values[i].histogram);
        pare_histogram_add(&values[i].histogram, pare_kernels_of(PARE_ISA_SCALAR), 64, x);
        values[i].item = (pare_survey_item){ pare_graph_find(m->graph, names[i]), PARE_NO_AXIS };
        values[i].channels = NULL;
        values[i].n_channels = 0;
        values[i].n_per_channel = 0;
        values[i].n_seen = 5;
    }
    return PARE_OK;
}

static pare_status there_and_back(pare_ctx *ctx, void *user)
{
    static pare_survey_value values[N_VALUES];
    const pare_model *m = user;
    pare_survey s, *back[2] = { NULL, NULL };
    pare_buf *bytes = NULL;
    const pare_survey *const both[] = { &s, &s };
    pare_status st = make(ctx, &s, values, m);
    if (!st) st = pare_survey_encode(ctx, &bytes, m, both, 2, &origin);
    if (!st)
        st = pare_survey_decode(ctx, back, 2, bytes->data, (size_t)bytes->n_bytes, m, &origin);
    for (int k = 0; !st && k < 2; k++) {
        assert_int_equal(back[k]->n, N_VALUES);
        assert_int_equal(back[k]->n_samples, 5);
        for (int i = 0; i < N_VALUES; i++) {
            const pare_survey_value *v = &back[k]->values[i];
            assert_int_equal(v->item.value, values[i].item.value);
            assert_int_equal(v->n_seen, 5);
            assert_memory_equal(&v->histogram, &values[i].histogram, sizeof(v->histogram));
        }
    }
    pare_survey_free(ctx, back[0]);
    pare_survey_free(ctx, back[1]);
    pare_buf_unref(bytes);
    return st;
}

static void bytes_hold_all(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *m = test_model_parse(&t.ctx, MODEL);
    assert_int_equal(there_and_back(&t.ctx, m), PARE_OK);
    test_ctx_torture(there_and_back, m);
    pare_model_free(&t.ctx, m);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void bad_bytes_are_told(void **state)
{
    (void)state;
    static pare_survey_value values[N_VALUES];
    test_ctx t;
    test_ctx_init(&t);
    pare_model *m = test_model_parse(&t.ctx, MODEL);
    pare_survey s, *back[2];
    const pare_survey *const one[] = { &s };
    pare_buf *b = NULL;
    assert_int_equal(make(&t.ctx, &s, values, m), PARE_OK);
    assert_int_equal(pare_survey_encode(&t.ctx, &b, m, one, 1, &origin), PARE_OK);
    for (size_t n = 0; n < b->n_bytes; n += n < 200 ? 1 : 97)
        assert_int_equal(pare_survey_decode(&t.ctx, back, 2, b->data, n, m, &origin),
                         PARE_EFORMAT);
    for (size_t i = 0; i < b->n_bytes; i += i < 200 ? 1 : 97) {
        b->data[i] ^= 0x40;
        assert_int_equal(pare_survey_decode(&t.ctx, back, 2, b->data, (size_t)b->n_bytes, m,
                                            &origin), PARE_EFORMAT);
        b->data[i] ^= 0x40;
    }
    static const struct { pare_survey_origin origin; const char *message; } others[] = {
        { { 18, 29 }, "the statistics are of another model, or of this one with other corrections: "
                      "remove the file, or name another" },
        { { 17, 30 }, "the statistics are of other data, or of other samples of them: remove the "
                      "file, or name another" },
        { { 17, 0 }, NULL },
    };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const pare_status st = pare_survey_decode(&t.ctx, back, 2, b->data, (size_t)b->n_bytes, m,
                                                  &others[i].origin);
        assert_int_equal(st, others[i].message ? PARE_EFORMAT : PARE_OK);
        if (st) assert_string_equal(t.ctx.message, others[i].message);
        pare_survey_free(&t.ctx, back[0]);
    }
    pare_buf_unref(b);
    pare_model_free(&t.ctx, m);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void hashes_tell_models_apart(void **state)
{
    (void)state;
    static const char *const graphs[] = {
        "g (float[4] x) => (float[] y) <float[4] w = {1, 2, 3, 4}> { y = Mul(x, w) }",
        "g (float[4] x) => (float[] y) <float[4] w = {1, 2, 3, 5}> { y = Mul(x, w) }",
        "g (float[4] x) => (float[] y) <float[4] w = {1, 2, 3, 4}> { y = Add(x, w) }",
        "g (float[4] x) => (float[] y) <float[4] v = {1, 2, 3, 4}> { y = Mul(x, v) }",
        "g (float[4] x) => (float[] y) { y = LeakyRelu<alpha = 0.1>(x) }",
        "g (float[4] x) => (float[] y) { y = LeakyRelu<alpha = 0.2>(x) }",
    };
    enum { N = sizeof(graphs) / sizeof(graphs[0]) };
    uint64_t hashes[N];
    for (size_t i = 0; i < N; i++) {
        char text[512];
        test_ctx t;
        test_ctx_init(&t);
        snprintf(text, sizeof(text), "<ir_version: 8, opset_import: [\"\" : 13]>\n%s", graphs[i]);
        pare_model *m = test_model_parse(&t.ctx, text);
        assert_int_equal(pare_survey_model_hash(&t.ctx, &hashes[i], m), PARE_OK);
        pare_model_free(&t.ctx, m);
        for (size_t k = 0; k < i; k++) assert_true(hashes[i] != hashes[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_hold_all),
        cmocka_unit_test(bad_bytes_are_told),
        cmocka_unit_test(hashes_tell_models_apart),
    };
    return test_run(tests);
}
