#include "support/test.h"

#include "ir/expr.h"
#include "ir/num.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- a table to work in ---- */

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

static void check_text(const table *tab, pare_num got, const char *want)
{
    char text[200];
    assert_string_equal(pare_num_text(text, sizeof(text), tab->exprs, got), want);
}

/* ---- plain numbers ---- */

typedef pare_num binary_fn(pare_exprs *exprs, pare_num a, pare_num b);

static void integers_follow_the_rounding_rules(void **state)
{
    table *tab = *state;
    static const struct {
        int64_t a, b, floor, trunc, ceil, mod;
    } rows[] = {
        { 7, 2, 3, 3, 4, 1 },      { -7, 2, -4, -3, -3, 1 },  { 7, -2, -4, -3, -3, -1 },
        { -7, -2, 3, 3, 4, -1 },   { 6, 2, 3, 3, 3, 0 },      { -6, 2, -3, -3, -3, 0 },
        { 0, 5, 0, 0, 0, 0 },      { 0, -5, 0, 0, 0, 0 },     { 1, 5, 0, 0, 1, 1 },
        { -1, 5, -1, 0, 0, 4 },    { 5, 1, 5, 5, 5, 0 },      { 5, -1, -5, -5, -5, 0 },
        { INT64_MIN, 1, INT64_MIN, INT64_MIN, INT64_MIN, 0 },
        { INT64_MAX, INT64_MIN, -1, 0, 0, -1 },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const pare_num a = num(rows[i].a), b = num(rows[i].b);
        check_same(pare_num_floordiv(tab->exprs, a, b), num(rows[i].floor));
        check_same(pare_num_truncdiv(tab->exprs, a, b), num(rows[i].trunc));
        check_same(pare_num_ceildiv(tab->exprs, a, b), num(rows[i].ceil));
        check_same(pare_num_mod(tab->exprs, a, b), num(rows[i].mod));
    }
    static binary_fn *const divisions[] = { pare_num_floordiv, pare_num_truncdiv, pare_num_ceildiv,
                                            pare_num_mod };
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(divisions[i](tab->exprs, num(3), num(0)).kind, PARE_NUM_UNKNOWN);
        assert_int_equal(divisions[i](tab->exprs, tab->n, num(0)).kind, PARE_NUM_UNKNOWN);
        assert_int_equal(divisions[i](tab->exprs, pare_num_real(1), pare_num_real(0)).kind,
                         PARE_NUM_UNKNOWN);
    }
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(divisions[i](tab->exprs, num(INT64_MIN), num(-1)).kind, PARE_NUM_UNKNOWN);
    check_same(pare_num_mod(tab->exprs, num(INT64_MIN), num(-1)), num(0));
}

static void overflowing_integers_become_unknown(void **state)
{
    table *tab = *state;
    const pare_num big = num(INT64_MAX), small = num(INT64_MIN);
    assert_int_equal(pare_num_add(tab->exprs, big, num(1)).kind, PARE_NUM_UNKNOWN);
    assert_int_equal(pare_num_sub(tab->exprs, small, num(1)).kind, PARE_NUM_UNKNOWN);
    assert_int_equal(pare_num_sub(tab->exprs, num(0), small).kind, PARE_NUM_UNKNOWN);
    assert_int_equal(pare_num_mul(tab->exprs, big, num(2)).kind, PARE_NUM_UNKNOWN);
    check_same(pare_num_add(tab->exprs, big, small), num(-1));
}

static void unknown_stays_unknown(void **state)
{
    table *tab = *state;
    static binary_fn *const all[] = { pare_num_add,      pare_num_sub,     pare_num_mul,
                                      pare_num_floordiv, pare_num_truncdiv, pare_num_ceildiv,
                                      pare_num_mod,      pare_num_min,     pare_num_max };
    const pare_num others[] = { num(3), pare_num_real(2), tab->n, pare_num_unknown() };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++) {
            check_same(all[i](tab->exprs, pare_num_unknown(), others[k]), pare_num_unknown());
            check_same(all[i](tab->exprs, others[k], pare_num_unknown()), pare_num_unknown());
        }
        check_same(all[i](tab->exprs, tab->n, pare_num_real(2)), pare_num_unknown());
        check_same(all[i](tab->exprs, pare_num_real(2), tab->n), pare_num_unknown());
    }
    check_same(pare_num_mul(tab->exprs, num(0), pare_num_unknown()), num(0));
    check_same(pare_num_mul(tab->exprs, pare_num_unknown(), num(0)), num(0));
    assert_false(pare_num_equal(pare_num_unknown(), pare_num_unknown()));
    assert_false(pare_num_at_least(tab->exprs, pare_num_unknown(), INT64_MIN));
}

