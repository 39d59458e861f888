/* The driver: what small models become by what is asked for, and how near they stay. */
#include "quant/quantize.h"

#include "formats/target.h"
#include "ir/graph.h"
#include "op/eval.h"
#include "recipe/quantize.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_SAMPLES = 24, MAX_ELEMENTS = 256 };

/* --- data ------------------------------------------------------------------------------------- */

/* Samples of the shape of the model's input, made of their number. */
typedef struct memory {
    uint32_t rank;
    int64_t dims[4];
    bool nan;
} memory;

static pare_status load(void *self, pare_ctx *ctx, uint64_t sample, pare_tensor **out)
{
    const memory *m = self;
    float x[MAX_ELEMENTS];
    int64_t n = 1;
    for (uint32_t i = 0; i < m->rank; i++) n *= m->dims[i];
    for (int64_t i = 0; i < n; i++)
        x[i] = (float)(((uint64_t)i * 37 + sample * 101) * 2654435761u % 2001) / 1000 - 1;
    if (m->nan && sample == 3) x[n / 2] = NAN;
    return pare_tensor_from(ctx, out, PARE_FLOAT, m->rank, m->dims, x);
}

static const char *name(void *self, uint64_t sample, char *out, size_t out_bytes)
{
    (void)self;
    snprintf(out, out_bytes, "row %d", (int)sample);
    return out;
}

static const char *const inputs[] = { "" };
static const bool has_batch[] = { true };

static pare_dataset dataset_of(memory *m, const pare_model *model)
{
    const pare_type *type = model->values[model->graph->inputs.items[0].value].type;
    m->rank = type->rank;
    for (uint32_t i = 0; i < m->rank; i++) m->dims[i] = type->dims[i].value;
    return (pare_dataset){ .n = N_SAMPLES, .n_inputs = 1, .inputs = inputs,
                           .has_batch = has_batch, .self = m, .load = load, .name = name };
}

/* --- models ----------------------------------------------------------------------------------- */

/* Fills in weights: "float[8,4] w" has none in the text. */
static void fill(pare_ctx *ctx, pare_model *m)
{
    for (pare_value_id v = 0; v < m->n_values; v++) {
        const pare_tensor *t = m->values[v].tensor;
        if (!t || t->dtype != PARE_FLOAT || t->n_elements < 8) continue;
        pare_tensor *filled = NULL;
        float x[MAX_ELEMENTS];
        assert_true(t->n_elements <= MAX_ELEMENTS);
        for (int64_t i = 0; i < t->n_elements; i++)
            x[i] = (float)((uint64_t)(i + 3 * v + 1) * 2654435761u % 1999) / 1999 - 0.5f;
        assert_int_equal(pare_tensor_from(ctx, &filled, PARE_FLOAT, t->rank, t->dims, x), PARE_OK);
        assert_int_equal(pare_value_set_tensor(ctx, m, v, filled), PARE_OK);
        pare_tensor_unref(filled);
    }
}

static void ops_of(const pare_model *m, char *out, size_t n)
{
    size_t at = 0;
    out[0] = '\0';
    for (pare_node_id id = m->graph->first_node; id != PARE_NONE; id = m->nodes[id].next)
        at += (size_t)snprintf(out + at, n - at, "%s%s", at ? " " : "", m->nodes[id].op_type);
}

static double noise_db(pare_ctx *ctx, const pare_model *before, const pare_model *after,
                       memory *m)
{
    double signal = 0, noise = 0;
    for (uint64_t sample = 0; sample < 4; sample++) {
        pare_eval_input in = { .name = before->values[before->graph->inputs.items[0].value].name,
                               .datum = { .kind = PARE_TYPE_TENSOR } };
        pare_datum *want = NULL, *got = NULL;
        assert_int_equal(load(m, ctx, sample, &in.datum.tensor), PARE_OK);
        assert_int_equal(pare_eval_model(ctx, &want, before, &in, 1, NULL), PARE_OK);
        if (pare_eval_model(ctx, &got, after, &in, 1, NULL)) fail_msg("%s", ctx->message);
        const float *a = (const float *)(const void *)want->tensor->payload.data;
        const float *b = (const float *)(const void *)got->tensor->payload.data;
        assert_int_equal(want->tensor->n_elements, got->tensor->n_elements);
        for (int64_t i = 0; i < want->tensor->n_elements; i++) {
            signal += (double)a[i] * (double)a[i];
            noise += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
        }
        pare_datum_drop(ctx, want);
        pare_datum_drop(ctx, got);
        pare_free(ctx, want);
        pare_free(ctx, got);
        pare_tensor_unref(in.datum.tensor);
    }
    return 10 * log10(signal / noise);
}

