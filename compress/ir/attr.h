/* Attributes of nodes. Immutable: to change one, set another of the same name
 * (pare_node_set_attr). */
#ifndef PARE_IR_ATTR_H
#define PARE_IR_ATTR_H

#include "ir/tensor.h"

/* Values are AttributeProto.AttributeType. */
typedef enum pare_attr_type {
    PARE_ATTR_UNDEFINED = 0,
    PARE_ATTR_FLOAT = 1,
    PARE_ATTR_INT,
    PARE_ATTR_STRING,
    PARE_ATTR_TENSOR,
    PARE_ATTR_GRAPH,
    PARE_ATTR_FLOATS,
    PARE_ATTR_INTS,
    PARE_ATTR_STRINGS,
    PARE_ATTR_TENSORS,
    PARE_ATTR_GRAPHS,
    PARE_ATTR_SPARSE_TENSOR,
    PARE_ATTR_SPARSE_TENSORS,
    PARE_ATTR_TYPE_PROTO,
    PARE_ATTR_TYPE_PROTOS,
    PARE_N_ATTR_TYPES
} pare_attr_type;

struct pare_graph;

/* A single value is a list of one: FLOAT and FLOATS both use `floats`, and so on. */
typedef struct pare_attr {
    const char *name;
    const char *ref_name; /* function bodies: the function's attribute it stands for; else NULL */
    pare_attr_type type;
    uint32_t n;           /* items; 1 for the single kinds; 0 with ref_name */
    union {
        const float *floats;
        const int64_t *ints;
        const pare_bytes *strings;
        pare_tensor *const *tensors;        /* one reference each */
        pare_sparse_tensor *const *sparse;
        struct pare_graph *const *graphs;   /* owned: they die with the model */
        const pare_type *const *types;
    };
    const void *source;   /* message this was read from; NULL: made here */
} pare_attr;

/* Name of an attribute type, e.g. "ints". Never NULL. */
const char *pare_attr_type_name(pare_attr_type type);

#endif
