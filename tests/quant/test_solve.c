/* Codes from second moments: against a plain GPTQ, never worse than rounding, degenerate data. */
#include "quant/solve.h"

#include "base/rng.h"
#include "ir/graph.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_N = 400, MAX_OUT = 40 };

typedef enum kind { NORMAL, ONE_SAMPLE, RANK_1, DEAD, SAME, BROKEN } kind;

typedef struct solve_row {
    const char *graph;        /* its only node is solved; weights are input w */
    pare_weight_form form;
    bool taps_apart, may_shift, targets;
    kind data;
} solve_row;

#define S4(block) { -8, 7, true, 0, block, false }
#define U4(block) { 0, 15, false, 0, block, false }
#define S8_PAIRS { -127, 127, true, 0, 0, true }

static const solve_row rows[] = {
    { "g (float[5,70] x, float[70,37] w) => (float[] y) { y = MatMul (x, w) }", S4(32), false,
      false, false, NORMAL },
    { "g (float[5,70] x, float[70,37] w) => (float[] y) { y = MatMul (x, w) }", U4(16), false,
      false, true, NORMAL },
    { "g (float[5,300] x, float[9,300] w) => (float[] y) { y = Gemm <transB = 1> (x, w) }", S4(0),
      false, true, true, NORMAL },
    { "g (float[5,300] x, float[9,300] w) => (float[] y) "
      "{ y = Gemm <transB = 1, alpha = 0.5> (x, w) }", U4(0), false, true, true, NORMAL },
    { "g (float[1,40,5,5] x, float[6,40,3,3] w) => (float[] y) { y = Conv (x, w) }", S4(32), true,
      true, false, NORMAL },
    { "g (float[1,8,5,5] x, float[8,1,3,3] w) => (float[] y) { y = Conv <group = 8> (x, w) }",
      S4(0), false, true, true, NORMAL },
    { "g (float[1,8,5,5] x, float[6,4,3,3] w) => (float[] y) { y = Conv <group = 2> (x, w) }",
      S8_PAIRS, false, true, false, NORMAL },
    { "g (float[5,70] x, float[70,3] w) => (float[] y) { y = MatMul (x, w) }", S4(32), false,
      true, true, ONE_SAMPLE },
    { "g (float[5,70] x, float[70,3] w) => (float[] y) { y = MatMul (x, w) }", U4(32), false,
      false, false, RANK_1 },
    { "g (float[5,70] x, float[70,3] w) => (float[] y) { y = MatMul (x, w) }", S4(32), false,
      true, true, DEAD },
    { "g (float[5,70] x, float[70,3] w) => (float[] y) { y = MatMul (x, w) }", S4(32), false,
      true, true, SAME },
};

static float normal(pare_rng *rng)
{
    return (float)pare_rng_normal(rng);
}

static pare_model *make_model(pare_ctx *ctx, const char *graph)
{
    char text[512];
    snprintf(text, sizeof(text), "<ir_version: 8, opset_import: [\"\" : 13]>\n%s", graph);
    pare_model *model = test_model_parse(ctx, text);
    const pare_value_id v = model->graph->inputs.items[1].value;
    const pare_type *type = model->values[v].type;
    int64_t dims[4];
    pare_tensor *w = NULL;
    for (uint32_t a = 0; a < type->rank; a++) dims[a] = type->dims[a].value;
    assert_int_equal(pare_tensor_new(ctx, &w, PARE_FLOAT, type->rank, dims), PARE_OK);
    float *x = (float *)(uintptr_t)w->payload.data;
    pare_rng rng = pare_rng_named(3, "weights");
    for (int64_t i = 0; i < w->n_elements; i++) x[i] = normal(&rng);
    assert_int_equal(pare_value_set_tensor(ctx, model, v, w), PARE_OK);
    pare_tensor_unref(w);
    return model;
}

/* Moments of rows that lean on each other, with targets of weights that are a little different. */
typedef struct moments {
    pare_gram gram;
    double *h, *sums, *products, *target_sums, *target_squares;
} moments;

