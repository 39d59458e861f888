/* Reading attributes in a resolve: typed, with defaults, through references inside function bodies.
 * All fail with EFORMAT when the attribute is there with another type, naming node, attribute,
 * expected and found. *out is the default when the attribute is absent. */
#ifndef PARE_OP_ATTRS_H
#define PARE_OP_ATTRS_H

#include "op/op.h"

/* The attribute that a name means in this call (a reference is followed), or NULL. */
const pare_attr *pare_call_attr(const pare_call *call, const char *name);

pare_status pare_get_int(pare_ctx *ctx, const pare_call *call, const char *name, int64_t fallback,
                         int64_t *out);

/* The same with bounds: EFORMAT outside of [low, high]. */
pare_status pare_get_int_in(pare_ctx *ctx, const pare_call *call, const char *name,
                            int64_t fallback, int64_t low, int64_t high, int64_t *out);
pare_status pare_get_flag(pare_ctx *ctx, const pare_call *call, const char *name, bool fallback,
                          bool *out); /* any integer; 0 is false */
pare_status pare_get_float(pare_ctx *ctx, const pare_call *call, const char *name, float fallback,
                           float *out);

/* A list, borrowed from the attribute; absent: *n 0 and *out NULL, *found (may be NULL) false. */
typedef struct pare_ints {
    const int64_t *v;
    uint32_t n;
    bool found;               /* false: the attribute is absent */
} pare_ints;
typedef struct pare_floats {
    const float *v;
    uint32_t n;
    bool found;
} pare_floats;
pare_status pare_get_ints(pare_ctx *ctx, const pare_call *call, const char *name, pare_ints *out);
pare_status pare_get_floats(pare_ctx *ctx, const pare_call *call, const char *name,
                            pare_floats *out);

/* Text; absent: {NULL, 0}. Not terminated. */
pare_status pare_get_text(pare_ctx *ctx, const pare_call *call, const char *name, pare_bytes *out);

/* One of the words in a NULL-ended list, as its index; absent: fallback. EFORMAT, listing the
 * words, for any other text. */
pare_status pare_get_word(pare_ctx *ctx, const pare_call *call, const char *name,
                          const char *const *words, int fallback, int *out);

/* Element type given as a number; absent: fallback. EFORMAT when it is no type. */
pare_status pare_get_dtype(pare_ctx *ctx, const pare_call *call, const char *name,
                           pare_dtype fallback, pare_dtype *out);

/* Whether the attribute is absent where this call's version needs it: then EFORMAT. */
pare_status pare_need_attr(pare_ctx *ctx, const pare_call *call, const char *name);

/* EFORMAT with the call's label in front, for resolve and infer: "node 'x' (Conv): " fmt... */
pare_status pare_call_fail(pare_ctx *ctx, const pare_call *call, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
