/* Parameters of losses. */
#ifndef PARE_OP_LOSS_H
#define PARE_OP_LOSS_H

#include "op/eval.h"

enum { PARE_LOSS_NONE, PARE_LOSS_SUM, PARE_LOSS_MEAN };

typedef struct pare_loss_params {
    int reduction;            /* PARE_LOSS_* */
    bool has_ignore_index;
    int64_t ignore_index;     /* labels of this value do not count */
} pare_loss_params;

pare_eval_fn pare_nll_loss_eval, pare_softmax_cross_entropy_eval;

#endif
