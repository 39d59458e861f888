#ifndef FORMATS_ONNX_VERIFY_H
#define FORMATS_ONNX_VERIFY_H

#include "formats/onnx/onnx.h"

/* Opens the file at path and compares what it holds with model, element by element: opsets, graphs,
 * functions, nodes, attributes, declared names and types, payloads bit by bit. *out, if not NULL,
 * is the opened model, which the caller frees. EFORMAT with the first difference in words: the file
 * is not what pare meant to write. Otherwise fails as pare_onnx_open; ECANCELED. Warnings of
 * opening are dropped: they were given when the model was read. */
pare_status pare_onnx_verify(pare_ctx *ctx, pare_model **out, const char *path,
                             const pare_model *model, const pare_onnx_open_opts *opts);

#endif
