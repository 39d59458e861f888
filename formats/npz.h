/* Files of arrays in NumPy's format .npz: a zip of .npy files, not compressed. */
#ifndef FORMATS_NPZ_H
#define FORMATS_NPZ_H

#include "ir/tensor.h"

/* Reads the array called `key`; NULL: the only one, or the first that is not called "rows" or
 * "labels". A .npy file is read as well. *out is NULL where `optional` is set and there is none of
 * that name. EFORMAT naming file and array, and as pare_npy_read and pare_archive_open. */
pare_status pare_npz_read(pare_ctx *ctx, pare_tensor **out, const char *path, const char *key,
                          bool optional);

/* Arrays that grow row by row, in a temporary file each: memory does not depend on their size. */
typedef struct pare_npz pare_npz;

pare_status pare_npz_new(pare_ctx *ctx, pare_npz **out);
void pare_npz_free(pare_ctx *ctx, pare_npz *npz); /* accepts NULL */

/* Appends a row to the array of that name, which begins with its first one: the tensor without its
 * first dimension where that is 1, else the tensor. EUNSUPPORTED for strings, elements of less than
 * a byte, and rows that are not like the first one; EIO; ENOMEM. */
pare_status pare_npz_add(pare_ctx *ctx, pare_npz *npz, const char *name, const pare_tensor *row);

/* The same with one integer. */
pare_status pare_npz_add_int(pare_ctx *ctx, pare_npz *npz, const char *name, int64_t value);

/* Writes all arrays, which may grow no more, to path: complete or not at all. EIO, ENOMEM, and as
 * pare_output_open. */
pare_status pare_npz_write(pare_ctx *ctx, pare_npz *npz, const char *path);

/* The same into a temporary file without a name, at whose beginning *fd stands; the caller closes
 * it. EIO, ENOMEM. */
pare_status pare_npz_spill(pare_ctx *ctx, pare_npz *npz, int *fd);

#endif
