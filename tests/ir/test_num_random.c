/* Random expressions against plain integers: each is built beside its value under a few bindings
 * of the symbols. */
#include "support/test.h"

#include "ir/expr.h"
#include "ir/num.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <string.h>

enum { N_SYMBOLS = 4, N_BINDINGS = 8, N_POOL = 24, FIRST_EXTREME = 10000 };

__extension__ typedef __int128 wide;

typedef struct sample {
    pare_num num;
    int64_t value[N_BINDINGS];
    bool defined[N_BINDINGS]; /* no division by 0, nothing beyond the limit, on the way to it */
} sample;

typedef struct world {
    test_ctx t;
    pare_arena arena;
    pare_exprs *exprs;
    uint64_t seed;
    /* Either so small that no intermediate result of any form of an expression overflows, and
     * then each expression has a value; or all of 64 bits, and then it may have none. */
    int64_t limit;
    pare_binding bindings[N_BINDINGS][N_SYMBOLS + 1];
    sample pool[N_POOL];
} world;

static const char *const names[N_SYMBOLS] = { "batch", "height", "width", "t" };

static uint64_t next_random(world *w)
{
    w->seed ^= w->seed << 13;
    w->seed ^= w->seed >> 7;
    w->seed ^= w->seed << 17;
    return w->seed * 0x2545f4914f6cdd1du >> 11;
}

static uint32_t below(world *w, uint32_t n)
{
    return (uint32_t)(next_random(w) % n);
}

static void world_init(world *w, uint64_t seed)
{
    static const int64_t odd[] = { INT64_MAX, INT64_MAX - 1, INT64_C(1) << 62, 1, 0, 3037000500 };
    const bool extreme = seed >= FIRST_EXTREME;
    memset(w, 0, sizeof(*w));
    test_ctx_init(&w->t);
    pare_arena_init(&w->t.ctx, &w->arena, 0);
    w->exprs = pare_exprs_new(&w->t.ctx, &w->arena);
    w->seed = seed * 2 + 1;
    w->limit = extreme ? INT64_MAX : 1 << 20;
    for (uint32_t b = 0; b < N_BINDINGS; b++)
        for (uint32_t s = 0; s < N_SYMBOLS; s++)
            w->bindings[b][s] = (pare_binding){ names[s], b == 0 ? s == 0 : below(w, 1 + 3 * b) };
    for (uint32_t b = 1; extreme && b < N_BINDINGS; b++)
        for (uint32_t s = 0; s < N_SYMBOLS; s++)
            if (below(w, 2)) w->bindings[b][s].value = odd[below(w, 6)];
}

static void world_free(world *w)
{
    assert_false(pare_exprs_failed(w->exprs));
    pare_exprs_free(&w->t.ctx, w->exprs);
    pare_arena_free(&w->arena);
    assert_int_equal(test_ctx_live_bytes(&w->t), 0);
}

static sample leaf(world *w)
{
    sample s = { .num = pare_num_unknown() };
    const uint32_t symbol = below(w, N_SYMBOLS + 2);
    static const int64_t odd[] = { INT64_MIN, INT64_MIN + 1, -(INT64_C(1) << 62), -1, INT64_MAX,
                                   INT64_C(1) << 62, INT64_C(3037000500) };
    const bool extreme = w->limit == INT64_MAX && below(w, 2);
    const int64_t constant = extreme ? odd[below(w, 7)] : (int64_t)below(w, 12) - 4;
    for (uint32_t b = 0; b < N_BINDINGS; b++) {
        s.value[b] = symbol < N_SYMBOLS ? w->bindings[b][symbol].value : constant;
        s.defined[b] = true;
    }
    s.num = symbol < N_SYMBOLS ? pare_num_symbol(w->exprs, names[symbol]) : pare_num_int(constant);
    return s;
}

typedef enum op { ADD, SUB, MUL, FLOORDIV, CEILDIV, TRUNCDIV, MOD, MIN, MAX, N_OPS } op;

