/* What a model file may be at most. Counts of the whole file end in EBUDGET, absurd single things
 * in EFORMAT. Real models stay far below each of these (docs/format-notes.md). */
#ifndef FORMATS_ONNX_LIMITS_H
#define FORMATS_ONNX_LIMITS_H

#include "ir/type.h"

enum {
    /* counts of the whole file: EBUDGET */
    PARE_ONNX_MAX_MESSAGES = 5000000,
    PARE_ONNX_MAX_NODES = 1000000,         /* in all graphs and functions together */
    PARE_ONNX_MAX_FUNCTIONS = 10000,
    PARE_ONNX_MAX_INLINED_NODES = 5000000, /* that calls of functions stand for */

    /* single things: EFORMAT */
    PARE_ONNX_MAX_WIRE_DEPTH = 100,        /* messages inside of messages; protobuf's own limit */
    PARE_ONNX_MAX_NODE_ATTRS = 4096,
    PARE_ONNX_MAX_OPSETS = 100,            /* of the model, of one function */
    PARE_ONNX_MAX_TENSOR_DIMS = PARE_MAX_DIMS,
    PARE_ONNX_MAX_NAME_BYTES = 4096,
    PARE_ONNX_MAX_TEXT_BYTES = 16 << 20,   /* doc_string, values of metadata */
    PARE_ONNX_MAX_CALL_DEPTH = 100,        /* functions calling functions */
    PARE_ONNX_MAX_IR_VERSION = 14,

    PARE_ONNX_MAX_SKELETON_BYTES = 1 << 30, /* protobuf-c counts in 32 bits; a budget is lower */

    PARE_ONNX_READ_BYTES = 1 << 20, /* of a model's files are read, the rest is mapped */
};

#endif
