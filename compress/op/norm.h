/* Parameters of normalizations. Which of the fields mean something is the operator's. */
#ifndef PARE_OP_NORM_H
#define PARE_OP_NORM_H

#include "op/eval.h"

typedef struct pare_batch_norm_params {
    float epsilon, momentum;
    bool training;            /* statistics come from the batch and are updated */
    bool per_element;         /* before opset 9, spatial 0: statistics of [C, H, W], not [C] */
} pare_batch_norm_params;

typedef struct pare_lrn_params {
    float alpha, beta, bias;
    int64_t size;
} pare_lrn_params;

typedef struct pare_norm_params {
    float epsilon;
    int64_t axis; /* LayerNormalization and relatives: first normalized axis; LpNormalization */
    int64_t p;                /* LpNormalization: 1 or 2 */
    int64_t n_groups;         /* GroupNormalization */
    bool scale_per_group;     /* GroupNormalization 18: scale and bias are [groups], not [C] */
    pare_dtype stash;         /* type that statistics are computed in */
    pare_ints axes;           /* MeanVarianceNormalization; absent: 0, 2, 3 */
} pare_norm_params;

/* Where inputs and outputs of LayerNormalization and its relatives stand; 0: there is none. */
typedef struct pare_layer_form {
    const char *name;
    bool is_rms;              /* nothing is subtracted */
    uint32_t scale, bias, skip, skip_bias;
    uint32_t mean, inverse, sum; /* outputs */
} pare_layer_form;

/* That of the operator with this name, which is one of them. */
const pare_layer_form *pare_layer_form_of(const char *name);

/* Reads epsilon, axis (fallback -1) and stash_type. */
pare_resolve_fn pare_layer_norm_resolve;

/* Evals (op/eval.h); channel: InstanceNormalization and GroupNormalization. */
pare_eval_fn pare_batch_norm_eval, pare_channel_norm_eval, pare_layer_norm_eval;
pare_eval_fn pare_lrn_eval, pare_lp_norm_eval, pare_mean_variance_norm_eval;
pare_eval_fn pare_embed_layer_norm_eval;

#endif
