/* Inference of types, shapes and small contents over a whole model. Best effort: it never blocks on
 * what it does not know, and says what that was. */
#ifndef PARE_OP_INFER_H
#define PARE_OP_INFER_H

#include "op/op.h"

/* What the user says about the model's inputs. */
typedef struct pare_input_shape {
    const char *name;         /* of a main-graph input */
    uint32_t rank;
    const int64_t *dims;      /* [rank]; each >= 0 */
} pare_input_shape;

/* An input whose very value is known. */
typedef struct pare_input_value {
    const char *name;         /* of a main-graph input that is no pare_input_shape */
    const pare_tensor *tensor;
} pare_input_value;

typedef struct pare_infer_opts {
    const pare_input_shape *inputs; /* [n_inputs] */
    size_t n_inputs;
    const pare_input_value *values; /* [n_values] */
    size_t n_values;
    const pare_binding *dims;       /* values for symbols, ended by a NULL name; may be NULL */
    const uint8_t *is_variable;     /* by value handle: initializers whose contents are not
                                       followed, since they will be others; NULL: none */
    bool ignore_declared; /* of all types in the file, only those of the main graph's inputs are
                             believed: what inference finds by itself */
} pare_infer_opts;

typedef struct pare_shape_issue {
    pare_node_id node;        /* PARE_NONE: about an input or output of the model */
    bool is_contradiction;    /* false: merely unknown (operator not in the table, ...) */
    const char *text;         /* one line, in the arena */
    bool cannot_run;          /* the node contradicts its inputs: what holds it never runs */
} pare_shape_issue;

/* Infers everything. opts may be NULL. *out is freed with pare_shapes_free. EUSAGE when opts name
 * an input that the model does not have, or a rank or dimension that contradicts it; ENOMEM,
 * EBUDGET. Contradictions inside the model are issues, not failures. */
pare_status pare_infer(pare_ctx *ctx, pare_shapes **out, const pare_model *model,
                       const pare_infer_opts *opts);

/* What is known about a value; never NULL. Of values in function bodies, what holds in every
 * call. */
const pare_info *pare_shapes_of(const pare_shapes *shapes, pare_value_id value);

/* What is known about the operands of a node, by slot; omitted ones are NULL. One block, freed
 * through *in with pare_operands_free. ENOMEM. */
pare_status pare_operands_of(pare_ctx *ctx, const pare_shapes *shapes, const pare_node *node,
                             const pare_info *const **in, const pare_info *const **out);
void pare_operands_free(pare_ctx *ctx, const pare_info *const *in); /* accepts NULL */

/* Infers the body of the model-local function that a node calls, for this one call: what `outer`,
 * where the node stands, says of its inputs holds inside. *out has infos of the body's values
 * alone, and knows what the call's attributes mean there. EUSAGE when the node calls no function;
 * ENOMEM, EBUDGET. */
pare_status pare_infer_called(pare_ctx *ctx, pare_shapes **out, const pare_model *model,
                              pare_node_id node, const pare_shapes *outer);

/* For infers of operators that own graphs (If, Loop, Scan): infers a nested graph with these infos
 * for its inputs (n of them, in order) and gives those of its outputs (array of outputs.n in the
 * arena of io->shapes). Infers again when called again. */
pare_status pare_infer_subgraph(pare_ctx *ctx, pare_infer_io *io, const pare_graph *graph,
                                const pare_info *inputs, uint32_t n, const pare_info **outputs);

#endif
