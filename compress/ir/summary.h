/* What is in a model, in numbers: facts that need no shapes and no operator definitions. */
#ifndef PARE_IR_SUMMARY_H
#define PARE_IR_SUMMARY_H

#include "ir/model.h"

typedef struct pare_summary_op {
    const char *domain;   /* "" for the default one */
    const char *op_type;
    uint64_t n;           /* nodes */
} pare_summary_op;

typedef struct pare_summary_dtype {
    pare_dtype dtype;
    uint64_t n_tensors, n_elements, n_bytes;
} pare_summary_dtype;

typedef struct pare_summary_value {
    const char *name;
    const pare_type *type; /* NULL: not declared */
} pare_summary_value;

/* Names and types are borrowed from the model. Counts are over everything that can run: the main
 * graph, functions, and the graphs in attributes of their nodes. */
typedef struct pare_summary {
    /* Elements of all initializers and of the tensors and lists in Constant nodes (those with a
     * dimension at least: a scalar there is an argument), of every type; of sparse ones, those that
     * are stored. A tensor that several values share counts once, here and below. */
    uint64_t n_params;

    /* Payloads of initializers and of all attributes: bytes in dense form; for strings, the sum of
     * their lengths. */
    pare_summary_dtype dtypes[PARE_N_DTYPES]; /* largest bytes first */
    size_t n_dtypes;
    uint64_t n_tensors;
    uint64_t embedded_bytes, external_bytes;

    pare_summary_op *ops; /* most frequent first, then by domain and name */
    size_t n_ops;
    uint64_t n_nodes;
    uint64_t n_subgraphs;
    uint32_t max_depth;   /* of subgraphs in subgraphs; 0: there is none */
    bool is_ordered;      /* every graph is */

    pare_summary_value *inputs; /* of the main graph, without those that have an initializer */
    size_t n_inputs;
    pare_summary_value *outputs;
    size_t n_outputs;
    const char **symbols; /* named dimensions of these inputs and outputs, as they first occur */
    size_t n_symbols;
} pare_summary;

/* Fills *out, which the caller frees with pare_summary_free before the model is freed. ENOMEM. */
pare_status pare_summary_make(pare_ctx *ctx, pare_summary *out, const pare_model *model);

/* Harmless on a zeroed summary. */
void pare_summary_free(pare_ctx *ctx, pare_summary *summary);

#endif
