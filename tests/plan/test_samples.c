/* Many samples: the same results for any number of threads, in order; the first failure counts. */
#include "run/samples.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>

enum { N_SAMPLES = 37, WIDTH = 8, MAX_THREADS = 3 };

typedef struct feed {
    pare_eval_input inputs[N_SAMPLES];
    float sums[N_SAMPLES];
    uint64_t n_taken, bad_load, bad_take; /* samples that fail; N_SAMPLES: none */
    uint64_t n_seen[MAX_THREADS]; /* by worker */
    float seen[N_SAMPLES];    /* first element of the softmax */
} feed;

static pare_status load(void *user, pare_ctx *ctx, uint64_t sample, const pare_eval_input **inputs,
                        size_t *n)
{
    feed *f = user;
    const int64_t dims[] = { 1, WIDTH };
    float x[WIDTH];
    if (sample == f->bad_load) return pare_fail(ctx, PARE_EFORMAT, "no sample %d", (int)sample);
    for (int i = 0; i < WIDTH; i++) x[i] = (float)sample / 7 + (float)i;
    PARE_TRY(pare_tensor_from(ctx, &f->inputs[sample].datum.tensor, PARE_FLOAT, 2, dims, x));
    f->inputs[sample].datum.kind = PARE_TYPE_TENSOR;
    f->inputs[sample].name = "x";
    *inputs = &f->inputs[sample];
    *n = 1;
    return PARE_OK;
}

static void drop(void *user, pare_ctx *ctx, uint64_t sample)
{
    feed *f = user;
    pare_datum_drop(ctx, &f->inputs[sample].datum);
}

static pare_status take(void *user, pare_ctx *ctx, uint64_t sample, const pare_datum *outputs)
{
    feed *f = user;
    if (sample == f->bad_take) return pare_fail(ctx, PARE_EIO, "disk full");
    assert_int_equal(sample, f->n_taken);
    const float *y = (const float *)(const void *)outputs[0].tensor->payload.data;
    for (int i = 0; i < WIDTH; i++) f->sums[sample] += y[i] * (float)(i + 1);
    f->n_taken++;
    return PARE_OK;
}

static pare_status observe(void *user, pare_ctx *ctx, uint32_t worker, uint64_t sample,
                           const pare_observed *seen)
{
    (void)ctx;
    feed *f = user;
    assert_string_equal(seen->name, "s");
    f->n_seen[worker]++;
    f->seen[sample] = *(const float *)seen->data;
    return PARE_OK;
}

/* Exp, Softmax and a product with a matrix that mixes. */
static pare_model *make_model(pare_ctx *ctx)
{
    char text[2048];
    size_t n = (size_t)snprintf(text, sizeof(text),
                                "<ir_version: 8, opset_import: [\"\" : 13]>\n"
                                "g (float[1,8] x) => (float[1,8] y) <float[8,8] w = {");
    for (int i = 0; i < WIDTH * WIDTH; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s0.%d", i ? ", " : "", i % 7 + 1);
    snprintf(text + n, sizeof(text) - n,
             "}> {\ne = Exp(x)\ns = Softmax(e)\ny = MatMul(s, w)\n}\n");
    return test_model_parse(ctx, text);
}

static pare_status run(pare_ctx *ctx, const pare_model *model, uint32_t n_threads, feed *f)
{
    const int64_t dims[] = { 1, WIDTH };
    pare_tensor *shape = NULL;
    pare_plan *plan = NULL;
    pare_pool *pool = NULL;
    pare_status st = pare_tensor_new(ctx, &shape, PARE_FLOAT, 2, dims);
    const pare_plan_input input = { .name = "x", .tensor = shape };
    const pare_value_id kept = model->nodes[model->graph->last_node].inputs[0].value;
    const pare_plan_opts opts = { .inputs = &input, .n_inputs = 1, .kept = &kept, .n_kept = 1 };
    const pare_sample_job job = { .n_samples = N_SAMPLES, .load = load, .drop = drop,
                                  .take = take, .observe = observe, .user = f };
    if (!st) st = pare_plan_new(ctx, &plan, model, &opts);
    if (!st) st = pare_pool_new(ctx, &pool, n_threads);
    if (!st) st = pare_samples_run(ctx, plan, pool, &job);
    pare_pool_free(ctx, pool);
    pare_plan_unref(ctx, plan);
    pare_tensor_unref(shape);
    return st;
}

static void threads_change_nothing(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *model = make_model(&t.ctx);
    const uint64_t before = test_ctx_live_bytes(&t);
    static feed one, many;
    one = (feed){ .bad_load = N_SAMPLES, .bad_take = N_SAMPLES };
    pare_ctx plain; /* several threads allocate: the counting allocator is for one */
    pare_ctx_init(&plain, NULL);
    assert_int_equal(run(&t.ctx, model, 1, &one), PARE_OK);
    assert_int_equal(one.n_taken, N_SAMPLES);
    assert_int_equal(test_ctx_live_bytes(&t), before);
    for (uint32_t n = 2; n <= MAX_THREADS; n++) {
        many = (feed){ .bad_load = N_SAMPLES, .bad_take = N_SAMPLES };
        assert_int_equal(run(&plain, model, n, &many), PARE_OK);
        assert_memory_equal(one.sums, many.sums, sizeof(one.sums));
        assert_memory_equal(one.seen, many.seen, sizeof(one.seen));
        uint64_t n_seen = 0;
        for (uint32_t w = 0; w < n; w++) n_seen += many.n_seen[w];
        assert_int_equal(n_seen, N_SAMPLES);
    }
    pare_model_free(&t.ctx, model);
}

static void the_first_failure_counts(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    pare_model *model = make_model(&ctx);
    for (uint32_t n = 1; n <= MAX_THREADS; n++) {
        static feed f;
        f = (feed){ .bad_load = 20, .bad_take = N_SAMPLES };
        assert_int_equal(run(&ctx, model, n, &f), PARE_EFORMAT);
        assert_string_equal(ctx.message, "no sample 20");
        assert_int_equal(f.n_taken, 20);
        f = (feed){ .bad_load = 20, .bad_take = 3 };
        assert_int_equal(run(&ctx, model, n, &f), PARE_EIO);
        assert_int_equal(f.n_taken, 3);
    }
    pare_model_free(&ctx, model);
}

static pare_status run_once(pare_ctx *ctx, void *user)
{
    static feed f;
    f = (feed){ .bad_load = N_SAMPLES, .bad_take = N_SAMPLES };
    return run(ctx, user, 1, &f);
}

static void memory_fails(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    pare_model *model = make_model(&ctx);
    assert_true(test_ctx_torture(run_once, model) > 50);
    pare_model_free(&ctx, model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(the_first_failure_counts),
        cmocka_unit_test(memory_fails),
    };
    return test_run(tests);
}
