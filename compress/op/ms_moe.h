/* Parameters of mixtures of experts. */
#ifndef PARE_OP_MS_MOE_H
#define PARE_OP_MS_MOE_H

#include "op/op.h"

typedef struct pare_moe_params {
    pare_bytes activation;    /* e.g. "relu", "gelu", "silu", "swiglu"; empty: relu */
    int64_t k;                /* experts per token */
    int64_t weight_bits, block_size; /* QMoE */
    bool normalize, sparse_mixer;
} pare_moe_params;

#endif
