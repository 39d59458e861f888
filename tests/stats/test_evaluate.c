/* Evaluation over data in memory: what it adds up, what it refuses, and that neither threads nor
 * failing allocations change anything. */
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include "ir/text.h"
#include "stats/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { WIDTH = 4 };

/* Samples x of WIDTH floats each, and their classes. */
typedef struct memory {
    uint64_t n;
    const float *x;            /* [n, WIDTH]; NULL: made of the number of the sample */
    const int64_t *labels;     /* [n]; NULL: that number modulo WIDTH */
    uint64_t skipped, failing; /* samples; UINT64_MAX: none */
    bool expects, has_golden;
    float golden;              /* first element of the golden output */
} memory;

static float element(const memory *m, uint64_t sample, int i)
{
    if (m->x) return m->x[sample * WIDTH + (uint64_t)i];
    return (float)((sample * 7 + (uint64_t)i * 5) % 11) / 4 + (i == (int)(sample % WIDTH));
}

static pare_status make(const memory *m, pare_ctx *ctx, uint64_t sample, pare_tensor **out)
{
    static const int64_t dims[] = { 1, WIDTH };
    float x[WIDTH];
    for (int i = 0; i < WIDTH; i++) x[i] = element(m, sample, i);
    return pare_tensor_from(ctx, out, PARE_FLOAT, 2, dims, x);
}

static pare_status load(void *self, pare_ctx *ctx, uint64_t sample, pare_tensor **out)
{
    const memory *m = self;
    if (sample == m->failing) return pare_fail(ctx, PARE_EFORMAT, "row %d: cut short", (int)sample);
    out[0] = NULL;
    return sample == m->skipped ? PARE_OK : make(m, ctx, sample, out);
}

static int64_t label(void *self, uint64_t sample)
{
    const memory *m = self;
    return m->labels ? m->labels[sample] : (int64_t)(sample % WIDTH);
}

static pare_status expected(void *self, pare_ctx *ctx, uint64_t sample, size_t output,
                            pare_tensor **out)
{
    (void)output;
    return make(self, ctx, sample, out);
}

static pare_status golden(void *self, pare_ctx *ctx, pare_tensor **out, pare_tensor **output)
{
    static const int64_t dims[] = { 1, WIDTH };
    const memory *m = self;
    const float y[WIDTH] = { m->golden, element(m, 0, 1), element(m, 0, 2), element(m, 0, 3) };
    PARE_TRY(make(m, ctx, 0, out));
    return pare_tensor_from(ctx, output, PARE_FLOAT, 2, dims, y);
}

static const char *name(void *self, uint64_t sample, char *out, size_t out_bytes)
{
    (void)self;
    snprintf(out, out_bytes, "row %d", (int)sample);
    return out;
}

static const char *const inputs[] = { "" };
static const bool has_batch[] = { true };

static pare_dataset dataset_of(memory *m)
{
    return (pare_dataset){
        .n = m->n, .n_inputs = 1, .inputs = inputs, .has_batch = has_batch, .has_labels = true,
        .self = m, .load = load, .label = label, .name = name,
        .expected = m->expects ? expected : NULL, .golden = m->has_golden ? golden : NULL,
        .golden_sample = m->has_golden ? "cat" : NULL,
    };
}

static memory memory_of(uint64_t n)
{
    return (memory){ .n = n, .skipped = UINT64_MAX, .failing = UINT64_MAX };
}

#define HEAD "<ir_version: 8, opset_import: [\"\" : 13]>\n"
#define IDENTITY HEAD "g (float[N,4] x) => (float[N,4] y) {\ny = Identity(x)\n}\n"
/* Halves the second class: changes answers where it was the largest. */
#define BIASED \
    HEAD "g (float[N,4] x) => (float[N,4] y) <float[4] w = {1, 0.5, 1, 1}> {\ny = Mul(x, w)\n}\n"
#define LOGARITHM HEAD "g (float[N,4] x) => (float[N,4] y) {\ny = Log(x)\n}\n"
#define SOFTMAX HEAD "g (float[N,4] x) => (float[N,4] y) {\ny = Softmax<axis = 1>(x)\n}\n"
#define ROOT HEAD "g (float[N,4] z) => (float[N,4] out) {\nout = Sqrt(z)\n}\n"

typedef struct job {
    memory memory;
    const char *model, *reference;
    uint32_t n_threads;
    pare_evaluate_opts opts;
    pare_evaluation result;
} job;

