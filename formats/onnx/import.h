/* From the message tree to the IR: the parts of the importer. Inside of formats/onnx only.
 *
 * Everything that the IR points to lives in the store (messages, payloads) or in the model's arena.
 * Failures are EFORMAT unless memory is short; each level puts its name in front of the message. */
#ifndef FORMATS_ONNX_IMPORT_H
#define FORMATS_ONNX_IMPORT_H

#include "formats/onnx/external.h"
#include "ir/graph.h"

#include <string.h>

typedef struct pare_importer {
    pare_ctx *ctx;
    pare_model *model;
    pare_onnx_store *store;
    pare_buf *origin; /* the store as a buffer; tensors gain references */
    pare_onnx_external external;
    bool warned_domain; /* of a domain without opset_import */
} pare_importer;

/* Whether a message leaves no room for where it happened: graphs may nest deeply, and the innermost
 * names say most. */
static inline bool pare_import_is_long(const pare_importer *im)
{
    return strlen(im->ctx->message) > PARE_MESSAGE_BYTES / 2;
}

/* A type in the model's arena; NULL for an absent message. Dimensions below 0, which some exporters
 * write for "not known", become unknown. */
pare_status pare_import_type(pare_importer *im, const pare_type **out,
                             const Onnx__TypeProto *proto);

/* A tensor with one reference for the caller; its payload is checked. */
pare_status pare_import_tensor(pare_importer *im, pare_tensor **out,
                               const Onnx__TensorProto *proto);

/* A sparse tensor in the model's arena with one reference to each of its tensors for the caller;
 * indices are checked. */
pare_status pare_import_sparse(pare_importer *im, pare_sparse_tensor **out,
                               const Onnx__SparseTensorProto *proto);
void pare_import_drop_sparse(pare_sparse_tensor *sparse); /* lets go of them; accepts NULL */

/* An attribute in the model's arena. Its graphs become children of parent, which is NULL where no
 * graph may be (defaults of functions); in_function: ref_attr_name is allowed. The caller owns the
 * references that it holds. */
pare_status pare_import_attr(pare_importer *im, pare_attr **out, const Onnx__AttributeProto *proto,
                             pare_graph *parent, bool in_function);

/* Lets go of the tensors that an attribute holds, when it finds no owner. */
void pare_import_drop_attr(const pare_attr *attr);

/* Fails unless names are all there and no two are equal. what: "attribute". n names, made by
 * name(items, i). */
pare_status pare_import_attr_names(pare_importer *im, Onnx__AttributeProto *const *attrs, size_t n);

pare_status pare_import_props(pare_importer *im, pare_props *props,
                              Onnx__StringStringEntryProto *const *entries, size_t n);
pare_status pare_import_opsets(pare_importer *im, pare_opsets *opsets,
                               Onnx__OperatorSetIdProto *const *sets, size_t n);

/* Fills a new graph from its message, nested graphs included. */
pare_status pare_import_graph(pare_importer *im, pare_graph *graph, const Onnx__GraphProto *proto);

/* Nodes and value_info, of graphs and functions alike. Inputs may name values that later nodes
 * define. */
pare_status pare_import_nodes(pare_importer *im, pare_graph *graph, Onnx__NodeProto *const *nodes,
                              size_t n);
pare_status pare_import_value_infos(pare_importer *im, pare_graph *graph,
                                    Onnx__ValueInfoProto *const *infos, size_t n);

/* The value of that name that the graph itself defines, or PARE_NONE. */
pare_value_id pare_import_own(const pare_graph *graph, const char *name);

pare_status pare_import_function(pare_importer *im, const Onnx__FunctionProto *proto);

/* Checks the calls of functions: no recursion, depth and number of inlined nodes within
 * limits.h. */
pare_status pare_import_check_calls(pare_importer *im);

#endif
