/* The steps that a plan consists of, and what they find when they run. */
#ifndef PARE_RUN_STEP_H
#define PARE_RUN_STEP_H

#include "ir/model.h"
#include "kernels/kernels.h"
#include "run/laid.h"

#include <stdatomic.h>

/* Addresses for one run. */
typedef struct pare_frame {
    void *const *address;     /* by buffer of the plan */
    uint8_t *scratch;         /* scratch_bytes for each worker, aligned to 64 */
    size_t scratch_bytes;
    const pare_kernels *kernels;
    atomic_bool *failed;      /* set by a task that meets what it cannot take (see pare_step) */
} pare_frame;

/* Runs one of a step's tasks; tasks of a step may run in any order and at the same time. */
typedef void pare_step_fn(const void *args, const pare_frame *frame, uint32_t task,
                          uint32_t worker);

typedef struct pare_step {
    pare_step_fn *run;        /* NULL: an island; then args are a pare_island */
    const void *args;         /* in the plan's arena */
    uint32_t n_tasks;
    size_t scratch_bytes;     /* per worker */
    pare_node_id node;        /* whose work this is (of a group: its anchor's); for people */
    const char *kernel;       /* what runs, for people */
    const char *failure;      /* why frame->failed gets set: the run ends with EFORMAT, the node
                                 and this; NULL: it never is */
} pare_step;

/* A node that runs by its operator's eval. */
typedef struct pare_island {
    pare_node_id node;
    uint32_t n_in, n_out;
    const struct pare_island_value {
        pare_value_id value;
        bool is_variable;      /* what the initializer holds then */
        pare_tensor *constant; /* of inputs that are known before running; else NULL */
        pare_laid
            laid; /* else where it lies, plain; of outputs, the buffer that their data is then */
    } *in, *out; /* in: values of other steps; out: those whose shape is known */
} pare_island;

/* Address of a value's first element. */
static inline void *pare_laid_address(const pare_frame *frame, const pare_laid *laid)
{
    return (uint8_t *)frame->address[laid->buffer] +
           laid->offset * (int64_t)pare_laid_width(laid);
}

static inline uint8_t *pare_frame_scratch(const pare_frame *frame, uint32_t worker)
{
    return frame->scratch + worker * frame->scratch_bytes;
}

#endif
