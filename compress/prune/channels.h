/* Pruning channels of a whole model in one call: find what goes together, choose, repair,
 * remove. */
#ifndef PARE_PRUNE_CHANNELS_H
#define PARE_PRUNE_CHANNELS_H

#include "base/contract/dataset.h"
#include "base/pool.h"
#include "op/infer.h"
#include "prune/axes.h"

typedef struct pare_prune_opts {
    double macs;              /* that may remain, as a part of all: 0.7 */
    const pare_dataset *data; /* to choose and to repair with */
    uint64_t n_samples;       /* of them; 0: all */
    pare_pool *pool;
    const char *level;        /* of kernels, for base/linalg.h; NULL: "scalar" */
    const pare_infer_opts *shapes; /* sizes that costs are counted for; NULL: those of the file */
    int64_t round_to;         /* widths become multiples of it; 0, 1: any */
    bool without_repair;
    /* Whether a group is to stay, asked by the name of the value that it is known by. NULL: none */
    bool (*keep)(void *user, const char *name);
    void *user;
} pare_prune_opts;

/* A width, before and after. */
typedef struct pare_pruned_width {
    char *name;               /* of the value whose axis it is known by */
    uint32_t before, after;
    double error;             /* of what reads it, as expected after repair: noise by signal */
} pare_pruned_width;

typedef struct pare_prune_report {
    pare_pruned_width *widths; /* [n_widths] in the order of the nodes */
    size_t n_widths;
    double macs_left;         /* part of the multiplications */
    uint64_t n_classes, n_gone; /* that could go, and went */
    uint64_t n_repaired, n_left, n_passes; /* prune/repair.h */
} pare_prune_report;

/* Removes channels from the model: folds what can be folded, orders the channels of each width by
 * what their removal costs (second order), takes the cheapest until few enough multiplications are
 * left, repairs and removes. EUNSUPPORTED when nothing can go; EFORMAT for data that do not suit;
 * what running gives; ENOMEM, EBUDGET. The model is then half changed: work on a clone. The caller
 * frees the report with pare_prune_report_free in every case. */
pare_status pare_prune_channels(pare_ctx *ctx, pare_model *model, const pare_prune_opts *opts,
                                pare_prune_report *report);
void pare_prune_report_free(pare_ctx *ctx, pare_prune_report *report);

#endif
