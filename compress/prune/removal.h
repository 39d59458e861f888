/* The order in which the classes of a group go, and what that costs. */
#ifndef PARE_PRUNE_REMOVAL_H
#define PARE_PRUNE_REMOVAL_H

#include "base/ctx.h"

typedef struct pare_removal {
    uint32_t *classes;        /* [n] all of the group's, the cheapest first */
    double *cost;             /* [n + 1] of the first k, in any unit that all groups have in
                                 common; not falling; [n] infinite */
    double *error;            /* [n + 1] of the first k, after repair: sum over consumers of the
                                 squared error of their outputs by the variance of these; negative:
                                 not known */
    double *bare;             /* [n + 1] likewise, without repair */
    uint32_t n;
} pare_removal;

/* Room for n classes, none there yet. ENOMEM; the caller frees it in every case. */
pare_status pare_removal_new(pare_ctx *ctx, pare_removal *removal, uint32_t n);
void pare_removal_free(pare_ctx *ctx, pare_removal *removal);

#endif
