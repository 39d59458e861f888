/* From a skeleton to protobuf-c's message tree, with every payload pointing into the scanned
 * bytes. */
#ifndef FORMATS_ONNX_UNPACK_H
#define FORMATS_ONNX_UNPACK_H

#include "base/arena.h"
#include "formats/onnx/scanner.h"

/* Parses the skeleton of a scan that succeeded. The tree is in the arena and must not be given
 * to protobuf-c's free_unpacked; contents of bytes fields and unknown fields point into data
 * (the bytes that were scanned) and into scan->side. EBUDGET or ENOMEM when the arena is short. */
pare_status pare_onnx_unpack(pare_ctx *ctx, ProtobufCMessage **out, pare_arena *arena,
                             const pare_onnx_scan *scan, const uint8_t *data);

#endif
