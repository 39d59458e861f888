/* Weights of a model in few bits: which form each gets, and that what is written computes nearly
 * the same. */
#include "quant/weight_only.h"

#include "formats/target.h"
#include "ir/check.h"
#include "ir/graph.h"
#include "op/eval.h"
#include "op/sample.h"
#include "op/wide.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct row {
    const char *graph;        /* tensors called w... of more than 16 numbers are filled */
    const char *target;
    pare_weight_only_opts opts;
    const char *items;        /* what is reported, see describe() */
    const char *nodes;        /* what is left */
    double tolerance;         /* of outputs, relative to their power */
} row;

#define HEAD(opset) "<ir_version: 8, opset_import: [\"\" : " #opset "]>\n"
#define W4 { .bits = 4, .accuracy_level = 0, .any_end = true }
#define W8 { .bits = 8, .accuracy_level = 0 }

static const row rows[] = {
    /* products */
    { HEAD(13) "g (float[3,70] x, float[70,40] w) => (float[] y) { y = MatMul (x, w) }", "ort-x64",
      W4, "w MatMul nbits 4/32;", "MatMulNBits", 1e-2 },
    { HEAD(13) "g (float[3,70] x, float[70,40] w) => (float[] y) { y = MatMul (x, w) }", "ort-x64",
      { .bits = 4, .block = 64, .zeros = PARE_ZERO_FREE, .any_end = true },
      "w MatMul nbits 4/64 zeros;", "MatMulNBits", 2e-2 },
    { HEAD(13) "g (float[3,70] x, float[40,70] w) => (float[] y) <float[1] b = {3}> "
               "{ y = Gemm <transB = 1, alpha = 0.5, beta = 2.0> (x, w, b) }", "ort-x64", W8,
      "w Gemm nbits 8/16;", "MatMulNBits Mul Mul Add", 1e-4 },
    { HEAD(7) "g (float[70,3] x, float[70,40] w) => (float[] y) <float[1] b = {3}> "
              "{ y = Gemm <transA = 1> (x, w, b) }", "ort-x64", W8,
      "w Gemm dequantize 8/0 size;", "DequantizeLinear Gemm", 1e-4 },
    { HEAD(11) "g (float[3,70] x, float[70,40] w) => (float[] y) { y = MatMul (x, w) }",
      "portable", W8, "w MatMul dequantize 8/0 size;", "DequantizeLinear MatMul", 1e-4 },
    { HEAD(13) "g (float[3,70] x, float[70,40] w) => (float[] y) { y = MatMul (x, w) }", "ort-x64",
      { .bits = 4, .storage = PARE_STORED_DEQUANTIZE, .any_end = true },
      "w MatMul dequantize 4/32 size;", "DequantizeLinear MatMul", 1e-2 },
    /* the first and the last keep 8 bits */
    { HEAD(13) "g (float[3,64] x, float[64,64] w1, float[64,64] w2, float[64,64] w3) => (float[] y)"
               "{ h = MatMul (x, w1)\n k = MatMul (h, w2)\n y = MatMul (k, w3) }", "ort-x64",
      { .bits = 4, .accuracy_level = 0 },
      "w1 MatMul nbits 8/64 (first or last product: 8 bits);w2 MatMul nbits 4/32;"
      "w3 MatMul nbits 8/64 (first or last product: 8 bits);",
      "MatMulNBits MatMulNBits MatMulNBits", 2e-2 },
    /* windows */
    { HEAD(13) "g (float[1,40,5,5] x, float[6,40,3,3] w) => (float[] y) { y = Conv (x, w) }",
      "ort-x64", W4, "w Conv dequantize 4/32 size;", "DequantizeLinear Conv", 1e-2 },
    { HEAD(13) "g (float[1,40,5,5] x, float[40,1,3,3] w) => (float[] y) "
               "{ y = Conv <group = 40> (x, w) }",
      "ort-x64", W8, "w Conv dequantize 8/0 size;", "DequantizeLinear Conv", 1e-4 },
    { HEAD(13) "g (float[1,40,5,5] x, float[6,40,3,3] w) => (float[] y) { y = Conv (x, w) }",
      "ort-x64", { .bits = 8, .products_only = true }, "w Conv float (no product of matrices);",
      "Conv", 0 },
    /* tables, alone and tied */
    { HEAD(13) "g (float[40,64] w) => (float[] y) <int64[3] i = {0, 39, 7}> { y = Gather (w, i) }",
      "ort-x64", W4, "w Gather nbits 4/32;", "GatherBlockQuantized", 1e-2 },
    { HEAD(13) "g (float[40,64] w) => (float[] y) <int64[3] i = {0, -1, 7}> { y = Gather (w, i) }",
      "portable", W8, "w Gather dequantize 8/0;", "Gather Gather Unsqueeze Cast Mul", 1e-4 },
    { HEAD(13) "g (float[2,64] x, float[40,64] w) => (float[] y) <int64[2] i = {0, 7}> "
               "{ e = Gather (w, i)\n h = Add (x, e)\n t = Transpose (w)\n y = MatMul (h, t) }",
      "ort-x64", W4, "w MatMul nbits 4/32 of 2;",
      "Reshape GatherBlockQuantized Add MatMulNBits", 1e-2 },
    { HEAD(13) "g (float[2,64] x, float[40,64] w) => (float[] y) <int64[2] i = {0, 7}> "
               "{ e = Gather (w, i)\n h = Add (x, e)\n y = Gemm <transB = 1> (h, w) }",
      "portable", W8, "w Gemm dequantize 8/0 of 2 size;",
      "Gather Gather Unsqueeze Cast Mul Add DequantizeLinear Gemm", 1e-4 },
    /* one tensor along two axes; another operator reads it, too */
    { HEAD(13) "g (float[3,64] x, float[64,64] w) => (float[] y) "
               "{ h = MatMul (x, w)\n y = Gemm <transB = 1> (h, w) }", "ort-x64", W4,
      "w MatMul dequantize 4/32 of 2 size;", "DequantizeLinear MatMul DequantizeLinear Gemm",
      2e-2 },
    { HEAD(13) "g (float[64,64] x, float[64,64] w) => (float[] y) "
               "{ h = MatMul (x, w)\n y = Add (h, w) }", "ort-x64", W8,
      "w MatMul dequantize 8/0 of 2 size;", "DequantizeLinear MatMul DequantizeLinear Add",
      1e-4 },
    { HEAD(13) "g (float[3,64] x, float[64,64] w) => (float[] y, float[64,64] w) "
               "{ y = MatMul (x, w) }", "ort-x64", W8, "w MatMul float of 2 (an output of the "
      "graph);", "MatMul", 0 },
    /* 16 bits: scales are of that type */
    { HEAD(13) "g (float16[3,64] x, float16[64,64] w) => (float16[] y) { y = MatMul (x, w) }",
      "ort-x64", W8, "w MatMul nbits 8/64;", "MatMulNBits", 1e-4 },
    { HEAD(13) "g (float16[1,40,5,5] x, float16[6,40,3,3] w) => (float16[] y) { y = Conv (x, w) }",
      "ort-x64", W8, "w Conv dequantize 8/0 size;", "DequantizeLinear Conv", 1e-4 },
    /* what does not shrink */
    { HEAD(13) "g (float[3,8] x, float[8,8] w) => (float[] y) { y = MatMul (x, w) }", "ort-x64", W8,
      "w MatMul float (would not shrink);", "MatMul", 0 },
};

