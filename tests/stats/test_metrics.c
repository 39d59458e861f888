/* Scores of single answers against numbers from NumPy and SciPy, and what scores add up to. */
#include "support/test.h"
#include "support/test_ctx.h"

#include "stats/metrics.h"

#include <math.h>
#include <string.h>

#define ALL ((1u << PARE_N_SCORES) - 1)

static void near(double got, double want, const char *what)
{
    if (!(fabs(got - want) <= 1e-12 * fmax(1, fabs(want))))
        fail_msg("%s: got %.15g, expected %.15g", what, got, want);
}

/* Reads an answer of floats; truth may be NULL. */
static pare_answer answer_of(test_ctx *t, double **room, uint32_t rank, const int64_t *dims,
                             const float *x, const pare_truth *truth)
{
    static const pare_truth none;
    pare_answer a;
    pare_tensor *tensor = NULL;
    size_t cap = 0;
    assert_int_equal(pare_tensor_from(&t->ctx, &tensor, PARE_FLOAT, rank, dims, x), PARE_OK);
    assert_int_equal(pare_answer_load(&t->ctx, &a, "y", tensor, truth ? truth : &none, NULL, room,
                                      &cap),
                     PARE_OK);
    pare_tensor_unref(tensor);
    return a;
}

typedef struct pair {
    test_ctx t;
    double *room[2];
    pare_answer of[2];
} pair;

static void start(pair *p, int64_t n, const float *x, const float *y)
{
    const int64_t dims[] = { 1, n };
    *p = (pair){ 0 };
    test_ctx_init(&p->t);
    p->of[0] = answer_of(&p->t, &p->room[0], 2, dims, x, NULL);
    if (y) p->of[1] = answer_of(&p->t, &p->room[1], 2, dims, y, NULL);
}

static void end(pair *p)
{
    pare_free(&p->t.ctx, p->room[0]);
    pare_free(&p->t.ctx, p->room[1]);
    assert_int_equal(test_ctx_live_bytes(&p->t), 0);
}

/* scipy.special.log_softmax and numpy */
static void values(void **state)
{
    static const float x[] = { 1, 2, 0.5, -1 }, y[] = { 0.5, 2.5, 0.5, -0.5 };
    const int64_t label = 2;
    pair p;
    pare_score s;
    (void)state;
    start(&p, 4, x, y);
    pare_score_answer(&s, ALL, &p.of[0], &p.of[1], &(pare_truth){ &label, 1 });
    near(s.sum[PARE_SCORE_TOP1], 0, "top1");
    near(s.sum[PARE_SCORE_TOP5], 1, "top5");
    near(s.sum[PARE_SCORE_AGREEMENT], 1, "agreement");
    near(s.sum[PARE_SCORE_KL], 0.06346673340338815, "kl");
    near(s.sum[PARE_SCORE_PERPLEXITY], 1.995181898085856, "-log q");
    near(s.sum[PARE_SCORE_MSE], 0.75, "mse");
    near(s.weight[PARE_SCORE_MSE], 4, "mse's weight");
    near(s.weight[PARE_SCORE_SQNR], 7, "signal");
    near(s.sum[PARE_SCORE_COSINE], 0.9449111825230679, "cosine");
    assert_int_equal(s.best, 1);
    assert_int_equal(s.ties, 0);
    end(&p);
}

