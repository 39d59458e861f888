/* Second moments against a naive reference: windows of all forms, groups, products, targets. */
#include "stats/gram.h"

#include "base/checked.h"
#include "ir/graph.h"
#include "op/eval.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { N = 21, MAX_N = 80, MAX_OUT = 12, MAX_ITEMS = 3 };

typedef struct memory {
    int64_t dims[4];          /* of a sample */
    uint32_t rank;
    uint64_t skipped, failing, nan; /* samples; UINT64_MAX: none */
} memory;

static float number(uint64_t sample, int64_t i)
{
    return (float)((sample * 37 + (uint64_t)i * 23) % 113) / 40 - 1;
}

static pare_status load(void *self, pare_ctx *ctx, uint64_t sample, pare_tensor **out)
{
    const memory *m = self;
    out[0] = NULL;
    if (sample == m->failing) return pare_fail(ctx, PARE_EFORMAT, "cut short");
    if (sample == m->skipped) return PARE_OK;
    PARE_TRY(pare_tensor_new(ctx, out, PARE_FLOAT, m->rank, m->dims));
    float *x = (float *)(uintptr_t)out[0]->payload.data;
    for (int64_t i = 0; i < out[0]->n_elements; i++) x[i] = number(sample, i);
    if (sample == m->nan) x[7] = 1e30f; /* whose square is infinite, as a model makes it */
    return PARE_OK;
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
    return (pare_dataset){ .n = N, .n_inputs = 1, .inputs = inputs, .has_batch = has_batch,
                           .self = m, .load = load, .name = name };
}

/* A window as the naive reference sees it. */
typedef struct form {
    const char *graph;        /* whose nodes are the items; the first output is "y" */
    memory memory;
    int64_t kernel[2], stride[2], dilation[2], begin[2], out[2];
    int64_t groups;           /* 0: a product over the last axis */
} form;


/* Samples of these dims, all of them good. */
#define SAMPLES(n, ...)                                                                  \
    { .dims = { __VA_ARGS__ }, .rank = n, .skipped = UINT64_MAX, .failing = UINT64_MAX,   \
      .nan = UINT64_MAX }

static const form forms[] = {
    { "g (float[2,3,6,5] x, float[4,3,3,3] w) => (float[] y) { y = Conv(x, w) }",
      SAMPLES(4, 2, 3, 6, 5), { 3, 3 }, { 1, 1 }, { 1, 1 }, { 0, 0 }, { 4, 3 }, 1 },
    { "g (float[1,3,7,6] x, float[4,3,3,2] w) => (float[] y) "
      "{ y = Conv<strides = [2, 1], pads = [1, 0, 2, 1]>(x, w) }",
      SAMPLES(4, 1, 3, 7, 6), { 3, 2 }, { 2, 1 }, { 1, 1 }, { 1, 0 }, { 4, 6 }, 1 },
    { "g (float[1,4,7,6] x, float[6,2,2,3] w) => (float[] y) "
      "{ y = Conv<group = 2, dilations = [3, 2], pads = [2, 1, 2, 1]>(x, w) }",
      SAMPLES(4, 1, 4, 7, 6), { 2, 3 }, { 1, 1 }, { 3, 2 }, { 2, 1 }, { 8, 4 }, 2 },
    { "g (float[1,5,5,5] x, float[5,1,3,3] w) => (float[] y) "
      "{ y = Conv<group = 5, auto_pad = \"SAME_UPPER\", strides = [2, 2]>(x, w) }",
      SAMPLES(4, 1, 5, 5, 5), { 3, 3 }, { 2, 2 }, { 1, 1 }, { 1, 1 }, { 3, 3 }, 5 },
    { "g (float[2,3,9] x, float[9,8] w) => (float[] y) { y = MatMul(x, w) }",
      SAMPLES(3, 2, 3, 9), { 1, 1 }, { 1, 1 }, { 1, 1 }, { 0, 0 }, { 0, 0 }, 0 },
    { "g (float[3,9] x, float[8,9] w) => (float[] y) { y = Gemm<transB = 1>(x, w) }",
      SAMPLES(2, 3, 9), { 1, 1 }, { 1, 1 }, { 1, 1 }, { 0, 0 }, { 0, 0 }, 0 },
};

