/* Values that stay between runs: training, a decoder's cache; what is updated in place. */
#include "ir/graph.h"
#include "op/sample.h"
#include "run/runner.h"
#include "support/models.h"
#include "support/plan.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <string.h>

enum { MAX_PAIRS = 4, N_RUNS = 20 };

/* Least squares by gradient descent with momentum. */
static const char training[] =
    "g (float[4,3] x, float[4,2] t, float[3,2] w, float[3,2] m, float[2] b)\n"
    "  => (float[4,2] e, float[3,2] w2, float[3,2] m2, float[2] b2)\n"
    "  <float r = {0.05}, float k = {0.9}, int64[1] a = {0}> {\n"
    "  p = MatMul (x, w)\n  y = Add (p, b)\n  e = Sub (y, t)\n  u = Transpose (x)\n"
    "  g1 = MatMul (u, e)\n  h = Mul (m, k)\n  m2 = Add (h, g1)\n  s = Mul (m2, r)\n"
    "  w2 = Sub (w, s)\n  c = ReduceSum <keepdims = 0> (e, a)\n  d = Mul (c, r)\n"
    "  b2 = Sub (b, d)\n}";

/* Attention to everything so far, the cache growing by a row in each run. */
static const char decoder[] =
    "g (float[1,2,1,8] q, float[1,2,1,8] k, float[1,2,1,8] v, float[1,2,N,8] ks, float[1,2,N,8] vs)"
    " => (float[1,2,1,8] y, float[1,2,M,8] ks2, float[1,2,M,8] vs2) {\n"
    "  ks2 = Concat <axis = 2> (ks, k)\n  vs2 = Concat <axis = 2> (vs, v)\n"
    "  kt = Transpose <perm = [0, 1, 3, 2]> (ks2)\n  s = MatMul (q, kt)\n  p = Softmax (s)\n"
    "  y = MatMul (p, vs2)\n}";

/* A cache of fixed size into which a row is scattered; its old content is an output as well. */
static const char ring[] =
    "g (float[1,4] x, int64[1,1] at, float[6,4] c) => (float[6,4] old, float[6,4] c2) {\n"
    "  c2 = ScatterND (c, at, x)\n  old = Identity (c)\n}";

/* Both states are the other's next; one is written over while it is still to be read. */
static const char swap[] =
    "g (float[5] x, float[5] a, float[5] b) => (float[5] a2, float[5] b2) {\n"
    "  c = Mul (a, x)\n  a2 = Add (b, c)\n  b2 = Sub (a, x)\n}";

typedef struct model_row {
    const char *graph;
    size_t n_pairs;
    const char *pairs[MAX_PAIRS][2];
    int64_t n_first;          /* size that symbols begin with */
    bool in_place[MAX_PAIRS];
    bool same_plan;
} model_row;

static const model_row rows[] = {
    { training, 3, { { "w", "w2" }, { "m", "m2" }, { "b", "b2" } }, 1, { true, true, true }, true },
    { decoder, 2, { { "ks", "ks2" }, { "vs", "vs2" } }, 0, { false, false }, false },
    { ring, 1, { { "c", "c2" } }, 1, { false }, true },
    { swap, 2, { { "a", "a2" }, { "b", "b2" } }, 1, { false, false }, true },
};

typedef struct bench {
    test_ctx t;
    pare_ctx *ctx;
    pare_model *model;
    pare_runner *runner;
    pare_persistent pairs[MAX_PAIRS];
    pare_eval_input *inputs;  /* of eval: all of them */
    size_t n;
} bench;

static void drop(const bench *b, pare_datum *out)
{
    pare_datums_free(b->ctx, out, b->model->graph->outputs.n);
}

static void start(bench *b, const model_row *row, const pare_runner_opts *more)
{
    char text[2048];
    test_ctx_init(&b->t);
    b->ctx = &b->t.ctx;
    snprintf(text, sizeof(text), "<ir_version: 10, opset_import: [\"\" : 20]>\n%s", row->graph);
    b->model = test_model_parse(b->ctx, text);
    const pare_binding sizes[] = { { .name = "N", .value = row->n_first }, { .name = NULL } };
    const pare_infer_opts shapes = { .dims = sizes };
    const pare_sample_opts sample = { .seed = 1, .quiet = true, .shapes = &shapes };
    assert_int_equal(pare_sample_inputs(b->ctx, &b->inputs, &b->n, b->model, &sample), PARE_OK);
    pare_runner_opts opts = more ? *more : (pare_runner_opts){ 0 };
    for (size_t i = 0; i < row->n_pairs; i++)
        b->pairs[i] = (pare_persistent){ pare_graph_find(b->model->graph, row->pairs[i][0]),
                                         pare_graph_find(b->model->graph, row->pairs[i][1]) };
    opts.persistent = b->pairs;
    opts.n_persistent = row->n_pairs;
    assert_int_equal(pare_runner_new(b->ctx, &b->runner, b->model, &opts), PARE_OK);
}

