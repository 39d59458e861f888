#include "ir/attr.h"

const char *pare_attr_type_name(pare_attr_type type)
{
    static const char *const names[PARE_N_ATTR_TYPES] = {
        [PARE_ATTR_UNDEFINED] = "undefined",
        [PARE_ATTR_FLOAT] = "float",
        [PARE_ATTR_INT] = "int",
        [PARE_ATTR_STRING] = "string",
        [PARE_ATTR_TENSOR] = "tensor",
        [PARE_ATTR_GRAPH] = "graph",
        [PARE_ATTR_FLOATS] = "floats",
        [PARE_ATTR_INTS] = "ints",
        [PARE_ATTR_STRINGS] = "strings",
        [PARE_ATTR_TENSORS] = "tensors",
        [PARE_ATTR_GRAPHS] = "graphs",
        [PARE_ATTR_SPARSE_TENSOR] = "sparse_tensor",
        [PARE_ATTR_SPARSE_TENSORS] = "sparse_tensors",
        [PARE_ATTR_TYPE_PROTO] = "type_proto",
        [PARE_ATTR_TYPE_PROTOS] = "type_protos",
    };
    return (unsigned)type < PARE_N_ATTR_TYPES ? names[type] : names[PARE_ATTR_UNDEFINED];
}