typedef struct sums {
    double moments[MAX_N * MAX_N], sums[MAX_N], products[MAX_OUT * MAX_N];
    double target_sums[MAX_OUT], target_squares[MAX_OUT];
    uint64_t n_rows;
} sums;

static void add_row(sums *s, int64_t n, const float *x, const float *t, int64_t from, int64_t to)
{
    for (int64_t i = 0; i < n; i++) {
        s->sums[i] += (double)x[i];
        for (int64_t j = 0; j < n; j++) s->moments[i * n + j] += (double)x[i] * (double)x[j];
    }
    for (int64_t o = from; o < to; o++) {
        s->target_sums[o] += (double)t[o];
        s->target_squares[o] += (double)t[o] * (double)t[o];
        for (int64_t i = 0; i < n; i++) s->products[o * n + i] += (double)t[o] * (double)x[i];
    }
}

/* What is under a window of group g. */
static void look(const form *f, const float *x, int64_t image, int64_t g, int64_t at, float *row)
{
    const int64_t *d = f->memory.dims, in = d[1] / f->groups;
    for (int64_t a = 0; a < f->kernel[0]; a++)
        for (int64_t b = 0; b < f->kernel[1]; b++)
            for (int64_t c = 0; c < in; c++) {
                const int64_t h = at / f->out[1] * f->stride[0] + a * f->dilation[0] - f->begin[0];
                const int64_t w = at % f->out[1] * f->stride[1] + b * f->dilation[1] - f->begin[1];
                const bool inside = h >= 0 && h < d[2] && w >= 0 && w < d[3];
                *row++ = inside ? x[((image * d[1] + g * in + c) * d[2] + h) * d[3] + w] : 0;
            }
}

/* Adds a sample of which y is the output, for one group. */
static void add_sample(const form *f, sums *s, int64_t g, int64_t n, int64_t out, const float *x,
                       const float *y)
{
    float row[MAX_N], t[MAX_OUT];
    const int64_t *d = f->memory.dims;
    if (!f->groups) {
        int64_t rows = 1;
        for (uint32_t a = 0; a + 1 < f->memory.rank; a++) rows *= d[a];
        for (int64_t r = 0; r < rows; r++, s->n_rows++)
            add_row(s, n, x + r * n, y + r * out, 0, out);
        return;
    }
    const int64_t places = f->out[0] * f->out[1], each = out / f->groups;
    for (int64_t image = 0; image < d[0]; image++)
        for (int64_t at = 0; at < places; at++, s->n_rows++) {
            look(f, x, image, g, at, row);
            for (int64_t o = 0; o < out; o++) t[o] = y[(image * out + o) * places + at];
            add_row(s, n, row, t, g * each, (g + 1) * each);
        }
}

typedef struct job {
    const form *form;
    memory memory;
    uint32_t n_threads;
    uint64_t max_memory_bytes, max_rows;
    bool targets;
    int n_used;
    pare_gram seen;           /* numbers of the last one */
    sums *want;               /* [groups] to compare with; NULL: nothing */
    uint64_t hash;
} job;

static void assert_close(const double *got, const double *want, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        if (!(fabs(got[i] - want[i]) <= 1e-5 * (20 + fabs(want[i]))))
            fail_msg("%d: %.10g instead of %.10g", (int)i, got[i], want[i]);
}