static const struct {
    char name[8];
    pare_num (*fn)(pare_exprs *exprs, pare_num a, pare_num b);
} ops[N_OPS] = {
    [ADD] = { "add", pare_num_add },
    [SUB] = { "sub", pare_num_sub },
    [MUL] = { "mul", pare_num_mul },
    [FLOORDIV] = { "floor", pare_num_floordiv },
    [CEILDIV] = { "ceil", pare_num_ceildiv },
    [TRUNCDIV] = { "trunc", pare_num_truncdiv },
    [MOD] = { "mod", pare_num_mod },
    [MIN] = { "min", pare_num_min },
    [MAX] = { "max", pare_num_max },
};

/* The definition of each operation. b is not 0 for divisions. */
static wide apply(op o, wide a, wide b)
{
    wide q = 0;
    switch (o) {
    case ADD: return a + b;
    case SUB: return a - b;
    case MUL: return a * b;
    case TRUNCDIV: return a / b;
    case CEILDIV: return -apply(FLOORDIV, -a, b);
    case FLOORDIV: /* the largest integer that is not above a / b */
        for (q = a / b + 1; b > 0 ? q * b > a : q * b < a;) q--;
        return q;
    case MOD: return a - b * apply(FLOORDIV, a, b);
    case MIN: return a < b ? a : b;
    case MAX: return a > b ? a : b;
    case N_OPS: break;
    }
    return 0;
}

static bool divides(op o)
{
    return o == FLOORDIV || o == CEILDIV || o == TRUNCDIV || o == MOD;
}

static sample combine(world *w, op o, const sample *a, const sample *b)
{
    sample s = { .num = ops[o].fn(w->exprs, a->num, b->num) };
    for (uint32_t i = 0; i < N_BINDINGS; i++) {
        s.defined[i] = a->defined[i] && b->defined[i] && !(divides(o) && b->value[i] == 0);
        if (!s.defined[i]) continue;
        const wide value = apply(o, a->value[i], b->value[i]);
        s.defined[i] = value >= -w->limit && value <= w->limit;
        if (s.defined[i]) s.value[i] = (int64_t)value;
    }
    return s;
}

static void check_sample(world *w, op o, const sample *s, const sample *a, const sample *b)
{
    if (s->num.kind == PARE_NUM_UNKNOWN) return;
    char x[200], y[200], z[200];
    const pare_range range = pare_num_range(w->exprs, s->num);
    for (uint32_t i = 0; i < N_BINDINGS; i++) {
        if (!s->defined[i]) continue;
        const pare_num got = pare_num_bind(w->exprs, s->num, w->bindings[i]);
        const bool bounded = range.low <= s->value[i] && s->value[i] <= range.high;
        const bool lost = w->limit == INT64_MAX && got.kind == PARE_NUM_UNKNOWN;
        if ((lost || pare_num_is(got, s->value[i])) && bounded) continue;
        fail_msg("%s of %s and %s gave %s: got %lld, want %lld in [%lld, %lld]", ops[o].name,
                 pare_num_text(x, sizeof(x), w->exprs, a->num),
                 pare_num_text(y, sizeof(y), w->exprs, b->num),
                 pare_num_text(z, sizeof(z), w->exprs, s->num),
                 got.kind == PARE_NUM_INT ? (long long)got.i : -99999999ll, (long long)s->value[i],
                 (long long)range.low, (long long)range.high);
    }
}

/* Combines what it has for a while; counts what came out, and what of that was known. */
static void run_random(world *w, uint64_t seed, uint32_t *n_all, uint32_t *n_known)
{
    world_init(w, seed);
    for (uint32_t i = 0; i < N_POOL; i++) w->pool[i] = leaf(w);
    for (uint32_t step = 0; step < 200; step++) {
        const sample a = w->pool[below(w, N_POOL)], b = w->pool[below(w, N_POOL)];
        const op o = (op)below(w, N_OPS);
        const sample s = combine(w, o, &a, &b);
        check_sample(w, o, &s, &a, &b);
        n_all[o]++;
        n_known[o] += s.num.kind != PARE_NUM_UNKNOWN;
        /* Fresh leaves keep the pool from filling with what is unknown or undefined. */
        const bool keep = s.num.kind == PARE_NUM_EXPR && below(w, 3) > 0;
        w->pool[below(w, N_POOL)] = keep ? s : leaf(w);
    }
    world_free(w);
}

