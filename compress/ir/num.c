#include "ir/num.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "ir/expr.h"

/* Both as reals, where at least one is and neither is symbolic. */
static bool as_reals(pare_num a, pare_num b, double *x, double *y)
{
    if (a.kind != PARE_NUM_REAL && b.kind != PARE_NUM_REAL) return false;
    if (a.kind == PARE_NUM_EXPR || b.kind == PARE_NUM_EXPR) return false;
    if (a.kind == PARE_NUM_UNKNOWN || b.kind == PARE_NUM_UNKNOWN) return false;
    *x = a.kind == PARE_NUM_REAL ? a.r : (double)a.i;
    *y = b.kind == PARE_NUM_REAL ? b.r : (double)b.i;
    return true;
}

static bool is_integral(pare_num a)
{
    return a.kind == PARE_NUM_INT || a.kind == PARE_NUM_EXPR;
}

static pare_num add_scaled(pare_exprs *exprs, pare_num a, pare_num b, int64_t scale)
{
    pare_term own[2];
    pare_poly_buf sum;
    const pare_term by = { .coef = scale };
    const pare_poly_view p = pare_poly_of(exprs, a, &own[0]), q = pare_poly_of(exprs, b, &own[1]);
    if (!pare_poly_add_scaled(exprs, &sum, p, q, &by)) return pare_num_unknown();
    return pare_exprs_intern(exprs, sum.terms, sum.n);
}

pare_num pare_num_add(pare_exprs *exprs, pare_num a, pare_num b)
{
    double x = 0, y = 0;
    if (as_reals(a, b, &x, &y)) return pare_num_real(x + y);
    if (!is_integral(a) || !is_integral(b)) return pare_num_unknown();
    if (pare_num_is(a, 0)) return b;
    if (pare_num_is(b, 0)) return a;
    int64_t sum = 0;
    if (a.kind == PARE_NUM_EXPR || b.kind == PARE_NUM_EXPR) return add_scaled(exprs, a, b, 1);
    return pare_add_i64(a.i, b.i, &sum) ? pare_num_int(sum) : pare_num_unknown();
}

pare_num pare_num_sub(pare_exprs *exprs, pare_num a, pare_num b)
{
    double x = 0, y = 0;
    if (as_reals(a, b, &x, &y)) return pare_num_real(x - y);
    if (!is_integral(a) || !is_integral(b)) return pare_num_unknown();
    if (pare_num_is(b, 0)) return a;
    int64_t difference = 0;
    if (a.kind == PARE_NUM_EXPR || b.kind == PARE_NUM_EXPR) return add_scaled(exprs, a, b, -1);
    return pare_sub_i64(a.i, b.i, &difference) ? pare_num_int(difference) : pare_num_unknown();
}

pare_num pare_num_mul(pare_exprs *exprs, pare_num a, pare_num b)
{
    double x = 0, y = 0;
    if (as_reals(a, b, &x, &y)) return pare_num_real(x * y);
    if (pare_num_is(a, 0) || pare_num_is(b, 0)) return pare_num_int(0);
    if (!is_integral(a) || !is_integral(b)) return pare_num_unknown();
    if (pare_num_is(a, 1)) return b;
    if (pare_num_is(b, 1)) return a;
    int64_t product = 0;
    if (a.kind == PARE_NUM_INT && b.kind == PARE_NUM_INT)
        return pare_mul_i64(a.i, b.i, &product) ? pare_num_int(product) : pare_num_unknown();
    pare_term own[2];
    pare_poly_buf buf;
    const pare_poly_view p = pare_poly_of(exprs, a, &own[0]), q = pare_poly_of(exprs, b, &own[1]);
    if (!pare_poly_mul(exprs, &buf, p, q)) return pare_num_unknown();
    return pare_exprs_intern(exprs, buf.terms, buf.n);
}

