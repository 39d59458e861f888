/* Who reads a tensor of weights, and along which axis it sums. Inside of quant only. */
#ifndef PARE_QUANT_READERS_H
#define PARE_QUANT_READERS_H

#include "op/linear.h"

typedef enum pare_reader_kind {
    PARE_READER_PRODUCT,      /* Conv, ConvTranspose, Gemm, MatMul; that through a Transpose, too */
    PARE_READER_TABLE,        /* Gather of rows of a matrix */
    PARE_READER_OTHER,        /* any other node, or an output of a graph (node PARE_NONE) */
} pare_reader_kind;

typedef struct pare_weight_reader {
    pare_reader_kind kind;
    pare_node_id node;        /* the one that computes */
    pare_node_id transpose;   /* that stands between; PARE_NONE */
    pare_linear linear;       /* of TABLE: each row of the table as an output */
} pare_weight_reader;

typedef struct pare_weight_readers {
    pare_weight_reader *items; /* [n] */
    size_t n, cap;
} pare_weight_readers;

/* Finds them, emptying `out` first, which the caller frees with pare_free(items). ENOMEM. */
pare_status pare_find_readers(pare_ctx *ctx, pare_weight_readers *out, const pare_model *model,
                              pare_value_id weight);

/* Marks nodes of the main graph, by handle [model->n_nodes], that multiply by weights with no such
 * product, nor a table, before them, and those with none behind. EFORMAT for cycles; ENOMEM. */
pare_status pare_find_ends(pare_ctx *ctx, bool *is_end, const pare_model *model);

#endif
