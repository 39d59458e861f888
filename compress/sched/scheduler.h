/* What the ways of finding a sequence share. Inside of sched only. */
#ifndef PARE_SCHED_SCHEDULER_H
#define PARE_SCHED_SCHEDULER_H

#include "sched/schedule.h"

/* Groups and buffers as a graph. A buffer is what a value and the views of it are in; what is done
 * in place depends on the sequence and does not count here. */
typedef struct pare_sched_graph {
    uint32_t n, n_buffers;
    uint32_t *needs;          /* lists by group: the groups that make its inputs, each once */
    uint32_t *needs_begin;    /* [n + 1] */
    uint32_t *needed;         /* the same edges by the group that is needed */
    uint32_t *needed_begin;   /* [n + 1] */
    uint32_t *reads;          /* by group: the buffers it reads, each once */
    uint32_t *reads_begin;    /* [n + 1] */
    uint64_t *made_bytes;     /* [n] of the buffers that a group begins */
    uint64_t *buffer_bytes;   /* [n_buffers] */
    uint32_t *n_readers;      /* [n_buffers] groups; one more where it stays to the end */
    void *memory;
} pare_sched_graph;

/* out: [n] */
pare_status pare_sched_greedy(pare_ctx *ctx, const pare_sched_graph *g, uint32_t *out);
pare_status pare_sched_depth_first(pare_ctx *ctx, const pare_sched_graph *g, uint32_t *out);

#endif
