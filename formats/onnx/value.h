/* Values in files of their own, as ONNX's test data has them: a TensorProto, SequenceProto or
 * OptionalProto alone in a file. */
#ifndef FORMATS_ONNX_VALUE_H
#define FORMATS_ONNX_VALUE_H

#include "ir/datum.h"
#include "ir/type.h"

/* Reads the value in the file at path; type says what to expect (NULL: a tensor). Tensors are dense
 * or strings and keep the file's bytes alive. The caller drops *out. EFORMAT like pare_onnx_open;
 * EUNSUPPORTED for maps and sparse tensors. */
pare_status pare_onnx_read_value(pare_ctx *ctx, pare_datum *out, const char *path,
                                 const pare_type *type);

/* The same for a file in memory, to which the value may keep references. Messages name no file. */
pare_status pare_onnx_parse_value(pare_ctx *ctx, pare_datum *out, pare_buf *bytes,
                                  const pare_type *type);

/* Writes a value, which is not NONE, to path under this name, with dense payloads: complete or not
 * at all. EUNSUPPORTED for 2^31 bytes or more; EIO, EBUDGET, ENOMEM, and as pare_output_open. */
pare_status pare_onnx_write_value(pare_ctx *ctx, const char *path, const char *name,
                                  const pare_datum *datum);

#endif
