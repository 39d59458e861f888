/* One node as two: that they compute the same, that the rank is found, what is left alone. */
#include "prune/rank.h"

#include "ir/graph.h"
#include "op/eval.h"
#include "prune/rank_form.h"
#include "support/memory_data.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096, SAMPLES = 100, IN = 12 };

/* Fills text with an initializer: float[dims] name = {...}. */
static size_t add_tensor(char *text, size_t at, size_t n, const char *name, const char *dims,
                         int n_elements, float (*value)(int i))
{
    at += (size_t)snprintf(text + at, n - at, "float[%s] %s = {", dims, name);
    for (int i = 0; i < n_elements; i++)
        at += (size_t)snprintf(text + at, n - at, "%s%.9g", i ? ", " : "", (double)value(i));
    return at + (size_t)snprintf(text + at, n - at, "}");
}

static float any(int i)
{
    return (float)((i * 37 + i * i * 11) % 101) / 50 - 1;
}

/* --- geometry --------------------------------------------------------------------------------- */

static void run(pare_ctx *ctx, const pare_model *m, uint32_t rank, const int64_t *dims, float *out,
                int64_t *n)
{
    pare_tensor *x = NULL;
    pare_datum *y = NULL;
    assert_int_equal(pare_tensor_new(ctx, &x, PARE_FLOAT, rank, dims), PARE_OK);
    float *data = (float *)(uintptr_t)x->payload.data;
    for (int64_t i = 0; i < x->n_elements; i++) data[i] = any((int)i * 3 + 1);
    const pare_eval_input input = { "x", { .kind = PARE_TYPE_TENSOR, .tensor = x } };
    assert_int_equal(pare_eval_model(ctx, &y, m, &input, 1, NULL), PARE_OK);
    *n = y[0].tensor->n_elements;
    assert_true(*n <= MOST);
    memcpy(out, y[0].tensor->payload.data, (size_t)*n * sizeof(*out));
    pare_datums_free(ctx, y, 1);
    pare_tensor_unref(x);
}

/* The whole width as the rank: the first node passes everything on, the second is the old one. */
static void write_whole(pare_ctx *ctx, pare_model *m, const pare_linear *l,
                        const pare_rank_form *form)
{
    const float *elements =
        (const float *)(const void *)m->values[l->weight].tensor->payload.data;
    const int64_t n = l->in * l->taps, w = form->width;
    float *first = test_malloc((size_t)(w * w) * sizeof(*first));
    float *second = test_malloc((size_t)(l->out * n) * sizeof(*second));
    float *row = test_malloc((size_t)n * sizeof(*row));
    for (int64_t i = 0; i < w * w; i++) first[i] = i % (w + 1) == 0;
    for (int64_t o = 0; o < l->out; o++) {
        pare_linear_get_row(l, o, elements, row);
        for (int64_t q = 0; q < form->parts; q++)
            for (int64_t u = 0; u < w; u++)
                second[(o * form->parts + q) * w + u] = row[pare_rank_column(form, l, q, u)];
    }
    assert_int_equal(pare_rank_write(ctx, m, l, form, w, first, second), PARE_OK);
    test_free(first);
    test_free(second);
    test_free(row);
}

typedef struct layer {
    const char *node, *dims;  /* of the weights */
    int n_weights;
    uint32_t rank;
    int64_t x[4];
    size_t n_forms;
} layer;

static pare_model *make_layer(pare_ctx *ctx, const layer *c)
{
    static char text[32768];
    size_t at = (size_t)snprintf(text, sizeof(text), "<ir_version: 8, opset_import: [\"\" : 17]>\n"
                                 "g (float[%d,%d", (int)c->x[0], (int)c->x[1]);
    for (uint32_t i = 2; i < c->rank; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, ",%d", (int)c->x[i]);
    at += (size_t)snprintf(text + at, sizeof(text) - at, "] x) => (float[] y) <");
    at = add_tensor(text, at, sizeof(text), "w", c->dims, c->n_weights, any);
    at += (size_t)snprintf(text + at, sizeof(text) - at,
                           ", float[6] b = {1, 2, 3, 4, 5, 6}> { [layer] y = %s }", c->node);
    return test_model_parse(ctx, text);
}

