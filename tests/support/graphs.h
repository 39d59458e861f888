/* Large and odd models for scaling tests and benchmarks. */
#ifndef TESTS_SUPPORT_GRAPHS_H
#define TESTS_SUPPORT_GRAPHS_H

#include "ir/model.h"

/* In memory; the caller frees *out with pare_model_free. n >= 1. */

/* x through n nodes one after the other, all called "nI" and with four attributes each (a number, a
 * text, two lists): Conv without weights, which only counts. */
pare_status graph_chain(pare_ctx *ctx, pare_model **out, uint32_t n);

/* x into n Relu, all of them into one Sum: a value with n uses and a node with n inputs. */
pare_status graph_wide(pare_ctx *ctx, pare_model **out, uint32_t n);

/* If inside of If, n deep, the innermost using x of the main graph: n <= PARE_MAX_GRAPH_DEPTH. */
pare_status graph_deep(pare_ctx *ctx, pare_model **out, uint32_t n);

/* What a file is filled with: holes that take no room on disk and read as zeros, or numbers. */
typedef enum graph_filling {
    GRAPH_HOLES,
    GRAPH_NUMBERS,
} graph_filling;

/* Files with n_tensors int8 initializers "wI" of tensor_bytes each, written in pieces. The test
 * fails when that cannot be. */

/* A model file and its data beside it, called like path with ".data" for ".onnx". */
void graph_write_external(const char *path, uint32_t n_tensors, uint64_t tensor_bytes,
                          graph_filling filling);

/* All in one file, however long: above 2 GiB it is none that protobuf libraries write or read. */
void graph_write_embedded(const char *path, uint32_t n_tensors, uint64_t tensor_bytes,
                          graph_filling filling);

#endif
