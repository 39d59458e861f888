/* Convolutions with fewer products: near what eval gives, the same bits at every level and for any
 * number of threads, an image alike alone and among others; and only where they are asked for. */
#include "op/sample.h"
#include "support/models.h"
#include "support/plan.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct row {
    const char *attrs;
    int batch, channels, height, width, filters, out_height, out_width;
    const char *tail;         /* from C to Y */
    int n_fast;               /* steps that take fewer products */
} row;

static const row rows[] = {
    { "<pads = [1, 1, 1, 1]>", 1, 16, 32, 32, 16, 32, 32, "Y = Relu(C)", 1 },
    { "<pads = [1, 1, 1, 1]>", 2, 24, 14, 15, 40, 14, 15, "Y = Add(C, R)", 1 },
    { "<pads = [1, 1, 1, 1]>", 1, 24, 13, 13, 40, 13, 13, "Y = Add(C, R)", 1 },
    { "<pads = [0, 2, 1, 0]>", 1, 17, 17, 15, 33, 16, 15, "t = Add(C, R)\n Y = Relu(t)", 1 },
    { "", 3, 64, 16, 18, 70, 14, 16, "Y = Relu(C)", 1 },
    { "<pads = [1, 1, 1, 1]>", 1, 32, 7, 7, 32, 7, 7, "Y = Relu(C)", 0 },
    { "<pads = [1, 1, 1, 1]>", 1, 8, 32, 32, 16, 32, 32, "Y = Relu(C)", 0 },
    { "<pads = [1, 1, 1, 1], group = 2>", 1, 32, 16, 16, 32, 16, 16, "Y = Relu(C)", 0 },
    { "<pads = [1, 1, 1, 1], strides = [2, 2]>", 1, 16, 32, 32, 16, 16, 16, "Y = Relu(C)", 0 },
    { "<pads = [2, 2, 2, 2], dilations = [2, 2]>", 1, 16, 16, 16, 16, 16, 16, "Y = Relu(C)", 0 },
    { "<pads = [1, 1, 1, 1]>", 1, 80, 14, 14, 96, 14, 14, "Y = Add(C, R)", 1 }, /* 2x2 */
};

static pare_model *make(pare_ctx *ctx, const row *r, int batch)
{
    char text[2048];
    const int group = strstr(r->attrs, "group") ? 2 : 1;
    snprintf(text, sizeof(text),
             "<ir_version: 10, opset_import: [\"\" : 20]>\n"
             "g (float[%d,%d,%d,%d] X, float[%d,%d,%d,%d] R) => (float[%d,%d,%d,%d] Y)\n"
             "<float zero = {0}, float one = {1}, float n = {%d}, int64[4] s = {%d, %d, 3, 3}>\n"
             "{ r = Range(zero, n, one)\n v = Sin(r)\n W = Reshape(v, s)\n"
             "  C = Conv%s (X, W)\n %s }",
             batch, r->channels, r->height, r->width, batch, r->filters, r->out_height,
             r->out_width, batch, r->filters, r->out_height, r->out_width,
             r->filters * r->channels / group * 9, r->filters, r->channels / group, r->attrs,
             r->tail);
    return test_model_parse(ctx, text);
}

/* Runs with fewer products where they pay; counts the steps that do. */
static pare_datum *run(pare_ctx *ctx, const pare_model *model, const pare_eval_input *inputs,
                       size_t n, pare_isa isa, pare_pool *pool, int *n_fast)
{
    pare_plan_input planned[2];
    const pare_plan_opts opts = { .kernels = pare_kernels_of(isa), .inputs = planned,
                                  .n_inputs = n, .fast = true };
    pare_plan *plan = NULL;
    pare_session *session = NULL;
    pare_datum *out = NULL;
    assert_true(n == 2);
    for (size_t i = 0; i < n; i++)
        planned[i] = (pare_plan_input){ .name = inputs[i].name,
                                        .tensor = inputs[i].datum.tensor };
    assert_int_equal(pare_plan_new(ctx, &plan, model, &opts), 0);
    *n_fast = 0;
    for (size_t i = 0; i < pare_plan_cost_of(plan).n_steps; i++)
        *n_fast += strncmp(pare_plan_step_at(plan, i).kernel, "conv f32 winograd", 17) == 0;
    assert_int_equal(
        pare_session_new(ctx, &session, plan, &(pare_session_opts){ .pool = pool }), 0);
    assert_int_equal(pare_session_run(ctx, session, inputs, n, &out), 0);
    pare_session_free(ctx, session);
    pare_plan_unref(ctx, plan);
    return out;
}

