/* Division of numbers. Quotients that are no polynomials become atoms, in as normal a form as is
 * cheap: what divides evenly stands outside, so that coefficients lie in [0, divisor); common
 * factors are cancelled; and floor(floor(N / 2) / 2) is floor(N / 4). So the sizes behind chains of
 * strides compare equal. */
#include "ir/num.h"

#include "base/checked.h"
#include "ir/expr.h"

#include <math.h>

enum { MAX_UNNEST = 64 }; /* floors merged in one division; each multiplies the divisor */

typedef enum rounding { ROUND_DOWN, ROUND_TO_ZERO, ROUND_UP } rounding;

/* a / b in the cases without expressions, unknown included. false: at least one is an
 * expression, and b is not 0. */
static bool divide_plain(pare_num *out, pare_num a, pare_num b, rounding round)
{
    *out = pare_num_unknown();
    if (a.kind == PARE_NUM_UNKNOWN || b.kind == PARE_NUM_UNKNOWN || pare_num_is(b, 0)) return true;
    if (a.kind == PARE_NUM_REAL || b.kind == PARE_NUM_REAL) {
        if (a.kind == PARE_NUM_EXPR || b.kind == PARE_NUM_EXPR) return true;
        const double y = b.kind == PARE_NUM_REAL ? b.r : (double)b.i;
        if (y != 0) *out = pare_num_real((a.kind == PARE_NUM_REAL ? a.r : (double)a.i) / y);
        return true;
    }
    if (a.kind == PARE_NUM_EXPR || b.kind == PARE_NUM_EXPR) return false;
    int64_t q = 0;
    if (!pare_floordiv_i64(a.i, b.i, &q)) return true;
    const bool up = round == ROUND_UP || (round == ROUND_TO_ZERO && q < 0);
    *out = pare_num_int(q + (up && a.i % b.i != 0));
    return true;
}

static bool exact_quotient(pare_exprs *exprs, pare_num *out, pare_num a, pare_num b)
{
    pare_term own[2];
    pare_poly_buf q;
    const pare_poly_view v = pare_poly_of(exprs, a, &own[0]), w = pare_poly_of(exprs, b, &own[1]);
    if (!pare_poly_divide(exprs, &q, v, w)) return false;
    *out = pare_exprs_intern(exprs, q.terms, q.n);
    return true;
}

static pare_num negate(pare_exprs *exprs, pare_num a)
{
    return pare_num_sub(exprs, pare_num_int(0), a);
}

static bool is_constant(const pare_term *t)
{
    return !t->atom[0];
}

/* Greatest common divisor of d and the coefficients of all but the constant. */
static int64_t common_divisor(pare_poly_view v, int64_t d)
{
    uint64_t g = (uint64_t)d;
    for (uint32_t i = 0; i < v.n; i++)
        if (!is_constant(&v.terms[i])) g = pare_gcd_i64(g, v.terms[i].coef);
    return (int64_t)g;
}

/* Splits into d * even + rest, d > 0, with the coefficients of rest in [0, d). */
static void split(pare_poly_view v, int64_t d, pare_poly_buf *even, pare_poly_buf *rest)
{
    even->n = rest->n = 0;
    for (uint32_t i = 0; i < v.n; i++) {
        pare_term t = v.terms[i], whole = t;
        pare_floordiv_i64(t.coef, d, &whole.coef);
        pare_mod_i64(t.coef, d, &t.coef);
        if (whole.coef) even->terms[even->n++] = whole;
        if (t.coef) rest->terms[rest->n++] = t;
    }
}

/* Divides all by g, which divides all but the constant; that is rounded down. */
static void shrink(pare_poly_buf *buf, int64_t g)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < buf->n; i++) {
        pare_term t = buf->terms[i];
        pare_floordiv_i64(t.coef, g, &t.coef);
        if (t.coef) buf->terms[n++] = t;
    }
    buf->n = n;
}

/* The first floor(x / e) with an integer e that stands alone among the terms; NULL: none does. */
static const pare_atom *find_nested(const pare_exprs *exprs, pare_poly_view v, uint32_t *term)
{
    for (uint32_t i = 0; i < v.n; i++) {
        const pare_term *t = &v.terms[i];
        const pare_atom *atom = &exprs->atoms[t->atom[0]];
        if (t->coef != 1 || !t->atom[0] || t->atom[1]) continue;
        if (atom->kind != PARE_ATOM_FLOORDIV || atom->b.kind != PARE_NUM_INT) continue;
        *term = i;
        return atom;
    }
    return NULL;
}