static void *zeros(int64_t n)
{
    void *p = calloc((size_t)n, sizeof(double));
    assert_non_null(p);
    return p;
}

static void make_row(pare_rng *rng, kind of, int64_t n, float *x)
{
    float common = normal(rng);
    for (int64_t i = 0; i < n; i++) x[i] = 0.5f + common + 0.7f * normal(rng);
    for (int64_t i = 0; i < n; i++) {
        if (of == RANK_1) x[i] = common * (float)(i % 7);
        if (of == DEAD && i % 3 == 0) x[i] = 0;
        if (of == SAME) x[i] = (float)(i % 5);
    }
}

static void make_moments(moments *m, const pare_linear *l, const float *elements, kind of)
{
    const int64_t n = l->taps * l->in, each = l->out / l->group;
    pare_gram *g = &m->gram;
    *g = (pare_gram){ .groups = l->group, .n = n, .out = l->out,
                      .n_rows = of == ONE_SAMPLE ? 1 : (uint64_t)(2 * n + 9) };
    g->moments = m->h = zeros(l->group * n * n);
    g->sums = m->sums = zeros(l->group * n);
    g->products = m->products = zeros(l->out * n);
    g->target_sums = m->target_sums = zeros(l->out);
    g->target_squares = m->target_squares = zeros(l->out);
    pare_rng rng = pare_rng_named(3, "rows");
    for (uint64_t r = 0; r < g->n_rows * (uint64_t)l->group; r++) {
        const int64_t group = (int64_t)(r % (uint64_t)l->group);
        float x[MAX_N], w[MAX_N];
        make_row(&rng, of, n, x);
        for (int64_t i = 0; i < n; i++) {
            m->sums[group * n + i] += (double)x[i];
            for (int64_t j = 0; j < n; j++)
                m->h[(group * n + i) * n + j] += (double)x[i] * (double)x[j];
        }
        for (int64_t o = group * each; o < (group + 1) * each; o++) {
            double t = (double)normal(&rng) * 0.1;
            pare_linear_get_row(l, o, elements, w);
            for (int64_t i = 0; i < n; i++) t += (double)l->factor * (double)(w[i] * x[i]);
            m->target_sums[o] += t;
            m->target_squares[o] += t * t;
            for (int64_t i = 0; i < n; i++) m->products[o * n + i] += t * (double)x[i];
        }
    }
    if (of == BROKEN) m->h[3] = NAN;
}

static void free_moments(moments *m)
{
    free(m->h);
    free(m->sums);
    free(m->products);
    free(m->target_sums);
    free(m->target_squares);
}

typedef struct job {
    const solve_row *row;
    uint32_t n_threads;
    pare_algorithm algorithm;
    uint64_t hash;
    double error, rtn_error;
} job;

