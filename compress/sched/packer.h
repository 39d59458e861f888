/* The work of one pare_arena_plan_make. Inside of sched only. */
#ifndef PARE_SCHED_PACKER_H
#define PARE_SCHED_PACKER_H

#include "sched/offsets.h"

/* Intervals are meant by their index as given. Those of 0 bytes take part in nothing. */
typedef struct pare_packer {
    pare_ctx *ctx;
    const pare_interval *items; /* [n] */
    uint32_t n;
    uint64_t *sizes;          /* [n] rounded up to `align` where all have that */
    uint64_t bound;
    uint64_t *load;           /* [n] live bytes when it begins */
    uint32_t *starts;         /* [n] sorted by first, then the largest first */
    uint32_t *ends;           /* [n] sorted by last */
    uint64_t n_pairs;         /* pairs that live at the same time */
    uint64_t *offsets;        /* [n] of the present attempt */
    uint64_t *best;           /* [n] */
    uint64_t best_total;
} pare_packer;

/* Sorts order [n] by falling key, then falling size, then index. scratch: [n] of pare_packer_key.
 * */
typedef struct pare_packer_key {
    uint64_t key, size;
    uint32_t index;
} pare_packer_key;

void pare_packer_sort(const pare_packer *p, uint32_t *order, const uint64_t *keys,
                      pare_packer_key *scratch);

/* Keeps the present attempt if it is the best so far. */
void pare_packer_offer(pare_packer *p, uint64_t total);

/* One pass over time: what begins takes the smallest gap that fits, what ended leaves one. O(n log
 * n), with a bound on gaps (pack_sweep.c). */
pare_status pare_pack_sweep(pare_packer *p);

/* Places the intervals in several orders, each in the smallest gap between those that are placed
 * and live at the same time, and then improves the best order by exchanges (pack_orders.c). */
pare_status pare_pack_orders(pare_packer *p);

#endif