static void try_layer(pare_ctx *ctx, const layer *c, size_t k)
{
    static float before[MOST], after[MOST];
    int64_t n_before, n_after;
    pare_rank_form forms[PARE_N_RANK_KINDS];
    pare_shapes *shapes = NULL;
    pare_linear l;
    pare_model *m = make_layer(ctx, c);
    run(ctx, m, c->rank, c->x, before, &n_before);
    assert_int_equal(pare_infer(ctx, &shapes, m, NULL), PARE_OK);
    assert_true(pare_linear_of(ctx, &l, m, m->graph->first_node));
    assert_int_equal(pare_rank_forms(forms, m, shapes, &l), c->n_forms);
    write_whole(ctx, m, &l, &forms[k]);
    assert_string_equal(m->nodes[l.node].name, "layer");
    assert_string_equal(m->nodes[m->graph->first_node].name, "layer_rank");
    assert_int_equal(m->graph->n_nodes, 2);
    run(ctx, m, c->rank, c->x, after, &n_after);
    assert_int_equal(n_before, n_after);
    for (int64_t i = 0; i < n_before; i++)
        assert_true(fabsf(before[i] - after[i]) <= 1e-4f * (1 + fabsf(before[i])));
    pare_shapes_free(ctx, shapes);
    pare_model_free(ctx, m);
}

static void both_nodes_compute_what_one_did(void **state)
{
    (void)state;
    static const layer layers[] = {
        { "MatMul(x, w)", "5,6", 30, 3, { 2, 3, 5 }, 1 },
        { "Gemm(x, w, b)", "5,6", 30, 2, { 4, 5 }, 1 },
        { "Gemm<transB = 1, alpha = 2.0, beta = 0.5>(x, w, b)", "6,5", 30, 2, { 4, 5 }, 1 },
        { "Conv(x, w, b)", "6,4,1,1", 24, 4, { 2, 4, 5, 7 }, 1 },
        { "Conv<pads = [1, 2, 1, 0]>(x, w, b)", "6,4,3,3", 216, 4, { 2, 4, 5, 7 }, 3 },
        { "Conv<strides = [2, 3], dilations = [2, 1]>(x, w, b)", "6,4,3,2", 144, 4,
          { 1, 4, 9, 11 }, 3 },
        { "Conv<auto_pad = \"SAME_UPPER\", strides = [2, 2], kernel_shape = [3, 5]>(x, w)",
          "6,4,3,5", 360, 4, { 1, 4, 8, 9 }, 3 },
        { "Conv<auto_pad = \"SAME_LOWER\">(x, w, b)", "6,4,1,4", 96, 4, { 1, 4, 8, 9 }, 2 },
        { "Conv<pads = [2, 1], strides = [2]>(x, w, b)", "6,4,3", 72, 3, { 2, 4, 9 }, 2 },
    };
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++)
        for (size_t k = 0; k < layers[i].n_forms; k++) try_layer(&t.ctx, &layers[i], k);
    assert_int_equal(t.n_live, 0);
}

/* --- whole models ----------------------------------------------------------------------------- */

static const int64_t sample_dims[] = { 1, IN };

static float sample_at(uint64_t sample, int64_t i)
{
    return (float)((sample * 37 + (uint64_t)i * 101 + sample * sample * 13) % 223) / 111 - 1;
}

/* [12, 16] of rank 3. */
static float of_rank_3(int i)
{
    const int r = i / 16, c = i % 16;
    float sum = 0;
    for (int k = 0; k < 3; k++) sum += any(r * 3 + k) * any(c * 7 + k * 5);
    return sum;
}

static pare_model *make_network(pare_ctx *ctx)
{
    static char text[16384];
    size_t at = (size_t)snprintf(text, sizeof(text),
                                 "<ir_version: 8, opset_import: [\"\" : 17]>\n"
                                 "g (float[N,12] x) => (float[N,6] y) <");
    at = add_tensor(text, at, sizeof(text), "w1", "12,16", 192, of_rank_3);
    at += (size_t)snprintf(text + at, sizeof(text) - at, ", ");
    at = add_tensor(text, at, sizeof(text), "w2", "16,6", 96, any);
    snprintf(text + at, sizeof(text) - at,
             ", float[6] b = {1, 2, 3, 4, 5, 6}> {\n  [up] h = MatMul(x, w1)\n  hr = Relu(h)\n"
             "  y = Gemm(hr, w2, b)\n}\n");
    return test_model_parse(ctx, text);
}