static void reals_are_ieee(void **state)
{
    table *tab = *state;
    const pare_num half = pare_num_real(0.5), nan = pare_num_real(NAN);
    check_same(pare_num_add(tab->exprs, half, num(2)), pare_num_real(2.5));
    check_same(pare_num_sub(tab->exprs, num(2), half), pare_num_real(1.5));
    check_same(pare_num_mul(tab->exprs, half, half), pare_num_real(0.25));
    check_same(pare_num_mul(tab->exprs, num(0), half), pare_num_real(0));
    check_same(pare_num_floordiv(tab->exprs, num(7), pare_num_real(2)), pare_num_real(3.5));
    check_same(pare_num_truncdiv(tab->exprs, pare_num_real(-7), num(2)), pare_num_real(-3.5));
    check_same(pare_num_ceildiv(tab->exprs, pare_num_real(7), num(2)), pare_num_real(3.5));
    check_same(pare_num_mod(tab->exprs, pare_num_real(-7), num(4)), pare_num_real(1));
    check_same(pare_num_mod(tab->exprs, pare_num_real(7), num(-4)), pare_num_real(-1));
    check_same(pare_num_min(tab->exprs, half, num(0)), pare_num_real(0));
    check_same(pare_num_max(tab->exprs, half, num(0)), half);
    assert_true(isnan(pare_num_min(tab->exprs, nan, half).r));
    assert_true(isnan(pare_num_max(tab->exprs, half, nan).r));
    assert_true(pare_num_at_least(tab->exprs, half, 0));
    assert_false(pare_num_at_least(tab->exprs, half, 1));
}

/* ---- normal forms ---- */

static void symbols_are_named_once(void **state)
{
    table *tab = *state;
    char name[] = "N";
    check_same(pare_num_symbol(tab->exprs, name), tab->n);
    name[0] = 'X';
    const char *got = NULL;
    assert_true(pare_num_is_symbol(tab->exprs, tab->n, &got));
    assert_string_equal(got, "N");
    assert_true(pare_num_is_symbol(tab->exprs, tab->n, NULL));
    assert_int_equal(pare_num_symbol(tab->exprs, "").kind, PARE_NUM_UNKNOWN);
    const pare_num two_n = pare_num_mul(tab->exprs, num(2), tab->n);
    const pare_num others[] = { two_n, pare_num_mul(tab->exprs, tab->n, tab->n), num(1),
                                pare_num_add(tab->exprs, tab->n, num(1)), pare_num_unknown(),
                                pare_num_floordiv(tab->exprs, tab->n, num(2)), pare_num_real(1) };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(pare_num_is_symbol(tab->exprs, others[i], &got));
}

/* Reads the smallest prefix notation: "+aN2" is a + N... with one-letter symbols, digits, and
 * operators + - * / (floor) t (trunc) c (ceil) % i (min) x (max). '~' negates. */
static pare_num parse(table *tab, const char **p)
{
    const char c = *(*p)++;
    if (c >= '0' && c <= '9') {
        int64_t i = c - '0';
        while (**p >= '0' && **p <= '9') i = i * 10 + (*(*p)++ - '0');
        return num(i);
    }
    if (c >= 'A' && c <= 'Z') {
        const char name[2] = { c, 0 };
        return pare_num_symbol(tab->exprs, name);
    }
    if (c == ' ') return parse(tab, p);
    if (c == '~') return pare_num_sub(tab->exprs, num(0), parse(tab, p));
    const pare_num a = parse(tab, p), b = parse(tab, p);
    switch (c) {
    case '+': return pare_num_add(tab->exprs, a, b);
    case '-': return pare_num_sub(tab->exprs, a, b);
    case '*': return pare_num_mul(tab->exprs, a, b);
    case '/': return pare_num_floordiv(tab->exprs, a, b);
    case 't': return pare_num_truncdiv(tab->exprs, a, b);
    case 'c': return pare_num_ceildiv(tab->exprs, a, b);
    case '%': return pare_num_mod(tab->exprs, a, b);
    case 'i': return pare_num_min(tab->exprs, a, b);
    case 'x': return pare_num_max(tab->exprs, a, b);
    default: fail_msg("bad test: '%c'", c);
    }
    return num(0);
}

