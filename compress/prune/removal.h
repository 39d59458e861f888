/* The order in which classes of a group go, and what that costs. */
#ifndef PARE_PRUNE_REMOVAL_H
#define PARE_PRUNE_REMOVAL_H

#include "base/ctx.h"

typedef struct pare_removal {
    uint32_t group;
    uint32_t *classes;        /* [n] the cheapest first */
    double *cost;             /* [n + 1] of the first k, in any unit that all groups have in
                                 common; not falling */
    double *error;            /* [n + 1] of the first k, after repair: sum over consumers of the
                                 squared error of their outputs by the variance of these; negative:
                                 not known */
    double *bare;             /* [n + 1] likewise, without repair */
    uint32_t n;
} pare_removal;

/* Of a group there may be several: one for the classes that are worth the same. */
typedef struct pare_removals {
    pare_removal *items;      /* [n] in the order of the groups */
    size_t n, cap;
} pare_removals;

/* Adds one, with room for n classes, none there yet; borrowed until the next call. ENOMEM. */
pare_status pare_removals_add(pare_ctx *ctx, pare_removals *removals, pare_removal **out,
                              uint32_t group, uint32_t n);
void pare_removals_free(pare_ctx *ctx, pare_removals *removals);

/* Room for n classes, none there yet. ENOMEM; the caller frees it in every case. */
pare_status pare_removal_new(pare_ctx *ctx, pare_removal *removal, uint32_t n);
void pare_removal_free(pare_ctx *ctx, pare_removal *removal);

#endif
