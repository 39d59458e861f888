/* Pruning whole small networks, and what removal is said to cost. */
#include "prune/channels.h"

#include "op/eval.h"
#include "prune/second_order.h"
#include "support/memory_data.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { IN = 6, HIDDEN = 8, MIDDLE = 4, OUT = 3, SAMPLES = 200, STRIDE = 331 };

static const int64_t sample_dims[] = { 1, IN };

static float sample_at(uint64_t sample, int64_t i)
{
    return (float)((sample * 37 + (uint64_t)i * 101 + sample * sample * 13) % 223) / 111 - 1;
}

/* --- a network, two of whose hidden channels are others' copies ------------------------------- */

static float weight_at(int layer, int row, int col)
{
    return (float)((layer * 71 + row * 29 + col * 53 + row * col * 7) % 101) / 50 - 1;
}

/* Weights of a layer [rows, cols]; columns 3 and 5 of the first are 2 and 1 times columns 1 and
 * 0. */
static size_t add_weights(char *text, size_t at, size_t n, int layer, int rows, int cols)
{
    at += (size_t)snprintf(text + at, n - at, "float[%d,%d] w%d = {", rows, cols, layer);
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < cols; c++) {
            const bool is_first = layer == 1;
            const int from = is_first && c == 3 ? 1 : is_first && c == 5 ? 0 : c;
            const float w = weight_at(layer, r, from) * (is_first && c == 3 ? 2 : 1);
            at += (size_t)snprintf(text + at, n - at, "%s%.9g", r || c ? ", " : "", (double)w);
        }
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
             ", float[%d] b = {0.1, -0.2, 0.3, 0}> {\n"
             "  h = MatMul(x, w1)\n  hr = Relu(h)\n  m = Gemm(hr, w2, b)\n  mr = Relu(m)\n"
             "  y = MatMul(mr, w3)\n}\n", MIDDLE);
    return test_model_parse(ctx, text);
}

/* Outputs for a sample, to out [OUT]. */
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