static const char *const normal_forms[][2] = {
    { "12", "12" },
    { "~12", "-12" },
    { "N", "N" },
    { "-N1", "N - 1" },
    { "-1N", "-N + 1" },
    { "+1* *2T N", "2*N*T + 1" },
    { "* * N N N", "N^3" },
    { "*+N1-N1", "N^2 - 1" },
    { "+*T T+N*N T", "N*T + T^2 + N" },
    { "-N N", "0" },
    { "* *N T 0", "0" },
    /* exact division */
    { "/ * *N T 64 64", "N*T" },
    { "/ * *N T 64 *32 N", "2*T" },
    { "/ N N", "1" },
    { "/ +N1 +1N", "1" },
    { "/ *+N1-T3 -T3", "N + 1" },
    { "/ -*N N 1 +N1", "N - 1" },
    { "/ -* *N N N 8 -N2", "N^2 + 2*N + 4" },
    { "/ *+N+M1+N+M2 +N+M2", "M + N + 1" },
    { "/ *2N ~2", "-N" },
    { "/ 0 N", "0" },
    { "t -*N T N N", "T - 1" },
    /* partial division */
    { "/ N 2", "floor(N / 2)" },
    { "/ +*4N2 4", "N" },
    { "/ +*6N3 2", "3*N + 1" },
    { "/ +*4N7 4", "N + 1" },
    { "/ -*4N1 4", "N - 1" },
    { "/ +N1 2", "floor((N + 1) / 2)" },
    { "+1/-N1 2", "floor((N + 1) / 2)" },
    { "/ +*2N T 2", "N + floor(T / 2)" },
    { "/ *3N 2", "N + floor(N / 2)" },
    { "/ *6N 4", "N + floor(N / 2)" },
    { "/ +*6N5 4", "N + floor(N / 2) + 1" },
    { "/ *2N 3", "floor(2*N / 3)" },
    { "/ / N 2 3", "floor(N / 6)" },
    { "/ +/ +N1 2 1 2", "floor((N + 3) / 4)" },
    { "/ N ~2", "-N + floor(N / 2)" },
    { "/ -T N 2", "-N + floor((N + T) / 2)" },
    { "/ +N/ T 2 2", "floor((2*N + T) / 4)" },
    { "/ +/ N 2/ T 2 2", "floor((N + 2*floor(T / 2)) / 4)" },
    { "/ N T", "floor(N / T)" },
    { "/ N *2T", "floor(N / (2*T))" },
    { "/ +N1 +T1", "floor((N + 1) / (T + 1))" },
    { "/ *N T *2N", "floor(T / 2)" },
    { "/ *N T *N+T1", "floor(T / (T + 1))" },
    { "/ 1 +N2", "0" },
    { "/ N +N1", "floor(N / (N + 1))" },
    { "/ N 0", "?" },
    { "/ N 1", "N" },
    { "c N 2", "floor((N + 1) / 2)" },
    { "c *4N 2", "2*N" },
    { "c +*4N1 4", "N + 1" },
    { "c N T", "floor((N + T - 1) / T)" },
    { "c N ~2", "-floor(N / 2)" },
    { "t N 2", "floor(N / 2)" },
    { "t -N1 2", "?" },
    { "t N -T1", "?" },
    /* remainder */
    { "% N 1", "0" },
    { "% N N", "0" },
    { "% *4N 2", "0" },
    { "% +*4N7 4", "3" },
    { "% N 2", "mod(N, 2)" },
    { "% +*3N5 2", "mod(N + 1, 2)" },
    { "% +*4N3 6", "2*mod(2*N + 1, 3) + 1" },
    { "% N T", "mod(N, T)" },
    { "% N ~3", "-mod(2*N, 3)" },
    { "% % N 4 4", "mod(N, 4)" },
    { "% 1 +N2", "1" },
    { "/ % N 4 4", "0" },
    /* minimum and maximum */
    { "iNN", "N" },
    { "iTN", "min(N, T)" },
    { "xNT", "max(N, T)" },
    { "xN0", "N" },
    { "iN0", "0" },
    { "iN~1", "-1" },
    { "iN9223372036854775807", "N" },
    { "x-N3 -~9223372036854775807 1", "N - 3" },
    { "x~1N", "N" },
    { "xN1", "max(N, 1)" },
    { "x-N3 0", "max(N - 3, 0)" },
    { "iN+N1", "N" },
    { "xN*2N", "2*N" },
    { "i iNT N", "min(N, T)" },
    { "i4 iTN", "min(N, T, 4)" },
    { "i iN4 iT3", "min(N, T, 3)" },
    { "i xNT N", "N" },
    { "x N iTN", "N" },
    { "x xN1 0", "max(N, 1)" },
    { "-xNT xTN", "0" },
    { "*2 iNT", "2*min(N, T)" },
};

