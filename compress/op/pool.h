/* Parameters of pools. */
#ifndef PARE_OP_POOL_H
#define PARE_OP_POOL_H

#include "op/window.h"

typedef struct pare_pool_params {
    pare_window window;
    bool count_include_pad;   /* AveragePool: zeros of the padding count as elements */
    bool column_major;        /* MaxPool: indices count along the columns (storage_order 1) */
    float p;                  /* LpPool: exponent of the norm */
    bool channels_last;       /* com.microsoft: X is [N, spatial..., C] */
} pare_pool_params;

/* Evals of the pools (op/eval.h). */
pare_eval_fn pare_average_pool_eval, pare_max_pool_eval, pare_lp_pool_eval;
pare_eval_fn pare_qlinear_average_pool_eval, pare_qlinear_global_average_pool_eval;
pare_eval_fn pare_global_average_pool_eval, pare_global_max_pool_eval, pare_global_lp_pool_eval;

#endif
