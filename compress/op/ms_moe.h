/* Parameters of mixtures of experts. */
#ifndef PARE_OP_MS_MOE_H
#define PARE_OP_MS_MOE_H

#include "op/op.h"

typedef enum pare_moe_activation {
    PARE_MOE_RELU,
    PARE_MOE_GELU,            /* with tanh */
    PARE_MOE_SILU,
    PARE_MOE_SWIGLU,          /* of two rows for each inner one */
    PARE_MOE_IDENTITY,
} pare_moe_activation;

typedef struct pare_moe_params {
    int activation;           /* pare_moe_activation */
    int64_t k;                /* experts per token */
    int64_t weight_bits, block_size; /* QMoE; block_size 0: a scale per row */
    bool normalize, sparse_mixer;
    bool integer_weights;     /* QMoE: quant_type "int" */
    int64_t weights_prepacked; /* QMoE: 1: in a layout of the runtime's; -1: as it likes */
    /* SwiGLU: gate * sigmoid(alpha * gate) * (linear + beta), both at most limit in size */
    float alpha, beta, swiglu_limit;
    int64_t swiglu_fusion;    /* 0: FC3 is the linear part; else in FC1: 1 in pairs, 2 behind */
} pare_moe_params;

pare_eval_fn pare_moe_eval;   /* op/eval.h */

#endif