bool pare_num_equal(pare_num a, pare_num b)
{
    if (a.kind != b.kind) return false;
    switch (a.kind) {
    case PARE_NUM_INT: return a.i == b.i;
    case PARE_NUM_REAL: return a.r == b.r;
    case PARE_NUM_EXPR: return a.expr == b.expr;
    case PARE_NUM_UNKNOWN: break;
    }
    return false;
}

bool pare_num_at_least(const pare_exprs *exprs, pare_num a, int64_t bound)
{
    if (a.kind == PARE_NUM_REAL) return a.r >= (double)bound;
    if (a.kind == PARE_NUM_UNKNOWN) return false;
    return pare_num_range(exprs, a).low >= bound;
}

bool pare_num_is_symbol(const pare_exprs *exprs, pare_num a, const char **name)
{
    const pare_atom *atom = pare_exprs_sole_atom(exprs, a);
    if (!atom || atom->kind != PARE_ATOM_SYMBOL) return false;
    if (name) *name = atom->name;
    return true;
}

/* ---- min and max ---- */

enum { MAX_OPERANDS = 8 }; /* of one flattened min or max */

typedef struct extreme {
    pare_atom_kind kind;
    pare_num operand[MAX_OPERANDS];
    uint32_t n;
} extreme;

/* Whether a is min(operand, ...) or max(operand, ...), whichever kind says. */
static bool has_operand(const pare_exprs *exprs, pare_num a, pare_atom_kind kind, pare_num operand)
{
    const pare_atom *atom = pare_exprs_sole_atom(exprs, a);
    if (!atom || atom->kind != kind) return false;
    return pare_num_equal(atom->a, operand) || pare_num_equal(atom->b, operand);
}

/* a >= b for certain. */
static bool known_ge(const pare_exprs *exprs, pare_num a, pare_num b)
{
    if (pare_num_equal(a, b)) return true;
    if (a.kind == PARE_NUM_INT && b.kind == PARE_NUM_INT) return a.i > b.i;
    if (pare_num_is(a, INT64_MAX) || pare_num_is(b, INT64_MIN)) return true; /* all fit 64 bits */
    if (has_operand(exprs, a, PARE_ATOM_MAX, b)) return true;
    if (has_operand(exprs, b, PARE_ATOM_MIN, a)) return true;
    pare_term own[2];
    pare_poly_buf d;
    const pare_term minus = { .coef = -1 };
    const pare_poly_view v = pare_poly_of(exprs, a, &own[0]), w = pare_poly_of(exprs, b, &own[1]);
    if (!pare_poly_add_scaled(exprs, &d, v, w, &minus)) return false;
    return pare_poly_range(exprs, d.terms, d.n).low >= 0;
}

/* Takes one more operand in, those of a nested one of the same kind each for itself, unless
 * another one makes it superfluous. false: there are too many. */
static bool add_operand(const pare_exprs *exprs, extreme *e, pare_num a)
{
    const pare_atom *atom = pare_exprs_sole_atom(exprs, a);
    if (atom && atom->kind == e->kind)
        return add_operand(exprs, e, atom->a) && add_operand(exprs, e, atom->b);
    const bool max = e->kind == PARE_ATOM_MAX;
    uint32_t n = 0;
    for (uint32_t i = 0; i < e->n; i++) {
        const pare_num other = e->operand[i];
        if (max ? known_ge(exprs, other, a) : known_ge(exprs, a, other)) return true;
    }
    for (uint32_t i = 0; i < e->n; i++) {
        const pare_num other = e->operand[i];
        if (!(max ? known_ge(exprs, a, other) : known_ge(exprs, other, a))) e->operand[n++] = other;
    }
    e->n = n;
    if (n == MAX_OPERANDS) return false;
    while (n > 0 && pare_expr_compare(exprs, e->operand[n - 1], a) > 0) {
        e->operand[n] = e->operand[n - 1];
        n--;
    }
    e->operand[n] = a;
    e->n++;
    return true;
}

