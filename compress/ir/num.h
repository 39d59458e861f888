/* Numbers as far as they are known before running: dimensions, and the elements of small tensors
 * that shapes are computed from. A number is an integer, a real, an expression over named symbols,
 * or unknown.
 *
 * Expressions are polynomials with integer coefficients over atoms; an atom is a symbol (the N
 * of "float[N,3]") or one of floor-division, remainder, minimum and maximum of two expressions,
 * which have no polynomial form. They are hash-consed in a table: equal expressions have equal
 * handles, so `N*T*64 / 64 == N*T` is seen. Symbols stand for integers >= 0. What grows beyond
 * PARE_MAX_TERMS terms or 64 bits becomes unknown, and so does all that is new once a table is
 * full (some 10^5 terms), so hostile graphs can make neither an expression nor the table large. */
#ifndef PARE_IR_NUM_H
#define PARE_IR_NUM_H

#include "base/arena.h"
#include "base/map.h"

enum { PARE_MAX_TERMS = 32, PARE_MAX_DEGREE = 8, PARE_MAX_EXPR_DEPTH = 16 };

typedef enum pare_num_kind {
    PARE_NUM_UNKNOWN = 0,
    PARE_NUM_INT,
    PARE_NUM_REAL,
    PARE_NUM_EXPR, /* never a plain integer: those become PARE_NUM_INT */
} pare_num_kind;

typedef struct pare_num {
    pare_num_kind kind;
    union {
        int64_t i;
        double r;
        uint32_t expr; /* handle in a pare_exprs */
    };
} pare_num;

/* The table that expressions live in. One thread at a time. */
typedef struct pare_exprs pare_exprs;

/* Lives in the arena, except for its hash index: pare_exprs_free, before the arena goes, which
 * accepts NULL. NULL when memory is short. */
pare_exprs *pare_exprs_new(pare_ctx *ctx, pare_arena *arena);
void pare_exprs_free(pare_ctx *ctx, pare_exprs *exprs);

/* Whether a call ran out of memory since the table was made; results were unknown from then on. */
bool pare_exprs_failed(const pare_exprs *exprs);

static inline pare_num pare_num_unknown(void)
{
    return (pare_num){ .kind = PARE_NUM_UNKNOWN };
}

static inline pare_num pare_num_int(int64_t i)
{
    return (pare_num){ .kind = PARE_NUM_INT, .i = i };
}

static inline pare_num pare_num_real(double r)
{
    return (pare_num){ .kind = PARE_NUM_REAL, .r = r };
}

static inline bool pare_num_is(pare_num n, int64_t i)
{
    return n.kind == PARE_NUM_INT && n.i == i;
}

/* The symbol with this name (copied); unknown for "". */
pare_num pare_num_symbol(pare_exprs *exprs, const char *name);

/* Whether a is one symbol and nothing else; if so and name is not NULL, *name is its name, which
 * lives as long as the table. */
bool pare_num_is_symbol(const pare_exprs *exprs, pare_num a, const char **name);

/* Arithmetic. Unknown in, unknown out (but 0 * unknown is 0); integers that overflow become
 * unknown; with a real operand the result is real (IEEE double), or unknown next to an
 * expression. */
pare_num pare_num_add(pare_exprs *exprs, pare_num a, pare_num b);
pare_num pare_num_sub(pare_exprs *exprs, pare_num a, pare_num b);
pare_num pare_num_mul(pare_exprs *exprs, pare_num a, pare_num b);

/* Division rounding towards minus infinity; exact where the polynomial is divisible (every
 * coefficient, every monomial), even if that is not known for a symbol of value 0. Unknown for a
 * divisor of 0. Of reals: plain division, here and in the next two. */
pare_num pare_num_floordiv(pare_exprs *exprs, pare_num a, pare_num b);

/* Division rounding towards zero, as ONNX's Div has it for integers. Equals floordiv where both are
 * known to be >= 0 (expressions with only positive coefficients are), or where the polynomial is
 * divisible. Else unknown for expressions. */
pare_num pare_num_truncdiv(pare_exprs *exprs, pare_num a, pare_num b);
pare_num pare_num_ceildiv(pare_exprs *exprs, pare_num a, pare_num b); /* towards plus infinity */
pare_num pare_num_mod(pare_exprs *exprs, pare_num a, pare_num b); /* sign of the divisor */

/* Decided where the bounds of the difference tell: max(N, 0) is N. Of more than eight operands that
 * stay undecided: unknown. NaN wins over other reals. */
pare_num pare_num_min(pare_exprs *exprs, pare_num a, pare_num b);
pare_num pare_num_max(pare_exprs *exprs, pare_num a, pare_num b);

/* Same kind and same number or handle: certainly equal. False does not mean certainly different. */
bool pare_num_equal(pare_num a, pare_num b);

/* Certainly >= bound, for numbers and for expressions by their coefficients (symbols are >= 0). */
bool pare_num_at_least(const pare_exprs *exprs, pare_num a, int64_t bound);

/* The value when every symbol in a is given a value >= 0 by `values` (NULL name ends the list;
 * the first of two with one name counts), as integer. Unknown when a symbol is missing or its
 * value negative, when a divisor comes to 0, and when the value does not fit. Integers and reals
 * stay what they are. */
typedef struct pare_binding {
    const char *name;
    int64_t value;
} pare_binding;
pare_num pare_num_bind(pare_exprs *exprs, pare_num a, const pare_binding *values);

/* Writes the number as text into out (out_bytes > 0), cut to that and terminated: "12", "0.5",
 * "N", "2*N^2*T + 1", "floor((N + 1) / 2)", "mod(N, 2)", "min(N, T, 4)", "?". Terms in a
 * canonical order, the same in every table; names as they are, not escaped. Returns out. */
const char *pare_num_text(char *out, size_t out_bytes, const pare_exprs *exprs, pare_num a);

#endif
