/* Element types of ONNX tensors. The values are TensorProto.DataType (onnx.proto, IR version
 * 14). */
#ifndef PARE_IR_DTYPE_H
#define PARE_IR_DTYPE_H

#include <stdbool.h>
#include <stdint.h>

/*         symbol       value  name in text      bits  class     first IR version */
#define PARE_DTYPES(X)                                                             \
    X(FLOAT,          1,  "float",           32, FLOAT,   1)                       \
    X(UINT8,          2,  "uint8",            8, UINT,    1)                       \
    X(INT8,           3,  "int8",             8, INT,     1)                       \
    X(UINT16,         4,  "uint16",          16, UINT,    1)                       \
    X(INT16,          5,  "int16",           16, INT,     1)                       \
    X(INT32,          6,  "int32",           32, INT,     1)                       \
    X(INT64,          7,  "int64",           64, INT,     1)                       \
    X(STRING,         8,  "string",           0, STRING,  1)                       \
    X(BOOL,           9,  "bool",             8, BOOL,    1)                       \
    X(FLOAT16,        10, "float16",         16, FLOAT,   1)                       \
    X(DOUBLE,         11, "double",          64, FLOAT,   1)                       \
    X(UINT32,         12, "uint32",          32, UINT,    1)                       \
    X(UINT64,         13, "uint64",          64, UINT,    1)                       \
    X(COMPLEX64,      14, "complex64",       64, COMPLEX, 1)                       \
    X(COMPLEX128,     15, "complex128",     128, COMPLEX, 1)                       \
    X(BFLOAT16,       16, "bfloat16",        16, FLOAT,   4)                       \
    X(FLOAT8E4M3FN,   17, "float8e4m3fn",     8, FLOAT,   9)                       \
    X(FLOAT8E4M3FNUZ, 18, "float8e4m3fnuz",   8, FLOAT,   9)                       \
    X(FLOAT8E5M2,     19, "float8e5m2",       8, FLOAT,   9)                       \
    X(FLOAT8E5M2FNUZ, 20, "float8e5m2fnuz",   8, FLOAT,   9)                       \
    X(UINT4,          21, "uint4",            4, UINT,    10)                      \
    X(INT4,           22, "int4",             4, INT,     10)                      \
    X(FLOAT4E2M1,     23, "float4e2m1",       4, FLOAT,   11)                      \
    X(FLOAT8E8M0,     24, "float8e8m0",       8, FLOAT,   12)                      \
    X(UINT2,          25, "uint2",            2, UINT,    13)                      \
    X(INT2,           26, "int2",             2, INT,     13)

typedef enum pare_dtype {
    PARE_DTYPE_UNDEFINED = 0,
#define PARE_DTYPE_ENUM(symbol, value, name, bits, class, ir) PARE_##symbol = (value),
    PARE_DTYPES(PARE_DTYPE_ENUM)
#undef PARE_DTYPE_ENUM
    PARE_N_DTYPES
} pare_dtype;

typedef enum pare_dtype_class {
    PARE_CLASS_NONE,
    PARE_CLASS_FLOAT,
    PARE_CLASS_INT,
    PARE_CLASS_UINT,
    PARE_CLASS_BOOL,
    PARE_CLASS_COMPLEX,
    PARE_CLASS_STRING,
} pare_dtype_class;

typedef struct pare_dtype_info {
    const char *name;       /* lower case, as in the ONNX text format */
    uint8_t bits;           /* per element; 0 for strings */
    pare_dtype_class class;
    uint8_t ir_version;     /* first IR version that has it */
} pare_dtype_info;

bool pare_dtype_is_valid(int64_t value);

/* Facts of a type; for an invalid one, a row named "undefined" with 0 bits. Never NULL. */
const pare_dtype_info *pare_dtype_of(pare_dtype dtype);
const char *pare_dtype_name(pare_dtype dtype);

/* The type with this name, or PARE_DTYPE_UNDEFINED. */
pare_dtype pare_dtype_by_name(const char *name);

/* Bytes that n elements take packed (sub-byte types share bytes, the last one zero-padded). False
 * for strings, invalid types, negative n and results over 2^63-1. */
bool pare_dtype_size_bytes(pare_dtype dtype, int64_t n, uint64_t *out);

#endif