static pare_status evaluate(pare_ctx *ctx, void *user)
{
    job *j = user;
    pare_model *model = NULL, *reference = NULL;
    pare_pool *pool = NULL;
    const pare_dataset data = dataset_of(&j->memory);
    pare_status st = PARE_OK;
    if (j->model) st = pare_text_parse(ctx, &model, j->model);
    if (!st && j->reference) st = pare_text_parse(ctx, &reference, j->reference);
    if (!st && j->n_threads > 1) st = pare_pool_new(ctx, &pool, j->n_threads);
    pare_evaluate_opts opts = j->opts;
    opts.data = &data;
    opts.reference = reference;
    opts.pool = pool;
    opts.metrics = (1u << PARE_N_SCORES) - 1;
    if (!st) st = pare_evaluate(ctx, &j->result, model, &opts);
    pare_pool_free(ctx, pool);
    pare_model_free(ctx, model);
    pare_model_free(ctx, reference);
    return st;
}

/* Evaluates on a plain context and expects success. */
static void expect_ok(job *j)
{
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    if (evaluate(&ctx, j)) fail_msg("%s", ctx.message);
}

static void expect_failure(job *j, pare_status want, const char *text)
{
    test_ctx t;
    test_ctx_init(&t);
    const pare_status st = evaluate(&t.ctx, j);
    if (st != want || !strstr(t.ctx.message, text))
        fail_msg("status %d: %s\nexpected %d: %s", st, t.ctx.message, want, text);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* --- what it adds up -------------------------------------------------------------------------- */

static int64_t best_of(const memory *m, uint64_t sample, float scale)
{
    int best = 0;
    for (int i = 1; i < WIDTH; i++)
        if (element(m, sample, i) * (i == 1 ? scale : 1) >
            element(m, sample, best) * (best == 1 ? scale : 1)) best = i;
    return best;
}

static void counts(void **state)
{
    (void)state;
    job j = { .memory = memory_of(101), .model = BIASED, .reference = IDENTITY };
    uint64_t hits[2] = { 0 }, broken = 0, repaired = 0, changed = 0;
    expect_ok(&j);
    for (uint64_t s = 0; s < j.memory.n; s++) {
        const int64_t after = best_of(&j.memory, s, 0.5f), before = best_of(&j.memory, s, 1);
        const int64_t right = (int64_t)(s % WIDTH);
        hits[0] += after == right;
        hits[1] += before == right;
        broken += before == right && after != right;
        repaired += before != right && after == right;
        changed += before != after;
    }
    const pare_evaluation *r = &j.result;
    assert_true(broken && repaired);
    assert_int_equal(r->n, 101);
    assert_int_equal(r->model.hits, hits[0]);
    assert_int_equal(r->reference.hits, hits[1]);
    assert_int_equal(r->pairs.n, 101);
    assert_int_equal(r->pairs.broken, broken);
    assert_int_equal(r->pairs.repaired, repaired);
    assert_int_equal(r->n_changed, changed);
    assert_true(r->model.values[PARE_SCORE_TOP1].value == (double)hits[0] / 101);
    assert_true(r->model.values[PARE_SCORE_AGREEMENT].value == (101 - (double)changed) / 101);
    assert_true(fabs(r->drop.drop - 100 * ((double)broken - (double)repaired) / 101) < 1e-12);
    assert_false(r->bounded_by_agreement);
    assert_true(isfinite(r->model.values[PARE_SCORE_SQNR].value));
    assert_int_equal(r->n_worst, PARE_N_WORST);
    for (size_t i = 1; i < r->n_worst; i++)
        assert_true(r->worst[i - 1].badness >= r->worst[i].badness);
}

static bool equal_numbers(const pare_evaluation *a, const pare_evaluation *b)
{
    return memcmp(&a->model, &b->model, sizeof(a->model)) == 0 &&
           memcmp(&a->reference, &b->reference, sizeof(a->reference)) == 0 &&
           memcmp(&a->drop, &b->drop, sizeof(a->drop)) == 0 &&
           memcmp(&a->loss_change, &b->loss_change, sizeof(a->loss_change)) == 0 &&
           memcmp(a->worst, b->worst, sizeof(a->worst)) == 0;
}

static pare_status count_seen(void *user, pare_ctx *ctx, const pare_evaluated *seen)
{
    uint64_t *n = user;
    if (seen->sample != *n || !seen->inputs || !seen->output || !seen->reference)
        return pare_fail(ctx, PARE_EIO, "out of turn");
    (*n)++;
    return PARE_OK;
}

static void threads_change_nothing(void **state)
{
    (void)state;
    job one = { .memory = memory_of(333), .model = BIASED, .reference = SOFTMAX };
    expect_ok(&one);
    for (uint32_t n = 2; n <= 5; n++) {
        uint64_t n_seen = 0;
        job many = one;
        many.n_threads = n;
        many.opts = (pare_evaluate_opts){ .seen = count_seen, .user = &n_seen,
                                          .keep_inputs = true };
        expect_ok(&many);
        assert_true(equal_numbers(&one.result, &many.result));
        assert_int_equal(n_seen, 333);
    }
}

static void without_labels(void **state)
{
    (void)state;
    const int64_t none[] = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1 };
    job j = { .memory = memory_of(10), .model = BIASED, .reference = IDENTITY };
    j.memory.labels = none;
    expect_ok(&j);
    assert_int_equal(j.result.n_unlabelled, 10);
    assert_int_equal(j.result.pairs.n, 0);
    assert_int_equal(j.result.model.values[PARE_SCORE_TOP1].n, 0);
    assert_true(j.result.bounded_by_agreement);
    assert_true(j.result.drop.drop == 10 * (double)j.result.n_changed);
}

