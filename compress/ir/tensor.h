/* Tensors: constant payloads, reference-counted and shared between values, models and clones.
 *
 * A tensor is immutable except through pare_tensor_own. Its payload may be a view into a mapped
 * file, in any of the forms that ONNX allows; readers ask for the dense form. */
#ifndef PARE_IR_TENSOR_H
#define PARE_IR_TENSOR_H

#include "base/buf.h"
#include "ir/type.h"

#include <stdatomic.h>

/* How `payload` holds the elements. Everything but DENSE and STRINGS is the packed protobuf field
 * of that name, byte for byte as it stood in the file. */
typedef enum pare_encoding {
    PARE_ENC_DENSE,       /* raw_data: little-endian, row-major, sub-byte types low bits first    */
    PARE_ENC_FLOAT_DATA,  /* 4 bytes little-endian each; complex64 as pairs                       */
    PARE_ENC_INT32_DATA,  /* varints, one per element (sub-byte types: one per byte of packing)   */
    PARE_ENC_INT64_DATA,  /* varints                                                              */
    PARE_ENC_DOUBLE_DATA, /* 8 bytes little-endian each; complex128 as pairs                      */
    PARE_ENC_UINT64_DATA, /* varints                                                              */
    PARE_ENC_STRINGS,     /* `strings`, one run of bytes per element                              */
} pare_encoding;

/* Where an external payload was found; kept so that an unchanged model keeps its layout. */
typedef struct pare_external {
    const char *location; /* as written in the model: relative, beneath the model's folder */
    uint64_t offset;
    pare_buf *file;       /* mapping of the whole file; owned by the tensor's payload owner */
} pare_external;

typedef struct pare_tensor {
    atomic_uint_least32_t refs;
    pare_allocator allocator;
    pare_dtype dtype;
    uint32_t rank;
    const int64_t *dims;      /* [rank], each >= 0; behind this struct */
    int64_t n_elements;       /* product of dims; 1 for a scalar */
    pare_encoding encoding;
    pare_bytes payload;       /* not for PARE_ENC_STRINGS */
    const pare_bytes *strings; /* PARE_ENC_STRINGS: [n_elements] */
    pare_buf *owner;          /* keeps payload, strings and external alive */
    const pare_external *external; /* NULL: embedded in the model file */
} pare_tensor;

/* Number of elements of a tensor with these dims. EFORMAT when there are too many dims, one is
 * negative, or the product does not fit. */
pare_status pare_tensor_count(pare_ctx *ctx, int64_t *out, uint32_t rank, const int64_t *dims);

/* New tensor over bytes that `owner` keeps alive (one reference is taken). Checks that the product
 * of dims fits and that a DENSE payload is exactly as long as dtype and dims say; EFORMAT
 * otherwise. One reference for the caller. */
pare_status pare_tensor_wrap(pare_ctx *ctx, pare_tensor **out, pare_dtype dtype, uint32_t rank,
                             const int64_t *dims, pare_encoding encoding, pare_bytes payload,
                             pare_buf *owner);

/* New string tensor; the array and the bytes it points to are kept alive by `owner`. */
pare_status pare_tensor_wrap_strings(pare_ctx *ctx, pare_tensor **out, uint32_t rank,
                                     const int64_t *dims, const pare_bytes *strings,
                                     pare_buf *owner);

/* New dense tensor of zeros with its own memory. */
pare_status pare_tensor_new(pare_ctx *ctx, pare_tensor **out, pare_dtype dtype, uint32_t rank,
                            const int64_t *dims);

/* New dense tensor holding a copy of data, which is as long as dtype and dims say. */
pare_status pare_tensor_from(pare_ctx *ctx, pare_tensor **out, pare_dtype dtype, uint32_t rank,
                             const int64_t *dims, const void *data);

pare_tensor *pare_tensor_ref(pare_tensor *tensor); /* returns tensor; accepts NULL */
void pare_tensor_unref(pare_tensor *tensor);       /* accepts NULL */

/* Bytes of the dense form; for strings, the sum of their lengths. */
uint64_t pare_tensor_size_bytes(const pare_tensor *tensor);

/* The elements in dense form, as a buffer of pare_tensor_size_bytes (or longer mapping with `*data`
 * pointing into it). A dense payload is a view; other encodings are decoded into new memory. The
 * caller unrefs *out. EFORMAT when a varint payload is malformed, short, long, or out of the type's
 * range; EUNSUPPORTED for strings. */
pare_status pare_tensor_dense(pare_ctx *ctx, pare_buf **out, const uint8_t **data,
                              const pare_tensor *tensor);

/* A tensor equal to the one given whose payload is DENSE and aligned for its elements (strings stay
 * strings): another reference to it where it is so already. Fails like pare_tensor_dense. */
pare_status pare_tensor_densify(pare_ctx *ctx, pare_tensor **out, pare_tensor *tensor);

/* Checks a non-dense payload against dtype and dims without decoding it into memory. EFORMAT. */
pare_status pare_tensor_check_payload(pare_ctx *ctx, const pare_tensor *tensor);

/* Copy on write: makes *tensor (the caller's reference) a dense tensor that nobody else sees and
 * whose bytes may be written through *data. Its form and external place are forgotten. */
pare_status pare_tensor_own(pare_ctx *ctx, pare_tensor **tensor, uint8_t **data);

/* Whether a payload of this dtype may be held in this encoding (onnx.proto, TensorProto). */
bool pare_encoding_allows(pare_encoding encoding, pare_dtype dtype);

/* COO sparse tensor: values [NNZ], indices [NNZ] or [NNZ, rank], of a tensor with these dims. */
typedef struct pare_sparse_tensor {
    pare_tensor *values, *indices; /* one reference each; values may be NULL: absent in the file */
    uint32_t rank;
    const int64_t *dims;           /* [rank], in the arena */
    const void *source;
} pare_sparse_tensor;

#endif