static void fill(pare_ctx *ctx, pare_model *m, pare_value_id v)
{
    static const float state_to_unit = 1.0f / (1 << 23);
    pare_tensor *t = NULL;
    int64_t dims[PARE_MAX_DIMS];
    const pare_type *type = m->values[v].type;
    for (uint32_t i = 0; i < type->rank; i++) dims[i] = type->dims[i].value;
    assert_int_equal(pare_tensor_new(ctx, &t, type->dtype, type->rank, dims), PARE_OK);
    uint32_t state = 77;
    for (int64_t i = 0; i < t->n_elements; i++) {
        state = state * 1664525u + 1013904223u;
        const float x = (float)(state >> 8) * state_to_unit - 1;
        void *data = (void *)(uintptr_t)t->payload.data;
        if (t->dtype == PARE_FLOAT) ((float *)data)[i] = x;
        else ((uint16_t *)data)[i] = pare_small_encode_ref(&pare_float16, PARE_OVERFLOW_SATURATE,
                                                          (double)x);
    }
    assert_int_equal(pare_value_set_tensor(ctx, m, v, t), PARE_OK);
    pare_tensor_unref(t);
}

static pare_model *make_model(pare_ctx *ctx, const char *graph)
{
    pare_model *m = test_model_parse(ctx, graph);
    for (pare_value_id v = 0; v < m->n_values; v++)
        if (m->values[v].name[0] == 'w' && m->values[v].is_input) fill(ctx, m, v);
    pare_graph_drop_default_inputs(m->graph);
    return m;
}

