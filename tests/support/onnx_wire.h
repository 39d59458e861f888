/* ONNX messages written by hand: what test files of the reader share. */
#ifndef TESTS_SUPPORT_ONNX_WIRE_H
#define TESTS_SUPPORT_ONNX_WIRE_H

#include "formats/onnx/onnx.h"
#include "support/wire.h"

/* Numbers of fields, as in onnx.proto. */
enum {
    MODEL_IR_VERSION = 1, MODEL_GRAPH = 7, MODEL_OPSET = 8, MODEL_PROPS = 14, MODEL_TRAINING = 20,
    MODEL_FUNCTION = 25,
    GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12,
    GRAPH_VALUE_INFO = 13, GRAPH_SPARSE = 15,
    NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTR = 5, NODE_DOMAIN = 7,
    ATTR_NAME = 1, ATTR_F = 2, ATTR_I = 3, ATTR_S = 4, ATTR_T = 5, ATTR_G = 6, ATTR_FLOATS = 7,
    ATTR_INTS = 8, ATTR_STRINGS = 9, ATTR_GRAPHS = 11, ATTR_TYPE = 20, ATTR_REF = 21,
    ATTR_SPARSE = 22,
    TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_SEGMENT = 3, TENSOR_FLOATS = 4, TENSOR_INT32S = 5,
    TENSOR_STRINGS = 6, TENSOR_INT64S = 7, TENSOR_NAME = 8, TENSOR_RAW = 9, TENSOR_DOUBLES = 10,
    TENSOR_UINT64S = 11, TENSOR_EXTERNAL = 13, TENSOR_LOCATION = 14,
    SPARSE_VALUES = 1, SPARSE_INDICES = 2, SPARSE_DIMS = 3,
    FUNCTION_NAME = 1, FUNCTION_INPUT = 4, FUNCTION_OUTPUT = 5, FUNCTION_NODE = 7,
    FUNCTION_OPSET = 9, FUNCTION_DOMAIN = 10, FUNCTION_ATTR = 11,
};

/* A whole model: ir_version 8, opset 17 and a graph "main" with what fill writes. */
void onnx_wire_model(wire *w, void (*fill)(wire *w));

/* One entry of opset_import; domain NULL: absent. */
void onnx_wire_opset(wire *w, uint32_t field, const char *domain, int64_t version);

/* A ValueInfoProto of float[n_dims times 2]. */
void onnx_wire_value(wire *w, uint32_t field, const char *name, int n_dims);

/* Begins a node with space-separated names of inputs and outputs ("_": omitted); end with
 * wire_end. onnx_wire_node is the same without attributes. */
size_t onnx_wire_begin_node(wire *w, uint32_t field, const char *op, const char *inputs,
                            const char *outputs);
void onnx_wire_node(wire *w, uint32_t field, const char *op, const char *inputs,
                    const char *outputs);

/* Begins an attribute or a tensor (dims end with -1; name NULL: absent); end with wire_end. */
size_t onnx_wire_begin_attr(wire *w, uint32_t field, const char *name, int type);
size_t onnx_wire_begin_tensor(wire *w, uint32_t field, const char *name, int type,
                              const int64_t *dims);

/* A (key, value) entry. */
void onnx_wire_entry(wire *w, uint32_t field, const char *key, const char *value);

/* Contents of a graph with a weight, an Add and an If whose branches use outer values. */
void onnx_wire_rich_graph(wire *w);

/* Opens the bytes, copied to heap memory of their own length so that sanitizers see overruns. */
pare_status onnx_wire_open(pare_ctx *ctx, pare_model **out, const wire *w);

/* Begins and ends a model of IR version 8 and opset 17 whose graph "main" is what stands
 * between. */
size_t onnx_wire_begin_graph(wire *w);
void onnx_wire_end_graph(wire *w, size_t graph);

/* Opens w, then frees it. The test fails unless the status is the one wanted, the message has both
 * texts in it (NULL: any), nothing leaks, no more than peak_bytes were taken at once, and it took a
 * few seconds at most. onnx_wire_refuse wants EFORMAT within 1 MiB. */
void onnx_wire_refuse_within(wire *w, pare_status status, const char *where, const char *what,
                             uint64_t peak_bytes);
void onnx_wire_refuse(wire *w, const char *where, const char *what);

/* Opens and checks w, then frees it. The test fails when that cannot be. */
void onnx_wire_accept(wire *w);

#endif
