/* Parameters of operators that move elements without computing on them. Lists are those of the
 * versions that have them as attributes; in later ones they are inputs and `found` is false. */
#ifndef PARE_OP_MOVE_H
#define PARE_OP_MOVE_H

#include "op/attrs.h"

typedef struct pare_reshape_params {
    pare_ints shape;          /* before version 5; then input 1 */
    bool allow_zero;          /* 0 in the shape means 0; else the input's dim at that place */
} pare_reshape_params;

/* Flatten, Concat, OneHot, Gather, GatherElements, ...: one axis, as given (may be negative). */
typedef struct pare_axis_params {
    int64_t axis;
} pare_axis_params;

/* Squeeze, Unsqueeze. */
typedef struct pare_axes_params {
    pare_ints axes;           /* before version 13; then input 1 */
} pare_axes_params;

typedef struct pare_transpose_params {
    pare_ints perm;           /* absent: all axes reversed */
} pare_transpose_params;

typedef struct pare_split_params {
    int64_t axis;
    pare_ints split;          /* sizes; version 1 and from 13 on input 1; absent: equal parts */
    int64_t num_outputs;      /* from version 18 on: parts of equal size but the last; else 0 */
} pare_split_params;

typedef struct pare_slice_params {
    pare_ints starts, ends, axes; /* before version 10; then inputs 1 to 3, with steps in 4 */
} pare_slice_params;

typedef enum pare_pad_mode {
    PARE_PAD_CONSTANT,
    PARE_PAD_REFLECT,
    PARE_PAD_EDGE,
    PARE_PAD_WRAP,
} pare_pad_mode;

typedef struct pare_pad_params {
    int mode;                 /* pare_pad_mode */
    pare_ints pads;           /* begins, then ends; before version 11; then input 1 (axes: 3) */
    float value;              /* before version 11; then input 2 */
} pare_pad_params;

typedef struct pare_gather_nd_params {
    int64_t batch_dims;
} pare_gather_nd_params;

typedef enum pare_scatter_reduction {
    PARE_SCATTER_NONE,
    PARE_SCATTER_ADD,
    PARE_SCATTER_MUL,
    PARE_SCATTER_MAX,
    PARE_SCATTER_MIN,
} pare_scatter_reduction;

/* Scatter, ScatterElements, ScatterND (which has no axis). */
typedef struct pare_scatter_params {
    int64_t axis;
    int reduction;            /* pare_scatter_reduction */
} pare_scatter_params;

typedef struct pare_tensor_scatter_params {
    int64_t axis;
    bool circular;            /* writes past the end go on at the start */
} pare_tensor_scatter_params;

typedef struct pare_shape_params {
    int64_t start, end;       /* of the axes asked for; end INT64_MAX: to the last */
} pare_shape_params;

/* Compress, Unique: one axis, or all elements as one. */
typedef struct pare_flat_axis_params {
    bool flat;
    int64_t axis;
    bool sorted;              /* Unique only */
} pare_flat_axis_params;

typedef struct pare_reverse_sequence_params {
    int64_t batch_axis, time_axis;
} pare_reverse_sequence_params;

typedef struct pare_top_k_params {
    int64_t axis;
    int64_t k;                /* before version 10; -1: input 1 */
    bool largest, sorted;
} pare_top_k_params;

typedef struct pare_trilu_params {
    bool upper;               /* input 1: the diagonal */
} pare_trilu_params;

/* DepthToSpace, SpaceToDepth. */
typedef struct pare_depth_space_params {
    int64_t block;
    bool depth_first;         /* DepthToSpace: depth is (block, block, C), else (C, block, block) */
} pare_depth_space_params;

typedef struct pare_col2im_params {
    pare_ints dilations, pads, strides; /* absent: 1, 0, 1 */
} pare_col2im_params;

typedef struct pare_crop_pad_params {
    pare_ints axes;           /* absent: all */
} pare_crop_pad_params;

/* Evals (op/eval.h). */
pare_eval_fn pare_scatter_elements_eval, pare_scatter_nd_eval, pare_tensor_scatter_eval;
pare_eval_fn pare_depth_to_space_eval, pare_space_to_depth_eval, pare_reverse_sequence_eval;
pare_eval_fn pare_trilu_eval, pare_center_crop_pad_eval, pare_col2im_eval;
pare_eval_fn pare_non_zero_eval, pare_compress_eval, pare_unique_eval, pare_top_k_eval;

/* The eval of Pad, once begin and end [rank] of every axis are known. */
struct pare_eval_io;
pare_status pare_pad_eval(pare_ctx *ctx, struct pare_eval_io *io, const int64_t *begin,
                          const int64_t *end);

/* Pad: elements before and behind each axis of input 0 [its rank], negative where some are taken
 * away, when *known. EFORMAT as for infer. */
pare_status pare_pad_amounts(pare_ctx *ctx, const pare_infer_io *io, int64_t *begin, int64_t *end,
                             bool *known);

/* Slice: index of the first element and step along each axis of input 0 [PARE_MAX_DIMS]; a step of
 * 0 where these are not known. *known: all are. EFORMAT as for infer. */
pare_status pare_slice_starts(pare_ctx *ctx, const pare_infer_io *io, int64_t *first, int64_t *step,
                              bool *known);

#endif