static void operations_agree_with_integers(void **state)
{
    (void)state;
    static world w;
    uint32_t n_known[N_OPS] = { 0 }, n_all[N_OPS] = { 0 };
    for (uint64_t seed = 1; seed <= 300; seed++) run_random(&w, seed, n_all, n_known);
    for (uint32_t o = 0; o < N_OPS; o++)
        if (n_known[o] * 10 < n_all[o] * (o == TRUNCDIV ? 4 : 7))
            fail_msg("%s is known in only %u of %u cases", ops[o].name, n_known[o], n_all[o]);
}

static void operations_are_right_or_unknown_up_to_64_bits(void **state)
{
    (void)state;
    static world w;
    uint32_t n_known[N_OPS] = { 0 }, n_all[N_OPS] = { 0 };
    for (uint64_t i = 0; i < 300; i++) run_random(&w, FIRST_EXTREME + i, n_all, n_known);
}

static void check_equal(const world *w, const char *law, pare_num a, pare_num b)
{
    char x[300], y[300];
    if (pare_num_equal(a, b)) return;
    fail_msg("%s: %s and %s", law, pare_num_text(x, sizeof(x), w->exprs, a),
             pare_num_text(y, sizeof(y), w->exprs, b));
}

/* Laws that are equalities of handles, not only of values. */
static void check_ring(const world *w, pare_num a, pare_num b, pare_num c)
{
    pare_exprs *e = w->exprs;
    const pare_num ab = pare_num_mul(e, a, b), sum = pare_num_add(e, a, b);
    check_equal(w, "a * b = b * a", ab, pare_num_mul(e, b, a));
    check_equal(w, "a + b = b + a", sum, pare_num_add(e, b, a));
    check_equal(w, "(a * b) * c = a * (b * c)", pare_num_mul(e, ab, c),
                pare_num_mul(e, a, pare_num_mul(e, b, c)));
    check_equal(w, "(a + b) + c = a + (b + c)", pare_num_add(e, sum, c),
                pare_num_add(e, a, pare_num_add(e, b, c)));
    check_equal(w, "(a + b) * c = a*c + b*c", pare_num_mul(e, sum, c),
                pare_num_add(e, pare_num_mul(e, a, c), pare_num_mul(e, b, c)));
    check_equal(w, "(a + b) - b = a", pare_num_sub(e, sum, b), a);
    if (pare_num_is(b, 0)) return;
    check_equal(w, "a * b / b = a", pare_num_floordiv(e, ab, b), a);
    check_equal(w, "a * b / b = a", pare_num_truncdiv(e, ab, b), a);
    check_equal(w, "a * b / b = a", pare_num_ceildiv(e, ab, b), a);
    check_equal(w, "a * b mod b = 0", pare_num_mod(e, ab, b), pare_num_int(0));
}

static void check_division(const world *w, pare_num a, pare_num b, pare_num d)
{
    pare_exprs *e = w->exprs;
    const pare_num a_bd = pare_num_add(e, a, pare_num_mul(e, b, d)), three = pare_num_int(3);
    const pare_num a_d = pare_num_floordiv(e, a, d);
    check_equal(w, "floor((a + b*d) / d) = floor(a / d) + b", pare_num_floordiv(e, a_bd, d),
                pare_num_add(e, a_d, b));
    check_equal(w, "(a + b*d) mod d = a mod d", pare_num_mod(e, a_bd, d), pare_num_mod(e, a, d));
    check_equal(w, "floor(floor(a / d) / 3) = floor(a / (3*d))", pare_num_floordiv(e, a_d, three),
                pare_num_floordiv(e, a, pare_num_mul(e, d, three)));
    check_equal(w, "floor(3*a / (3*d)) = floor(a / d)", a_d,
                pare_num_floordiv(e, pare_num_mul(e, a, three), pare_num_mul(e, d, three)));
    const pare_num up = pare_num_add(e, a, pare_num_sub(e, d, pare_num_int(1)));
    check_equal(w, "ceil(a / d) = floor((a + d - 1) / d)", pare_num_ceildiv(e, a, d),
                pare_num_floordiv(e, up, d));
}

