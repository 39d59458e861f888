/* What numbers do where they become too large, too many or too deep, and where memory ends. */
#include "support/test.h"

#include "ir/num.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <string.h>

typedef struct table {
    test_ctx t;
    pare_arena arena;
    pare_exprs *exprs;
    pare_num n, m, k; /* symbols */
} table;

static int setup(void **state)
{
    static table tab;
    test_ctx_init(&tab.t);
    pare_arena_init(&tab.t.ctx, &tab.arena, 0);
    tab.exprs = pare_exprs_new(&tab.t.ctx, &tab.arena);
    assert_non_null(tab.exprs);
    tab.n = pare_num_symbol(tab.exprs, "N");
    tab.m = pare_num_symbol(tab.exprs, "M");
    tab.k = pare_num_symbol(tab.exprs, "K");
    *state = &tab;
    return 0;
}

static int teardown(void **state)
{
    table *tab = *state;
    pare_exprs_free(&tab->t.ctx, tab->exprs);
    pare_arena_free(&tab->arena);
    return test_ctx_live_bytes(&tab->t) != 0;
}

static pare_num num(int64_t i)
{
    return pare_num_int(i);
}

static void check_same(pare_num got, pare_num want)
{
    assert_int_equal(got.kind, want.kind);
    if (want.kind != PARE_NUM_UNKNOWN) assert_true(pare_num_equal(got, want));
}

typedef pare_num binary_fn(pare_exprs *exprs, pare_num a, pare_num b);

static pare_num numbered(table *tab, uint32_t i)
{
    char name[16];
    snprintf(name, sizeof(name), "s%u", i);
    return pare_num_symbol(tab->exprs, name);
}

static void limits_give_unknown(void **state)
{
    table *tab = *state;
    pare_num sum = num(0), product = num(1), nested = tab->n, spread = num(0);
    for (uint32_t i = 0; i < PARE_MAX_TERMS; i++) {
        sum = pare_num_add(tab->exprs, sum, numbered(tab, i));
        assert_int_equal(sum.kind, PARE_NUM_EXPR);
    }
    assert_int_equal(pare_num_add(tab->exprs, sum, num(1)).kind, PARE_NUM_UNKNOWN);
    for (uint32_t i = 0; i < PARE_MAX_DEGREE; i++) {
        product = pare_num_mul(tab->exprs, product, i % 2 ? tab->n : tab->m);
        assert_int_equal(product.kind, PARE_NUM_EXPR);
    }
    assert_int_equal(pare_num_mul(tab->exprs, product, tab->k).kind, PARE_NUM_UNKNOWN);
    for (uint32_t i = 0; i < PARE_MAX_EXPR_DEPTH; i++) {
        nested = pare_num_floordiv(tab->exprs, nested, pare_num_add(tab->exprs, tab->m, num(i)));
        assert_int_equal(nested.kind, PARE_NUM_EXPR);
    }
    assert_int_equal(pare_num_floordiv(tab->exprs, nested, tab->k).kind, PARE_NUM_UNKNOWN);
    assert_int_equal(pare_num_max(tab->exprs, nested, tab->k).kind, PARE_NUM_UNKNOWN);
    assert_int_equal(pare_num_add(tab->exprs, nested, tab->k).kind, PARE_NUM_EXPR);
    const pare_num big = pare_num_mul(tab->exprs, num(INT64_MAX), tab->n);
    assert_int_equal(pare_num_add(tab->exprs, big, tab->n).kind, PARE_NUM_UNKNOWN);
    assert_int_equal(pare_num_mul(tab->exprs, big, num(2)).kind, PARE_NUM_UNKNOWN);
    for (uint32_t i = 0; i < 8; i++) {
        const pare_num step = numbered(tab, i);
        spread = i ? pare_num_min(tab->exprs, spread, step) : step;
        assert_int_equal(spread.kind, PARE_NUM_EXPR);
    }
    assert_int_equal(pare_num_min(tab->exprs, spread, tab->n).kind, PARE_NUM_UNKNOWN);
    check_same(pare_num_min(tab->exprs, spread, numbered(tab, 3)), spread);
    assert_false(pare_exprs_failed(tab->exprs));
}

/* Expressions that share their parts twice at each of many levels: as trees they are endless. */
static void shared_parts_are_visited_once(void **state)
{
    table *tab = *state;
    pare_num a = tab->n;
    for (uint32_t i = 0; i < PARE_MAX_EXPR_DEPTH; i++) {
        const pare_num by_m = pare_num_add(tab->exprs, tab->m, num(2));
        const pare_num by_k = pare_num_add(tab->exprs, tab->k, num(3));
        pare_num sum = pare_num_add(tab->exprs, pare_num_floordiv(tab->exprs, a, by_m),
                                    pare_num_mod(tab->exprs, a, by_k));
        for (uint32_t k = 0; k < 6; k++) {
            const pare_num by = pare_num_add(tab->exprs, tab->k, num(5 + k));
            sum = pare_num_add(tab->exprs, sum, pare_num_floordiv(tab->exprs, a, by));
        }
        assert_int_equal(sum.kind, PARE_NUM_EXPR);
        a = sum;
    }
    static const pare_binding values[] = { { "N", 1000 }, { "M", 0 }, { "K", 1 }, { NULL, 0 } };
    assert_int_equal(pare_num_bind(tab->exprs, a, values).kind, PARE_NUM_INT);
    static char text[100000];
    pare_num_text(text, sizeof(text), tab->exprs, a);
    assert_int_equal(strlen(text), sizeof(text) - 1);
}

