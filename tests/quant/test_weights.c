/* Quantized weights written into models: what runs is what the codes say. */
#include "quant/weights.h"

#include "ir/graph.h"
#include "op/eval.h"
#include "op/sample.h"
#include "support/compare.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef enum writer { NBITS, DEQUANTIZE } writer;

typedef struct weights_row {
    const char *graph;        /* with weights w, filled by the test */
    int64_t dims[4];          /* of w */
    uint32_t rank;
    pare_weight_form form;
    bool taps_apart, fit;
    writer writer;
    int bits;
    pare_dtype dtype;
} weights_row;

#define S8 { -127, 127, true, 0, 0, false }
#define S4_32 { -8, 7, true, 0, 32, false }
#define U4_16 { 0, 15, false, 0, 16, false }
#define U4_32 { 0, 15, true, 8, 32, false }
#define U8_64 { 0, 127, false, 0, 64, false }
#define U2_16 { 0, 3, false, 0, 16, false }

static const weights_row rows[] = {
    { "g (float[2,7,70] x) => (float[] y) { y = MatMul (x, w) }", { 70, 9 }, 2, U4_16, false,
      false, NBITS, 4, PARE_UINT8 },
    { "g (float[5,70] x) => (float[] y) <float[9] b = {1,2,3,4,5,6,7,8,9}> "
      "{ y = Gemm <transB = 1> (x, w, b) }",
      { 9, 70 }, 2, U4_32, false, true, NBITS, 4, PARE_UINT8 },
    { "g (float[5,70] x) => (float[] y) { y = MatMul (x, w) }", { 70, 9 }, 2, U8_64, false, false,
      NBITS, 8, PARE_UINT8 },
    { "g (float[5,70] x) => (float[] y) { y = MatMul (x, w) }", { 70, 3 }, 2, U2_16, false, true,
      NBITS, 2, PARE_UINT8 },
    { "g (float[5,70] x) => (float[] y) { y = MatMul (x, w) }", { 70, 9 }, 2, S8, false, false,
      DEQUANTIZE, 8, PARE_INT8 },
    { "g (float[5,70] x) => (float[] y) { y = Gemm <transB = 1> (x, w) }", { 9, 70 }, 2, S4_32,
      false, true, DEQUANTIZE, 4, PARE_INT4 },
    { "g (float[5,70] x) => (float[] y) { y = MatMul (x, w) }", { 70, 9 }, 2, U4_16, false, true,
      DEQUANTIZE, 4, PARE_UINT4 },
    { "g (float[1,40,5,5] x) => (float[] y) { y = Conv (x, w) }", { 6, 40, 3, 3 }, 4, S4_32, true,
      true, DEQUANTIZE, 4, PARE_INT4 },
    { "g (float[1,8,5,5] x) => (float[] y) { y = Conv <group = 2> (x, w) }", { 6, 4, 3, 3 }, 4, S8,
      false, false, DEQUANTIZE, 8, PARE_INT8 },
    { "g (float[1,8,5,5] x) => (float[] y) { y = ConvTranspose (x, w) }", { 8, 3, 2, 3 }, 4, S8,
      false, false, DEQUANTIZE, 8, PARE_INT8 },
    { "g (float[1,40,5,5] x) => (float[] y) { y = ConvTranspose (x, w) }", { 40, 3, 2, 3 }, 4,
      U4_16, true, false, DEQUANTIZE, 4, PARE_UINT4 },
};

/* The model, with weights that are an input with a default. */
static pare_model *make_model(pare_ctx *ctx, const weights_row *row)
{
    char text[1024], dims[64] = "";
    for (uint32_t i = 0; i < row->rank; i++) {
        const size_t n = strlen(dims);
        snprintf(dims + n, sizeof(dims) - n, "%s%d", i ? "," : "", (int)row->dims[i]);
    }
    const char *close = strchr(row->graph, ')');
    snprintf(text, sizeof(text), "<ir_version: 10, opset_import: [\"\" : 21]>\n%.*s, float[%s] w%s",
             (int)(close - row->graph), row->graph, dims, close);
    pare_model *model = test_model_parse(ctx, text);
    pare_tensor *w = NULL;
    assert_int_equal(pare_tensor_new(ctx, &w, PARE_FLOAT, row->rank, row->dims), PARE_OK);
    float *x = (float *)(uintptr_t)w->payload.data;
    uint32_t state = 77;
    for (int64_t i = 0; i < w->n_elements; i++) {
        state = state * 1664525u + 1013904223u;
        x[i] = (float)(state >> 8) / (1 << 23) - 1;
    }
    for (pare_value_id v = 0; v < model->n_values; v++)
        if (!strcmp(model->values[v].name, "w"))
            assert_int_equal(pare_value_set_tensor(ctx, model, v, w), PARE_OK);
    pare_tensor_unref(w);
    return model;
}

static pare_linear linear_of(pare_ctx *ctx, const pare_model *model)
{
    pare_linear l;
    assert_true(pare_linear_of(ctx, &l, model, model->graph->first_node));
    return l;
}

