/* Liveness: for a sequence of groups, which values are in memory when, which of them share memory,
 * and how much that takes at the most.
 *
 * A step is one group of the sequence; a value lives from the step that makes it to the last one
 * that reads it, both included. Values that share memory form one buffer:
 *
 *   views     Reshape, Squeeze, Unsqueeze, Flatten, Identity, Dropout and Cast that change nothing,
 *             Transpose that moves only dimensions of 1: the output is the input
 *   in place  element-by-element groups, and residuals of others, whose input is not read after
 *             that step: the output overwrites it */
#ifndef PARE_SCHED_LIVENESS_H
#define PARE_SCHED_LIVENESS_H

#include "sched/fusion.h"

/* Whether values that the caller of the graph gives or gets count. */
typedef enum pare_live_border {
    PARE_LIVE_REUSED,    /* like all others: inputs until their last use, when their memory may be
                            reused; outputs from where they are made */
    PARE_LIVE_HELD,      /* for the whole run */
    PARE_LIVE_ELSEWHERE, /* they do not count, and share memory with nothing that does */
} pare_live_border;

/* All zero: everything counts, with the sizes that ONNX gives it. */
typedef struct pare_live_opts {
    const uint32_t *order;    /* [groups->n] the sequence: indices of groups; NULL: as they stand */
    pare_live_border inputs, outputs;
    const uint32_t *bits;     /* [PARE_N_DTYPES] bits per element in a target's types, 0: not known;
                                 NULL: those of ONNX */
    bool (*bytes)(void *user, uint64_t *out, pare_value_id value); /* instead of dimensions and
                                 bits; false: not known. NULL: none */
    bool (*may_share)(void *user, pare_node_id node, pare_value_id input,
                      pare_value_id output); /* whether the output of a group, whose last node this
                                 is, may be in the memory of its input; NULL: it may */
    void *user;               /* handed to both */
    bool no_views, no_in_place;
    uint64_t align;           /* buffers are rounded up to a multiple, a power of two; 0: not */
    const uint64_t *scratch_bytes; /* [groups->n] what a group takes beside its values; NULL: 0 */
    const pare_value_id *kept; /* [n_kept] values that stay to the end */
    size_t n_kept;
} pare_live_opts;

typedef struct pare_live_value {
    pare_value_id value;
    uint32_t first, last;     /* steps; inputs of the graph: from 0 on; outputs and kept values: to
                                 the last step */
    uint32_t buffer;          /* PARE_NONE: elsewhere, or a constant of the graph under another
                                 shape */
    uint64_t bytes;           /* not rounded; 0 where they are not known */
    bool is_known;
} pare_live_value;

typedef struct pare_live_buffer {
    pare_value_id value;      /* that it was made for */
    uint32_t first, last;     /* steps */
    uint64_t bytes;           /* rounded up to opts->align */
} pare_live_buffer;

typedef struct pare_liveness {
    pare_live_value *values;  /* [n_values] inputs of the graph, then what groups make, in the order
                                 of the sequence. Initializers, values of graphs around and what
                                 is inside of groups are not here */
    uint32_t n_values;
    uint32_t *of_value;       /* by value handle: index in values; PARE_NONE: not there */
    pare_live_buffer *buffers; /* [n_buffers] by `first` */
    uint32_t n_buffers;
    uint64_t *step_bytes;     /* [n_steps] of all buffers that live at a step, and its scratch */
    uint32_t n_steps;
    uint32_t n_unknown;       /* values with a buffer whose size is not known: counted as 0 */
    uint64_t peak_bytes;      /* the greatest of step_bytes; 0 without steps */
    uint32_t peak_step;       /* the first step that has it */
    void *memory;
} pare_liveness;

/* shapes as for pare_fusion_find; opts may be NULL. The caller frees *out with pare_liveness_free.
 * EUSAGE when opts->order is no topological order of the groups; ENOMEM. O(nodes + uses). */
pare_status pare_liveness_find(pare_ctx *ctx, pare_liveness **out, const pare_groups *groups,
                               const pare_shapes *shapes, const pare_live_opts *opts);

void pare_liveness_free(pare_ctx *ctx, pare_liveness *live); /* accepts NULL */

/* Lists the buffers that live at a step, the largest first, as indices into out [n_buffers];
 * returns how many: what makes up the peak, at peak_step. */
uint32_t pare_liveness_at(const pare_liveness *live, uint32_t step, uint32_t *out);

#endif