static void probabilities(void **state)
{
    static const float q[] = { 0.5f, 0.25f, 0.25f, 0 }, r[] = { 0.25f, 0.25f, 0.25f, 0.25f };
    const int64_t label = 1;
    pair p;
    pare_score s;
    (void)state;
    start(&p, 4, q, r);
    assert_true(pare_answer_sums_to_one(&p.of[0], 1e-6));
    p.of[0].is_probability = p.of[1].is_probability = true;
    pare_score_answer(&s, ALL, &p.of[0], &p.of[1], &(pare_truth){ &label, 1 });
    near(s.sum[PARE_SCORE_PERPLEXITY], -log(0.25 / (1 + 1e-12)), "-log q");
    near(s.sum[PARE_SCORE_KL], 0.25 * (log(0.5) + log(0.25e12)) + log(1 + 1e-12), "kl, 0 is 1e-12");
    end(&p);
    start(&p, 4, (const float[]){ 0.5f, 0.25f, 0.3f, 0.2f }, (const float[]){ 2, -1, 0, 0 });
    assert_false(pare_answer_sums_to_one(&p.of[0], 0.05));
    assert_true(pare_answer_sums_to_one(&p.of[0], 0.3));
    assert_false(pare_answer_sums_to_one(&p.of[1], 10));
    end(&p);
}

/* The first of equal elements is the answer; among five likewise. */
static void ties(void **state)
{
    static const float x[] = { 1, 3, 3, 1, 1, 1, 1 };
    static const struct {
        int64_t label;
        int top1, top5;
    } rows[] = { { 1, 1, 1 }, { 2, 0, 1 }, { 0, 0, 1 }, { 4, 0, 1 }, { 5, 0, 0 }, { 6, 0, 0 } };
    pair p;
    (void)state;
    start(&p, 7, x, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pare_score s;
        pare_score_answer(&s, ALL, &p.of[0], NULL, &(pare_truth){ &rows[i].label, 1 });
        near(s.sum[PARE_SCORE_TOP1], rows[i].top1, "top1");
        near(s.sum[PARE_SCORE_TOP5], rows[i].top5, "top5");
        assert_int_equal(s.ties, 1);
    }
    end(&p);
}

static void not_a_number(void **state)
{
    static const float x[] = { 1, NAN, 2 }, y[] = { 1, 2, 3 };
    const int64_t label = 2;
    pair p;
    pare_score s;
    pare_compared c;
    (void)state;
    start(&p, 3, x, y);
    pare_score_answer(&s, ALL, &p.of[0], &p.of[1], &(pare_truth){ &label, 1 });
    assert_true(s.has_nan && s.left_out);
    assert_int_equal(s.best, -1);
    for (int m = 0; m < PARE_N_SCORES; m++) {
        near(s.sum[m], 0, pare_score_infos[m].name);
        near(s.weight[m], pare_score_infos[m].kind == PARE_SCORE_SHARE, pare_score_infos[m].name);
    }
    pare_compare_answers(&c, 1, &p.of[0], &p.of[1], &(pare_truth){ &label, 1 });
    assert_int_equal(c.broken, 1);
    assert_int_equal(c.changed, 1);
    end(&p);
}

/* Infinite elements have an order, but no mean. */
static void infinities(void **state)
{
    static const float x[] = { -INFINITY, 1, INFINITY }, y[] = { -INFINITY, 1, 2 };
    const int64_t label = 2;
    pair p;
    pare_score s;
    (void)state;
    start(&p, 3, x, y);
    pare_score_answer(&s, ALL, &p.of[0], &p.of[1], &(pare_truth){ &label, 1 });
    near(s.sum[PARE_SCORE_TOP1], 1, "top1");
    near(s.weight[PARE_SCORE_MSE], 0, "mse");
    assert_true(s.left_out && !s.has_nan);
    end(&p);
}