static void finish(bench *b)
{
    pare_runner_free(b->ctx, b->runner);
    pare_sample_free(b->ctx, b->inputs, b->n);
    pare_model_free(b->ctx, b->model);
    assert_int_equal(test_ctx_live_bytes(&b->t), 0);
}

static size_t pair_of_output(const bench *b, const model_row *row, size_t output)
{
    size_t i = 0;
    while (i < row->n_pairs && b->pairs[i].output != b->model->graph->outputs.items[output].value)
        i++;
    return i;
}

/* Inputs that are no state; in the first run all of them. */
static size_t choose(const bench *b, const model_row *row, bool is_first, pare_eval_input *out)
{
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++) {
        bool is_state = false;
        for (size_t k = 0; k < row->n_pairs; k++)
            is_state = is_state || !strcmp(b->inputs[i].name, row->pairs[k][0]);
        if (is_first || !is_state) out[n++] = b->inputs[i];
    }
    return n;
}

static void feed_back(bench *b, const char *name, const pare_datum *datum)
{
    for (size_t i = 0; i < b->n; i++) {
        if (strcmp(b->inputs[i].name, name) != 0) continue;
        pare_datum_drop(b->ctx, &b->inputs[i].datum);
        assert_int_equal(pare_datum_copy(b->ctx, &b->inputs[i].datum, datum), PARE_OK);
    }
}

/* One run of both; the outputs of the runner are the caller's. */
static pare_datum *step(bench *b, const model_row *row, bool is_first)
{
    pare_eval_input given[8];
    pare_datum *want = NULL;
    pare_datum *got = NULL;
    char why[512];
    const size_t n = choose(b, row, is_first, given);
    if (pare_eval_model(b->ctx, &want, b->model, b->inputs, b->n, NULL) ||
        pare_runner_run(b->ctx, &got, b->runner, NULL, given, n))
        fail_msg("%s: %s", row->graph, b->ctx->message);
    for (size_t i = 0; i < b->model->graph->outputs.n; i++) {
        const size_t k = pair_of_output(b, row, i);
        pare_datum seen = got[i];
        if (k < row->n_pairs) {
            assert_int_equal(got[i].kind, PARE_TYPE_NONE);
            seen.kind = PARE_TYPE_TENSOR;
            seen.tensor = (pare_tensor *)pare_runner_state(b->runner, b->pairs[k].input);
            assert_non_null(seen.tensor);
            feed_back(b, row->pairs[k][0], &want[i]);
        }
        if (!test_plan_same(&seen, &want[i], why, sizeof(why))) fail_msg("%s: %s", row->graph, why);
    }
    drop(b, want);
    return got;
}

static void runs_go_on_where_the_last_one_ended(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const model_row *row = &rows[i];
        const uint8_t *at[MAX_PAIRS] = { NULL };
        bench b;
        start(&b, row, NULL);
        for (int k = 0; k < N_RUNS; k++) {
            drop(&b, step(&b, row, k == 0));
            for (size_t p = 0; p < row->n_pairs; p++) {
                const pare_tensor *t = pare_runner_state(b.runner, b.pairs[p].input);
                if (k && row->in_place[p]) assert_ptr_equal(t->payload.data, at[p]);
                at[p] = t->payload.data;
            }
        }
        if (row->same_plan)
            assert_int_equal(pare_runner_stats_of(b.runner).n_planned, 1);
        finish(&b);
    }
}

/* What a run gave stays, even where it was a state's old content. */
static void outputs_are_not_written_over(void **state)
{
    (void)state;
    const model_row *row = &rows[2];
    pare_datum *kept[N_RUNS];
    float first[N_RUNS];
    bench b;
    start(&b, row, NULL);
    for (int k = 0; k < N_RUNS; k++) {
        kept[k] = step(&b, row, k == 0);
        memcpy(&first[k], kept[k][0].tensor->payload.data, sizeof(first[k]));
    }
    for (int k = 0; k < N_RUNS; k++) {
        assert_memory_equal(kept[k][0].tensor->payload.data, &first[k], sizeof(first[k]));
        drop(&b, kept[k]);
    }
    finish(&b);
}

