/* The first look at bytes from outside: one pass that checks all of the wire format and leaves a
 * small copy, the skeleton, that protobuf-c can parse without danger.
 *
 * The skeleton is the same message with the contents of every bytes field, however short, replaced
 * by a stub of 16 bytes that says where they are; so are unknown fields with a length. What it
 * costs depends on the structure of a model, not on its weights. */
#ifndef FORMATS_ONNX_SCANNER_H
#define FORMATS_ONNX_SCANNER_H

#include "base/ctx.h"
#include "formats/onnx/rules.h"

#include <assert.h>

/* Where the bytes of a stubbed field are: n_bytes from offset on of the scanned file, or of
 * `side`. */
typedef struct pare_onnx_stub {
    uint64_t offset; /* PARE_ONNX_STUB_SIDE is set when it counts in `side` */
    uint64_t n_bytes;
} pare_onnx_stub;
static_assert(sizeof(pare_onnx_stub) == 16, "what takes the place of contents in a skeleton");

#define PARE_ONNX_STUB_SIDE (UINT64_C(1) << 63)

typedef struct pare_onnx_scan {
    pare_onnx_rules rules; /* the schema that it was scanned by */
    uint8_t *skeleton;
    size_t n_skeleton, skeleton_cap;
    uint8_t *side; /* payloads that stood unpacked or in pieces, joined */
    size_t n_side, side_cap;
    uint64_t limit_bytes; /* of skeleton and side together */
    uint64_t n_messages, n_nodes, n_functions;
    bool has_unknown; /* there are fields that the schema does not have */
} pare_onnx_scan;

/* Scans one message of type root. On any status the caller frees *scan with pare_onnx_scan_free.
 * EFORMAT: not the wire format, not the type of the schema's field, NUL in text, names that are no
 * UTF-8, singular messages that come twice, and what limits.h says; the message gives the byte and
 * the way to the field, e.g. "graph.node[3].attribute[0].t". EBUDGET: too many messages, nodes or
 * functions, or a skeleton beyond the context's budget. ENOMEM. O(n_bytes), no recursion. */
pare_status pare_onnx_scan_message(pare_ctx *ctx, pare_onnx_scan *scan,
                                   const ProtobufCMessageDescriptor *root, const uint8_t *data,
                                   uint64_t n_bytes);

void pare_onnx_scan_free(pare_ctx *ctx, pare_onnx_scan *scan);

#endif