static const float *floats_of(const pare_datum *d)
{
    return (const float *)(const void *)d->tensor->payload.data;
}

/* Filters are sines, inputs about normal: sums of 9 * channels such products. */
static void check_near(const row *r, const pare_datum *got, const pare_datum *want)
{
    const double bound = 2e-5 * sqrt(9.0 * r->channels);
    for (int64_t i = 0; i < want->tensor->n_elements; i++) {
        const double off = fabs((double)floats_of(got)[i] - (double)floats_of(want)[i]);
        if (!(off <= bound))
            fail_msg("%s, %d channels: %a instead of %a", r->attrs, r->channels,
                     (double)floats_of(got)[i], (double)floats_of(want)[i]);
    }
}

static void check(pare_ctx *ctx, const row *r, pare_pool *pool)
{
    pare_model *model = make(ctx, r, r->batch);
    pare_eval_input *inputs = NULL;
    size_t n = 0;
    pare_datum *exact = NULL;
    pare_datum *first = NULL;
    char why[256] = "";
    const pare_sample_opts opts = { .seed = 1, .quiet = true };
    assert_int_equal(pare_sample_inputs(ctx, &inputs, &n, model, &opts), 0);
    assert_int_equal(pare_eval_model(ctx, &exact, model, inputs, n, NULL), 0);
    for (int i = 0; i <= (int)pare_isa_best() + 1; i++) { /* the best one again, by two threads */
        const bool again = i > (int)pare_isa_best();
        int n_fast = 0;
        pare_datum *out = run(ctx, model, inputs, n, again ? pare_isa_best() : (pare_isa)i,
                              again ? pool : NULL, &n_fast);
        if (n_fast != r->n_fast)
            fail_msg("%s, %d channels: %d steps with fewer products, expected %d", r->attrs,
                     r->channels, n_fast, r->n_fast);
        if (!test_plan_same(out, first ? first : out, why, sizeof(why)))
            fail_msg("%s, level %d: %s", r->attrs, i, why);
        if (!r->n_fast && !test_plan_same(out, exact, why, sizeof(why)))
            fail_msg("%s, level %d, exact: %s", r->attrs, i, why);
        if (first) pare_datums_free(ctx, out, 1);
        else first = out;
    }
    check_near(r, first, exact);
    pare_datums_free(ctx, first, 1);
    pare_datums_free(ctx, exact, 1);
    pare_sample_free(ctx, inputs, n);
    pare_model_free(ctx, model);
}

static void results_are_near_and_alike(void **state)
{
    (void)state;
    test_ctx t;
    pare_pool *pool = NULL;
    test_ctx_init(&t);
    assert_int_equal(pare_pool_new(&t.ctx, &pool, 2), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) check(&t.ctx, &rows[i], pool);
    pare_pool_free(&t.ctx, pool);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* The last image of three, alone. */
static void an_image_is_alike_in_a_batch(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    const row *r = &rows[4];
    pare_model *many = make(&t.ctx, r, r->batch);
    pare_model *one = make(&t.ctx, r, 1);
    pare_eval_input *all = NULL;
    pare_eval_input *single = NULL;
    size_t n = 0, n_single = 0;
    int n_fast = 0;
    const pare_sample_opts opts = { .seed = 1, .quiet = true };
    assert_int_equal(pare_sample_inputs(&t.ctx, &all, &n, many, &opts), 0);
    assert_int_equal(pare_sample_inputs(&t.ctx, &single, &n_single, one, &opts), 0);
    for (size_t i = 0; i < n; i++) {
        const pare_tensor *from = all[i].datum.tensor;
        const pare_tensor *to = single[i].datum.tensor;
        memcpy((void *)(uintptr_t)to->payload.data, from->payload.data + 2 * to->payload.n,
               to->payload.n);
    }
    pare_datum *whole = run(&t.ctx, many, all, n, pare_isa_best(), NULL, &n_fast);
    pare_datum *part = run(&t.ctx, one, single, n, pare_isa_best(), NULL, &n_fast);
    const size_t n_bytes = part->tensor->payload.n;
    assert_memory_equal(part->tensor->payload.data, whole->tensor->payload.data + 2 * n_bytes,
                        n_bytes);
    pare_datums_free(&t.ctx, whole, 1);
    pare_datums_free(&t.ctx, part, 1);
    pare_sample_free(&t.ctx, all, n);
    pare_sample_free(&t.ctx, single, n_single);
    pare_model_free(&t.ctx, many);
    pare_model_free(&t.ctx, one);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_are_near_and_alike),
        cmocka_unit_test(an_image_is_alike_in_a_batch),
    };
    return test_run(tests);
}