/* --- rows ------------------------------------------------------------------------------------- */

typedef struct quantize_row {
    const char *graph;
    const char *settings;     /* "activations=dynamic per-tensor=true" */
    bool no_data, nan;
    const char *want;         /* operators in order, or a message */
    double least_db;          /* 0: it fails */
} quantize_row;

#define IMAGE "g (float[1,4,3,3] x) => (float[] y) "
#define W_AND(more) "<float[4,4,1,1] w = {0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}, " \
                    "float[4] b = {1, 2, 3, 4}" more "> "
#define W W_AND("")
#define ROWS "g (float[3,8] x) => (float[] y) "
#define V "<float[8,4] v = {0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}, " \
          "float[4] b = {1, 2, 3, 4}> "

static const quantize_row quantize_rows[] = {
    { IMAGE W "{ a = Conv(x, w, b)\n r = Relu(a)\n y = Conv(r, w) }", "", false, false,
      "QuantizeLinear DequantizeLinear DequantizeLinear DequantizeLinear Conv Relu QuantizeLinear "
      "DequantizeLinear DequantizeLinear Conv QuantizeLinear DequantizeLinear", 30 },
    /* the second gets a bias */
    { IMAGE W "{ a = Conv(x, w, b)\n r = Relu(a)\n y = Conv(r, w) }", "correct=bias", false, false,
      "QuantizeLinear DequantizeLinear DequantizeLinear DequantizeLinear Conv Relu QuantizeLinear "
      "DequantizeLinear DequantizeLinear DequantizeLinear Conv QuantizeLinear DequantizeLinear",
      30 },
    { IMAGE W "{ a = Conv(x, w, b)\n r = Relu(a)\n y = Conv(r, w) }", "format=qoperator", false,
      false, "QuantizeLinear QLinearConv QLinearConv DequantizeLinear", 30 },
    { IMAGE W "{ a = Conv(x, w, b)\n m = MaxPool<kernel_shape = [2, 2]>(a)\n"
              " c = Concat<axis = 1>(m, m)\n f = Flatten(c)\n t = Add(f, f)\n y = Relu(t) }",
      "format=qoperator", false, false,
      "QuantizeLinear QLinearConv DequantizeLinear MaxPool Concat Flatten Add Relu", 30 },
    { IMAGE W "{ a = Conv(x, w, b)\n c = Conv(x, w)\n s = Add(a, c)\n p = Mul(s, c)\n"
              " g2 = GlobalAveragePool(p)\n y = Conv(g2, w) }",
      "format=qoperator", false, false,
      "QuantizeLinear QLinearConv QLinearConv QLinearAdd QLinearMul QLinearGlobalAveragePool "
      "QLinearConv DequantizeLinear", 28 },
    /* a Clip that the range cannot stand for stays between DQ and Q */
    { IMAGE W_AND(", float low = {-1}, float high = {0.5}") "{ a = Conv(x, w, b)\n"
              " r = Clip(a, low, high)\n y = Conv(r, w) }", "format=qoperator", false, false,
      "QuantizeLinear QLinearConv QLinearConv DequantizeLinear", 28 },
    { ROWS V "{ y = Gemm(x, v, b) }", "format=qoperator", false, false, "QuantizeLinear QGemm",
      30 },
    { ROWS V "{ y = MatMul(x, v) }", "format=qoperator", false, false,
      "QuantizeLinear MatMulIntegerToFloat", 30 },
    { ROWS V "{ a = MatMul(x, v)\n t = Transpose(a)\n y = MatMul(a, t) }",
      "format=qoperator activations=uint8", false, false,
      "QuantizeLinear QLinearMatMul Transpose MatMulIntegerToFloat", 30 },
    { ROWS V "{ y = Gemm(x, v, b) }", "activations=dynamic", true, false,
      "DynamicQuantizeLinear MatMulInteger Cast Mul Mul Add", 35 },
    /* two products that read one value share its integers, and its weights */
    { ROWS V "{ a = MatMul(x, v)\n c = MatMul(x, v)\n y = Add(a, c) }",
      "activations=dynamic per-tensor=true", true, false,
      "DynamicQuantizeLinear MatMulInteger Cast Mul Mul MatMulInteger Cast Mul Mul Add", 30 },
    { IMAGE W "{ y = Conv(x, w) }", "activations=dynamic", true, false, "Conv", 300 },
    { IMAGE W "{ a = Conv(x, w, b)\n y = Conv(a, w) }", "exclude=layer:first", false, false,
      "Conv QuantizeLinear DequantizeLinear DequantizeLinear Conv QuantizeLinear "
      "DequantizeLinear", 30 },
    { IMAGE W "{ a = Conv(x, w, b)\n y = Conv(a, w) }", "overrides=op:Conv=float", false, false,
      "Conv Conv", 300 },
    { IMAGE W "{ y = Conv(x, w) }", "activations=int16", false, false,
      "QuantizeLinear DequantizeLinear DequantizeLinear Conv QuantizeLinear DequantizeLinear",
      40 },
    /* refused, in words */
    { IMAGE W "{ y = Conv(x, w) }", "activations=uint8", true, false,
      "activations in integers need data to learn ranges from (--data), and the model has no "
      "BatchNormalization to take them from; --activations dynamic or none needs none", 0 },
    { IMAGE W "{ y = Conv(x, w) }", "", false, true,
      "sample 'row 3': input '' has NaN among its elements: mend the data, or the `mean` and `std` "
      "of its preprocessing", 0 },
    { IMAGE W_AND(", float s = {1}") "{ q = QuantizeLinear(x, s)\n"
             " y = DequantizeLinear(q, s) }", "",
      false, false,
      "the model is quantized already: node '' is a QuantizeLinear; quantize the model in floats "
      "that it was made from", 0 },
    { IMAGE W "{ y = Conv(x, w) }", "scheme=w8a8 weights=int4", false, false,
      "scheme w8a8 contradicts the types that are asked for; leave one of them away", 0 },
    { IMAGE W "{ y = Conv(x, w) }", "weights=int4 activations=uint8", false, false,
      "activations in integers need weights of 8 bits; leave --activations away for other weights",
      0 },
    { IMAGE W "{ y = Conv(x, w) }", "exclude=layer:frist", false, false,
      "exclude: pattern 'layer:frist': expected layer:first or layer:last; other layers are "
      "matched by name, such as block1.*", 0 },
    { IMAGE W "{ y = Conv(x, w) }", "overrides=op:Conv", false, false,
      "override 'op:Conv': expected PATTERN=TYPE with one of float, int16, int8, "
      "int8-weights, int4, int2", 0 },
};

