/* Where buffers lie in one arena: offsets such that no two that live at the same time overlap. */
#ifndef PARE_SCHED_OFFSETS_H
#define PARE_SCHED_OFFSETS_H

#include "base/ctx.h"

#include <stdbool.h>

typedef struct pare_interval {
    uint32_t first, last;     /* steps, both included; first <= last */
    uint64_t bytes;           /* 0: lies nowhere, at offset 0 */
    uint64_t align;           /* of the offset, a power of two; 0: 1 */
} pare_interval;

typedef struct pare_arena_plan {
    uint64_t *offsets;        /* [n] */
    size_t n;
    uint64_t total_bytes;     /* end of the last buffer */
    uint64_t bound_bytes; /* no plan is smaller: the most that lives at one step, each rounded up
                                 to its alignment where all have the same */
} pare_arena_plan;

/* The best of several heuristics, the same for the same intervals. Within some milliseconds up to
 * 10^4 intervals; where so many overlap that trying costs too much, the cheapest alone is used.
 * The caller frees with pare_arena_plan_free. EUSAGE when the sum of all bytes exceeds 2^63 or an
 * interval ends before it begins; ENOMEM. */
pare_status pare_arena_plan_make(pare_ctx *ctx, pare_arena_plan **out,
                                 const pare_interval *intervals, size_t n);

void pare_arena_plan_free(pare_ctx *ctx, pare_arena_plan *plan); /* accepts NULL */

#endif