static void add(char *text, size_t n_bytes, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void add(char *text, size_t n_bytes, const char *fmt, ...)
{
    va_list args;
    const size_t n = strlen(text);
    va_start(args, fmt);
    vsnprintf(text + n, n_bytes - n, fmt, args);
    va_end(args);
}

static void describe(char *text, size_t n_bytes, const pare_weight_only_report *r)
{
    static const char *const stored[] = { "float", "nbits", "dequantize" };
    *text = 0;
    for (size_t i = 0; i < r->n_items; i++) {
        const pare_weight_only_item *t = &r->items[i];
        add(text, n_bytes, "%s %s %s", t->weight, t->op, stored[t->stored]);
        if (t->stored) add(text, n_bytes, " %d/%d", t->bits, (int)t->block);
        if (t->zero_points) add(text, n_bytes, " zeros");
        if (t->n_readers > 1) add(text, n_bytes, " of %d", (int)t->n_readers);
        if (t->size_only) add(text, n_bytes, " size");
        if (t->reason) add(text, n_bytes, " (%s)", t->reason);
        add(text, n_bytes, ";");
        assert_true(t->stored ? t->bytes_after < t->bytes_before
                              : t->bytes_after == t->bytes_before);
    }
}

static void list_nodes(char *text, size_t n_bytes, const pare_model *m)
{
    *text = 0;
    for (pare_node_id n = m->graph->first_node; n != PARE_NONE; n = m->nodes[n].next)
        add(text, n_bytes, "%s%s", *text ? " " : "", m->nodes[n].op_type);
}

/* Power of the difference of the first outputs, as a share of the first's power. */
static double difference(pare_ctx *ctx, const pare_model *a, const pare_model *b)
{
    pare_eval_input *in = NULL;
    pare_datum *y[2] = { NULL, NULL };
    size_t n = 0;
    double error = 0, power = 0;
    const pare_sample_opts opts = { .seed = 3 };
    assert_int_equal(pare_sample_inputs(ctx, &in, &n, a, &opts), PARE_OK);
    assert_int_equal(pare_eval_model(ctx, &y[0], a, in, n, NULL), PARE_OK);
    if (pare_eval_model(ctx, &y[1], b, in, n, NULL)) fail_msg("%s", ctx->message);
    const pare_tensor *t[2] = { y[0]->tensor, y[1]->tensor };
    assert_int_equal(t[0]->n_elements, t[1]->n_elements);
    assert_int_equal(t[0]->dtype, t[1]->dtype);
    for (int64_t i = 0; i < t[0]->n_elements; i++) {
        const double want = pare_wide_f64_at(t[0]->dtype, t[0]->payload.data, i);
        const double d = pare_wide_f64_at(t[1]->dtype, t[1]->payload.data, i) - want;
        error += d * d;
        power += want * want;
    }
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < a->graph->outputs.n; k++) pare_datum_drop(ctx, &y[i][k]);
        pare_free(ctx, y[i]);
    }
    pare_sample_free(ctx, in, n);
    return error / power;
}

typedef struct job {
    const row *row;
    const pare_model *model;
    const pare_target_rules *rules;
    bool checked;
} job;

static void check(job *j, pare_model *written, const pare_weight_only_report *report)
{
    char text[600];
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    describe(text, sizeof(text), report);
    assert_string_equal(text, j->row->items);
    list_nodes(text, sizeof(text), written);
    assert_string_equal(text, j->row->nodes);
    if (pare_graph_check(&ctx, written, "test")) fail_msg("%s", ctx.message);
    const double d = difference(&ctx, j->model, written);
    if (d > j->row->tolerance || (j->row->tolerance > 0 && d == 0))
        fail_msg("%s: outputs differ by %g of their power", j->row->graph, d);
    j->checked = true;
}

