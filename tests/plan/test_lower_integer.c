/* Products of 8-bit numbers by integer kernels: groups from DequantizeLinear to QuantizeLinear give
 * the bits of eval of QLinearConv, QLinearMatMul and their like, by every set of kernels and any
 * number of threads, and so do these operators. */
#include "op/sample.h"
#include "support/models.h"
#include "support/plan.h"
#include "support/planned.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <stdlib.h>

/* --- comparing -------------------------------------------------------------------------------- */

typedef struct subject {
    test_ctx t;
    pare_model *model;
    pare_eval_input *inputs;
    size_t n_inputs;
    pare_pool *pool;
} subject;

static void open_subject(subject *s, const char *text)
{
    char whole[8192];
    const pare_sample_opts opts = { .seed = 3, .quiet = true };
    snprintf(whole, sizeof(whole),
             "<ir_version: 10, opset_import: [\"\" : 20, \"com.microsoft\" : 1]>\n%s", text);
    test_ctx_init(&s->t);
    s->model = test_model_parse(&s->t.ctx, whole);
    assert_int_equal(pare_sample_inputs(&s->t.ctx, &s->inputs, &s->n_inputs, s->model, &opts), 0);
    assert_int_equal(pare_pool_new(&s->t.ctx, &s->pool, 2), PARE_OK);
}

static void close_subject(subject *s)
{
    pare_pool_free(&s->t.ctx, s->pool);
    pare_sample_free(&s->t.ctx, s->inputs, s->n_inputs);
    pare_model_free(&s->t.ctx, s->model);
    assert_int_equal(test_ctx_live_bytes(&s->t), 0);
}

static const pare_kernels *set_at(int i)
{
    static const char *const names[] = { "scalar", "avx2-novnni", "avx2", "avx512-novnni",
                                         "avx512" };
    return i < 5 ? pare_kernels_named(names[i]) : NULL;
}

/* Runs by every set, with one and two threads, and compares each output with want[i]. */
static void compare_all(subject *s, const char *text, pare_sums sums, const pare_datum *const *want)
{
    char why[256] = "";
    for (int i = 0; i < 5; i++)
        for (int threads = 1; threads <= 2 && set_at(i); threads++) {
            const pare_plan_opts opts = { .kernels = set_at(i), .sums = sums };
            pare_datum *got = NULL;
            pare_plan_cost cost;
            if (test_plan_run_with(&s->t.ctx, &got, s->model, s->inputs, s->n_inputs, &opts,
                                   threads == 2 ? s->pool : NULL, &cost))
                fail_msg("%s: %s", text, s->t.ctx.message);
            if (cost.n_islands) fail_msg("%s: %zu islands", text, cost.n_islands);
            for (size_t k = 0; k < s->model->graph->outputs.n; k++)
                if (!test_plan_same(&got[k], want[k], why, sizeof(why)))
                    fail_msg("%s\nset %d, %d threads, output %zu: %s", text, i, threads, k, why);
            pare_datums_free(&s->t.ctx, got, s->model->graph->outputs.n);
        }
}

/* Output 0 is that of an operator on codes, output 1 that of the group: both are to be what eval of
 * the operator gives. */
static void check_pair(const char *text)
{
    subject s;
    pare_datum *want = NULL;
    open_subject(&s, text);
    if (pare_eval_model(&s.t.ctx, &want, s.model, s.inputs, s.n_inputs, NULL))
        fail_msg("%s: %s", text, s.t.ctx.message);
    const pare_datum *const both[] = { &want[0], &want[0] };
    compare_all(&s, text, PARE_SUMS_EXACT, both);
    pare_datums_free(&s.t.ctx, want, s.model->graph->outputs.n);
    close_subject(&s);
}