static pare_num min_or_max(pare_exprs *exprs, pare_num a, pare_num b, pare_atom_kind kind)
{
    double x = 0, y = 0;
    const bool max = kind == PARE_ATOM_MAX;
    if (as_reals(a, b, &x, &y)) {
        if (x != x || y != y) return pare_num_real(x != x ? x : y);
        return pare_num_real((x < y) == max ? y : x);
    }
    if (!is_integral(a) || !is_integral(b)) return pare_num_unknown();
    if (a.kind == PARE_NUM_INT && b.kind == PARE_NUM_INT) return (a.i < b.i) == max ? b : a;
    extreme e = { .kind = kind };
    if (!add_operand(exprs, &e, a) || !add_operand(exprs, &e, b)) return pare_num_unknown();
    pare_num result = e.operand[0];
    for (uint32_t i = 1; i < e.n && result.kind != PARE_NUM_UNKNOWN; i++)
        result = pare_exprs_compound(exprs, kind, result, e.operand[i]);
    return result;
}

pare_num pare_num_min(pare_exprs *exprs, pare_num a, pare_num b)
{
    return min_or_max(exprs, a, b, PARE_ATOM_MIN);
}

pare_num pare_num_max(pare_exprs *exprs, pare_num a, pare_num b)
{
    return min_or_max(exprs, a, b, PARE_ATOM_MAX);
}

/* ---- values ---- */

static pare_num value_of(pare_exprs *exprs, pare_num a, const pare_binding *values);

static pare_num symbol_value(const char *name, const pare_binding *values)
{
    for (; values && values->name; values++)
        if (pare_str_eq(values->name, name))
            return values->value < 0 ? pare_num_unknown() : pare_num_int(values->value);
    return pare_num_unknown();
}

/* Evaluates each atom once per binding, whatever the number of its uses. */
static pare_num atom_value(pare_exprs *exprs, pare_atom *atom, const pare_binding *values)
{
    if (atom->bound_in == exprs->n_bindings) return atom->bound;
    pare_num result = pare_num_unknown();
    if (atom->kind == PARE_ATOM_SYMBOL) {
        result = symbol_value(atom->name, values);
    } else {
        const pare_num a = value_of(exprs, atom->a, values), b = value_of(exprs, atom->b, values);
        switch (atom->kind) {
        case PARE_ATOM_FLOORDIV: result = pare_num_floordiv(exprs, a, b); break;
        case PARE_ATOM_MOD: result = pare_num_mod(exprs, a, b); break;
        case PARE_ATOM_MIN: result = pare_num_min(exprs, a, b); break;
        case PARE_ATOM_MAX: result = pare_num_max(exprs, a, b); break;
        case PARE_ATOM_SYMBOL: break;
        }
    }
    atom->bound = result;
    atom->bound_in = exprs->n_bindings;
    return result;
}

/* Recursion ends after PARE_MAX_EXPR_DEPTH atoms. */
static pare_num value_of(pare_exprs *exprs, pare_num a, const pare_binding *values)
{
    if (a.kind != PARE_NUM_EXPR) return a;
    const pare_poly *p = &exprs->polys[a.expr];
    pare_num sum = pare_num_int(0);
    for (uint32_t i = 0; i < p->n_terms; i++) {
        const pare_term *t = &p->terms[i];
        pare_num product = pare_num_int(t->coef);
        bool zero = false;
        for (uint32_t k = 0; k < PARE_MAX_DEGREE && t->atom[k]; k++) {
            const pare_num v = atom_value(exprs, &exprs->atoms[t->atom[k]], values);
            if (v.kind != PARE_NUM_INT) return pare_num_unknown();
            zero = zero || v.i == 0;
            product = pare_num_mul(exprs, product, v);
        }
        sum = pare_num_add(exprs, sum, zero ? pare_num_int(0) : product);
    }
    return sum;
}

pare_num pare_num_bind(pare_exprs *exprs, pare_num a, const pare_binding *values)
{
    exprs->n_bindings++;
    return value_of(exprs, a, values);
}
