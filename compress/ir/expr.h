/* The table behind pare_num: hash-consed atoms and polynomials. Only num*.c, poly.c and expr.c
 * include this.
 *
 * A monomial is the ordered list of its atoms, one entry per power; a polynomial is the ordered
 * list of its terms. Order is by structure and never by age, so that it does not depend on what
 * else the table holds: symbols by name, then compound atoms; monomials by falling degree, then
 * by their atoms (graded lexicographic, hence kept by multiplication, which division rests on). */
#ifndef PARE_IR_EXPR_H
#define PARE_IR_EXPR_H

#include "ir/num.h"

#include <assert.h>

enum {
    PARE_WORK_TERMS = 4 * PARE_MAX_TERMS, /* of intermediate results: terms may still cancel */
    PARE_MAX_TABLE_TERMS = 1 << 18,       /* of all polynomials of a table together */
};

/* Inclusive bounds; INT64_MIN and INT64_MAX stand for none. */
typedef struct pare_range {
    int64_t low, high;
} pare_range;

typedef struct pare_term {
    int64_t coef;                   /* not 0 */
    uint32_t atom[PARE_MAX_DEGREE]; /* in order; 0 behind the last */
} pare_term;
static_assert(sizeof(pare_term) == 8 + 4 * PARE_MAX_DEGREE, "terms are hashed as bytes");

typedef enum pare_atom_kind {
    PARE_ATOM_SYMBOL,
    PARE_ATOM_FLOORDIV,
    PARE_ATOM_MOD,
    PARE_ATOM_MIN,
    PARE_ATOM_MAX,
} pare_atom_kind;

typedef struct pare_atom {
    pare_atom_kind kind;
    uint32_t depth;       /* 0 for symbols */
    const char *name;     /* of a symbol, else NULL */
    pare_num a, b;        /* operands of the others: integers or expressions */
    pare_range range;
    uint64_t key[2];      /* order: first bytes of the name, or those of the leading operand */
    uint64_t fingerprint; /* order where keys tie: a hash of the structure, alike in all tables */
    uint64_t bound_in;    /* the binding that `bound` belongs to */
    pare_num bound;
} pare_atom;

typedef struct pare_poly {
    const pare_term *terms;
    uint32_t n_terms;
    uint32_t depth;
    pare_range range;
    uint64_t fingerprint;
} pare_poly;

typedef struct pare_expr_slot {
    uint32_t hash;
    uint32_t id; /* 0: free */
} pare_expr_slot;

typedef struct pare_expr_index {
    pare_expr_slot *slots;
    size_t n_slots; /* 0 or a power of two */
    size_t n_used;
} pare_expr_index;

struct pare_exprs {
    pare_arena *arena;
    pare_allocator allocator; /* of the indices */
    uint64_t seed[2];
    pare_atom *atoms;         /* [n_atoms]; 0 is nobody's */
    size_t n_atoms, cap_atoms;
    pare_poly *polys;         /* [n_polys]; 0 is nobody's */
    size_t n_polys, cap_polys;
    size_t n_terms;
    pare_expr_index atom_index, poly_index;
    uint64_t n_bindings;
    bool failed;
};

/* A polynomial seen in place: of an expression, or one that stands for an integer. */
typedef struct pare_poly_view {
    const pare_term *terms;
    uint32_t n;
} pare_poly_view;

/* A polynomial being computed. */
typedef struct pare_poly_buf {
    uint32_t n;
    pare_term terms[PARE_WORK_TERMS];
} pare_poly_buf;

/* The terms of an integer or expression; `own` holds them for an integer and must outlive the
 * view. */
pare_poly_view pare_poly_of(const pare_exprs *exprs, pare_num a, pare_term *own);

/* The number that a computed polynomial is: an integer, an expression, or unknown (too many
 * terms, table full, memory short). Terms must be in order, without zeros. */
pare_num pare_exprs_intern(pare_exprs *exprs, const pare_term *terms, uint32_t n);

/* The expression that consists of one compound atom; unknown when it nests too deeply, or as
 * above. */
pare_num pare_exprs_compound(pare_exprs *exprs, pare_atom_kind kind, pare_num a, pare_num b);

/* The atom that a consists of, alone and with coefficient 1; NULL otherwise. */
const pare_atom *pare_exprs_sole_atom(const pare_exprs *exprs, pare_num a);

/* Order of atoms and of numbers (expressions before integers): negative, 0 or positive. */
int pare_atom_compare(const pare_exprs *exprs, uint32_t a, uint32_t b);
int pare_expr_compare(const pare_exprs *exprs, pare_num a, pare_num b);

/* Bounds of an integer or expression, and of terms. */
pare_range pare_num_range(const pare_exprs *exprs, pare_num a);
pare_range pare_poly_range(const pare_exprs *exprs, const pare_term *terms, uint32_t n);

/* out = a + scale * b, where scale is one term. false: overflow, degree or room. out is neither
 * a nor b. */
bool pare_poly_add_scaled(const pare_exprs *exprs, pare_poly_buf *out, pare_poly_view a,
                          pare_poly_view b, const pare_term *scale);

/* out = a * b, likewise. */
bool pare_poly_mul(const pare_exprs *exprs, pare_poly_buf *out, pare_poly_view a, pare_poly_view b);

/* out = a / b where a is out * b exactly; false where it is not, or where that is too large to
 * see. */
bool pare_poly_divide(const pare_exprs *exprs, pare_poly_buf *out, pare_poly_view a,
                      pare_poly_view b);

/* The largest term that divides every term of a and b. Its coefficient is positive; 1 when the
 * true one does not fit. Not both may be empty. */
pare_term pare_poly_common(const pare_exprs *exprs, pare_poly_view a, pare_poly_view b);

/* Division of integers with the sign rules of pare_num_floordiv and pare_num_mod. false: b is 0,
 * or the result does not fit. */
bool pare_floordiv_i64(int64_t a, int64_t b, int64_t *out);
bool pare_mod_i64(int64_t a, int64_t b, int64_t *out);

/* Greatest common divisor of the magnitudes, which need not fit an int64_t. */
uint64_t pare_gcd_i64(uint64_t a, int64_t b);

#endif