static pare_status split(pare_ctx *ctx, pare_model *m, double limit, uint32_t threads,
                         bool with_data, pare_rank_report *report)
{
    test_memory_data memory;
    pare_pool *pool = NULL;
    const int64_t one[] = { 1, IN };
    const pare_input_shape shape = { "x", 2, one };
    const pare_infer_opts shapes = { .inputs = &shape, .n_inputs = 1 };
    test_memory_data_init(&memory, SAMPLES, 2, sample_dims, sample_at);
    *report = (pare_rank_report){ 0 };
    PARE_TRY(pare_pool_new(ctx, &pool, threads));
    const pare_rank_opts opts = { .limit = limit, .data = with_data ? &memory.data : NULL,
                                  .pool = pool, .shapes = &shapes };
    const pare_status st = pare_prune_rank(ctx, m, &opts, report);
    pare_pool_free(ctx, pool);
    return st;
}

static void the_rank_is_found(void **state)
{
    (void)state;
    test_ctx t;
    static float before[MOST], after[MOST];
    const int64_t dims[] = { 7, IN };
    int64_t n;
    test_ctx_init(&t);
    for (int with_data = 0; with_data < 2; with_data++) {
        pare_rank_report report;
        pare_model *m = make_network(&t.ctx);
        run(&t.ctx, m, 2, dims, before, &n);
        assert_int_equal(split(&t.ctx, m, 0.65, 1, with_data, &report), PARE_OK);
        assert_int_equal(report.n_nodes, 2);
        assert_int_equal(report.n_split, 1);
        assert_string_equal(report.nodes[0].name, "up");
        assert_string_equal(report.nodes[0].form, "matrix");
        assert_int_equal(report.nodes[0].full, 12);
        assert_int_equal(report.nodes[0].rank, 3);
        assert_null(report.nodes[1].form);
        assert_true(report.left == report.macs_left);
        assert_true(report.left == (double)(3 * (12 + 16) + 96) / (192 + 96));
        assert_true(pare_graph_find(m->graph, "w1_rank") != PARE_NONE);
        assert_true(pare_graph_find(m->graph, "h_rank") != PARE_NONE);
        run(&t.ctx, m, 2, dims, after, &n);
        for (int64_t i = 0; i < n; i++)
            assert_true(fabsf(before[i] - after[i]) < 1e-4f * (1 + fabsf(before[i])));
        pare_rank_report_free(&t.ctx, &report);
        pare_model_free(&t.ctx, m);
    }
    assert_int_equal(t.n_live, 0);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    test_ctx t;
    char *texts[2];
    test_ctx_init(&t);
    for (uint32_t i = 0; i < 2; i++) {
        pare_rank_report report;
        pare_model *m = make_network(&t.ctx);
        assert_int_equal(split(&t.ctx, m, 0.5, i ? 3 : 1, true, &report), PARE_OK);
        assert_int_equal(report.n_split, 2);
        assert_true(report.left <= 0.5);
        texts[i] = test_model_text(&t.ctx, m);
        pare_rank_report_free(&t.ctx, &report);
        pare_model_free(&t.ctx, m);
    }
    assert_string_equal(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
}

static pare_status split_once(pare_ctx *ctx, void *user)
{
    pare_model *m = NULL;
    pare_rank_report report = { 0 };
    pare_status st = pare_model_clone(ctx, &m, user);
    if (!st) st = split(ctx, m, 0.01, 1, true, &report); /* as small as can be: no bisection */
    pare_rank_report_free(ctx, &report);
    pare_model_free(ctx, m);
    return st;
}

static void memory_may_be_short(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *whole = make_network(&t.ctx);
    test_ctx_torture(split_once, whole);
    pare_model_free(&t.ctx, whole);
}

static void what_cannot_be_split_is_refused(void **state)
{
    (void)state;
    test_ctx t;
    pare_rank_report report;
    test_ctx_init(&t);
    pare_model *m = test_model_parse(
        &t.ctx, "<ir_version: 8, opset_import: [\"\" : 17]>\n"
                "g (float[N,12] x) => (float[N,1] y) <float[12,1] w = "
                "{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}> { y = MatMul(x, w) }");
    assert_int_equal(split(&t.ctx, m, 0.5, 1, false, &report), PARE_EUNSUPPORTED);
    assert_non_null(strstr(t.ctx.message, "nothing to split"));
    assert_int_equal(report.n_nodes, 1);
    assert_non_null(strstr(report.nodes[0].why, "too narrow"));
    pare_rank_report_free(&t.ctx, &report);
    pare_model_free(&t.ctx, m);
    assert_int_equal(t.n_live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_nodes_compute_what_one_did),
        cmocka_unit_test(the_rank_is_found),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(memory_may_be_short),
        cmocka_unit_test(what_cannot_be_split_is_refused),
    };
    return test_run(tests);
}
