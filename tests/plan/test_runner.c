/* Runners: plans that are found again, kept values, limits, tensors that are replaced. */
#include "run/runner.h"
#include "ir/text.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char two_layers[] =
    "<ir_version: 8, opset_import: [\"\" : 17]>\n"
    "g (float[N,3] x) => (float[N,2] y)\n"
    "  <float[3,4] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, float[4,2] v = {1, 0, 0, 1, 1, 0,"
    " 0, 1}, float[4] b = {-100, 0, 0, 0}> {\n"
    "  h = MatMul (x, w)\n"
    "  s = Add (h, b)\n"
    "  r = Relu (s)\n"
    "  t = Transpose (r)\n"
    "  u = Transpose (t)\n"
    "  y = MatMul (u, v)\n"
    "}\n";

static const char branches[] =
    "<ir_version: 8, opset_import: [\"\" : 17]>\n"
    "g (float[N] x, int64 rate) => (float[M] y) <int64 fast = {16000}> {\n"
    "  c = Equal (rate, fast)\n"
    "  y = If (c) <then_branch = a () => (float[M] t) { t = Relu (x) },\n"
    "              else_branch = b () => (float[M] e) { e = Neg (x) }>\n"
    "}\n";

/* A model with a runner and an input x; the next run's output is in `out`. */
typedef struct bench {
    test_ctx t;
    pare_ctx *ctx;
    pare_model *model;
    pare_runner *runner;
    pare_datum *out;
} bench;

static void start(bench *b, const char *text, const pare_runner_opts *opts)
{
    test_ctx_init(&b->t);
    b->ctx = &b->t.ctx;
    b->out = NULL;
    assert_int_equal(pare_text_parse(b->ctx, &b->model, text), PARE_OK);
    assert_int_equal(pare_runner_new(b->ctx, &b->runner, b->model, opts), PARE_OK);
}

static void drop_outputs(bench *b)
{
    pare_datums_free(b->ctx, b->out, b->model->graph->outputs.n);
    b->out = NULL;
}

static void finish(bench *b)
{
    drop_outputs(b);
    pare_runner_free(b->ctx, b->runner);
    pare_model_free(b->ctx, b->model);
    assert_int_equal(test_ctx_live_bytes(&b->t), 0);
}

/* Runs on x of these dims, all elements `fill`, and, where rate is not 0, on that. */
static pare_status run(bench *b, uint32_t rank, const int64_t *dims, float fill, int64_t rate)
{
    pare_eval_input in[2] = { { .name = "x" }, { .name = "rate" } };
    drop_outputs(b);
    assert_int_equal(pare_tensor_new(b->ctx, &in[0].datum.tensor, PARE_FLOAT, rank, dims), PARE_OK);
    assert_int_equal(pare_tensor_from(b->ctx, &in[1].datum.tensor, PARE_INT64, 0, NULL, &rate),
                     PARE_OK);
    in[0].datum.kind = in[1].datum.kind = PARE_TYPE_TENSOR;
    for (int64_t i = 0; i < in[0].datum.tensor->n_elements; i++)
        ((float *)in[0].datum.tensor->owner->data)[i] = fill;
    const pare_status st = pare_runner_run(b->ctx, &b->out, b->runner, NULL, in, rate ? 2 : 1);
    pare_datum_drop(b->ctx, &in[0].datum);
    pare_datum_drop(b->ctx, &in[1].datum);
    return st;
}

static pare_status run_rows(bench *b, int64_t rows, float fill)
{
    return run(b, 2, (int64_t[]){ rows, 3 }, fill, 0);
}

static float first(const bench *b)
{
    return *(const float *)b->out[0].tensor->payload.data;
}

static pare_runner_stats stats(const bench *b)
{
    return pare_runner_stats_of(b->runner);
}

static void plans_are_found_again(void **state)
{
    (void)state;
    bench b;
    start(&b, two_layers, NULL);
    assert_int_equal(run_rows(&b, 2, 1), PARE_OK);
    assert_float_equal(first(&b), 0 + 21, 0); /* max(15 - 100, 0) + 21 */
    const uint64_t n_packed = stats(&b).n_packed;
    assert_int_equal(run_rows(&b, 2, 2), PARE_OK);
    assert_float_equal(first(&b), 42, 0);
    assert_int_equal(stats(&b).n_planned, 1);
    assert_int_equal(run_rows(&b, 5, 1), PARE_OK);
    assert_int_equal(b.out[0].tensor->dims[0], 5);
    assert_int_equal(run_rows(&b, 2, 1), PARE_OK);
    assert_int_equal(stats(&b).n_planned, 2);
    assert_int_equal(stats(&b).n_plans, 2);
    assert_int_equal(stats(&b).n_packed, n_packed);
    assert_int_equal(run_rows(&b, 0, 1), PARE_OK);
    assert_int_equal(b.out[0].tensor->dims[0], 0);
    finish(&b);
}

