/* Declared types of values: tensors with shapes, and what can hold them. Immutable once made; all
 * pointers live in the model's arena or in its source. */
#ifndef PARE_IR_TYPE_H
#define PARE_IR_TYPE_H

#include "base/arena.h"
#include "ir/dtype.h"

enum { PARE_MAX_DIMS = 64, PARE_MAX_TYPE_DEPTH = 32 };

typedef enum pare_dim_kind {
    PARE_DIM_UNKNOWN, /* nothing is said */
    PARE_DIM_VALUE,   /* a number */
    PARE_DIM_PARAM,   /* a named symbol */
} pare_dim_kind;

typedef struct pare_dim {
    pare_dim_kind kind;
    int64_t value;          /* PARE_DIM_VALUE: >= 0 */
    const char *param;      /* PARE_DIM_PARAM: not NULL, may be "" as found */
    const char *denotation; /* NULL: absent */
} pare_dim;

typedef enum pare_type_kind {
    PARE_TYPE_NONE, /* a TypeProto without value */
    PARE_TYPE_TENSOR,
    PARE_TYPE_SPARSE_TENSOR,
    PARE_TYPE_SEQUENCE,
    PARE_TYPE_OPTIONAL,
    PARE_TYPE_MAP,
    PARE_TYPE_OPAQUE,
} pare_type_kind;

typedef struct pare_type {
    pare_type_kind kind;
    pare_dtype dtype;             /* (sparse) tensor: elements; map: keys; UNDEFINED: absent */
    bool has_shape;               /* false: the rank is not known */
    uint32_t rank;
    const pare_dim *dims;         /* [rank] */
    const struct pare_type *elem; /* sequence, optional: elements; map: values; NULL: absent */
    const char *denotation;       /* NULL: absent */
    const void *source;           /* message this was read from, or NULL */
} pare_type;

/* A tensor type with known dims in the arena; NULL when memory is short. */
const pare_type *pare_type_tensor(pare_arena *arena, pare_dtype dtype, uint32_t rank,
                                  const int64_t *dims);

/* Deep copy into the arena; keeps `source`. NULL when memory is short (or type is NULL). */
const pare_type *pare_type_copy(pare_arena *arena, const pare_type *type);

/* Writes the type as ONNX text syntax has it, e.g. "float[N,3,224,224]" or "seq(tensor(int64))"
 * into out, cut to out_bytes; returns out. */
const char *pare_type_text(char *out, size_t out_bytes, const pare_type *type);

#endif
