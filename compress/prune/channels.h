/* Pruning channels of a whole model in one call: find what goes together, choose, repair,
 * remove. */
#ifndef PARE_PRUNE_CHANNELS_H
#define PARE_PRUNE_CHANNELS_H

#include "base/contract/dataset.h"
#include "base/pool.h"
#include "op/infer.h"
#include "prune/axes.h"
#include "prune/settings.h"

/* A figure of a model: multiplications, bytes, energy, time. Anything that falls as widths fall. */
typedef pare_status pare_prune_cost_fn(void *user, pare_ctx *ctx, const pare_model *model,
                                       double *figure);

/* How many classes of a group stay at least; all of them, or more: the group stays whole; 0: a
 * tenth. */
typedef uint32_t pare_prune_least_fn(void *user, const pare_model *model,
                                     const pare_axes_found *axes, uint32_t group);

typedef struct pare_prune_opts {
    double limit;             /* what may remain of the cost, as a part of the original's: 0.7 */
    pare_prune_cost_fn *cost; /* asked for many clones, not for the model that it is about; NULL:
                                 multiplications at `shapes` */
    void *cost_user;
    pare_prune_criterion criterion; /* of channels: see prune/criteria.h */
    pare_prune_repair repair;
    const pare_dataset *data; /* to choose and to repair with; NULL: none */
    uint64_t first, n_samples; /* of them; n_samples 0: to the end */
    pare_pool *pool;
    const char *level;        /* of kernels, for base/linalg.h; NULL: "scalar" */
    const pare_infer_opts *shapes; /* sizes that costs are counted for; NULL: those of the file */
    int64_t round_to;         /* widths become multiples of it; 0, 1: any */
    pare_prune_least_fn *least; /* NULL: a tenth of each */
    void *least_user;
} pare_prune_opts;

/* A width, before and after. */
typedef struct pare_pruned_width {
    char *name;               /* of the value whose axis it is known by */
    uint32_t before, after;
    double bare, error;       /* of what reads it, as expected without and after repair: noise by
                                 signal; negative: not known */
} pare_pruned_width;

typedef struct pare_prune_report {
    pare_pruned_width *widths; /* [n_widths] in the order of the nodes: those that could go */
    size_t n_widths;
    pare_prune_criterion criterion; /* that was used */
    pare_prune_repair repair; /* likewise */
    double left;              /* part of the cost; above the limit when no more could go */
    double macs_left;         /* part of the multiplications */
    uint64_t n_classes, n_gone; /* that could go, and went */
    uint64_t n_repaired, n_left; /* prune/repair.h */
    double n_forwards;        /* of the model over all samples, for choosing and repair */
} pare_prune_report;

/* Removes channels from the model: folds what can be folded, orders the channels of each width by
 * what their removal costs, takes the cheapest until the limit holds (with no step to give back),
 * repairs and removes. Where the limit cannot be met, as much goes as may: see report->left.
 * EUNSUPPORTED when nothing can go; EFORMAT for data that do not suit; EUSAGE for a criterion or
 * repair that is not known, or needs data where there are none; what running and `cost` give;
 * ENOMEM, EBUDGET. The model is then half changed: work on a clone. The caller frees the report
 * with pare_prune_report_free in every case. */
pare_status pare_prune_channels(pare_ctx *ctx, pare_model *model, const pare_prune_opts *opts,
                                pare_prune_report *report);
void pare_prune_report_free(pare_ctx *ctx, pare_prune_report *report);

/* The name that a group is known by: of the value whose axis it is. */
const char *pare_axes_group_name(const pare_model *model, const pare_axes_found *axes,
                                 uint32_t group);

#endif