static void check_lattice(const world *w, pare_num a, pare_num b, pare_num c)
{
    pare_exprs *e = w->exprs;
    const pare_num low = pare_num_min(e, a, b), high = pare_num_max(e, a, b);
    check_equal(w, "min(a, b) = min(b, a)", low, pare_num_min(e, b, a));
    check_equal(w, "max(a, b) = max(b, a)", high, pare_num_max(e, b, a));
    check_equal(w, "min(min(a, b), c) = min(a, min(c, b))", pare_num_min(e, low, c),
                pare_num_min(e, a, pare_num_min(e, c, b)));
    check_equal(w, "max(max(a, b), c) = max(a, max(c, b))", pare_num_max(e, high, c),
                pare_num_max(e, a, pare_num_max(e, c, b)));
    check_equal(w, "min(max(a, b), a) = a", pare_num_min(e, high, a), a);
    check_equal(w, "max(min(a, b), a) = a", pare_num_max(e, low, a), a);
    check_equal(w, "min(a, a) = a", pare_num_min(e, a, a), a);
}

static pare_num quadratic(world *w)
{
    const sample p = leaf(w), q = leaf(w), r = leaf(w);
    return pare_num_add(w->exprs, pare_num_mul(w->exprs, p.num, q.num), r.num);
}

static void equal_expressions_have_equal_handles(void **state)
{
    (void)state;
    static world w;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        world_init(&w, seed);
        for (uint32_t turn = 0; turn < 250; turn++) {
            pare_num x[3];
            for (uint32_t i = 0; i < 3; i++) {
                x[i] = quadratic(&w);
                if (below(&w, 4) == 0) x[i] = pare_num_floordiv(w.exprs, x[i], pare_num_int(3));
            }
            check_ring(&w, x[0], x[1], x[2]);
            check_division(&w, x[0], x[1], pare_num_int(1 + below(&w, 9)));
            check_lattice(&w, x[0], x[1], x[2]);
        }
        world_free(&w);
    }
}

/* The text tells nothing of the order in which things came into a table. */
static void text_is_the_same_in_every_table(void **state)
{
    (void)state;
    static world w, v;
    world_init(&w, 3);
    world_init(&v, 3);
    for (uint32_t i = N_SYMBOLS; i-- > 0;) pare_num_symbol(v.exprs, names[i]);
    for (uint32_t i = 0; i < 100; i++) /* and others of its own */
        pare_num_floordiv(v.exprs, pare_num_symbol(v.exprs, "t"), pare_num_int(100 - i));
    w.seed = v.seed = 99;
    for (uint32_t i = 0; i < N_POOL; i++) {
        w.pool[i] = leaf(&w);
        v.pool[i] = leaf(&v);
    }
    for (uint32_t step = 0; step < 5000; step++) {
        char x[300], y[300];
        const uint32_t a = below(&w, N_POOL), b = below(&w, N_POOL), to = below(&w, N_POOL);
        const op o = (op)below(&w, N_OPS);
        for (uint32_t i = 0; i < 4; i++) next_random(&v);
        const sample s = combine(&w, o, &w.pool[a], &w.pool[b]);
        const sample r = combine(&v, o, &v.pool[a], &v.pool[b]);
        pare_num_text(x, sizeof(x), w.exprs, s.num);
        assert_string_equal(x, pare_num_text(y, sizeof(y), v.exprs, r.num));
        const bool keep = s.num.kind == PARE_NUM_EXPR && step % 3;
        w.pool[to] = keep ? s : leaf(&w);
        v.pool[to] = keep ? r : leaf(&v);
    }
    world_free(&w);
    world_free(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_agree_with_integers),
        cmocka_unit_test(operations_are_right_or_unknown_up_to_64_bits),
        cmocka_unit_test(equal_expressions_have_equal_handles),
        cmocka_unit_test(text_is_the_same_in_every_table),
    };
    return test_run(tests);
}
