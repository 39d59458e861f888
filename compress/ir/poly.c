#include "ir/expr.h"

#include "base/checked.h"

#include <string.h>

static uint32_t degree(const pare_term *t)
{
    uint32_t n = 0;
    while (n < PARE_MAX_DEGREE && t->atom[n]) n++;
    return n;
}

/* Negative when a comes first: higher degree, then the earlier atom. */
static int compare_monomials(const pare_exprs *exprs, const pare_term *a, const pare_term *b)
{
    for (uint32_t i = 0; i < PARE_MAX_DEGREE; i++) {
        if (a->atom[i] == b->atom[i]) {
            if (!a->atom[i]) return 0;
            continue;
        }
        const uint32_t da = degree(a), db = degree(b);
        if (da != db) return da > db ? -1 : 1;
        return pare_atom_compare(exprs, a->atom[i], b->atom[i]);
    }
    return 0;
}

static bool mul_terms(const pare_exprs *exprs, pare_term *out, const pare_term *a,
                      const pare_term *b)
{
    const uint32_t na = degree(a), nb = degree(b);
    if (na + nb > PARE_MAX_DEGREE || !pare_mul_i64(a->coef, b->coef, &out->coef)) return false;
    memset(out->atom, 0, sizeof(out->atom));
    for (uint32_t i = 0, k = 0; i + k < na + nb;) {
        bool from_a = k == nb;
        if (i < na && k < nb) from_a = pare_atom_compare(exprs, a->atom[i], b->atom[k]) <= 0;
        const uint32_t at = i + k;
        out->atom[at] = from_a ? a->atom[i++] : b->atom[k++];
    }
    return true;
}

/* out = a / b where b divides a. */
static bool divide_terms(pare_term *out, const pare_term *a, const pare_term *b)
{
    if (b->coef == -1 ? a->coef == INT64_MIN : a->coef % b->coef != 0) return false;
    pare_term q = { .coef = b->coef == -1 ? -a->coef : a->coef / b->coef };
    uint32_t n = 0, k = 0;
    for (uint32_t i = 0; i < PARE_MAX_DEGREE && a->atom[i]; i++) {
        if (k < PARE_MAX_DEGREE && a->atom[i] == b->atom[k]) k++;
        else q.atom[n++] = a->atom[i];
    }
    if (k < PARE_MAX_DEGREE && b->atom[k]) return false;
    *out = q;
    return true;
}

bool pare_poly_add_scaled(const pare_exprs *exprs, pare_poly_buf *out, pare_poly_view a,
                          pare_poly_view b, const pare_term *scale)
{
    uint32_t n = 0, i = 0, k = 0;
    pare_term scaled = { 0 };
    bool have = false;
    while (i < a.n || k < b.n) {
        if (!have && k < b.n) {
            if (!mul_terms(exprs, &scaled, scale, &b.terms[k])) return false;
            have = true;
        }
        int order = i == a.n ? 1 : -1;
        if (i < a.n && k < b.n) order = compare_monomials(exprs, &a.terms[i], &scaled);
        if (n == PARE_WORK_TERMS) return false;
        pare_term *t = &out->terms[n];
        *t = order <= 0 ? a.terms[i] : scaled;
        if (order == 0 && !pare_add_i64(t->coef, scaled.coef, &t->coef)) return false;
        if (order <= 0) i++;
        if (order >= 0) {
            k++;
            have = false;
        }
        if (t->coef) n++;
    }
    out->n = n;
    return true;
}

static pare_poly_view view(const pare_poly_buf *buf)
{
    return (pare_poly_view){ buf->terms, buf->n };
}

