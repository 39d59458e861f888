/* Codes for the weights of many linear nodes, by what becomes of their outputs over calibration
 * samples: second moments are gathered, each node is solved, and nodes further on see what those in
 * front of them became. */
#ifndef PARE_QUANT_LAYERWISE_H
#define PARE_QUANT_LAYERWISE_H

#include "quant/solve.h"

typedef struct pare_layerwise_item {
    pare_linear linear;       /* of the main graph */
    pare_weight_opts weights;
} pare_layerwise_item;

typedef struct pare_layerwise_opts {
    const pare_layerwise_item *items; /* [n_items] */
    size_t n_items;
    pare_algorithm algorithm;
    const pare_model *rounded; /* the model with activations rounded, which rows are taken from;
                                 targets are then what its own outputs are with the weights as
                                 they were. NULL: the model itself */
    const pare_dataset *data; /* NULL: none */
    uint64_t first, n_samples; /* of them; n_samples 0: to the end */
    uint64_t max_samples;     /* at most so many of these, evenly spread; 0: 512 */
    uint32_t max_waves;       /* how often data are run at most: nodes of one wave do not see what
                                 the others became; 0: 12; 1: no node does */
    uint64_t max_rows, max_memory_bytes; /* stats/gram.h */
    double damping;           /* quant/solve.h */
} pare_layerwise_opts;

/* Solutions by item. Those with the weights of an item before them have no codes: theirs are of
 * that item (same_as). Outputs of weights that several nodes read are not shifted. */
typedef struct pare_layerwise {
    pare_solution *solutions; /* [n] */
    size_t *same_as;          /* [n] the item itself, or the first one with its weights */
    size_t n;
} pare_layerwise;

/* Solves all items; the model stays as it is. What pare_gram_run and pare_weights_solve give. The
 * caller frees *out with pare_layerwise_free. */
pare_status pare_layerwise_solve(pare_ctx *ctx, pare_layerwise **out, const pare_model *model,
                                 pare_pool *pool, const pare_layerwise_opts *opts);
void pare_layerwise_free(pare_ctx *ctx, pare_layerwise *layerwise); /* accepts NULL */

/* Puts what codes mean in place of the weights (float32), for whoever reads these; and shifts the
 * outputs, if shift is not NULL. ENOMEM, EBUDGET. */
pare_status pare_layerwise_simulate(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                                    const pare_weight_codes *codes, const float *shift);

#endif