static void text_of_normal_forms(void **state)
{
    table *tab = *state;
    for (size_t i = 0; i < sizeof(normal_forms) / sizeof(normal_forms[0]); i++) {
        const char *p = normal_forms[i][0];
        char text[200];
        pare_num_text(text, sizeof(text), tab->exprs, parse(tab, &p));
        const char *want = normal_forms[i][1];
        if (strcmp(text, want)) fail_msg("'%s': got %s, want %s", normal_forms[i][0], text, want);
    }
}
/* What a chain of strided convolutions and pools makes of a size, by either formula. */
static void sizes_behind_strides_compare_equal(void **state)
{
    table *tab = *state;
    pare_num conv = tab->n, pool = tab->n;
    for (int i = 0; i < 5; i++) {
        conv = pare_num_add(tab->exprs, conv, num(2 * 1 - 3)); /* kernel 3, pad 1, stride 2 */
        conv = pare_num_add(tab->exprs, pare_num_floordiv(tab->exprs, conv, num(2)), num(1));
        pool = pare_num_ceildiv(tab->exprs, pool, num(2));
    }
    check_same(conv, pool);
    const pare_binding values[] = { { "N", 224 }, { NULL, 0 } };
    check_same(pare_num_bind(tab->exprs, conv, values), num(7));
    check_text(tab, conv, "floor((N + 31) / 32)");
}

/* ---- bounds, values, text ---- */

static void bounds_come_from_coefficients(void **state)
{
    table *tab = *state;
    static const struct {
        const char *text;
        int64_t low; /* the best bound; INT64_MIN: none is known */
    } rows[] = {
        { "N", 0 },           { "+N5", 5 },        { "-N5", -5 },           { "-5N", INT64_MIN },
        { "*N T", 0 },        { "* -N1 T", INT64_MIN }, { "/ N 2", 0 },      { "/ -N5 3", -2 },
        { "% N 2", 0 },       { "+% N 2 1", 1 },   { "-1% N 2", 0 },        { "-1% N 3", -1 },
        { "xN3", 3 },         { "+*2xN3 1", 7 },   { "-4iN4", 0 },          { "~iN4", -4 },
        { "% N T", 0 },       { "/ N T", 0 },      { "/ N -T5", INT64_MIN }, { "/ xN9 iT4", 2 },
        { "* N N", 0 },       { "~ * N N", INT64_MIN }, { "-%N 8 % T 4", -3 }, { "7", 7 },
        { "/ 9223372036854775807 N", 1 }, /* N has 64 bits too */
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *p = rows[i].text;
        const pare_num a = parse(tab, &p);
        assert_int_not_equal(a.kind, PARE_NUM_UNKNOWN);
        const bool low = pare_num_at_least(tab->exprs, a, rows[i].low);
        const bool higher = pare_num_at_least(tab->exprs, a, rows[i].low + 1);
        if (!low || higher) fail_msg("'%s' is not bounded by %lld", rows[i].text,
                                     (long long)rows[i].low);
    }
}

/* Bounds round towards the safe side where they no longer fit. */
static void huge_bounds_stay_bounds(void **state)
{
    table *tab = *state;
    const pare_num big = pare_num_max(tab->exprs, tab->n, num(INT64_C(1) << 62));
    const pare_num huge = pare_num_mul(tab->exprs, big, num(4));
    assert_true(pare_num_at_least(tab->exprs, huge, INT64_C(1) << 62));
    const pare_num rest = pare_num_sub(tab->exprs, huge, pare_num_mul(tab->exprs, tab->m, tab->m));
    assert_false(pare_num_at_least(tab->exprs, rest, INT64_MIN + 1));
    const pare_num minus = pare_num_mul(tab->exprs, huge, num(-1));
    assert_false(pare_num_at_least(tab->exprs, minus, INT64_MIN + 1));
    const pare_num lowest = pare_num_add(tab->exprs, tab->n, num(INT64_MIN));
    assert_false(pare_num_at_least(tab->exprs, lowest, INT64_MIN + 1));
    assert_true(pare_num_at_least(tab->exprs, lowest, INT64_MIN));
}