static pare_status use(void *user, pare_ctx *ctx, size_t item, const pare_gram *gram)
{
    job *j = user;
    (void)ctx;
    (void)item;
    j->n_used++;
    j->seen = *gram;
    for (int64_t i = 0; i < gram->groups * gram->n * gram->n; i++) {
        uint64_t bits;
        memcpy(&bits, &gram->moments[i], sizeof(bits));
        j->hash = (j->hash ^ bits) * UINT64_C(0x100000001b3);
    }
    for (int64_t g = 0; j->want && g < gram->groups; g++) {
        const int64_t n = gram->n, each = gram->out / gram->groups;
        assert_int_equal(gram->n_rows, j->want[g].n_rows);
        assert_close(gram->moments + g * n * n, j->want[g].moments, n * n);
        assert_close(gram->sums + g * n, j->want[g].sums, n);
        if (!gram->products) continue;
        assert_close(gram->products + g * each * n, j->want[g].products + g * each * n, each * n);
        assert_close(gram->target_sums + g * each, j->want[g].target_sums + g * each, each);
        assert_close(gram->target_squares + g * each, j->want[g].target_squares + g * each, each);
    }
    return PARE_OK;
}

static pare_model *make_model(pare_ctx *ctx, const char *graph)
{
    char text[1024];
    snprintf(text, sizeof(text), "<ir_version: 8, opset_import: [\"\" : 13]>\n%s", graph);
    pare_model *model = test_model_parse(ctx, text);
    for (size_t i = 1; i < model->graph->inputs.n; i++) { /* defaults of all but x */
        const pare_value_id v = model->graph->inputs.items[i].value;
        const pare_type *type = model->values[v].type;
        int64_t dims[4];
        pare_tensor *w = NULL;
        for (uint32_t a = 0; a < type->rank; a++) dims[a] = type->dims[a].value;
        assert_int_equal(pare_tensor_new(ctx, &w, PARE_FLOAT, type->rank, dims), PARE_OK);
        float *data = (float *)(uintptr_t)w->payload.data;
        for (int64_t k = 0; k < w->n_elements; k++) data[k] = number(99, k);
        assert_int_equal(pare_value_set_tensor(ctx, model, v, w), PARE_OK);
        pare_tensor_unref(w);
    }
    return model;
}

static pare_status collect(pare_ctx *ctx, void *user)
{
    job *j = user;
    test_ctx plain;
    test_ctx_init(&plain);
    pare_model *model = make_model(&plain.ctx, j->form->graph);
    const pare_dataset data = dataset_of(&j->memory);
    pare_gram_item items[MAX_ITEMS];
    size_t n = 0;
    for (pare_node_id k = model->graph->first_node; k != PARE_NONE; k = model->nodes[k].next) {
        items[n] = (pare_gram_item){ .plus = PARE_NONE, .minus = PARE_NONE };
        if (j->targets) items[n].plus = model->nodes[k].outputs[0];
        if (pare_linear_of(&plain.ctx, &items[n].linear, model, k)) n++;
    }
    pare_pool *pool = NULL;
    pare_status st = j->n_threads ? pare_pool_new(ctx, &pool, j->n_threads) : PARE_OK;
    const pare_gram_opts opts = { .items = items, .n_items = n, .data = &data, .use = use,
                                  .user = j, .max_memory_bytes = j->max_memory_bytes,
                                  .max_rows = j->max_rows,
                                  .reference = j->targets ? model : NULL };
    j->n_used = 0;
    j->hash = 0;
    if (!st) st = pare_gram_run(ctx, model, pool, &opts);
    pare_pool_free(ctx, pool);
    pare_model_free(&plain.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&plain), 0);
    return st;
}

/* Sums of all samples but one, through eval. */
static void find_sums(const form *f, const memory *m, sums *want)
{
    pare_ctx ctx;
    pare_linear l;
    pare_ctx_init(&ctx, NULL);
    pare_model *model = make_model(&ctx, f->graph);
    assert_true(pare_linear_of(&ctx, &l, model, model->graph->first_node));
    memset(want, 0, (size_t)l.group * sizeof(*want));
    for (uint64_t s = 0; s < N; s++) {
        pare_tensor *x = NULL;
        pare_datum *y = NULL;
        assert_int_equal(load((void *)(uintptr_t)m, &ctx, s, &x), PARE_OK);
        if (!x) continue;
        const pare_eval_input in = { "x", { .kind = PARE_TYPE_TENSOR, .tensor = x } };
        if (pare_eval_model(&ctx, &y, model, &in, 1, NULL)) fail_msg("%s", ctx.message);
        for (int64_t g = 0; g < l.group; g++)
            add_sample(f, &want[g], g, l.taps * l.in, l.out,
                       (const float *)(const void *)x->payload.data,
                       (const float *)(const void *)y->tensor->payload.data);
        pare_datum_drop(&ctx, y);
        pare_free(&ctx, y);
        pare_tensor_unref(x);
    }
    pare_model_free(&ctx, model);
}

