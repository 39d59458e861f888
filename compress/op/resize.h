/* Parameters of Resize, Upsample, GridSample and AffineGrid. */
#ifndef PARE_OP_RESIZE_H
#define PARE_OP_RESIZE_H

#include "op/eval.h"

typedef enum pare_resize_mode {
    PARE_RESIZE_NEAREST,
    PARE_RESIZE_LINEAR,
    PARE_RESIZE_CUBIC,
} pare_resize_mode;

/* How an output coordinate becomes an input coordinate. */
typedef enum pare_resize_coord {
    PARE_COORD_HALF_PIXEL,
    PARE_COORD_PYTORCH_HALF_PIXEL,
    PARE_COORD_ALIGN_CORNERS,
    PARE_COORD_ASYMMETRIC,
    PARE_COORD_TF_HALF_PIXEL_FOR_NN,
    PARE_COORD_TF_CROP_AND_RESIZE,
    PARE_COORD_HALF_PIXEL_SYMMETRIC,
} pare_resize_coord;

typedef enum pare_resize_nearest {
    PARE_NEAREST_ROUND_PREFER_FLOOR,
    PARE_NEAREST_ROUND_PREFER_CEIL,
    PARE_NEAREST_FLOOR,
    PARE_NEAREST_CEIL,
    PARE_NEAREST_OLD,         /* ceil where the scale is below 1, else floor */
} pare_resize_nearest;

typedef enum pare_aspect_policy {
    PARE_ASPECT_STRETCH,
    PARE_ASPECT_NOT_LARGER,
    PARE_ASPECT_NOT_SMALLER,
} pare_aspect_policy;

/* Upsample and Resize 10 are PARE_COORD_ASYMMETRIC with PARE_NEAREST_OLD. */
typedef struct pare_resize_params {
    int mode;                 /* pare_resize_mode */
    int coord;                /* pare_resize_coord */
    int nearest;              /* pare_resize_nearest */
    int policy;               /* pare_aspect_policy */
    float cubic_a, extrapolation;
    bool exclude_outside, antialias;
    pare_ints axes;           /* that scales, sizes and roi are about; absent: all */
    pare_floats scales;       /* Upsample 7; before that, of the two last of four axes */
    float plane_scales[2];    /* Upsample 1: height and width; else 0 */
    int roi_input, scales_input, sizes_input; /* -1: this version has no such input */
} pare_resize_params;

typedef enum pare_grid_padding {
    PARE_GRID_ZEROS,
    PARE_GRID_BORDER,
    PARE_GRID_REFLECTION,
} pare_grid_padding;

typedef struct pare_grid_sample_params {
    int mode;                 /* pare_resize_mode */
    int padding;              /* pare_grid_padding */
    bool align_corners;
} pare_grid_sample_params;

typedef struct pare_affine_grid_params {
    bool align_corners;
} pare_affine_grid_params;

pare_eval_fn pare_resize_eval, pare_grid_sample_eval, pare_affine_grid_eval;

#endif