static void the_cache_has_a_limit(void **state)
{
    (void)state;
    bench b;
    start(&b, two_layers, &(pare_runner_opts){ .cache_bytes = 1 });
    for (int64_t rows = 1; rows < 20; rows++) {
        assert_int_equal(run_rows(&b, rows, 1), PARE_OK);
        assert_int_equal(stats(&b).n_plans, 1);
    }
    assert_int_equal(stats(&b).n_planned, 19);
    finish(&b);
}

static void wrong_inputs_are_refused(void **state)
{
    (void)state;
    bench b;
    start(&b, two_layers, NULL);
    assert_int_equal(run(&b, 2, (int64_t[]){ 2, 4 }, 1, 0), PARE_EFORMAT);
    assert_non_null(strstr(b.ctx->message, "input 'x': expected float[N,3], found float[2,4]"));
    assert_int_equal(run(&b, 2, (int64_t[]){ 2, 3 }, 1, 7), PARE_EFORMAT);
    assert_non_null(strstr(b.ctx->message, "input 'rate': the model has no input of this name"));
    assert_int_equal(pare_runner_run(b.ctx, &b.out, b.runner, NULL, NULL, 0), PARE_EFORMAT);
    assert_non_null(strstr(b.ctx->message, "input 'x': expected a value, found none"));
    finish(&b);
}

static void a_budget_refuses_before_running(void **state)
{
    (void)state;
    bench b;
    start(&b, two_layers, &(pare_runner_opts){ .max_memory_bytes = 1 << 20 });
    assert_int_equal(run_rows(&b, 10, 1), PARE_OK);
    assert_int_equal(run_rows(&b, 1000000, 1), PARE_EBUDGET);
    assert_non_null(strstr(b.ctx->message, "more than the 1.0 MiB of the memory budget; raise it"));
    assert_true(stats(&b).workspace_bytes < 1 << 20);
    assert_int_equal(run_rows(&b, 10, 1), PARE_OK);
    finish(&b);
    start(&b, two_layers, &(pare_runner_opts){ .max_memory_bytes = 100 });
    assert_int_equal(run_rows(&b, 1, 1), PARE_EBUDGET);
    assert_int_equal(stats(&b).n_packed, 0); /* nor is anything packed */
    finish(&b);
}

/* --- contents --------------------------------------------------------------------------------- */

static void inputs_choose_branches(void **state)
{
    (void)state;
    bench b;
    start(&b, branches, NULL);
    const int64_t dims[] = { 3 };
    assert_int_equal(run(&b, 1, dims, -2, 16000), PARE_OK);
    assert_float_equal(first(&b), 0, 0);
    assert_int_equal(stats(&b).n_plans, 1);
    assert_int_equal(stats(&b).n_planned, 2); /* for any rate, then for this one */
    assert_int_equal(run(&b, 1, dims, -2, 8000), PARE_OK);
    assert_float_equal(first(&b), 2, 0);
    assert_int_equal(stats(&b).n_planned, 3);
    assert_int_equal(run(&b, 1, dims, -3, 16000), PARE_OK);
    assert_float_equal(first(&b), 0, 0);
    assert_int_equal(stats(&b).n_planned, 3);
    for (int64_t rate = 1; rate < 100; rate++) /* it counts: one plan for all will do */
        assert_int_equal(run(&b, 1, dims, -2, rate), PARE_OK);
    assert_true(stats(&b).n_planned < 20);
    finish(&b);
}

/* --- kept values ------------------------------------------------------------------------------ */

typedef struct seen {
    char order[64];
    float firsts[16];
    size_t n;
} seen;