static void equals_naive_sums(void **state)
{
    (void)state;
    static sums want[5];
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        pare_ctx ctx;
        pare_ctx_init(&ctx, NULL);
        for (int targets = 0; targets < 2; targets++) {
            job j = { .form = &forms[i], .memory = forms[i].memory, .n_threads = 2,
                      .targets = targets, .want = want };
            j.memory.skipped = 5;
            find_sums(&forms[i], &j.memory, want);
            if (collect(&ctx, &j)) fail_msg("%s: %s", forms[i].graph, ctx.message);
            assert_int_equal(j.n_used, 1);
            assert_int_equal(j.seen.products != NULL, targets);
        }
    }
}

/* Nodes that read one value in three ways, two of them alike. */
static const form shared = {
    "g (float[1,3,6,5] x, float[4,3,3,3] w, float[2,3,3,3] u, float[2,3,1,1] p) "
    "=> (float[] y, float[] z, float[] v) { y = Conv(x, w)\n z = Conv(x, u)\n v = Conv(x, p) }",
    SAMPLES(4, 1, 3, 6, 5), { 3, 3 }, { 1, 1 }, { 1, 1 }, { 0, 0 }, { 4, 3 }, 1
};

static void depends_on_samples_alone(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    job j = { .form = &shared, .memory = shared.memory, .n_threads = 1, .targets = true };
    assert_int_equal(collect(&ctx, &j), PARE_OK);
    assert_int_equal(j.n_used, 3);
    const uint64_t want = j.hash;
    j.n_threads = 3;
    assert_int_equal(collect(&ctx, &j), PARE_OK);
    assert_true(j.hash == want);
    j.max_memory_bytes = 60000; /* not for all at once */
    if (collect(&ctx, &j)) fail_msg("%s", ctx.message);
    assert_true(j.hash == want);
    j.max_memory_bytes = 1000;
    assert_int_equal(collect(&ctx, &j), PARE_EBUDGET);
    j.max_memory_bytes = 0;
    j.max_rows = N * 5; /* five positions of each sample */
    assert_int_equal(collect(&ctx, &j), PARE_OK);
    assert_int_equal(j.seen.n_rows, N * 5);
}

static void leaves_out_what_is_not_finite(void **state)
{
    (void)state;
    static const form squares = {
        "g (float[3,9] x, float[8,9] w) => (float[] y) "
        "{ q = Mul(x, x)\n y = Gemm<transB = 1>(q, w) }",
        SAMPLES(2, 3, 9), { 1, 1 }, { 1, 1 }, { 1, 1 }, { 0, 0 }, { 0, 0 }, 0
    };
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    job j = { .form = &squares, .memory = squares.memory, .n_threads = 2 };
    j.memory.nan = 4;
    if (collect(&ctx, &j)) fail_msg("%s", ctx.message);
    assert_int_equal(j.seen.n_bad, 1);
    assert_int_equal(j.seen.n_rows, N * 3 - 1);
    j.memory.failing = 6;
    assert_int_equal(collect(&ctx, &j), PARE_EFORMAT);
    assert_string_equal(ctx.message, "cut short");
}

static void survives_want_of_memory(void **state)
{
    (void)state;
    job j = { .form = &shared, .memory = shared.memory, .targets = true, .max_rows = 40 };
    assert_true(test_ctx_torture(collect, &j) > 50);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_naive_sums),
        cmocka_unit_test(depends_on_samples_alone),
        cmocka_unit_test(leaves_out_what_is_not_finite),
        cmocka_unit_test(survives_want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