/* Sums that saturate: by every set what plain C gives. */
static void check_saturating(const char *text)
{
    subject s;
    pare_datum *want = NULL;
    const pare_plan_opts opts = { .kernels = pare_kernels_of(PARE_ISA_SCALAR),
                                  .sums = PARE_SUMS_SATURATING };
    open_subject(&s, text);
    assert_int_equal(test_plan_run_with(&s.t.ctx, &want, s.model, s.inputs, s.n_inputs, &opts, NULL,
                                        NULL), PARE_OK);
    const pare_datum *const both[] = { &want[0], &want[0] };
    compare_all(&s, text, PARE_SUMS_SATURATING, both);
    pare_datums_free(&s.t.ctx, want, s.model->graph->outputs.n);
    close_subject(&s);
}

/* --- convolutions ----------------------------------------------------------------------------- */

typedef struct conv_row {
    const char *attrs, *x, *w, *y;
    int rank, n_weights, n_filters;
} conv_row;

static const conv_row convs[] = {
    { "", "1,3,5,6", "4,3,1,1", "1,4,5,6", 4, 12, 4 },
    { "<pads = [1, 1, 1, 1]>", "2,3,7,9", "17,3,3,3", "2,17,7,9", 4, 459, 17 },
    { "<pads = [3, 3, 3, 3], strides = [2, 2]>", "1,3,15,14", "33,3,7,7", "1,33,8,7", 4, 4851, 33 },
    { "<pads = [0, 1, 2, 0], strides = [2, 3]>", "2,1,8,11", "5,1,3,2", "2,5,4,4", 4, 30, 5 },
    { "<strides = [3, 3]>", "1,2,8,8", "3,2,2,2", "1,3,3,3", 4, 24, 3 },
    { "<dilations = [2, 1], pads = [2, 1, 2, 1]>", "1,4,9,8", "6,4,3,3", "1,6,9,8", 4, 216, 6 },
    { "<dilations = [1, 2], pads = [1, 2, 1, 2]>", "1,5,9,8", "6,5,3,3", "1,6,9,8", 4, 270, 6 },
    { "<group = 2, pads = [1, 1, 1, 1]>", "1,6,5,5", "8,3,3,3", "1,8,5,5", 4, 216, 8 },
    { "<group = 3, strides = [2, 1]>", "2,27,5,5", "33,9,1,1", "2,33,3,5", 4, 297, 33 },
    { "<pads = [2, 2], strides = [2]>", "2,7,31", "9,7,5", "2,9,16", 3, 315, 9 },
    { "<pads = [1, 0, 1, 1, 2, 0]>", "2,2,4,5,6", "3,2,3,3,2", "2,3,4,5,6", 5, 108, 3 },
    { "<pads = [1, 1, 1, 1]>", "2,16,9,8", "40,16,3,3", "2,40,9,8", 4, 5760, 40 },
    { "<strides = [2, 2]>", "3,13,9,9", "20,13,1,1", "3,20,5,5", 4, 260, 20 },
    { "", "3,24,7,7", "20,24,1,1", "3,20,7,7", 4, 480, 20 },
    { "<pads = [1, 1, 1, 1]>", "1,15,6,5", "34,15,3,3", "1,34,6,5", 4, 4590, 34 },
    /* a filter for each channel */
    { "<group = 5, pads = [1, 1, 1, 1]>", "2,5,7,9", "5,1,3,3", "2,5,7,9", 4, 45, 5 },
    { "<group = 70, pads = [1, 1, 1, 1], strides = [2, 2]>", "1,70,8,9", "70,1,3,3", "1,70,4,5", 4,
      630, 70 },
    { "<group = 9, pads = [0, 2, 1, 2], dilations = [2, 2]>", "1,9,8,9", "9,1,3,3", "1,9,5,9", 4,
      81, 9 },
    { "<group = 6, pads = [2, 2, 2, 2]>", "1,6,8,7", "6,1,5,5", "1,6,8,7", 4, 150, 6 },
    { "<group = 8, pads = [1, 1]>", "2,8,11", "8,1,3", "2,8,11", 3, 24, 8 },
    { "<group = 3, pads = [1, 1, 1, 1, 1, 1]>", "1,3,3,4,5", "3,1,3,3,3", "1,3,3,4,5", 5, 81, 3 },
};

/* Types of x, w and y, with zero points. */
typedef struct types {
    const char *x, *w, *y;
    int x_zero, w_zero, y_zero;
} types;