/* Tokens: rows of classes, one label each; what is below 0 is not scored. */
static void tokens(void **state)
{
    static const float x[] = { 1, 2, 0, 5, 4, 3, 0, 0, 1, 9, 8, 7 };
    static const int64_t labels[] = { 1, 2, 2, -100 }, dims[] = { 1, 4, 3 };
    const pare_truth truth = { labels, 4 };
    test_ctx t;
    double *room = NULL;
    size_t cap = 0;
    pare_tensor *tensor = NULL, *label_tensor = NULL;
    pare_answer a;
    pare_score s;
    (void)state;
    test_ctx_init(&t);
    assert_int_equal(pare_tensor_from(&t.ctx, &tensor, PARE_FLOAT, 3, dims, x), PARE_OK);
    assert_int_equal(pare_tensor_from(&t.ctx, &label_tensor, PARE_INT64, 2, dims, labels), PARE_OK);
    assert_int_equal(pare_answer_load(&t.ctx, &a, "y", tensor, &truth, label_tensor, &room, &cap),
                     PARE_OK);
    pare_score_answer(&s, ALL, &a, NULL, &truth);
    near(s.sum[PARE_SCORE_TOKEN_ACCURACY], 2, "right");
    near(s.weight[PARE_SCORE_TOKEN_ACCURACY], 3, "labelled");
    assert_int_equal(s.rows, 3);
    pare_tensor_unref(tensor);
    pare_tensor_unref(label_tensor);
    pare_free(&t.ctx, room);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

/* Which axis the classes are. */
static void shapes(void **state)
{
    enum { FAILS = -1 };
    static const struct {
        uint32_t rank;
        int64_t dims[4];
        int64_t n_labels;          /* 0: none; 1: a class */
        uint32_t label_rank;       /* 0: no tensor */
        int64_t label_dims[3];
        int64_t outer, classes, inner;
    } rows[] = {
        { 2, { 1, 6 }, 1, 0, { 0 }, 1, 6, 1 },
        { 4, { 1, 6, 1, 1 }, 1, 0, { 0 }, 1, 6, 1 },
        { 1, { 6 }, 1, 0, { 0 }, 1, 6, 1 },
        { 4, { 1, 6, 2, 2 }, 1, 0, { 0 }, FAILS, 0, 0 },
        { 2, { 1, 1 }, 1, 0, { 0 }, FAILS, 0, 0 },
        { 4, { 1, 3, 2, 2 }, 4, 3, { 1, 2, 2 }, 1, 3, 4 },
        { 3, { 1, 4, 3 }, 4, 2, { 1, 4 }, 4, 3, 1 },
        { 3, { 1, 3, 3 }, 3, 1, { 3 }, 3, 3, 1 },
        { 3, { 1, 4, 3 }, 5, 1, { 5 }, FAILS, 0, 0 },
        { 4, { 1, 3, 2, 2 }, 0, 0, { 0 }, 1, 3, 4 },
        { 3, { 1, 4, 3 }, 0, 0, { 0 }, 4, 3, 1 },
        { 4, { 1, 1, 5, 5 }, 0, 0, { 0 }, 1, 1, 25 },
        { 0, { 0 }, 0, 0, { 0 }, 1, 1, 1 },
    };
    static const int64_t labels[5];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_ctx t;
        double *room = NULL;
        size_t cap = 0;
        pare_tensor *y = NULL, *l = NULL;
        pare_answer a;
        test_ctx_init(&t);
        assert_int_equal(pare_tensor_new(&t.ctx, &y, PARE_FLOAT, rows[i].rank, rows[i].dims),
                         PARE_OK);
        if (rows[i].label_rank)
            assert_int_equal(pare_tensor_new(&t.ctx, &l, PARE_INT64, rows[i].label_rank,
                                             rows[i].label_dims), PARE_OK);
        const pare_truth truth = { rows[i].n_labels ? labels : NULL, rows[i].n_labels };
        const pare_status st = pare_answer_load(&t.ctx, &a, "y", y, &truth, l, &room, &cap);
        if (rows[i].outer == FAILS) {
            assert_int_equal(st, PARE_EFORMAT);
            assert_non_null(strstr(t.ctx.message, "output 'y' is float["));
        } else if (st || a.outer != rows[i].outer || a.classes != rows[i].classes ||
                   a.inner != rows[i].inner) {
            fail_msg("row %zu: status %d, %d x %d x %d", i, st, (int)a.outer, (int)a.classes,
                     (int)a.inner);
        }
        pare_tensor_unref(y);
        pare_tensor_unref(l);
        pare_free(&t.ctx, room);
    }
}

