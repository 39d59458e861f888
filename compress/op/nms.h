/* Parameters of NonMaxSuppression. */
#ifndef PARE_OP_NMS_H
#define PARE_OP_NMS_H

#include "op/eval.h"

typedef struct pare_nms_params {
    bool center_point;        /* boxes are (x, y, width, height), not two corners */
} pare_nms_params;

pare_eval_fn pare_nms_eval;

#endif
