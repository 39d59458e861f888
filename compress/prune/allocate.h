/* Which classes go: as cheap as they come per multiplication saved, until the cost is low enough.
 */
#ifndef PARE_PRUNE_ALLOCATE_H
#define PARE_PRUNE_ALLOCATE_H

#include "op/infer.h"
#include "prune/axes.h"
#include "prune/channels.h"
#include "prune/removal.h"

typedef struct pare_allocate_opts {
    const pare_removals *removals; /* groups without one stay whole */
    const uint32_t *least;    /* [axes->n_groups] classes that stay at least */
    double limit;             /* of the cost, as a part of the model's own */
    pare_prune_cost_fn *cost; /* NULL: multiplications */
    void *cost_user;
    const pare_infer_opts *shapes; /* that multiplications are counted for; NULL: the file's */
    int64_t round_to;         /* classes that stay in a group are a multiple of it, where something
                                 goes; 1: any number */
} pare_allocate_opts;

/* Marks classes in gone [axes->n_classes]: the shortest part of the list of
 * removals, cheapest first, that meets the limit, less every step that can be given back. *left
 * receives the part of the cost that is left, which is above the limit where no more could go. What
 * cost and removal on a clone give; ENOMEM. */
pare_status pare_allocate(pare_ctx *ctx, const pare_model *model, const pare_axes_found *axes,
                          const pare_allocate_opts *opts, bool *gone, double *left);

/* Multiplications of a model, as a cost: user is a pare_infer_opts. */
pare_status pare_prune_macs(void *user, pare_ctx *ctx, const pare_model *model, double *figure);

/* Multiplications that go with each class alone, gains [axes->n_classes]. ENOMEM. */
pare_status pare_prune_gains(pare_ctx *ctx, const pare_model *model, const pare_axes_found *axes,
                             const pare_infer_opts *shapes, double *gains);

#endif
