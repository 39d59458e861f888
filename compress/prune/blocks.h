/* Pruning whole residual blocks: what a block adds to its shortcut is left away. */
#ifndef PARE_PRUNE_BLOCKS_H
#define PARE_PRUNE_BLOCKS_H

#include "base/contract/dataset.h"
#include "base/pool.h"
#include "op/infer.h"
#include "prune/channels.h"

typedef struct pare_block_opts {
    double limit;             /* what may remain of the cost, as a part of the original's */
    pare_prune_cost_fn *cost; /* of clones; NULL: multiplications at `shapes` */
    void *cost_user;
    const pare_dataset *data; /* to choose and to repair with; NULL: chosen by norms of weights */
    uint64_t n_samples;       /* of them; 0: all */
    pare_pool *pool;
    const pare_infer_opts *shapes; /* sizes of inputs where the file leaves them open */
    bool without_repair;
    /* Whether a block is to stay, asked by the name of the sum at its end. NULL: none */
    bool (*keep)(void *user, const char *name);
    void *user;
} pare_block_opts;

/* A residual block: sum = shortcut + branch. */
typedef struct pare_pruned_block {
    char *name;               /* of the sum */
    uint32_t n_nodes;         /* that only the branch needs */
    double error;             /* of the outputs without it and those that went before, after repair:
                                 noise by signal, as measured last; without data, its weights' part
                                 of the squares of all blocks */
    bool is_gone;
} pare_pruned_block;

typedef struct pare_block_report {
    pare_pruned_block *blocks; /* [n_blocks] in the order of the nodes */
    size_t n_blocks, n_gone;
    double cost_left;         /* part of the original's */
    double error;             /* of the outputs, as the model was left */
    uint64_t n_passes;        /* over the data */
} pare_block_report;

/* Removes residual blocks from the model, those first whose absence changes its outputs least,
 * measured anew after each, until it costs little enough. A block that is gone adds the mean of its
 * branch from then on, by channel: into a constant that is added there, or into a new one.
 * EUNSUPPORTED when there are no such blocks; what running gives; ENOMEM, EBUDGET. The model is
 * then half changed: work on a clone. The caller frees the report with pare_block_report_free in
 * every case. */
pare_status pare_prune_blocks(pare_ctx *ctx, pare_model *model, const pare_block_opts *opts,
                              pare_block_report *report);
void pare_block_report_free(pare_ctx *ctx, pare_block_report *report);

#endif
