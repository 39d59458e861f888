/* Parameters of CausalConvWithState. */
#ifndef PARE_OP_CAUSAL_CONV_H
#define PARE_OP_CAUSAL_CONV_H

#include "op/eval.h"

typedef struct pare_causal_conv_params {
    bool silu;                /* the result goes through x * sigmoid(x) */
} pare_causal_conv_params;

pare_eval_fn pare_causal_conv_eval;

#endif
