/* Zeros in small networks: as many as asked, where the pattern allows, made up for by the rest. */
#include "prune/sparse.h"

#include "ir/graph.h"
#include "op/eval.h"
#include "prune/smallest.h"
#include "support/memory_data.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IN = 12, HIDDEN = 16, MIDDLE = 8, OUT = 4, SAMPLES = 200 };

static const int64_t sample_dims[] = { 1, IN };

/* Inputs that say everything twice: number i + 6 is number i, but for a little. */
static float sample_at(uint64_t sample, int64_t i)
{
    const uint64_t k = (uint64_t)(i % 6);
    const uint64_t noise = (sample * 7 + (uint64_t)i * 31) % 17;
    return (float)((sample * 37 + k * 101 + sample * sample * (13 + k)) % 223) / 111 - 1 +
           (float)noise / 200;
}

static float weight_at(int layer, int row, int col)
{
    return (float)((layer * 71 + row * 29 + col * 53 + row * col * 7) % 101 + 1) / 50 - 1.01f;
}

static size_t add_weights(char *text, size_t at, size_t n, int layer, int rows, int cols)
{
    at += (size_t)snprintf(text + at, n - at, "float[%d,%d] w%d = {", rows, cols, layer);
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++)
            at += (size_t)snprintf(text + at, n - at, "%s%.9g", r || c ? ", " : "",
                                   (double)weight_at(layer, r, c));
    return at + (size_t)snprintf(text + at, n - at, "}");
}

static pare_model *make_network(pare_ctx *ctx)
{
    static char text[16384];
    size_t at = (size_t)snprintf(text, sizeof(text),
                                 "<ir_version: 8, opset_import: [\"\" : 17]>\n"
                                 "g (float[N,%d] x) => (float[N,%d] y) <", IN, OUT);
    at = add_weights(text, at, sizeof(text), 1, IN, HIDDEN);
    at += (size_t)snprintf(text + at, sizeof(text) - at, ", ");
    at = add_weights(text, at, sizeof(text), 2, HIDDEN, MIDDLE);
    at += (size_t)snprintf(text + at, sizeof(text) - at, ", ");
    at = add_weights(text, at, sizeof(text), 3, MIDDLE, OUT);
    snprintf(text + at, sizeof(text) - at,
             ", float[%d] b = {0.1, -0.2, 0.3, 0, 0, 0.5, 0.1, 0}> {\n"
             "  h = MatMul(x, w1)\n  hr = Relu(h)\n  [middle] m = Gemm(hr, w2, b)\n"
             "  mr = Relu(m)\n  y = MatMul(mr, w3)\n}\n", MIDDLE);
    return test_model_parse(ctx, text);
}

/* --- what becomes of it ----------------------------------------------------------------------- */

static void run(pare_ctx *ctx, const pare_model *m, uint64_t sample, float *out)
{
    pare_tensor *x = NULL;
    pare_datum *y = NULL;
    float data[IN];
    for (int i = 0; i < IN; i++) data[i] = sample_at(sample, i);
    assert_int_equal(pare_tensor_from(ctx, &x, PARE_FLOAT, 2, sample_dims, data), PARE_OK);
    const pare_eval_input input = { "x", { .kind = PARE_TYPE_TENSOR, .tensor = x } };
    assert_int_equal(pare_eval_model(ctx, &y, m, &input, 1, NULL), PARE_OK);
    memcpy(out, y[0].tensor->payload.data, OUT * sizeof(*out));
    pare_datums_free(ctx, y, 1);
    pare_tensor_unref(x);
}

/* Noise by signal of the outputs, over samples that pruning did not see. */
static double difference(pare_ctx *ctx, const pare_model *a, const pare_model *b)
{
    double noise = 0, signal = 0;
    for (uint64_t s = SAMPLES; s < SAMPLES + 50; s++) {
        float x[OUT], y[OUT];
        run(ctx, a, s, x);
        run(ctx, b, s, y);
        for (int i = 0; i < OUT; i++) {
            noise += pow((double)x[i] - y[i], 2);
            signal += pow((double)y[i], 2);
        }
    }
    return sqrt(noise / signal);
}

