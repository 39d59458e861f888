/* Arrays in files of which only one row at a time is read: the first dimension counts samples. */
#ifndef FORMATS_DATASET_ROWS_H
#define FORMATS_DATASET_ROWS_H

#include "formats/dataset/files.h"
#include "ir/tensor.h"

typedef struct pare_rows {
    const pare_files *files;
    size_t file;           /* of files */
    uint64_t n;            /* rows */
    uint64_t data_at;      /* where the first row begins in the file */
    uint64_t stride_bytes; /* from row to row */
    uint64_t row_bytes;
    uint32_t swap_bytes;   /* size of elements that are big-endian in the file; 0: they are not */
    pare_dtype dtype;
    uint32_t rank;         /* of a row, 63 at most */
    int64_t dims[PARE_MAX_DIMS];
    pare_tensor *loaded;   /* the whole array, where rows do not lie in the file as they are
                              (Fortran order, elements below a byte); else NULL */
} pare_rows;

/* A .npy file, `as` being the type that is wanted (formats/npy.h). EFORMAT when it is malformed or
 * is a single number; EUNSUPPORTED for strings and types that ONNX has not. */
pare_status pare_rows_open_npy(pare_ctx *ctx, pare_rows *out, pare_files *files, size_t file,
                               pare_dtype as);

/* An IDX file (big-endian, as LeCun's MNIST has it). EFORMAT when it is malformed. */
pare_status pare_rows_open_idx(pare_ctx *ctx, pare_rows *out, pare_files *files, size_t file);

/* Records of a CIFAR batch: label_bytes, then 3072 bytes of an image [3,32,32]. */
pare_status pare_rows_open_cifar(pare_ctx *ctx, pare_rows *out, pare_files *files, size_t file,
                                 uint32_t label_bytes);

void pare_rows_close(pare_rows *rows); /* accepts zeroes */

/* Reads n rows as they are in memory, row after row, into to [n * row_bytes]. */
pare_status pare_rows_read(pare_ctx *ctx, const pare_rows *rows, uint64_t first, uint64_t n,
                           void *to);

/* A row as a dense tensor [1, dims...]. */
pare_status pare_rows_tensor(pare_ctx *ctx, pare_tensor **out, const pare_rows *rows, uint64_t row);

/* Hashes of all rows, into out [n]. */
pare_status pare_rows_hash(pare_ctx *ctx, const pare_rows *rows, pare_hash128 *out);

#endif