static const types all_types[] = {
    { "uint8", "int8", "uint8", 120, 0, 110 }, { "uint8", "int8", "uint8", 0, 0, 255 },
    { "int8", "int8", "int8", -7, 0, 13 },     { "uint8", "uint8", "uint8", 255, 128, 3 },
    { "uint8", "uint8", "int8", 3, 7, -128 },  { "int8", "uint8", "uint8", 127, 200, 99 },
    { "uint8", "int8", "int8", 77, -100, 0 },
};

/* Filters are sines, scales of filters and bias, too; so that they are constant. */
static void conv_text(char *text, size_t n, const conv_row *r, const types *t, bool per_channel,
                      const char *middle)
{
    snprintf(text, n,
             "g (%s[%s] X) => (%s[%s] Y, %s[%s] Z)\n"
             "<float zero = {0}, float one = {1}, float n = {%d}, int64[%d] shape = {%s}, "
             "float m = {%d}, float k = {0.009}, float h = {30000}, float xs = {0.02}, "
             "float ys = {0.31}, %s xz = {%d}, %s w0 = {%d}, %s yz = {%d}, "
             "int64[1] filters = {%d}, "
             "float low = {-1.3}, float high = {9.77}>\n"
             "{ r = Range(zero, n, one)\n v = Sin(r)\n V = Reshape(v, shape)\n"
             "  i = Range(zero, m, one)\n j = Sin(i)\n l = Abs(j)\n each = Mul(l, k)\n"
             "  all = Identity(k)\n ws = Add(%s, k)\n wz = %s\n"
             "  W = QuantizeLinear<axis = 0>(V, ws, wz)\n"
             "  bf = Mul(j, h)\n B = Cast<to = 6>(bf)\n bs = Mul(xs, ws)\n"
             "  Y = QLinearConv%s (X, xs, xz, W, ws, wz, ys, yz, B)\n"
             "  x = DequantizeLinear(X, xs, xz)\n w = DequantizeLinear<axis = 0>(W, ws, wz)\n"
             "  b = DequantizeLinear<axis = 0>(B, bs)\n c = Conv%s (x, w, b)\n %s\n"
             "  Z = QuantizeLinear(%s, ys, yz) }",
             t->x, r->x, t->y, r->y, t->y, r->y, r->n_weights, r->rank, r->w, r->n_filters, t->x,
             t->x_zero, t->w, t->w_zero, t->y, t->y_zero, r->n_filters,
             per_channel ? "each" : "all",
             per_channel ? "Expand(w0, filters)" : "Identity(w0)", r->attrs,
             r->attrs, middle, *middle ? "a" : "c");
}

static void convolutions_are_sums_of_integers(void **state)
{
    (void)state;
    char text[4096];
    for (size_t i = 0; i < sizeof(convs) / sizeof(convs[0]); i++)
        for (size_t k = 0; k < sizeof(all_types) / sizeof(all_types[0]); k++) {
            conv_text(text, sizeof(text), &convs[i], &all_types[k], all_types[k].w_zero == 0, "");
            check_pair(text);
        }
}

/* --- matrices --------------------------------------------------------------------------------- */

/* A right matrix of sines, as int8 or uint8, one scale or one per column. */
#define MATRIX(n, shape, type, zero, columns) \
    "<float zero = {0}, float one = {1}, float n = {" n "}, int64[2] shape = {" shape "}, " \
    "float k = {0.009}, float xs = {0.02}, float ys = {0.31}, float m = {" columns "}, " \
    "int64[1] columns = {" columns "}, " type " w0 = {" zero "}, "
#define EACH \
    "{ r = Range(zero, n, one)\n v = Sin(r)\n V = Reshape(v, shape)\n" \
    " i = Range(zero, m, one)\n j = Sin(i)\n l = Abs(j)\n each = Mul(l, k)\n" \
    " ws = Add(each, k)\n wz = Expand(w0, columns)\n W = QuantizeLinear(V, ws, wz)\n" \
    " w = DequantizeLinear(W, ws, wz)\n x = DequantizeLinear(X, xs, xz)\n"