static const float *weights_of(const pare_model *m, const char *name)
{
    return (const float *)(const void *)m->values[pare_graph_find(m->graph, name)]
        .tensor->payload.data;
}

static int count_zeros(const pare_model *m, const char *name, int n)
{
    int zeros = 0;
    for (int i = 0; i < n; i++) zeros += weights_of(m, name)[i] == 0;
    return zeros;
}

static pare_status prune_with(pare_ctx *ctx, pare_model *m, const pare_sparse_opts *opts,
                              uint32_t threads, pare_sparse_report *report)
{
    test_memory_data memory;
    pare_pool *pool = NULL;
    pare_sparse_opts own = *opts;
    test_memory_data_init(&memory, SAMPLES, 2, sample_dims, sample_at);
    *report = (pare_sparse_report){ 0 };
    PARE_TRY(pare_pool_new(ctx, &pool, threads));
    own.pool = pool;
    own.data = opts->criterion == PARE_SPARSE_AUTO ? NULL : &memory.data;
    const pare_status st = pare_prune_sparse(ctx, m, &own, report);
    pare_pool_free(ctx, pool);
    return st;
}

/* Prunes a fresh network; *error receives the difference it makes. */
static pare_model *pruned(pare_ctx *ctx, const pare_sparse_opts *opts, double *error)
{
    pare_sparse_report report;
    pare_model *whole = make_network(ctx), *m = make_network(ctx);
    assert_int_equal(prune_with(ctx, m, opts, 1, &report), PARE_OK);
    *error = difference(ctx, m, whole);
    pare_sparse_report_free(ctx, &report);
    pare_model_free(ctx, whole);
    return m;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void patterns_are_read_and_written(void **state)
{
    (void)state;
    static const char *const good[] = { "unstructured", "2:4", "1:2", "7:64", "1x4", "4x1", "2x2" };
    static const char *const bad[] = { "", "4:2", "2:2", "0:4", "1x1", "0x4", "2:65", "65x1",
                                       "2:4x", "2-4", ":", "dense" };
    char text[32];
    test_ctx t;
    test_ctx_init(&t);
    pare_sparse_pattern p;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        assert_int_equal(pare_sparse_pattern_read(&t.ctx, &p, good[i]), PARE_OK);
        assert_string_equal(pare_sparse_pattern_show(text, sizeof(text), &p), good[i]);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(pare_sparse_pattern_read(&t.ctx, &p, bad[i]), PARE_EUSAGE);
        assert_non_null(strstr(t.ctx.message, "expected a pattern"));
    }
}

static void the_smallest_go_exactly(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_cut_fn *const cut = pare_cut_ref;
    const float a[] = { 0.5f, -0.25f, NAN, 0.25f, -0.0f, 3e-42f };
    const float b[] = { -0.25f, 0.125f, INFINITY };
    float y[9];
    const pare_float_run runs[] = { { a, y, 6 }, { NULL, NULL, 0 }, { b, y + 6, 3 } };
    assert_int_equal(pare_zero_smallest(&t.ctx, NULL, cut, runs, 3, 5), PARE_OK);
    const float left[] = { 0.5f, 0, NAN, 0, 0, 0, -0.25f, 0, INFINITY };
    for (int i = 0; i < 9; i++) assert_true(isnan(left[i]) ? isnan(y[i]) : y[i] == left[i]);
    assert_int_equal(pare_zero_smallest(&t.ctx, NULL, cut, runs, 3, 9), PARE_OK);
    for (int i = 0; i < 9; i++) assert_true(y[i] == 0);
    assert_int_equal(pare_zero_smallest(&t.ctx, NULL, cut, runs, 3, 0), PARE_OK);
    for (int i = 0; i < 9; i++) {
        const float x = i < 6 ? a[i] : b[i - 6];
        assert_true(isnan(x) ? isnan(y[i]) : x == y[i]);
    }
}

