/* Pipelines over a network that answers with the brightest channel: what is right is known. */
#include "stats/pipelines.h"

#include "base/contract/dataset.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SIDE = 8, N_PIXELS = SIDE * SIDE, N_CLASSES = 3 };

/* Samples whose label is their brightest channel, most of the time; how a pipeline spoils them. */
typedef enum spoiling {
    AS_IS,
    TURNED,   /* channels in another order */
    EMPTY,    /* all zeros */
    LEFT,     /* only the left column counts: a mirrored one is another sample */
} spoiling;

typedef struct samples {
    pare_dataset data;
    spoiling spoiling;
    int64_t label_offset;
} samples;

static int64_t truth(uint64_t sample)
{
    return (int64_t)((sample * 7 + sample / 5) % N_CLASSES);
}

static pare_status load(void *self, pare_ctx *ctx, uint64_t sample, pare_tensor **out)
{
    static const int64_t dims[] = { 1, N_CLASSES, SIDE, SIDE };
    const samples *const s = self;
    float x[N_CLASSES * N_PIXELS] = { 0 };
    /* One in ten looks like another class. */
    const int64_t class = sample % 10 == 9 ? (truth(sample) + 1) % N_CLASSES : truth(sample);
    for (int64_t c = 0; c < N_CLASSES && s->spoiling != EMPTY; c++) {
        const int64_t to = s->spoiling == TURNED ? N_CLASSES - 1 - c : c;
        for (int64_t i = 0; i < N_PIXELS; i++) {
            const int64_t mirrored = (int64_t)((sample * 5 + 1) % N_CLASSES);
            const bool is_left = i % SIDE < SIDE / 2;
            const bool bright = s->spoiling == LEFT && !is_left ? c == mirrored : c == class;
            x[to * N_PIXELS + i] = (bright ? 1.0f : 0.25f) + (is_left ? 0.01f : 0.0f);
        }
    }
    return pare_tensor_from(ctx, out, PARE_FLOAT, 4, dims, x);
}

static int64_t label(void *self, uint64_t sample)
{
    const samples *const s = self;
    return truth(sample) + s->label_offset;
}

static const char *name(void *self, uint64_t sample, char *out, size_t out_bytes)
{
    (void)self;
    snprintf(out, out_bytes, "row %d", (int)sample);
    return out;
}

static samples make(spoiling how, bool labels, int64_t offset)
{
    static const char *const inputs[] = { "" };
    return (samples){ .data = { .n = 400, .n_inputs = 1, .inputs = inputs, .has_labels = labels,
                                .load = load, .label = label, .name = name },
                      .spoiling = how, .label_offset = offset };
}

/* The left half of an image weighs more, so that mirroring can matter. */
static pare_model *make_model(pare_ctx *ctx)
{
    return test_model_parse(
        ctx, "<ir_version: 8, opset_import: [\"\" : 13]>\n"
             "g (float[1,3,8,8] x) => (float[1,3] y) <float[8] w = {8, 1, 1, 1, 1, 1, 1, 1}> {\n"
             "    weighed = Mul(x, w)\n"
             "    y = ReduceMean<axes = [2, 3], keepdims = 0>(weighed)\n"
             "}\n");
}

static pare_pipelines compare(test_ctx *t, spoiling in_use, spoiling other, bool labels,
                              int64_t offset)
{
    samples a = make(in_use, labels, offset), b = make(other, labels, offset);
    a.data.self = &a;
    b.data.self = &b;
    const pare_pipeline list[] = { { "in use", &a.data }, { "other", &b.data } };
    const pare_pipelines_opts opts = { 0 };
    pare_pipelines out;
    pare_model *const model = make_model(&t->ctx);
    const pare_status st = pare_pipelines_compare(&t->ctx, &out, model, list, 2, &opts);
    pare_model_free(&t->ctx, model);
    if (st) fail_msg("%s", t->ctx.message);
    return out;
}

