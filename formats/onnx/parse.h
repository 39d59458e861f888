/* From bytes to a message tree: scan, then unpack. */
#ifndef FORMATS_ONNX_PARSE_H
#define FORMATS_ONNX_PARSE_H

#include "formats/onnx/store.h"

/* The tree of the store's bytes as a message of type root, in the store's arena. Fails like
 * pare_onnx_scan_message, and with EFORMAT, naming
 * `what` ("a model"), for no bytes at all. */
pare_status pare_onnx_parse(pare_ctx *ctx, pare_onnx_store *store,
                            const ProtobufCMessageDescriptor *root, const char *what,
                            ProtobufCMessage **tree);

#endif