static void matrices_are_multiplied_in_integers(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "g (uint8[7,33] X) => (uint8[7,40] Y, uint8[7,40] Z)\n"
        MATRIX("1320", "33, 40", "int8", "0", "40") "uint8 xz = {120}, uint8 yz = {99}>\n" EACH
        " Y = QLinearMatMul(X, xs, xz, W, ws, wz, ys, yz)\n p = MatMul(x, w)\n"
        " Z = QuantizeLinear(p, ys, yz) }",
        "g (int8[2,3,5,16] X) => (int8[2,3,5,17] Y, int8[2,3,5,17] Z)\n"
        MATRIX("272", "16, 17", "int8", "-9", "17") "int8 xz = {-3}, int8 yz = {-99}>\n" EACH
        " Y = QLinearMatMul(X, xs, xz, W, ws, wz, ys, yz)\n p = MatMul(x, w)\n"
        " Z = QuantizeLinear(p, ys, yz) }",
        "g (uint8[1,5] X) => (float[1,3] Y, float[1,3] Z)\n"
        MATRIX("15", "5, 3", "uint8", "130", "3") "uint8 xz = {7}>\n" EACH
        " Y = com.microsoft.MatMulIntegerToFloat(X, W, xs, ws, xz, wz)\n Z = MatMul(x, w) }",
        "g (uint8[9,20] X) => (uint8[9,34] Y, uint8[9,34] Z)\n"
        MATRIX("680", "20, 34", "int8", "0", "34") "uint8 xz = {128}, uint8 yz = {3}, "
        "float h = {30000}>\n" EACH " bf = Mul(j, h)\n B = Cast<to = 6>(bf)\n bs = Mul(xs, ws)\n"
        " Y = com.microsoft.QGemm(X, xs, xz, W, ws, wz, B, ys, yz)\n"
        " b = DequantizeLinear<axis = 0>(B, bs)\n p = Gemm(x, w, b)\n"
        " Z = QuantizeLinear(p, ys, yz) }",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) check_pair(texts[i]);
}

/* Operators that give sums, against eval. */
static void sums_agree(void **state)
{
    (void)state;
    static const test_planned_row rows[] = {
        { "g (uint8[2,3,7] a) => (int32[] y) <uint8 z = {200}, int8[7,2] w = {1, -128, 127, 4, 5, "
          "6, 7, 8, 9, -10, 11, 12, 13, 14}> {\n  y = MatMulInteger(a, w, z) }", 0, 0 },
        { "g (int8[2,3,7] a) => (int32[] y) <int8 z = {-20}, uint8[7,2] w = {1, 128, 255, 4, 5, 6, "
          "7, 8, 9, 10, 11, 12, 13, 14}, uint8[2] v = {3, 250}> {\n"
          "  y = MatMulInteger(a, w, z, v) }",
          0, 0 },
        { "g (uint8[1,2,5,5] a) => (int32[] y) <uint8 z = {100}, uint8[1,2,2,2] w = {1, 128, 255, "
          "4, 5, 6, 7, 8}, uint8 v = {3}> {\n"
          "  y = ConvInteger<pads = [1, 0, 0, 1]>(a, w, z, v) }", 0,
          0 },
        /* what is left to the kernels for floats */
        { "g (float[2,3,5] a) => (uint8[] y) <float[3] k = {1, 2, 3}, float s = {0.1}, "
          "uint8 z = {9}> {\n  b = BatchNormalization(a, k, k, k, k)\n"
          "  y = QuantizeLinear(b, s, z) }", 0, 0 },
        { "g (uint8[2,3] x) => (uint8[] y) <float[3] k = {1, 2, 3}, float s = {0.1}, "
          "uint8 z = {9}> {\n  a = DequantizeLinear(x, s, z)\n"
          "  b = BatchNormalization(a, k, k, k, k)\n  y = QuantizeLinear(b, s, z) }", 0, 0 },
        /* scales and zero points that come with the run */
        { "g (float[2,3,7] a) => (float[] y) <int8[7,2] w = {1, -128, 127, 4, 5, 6, 7, 8, 9, -10, "
          "11, 12, 13, 14}, float[2] s = {0.1, 0.02}, float[2] b = {1, -3}> {\n"
          "  y = com.microsoft.DynamicQuantizeMatMul(a, w, s, , b) }", 0, 0 },
        { "g (float[3,7] a) => (float[] y) <uint8[7,2] w = {1, 128, 255, 4, 5, 6, 7, 8, 9, 10, 11, "
          "12, 13, 14}, float s = {0.1}, uint8[2] v = {3, 250}> {\n  q, t, z = "
          "DynamicQuantizeLinear(a)\n  i = MatMulInteger(q, w, z, v)\n  c = Cast<to = 1>(i)\n"
          "  d = Mul(t, s)\n  y = Mul(c, d) }", 0, 0 },
        { "g (float[3,7] a) => (float[] y) <uint8[7,2] w = {1, 128, 255, 4, 5, 6, 7, 8, 9, 10, 11, "
          "12, 13, 14}, float s = {0.1}, uint8 v = {3}> {\n  q, t, z = DynamicQuantizeLinear(a)\n"
          "  y = com.microsoft.MatMulIntegerToFloat(q, w, t, s, z, v) }", 0, 0 },
    };
    test_planned(rows, sizeof(rows) / sizeof(rows[0]));
    test_planned_torture(rows, 1);
    test_planned_torture(rows + 2, 2);
}