/* If a is floor(x / e) + y with an integer e: x + y*e, and d grows by the factor e. */
static bool unnest(pare_exprs *exprs, pare_num *a, int64_t *d)
{
    pare_term own;
    uint32_t term = 0;
    int64_t product = 0;
    const pare_poly_view v = pare_poly_of(exprs, *a, &own);
    const pare_atom *nested = find_nested(exprs, v, &term);
    if (!nested || !pare_mul_i64(*d, nested->b.i, &product)) return false;
    const pare_num x = nested->a, e = nested->b; /* the atom may move */
    pare_poly_buf y = { .n = 0 };
    for (uint32_t i = 0; i < v.n; i++)
        if (i != term) y.terms[y.n++] = v.terms[i];
    const pare_num scaled = pare_num_mul(exprs, pare_exprs_intern(exprs, y.terms, y.n), e);
    const pare_num sum = pare_num_add(exprs, x, scaled);
    if (sum.kind != PARE_NUM_EXPR) return false;
    *a = sum;
    *d = product;
    return true;
}

/* Whether a / d, d > 1, rounds to the same for all values of a. */
static bool same_for_all(pare_range a, int64_t d, int64_t *quotient)
{
    int64_t high = 0;
    if (a.low == INT64_MIN || a.high == INT64_MAX) return false;
    pare_floordiv_i64(a.low, d, quotient);
    pare_floordiv_i64(a.high, d, &high);
    return *quotient == high;
}

/* floor(a / d) for d > 1. */
static pare_num floordiv_int(pare_exprs *exprs, pare_num a, int64_t d)
{
    pare_num whole = pare_num_int(0);
    for (uint32_t turn = 0; turn == 0 || (turn < MAX_UNNEST && unnest(exprs, &a, &d)); turn++) {
        int64_t quotient = 0;
        if (same_for_all(pare_num_range(exprs, a), d, &quotient))
            return pare_num_add(exprs, whole, pare_num_int(quotient));
        pare_term own;
        pare_poly_buf even, rest;
        split(pare_poly_of(exprs, a, &own), d, &even, &rest);
        const int64_t g = common_divisor((pare_poly_view){ rest.terms, rest.n }, d);
        shrink(&rest, g);
        d /= g;
        whole = pare_num_add(exprs, whole, pare_exprs_intern(exprs, even.terms, even.n));
        a = pare_exprs_intern(exprs, rest.terms, rest.n);
        if (whole.kind == PARE_NUM_UNKNOWN || a.kind == PARE_NUM_UNKNOWN) return pare_num_unknown();
        if (a.kind == PARE_NUM_INT) return whole; /* a is in [0, d) */
    }
    const pare_num atom = pare_exprs_compound(exprs, PARE_ATOM_FLOORDIV, a, pare_num_int(d));
    return pare_num_add(exprs, whole, atom);
}

/* floor(a / b) for an expression b that does not divide a. */
static pare_num floordiv_expr(pare_exprs *exprs, pare_num a, pare_num b)
{
    pare_term own[2];
    const pare_poly_view v = pare_poly_of(exprs, a, &own[0]), w = pare_poly_of(exprs, b, &own[1]);
    pare_term common = pare_poly_common(exprs, v, w);
    if (w.terms[0].coef < 0) common.coef = -common.coef;
    pare_poly_buf p, q;
    const pare_poly_view c = { &common, 1 };
    const bool fits = pare_poly_divide(exprs, &p, v, c) && pare_poly_divide(exprs, &q, w, c);
    if (!fits) return pare_num_unknown();
    a = pare_exprs_intern(exprs, p.terms, p.n);
    b = pare_exprs_intern(exprs, q.terms, q.n);
    if (a.kind == PARE_NUM_UNKNOWN || b.kind == PARE_NUM_UNKNOWN) return pare_num_unknown();
    if (b.kind == PARE_NUM_INT) return pare_num_floordiv(exprs, a, b);
    const pare_range r = pare_num_range(exprs, a);
    if (r.low >= 0 && r.high < pare_num_range(exprs, b).low) return pare_num_int(0);
    return pare_exprs_compound(exprs, PARE_ATOM_FLOORDIV, a, b);
}

pare_num pare_num_floordiv(pare_exprs *exprs, pare_num a, pare_num b)
{
    pare_num result;
    if (divide_plain(&result, a, b, ROUND_DOWN)) return result;
    if (exact_quotient(exprs, &result, a, b)) return result;
    if (b.kind == PARE_NUM_EXPR) return floordiv_expr(exprs, a, b);
    if (b.i > 0) return floordiv_int(exprs, a, b.i);
    a = negate(exprs, a);
    if (a.kind == PARE_NUM_UNKNOWN || b.i == INT64_MIN) return pare_num_unknown();
    return floordiv_int(exprs, a, -b.i);
}

