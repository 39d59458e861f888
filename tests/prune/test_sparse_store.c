/* Zeros that are not stored: where that is smaller, and without a change to what is computed. */
#include "prune/sparse_store.h"

#include "ir/graph.h"
#include "op/eval.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <string.h>

enum { IN = 20, OUT = 10 };

/* Two products; every `step`-th weight of the first is not zero. */
static pare_model *make_model(pare_ctx *ctx, int step)
{
    static char text[8192];
    size_t at = (size_t)snprintf(text, sizeof(text),
                                 "<ir_version: 11, opset_import: [\"\" : 17]>\n"
                                 "g (float[1,%d] x) => (float[1,2] y) <float[%d,%d] w = {", IN, IN,
                                 OUT);
    for (int i = 0; i < IN * OUT; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%g", i ? ", " : "",
                               i % step ? 0 : 1 + i / 100.0);
    at += (size_t)snprintf(text + at, sizeof(text) - at, "}, float[%d,2] v = {", OUT);
    for (int i = 0; i < OUT * 2; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%d", i ? ", " : "", i + 1);
    snprintf(text + at, sizeof(text) - at, "}> { h = MatMul(x, w) y = MatMul(h, v) }");
    return test_model_parse(ctx, text);
}

static void run(pare_ctx *ctx, const pare_model *m, float *out)
{
    const int64_t dims[] = { 1, IN };
    float data[IN];
    pare_tensor *x = NULL;
    pare_datum *y = NULL;
    for (int i = 0; i < IN; i++) data[i] = (float)(i * i % 7) - 2;
    assert_int_equal(pare_tensor_from(ctx, &x, PARE_FLOAT, 2, dims, data), PARE_OK);
    const pare_eval_input input = { "x", { .kind = PARE_TYPE_TENSOR, .tensor = x } };
    assert_int_equal(pare_eval_model(ctx, &y, m, &input, 1, NULL), PARE_OK);
    memcpy(out, y[0].tensor->payload.data, 2 * sizeof(*out));
    pare_datums_free(ctx, y, 1);
    pare_tensor_unref(x);
}

static void many_zeros_are_left_out(void **state)
{
    (void)state;
    test_ctx t;
    pare_sparse_stored counted, stored;
    float before[2], after[2];
    test_ctx_init(&t);
    pare_model *m = make_model(&t.ctx, 5);
    run(&t.ctx, m, before);
    assert_int_equal(pare_prune_store_sparse(&t.ctx, m, true, &counted), PARE_OK);
    const pare_value_id w = pare_graph_find(m->graph, "w");
    assert_non_null(m->values[w].tensor);
    assert_int_equal(pare_prune_store_sparse(&t.ctx, m, false, &stored), PARE_OK);
    assert_memory_equal(&counted, &stored, sizeof(stored));
    assert_int_equal(stored.n_sparse, 1);
    assert_int_equal(stored.n_dense, 0); /* v has no zeros */
    assert_int_equal(stored.before, IN * OUT * 4);
    assert_int_equal(stored.after, IN * OUT / 5 * 12 + 64);
    assert_int_equal(stored.packed, IN * OUT / 8 + IN * OUT / 5 * 4);
    const pare_sparse_tensor *s = m->values[w].sparse;
    assert_non_null(s);
    assert_null(m->values[w].tensor);
    assert_int_equal(s->values->n_elements, IN * OUT / 5);
    assert_int_equal(((const int64_t *)(const void *)s->indices->payload.data)[3], 15);
    run(&t.ctx, m, after);
    assert_memory_equal(before, after, sizeof(after));
    pare_model_free(&t.ctx, m);
    assert_int_equal(t.n_live, 0);
}

static void few_zeros_stay(void **state)
{
    (void)state;
    test_ctx t;
    pare_sparse_stored stored;
    test_ctx_init(&t);
    pare_model *m = make_model(&t.ctx, 2);
    assert_int_equal(pare_prune_store_sparse(&t.ctx, m, false, &stored), PARE_OK);
    assert_int_equal(stored.n_sparse, 0);
    assert_int_equal(stored.n_dense, 1);
    assert_int_equal(stored.before, stored.after);
    assert_int_equal(stored.packed, IN * OUT / 8 + IN * OUT / 2 * 4);
    assert_non_null(m->values[pare_graph_find(m->graph, "w")].tensor);
    pare_model_free(&t.ctx, m);
    assert_int_equal(t.n_live, 0);
}

static pare_status store_once(pare_ctx *ctx, void *user)
{
    pare_model *m = NULL;
    pare_sparse_stored stored;
    pare_status st = pare_model_clone(ctx, &m, user);
    if (!st) st = pare_prune_store_sparse(ctx, m, false, &stored);
    pare_model_free(ctx, m);
    return st;
}

static void memory_may_be_short(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *m = make_model(&t.ctx, 5);
    test_ctx_torture(store_once, m);
    pare_model_free(&t.ctx, m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_zeros_are_left_out),
        cmocka_unit_test(few_zeros_stay),
        cmocka_unit_test(memory_may_be_short),
    };
    return test_run(tests);
}