static void finds_the_right_one_by_labels(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_pipelines p = compare(&t, TURNED, AS_IS, true, 0);
    assert_true(p.by_labels && p.labels_fit && p.is_better);
    assert_int_equal(p.best, 1);
    assert_int_equal(p.n_classes, N_CLASSES);
    assert_true(p.p_value < 1e-6);
    assert_true((double)p.scores[1].n_right[1] > 0.85 * (double)p.scores[1].n);
    pare_pipelines_free(&t.ctx, &p);
    p = compare(&t, AS_IS, TURNED, true, 0);
    assert_false(p.is_better || p.is_offset);
    assert_int_equal(p.best, 0);
    pare_pipelines_free(&t.ctx, &p);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void finds_offsets_of_labels(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    for (int64_t offset = -1; offset <= 1; offset++) {
        /* A label below 0 is none; the others tell. */
        pare_pipelines p = compare(&t, AS_IS, TURNED, true, offset);
        assert_int_equal(p.offset, -offset);
        assert_int_equal(p.is_offset, offset != 0);
        assert_false(p.is_better);
        pare_pipelines_free(&t.ctx, &p);
    }
    pare_pipelines p = compare(&t, TURNED, AS_IS, true, 1); /* both at once */
    assert_int_equal(p.offset, -1);
    assert_true(p.is_better);
    pare_pipelines_free(&t.ctx, &p);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void finds_without_labels(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_pipelines p = compare(&t, EMPTY, AS_IS, false, 0); /* always the same class */
    assert_true(p.is_better && !p.by_labels);
    assert_true(p.scores[0].entropy < 0.01);
    assert_true(p.scores[1].entropy > 0.99);
    pare_pipelines_free(&t.ctx, &p);
    p = compare(&t, LEFT, AS_IS, false, 0); /* twins are answered otherwise */
    assert_true(p.is_better);
    assert_true(p.scores[0].agreement < 0.95);
    assert_true(p.scores[1].agreement > 0.99);
    pare_pipelines_free(&t.ctx, &p);
    p = compare(&t, AS_IS, TURNED, false, 0); /* nobody can tell */
    assert_false(p.is_better);
    pare_pipelines_free(&t.ctx, &p);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Equal answers cannot be told apart; those of which one is a class only, always. */
static void swaps_answers_at_random(void **state)
{
    (void)state;
    enum { N = 100 };
    int32_t even[N], odd[N], same[N] = { 0 };
    float alike[N], unlike[N];
    for (int i = 0; i < N; i++) {
        even[i] = i % 10;
        odd[i] = (i + 1) % 10;
        alike[i] = 1;
        unlike[i] = i % 4 ? 1 : 0.5f;
    }
    const pare_answers a = { { even, even }, alike, N }, b = { { odd, odd }, unlike, N };
    const pare_answers c = { { same, same }, alike, N };
    test_ctx t;
    test_ctx_init(&t);
    double p = -1;
    assert_int_equal(pare_pipelines_p_value(&t.ctx, &p, &a, &a, 10, 0), PARE_OK);
    assert_true(p == 1);
    assert_int_equal(pare_pipelines_p_value(&t.ctx, &p, &a, &b, 10, 0), PARE_OK);
    assert_true(p < 0.001); /* 25 pairs, all of one sign */
    assert_int_equal(pare_pipelines_p_value(&t.ctx, &p, &a, &c, 10, 0), PARE_OK);
    assert_true(p < 0.001);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static pare_status all_of_it(pare_ctx *ctx, void *user)
{
    const pare_model *const model = user;
    samples a = make(AS_IS, true, 0), b = make(EMPTY, true, 0);
    a.data.self = &a;
    b.data.self = &b;
    a.data.n = b.data.n = 10;
    const pare_pipeline list[] = { { "in use", &a.data }, { "other", &b.data } };
    const pare_pipelines_opts opts = { 0 };
    pare_pipelines out;
    const pare_status st = pare_pipelines_compare(ctx, &out, model, list, 2, &opts);
    if (!st) pare_pipelines_free(ctx, &out);
    return st;
}

static void frees_all_without_memory(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *const model = make_model(&t.ctx);
    assert_true(test_ctx_torture(all_of_it, model) > 20);
    pare_model_free(&t.ctx, model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_right_one_by_labels), cmocka_unit_test(finds_offsets_of_labels),
        cmocka_unit_test(finds_without_labels),          cmocka_unit_test(swaps_answers_at_random),
        cmocka_unit_test(frees_all_without_memory),
    };
    return test_run(tests);
}