static uint32_t size_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits & 0x7fffffffU;
}

static int by_size(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* How the numbers of a large set are made: any; few values, so that many are equal; mostly zeros;
 * ascending, which a sample must not be misled by. */
static float number(int kind, uint64_t i)
{
    const uint64_t mixed = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    const float x = (float)(mixed >> 40) / (1 << 23) - 1;
    if (kind == 1) return (float)((int)(mixed >> 60) - 8) / 4;
    if (kind == 2) return mixed >> 62 ? 0 : x;
    return kind == 3 ? (float)i / 1000 : x * x * x;
}

static void the_smallest_of_many_go_exactly(void **state)
{
    (void)state;
    enum { N = 300001, FIRST = 70003 };
    static const double shares[] = { 1e-5, 0.1, 0.5, 0.8, 0.99999, 1 };
    test_ctx t;
    pare_pool *pool = NULL;
    test_ctx_init(&t);
    assert_int_equal(pare_pool_new(&t.ctx, &pool, 3), PARE_OK);
    float *x = test_malloc(N * sizeof(*x)), *y = test_malloc(N * sizeof(*y));
    uint32_t *sorted = test_malloc(N * sizeof(*sorted));
    const pare_float_run runs[] = { { x, y, FIRST }, { x + FIRST, y + FIRST, N - FIRST } };
    for (int kind = 0; kind < 4; kind++) {
        for (uint64_t i = 0; i < N; i++) sorted[i] = size_of(x[i] = number(kind, i));
        qsort(sorted, N, sizeof(*sorted), by_size);
        for (size_t s = 0; s < sizeof(shares) / sizeof(shares[0]); s++) {
            const uint64_t k = (uint64_t)(shares[s] * N);
            assert_int_equal(pare_zero_smallest(&t.ctx, pool, pare_cut_of(pare_isa_best()),
                                                runs, 2, k), PARE_OK);
            const uint32_t threshold = sorted[k - 1];
            uint64_t equal = 0;
            for (uint64_t i = 0; i < k; i++) equal += sorted[i] == threshold;
            for (uint64_t i = 0; i < N; i++) {
                const uint32_t size = size_of(x[i]);
                const bool goes = size < threshold || (size == threshold && equal);
                equal -= goes && size == threshold;
                assert_true(goes ? size_of(y[i]) == 0 : y[i] == x[i]);
            }
        }
    }
    test_free(x);
    test_free(y);
    test_free(sorted);
    pare_pool_free(&t.ctx, pool);
    assert_int_equal(t.n_live, 0);
}

static void magnitude_needs_no_data(void **state)
{
    (void)state;
    test_ctx t;
    pare_sparse_report report;
    const pare_sparse_opts opts = { .sparsity = 0.4 };
    const int n = IN * HIDDEN + HIDDEN * MIDDLE + MIDDLE * OUT;
    float least = INFINITY;
    test_ctx_init(&t);
    pare_model *m = make_network(&t.ctx), *whole = make_network(&t.ctx);
    assert_int_equal(prune_with(&t.ctx, m, &opts, 1, &report), PARE_OK);
    assert_int_equal(report.criterion, PARE_SPARSE_MAGNITUDE);
    assert_int_equal(report.n, n);
    assert_int_equal(report.zeros, (int)nearbyint(0.4 * n));
    assert_int_equal(report.n_nodes, 3);
    assert_string_equal(report.nodes[1].name, "middle");
    assert_string_equal(report.nodes[1].op, "Gemm");
    assert_int_equal(report.nodes[1].zeros, count_zeros(m, "w2", HIDDEN * MIDDLE));
    for (int i = 0; i < IN * HIDDEN; i++) {
        const float w = fabsf(weights_of(m, "w1")[i]);
        if (w > 0 && w < least) least = w;
    }
    for (int i = 0; i < HIDDEN * MIDDLE; i++)
        if (weights_of(m, "w2")[i] == 0) assert_true(fabsf(weights_of(whole, "w2")[i]) <= least);
    pare_sparse_report_free(&t.ctx, &report);
    pare_model_free(&t.ctx, m);
    pare_model_free(&t.ctx, whole);
    assert_int_equal(t.n_live, 0);
}

static void second_order_beats_what_looks_at_weights_alone(void **state)
{
    (void)state;
    test_ctx t;
    double magnitude, wanda, second, unrepaired;
    test_ctx_init(&t);
    pare_sparse_opts opts = { .sparsity = 0.5, .criterion = PARE_SPARSE_MAGNITUDE,
                              .without_repair = true };
    pare_model_free(&t.ctx, pruned(&t.ctx, &opts, &magnitude));
    opts.criterion = PARE_SPARSE_WANDA;
    pare_model_free(&t.ctx, pruned(&t.ctx, &opts, &unrepaired));
    opts.without_repair = false;
    pare_model_free(&t.ctx, pruned(&t.ctx, &opts, &wanda));
    opts.criterion = PARE_SPARSE_SECOND_ORDER;
    pare_model *m = pruned(&t.ctx, &opts, &second);
    assert_int_equal(count_zeros(m, "w1", IN * HIDDEN) + count_zeros(m, "w2", HIDDEN * MIDDLE) +
                         count_zeros(m, "w3", MIDDLE * OUT),
                     (IN * HIDDEN + HIDDEN * MIDDLE + MIDDLE * OUT) / 2);
    assert_true(wanda < unrepaired);
    assert_true(second < wanda);
    assert_true(second < magnitude / 4);
    pare_model_free(&t.ctx, m);
    assert_int_equal(t.n_live, 0);
}

/* Rows of a MatMul's weights lie along its columns. */
static void two_of_four_in_every_row(void **state)
{
    (void)state;
    static const pare_sparse_criterion criteria[] = { PARE_SPARSE_AUTO, PARE_SPARSE_MAGNITUDE,
                                                      PARE_SPARSE_WANDA,
                                                      PARE_SPARSE_SECOND_ORDER };
    test_ctx t;
    double error;
    test_ctx_init(&t);
    for (size_t k = 0; k < 4; k++) {
        const pare_sparse_opts opts = { .pattern = { PARE_PATTERN_N_OF_M, 2, 4 },
                                        .criterion = criteria[k], .sparsity = 0.5 };
        pare_model *m = pruned(&t.ctx, &opts, &error);
        const float *w = weights_of(m, "w1");
        for (int o = 0; o < HIDDEN; o++)
            for (int i = 0; i < IN; i += 4) {
                int zeros = 0;
                for (int j = i; j < i + 4; j++) zeros += w[j * HIDDEN + o] == 0;
                assert_int_equal(zeros, 2);
            }
        pare_model_free(&t.ctx, m);
    }
    assert_int_equal(t.n_live, 0);
}

static void blocks_go_as_one(void **state)
{
    (void)state;
    test_ctx t;
    double error;
    const pare_sparse_opts opts = { .pattern = { PARE_PATTERN_BLOCK, 2, 4 }, .sparsity = 0.5,
                                    .criterion = PARE_SPARSE_SECOND_ORDER };
    test_ctx_init(&t);
    pare_model *m = pruned(&t.ctx, &opts, &error);
    const float *w = weights_of(m, "w2");
    int gone = 0;
    for (int o = 0; o < MIDDLE; o += 2)
        for (int i = 0; i < HIDDEN; i += 4) {
            int zeros = 0;
            for (int k = 0; k < 8; k++) zeros += w[(i + k % 4) * MIDDLE + o + k / 4] == 0;
            assert_true(zeros == 0 || zeros == 8);
            gone += zeros;
        }
    assert_true(gone > 0);
    pare_model_free(&t.ctx, m);
    assert_int_equal(t.n_live, 0);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    test_ctx t;
    char *texts[2];
    const pare_sparse_opts opts = { .sparsity = 0.6, .criterion = PARE_SPARSE_SECOND_ORDER };
    test_ctx_init(&t);
    for (uint32_t i = 0; i < 2; i++) {
        pare_sparse_report report;
        pare_model *m = make_network(&t.ctx);
        assert_int_equal(prune_with(&t.ctx, m, &opts, i ? 3 : 1, &report), PARE_OK);
        texts[i] = test_model_text(&t.ctx, m);
        pare_sparse_report_free(&t.ctx, &report);
        pare_model_free(&t.ctx, m);
    }
    assert_string_equal(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
}

static pare_status prune_once(pare_ctx *ctx, void *user)
{
    pare_model *m = NULL;
    pare_sparse_report report = { 0 };
    const pare_sparse_opts opts = { .sparsity = 0.5, .criterion = PARE_SPARSE_SECOND_ORDER };
    pare_status st = pare_model_clone(ctx, &m, user);
    if (!st) st = prune_with(ctx, m, &opts, 1, &report);
    pare_sparse_report_free(ctx, &report);
    pare_model_free(ctx, m);
    return st;
}

static pare_status prune_by_size(pare_ctx *ctx, void *user)
{
    pare_model *m = NULL;
    pare_sparse_report report = { 0 };
    const pare_sparse_opts opts = { .sparsity = 0.5 };
    pare_status st = pare_model_clone(ctx, &m, user);
    if (!st) st = prune_with(ctx, m, &opts, 1, &report);
    pare_sparse_report_free(ctx, &report);
    pare_model_free(ctx, m);
    return st;
}

static void memory_may_be_short(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *whole = make_network(&t.ctx);
    test_ctx_torture(prune_by_size, whole);
    test_ctx_torture(prune_once, whole);
    pare_model_free(&t.ctx, whole);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    test_ctx t;
    pare_sparse_report report;
    test_ctx_init(&t);
    pare_model *m = make_network(&t.ctx);
    pare_sparse_opts opts = { .sparsity = 1 };
    assert_int_equal(prune_with(&t.ctx, m, &opts, 1, &report), PARE_EUSAGE);
    assert_non_null(strstr(t.ctx.message, "above 0 and below 1"));
    pare_sparse_report_free(&t.ctx, &report);
    opts = (pare_sparse_opts){ .sparsity = 0.5, .criterion = PARE_SPARSE_WANDA };
    assert_int_equal(pare_prune_sparse(&t.ctx, m, &opts, &report), PARE_EUSAGE);
    assert_non_null(strstr(t.ctx.message, "criterion 'wanda' needs calibration data"));
    pare_sparse_report_free(&t.ctx, &report);
    pare_model_free(&t.ctx, m);
    m = test_model_parse(&t.ctx, "<ir_version: 8, opset_import: [\"\" : 17]>\n"
                                 "g (float[N,6] x) => (float[N,6] y) { y = Relu(x) }");
    opts = (pare_sparse_opts){ .sparsity = 0.5 };
    assert_int_equal(prune_with(&t.ctx, m, &opts, 1, &report), PARE_EUNSUPPORTED);
    assert_non_null(strstr(t.ctx.message, "no weights to prune"));
    pare_sparse_report_free(&t.ctx, &report);
    pare_model_free(&t.ctx, m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_are_read_and_written),
        cmocka_unit_test(the_smallest_go_exactly),
        cmocka_unit_test(the_smallest_of_many_go_exactly),
        cmocka_unit_test(magnitude_needs_no_data),
        cmocka_unit_test(second_order_beats_what_looks_at_weights_alone),
        cmocka_unit_test(two_of_four_in_every_row),
        cmocka_unit_test(blocks_go_as_one),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(memory_may_be_short),
        cmocka_unit_test(what_makes_no_sense_is_refused),
    };
    return test_run(tests);
}
