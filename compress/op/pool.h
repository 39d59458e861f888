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

#endif
