/* The header of a .npy file: what the bytes behind it are. */
#ifndef FORMATS_NPY_HEADER_H
#define FORMATS_NPY_HEADER_H

#include "ir/tensor.h"

enum { PARE_NPY_MAX_HEADER_BYTES = 1 << 16 };

typedef struct pare_npy_header {
    char kind;                /* of NumPy: 'b', 'i', 'u', 'f', 'c', 'S', 'U', 'V' */
    uint32_t item_bytes;      /* of one element; 0 only for empty strings */
    bool fortran_order;
    uint32_t rank;
    int64_t dims[PARE_MAX_DIMS];
    size_t data_at;           /* offset of the elements in the file */
} pare_npy_header;

/* Reads the header of a file. EFORMAT when it is malformed; EUNSUPPORTED for element types that are
 * none of the kinds above, and for big-endian ones. */
pare_status pare_npy_header_read(pare_ctx *ctx, pare_npy_header *out, const uint8_t *bytes,
                                 size_t n_bytes);

/* The type of an array's elements; `as` where the array is in the carrier of it (formats/npy.h).
 * UNDEFINED: ONNX has none. */
pare_dtype pare_npy_header_dtype(const pare_npy_header *header, pare_dtype as);

/* NumPy's name of an element type, or of what carries it (formats/npy.h); not for strings. */
const char *pare_npy_descr(pare_dtype dtype);

enum { PARE_NPY_HEADER_TEXT = 4096 };

/* Writes the header that NumPy itself writes for such an array, byte for byte. Returns its
 * length. */
size_t pare_npy_header_write(char text[PARE_NPY_HEADER_TEXT], const char *descr, uint32_t rank,
                             const int64_t *dims);

#endif