/* Inputs by position when there is one, outputs likewise. */
static void other_names(void **state)
{
    (void)state;
    job j = { .memory = memory_of(20), .model = IDENTITY, .reference = ROOT };
    expect_ok(&j);
    assert_int_equal(j.result.n_changed, 0);
}

static void probabilities_are_noticed(void **state)
{
    (void)state;
    job j = { .memory = memory_of(20), .model = SOFTMAX, .reference = IDENTITY };
    expect_ok(&j);
    assert_true(j.result.model.is_probability);
    assert_false(j.result.reference.is_probability);
    assert_true(fabs(j.result.model.values[PARE_SCORE_KL].value) < 1e-6);
}

static void data_may_expect(void **state)
{
    (void)state;
    job j = { .memory = memory_of(20), .model = BIASED };
    j.memory.expects = true;
    expect_ok(&j);
    assert_true(j.result.is_expected && j.result.has_reference);
    assert_true(isfinite(j.result.model.values[PARE_SCORE_SQNR].value));
}

/* What the first node makes differs by half of its second element, what the second one makes by
 * nothing where that is not the largest. */
#define TWO_NODES(weight) \
    HEAD "g (float[N,4] x) => (float[N,1] y) <float[4] w = {1, " weight ", 1, 1}> {\n" \
         "h = Mul(x, w)\ny = ReduceMax<axes = [1]>(h)\n}\n"

static pare_status evaluate_layers(pare_ctx *ctx, void *user)
{
    job *j = user;
    pare_layer_noise layers = { 0 };
    j->opts.layers = &layers;
    const pare_status st = evaluate(ctx, j);
    if (!st) {
        double noise = 0, signal = 0;
        for (uint64_t s = 0; s < j->memory.n; s++) {
            for (int i = 0; i < WIDTH; i++) {
                const double x = element(&j->memory, s, i);
                noise += i == 1 ? x * x / 4 : 0;
                signal += x * x;
            }
        }
        assert_int_equal(layers.n_rows, 2);
        assert_int_equal(layers.n_samples, j->memory.n);
        assert_int_equal(layers.rows[0].n, j->memory.n);
        assert_true(layers.rows[0].noise == noise && layers.rows[0].signal == signal);
        assert_true(layers.rows[1].noise > 0);
        assert_true(fabs(pare_layer_noise_db(&layers.rows[0]) - 10 * log10(signal / noise)) < 1e-9);
    }
    pare_layer_noise_free(ctx, &layers);
    return st;
}

static void layers(void **state)
{
    (void)state;
    int64_t none[40];
    memset(none, 0xff, sizeof(none));
    job j = { .memory = memory_of(40), .model = TWO_NODES("0.5"), .reference = TWO_NODES("1") };
    pare_ctx ctx;
    j.memory.labels = none;
    for (j.n_threads = 1; j.n_threads <= 3; j.n_threads++) {
        pare_ctx_init(&ctx, NULL);
        if (evaluate_layers(&ctx, &j)) fail_msg("%s", ctx.message);
    }
    j.n_threads = 1;
    j.memory.n = 6;
    assert_true(test_ctx_torture(evaluate_layers, &j) > 50);
}

static void predictions(void **state)
{
    (void)state;
    static const float x[] = { 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1 };
    static const int64_t dims[] = { 3, WIDTH };
    pare_ctx ctx;
    pare_tensor *t = NULL;
    pare_ctx_init(&ctx, NULL);
    assert_int_equal(pare_tensor_from(&ctx, &t, PARE_FLOAT, 2, dims, x), PARE_OK);
    job j = { .memory = memory_of(3), .opts = { .predictions = t } };
    expect_ok(&j);
    assert_int_equal(j.result.model.hits, 2);
    static const int64_t other[] = { 1, 2, 4 }, shifted[] = { 0, 1, 2 };
    j.opts.prediction_rows = shifted;
    expect_ok(&j);
    assert_int_equal(j.result.model.hits, 2);
    j.opts.prediction_rows = other;
    expect_failure(&j, PARE_EFORMAT, "sample 'row 0': the predictions have no row for it");
    j.opts.prediction_rows = NULL;
    j.memory.n = 4;
    expect_failure(&j, PARE_EFORMAT, "sample 'row 3': the predictions have no row for it");
    pare_tensor_unref(t);
}