static pare_status look(void *user, pare_ctx *ctx, const pare_observed *value)
{
    seen *s = user;
    (void)ctx;
    assert_int_equal(value->dtype, PARE_FLOAT);
    assert_non_null(value->data);
    if (!strcmp(value->name, "t")) { /* a view: axes are ONNX's */
        assert_int_equal(value->dims[0], 4);
        assert_int_equal(value->dims[1], 2);
    }
    if (!strcmp(value->name, "h")) { /* row 1, column 3 of ones times w */
        const float *x = value->data;
        assert_float_equal(x[value->strides[0] + 3 * value->strides[1]], 24, 0);
    }
    s->order[s->n] = *value->name;
    s->firsts[s->n++] = *(const float *)value->data;
    return PARE_OK;
}

static pare_status refuse(void *user, pare_ctx *ctx, const pare_observed *value)
{
    (void)user;
    return pare_fail(ctx, PARE_ECANCELED, "seen enough of %s", value->name);
}

static void kept_values_are_shown(void **state)
{
    (void)state;
    bench b;
    seen s = { 0 };
    pare_value_id kept[6];
    static const char *const names[] = { "x", "b", "h", "s", "t", "y" };
    test_ctx_init(&b.t);
    start(&b, two_layers, NULL);
    for (size_t i = 0; i < 6; i++) kept[i] = pare_graph_find(b.model->graph, names[i]);
    pare_runner_free(b.ctx, b.runner);
    pare_runner_opts opts = { .kept = kept, .n_kept = 6, .observe = look, .user = &s };
    assert_int_equal(pare_runner_new(b.ctx, &b.runner, b.model, &opts), PARE_OK);
    assert_int_equal(run_rows(&b, 2, 1), PARE_OK);
    assert_float_equal(first(&b), 21, 0);
    assert_string_equal(s.order, "xbhsty");
    const float want[] = { 1, -100, 15, -85, 0, 21 };
    for (size_t i = 0; i < 6; i++) assert_float_equal(s.firsts[i], want[i], 0);
    pare_runner_free(b.ctx, b.runner);
    opts.observe = refuse;
    assert_int_equal(pare_runner_new(b.ctx, &b.runner, b.model, &opts), PARE_OK);
    assert_int_equal(run_rows(&b, 2, 1), PARE_ECANCELED);
    assert_string_equal(b.ctx->message, "seen enough of x");
    opts.kept = (pare_value_id[]){ 9999 };
    opts.n_kept = 1;
    pare_runner *none = NULL;
    assert_int_equal(pare_runner_new(b.ctx, &none, b.model, &opts), PARE_EUSAGE);
    finish(&b);
}

/* --- islands ---------------------------------------------------------------------------------- */

typedef struct meter {
    const bench *bench;
    size_t live_bytes;
} meter;

static pare_status measure(void *user, pare_ctx *ctx, const pare_observed *value)
{
    meter *m = user;
    (void)ctx;
    (void)value;
    m->live_bytes = (size_t)test_ctx_live_bytes(&m->bench->t);
    return PARE_OK;
}

enum { TALL = 40000 }; /* rows: one tensor is more than what plans of these chains take */

/* Bytes alive at the end of a chain whose every other node is left to eval. */
static size_t live_behind(int n)
{
    char text[4096];
    bench b;
    pare_value_id y = 0;
    meter m = { &b, 0 };
    size_t at = (size_t)snprintf(text, sizeof(text),
                                 "<ir_version: 8, opset_import: [\"\" : 17]>\n"
                                 "g (float[N,3] x) => (float[N,3] y) {\n  b0 = Neg (x)\n");
    for (int i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at,
                               "  a%d = Einsum <equation = \"ij->ij\"> (b%d)\n  b%d = Exp (a%d)\n",
                               i, i, i + 1, i);
    snprintf(text + at, sizeof(text) - at, "  y = Neg (b%d)\n}\n", n);
    start(&b, text, NULL);
    y = pare_graph_find(b.model->graph, "y");
    pare_runner_free(b.ctx, b.runner);
    const pare_runner_opts opts = { .kept = &y, .n_kept = 1, .observe = measure, .user = &m };
    assert_int_equal(pare_runner_new(b.ctx, &b.runner, b.model, &opts), PARE_OK);
    assert_int_equal(run_rows(&b, TALL, 1), PARE_OK);
    finish(&b);
    return m.live_bytes;
}