/* The caller's tensors stay as they are. */
static void what_is_given_is_copied(void **state)
{
    (void)state;
    const model_row *row = &rows[0];
    bench b;
    start(&b, row, NULL);
    pare_tensor *w = pare_tensor_ref(b.inputs[2].datum.tensor);
    float before = 0, after = 0;
    memcpy(&before, w->payload.data, sizeof(before));
    drop(&b, step(&b, row, true));
    memcpy(&after, w->payload.data, sizeof(after));
    assert_memory_equal(&before, &after, sizeof(before));
    assert_int_equal(pare_runner_set_state(b.ctx, b.runner, b.pairs[0].input, w), PARE_OK);
    feed_back(&b, "w", &(pare_datum){ .kind = PARE_TYPE_TENSOR, .tensor = w });
    drop(&b, step(&b, row, false));
    pare_tensor_unref(w);
    finish(&b);
}

static pare_status refuse(void *user, pare_ctx *ctx, const pare_observed *seen)
{
    bool *refuses = user;
    return *refuses ? pare_fail(ctx, PARE_ECANCELED, "no more of %s", seen->name) : PARE_OK;
}

static void a_run_that_fails_loses_what_it_updates(void **state)
{
    (void)state;
    const model_row *row = &rows[0];
    bool refuses = false;
    pare_datum *out = NULL;
    pare_eval_input given[8];
    bench b;
    start(&b, row, NULL);
    const pare_value_id kept = pare_graph_find(b.model->graph, "e");
    const pare_runner_opts opts = { .kept = &kept, .n_kept = 1, .observe = refuse,
                                    .user = &refuses };
    finish(&b);
    start(&b, row, &opts);
    assert_int_equal(pare_runner_run(b.ctx, &out, b.runner, NULL, given,
                                     choose(&b, row, false, given)), PARE_EFORMAT);
    assert_non_null(strstr(b.ctx->message, "input 'w': expected a value, found none"));
    drop(&b, step(&b, row, true));
    refuses = true;
    const size_t n = choose(&b, row, false, given);
    assert_int_equal(pare_runner_run(b.ctx, &out, b.runner, NULL, given, n), PARE_ECANCELED);
    assert_null(out);
    refuses = false;
    assert_int_equal(pare_runner_run(b.ctx, &out, b.runner, NULL, given, n), PARE_EUSAGE);
    assert_non_null(strstr(b.ctx->message, "input 'w': what it held was lost in a run"));
    assert_null(pare_runner_state(b.runner, b.pairs[0].input));
    drop(&b, step(&b, row, true));
    finish(&b);
}

static void wrong_pairs_are_refused(void **state)
{
    (void)state;
    bench b;
    pare_runner *none = NULL;
    start(&b, &rows[0], NULL);
    pare_persistent pairs[] = { b.pairs[0], b.pairs[0] };
    const pare_runner_opts opts = { .persistent = pairs, .n_persistent = 2 };
    assert_int_equal(pare_runner_new(b.ctx, &none, b.model, &opts), PARE_EUSAGE);
    assert_string_equal(b.ctx->message, "input 'w': it or its output is persistent twice");
    pairs[1] = (pare_persistent){ b.pairs[1].output, b.pairs[1].input };
    assert_int_equal(pare_runner_new(b.ctx, &none, b.model, &opts), PARE_EUSAGE);
    pairs[1] = (pare_persistent){ b.pairs[1].input, b.pairs[1].input };
    assert_int_equal(pare_runner_new(b.ctx, &none, b.model, &opts), PARE_EUSAGE);
    assert_non_null(strstr(b.ctx->message, "expected an output that it is in the next run"));
    assert_int_equal(pare_runner_set_state(b.ctx, b.runner, 9999, b.inputs[0].datum.tensor),
                     PARE_EUSAGE);
    finish(&b);
}

static pare_status run_twice(pare_ctx *ctx, void *user)
{
    const bench *b = user;
    pare_runner *runner = NULL;
    const pare_runner_opts opts = { .persistent = b->pairs, .n_persistent = 3 };
    pare_status st = pare_runner_new(ctx, &runner, b->model, &opts);
    for (int k = 0; !st && k < 2; k++) {
        pare_datum *out = NULL;
        pare_eval_input given[8];
        const size_t n = choose(b, &rows[0], k == 0, given);
        st = pare_runner_run(ctx, &out, runner, NULL, given, n);
        pare_datums_free(ctx, out, b->model->graph->outputs.n);
    }
    pare_runner_free(ctx, runner);
    return st;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    bench b;
    start(&b, &rows[0], NULL);
    test_ctx_torture(run_twice, &b);
    finish(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_go_on_where_the_last_one_ended),
        cmocka_unit_test(outputs_are_not_written_over),
        cmocka_unit_test(what_is_given_is_copied),
        cmocka_unit_test(a_run_that_fails_loses_what_it_updates),
        cmocka_unit_test(wrong_pairs_are_refused),
        cmocka_unit_test(any_allocation_may_fail),
    };
    return test_run(tests);
}
