/* Pairs of products of which the second alone reads the first. Inside of quant only. */
#ifndef PARE_QUANT_PAIRS_H
#define PARE_QUANT_PAIRS_H

#include "op/linear.h"

/* A product whose weights and bias are constants of its own, with room to change them. */
typedef struct pare_pair_layer {
    pare_linear l;
    float *weights;           /* [n_weights] as they lie in the tensor */
    float *bias;              /* [l.out]; NULL: none */
    int64_t n_weights;
    uint32_t chain;           /* number of the chain of pairs that it is in */
} pare_pair_layer;

typedef struct pare_pair {
    uint32_t a, b;            /* layers */
    pare_node_id activation;  /* Relu or Clip between them; NONE */
    bool clips;               /* it is a Clip from 0, which scaling by itself would not keep */
} pare_pair;

typedef struct pare_pairs {
    pare_pair_layer *layers;  /* [n_layers] */
    pare_pair *pairs;         /* [n] in the order of the graph */
    size_t n_layers, n;
} pare_pairs;

/* Finds all pairs of the main graph and copies their weights. ENOMEM; EFORMAT for payloads that
 * cannot be read, or hold NaN or infinity, and for cycles. To be freed in every case. */
pare_status pare_pairs_find(pare_ctx *ctx, pare_pairs *out, const pare_model *model);
void pare_pairs_free(pare_ctx *ctx, pare_pairs *pairs);

/* Channel c of what the second reads: calls for each of its weights. */
float pare_pair_largest_out(const pare_pair_layer *a, int64_t c);
float pare_pair_largest_in(const pare_pair_layer *b, int64_t c);
void pare_pair_scale_out(pare_pair_layer *a, int64_t c, double factor); /* its bias, too */
void pare_pair_scale_in(pare_pair_layer *b, int64_t c, double factor);

/* Puts the weights and bias of a layer into the model. ENOMEM. */
pare_status pare_pair_write(pare_ctx *ctx, pare_model *model, const pare_pair_layer *layer);

#endif