static void what_islands_gave_goes_when_it_was_read(void **state)
{
    (void)state;
    const size_t one = live_behind(1), tensor = (size_t)TALL * 3 * sizeof(float);
    assert_true(one > 2 * tensor); /* x, y */
    assert_true(live_behind(6) < one + tensor);
}

/* --- variables -------------------------------------------------------------------------------- */

static void replacing_a_tensor_packs_it_alone(void **state)
{
    (void)state;
    bench b;
    start(&b, two_layers, NULL);
    pare_value_id w = pare_graph_find(b.model->graph, "w");
    pare_runner_free(b.ctx, b.runner);
    const pare_runner_opts opts = { .variable = &w, .n_variable = 1 };
    assert_int_equal(pare_runner_new(b.ctx, &b.runner, b.model, &opts), PARE_OK);
    assert_int_equal(run_rows(&b, 2, 1), PARE_OK);
    const pare_runner_stats before = stats(&b);
    assert_true(before.n_packed >= 2);
    pare_tensor *zeros = NULL;
    const int64_t dims[] = { 3, 4 };
    assert_int_equal(pare_tensor_new(b.ctx, &zeros, PARE_FLOAT, 2, dims), PARE_OK);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(pare_runner_set_tensor(b.ctx, b.runner, w, zeros), PARE_OK);
        assert_int_equal(run_rows(&b, 2, 1), PARE_OK);
        assert_float_equal(first(&b), 0, 0);
        assert_int_equal(stats(&b).n_packed, before.n_packed + (uint64_t)i + 1);
        assert_int_equal(stats(&b).pack_bytes, before.pack_bytes);
        assert_int_equal(stats(&b).n_planned, before.n_planned);
    }
    const pare_value_id v = pare_graph_find(b.model->graph, "v");
    assert_int_equal(pare_runner_set_tensor(b.ctx, b.runner, v, zeros), PARE_EUSAGE);
    pare_tensor_unref(zeros);
    assert_int_equal(pare_tensor_new(b.ctx, &zeros, PARE_FLOAT, 1, dims), PARE_OK);
    assert_int_equal(pare_runner_set_tensor(b.ctx, b.runner, w, zeros), PARE_EUSAGE);
    pare_tensor_unref(zeros);
    finish(&b);
}

/* --- measuring, levels ------------------------------------------------------------------------ */

static void steps_are_measured(void **state)
{
    (void)state;
    bench b;
    const double *seconds = NULL;
    start(&b, two_layers, NULL);
    assert_int_equal(pare_runner_steps(b.runner, &seconds), 0);
    pare_runner_measure(b.runner);
    assert_int_equal(run_rows(&b, 2, 1), PARE_OK);
    const size_t n = pare_runner_steps(b.runner, &seconds);
    assert_true(n >= 2);
    assert_non_null(seconds);
    for (size_t i = 0; i < n; i++) {
        assert_true(seconds[i] >= 0);
        assert_non_null(pare_runner_step_at(b.runner, i).kernel);
    }
    finish(&b);
}

static void the_environment_chooses_a_level(void **state)
{
    (void)state;
    const pare_kernels *kernels = NULL;
    test_ctx t;
    test_ctx_init(&t);
    setenv("PARE_ISA", "scalar", 1);
    assert_int_equal(pare_plan_kernels(&t.ctx, &kernels), PARE_OK);
    assert_int_equal(kernels->isa, PARE_ISA_SCALAR);
    setenv("PARE_ISA", "sse9", 1);
    assert_int_equal(pare_plan_kernels(&t.ctx, &kernels), PARE_EUSAGE);
    assert_non_null(strstr(t.ctx.message, "found 'sse9'"));
    unsetenv("PARE_ISA");
    assert_int_equal(pare_plan_kernels(&t.ctx, &kernels), PARE_OK);
    assert_int_equal(kernels->isa, pare_isa_best());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_are_found_again),
        cmocka_unit_test(the_cache_has_a_limit),
        cmocka_unit_test(wrong_inputs_are_refused),
        cmocka_unit_test(a_budget_refuses_before_running),
        cmocka_unit_test(inputs_choose_branches),
        cmocka_unit_test(kept_values_are_shown),
        cmocka_unit_test(what_islands_gave_goes_when_it_was_read),
        cmocka_unit_test(replacing_a_tensor_packs_it_alone),
        cmocka_unit_test(steps_are_measured),
        cmocka_unit_test(the_environment_chooses_a_level),
    };
    return test_run(tests);
}