static double difference(pare_ctx *ctx, const pare_model *a, const pare_model *b)
{
    double noise = 0, signal = 0;
    for (uint64_t s = 0; s < 50; s++) {
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

static pare_status prune(pare_ctx *ctx, pare_model *m, double macs, uint32_t threads,
                         pare_prune_repair repair, pare_prune_report *report)
{
    test_memory_data memory;
    pare_pool *pool = NULL;
    const int64_t one[] = { 1, IN };
    const pare_input_shape shape = { "x", 2, one };
    const pare_infer_opts shapes = { .inputs = &shape, .n_inputs = 1 };
    test_memory_data_init(&memory, SAMPLES, 2, sample_dims, sample_at);
    *report = (pare_prune_report){ 0 };
    PARE_TRY(pare_pool_new(ctx, &pool, threads));
    const pare_prune_opts opts = { .limit = macs, .data = &memory.data, .pool = pool,
                                   .shapes = &shapes,
                                   .repair = repair };
    const pare_status st = pare_prune_channels(ctx, m, &opts, report);
    pare_pool_free(ctx, pool);
    return st;
}

static int64_t columns(const pare_model *m, const char *name)
{
    return m->values[pare_graph_find(m->graph, name)].tensor->dims[1];
}

static void copies_go_and_are_made_up_for(void **state)
{
    (void)state;
    test_ctx t;
    pare_prune_report report;
    test_ctx_init(&t);
    pare_model *whole = make_network(&t.ctx), *bare = make_network(&t.ctx);
    pare_model *small = make_network(&t.ctx);
    assert_int_equal(prune(&t.ctx, small, 0.79, 1, PARE_PRUNE_REPAIR_AUTO, &report), PARE_OK);
    assert_int_equal(columns(small, "w1"), HIDDEN - 2);
    assert_int_equal(columns(small, "w2"), MIDDLE);
    assert_int_equal(report.n_widths, 2);
    assert_string_equal(report.widths[0].name, "h");
    assert_int_equal(report.widths[0].after, HIDDEN - 2);
    assert_true(report.widths[0].error < 1e-2);
    assert_true(report.macs_left <= 0.79 && report.macs_left > 0.7);
    assert_true(report.n_repaired > 0);
    assert_true(difference(&t.ctx, small, whole) < 1e-2);
    pare_prune_report_free(&t.ctx, &report);

    assert_int_equal(prune(&t.ctx, bare, 0.79, 1, PARE_PRUNE_REPAIR_NONE, &report), PARE_OK);
    assert_true(difference(&t.ctx, bare, whole) > 0.1); /* so it was repair */
    pare_prune_report_free(&t.ctx, &report);
    pare_model_free(&t.ctx, whole);
    pare_model_free(&t.ctx, bare);
    pare_model_free(&t.ctx, small);
    assert_int_equal(t.n_live, 0);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    test_ctx t;
    char *texts[2];
    test_ctx_init(&t);
    for (uint32_t i = 0; i < 2; i++) {
        pare_prune_report report;
        pare_model *m = make_network(&t.ctx);
        assert_int_equal(prune(&t.ctx, m, 0.5, i ? 3 : 1, PARE_PRUNE_REPAIR_AUTO,
                               &report), PARE_OK);
        texts[i] = test_model_text(&t.ctx, m);
        pare_prune_report_free(&t.ctx, &report);
        pare_model_free(&t.ctx, m);
    }
    assert_string_equal(texts[0], texts[1]);
    free(texts[0]);
    free(texts[1]);
}

static pare_status prune_once(pare_ctx *ctx, const pare_model *whole)
{
    pare_model *m = NULL;
    pare_prune_report report = { 0 };
    pare_status st = pare_model_clone(ctx, &m, whole);
    if (!st) st = prune(ctx, m, 0.79, 1, PARE_PRUNE_REPAIR_AUTO, &report);
    pare_prune_report_free(ctx, &report);
    pare_model_free(ctx, m);
    return st;
}

static void memory_may_be_short(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *whole = make_network(&t.ctx);
    for (int64_t nth = 0;; nth += STRIDE) {
        test_ctx starved;
        test_ctx_init(&starved);
        test_ctx_fail_at(&starved, nth);
        const pare_status st = prune_once(&starved.ctx, whole);
        assert_int_equal(test_ctx_live_bytes(&starved), 0);
        if (!starved.failed) break;
        assert_true(st == PARE_ENOMEM || !st); /* inference does without what it cannot hold */
    }
    pare_model_free(&t.ctx, whole);
}

static void networks_without_channels_are_refused(void **state)
{
    (void)state;
    test_ctx t;
    pare_prune_report report;
    test_ctx_init(&t);
    pare_model *m = test_model_parse(&t.ctx, "<ir_version: 8, opset_import: [\"\" : 17]>\n"
                                             "g (float[N,6] x) => (float[N,6] y) "
                                             "{ y = Relu(x) }");
    assert_int_equal(prune(&t.ctx, m, 0.5, 1, PARE_PRUNE_REPAIR_AUTO, &report), PARE_EUNSUPPORTED);
    assert_non_null(strstr(t.ctx.message, "no channel can go"));
    pare_prune_report_free(&t.ctx, &report);
    pare_model_free(&t.ctx, m);
}

/* --- budgets, criteria, kinds of repair ------------------------------------------------------- */

static const int64_t one_row[] = { 1, IN };
static const pare_input_shape one_sample = { "x", 2, one_row };
static const pare_infer_opts one_at_a_time = { .inputs = &one_sample, .n_inputs = 1 };

/* Prunes a new network; the caller frees both. */
static pare_status prune_with(pare_ctx *ctx, pare_model **m, pare_prune_opts opts, bool with_data,
                              pare_prune_report *report)
{
    test_memory_data memory;
    pare_pool *pool = NULL;
    test_memory_data_init(&memory, SAMPLES, 2, sample_dims, sample_at);
    *m = make_network(ctx);
    assert_int_equal(pare_pool_new(ctx, &pool, 1), PARE_OK);
    opts.data = with_data ? &memory.data : NULL;
    opts.pool = pool;
    opts.shapes = &one_at_a_time;
    const pare_status st = pare_prune_channels(ctx, *m, &opts, report);
    pare_pool_free(ctx, pool);
    return st;
}

/* Counts weights. */
static pare_status weights_of(void *user, pare_ctx *ctx, const pare_model *m, double *figure)
{
    (void)ctx;
    ++*(int *)user;
    *figure = (double)(IN * columns(m, "w1") + columns(m, "w1") * columns(m, "w2") +
                       columns(m, "w2") * OUT);
    return PARE_OK;
}

static void any_figure_is_a_budget(void **state)
{
    (void)state;
    test_ctx t;
    pare_prune_report report;
    pare_model *m;
    int n_asked = 0;
    test_ctx_init(&t);
    /* 48 + 32 + 12 weights: a hidden channel has 10, a middle one 11. */
    const pare_prune_opts opts = { .limit = 72.5 / 92, .cost = weights_of,
                                   .cost_user = &n_asked };
    assert_int_equal(prune_with(&t.ctx, &m, opts, true, &report), PARE_OK);
    const double left = (double)(6 * columns(m, "w1") + columns(m, "w1") * columns(m, "w2") +
                                 3 * columns(m, "w2"));
    assert_true(n_asked > 2);
    assert_true(left <= 72.5 && left + 10 > 72.5); /* nothing can be given back */
    assert_true(fabs(report.left - left / 92) < 1e-9);
    for (size_t i = 0; i < report.n_widths; i++)
        assert_true(report.widths[i].bare + 1e-9 >= report.widths[i].error);
    assert_int_equal(report.criterion, PARE_PRUNE_SECOND_ORDER);
    assert_int_equal(report.repair, PARE_PRUNE_REPAIR_LEAST_SQUARES);
    pare_prune_report_free(&t.ctx, &report);
    pare_model_free(&t.ctx, m);
    assert_int_equal(t.n_live, 0);
}

static uint32_t all_but_one_of_hidden(void *user, const pare_model *m, const pare_axes_found *axes,
                                      uint32_t group)
{
    (void)user;
    return strcmp(pare_axes_group_name(m, axes, group), "h") ? 1 : HIDDEN - 1;
}

static void floors_hold(void **state)
{
    (void)state;
    test_ctx t;
    pare_prune_report report;
    pare_model *m;
    test_ctx_init(&t);
    const pare_prune_opts opts = { .limit = 0.1, .least = all_but_one_of_hidden };
    assert_int_equal(prune_with(&t.ctx, &m, opts, true, &report), PARE_OK);
    assert_int_equal(columns(m, "w1"), HIDDEN - 1);
    assert_int_equal(columns(m, "w2"), 1);
    assert_true(report.left > 0.1); /* as little as may be */
    pare_prune_report_free(&t.ctx, &report);
    pare_model_free(&t.ctx, m);
}

static void criteria_need_what_they_need(void **state)
{
    (void)state;
    static const struct { pare_prune_criterion id; bool needs_data; } all[] = {
        { PARE_PRUNE_L1, false }, { PARE_PRUNE_L2, false }, { PARE_PRUNE_BN_SCALE, false },
        { PARE_PRUNE_FPGM, false }, { PARE_PRUNE_ACTIVATION, true },
        { PARE_PRUNE_SECOND_ORDER, true },
    };
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        const pare_prune_opts opts = { .limit = 0.7, .criterion = all[i].id };
        for (int with_data = 0; with_data < 2; with_data++) {
            pare_prune_report report;
            pare_model *m;
            const pare_status st = prune_with(&t.ctx, &m, opts, with_data, &report);
            assert_int_equal(st, with_data || !all[i].needs_data ? PARE_OK : PARE_EUSAGE);
            if (!st) assert_true(report.macs_left <= 0.7 && report.macs_left > 0.5);
            if (!st) assert_int_equal(report.criterion, all[i].id);
            pare_prune_report_free(&t.ctx, &report);
            pare_model_free(&t.ctx, m);
        }
    }
    assert_int_equal(t.n_live, 0);
}

/* Error after pruning by l2, so that only the repair differs. */
static double error_with(test_ctx *t, pare_prune_repair repair)
{
    pare_prune_report report;
    pare_model *m, *whole = make_network(&t->ctx);
    const pare_prune_opts opts = { .limit = 0.75, .criterion = PARE_PRUNE_L2, .repair = repair };
    assert_int_equal(prune_with(&t->ctx, &m, opts, true, &report), PARE_OK);
    const double error = difference(&t->ctx, m, whole);
    pare_prune_report_free(&t->ctx, &report);
    pare_model_free(&t->ctx, m);
    pare_model_free(&t->ctx, whole);
    return error;
}

static void repair_helps(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    const double none = error_with(&t, PARE_PRUNE_REPAIR_NONE);
    const double statistics = error_with(&t, PARE_PRUNE_REPAIR_STATS);
    const double solved = error_with(&t, PARE_PRUNE_REPAIR_LEAST_SQUARES);
    assert_true(statistics < none);
    assert_true(solved < statistics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_go_and_are_made_up_for),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(memory_may_be_short),
        cmocka_unit_test(networks_without_channels_are_refused),
        cmocka_unit_test(any_figure_is_a_budget),
        cmocka_unit_test(floors_hold),
        cmocka_unit_test(criteria_need_what_they_need),
        cmocka_unit_test(repair_helps),
    };
    return test_run(tests);
}