/* "a=b c=d" into settings; text is changed and must stay. */
static void read_settings(pare_ctx *ctx, pare_quantize_settings *s, char *text)
{
    for (char *at = text, *next; *at; at = next) {
        pare_option_problem problem;
        next = at + strcspn(at, " ");
        if (*next) *next++ = '\0';
        char *const value = strchr(at, '=');
        *value = '\0';
        if (pare_step_set(ctx, &pare_step_quantize, s, at, value + 1, &problem))
            fail_msg("%s: %s", at, problem.message);
    }
}

static pare_status quantize_row_run(pare_ctx *ctx, const quantize_row *row, bool judge)
{
    char text[2048], settings[256], got[512];
    memory m = { .nan = row->nan };
    pare_quantize_settings s = { 0 };
    pare_quantize_report report;
    pare_target *target = NULL;
    pare_model *model = NULL;
    snprintf(text, sizeof(text), "<ir_version: 8, opset_import: [\"\" : 13]>\n%s", row->graph);
    snprintf(settings, sizeof(settings), "%s", row->settings);
    pare_model *before = test_model_parse(ctx, text);
    fill(ctx, before);
    s.correct = PARE_CORRECT_NONE;
    read_settings(ctx, &s, settings);
    const pare_dataset data = dataset_of(&m, before);
    assert_int_equal(pare_target_find(ctx, &target, "ort-x64"), PARE_OK);
    assert_int_equal(pare_model_clone(ctx, &model, before), PARE_OK);
    const pare_quantize_opts opts = { .settings = &s, .rules = &target->rules,
                                      .data = row->no_data ? NULL : &data };
    const pare_status st = pare_quantize(ctx, model, &opts, &report);
    if (judge && row->least_db > 0) {
        if (st) fail_msg("%s: %s", row->graph, ctx->message);
        ops_of(model, got, sizeof(got));
        assert_string_equal(got, row->want);
        const double db = noise_db(ctx, before, model, &m);
        if (!(db > row->least_db)) fail_msg("%s, %s: %g dB", row->graph, row->settings, db);
    } else if (judge) {
        assert_int_not_equal(st, PARE_OK);
        assert_string_equal(ctx->message, row->want);
    }
    pare_quantize_report_free(ctx, &report);
    pare_option_drop(ctx, pare_step_quantize.options, pare_step_quantize.n_options, &s);
    pare_target_free(ctx, target);
    pare_model_free(ctx, model);
    pare_model_free(ctx, before);
    return st;
}

static void models_become_what_is_asked_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(quantize_rows) / sizeof(quantize_rows[0]); i++) {
        test_ctx t;
        test_ctx_init(&t);
        (void)quantize_row_run(&t.ctx, &quantize_rows[i], true);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_become_what_is_asked_for),
    };
    return test_run(tests);
}
