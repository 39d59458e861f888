/* Walking through the elements of an output and those of inputs that are broadcast to it, in runs
 * along the innermost axes: the loop of every element-wise eval. */
#ifndef PARE_OP_SPREAD_H
#define PARE_OP_SPREAD_H

#include "op/eval.h"
#include "op/wide.h"

enum { PARE_SPREAD_MAX_IN = 4 };

typedef struct pare_spread {
    uint32_t n_in;
    uint32_t rank;            /* axes after merging those that all operands pass alike */
    int64_t dims[PARE_MAX_DIMS];
    int64_t strides[PARE_SPREAD_MAX_IN][PARE_MAX_DIMS]; /* in elements; 0: broadcast */
    int64_t at[PARE_MAX_DIMS];
    bool started;

    /* The run under way: elements [out, out + n) of the output, n at most PARE_WIDE_BLOCK, and of
     * input i those from in[i] on in steps of step[i] (0 or 1, except for transposed strides). */
    int64_t out, n;
    int64_t in[PARE_SPREAD_MAX_IN];
    int64_t step[PARE_SPREAD_MAX_IN];
} pare_spread;

/* Starts over the elements of an output with these dims. */
void pare_spread_start(pare_spread *s, uint32_t rank, const int64_t *dims);

/* Adds an input, aligned with the output's last axes (NumPy broadcasting). Dims are 1 or those of
 * the output, which infer has checked. At most PARE_SPREAD_MAX_IN. */
void pare_spread_add(pare_spread *s, uint32_t rank, const int64_t *dims);

/* The same, with its axis 0 at an axis of the output (before opset 7); axis + rank is at most the
 * output's rank. */
void pare_spread_add_at(pare_spread *s, uint32_t axis, uint32_t rank, const int64_t *dims);

/* The same with strides of the caller's choice, one per axis of the output. */
void pare_spread_add_strides(pare_spread *s, const int64_t *strides);

/* Goes to the next run, the first one after the start. False when there are no more. */
bool pare_spread_next(pare_spread *s);

#endif
