/* Which classes go: as cheap as they come per multiplication saved, until few enough are left. */
#ifndef PARE_PRUNE_ALLOCATE_H
#define PARE_PRUNE_ALLOCATE_H

#include "prune/second_order.h"

typedef struct pare_allocate_opts {
    const pare_removal *removals; /* [axes->n_groups]; those with n 0 stay whole */
    double macs;              /* that may remain, as a part of all */
    double floor;             /* part of a group's classes that stay at least */
    int64_t round_to;         /* classes that stay in a group are a multiple of it, where something
                                 goes; 1: any number */
} pare_allocate_opts;

/* Marks classes in gone [axes->n_classes], all false before. shapes tell what nodes cost, every dim
 * of products being known. *left receives the part of the multiplications that is left, which is
 * above opts->macs where no more could go. ENOMEM. */
pare_status pare_allocate(pare_ctx *ctx, const pare_model *model, const pare_axes_found *axes,
                          pare_shapes *shapes, const pare_allocate_opts *opts, bool *gone,
                          double *left);

#endif
