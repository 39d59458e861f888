/* Sticky building: the builder remembers the first failure and does nothing after it, so that a
 * long construction reads like the maths it is and is checked once, at the end.
 *
 *     pare_builder b;
 *     pare_builder_init(&b, ctx, model->graph);
 *     const pare_value_id h = pare_emit(&b, "MatMul", x, w);
 *     const pare_value_id y = pare_emit(&b, "Add", h, bias);
 *     pare_build_output(&b, y, NULL);
 *     return b.status;
 */
#ifndef PARE_IR_BUILD_H
#define PARE_IR_BUILD_H

#include "ir/graph.h"

typedef struct pare_builder {
    pare_ctx *ctx;
    pare_graph *graph;
    pare_node_id before;   /* new nodes go in front of this one; PARE_NONE: at the end */
    pare_node_id last;     /* the node emitted last */
    pare_status status;    /* the first failure; its message is in ctx */
} pare_builder;

void pare_builder_init(pare_builder *b, pare_ctx *ctx, pare_graph *graph);

/* Appends a node of the default domain with these inputs (values; PARE_NONE: omitted) and one
 * output, named after the operator, and returns that output; PARE_NONE after a failure. */
#define pare_emit(b, op_type, ...)                                                             \
    pare_emit_n((b), (op_type), (const pare_value_id[]){ __VA_ARGS__ },                        \
                (uint32_t)(sizeof((const pare_value_id[]){ __VA_ARGS__ }) / sizeof(uint32_t)), 1)

/* The general form: n_inputs inputs, n_outputs outputs (see pare_build_out). Returns output 0. */
pare_value_id pare_emit_n(pare_builder *b, const char *op_type, const pare_value_id *inputs,
                          uint32_t n_inputs, uint32_t n_outputs);

/* Output `slot` of the node emitted last. */
pare_value_id pare_build_out(const pare_builder *b, uint32_t slot);

/* Attributes of the node emitted last; attr NULL (short memory) is remembered as failure. */
void pare_build_attr(pare_builder *b, const pare_attr *attr);
void pare_build_int(pare_builder *b, const char *name, int64_t value);
void pare_build_float(pare_builder *b, const char *name, float value);
void pare_build_ints(pare_builder *b, const char *name, const int64_t *v, uint32_t n);
void pare_build_string(pare_builder *b, const char *name, const char *text);

/* Moves the node emitted last to another domain than the default one. */
void pare_build_domain(pare_builder *b, const char *domain);

/* An input of the graph, an output of the graph, an initializer (takes over the reference to
 * tensor, also on failure; names that are taken get a suffix). type may be NULL for outputs. */
pare_value_id pare_build_input(pare_builder *b, const char *name, const pare_type *type);
void pare_build_output(pare_builder *b, pare_value_id value, const pare_type *type);
pare_value_id pare_build_const(pare_builder *b, const char *name, pare_tensor *tensor);

/* Gives a value its final name, e.g. for graph outputs. */
void pare_build_name(pare_builder *b, pare_value_id value, const char *name);

/* Small constants as initializers: a scalar float, a 1-D int64 vector, a float tensor. */
pare_value_id pare_build_scalar(pare_builder *b, const char *name, float value);
pare_value_id pare_build_i64s(pare_builder *b, const char *name, const int64_t *v, uint32_t n);
pare_value_id pare_build_floats(pare_builder *b, const char *name, const float *v, uint32_t rank,
                                const int64_t *dims);

#endif