static void skipped_and_nan(void **state)
{
    (void)state;
    static const float x[] = { 1, 2, 3, 4, -1, 2, 3, 4, 4, 3, 2, 1, 1, 1, 1, 1 };
    static const int64_t labels[] = { 3, 3, 0, -1 };
    job j = { .memory = memory_of(4), .model = LOGARITHM, .reference = IDENTITY };
    j.memory.x = x;
    j.memory.labels = labels;
    expect_ok(&j);
    assert_int_equal(j.result.model.n_nan, 1);
    assert_int_equal(j.result.model.nan[0], 1);
    assert_int_equal(j.result.reference.n_nan, 0);
    assert_int_equal(j.result.pairs.broken, 1);
    assert_int_equal(j.result.pairs.n, 3);
    assert_int_equal(j.result.n_unlabelled, 1);
    assert_int_equal(j.result.worst[0].sample, 1);
    assert_int_equal(j.result.model.values[PARE_SCORE_MSE].n, 3);
    j.memory.skipped = 1;
    expect_ok(&j);
    assert_int_equal(j.result.n_skipped, 1);
    assert_int_equal(j.result.n, 3);
    assert_int_equal(j.result.model.n_nan, 0);
}

/* --- what it refuses -------------------------------------------------------------------------- */

static void refusals(void **state)
{
    (void)state;
    static const float bad[] = { 1, NAN, 3, 4 };
    static const int64_t beyond[] = { 0, 4, 1 };
    job j = { .memory = memory_of(0), .model = IDENTITY };
    expect_failure(&j, PARE_EFORMAT, "no samples to evaluate");
    j.memory = memory_of(3);
    j.memory.labels = beyond;
    expect_failure(&j, PARE_EFORMAT,
                   "sample 'row 1': its label is 4, but output 'y' has 4 classes");
    j.memory = memory_of(1);
    j.memory.x = bad;
    expect_failure(&j, PARE_EFORMAT, "sample 'row 0': input '' has NaN");
    j.memory = memory_of(30);
    j.memory.failing = 17;
    for (j.n_threads = 1; j.n_threads < 4; j.n_threads += 2) {
        pare_ctx ctx;
        pare_ctx_init(&ctx, NULL);
        assert_int_equal(evaluate(&ctx, &j), PARE_EFORMAT);
        assert_string_equal(ctx.message, "row 17: cut short");
    }
    j = (job){ .memory = memory_of(1), .model = IDENTITY };
    j.memory.skipped = 0;
    expect_failure(&j, PARE_EFORMAT, "none of 1 samples could be read");
    j = (job){ .memory = memory_of(5), .model = IDENTITY,
               .reference = HEAD "g (float[N,4] x) => (float[N,2] y) <int64[2] p = {0, 1}> {\n"
                                 "y = Gather<axis = 1>(x, p)\n}\n" };
    expect_failure(&j, PARE_EFORMAT, "cannot be compared");
    j = (job){ .memory = memory_of(5), .model = IDENTITY, .opts = { .output = "z" } };
    expect_failure(&j, PARE_EFORMAT, "no output 'z'");
    j = (job){ .memory = memory_of(5), .model = IDENTITY, .opts = { .max_memory_bytes = 16 } };
    expect_failure(&j, PARE_EBUDGET, "--max-memory");
}

static void golden_sample(void **state)
{
    (void)state;
    job j = { .memory = memory_of(3), .model = IDENTITY };
    j.memory.has_golden = true;
    j.memory.golden = element(&j.memory, 0, 0) + 0.002f;
    expect_ok(&j);
    assert_true(j.result.has_golden && j.result.golden_error < 1e-3);
    j.memory.golden += 0.01f;
    expect_failure(&j, PARE_EFORMAT, "golden sample 'cat': output 'y' is up to 0.0");
}

static void starved(void **state)
{
    (void)state;
    job j = { .memory = memory_of(5), .model = BIASED, .reference = SOFTMAX };
    j.opts.keep_inputs = true;
    assert_true(test_ctx_torture(evaluate, &j) > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts),          cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(without_labels),  cmocka_unit_test(other_names),
        cmocka_unit_test(probabilities_are_noticed), cmocka_unit_test(data_may_expect),
        cmocka_unit_test(layers),          cmocka_unit_test(predictions),
        cmocka_unit_test(skipped_and_nan),
        cmocka_unit_test(refusals),        cmocka_unit_test(golden_sample),
        cmocka_unit_test(starved),
    };
    return test_run(tests);
}
