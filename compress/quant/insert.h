/* Writing a placement into the model: QuantizeLinear and DequantizeLinear around what will run in
 * integers (the Q/DQ form of ONNX). */
#ifndef PARE_QUANT_INSERT_H
#define PARE_QUANT_INSERT_H

#include "quant/place.h"
#include "quant/weights.h"
#include "stats/range.h"

/* Grids of values in integers: that of value v is grids[placement->grid[v]]. */
typedef struct pare_insertion {
    const pare_placement *placement;
    const pare_grid *grids;   /* [placement->n_values]; only those of quantized values count */
    pare_dtype activation;    /* PARE_UINT8, PARE_INT8, PARE_UINT16, PARE_INT16 */
    pare_weight_form weight;  /* of 8 bits, without blocks */
    bool per_channel;         /* a scale per output; else one for all weights of a node */
    pare_pool *pool;
    bool activations_only;    /* weights and biases stay floats: to look at what is read */

    /* Finds codes instead of pare_weights_quantize, with the same contract. NULL: that. */
    pare_status (*solve)(pare_ctx *ctx, pare_weight_codes **out, const pare_model *model,
                         const pare_linear *linear, pare_pool *pool, const pare_weight_opts *opts,
                         void *user);
    void *user;
} pare_insertion;

/* What was written. */
typedef struct pare_insert_counts {
    uint64_t n_quantize, n_weights, n_biases;
    uint64_t n_raised;        /* outputs whose scale was raised to keep the bias within 32 bits */
    double safe_error, plain_error; /* of weights rounded so that they cannot saturate, and with
                                       all codes: sums over nodes of squared error by mean square.
                                       0: they are not pair_safe */
} pare_insert_counts;

/* Puts Q behind each quantized value, and a DQ of its own in front of each reader: of all readers
 * where the value is made in integers, else of those in integers. Weights of products become
 * integers behind a DQ; their biases int32, with the product of the scales (in float, bit for bit)
 * as theirs. A value that is an output of the graph keeps its name as that of a DQ's output. The
 * model must import opset 13 or newer. EFORMAT for weights that are no numbers; ENOMEM, EBUDGET;
 * the model is then half changed: work on a clone. */
pare_status pare_insert_quantization(pare_ctx *ctx, pare_model *model,
                                     const pare_insertion *insertion, pare_insert_counts *counts);

#endif