/* Replaces the weights by what the codes say. */
static void restore(pare_ctx *ctx, pare_model *model, const pare_weight_codes *c)
{
    const pare_linear l = linear_of(ctx, model);
    pare_tensor *w = pare_tensor_ref(model->values[l.weight].tensor);
    uint8_t *data = NULL;
    assert_int_equal(pare_tensor_own(ctx, &w, &data), PARE_OK);
    float *x = (float *)(void *)data, row[512];
    for (int64_t r = 0; r < c->n_rows; r++) {
        const pare_row_codes codes = { c->codes + r * c->row, c->scales + r * c->blocks,
                                       c->zeros + r * c->blocks };
        pare_row_restore(&c->form, c->row, &codes, row);
        if (!c->taps_apart) {
            pare_linear_put_row(&l, r, row, x);
            continue;
        }
        for (int64_t i = 0; i < l.in; i++)
            x[pare_linear_at(&l, r / l.taps, r % l.taps, i)] = row[i];
    }
    assert_int_equal(pare_value_set_tensor(ctx, model, l.weight, w), PARE_OK);
    pare_tensor_unref(w);
}

static void check_same(pare_ctx *ctx, const pare_model *a, const pare_model *b)
{
    pare_eval_input *in = NULL;
    pare_datum *y[2] = { NULL, NULL };
    size_t n = 0;
    char why[200];
    const pare_sample_opts opts = { .seed = 3 };
    assert_int_equal(pare_sample_inputs(ctx, &in, &n, a, &opts), PARE_OK);
    assert_int_equal(n, 1);
    assert_int_equal(pare_eval_model(ctx, &y[0], a, in, n, NULL), PARE_OK);
    if (pare_eval_model(ctx, &y[1], b, in, n, NULL)) fail_msg("%s", ctx->message);
    if (!compare_datums(y[1], y[0], (compare_rule){ 1e-5, 1e-5 }, why, sizeof(why)))
        fail_msg("%s", why);
    for (int i = 0; i < 2; i++) {
        pare_datum_drop(ctx, y[i]);
        pare_free(ctx, y[i]);
    }
    pare_sample_free(ctx, in, n);
}

static pare_status run_row(pare_ctx *ctx, void *user)
{
    const weights_row *row = user;
    test_ctx plain;
    test_ctx_init(&plain);
    pare_model *model = make_model(&plain.ctx, row), *written = NULL;
    const pare_linear l = linear_of(&plain.ctx, model);
    const pare_weight_opts opts = { .form = row->form, .fit = row->fit, .signed_scale = true,
                                    .taps_apart = row->taps_apart };
    pare_weight_codes *codes = NULL;
    pare_quantized_weight ids;
    pare_status st = pare_model_clone(ctx, &written, model);
    if (!st) st = pare_weights_quantize(ctx, &codes, model, &l, NULL, &opts);
    if (!st && row->writer == NBITS) {
        assert_true(pare_can_be_nbits(&l));
        st = pare_write_nbits(ctx, written, &l, codes, row->bits, 0);
    } else if (!st) {
        st = pare_write_dequantize(ctx, written, &l, codes, row->dtype, &ids);
    }
    if (!st) {
        double error = 0;
        assert_int_equal(pare_weights_error(&plain.ctx, &error, model, &l, codes), PARE_OK);
        assert_true(error < (row->bits == 8 ? 1e-4 : row->bits == 4 ? 2e-2 : 0.3));
        restore(&plain.ctx, model, codes);
        check_same(&plain.ctx, model, written);
    }
    pare_weight_codes_free(ctx, codes);
    pare_model_free(ctx, written);
    pare_model_free(&plain.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&plain), 0);
    return st;
}

static void what_is_written_runs_as_the_codes_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        weights_row row = rows[i];
        test_ctx_torture(run_row, &row);
    }
}

static void threads_change_nothing(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    pare_model *model = make_model(&ctx, &rows[7]);
    const pare_linear l = linear_of(&ctx, model);
    const pare_weight_opts opts = { .form = rows[7].form, .fit = true, .taps_apart = true };
    pare_weight_codes *one = NULL, *many = NULL;
    pare_pool *pool = NULL;
    assert_int_equal(pare_pool_new(&ctx, &pool, 3), PARE_OK);
    assert_int_equal(pare_weights_quantize(&ctx, &one, model, &l, NULL, &opts), PARE_OK);
    assert_int_equal(pare_weights_quantize(&ctx, &many, model, &l, pool, &opts), PARE_OK);
    assert_memory_equal(one->codes, many->codes, (size_t)(one->n_rows * one->row));
    assert_memory_equal(one->scales, many->scales,
                        (size_t)(one->n_rows * one->blocks) * sizeof(float));
    pare_weight_codes_free(&ctx, one);
    pare_weight_codes_free(&ctx, many);
    pare_pool_free(&ctx, pool);
    pare_model_free(&ctx, model);
}

static void weights_that_are_no_numbers_are_refused(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *model = make_model(&t.ctx, &rows[0]);
    const pare_linear l = linear_of(&t.ctx, model);
    ((float *)(uintptr_t)model->values[l.weight].tensor->payload.data)[100] = NAN;
    pare_weight_codes *codes = NULL;
    const pare_weight_opts opts = { .form = rows[0].form };
    assert_int_equal(pare_weights_quantize(&t.ctx, &codes, model, &l, NULL, &opts), PARE_EFORMAT);
    assert_non_null(strstr(t.ctx.message, "weights 'w': expected finite numbers"));
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_runs_as_the_codes_say),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(weights_that_are_no_numbers_are_refused),
    };
    return test_run(tests);
}