pare_num pare_num_truncdiv(pare_exprs *exprs, pare_num a, pare_num b)
{
    pare_num result;
    if (divide_plain(&result, a, b, ROUND_TO_ZERO)) return result;
    if (exact_quotient(exprs, &result, a, b)) return result;
    const bool positive = pare_num_at_least(exprs, a, 0) && pare_num_at_least(exprs, b, 0);
    return positive ? pare_num_floordiv(exprs, a, b) : pare_num_unknown();
}

pare_num pare_num_ceildiv(pare_exprs *exprs, pare_num a, pare_num b)
{
    pare_num result;
    if (divide_plain(&result, a, b, ROUND_UP)) return result;
    if (exact_quotient(exprs, &result, a, b)) return result;
    if (!pare_num_at_least(exprs, b, 0)) /* the general law; the one below reads better */
        return negate(exprs, pare_num_floordiv(exprs, negate(exprs, a), b));
    const pare_num up = pare_num_sub(exprs, b, pare_num_int(1));
    return pare_num_floordiv(exprs, pare_num_add(exprs, a, up), b);
}

/* a mod d for d > 1. */
static pare_num mod_int(pare_exprs *exprs, pare_num a, int64_t d)
{
    int64_t quotient = 0, constant = 0;
    if (same_for_all(pare_num_range(exprs, a), d, &quotient)) {
        const pare_num whole = pare_num_mul(exprs, pare_num_int(quotient), pare_num_int(d));
        return pare_num_sub(exprs, a, whole);
    }
    pare_term own;
    pare_poly_buf rest = { .n = 0 };
    const pare_poly_view v = pare_poly_of(exprs, a, &own);
    for (uint32_t i = 0; i < v.n; i++) {
        pare_term t = v.terms[i];
        pare_mod_i64(t.coef, d, &t.coef);
        if (is_constant(&t)) constant = t.coef;
        if (t.coef) rest.terms[rest.n++] = t;
    }
    /* mod(g*x + c, g*e) = g * mod(x + floor(c / g), e) + mod(c, g) */
    const int64_t g = common_divisor((pare_poly_view){ rest.terms, rest.n }, d);
    shrink(&rest, g);
    a = pare_exprs_intern(exprs, rest.terms, rest.n);
    if (a.kind != PARE_NUM_EXPR) return a.kind == PARE_NUM_INT ? pare_num_int(constant) : a;
    const pare_num atom = pare_exprs_compound(exprs, PARE_ATOM_MOD, a, pare_num_int(d / g));
    const pare_num scaled = pare_num_mul(exprs, pare_num_int(g), atom);
    return pare_num_add(exprs, scaled, pare_num_int(constant % g));
}

static pare_num mod_real(pare_num a, pare_num b)
{
    const double x = a.kind == PARE_NUM_REAL ? a.r : (double)a.i;
    const double y = b.kind == PARE_NUM_REAL ? b.r : (double)b.i;
    if (y == 0) return pare_num_unknown();
    const double r = fmod(x, y);
    return pare_num_real(r != 0 && (r < 0) != (y < 0) ? r + y : r);
}

pare_num pare_num_mod(pare_exprs *exprs, pare_num a, pare_num b)
{
    if (a.kind == PARE_NUM_UNKNOWN || b.kind == PARE_NUM_UNKNOWN || pare_num_is(b, 0))
        return pare_num_unknown();
    const bool symbolic = a.kind == PARE_NUM_EXPR || b.kind == PARE_NUM_EXPR;
    if (a.kind == PARE_NUM_REAL || b.kind == PARE_NUM_REAL)
        return symbolic ? pare_num_unknown() : mod_real(a, b);
    int64_t r = 0;
    if (!symbolic) return pare_mod_i64(a.i, b.i, &r) ? pare_num_int(r) : pare_num_unknown();
    pare_num quotient;
    if (exact_quotient(exprs, &quotient, a, b)) return pare_num_int(0);
    if (b.kind == PARE_NUM_EXPR) {
        const pare_range range = pare_num_range(exprs, a);
        if (range.low >= 0 && range.high < pare_num_range(exprs, b).low) return a;
        return pare_exprs_compound(exprs, PARE_ATOM_MOD, a, b);
    }
    if (b.i > 0) return mod_int(exprs, a, b.i);
    a = negate(exprs, a);
    if (a.kind == PARE_NUM_UNKNOWN || b.i == INT64_MIN) return pare_num_unknown();
    return negate(exprs, mod_int(exprs, a, -b.i));
}