/* Activations and BatchNormalization stay within one step of eval of the nodes. */
static void groups_are_near_their_nodes(void **state)
{
    (void)state;
    static const char *const middles[] = {
        " a = Relu(c)\n", " a = Clip(c, low, high)\n",
        " f = Add(l, one)\n d = BatchNormalization(c, f, j, j, f)\n a = Relu(d)\n",
    };
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 4; k++) {
            char text[4096];
            char why[256];
            subject s;
            pare_datum *want = NULL, *got = NULL;
            const pare_plan_opts opts = { .kernels = pare_kernels_of(pare_isa_best()) };
            conv_text(text, sizeof(text), &convs[k * 5], &all_types[k], true, middles[i]);
            open_subject(&s, text);
            assert_int_equal(pare_eval_model(&s.t.ctx, &want, s.model, s.inputs, s.n_inputs, NULL),
                             PARE_OK);
            assert_int_equal(test_plan_run_with(&s.t.ctx, &got, s.model, s.inputs, s.n_inputs,
                                                &opts, NULL, NULL), PARE_OK);
            const pare_tensor *a = got[1].tensor, *b = want[1].tensor;
            for (int64_t e = 0; e < a->n_elements; e++) {
                const int flip = a->dtype == PARE_INT8 ? 128 : 0;
                const int x = a->payload.data[e] ^ flip, y = b->payload.data[e] ^ flip;
                if (abs(x - y) > 1) fail_msg("%s\n%d instead of %d", text, x, y);
            }
            if (!test_plan_same(&got[0], &want[0], why, sizeof(why))) fail_msg("%s\n%s", text, why);
            pare_datums_free(&s.t.ctx, got, s.model->graph->outputs.n);
            pare_datums_free(&s.t.ctx, want, s.model->graph->outputs.n);
            close_subject(&s);
        }
}

static void pairs_saturate_alike(void **state)
{
    (void)state;
    char text[4096];
    for (size_t i = 0; i < sizeof(convs) / sizeof(convs[0]); i++)
        for (size_t k = 0; k < sizeof(all_types) / sizeof(all_types[0]); k++) {
            conv_text(text, sizeof(text), &convs[i], &all_types[k], all_types[k].w_zero == 0, "");
            check_saturating(text);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_are_sums_of_integers),
        cmocka_unit_test(matrices_are_multiplied_in_integers),
        cmocka_unit_test(sums_agree),
        cmocka_unit_test(groups_are_near_their_nodes),
        cmocka_unit_test(pairs_saturate_alike),
    };
    return test_run(tests);
}
