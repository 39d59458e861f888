/* Which outputs may be in the memory of an input. Inside of sched only. */
#ifndef PARE_SCHED_SHARING_H
#define PARE_SCHED_SHARING_H

#include "sched/facts.h"
#include "sched/op_index.h"

typedef struct pare_sharing {
    pare_facts facts;
    pare_op_index index;      /* of the sets below */
} pare_sharing;

/* ENOMEM; to be freed all the same. */
pare_status pare_sharing_init(pare_ctx *ctx, pare_sharing *out, const pare_graph *graph,
                              const pare_shapes *shapes);
void pare_sharing_free(pare_ctx *ctx, pare_sharing *sharing);

/* The input that the only output of a group of one is a view of, or PARE_NONE. */
pare_value_id pare_sharing_view(const pare_sharing *s, const pare_group *group);

/* Whether the group reads the input, which has the shape of its only output, nowhere but where it
 * makes the same element: the output may overwrite it if nothing else reads it. */
bool pare_sharing_in_place(const pare_sharing *s, const pare_group *group, pare_value_id input);

#endif
