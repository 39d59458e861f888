/* Parameters of NonMaxSuppression. */
#ifndef PARE_OP_NMS_H
#define PARE_OP_NMS_H

#include "op/attrs.h"

typedef struct pare_nms_params {
    bool center_point;        /* boxes are (x, y, width, height), not two corners */
} pare_nms_params;

#endif