/* Models that end in ArgMax answer with numbers of classes. */
static void classes(void **state)
{
    static const int64_t y = 7, label = 7, dims[] = { 1 };
    const pare_truth truth = { &label, 1 };
    test_ctx t;
    double *room = NULL;
    size_t cap = 0;
    pare_tensor *tensor = NULL;
    pare_answer a;
    pare_score s;
    (void)state;
    test_ctx_init(&t);
    assert_int_equal(pare_tensor_from(&t.ctx, &tensor, PARE_INT64, 1, dims, &y), PARE_OK);
    assert_int_equal(pare_answer_load(&t.ctx, &a, "y", tensor, &truth, NULL, &room, &cap), PARE_OK);
    assert_true(a.is_class);
    pare_score_answer(&s, ALL, &a, &a, &truth);
    near(s.sum[PARE_SCORE_TOP1], 1, "top1");
    near(s.sum[PARE_SCORE_AGREEMENT], 1, "agreement");
    near(s.weight[PARE_SCORE_TOP5], 0, "top5");
    near(s.weight[PARE_SCORE_PERPLEXITY], 0, "perplexity");
    pare_tensor_unref(tensor);
    pare_free(&t.ctx, room);
}

static void tallies(void **state)
{
    (void)state;
    pare_tally t = { 0 };
    static const double s[] = { 3, 1, 4, 1, 5 }, w[] = { 2, 1, 3, 2, 4 };
    for (int i = 0; i < 5; i++) pare_tally_add(&t, s[i], w[i]);
    pare_score_value v = pare_tally_value(PARE_SCORE_MSE, &t);
    near(v.value, 1.1666666666666667, "ratio");
    near(v.low, 0.7486673920992075, "ratio, low");
    near(v.high, 1.584665941234126, "ratio, high");
    near(v.samples, 12, "weight");

    t = (pare_tally){ 0 };
    static const double means[] = { 0.1, 0.4, 0.2, 0.35 };
    for (int i = 0; i < 4; i++) pare_tally_add(&t, means[i], 1);
    v = pare_tally_value(PARE_SCORE_COSINE, &t);
    near(v.value, 0.2625, "mean");
    near(v.low, 0.043405655758749634, "mean, low");
    near(v.high, 0.48159434424125025, "mean, high");
    assert_true(pare_tally_value(PARE_SCORE_PERPLEXITY, &t).value == exp(v.value));

    t = (pare_tally){ 0 };
    for (int i = 0; i < 10; i++) pare_tally_add(&t, i < 7, 1);
    v = pare_tally_value(PARE_SCORE_TOP1, &t);
    near(v.value, 0.7, "share");
    near(v.low, 0.39677814746114537, "Wilson, low");
    near(v.high, 0.8922087325936989, "Wilson, high");

    t = (pare_tally){ 0 };
    pare_tally_add(&t, 0.5, 50);
    v = pare_tally_value(PARE_SCORE_SQNR, &t);
    near(v.value, 20, "dB");
    assert_true(isnan(v.low) && isnan(v.high));
    pare_tally_add(&t, 0, 0); /* weighs nothing */
    assert_int_equal(t.n, 1);
    t = (pare_tally){ 0 };
    assert_true(isnan(pare_tally_value(PARE_SCORE_TOP1, &t).value));
}

static void names(void **state)
{
    (void)state;
    for (int m = 0; m < PARE_N_SCORES; m++)
        assert_int_equal(pare_score_find(pare_score_infos[m].name), m);
    assert_int_equal(pare_score_find("top2"), PARE_N_SCORES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),  cmocka_unit_test(probabilities), cmocka_unit_test(ties),
        cmocka_unit_test(not_a_number), cmocka_unit_test(infinities), cmocka_unit_test(tokens),
        cmocka_unit_test(shapes),  cmocka_unit_test(classes),       cmocka_unit_test(tallies),
        cmocka_unit_test(names),
    };
    return test_run(tests);
}
