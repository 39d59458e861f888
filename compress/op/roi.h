/* Parameters of pooling over regions of interest. */
#ifndef PARE_OP_ROI_H
#define PARE_OP_ROI_H

#include "op/op.h"

typedef struct pare_roi_params {
    int64_t height, width;    /* of each output image */
    int64_t sampling_ratio;   /* samples per bin and axis; 0: as many as the bin is large */
    float spatial_scale;      /* from region coordinates to those of X */
    bool is_max;              /* maximum instead of average of the samples */
    bool half_pixel;          /* coordinates are shifted by half a pixel */
} pare_roi_params;

pare_eval_fn pare_roi_align_eval, pare_max_roi_pool_eval; /* op/eval.h */

#endif
