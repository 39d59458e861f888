#include "ir/num.h"

#include "base/utf8.h"
#include "ir/expr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Writing stops when the room is used up, which also bounds the work: expressions share their
 * parts, so written out they may be far longer than they are in the table. */
typedef struct writer {
    const pare_exprs *exprs;
    char *out;
    size_t n, room; /* room leaves a byte for the end */
} writer;

static bool is_full(const writer *w)
{
    return w->n == w->room;
}

static void put(writer *w, const char *text)
{
    while (*text && !is_full(w)) w->out[w->n++] = *text++;
}

static void put_u64(writer *w, uint64_t i)
{
    char digits[24];
    snprintf(digits, sizeof(digits), "%llu", (unsigned long long)i);
    put(w, digits);
}

static void put_num(writer *w, pare_num a);

/* An operand of a division, in parentheses unless it binds more strongly. */
static void put_operand(writer *w, pare_num a, bool divisor)
{
    pare_term own;
    const pare_poly_view v = pare_poly_of(w->exprs, a, &own);
    const bool single = v.n == 1 && (!divisor || pare_exprs_sole_atom(w->exprs, a));
    const bool bare = a.kind == PARE_NUM_INT || single;
    if (!bare) put(w, "(");
    put_num(w, a);
    if (!bare) put(w, ")");
}

/* The operands of min or max; those of a nested one on the left belong to the same list. */
static void put_list(writer *w, const pare_atom *atom)
{
    const pare_atom *left = pare_exprs_sole_atom(w->exprs, atom->a);
    if (left && left->kind == atom->kind && atom->kind != PARE_ATOM_MOD) put_list(w, left);
    else put_num(w, atom->a);
    put(w, ", ");
    put_num(w, atom->b);
}

static void put_atom(writer *w, const pare_atom *atom)
{
    if (is_full(w)) return;
    switch (atom->kind) {
    case PARE_ATOM_SYMBOL: put(w, atom->name); return;
    case PARE_ATOM_FLOORDIV:
        put(w, "floor(");
        put_operand(w, atom->a, false);
        put(w, " / ");
        put_operand(w, atom->b, true);
        put(w, ")");
        return;
    case PARE_ATOM_MOD: put(w, "mod("); break;
    case PARE_ATOM_MIN: put(w, "min("); break;
    case PARE_ATOM_MAX: put(w, "max("); break;
    }
    put_list(w, atom);
    put(w, ")");
}

/* A term without its sign. */
static void put_term(writer *w, const pare_term *t)
{
    const uint64_t size = t->coef < 0 ? 0 - (uint64_t)t->coef : (uint64_t)t->coef;
    const bool show_size = size != 1 || !t->atom[0];
    if (show_size) put_u64(w, size);
    for (uint32_t i = 0, power = 1; i < PARE_MAX_DEGREE && t->atom[i]; i += power, power = 1) {
        while (i + power < PARE_MAX_DEGREE && t->atom[i + power] == t->atom[i]) power++;
        if (i > 0 || show_size) put(w, "*");
        put_atom(w, &w->exprs->atoms[t->atom[i]]);
        if (power > 1) {
            put(w, "^");
            put_u64(w, power);
        }
    }
}

static void put_num(writer *w, pare_num a)
{
    if (is_full(w)) return;
    if (pare_num_is(a, 0)) put(w, "0");
    pare_term own;
    const pare_poly_view v = pare_poly_of(w->exprs, a, &own);
    for (uint32_t i = 0; i < v.n && !is_full(w); i++) {
        const bool minus = v.terms[i].coef < 0;
        put(w, i == 0 ? (minus ? "-" : "") : minus ? " - " : " + ");
        put_term(w, &v.terms[i]);
    }
}

/* As few digits as give the same number back. */
static void put_real(writer *w, double r)
{
    char digits[40];
    for (int precision = 6; precision <= 17; precision++) {
        snprintf(digits, sizeof(digits), "%.*g", precision, r);
        if (strtod(digits, NULL) == r) break;
    }
    put(w, digits);
}

const char *pare_num_text(char *out, size_t out_bytes, const pare_exprs *exprs, pare_num a)
{
    writer w = { .exprs = exprs, .out = out, .room = out_bytes - 1 };
    switch (a.kind) {
    case PARE_NUM_UNKNOWN: put(&w, "?"); break;
    case PARE_NUM_REAL: put_real(&w, a.r); break;
    case PARE_NUM_INT:
    case PARE_NUM_EXPR: put_num(&w, a); break;
    }
    if (is_full(&w)) { /* perhaps in the middle of a character */
        size_t start = w.n;
        while (start > 0 && ((uint8_t)out[start - 1] & 0xc0) == 0x80) start--;
        if (start > 0 && (uint8_t)out[start - 1] >= 0xc0
            && !pare_utf8_sequence(out + start - 1, out + w.n))
            w.n = start - 1;
    }
    out[w.n] = '\0';
    return out;
}
