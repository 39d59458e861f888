/* Parameters of reductions and of what works along an axis. */
#ifndef PARE_OP_REDUCE_H
#define PARE_OP_REDUCE_H

#include "op/eval.h"
#include "op/shape.h"

typedef struct pare_reduce_params {
    pare_ints axes;           /* where they are an attribute: before opset 18 (ReduceSum: 13) */
    bool axes_are_input;
    bool keep_dims;
    bool noop_without_axes;   /* no axes mean none, not all */
} pare_reduce_params;

typedef struct pare_arg_params {
    int64_t axis;
    bool keep_dims;
    bool last;                /* of equal elements, the last one's index */
} pare_arg_params;

typedef struct pare_softmax_params {
    int64_t axis;
    bool flattened;           /* before opset 13: over all axes from `axis` on, taken as one */
} pare_softmax_params;

typedef struct pare_cumulative_params {
    bool exclusive, reverse;  /* the axis is input 1 */
} pare_cumulative_params;

/* Marks [PARE_MAX_DIMS] the axes that a call of Reduce* reduces. EFORMAT. */
pare_status pare_reduce_marks(pare_ctx *ctx, const pare_eval_io *io, bool *marks);

/* The same before running, input 0 having a rank. *known: whether the axes were followed. */
pare_status pare_reduce_axes(pare_ctx *ctx, const pare_infer_io *io, bool *marks, bool *known);

pare_eval_fn pare_reduce_eval;

#endif