static uint64_t hash_of(uint64_t hash, const void *bytes, size_t n_bytes)
{
    for (size_t i = 0; i < n_bytes; i++)
        hash = (hash ^ ((const uint8_t *)bytes)[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Codes within their bounds, also where they stand in pairs; scales that are numbers. */
static void check_codes(const pare_weight_codes *c)
{
    for (int64_t r = 0; r < c->n_rows; r++) {
        const int8_t *q = c->codes + r * c->row;
        for (int64_t i = 0; i < c->row; i++)
            assert_true(q[i] >= c->form.low && q[i] <= c->form.high);
        for (int64_t i = 0; c->form.pair_safe && i + 1 < c->row; i += 2)
            assert_true(q[i] * q[i + 1] <= 0 || abs(q[i] + q[i + 1]) <= 128);
    }
    for (int64_t i = 0; i < c->n_rows * c->blocks; i++) {
        assert_true(isfinite(c->scales[i]) && c->scales[i] != 0);
        assert_true(c->zeros[i] >= c->form.low && c->zeros[i] <= c->form.high);
    }
}

static pare_status solve(pare_ctx *ctx, void *user)
{
    job *j = user;
    const solve_row *row = j->row;
    test_ctx plain;
    test_ctx_init(&plain);
    pare_model *model = make_model(&plain.ctx, row->graph);
    pare_linear l;
    assert_true(pare_linear_of(&plain.ctx, &l, model, model->graph->first_node));
    moments m;
    const pare_tensor *w = model->values[l.weight].tensor;
    make_moments(&m, &l, (const float *)(const void *)w->payload.data, row->data);
    if (!row->targets) m.gram.products = NULL;
    pare_solution s;
    pare_pool *pool = NULL;
    pare_status st = j->n_threads ? pare_pool_new(ctx, &pool, j->n_threads) : PARE_OK;
    const pare_solve_opts opts = {
        .weights = { .form = row->form, .signed_scale = true, .taps_apart = row->taps_apart },
        .algorithm = j->algorithm, .gram = &m.gram, .may_shift = row->may_shift,
    };
    if (!st) st = pare_weights_solve(ctx, &s, model, &l, pool, &opts);
    if (!st) {
        check_codes(s.codes);
        assert_true(row->may_shift || !s.shift);
        const size_t n_scales = (size_t)(s.codes->n_rows * s.codes->blocks);
        j->hash = hash_of(7, s.codes->codes, (size_t)(s.codes->n_rows * s.codes->row));
        j->hash = hash_of(j->hash, s.codes->scales, n_scales * sizeof(float));
        j->error = s.error;
        j->rtn_error = s.rtn_error;
        pare_solution_free(ctx, &s);
    }
    pare_pool_free(ctx, pool);
    free_moments(&m);
    pare_model_free(&plain.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&plain), 0);
    return st;
}

static void is_better_than_rounding(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pare_ctx ctx;
        pare_ctx_init(&ctx, NULL);
        job j = { .row = &rows[i], .n_threads = 2 };
        if (solve(&ctx, &j)) fail_msg("%s: %s", rows[i].graph, ctx.message);
        if (!(j.error <= j.rtn_error)) fail_msg("row %d: %g, not %g", (int)i, j.error, j.rtn_error);
        if (rows[i].data == NORMAL && !rows[i].form.pair_safe && !(j.error < 0.8 * j.rtn_error))
            fail_msg("row %d: %g, rounding %g", (int)i, j.error, j.rtn_error);
        const uint64_t want = j.hash;
        j.n_threads = 1;
        assert_int_equal(solve(&ctx, &j), PARE_OK);
        assert_true(j.hash == want);
    }
}

/* What else there is stays within its bounds and is not above rounding where moments are known. */
static void knows_other_algorithms(void **state)
{
    (void)state;
    static const pare_algorithm others[] = { PARE_ALGORITHM_RTN, PARE_ALGORITHM_SCALE_FIT,
                                             PARE_ALGORITHM_AWQ, PARE_ALGORITHM_HQQ };
    for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++)
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            pare_ctx ctx;
            pare_ctx_init(&ctx, NULL);
            job j = { .row = &rows[i], .n_threads = 2, .algorithm = others[k] };
            if (solve(&ctx, &j)) fail_msg("%s: %s", rows[i].graph, ctx.message);
            assert_false(j.error > j.rtn_error);
        }
    assert_string_equal(pare_algorithm_name(PARE_ALGORITHM_SCALE_FIT), "scale-fit");
    assert_null(pare_algorithm_name((pare_algorithm)PARE_N_ALGORITHMS));
}

static void refuses_moments_that_are_none(void **state)
{
    (void)state;
    solve_row row = rows[0];
    row.data = BROKEN;
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    job j = { .row = &row };
    assert_int_equal(solve(&ctx, &j), PARE_EFORMAT);
    assert_non_null(strstr(ctx.message, "'w'"));
}

static void survives_want_of_memory(void **state)
{
    (void)state;
    job j = { .row = &rows[2] };
    assert_true(test_ctx_torture(solve, &j) > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_better_than_rounding),
        cmocka_unit_test(knows_other_algorithms),
        cmocka_unit_test(refuses_moments_that_are_none),
        cmocka_unit_test(survives_want_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
