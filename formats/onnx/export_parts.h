/* The pieces of pare_onnx_export. Each returns NULL after a failure, which `status` remembers. */
#ifndef FORMATS_ONNX_EXPORT_PARTS_H
#define FORMATS_ONNX_EXPORT_PARTS_H

#include "formats/onnx/export.h"

typedef struct pare_export {
    pare_ctx *ctx;
    pare_arena *arena;
    const pare_model *model;
    const pare_onnx_layout *layout;
    int64_t ir_version; /* the least that new things need */
    pare_status status; /* the first failure; its message is in ctx */
} pare_export;

/* A copy of source, or, when source is NULL, a new message of this type. */
void *pare_export_message(pare_export *e, const ProtobufCMessageDescriptor *type,
                          const void *source);

/* Zeroed items. NULL when n is 0, which is no failure. */
void *pare_export_array(pare_export *e, size_t n, size_t item_bytes);

/* Notes that something new needs at least this IR version. */
void pare_export_need(pare_export *e, int64_t ir_version);

/* Sets a number. One that is absent in the source and means its default stays absent. */
static inline void pare_export_i64(protobuf_c_boolean *has, int64_t *field, int64_t value,
                                   const void *source)
{
    if (!source || value != *field) *has = 1;
    *field = value;
}

/* Protobuf-c's strings are not const, yet it does not write to them when it packs. */
static inline char *pare_export_text(const char *text)
{
    return (char *)text;
}

/* The name of a value; "" for none (an omitted input or output). */
char *pare_export_value_name(const pare_export *e, pare_value_id value);

Onnx__StringStringEntryProto **pare_export_props(pare_export *e, size_t *n,
                                                 const pare_props *props);

/* Types and declarations (export_type.c). */
Onnx__TypeProto *pare_export_type(pare_export *e, const pare_type *type);
Onnx__ValueInfoProto *pare_export_decl(pare_export *e, const pare_decl *decl);

/* Tensors (export_tensor.c). source may be NULL; name NULL keeps the source's. `dirty`: build it
 * even where the source would do. */
Onnx__TensorProto *pare_export_tensor(pare_export *e, const pare_tensor *tensor, const void *source,
                                      const char *name, bool dirty);
Onnx__SparseTensorProto *pare_export_sparse(pare_export *e, const pare_sparse_tensor *sparse,
                                            const char *name, bool dirty);

/* Nodes and attributes (export_node.c). */
Onnx__NodeProto *pare_export_node(pare_export *e, const pare_node *node);
Onnx__AttributeProto *pare_export_attr(pare_export *e, const pare_attr *attr);

/* A graph (export.c). Recursion: as deep as graphs are nested, PARE_MAX_GRAPH_DEPTH. */
Onnx__GraphProto *pare_export_graph(pare_export *e, const pare_graph *graph);
Onnx__NodeProto **pare_export_nodes(pare_export *e, size_t *n, const pare_graph *graph);

#endif
