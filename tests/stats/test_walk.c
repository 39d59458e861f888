/* Moments taken along a walk, while weights change, are those of running the model as it then is
 * from the start. */
#include "stats/walk.h"

#include "ir/graph.h"
#include "op/linear.h"
#include "stats/gram.h"
#include "support/memory_data.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 3, SAMPLES = 40, LAYERS = 3, MOST = WIDTH * WIDTH };

static const int64_t sample_dims[] = { 1, WIDTH };

static const char *const text =
    "<ir_version: 8, opset_import: [\"\" : 17]>\n"
    "g (float[N,3] x) => (float[N,3] z) <float[3,3] a = {1, 2, -1, 0.5, -2, 1, 3, 0.25, -0.5}, "
    "float[3,3] b = {-1, 0.5, 2, 1, 1, -3, 0.5, 0.5, 0.75}, "
    "float[3,3] c = {2, -1, 0.5, 1, 3, -0.5, 0.25, 1, 1}> {\n"
    "  h = MatMul(x, a)\n  r = Relu(h)\n  y = MatMul(r, b)\n  s = Add(x, y)\n"
    "  q = Relu(s)\n  z = MatMul(q, c)\n}\n";

static float sample_at(uint64_t sample, int64_t i)
{
    return (float)((sample * 37 + (uint64_t)i * 101 + sample * sample * 13) % 223) / 111 - 1;
}

typedef struct sums {
    double moments[MOST], products[MOST];
    uint64_t n_rows;
} sums;

static pare_status keep_sums(void *user, pare_ctx *ctx, size_t item, const pare_gram *gram)
{
    sums *s = (sums *)user + item;
    (void)ctx;
    assert_int_equal(gram->n, WIDTH);
    s->n_rows = gram->n_rows;
    memcpy(s->moments, gram->moments, sizeof(s->moments));
    memcpy(s->products, gram->products, sizeof(s->products));
    return PARE_OK;
}

typedef struct fixture {
    test_ctx t;
    test_memory_data memory;
    pare_model *model, *reference;
    pare_linear layers[LAYERS];
    pare_node_id stops[LAYERS];
    pare_value_id plus[LAYERS], minus[LAYERS];
} fixture;

static void set_up(fixture *f)
{
    static const char *const plus[] = { "h", "s", "z" };
    size_t n = 0;
    test_ctx_init(&f->t);
    test_memory_data_init(&f->memory, SAMPLES, 2, sample_dims, sample_at);
    f->model = test_model_parse(&f->t.ctx, text);
    f->reference = test_model_parse(&f->t.ctx, text);
    for (pare_node_id i = f->model->graph->first_node; i != PARE_NONE; i = f->model->nodes[i].next)
        if (pare_linear_of(&f->t.ctx, &f->layers[n], f->model, i)) f->stops[n++] = i;
    assert_int_equal(n, LAYERS);
    for (size_t i = 0; i < LAYERS; i++) {
        f->plus[i] = pare_graph_find(f->model->graph, plus[i]);
        f->minus[i] = i == 1 ? pare_graph_find(f->model->graph, "x") : PARE_NONE;
    }
}

static void tear_down(fixture *f)
{
    pare_model_free(&f->t.ctx, f->model);
    pare_model_free(&f->t.ctx, f->reference);
    assert_int_equal(f->t.n_live, 0);
}

/* Moments of a layer: the first 30 samples, and the others. */
static void collect(fixture *f, size_t layer, pare_walk *walk, pare_walk *reference_walk,
                    sums *out)
{
    static const pare_gram_ramp relu = { 0, INFINITY };
    pare_pool *pool = NULL;
    pare_gram_item items[2];
    for (size_t i = 0; i < 2; i++)
        items[i] = (pare_gram_item){ .linear = f->layers[layer], .plus = f->plus[layer],
                                     .minus = f->minus[layer],
                                     .ramp = layer == 1 ? &relu : NULL,
                                     .first = i ? 30 : 0, .n_samples = i ? 0 : 30 };
    const pare_gram_opts opts = { .items = items, .n_items = 2, .data = &f->memory.data,
                                  .reference = f->reference, .walk = walk,
                                  .reference_walk = reference_walk, .use = keep_sums,
                                  .user = out };
    assert_int_equal(pare_pool_new(&f->t.ctx, &pool, 1), PARE_OK);
    if (pare_gram_run(&f->t.ctx, f->model, pool, &opts)) fail_msg("%s", f->t.ctx.message);
    pare_pool_free(&f->t.ctx, pool);
}