bool pare_poly_mul(const pare_exprs *exprs, pare_poly_buf *out, pare_poly_view a, pare_poly_view b)
{
    if (a.n > b.n) {
        const pare_poly_view swap = a;
        a = b;
        b = swap;
    }
    pare_poly_buf other;
    pare_poly_buf *sum = out, *next = &other;
    sum->n = 0;
    for (uint32_t i = 0; i < a.n; i++) {
        if (!pare_poly_add_scaled(exprs, next, view(sum), b, &a.terms[i])) return false;
        pare_poly_buf *swap = sum;
        sum = next;
        next = swap;
    }
    if (sum != out) {
        out->n = sum->n;
        memcpy(out->terms, sum->terms, sum->n * sizeof(sum->terms[0]));
    }
    return true;
}

bool pare_poly_divide(const pare_exprs *exprs, pare_poly_buf *out, pare_poly_view a,
                      pare_poly_view b)
{
    out->n = 0;
    if (!b.n) return false;
    if (b.n == 1) { /* term by term; what is left keeps its order */
        for (; out->n < a.n; out->n++)
            if (!divide_terms(&out->terms[out->n], &a.terms[out->n], &b.terms[0])) return false;
        return true;
    }
    pare_poly_buf rest[2];
    uint32_t now = 0;
    rest[0].n = a.n;
    memcpy(rest[0].terms, a.terms, a.n * sizeof(a.terms[0]));
    /* Leading terms multiply, so of an exact quotient each step finds the next term. */
    for (; rest[now].n; now ^= 1) {
        if (out->n == PARE_MAX_TERMS) return false;
        pare_term *q = &out->terms[out->n++];
        const pare_poly_view r = view(&rest[now]);
        if (!divide_terms(q, &r.terms[0], &b.terms[0])) return false;
        pare_term minus_q = *q;
        if (!pare_sub_i64(0, q->coef, &minus_q.coef)) return false;
        if (!pare_poly_add_scaled(exprs, &rest[now ^ 1], r, b, &minus_q)) return false;
    }
    return true;
}

/* Keeps of the monomial `common` what t has too. */
static void intersect(const pare_exprs *exprs, pare_term *common, const pare_term *t)
{
    pare_term kept = { 0 };
    uint32_t n = 0;
    for (uint32_t i = 0, k = 0; i < PARE_MAX_DEGREE && k < PARE_MAX_DEGREE;) {
        if (!common->atom[i] || !t->atom[k]) break;
        const int order = pare_atom_compare(exprs, common->atom[i], t->atom[k]);
        if (order == 0) kept.atom[n++] = common->atom[i];
        if (order <= 0) i++;
        if (order >= 0) k++;
    }
    memcpy(common->atom, kept.atom, sizeof(kept.atom));
}

pare_term pare_poly_common(const pare_exprs *exprs, pare_poly_view a, pare_poly_view b)
{
    pare_term common = a.n ? a.terms[0] : b.terms[0];
    uint64_t gcd = 0;
    for (uint32_t i = 0; i < a.n + b.n; i++) {
        const pare_term *t = i < a.n ? &a.terms[i] : &b.terms[i - a.n];
        gcd = pare_gcd_i64(gcd, t->coef);
        intersect(exprs, &common, t);
    }
    common.coef = gcd > INT64_MAX ? 1 : (int64_t)gcd;
    return common;
}

bool pare_floordiv_i64(int64_t a, int64_t b, int64_t *out)
{
    if (b == 0 || (a == INT64_MIN && b == -1)) return false;
    *out = a / b - (a % b != 0 && (a < 0) != (b < 0));
    return true;
}

bool pare_mod_i64(int64_t a, int64_t b, int64_t *out)
{
    if (b == 0) return false;
    const int64_t r = b == -1 ? 0 : a % b;
    *out = r != 0 && (r < 0) != (b < 0) ? r + b : r;
    return true;
}

uint64_t pare_gcd_i64(uint64_t a, int64_t b)
{
    uint64_t c = b < 0 ? 0 - (uint64_t)b : (uint64_t)b;
    while (c) {
        const uint64_t rest = a % c;
        a = c;
        c = rest;
    }
    return a;
}
