/* Arrays in files of NumPy's format .npy, versions 1 to 3, little-endian.
 *
 * NumPy has no bfloat16, no 8-bit floats and nothing below a byte. Such tensors are written in a
 * carrier, and read back from it when the caller says what they are:
 *
 *     bfloat16                                   uint16   the bits (also read: void of 2 bytes)
 *     float8*                                    uint8    the bits (also read: void of 1 byte)
 *     uint4, uint2                               uint8    one number per byte
 *     int4, int2                                 int8     one number per byte
 *     float4e2m1                                 uint8    the bits of one number per byte
 *     string                                     unicode  of the longest one's width; what ends in
 *                                                         NUL loses it, as always in NumPy
 */
#ifndef FORMATS_NPY_H
#define FORMATS_NPY_H

#include "ir/tensor.h"

/* Reads the array in the file at path as a dense tensor (or one of strings, also from bytes). `as`
 * is the type that is wanted: an array in the carrier of it becomes it; any other keeps its own
 * type, and UNDEFINED asks for that. Fortran order is turned into C order. EFORMAT for what is
 * malformed, saying what was expected and found; EUNSUPPORTED for arrays that ONNX has no type for
 * (objects, dates, structures, long double) and for big-endian ones; EIO; ENOMEM. */
pare_status pare_npy_read(pare_ctx *ctx, pare_tensor **out, const char *path, pare_dtype as);

/* The same for a file in memory; the tensor may keep a reference to bytes. Messages name no file.
 * */
pare_status pare_npy_parse(pare_ctx *ctx, pare_tensor **out, pare_buf *bytes, pare_dtype as);

/* Writes a dense tensor or one of strings to path: complete or not at all. EUNSUPPORTED for strings
 * that are not UTF-8; EIO, ENOMEM, and as pare_output_open. */
pare_status pare_npy_write(pare_ctx *ctx, const char *path, const pare_tensor *tensor);

#endif