/* The worst a graph can do: large operands of every kind, on and on. */
static void hostile_growth_ends(void **state)
{
    table *tab = *state;
    static binary_fn *const all[] = { pare_num_mul, pare_num_add, pare_num_floordiv, pare_num_mod,
                                      pare_num_min, pare_num_max, pare_num_sub, pare_num_ceildiv };
    enum { POOL = 64 };
    pare_num pool[POOL];
    for (uint32_t i = 0; i < POOL; i++) pool[i] = numbered(tab, i);
    uint64_t seed = 88172645463325252u;
    uint32_t n_unknown = 0;
    for (uint32_t i = 0; i < 400000; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        const uint32_t a = (uint32_t)(seed >> 58), b = seed >> 50 & 63, to = seed >> 42 & 63;
        const pare_num got = all[seed >> 38 & 7](tab->exprs, pool[a], pool[b]);
        n_unknown += got.kind == PARE_NUM_UNKNOWN;
        pool[to] = got.kind == PARE_NUM_EXPR ? got : numbered(tab, to);
    }
    assert_true(n_unknown > 0);
    assert_false(pare_exprs_failed(tab->exprs));
    assert_true(test_ctx_peak_bytes(&tab->t) < UINT64_C(100) << 20);
    /* A full table still knows what it has. */
    assert_int_equal(numbered(tab, 1000001).kind, PARE_NUM_UNKNOWN);
    check_same(pare_num_symbol(tab->exprs, "N"), tab->n);
    check_same(pare_num_sub(tab->exprs, tab->n, tab->n), num(0));
}

static pare_status exercise(pare_ctx *ctx, void *user)
{
    (void)user;
    pare_arena arena;
    pare_arena_init(ctx, &arena, 0);
    pare_exprs *exprs = pare_exprs_new(ctx, &arena);
    pare_status st = exprs ? PARE_OK : pare_arena_fail(ctx, &arena);
    if (st) goto done;
    pare_num sum = num(0);
    for (uint32_t i = 0; i < 80; i++) {
        char name[16];
        snprintf(name, sizeof(name), "s%u", i % 40);
        const pare_num s = pare_num_symbol(exprs, name);
        pare_num a = pare_num_mul(exprs, pare_num_add(exprs, s, num(i)), num(3));
        a = pare_num_min(exprs, a, pare_num_floordiv(exprs, a, num(7 + i)));
        if (i % 10 == 0) sum = num(0);
        sum = pare_num_add(exprs, sum, pare_num_mod(exprs, a, num(5)));
        const bool unknown = sum.kind == PARE_NUM_UNKNOWN;
        assert_int_equal(unknown, pare_exprs_failed(exprs));
        if (!unknown) continue;
        const pare_binding values[] = { { "s0", 1 }, { NULL, 0 } };
        char text[100]; /* what there is can still be looked at */
        pare_num_text(text, sizeof(text), exprs, s);
        pare_num_bind(exprs, s, values);
        assert_int_equal(pare_num_symbol(exprs, "x").kind, PARE_NUM_UNKNOWN);
        st = pare_arena_fail(ctx, &arena);
        goto done;
    }
done:
    pare_exprs_free(ctx, exprs);
    pare_arena_free(&arena);
    return st;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(test_ctx_torture(exercise, NULL) > 10);
    test_ctx t;
    test_ctx_init(&t);
    pare_exprs_free(&t.ctx, NULL);
}

static void arena_limit_is_a_failure(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_arena arena;
    pare_arena_init(&t.ctx, &arena, 64 << 10);
    pare_exprs *exprs = pare_exprs_new(&t.ctx, &arena);
    assert_non_null(exprs);
    pare_num a = pare_num_symbol(exprs, "N");
    for (int64_t i = 1; a.kind != PARE_NUM_UNKNOWN && i < 100000; i++)
        a = pare_num_add(exprs, a, num(i));
    assert_true(pare_exprs_failed(exprs));
    assert_int_equal(pare_arena_fail(&t.ctx, &arena), PARE_EBUDGET);
    pare_exprs_free(&t.ctx, exprs);
    pare_arena_free(&arena);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(limits_give_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(shared_parts_are_visited_once, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_growth_ends, setup, teardown),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(arena_limit_is_a_failure),
    };
    return test_run(tests);
}
