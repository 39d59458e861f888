/* The sequence in which groups run: as they stand, or another one that needs less memory. */
#ifndef PARE_SCHED_SCHEDULE_H
#define PARE_SCHED_SCHEDULE_H

#include "sched/liveness.h"

typedef struct pare_schedule {
    uint32_t *order;          /* [n] indices of groups, topological; for pare_live_opts.order */
    uint32_t n;
    uint64_t peak_bytes;      /* of pare_liveness_find with this order */
    uint64_t given_peak_bytes; /* with the order in which the groups stand */
} pare_schedule;

/* Tries sequences that lower the peak of memory: what frees most first; the inputs of each group
 * depth first, those first that need most; and moving single groups away from the peak. The order
 * in which groups stand is kept unless another one is better. The same for the same graph. opts as
 * for pare_liveness_find (its order does not count); those values whose size is not known count as
 * 0. The caller frees *out with pare_schedule_free. ENOMEM. O((nodes + uses) log nodes). */
pare_status pare_schedule_find(pare_ctx *ctx, pare_schedule **out, const pare_groups *groups,
                               const pare_shapes *shapes, const pare_live_opts *opts);

void pare_schedule_free(pare_ctx *ctx, pare_schedule *schedule); /* accepts NULL */

#endif