static pare_status run_row(pare_ctx *ctx, void *user)
{
    job *j = user;
    pare_model *written = NULL;
    pare_weight_only_report report = { 0 };
    pare_weight_only_opts opts = j->row->opts;
    opts.rules = j->rules;
    pare_status st = pare_model_clone(ctx, &written, j->model);
    if (!st) st = pare_quantize_weights(ctx, written, &opts, &report);
    if (!st) check(j, written, &report);
    pare_weight_only_report_free(ctx, &report);
    pare_model_free(ctx, written);
    return st;
}

static void each_tensor_gets_the_form_of_its_readers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pare_ctx ctx;
        pare_target *target = NULL;
        pare_ctx_init(&ctx, NULL);
        assert_int_equal(pare_target_find(&ctx, &target, rows[i].target), PARE_OK);
        pare_model *m = make_model(&ctx, rows[i].graph);
        job j = { &rows[i], m, &target->rules, false };
        test_ctx_torture(run_row, &j);
        assert_true(j.checked);
        pare_model_free(&ctx, m);
        pare_target_free(&ctx, target);
    }
}

static pare_status quantize(pare_ctx *ctx, pare_model *m, const char *target_name,
                            pare_weight_only_opts opts, char *text, size_t n_bytes)
{
    pare_target *target = NULL;
    pare_weight_only_report report = { 0 };
    assert_int_equal(pare_target_find(ctx, &target, target_name), PARE_OK);
    opts.rules = &target->rules;
    const pare_status st = pare_quantize_weights(ctx, m, &opts, &report);
    describe(text, n_bytes, &report);
    pare_weight_only_report_free(ctx, &report);
    pare_target_free(ctx, target);
    return st;
}

