/* Rotary position embedding of heads, for its operators and for attention that does it itself. */
#ifndef PARE_OP_ROTARY_H
#define PARE_OP_ROTARY_H

#include "op/attend.h"

/* Cosines and sines by position. */
typedef struct pare_rotation {
    const float *cosine, *sine; /* [rows, pairs] */
    int64_t rows, pairs;
    bool interleaved;
    const int64_t *positions; /* [batch, steps] rows; NULL: the row is batch * steps + step */
} pare_rotation;

/* Turns the first 2 * pairs numbers of every head (float) in place; data is what x->data is a view
 * of. EFORMAT for positions past the rows and for heads too small. */
pare_status pare_rotate_heads(pare_ctx *ctx, const pare_call *call, const pare_rotation *r,
                              const pare_heads *x, float *data);

#endif