static void binding_gives_values_or_unknown(void **state)
{
    table *tab = *state;
    static const pare_binding values[] = {
        { "N", 7 }, { "T", 0 }, { "N", 8 }, { "B", -1 }, { "Z", INT64_MAX }, { NULL, 0 },
    };
    static const struct {
        const char *text;
        int64_t want;
        bool known;
    } rows[] = {
        { "5", 5, true },          { "N", 7, true },           { "+*2N*N N", 63, true },
        { "/ N 2", 3, true },      { "% -~N1 4", 0, true },    { "iN4", 4, true },
        { "xN9", 9, true },        { "N", 7, true },           { "M", 0, false },
        { "+N M", 0, false },      { "B", 0, false },          { "/ N T", 0, false },
        { "% N T", 0, false },     { "* T / N T", 0, false },  { "*Z Z", 0, false },
        { "* T *Z Z", 0, true },   { "+Z 1", 0, false },       { "+Z -T 1", INT64_MAX - 1, true },
        { "-+Z N *2Z", -INT64_MAX + 7, true },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *p = rows[i].text;
        const pare_num got = pare_num_bind(tab->exprs, parse(tab, &p), values);
        if (got.kind != (rows[i].known ? PARE_NUM_INT : PARE_NUM_UNKNOWN)
            || (rows[i].known && got.i != rows[i].want))
            fail_msg("'%s': %d %lld", rows[i].text, got.kind, (long long)got.i);
    }
    check_same(pare_num_bind(tab->exprs, tab->n, NULL), pare_num_unknown());
    check_same(pare_num_bind(tab->exprs, pare_num_real(0.5), values), pare_num_real(0.5));
    check_same(pare_num_bind(tab->exprs, pare_num_unknown(), values), pare_num_unknown());
}

static void text_of_reals_is_short(void **state)
{
    table *tab = *state;
    static const struct {
        double r;
        const char *want;
    } rows[] = {
        { 0.5, "0.5" }, { 0.1, "0.1" }, { -3, "-3" }, { 1.0 / 3, "0.3333333333333333" },
        { 1e300, "1e+300" }, { INFINITY, "inf" }, { 16777217, "16777217" },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_text(tab, pare_num_real(rows[i].r), rows[i].want);
    check_text(tab, pare_num_unknown(), "?");
    check_text(tab, num(INT64_MIN), "-9223372036854775808");
}

static void text_is_cut_between_characters(void **state)
{
    table *tab = *state;
    static const char whole[] = "floor((h\xc3\xb6he + 1) / 2)";
    const pare_num height = pare_num_symbol(tab->exprs, "h\xc3\xb6he");
    const pare_num a = pare_num_ceildiv(tab->exprs, height, num(2));
    for (size_t room = 1; room <= sizeof(whole) + 2; room++) {
        char text[64];
        memset(text, 'x', sizeof(text));
        pare_num_text(text, room, tab->exprs, a);
        size_t n = room - 1 < sizeof(whole) - 1 ? room - 1 : sizeof(whole) - 1;
        if (n == 9) n = 8; /* not half an o umlaut */
        assert_int_equal(strlen(text), n);
        assert_memory_equal(text, whole, n);
        assert_int_equal(text[room], 'x');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(integers_follow_the_rounding_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(overflowing_integers_become_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(unknown_stays_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(reals_are_ieee, setup, teardown),
        cmocka_unit_test_setup_teardown(symbols_are_named_once, setup, teardown),
        cmocka_unit_test_setup_teardown(text_of_normal_forms, setup, teardown),
        cmocka_unit_test_setup_teardown(sizes_behind_strides_compare_equal, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_come_from_coefficients, setup, teardown),
        cmocka_unit_test_setup_teardown(huge_bounds_stay_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(binding_gives_values_or_unknown, setup, teardown),
        cmocka_unit_test_setup_teardown(text_of_reals_is_short, setup, teardown),
        cmocka_unit_test_setup_teardown(text_is_cut_between_characters, setup, teardown),
    };
    return test_run(tests);
}