static void what_cannot_be_is_said(void **state)
{
    (void)state;
    static const char *const graph =
        HEAD(13) "g (float[3,70] x, float[70,40] w) => (float[] y) { y = MatMul (x, w) }";
    char text[600];
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    pare_model *m = make_model(&ctx, graph);
    assert_int_equal(quantize(&ctx, m, "portable", (pare_weight_only_opts){ .bits = 4,
                              .any_end = true }, text, sizeof(text)), PARE_EUNSUPPORTED);
    assert_string_equal(ctx.message,
                        "the target's rules have no weights of 4 bits in this form");
    ((float *)(uintptr_t)m->values[m->nodes[0].inputs[1].value].tensor->payload.data)[9] = NAN;
    assert_int_equal(quantize(&ctx, m, "ort-x64", (pare_weight_only_opts){ .bits = 4 }, text,
                              sizeof(text)), PARE_EFORMAT);
    assert_string_equal(ctx.message,
                        "weights 'w': expected finite numbers, found NaN or infinity");
    pare_model_free(&ctx, m);
    /* an input with a value of its own becomes constant */
    test_ctx t;
    test_ctx_init(&t);
    m = test_model_parse(&t.ctx, graph);
    fill(&t.ctx, m, m->nodes[0].inputs[1].value);
    assert_int_equal(quantize(&t.ctx, m, "ort-x64", (pare_weight_only_opts){ .bits = 8 }, text,
                              sizeof(text)), PARE_OK);
    assert_string_equal(text, "w MatMul nbits 8/16;");
    assert_string_equal(t.warning, "weights 'w' are an input, too: they become constant");
    assert_int_equal(m->graph->inputs.n, 1);
    if (pare_graph_check(&t.ctx, m, "test")) fail_msg("%s", t.ctx.message);
    pare_model_free(&t.ctx, m);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static pare_model *quantized(pare_ctx *ctx, const char *graph, const pare_weight_only_opts *opts,
                             double *error)
{
    pare_target *target = NULL;
    pare_weight_only_report report = { 0 };
    pare_weight_only_opts o = *opts;
    pare_model *m = make_model(ctx, graph);
    assert_int_equal(pare_target_find(ctx, &target, "ort-x64"), PARE_OK);
    o.rules = &target->rules;
    if (pare_quantize_weights(ctx, m, &o, &report)) fail_msg("%s", ctx->message);
    *error = report.items[0].error;
    pare_weight_only_report_free(ctx, &report);
    pare_target_free(ctx, target);
    return m;
}

/* Through memory in pieces, with codes in a temporary file: the same tensors. */
static void check_pieces(const char *graph, pare_weight_only_opts opts)
{
    test_ctx t;
    double errors[2];
    test_ctx_init(&t);
    pare_model *whole = quantized(&t.ctx, graph, &opts, &errors[0]);
    opts.stream_from = 1;
    opts.spill_dir = ".";
    pare_model *pieces = quantized(&t.ctx, graph, &opts, &errors[1]);
    assert_int_equal(whole->n_values, pieces->n_values);
    assert_true(fabs(errors[0] - errors[1]) <= 1e-9 * errors[0]);
    for (pare_value_id v = 0; v < whole->n_values; v++) {
        const pare_tensor *a = whole->values[v].tensor, *b = pieces->values[v].tensor;
        assert_true(!a == !b);
        if (!a) continue;
        assert_int_equal(a->rank, b->rank);
        assert_int_equal(a->payload.n, b->payload.n);
        assert_memory_equal(a->payload.data, b->payload.data, a->payload.n);
    }
    pare_model_free(&t.ctx, whole);
    pare_model_free(&t.ctx, pieces);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void pieces_give_the_same_tensors(void **state)
{
    (void)state;
    static const char *const graphs[] = {
        HEAD(13) "g (float[3,670] x, float[670,40] w) => (float[] y) { y = MatMul (x, w) }",
        HEAD(13) "g (float[3,670] x, float[40,670] w) => (float[] y) "
                 "{ y = Gemm <transB = 1> (x, w) }",
        HEAD(13) "g (float[40,66] w) => (float[] y) <int64[3] i = {0, 39, 7}> "
                 "{ y = Gather (w, i) }",
        HEAD(13) "g (float[2,64] x, float[40,64] w) => (float[] y) <int64[2] i = {0, 7}> "
                 "{ e = Gather (w, i)\n h = Add (x, e)\n t = Transpose (w)\n y = MatMul (h, t) }",
    };
    for (size_t i = 0; i < sizeof(graphs) / sizeof(graphs[0]); i++)
        for (int bits = 4; bits <= 8; bits += 4)
            for (int zeros = PARE_ZERO_FIXED; zeros <= PARE_ZERO_FREE; zeros++)
                for (int round = 0; round < 2; round++)
                    check_pieces(graphs[i], (pare_weight_only_opts){
                                     .bits = bits, .any_end = true, .round = round != 0,
                                     .zeros = (pare_zero_points)zeros,
                                     .storage = PARE_STORED_NBITS });
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    (void)state;
    char text[600];
    test_ctx t;
    test_ctx_init(&t);
    pare_model *m = make_model(&t.ctx, HEAD(13) "g (float[3,70] x, float[70,40] w) => (float[] y) "
                               "{ y = MatMul (x, w) }");
    const pare_weight_only_opts opts = { .bits = 8, .stream_from = 1, .spill_dir = "none/such" };
    assert_int_equal(quantize(&t.ctx, m, "ort-x64", opts, text, sizeof(text)), PARE_EIO);
    assert_non_null(strstr(t.ctx.message, "none/such: cannot make a temporary file: No such file"));
    pare_model_free(&t.ctx, m);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Weights that stand in a Constant node, inside of a branch, and those of the graph around it. */
static void weights_of_branches_are_found(void **state)
{
    (void)state;
    static const char *const graph =
        HEAD(13) "g (bool c, float[2,64] x, float[64,64] w) => (float[] y) {\n"
                 "y = If (c) <then_branch = a () => (float[] p) { p = MatMul (x, w) },\n"
                 "  else_branch = b () => (float[] q) { v = ConstantOfShape (s)\n"
                 "    q = MatMul (x, k) }>\n s = Constant <value_ints = [64, 64]> ()\n"
                 "k = Constant <value = float[2,2] {1, 2, 3, 4}> () }";
    char text[600];
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    pare_model *m = make_model(&ctx, graph);
    assert_int_equal(quantize(&ctx, m, "ort-x64", (pare_weight_only_opts){ .bits = 8 }, text,
                              sizeof(text)), PARE_OK);
    assert_string_equal(text, "w MatMul nbits 8/64;k MatMul float (would not shrink);");
    if (pare_graph_check(&ctx, m, "test")) fail_msg("%s", ctx.message);
    pare_model_free(&ctx, m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_tensor_gets_the_form_of_its_readers),
        cmocka_unit_test(what_cannot_be_is_said),
        cmocka_unit_test(pieces_give_the_same_tensors),
        cmocka_unit_test(a_folder_that_is_not_there_is_named),
        cmocka_unit_test(weights_of_branches_are_found),
    };
    return test_run(tests);
}