/* Makes the weights of a layer others. */
static void change(fixture *f, size_t layer)
{
    uint8_t *data = NULL;
    pare_tensor *w = pare_tensor_ref(f->model->values[f->layers[layer].weight].tensor);
    assert_int_equal(pare_tensor_own(&f->t.ctx, &w, &data), PARE_OK);
    for (int i = 0; i < MOST; i++) ((float *)(void *)data)[i] *= i % 2 ? 0.5f : 1.25f;
    assert_int_equal(pare_value_set_tensor(&f->t.ctx, f->model, f->layers[layer].weight, w),
                     PARE_OK);
    pare_tensor_unref(w);
}

static void walk_with(uint64_t max_memory_bytes)
{
    fixture f;
    pare_walk *walk = NULL, *reference_walk = NULL;
    set_up(&f);
    const pare_walk_opts opts = { .stops = f.stops, .n_stops = LAYERS, .data = &f.memory.data,
                                  .max_memory_bytes = max_memory_bytes };
    assert_int_equal(pare_walk_new(&f.t.ctx, &walk, f.model, &opts), PARE_OK);
    assert_int_equal(pare_walk_new(&f.t.ctx, &reference_walk, f.reference, &opts), PARE_OK);
    assert_int_equal(pare_walk_samples(walk), SAMPLES);
    for (size_t i = 0; i < LAYERS; i++) {
        sums walked[2], run[2];
        collect(&f, i, walk, reference_walk, walked);
        collect(&f, i, NULL, NULL, run);
        assert_int_equal(walked[0].n_rows, 30);
        assert_int_equal(walked[1].n_rows, SAMPLES - 30);
        assert_memory_equal(walked, run, sizeof(run));
        change(&f, i);
        pare_walk_next(&f.t.ctx, walk);
        pare_walk_next(&f.t.ctx, reference_walk);
    }
    /* Each node once for good, and what is looked at once more; four samples are probed. */
    assert_true(pare_walk_forwards(walk) > 1 && pare_walk_forwards(walk) < 2.5);
    pare_walk_free(&f.t.ctx, walk);
    pare_walk_free(&f.t.ctx, reference_walk);
    tear_down(&f);
}

static void sees_the_model_as_it_is(void **state)
{
    (void)state;
    walk_with(0);
}

static void spills_what_memory_does_not_hold(void **state)
{
    (void)state;
    walk_with(1);
}

/* Beyond the end of a ramp the model's own answer is the target, if that is beyond, too. */
static void ramps_bend_targets(void **state)
{
    (void)state;
    fixture f;
    sums bent[2];
    double want[MOST] = { 0 };
    set_up(&f);
    change(&f, 0);
    collect(&f, 1, NULL, NULL, bent);
    for (uint64_t s = 0; s < 30; s++) {
        static const float a[] = { 1, 2, -1, 0.5f, -2, 1, 3, 0.25f, -0.5f };
        static const float b[] = { -1, 0.5f, 2, 1, 1, -3, 0.5f, 0.5f, 0.75f };
        double h[2][WIDTH] = { 0 }, y[2][WIDTH] = { 0 };
        for (int m = 0; m < 2; m++)
            for (int o = 0; o < WIDTH; o++)
                for (int i = 0; i < WIDTH; i++)
                    h[m][o] += (double)sample_at(s, i) * (double)a[i * WIDTH + o] *
                               (m ? 1 : (i * WIDTH + o) % 2 ? 0.5 : 1.25);
        for (int m = 0; m < 2; m++)
            for (int o = 0; o < WIDTH; o++)
                for (int i = 0; i < WIDTH; i++)
                    y[m][o] += fmax(h[m][i], 0) * (double)b[i * WIDTH + o];
        for (int o = 0; o < WIDTH; o++) {
            const double x = (double)sample_at(s, o), whole = y[1][o] + x, now = y[0][o] + x;
            const double t = (whole <= 0 ? fmin(now, 0) : whole) - x;
            for (int i = 0; i < WIDTH; i++) want[o * WIDTH + i] += t * fmax(h[0][i], 0);
        }
    }
    for (int i = 0; i < MOST; i++) assert_true(fabs(bent[0].products[i] - want[i]) < 1e-3);
    tear_down(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sees_the_model_as_it_is),
        cmocka_unit_test(spills_what_memory_does_not_hold),
        cmocka_unit_test(ramps_bend_targets),
    };
    return test_run(tests);
}
