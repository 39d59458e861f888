/* Residual blocks of a model: sums of a shortcut and a branch. Inside of prune only. */
#ifndef PARE_PRUNE_BLOCKS_FIND_H
#define PARE_PRUNE_BLOCKS_FIND_H

#include "op/infer.h"

typedef struct pare_residual {
    pare_node_id sum;
    uint32_t branch_slot;     /* input of the sum to be left away; the other is the shortcut */
    uint32_t n_nodes;         /* that nobody else needs */
    double norm;              /* of the weights that go with it: root of the sum of squares */
    pare_dtype dtype;
    uint32_t rank, channel_axis; /* of the sum; along which the branch's last product puts out */
    int64_t n_channels;       /* 0: not known */
} pare_residual;

/* Sums of two computed tensors of one shape, where one input needs products that nothing else does:
 * the one with more of them is the branch. *out [*n] in the order of execution, freed by the caller
 * with pare_free. EFORMAT when the graph has a cycle; ENOMEM. */
pare_status pare_residuals_find(pare_ctx *ctx, pare_residual **out, size_t *n,
                                const pare_model *model, const pare_shapes *shapes);

/* Leaves the branch away. mean [n_channels], or NULL: what is added in its place, by channel. Dead
 * code is left behind. ENOMEM. */
pare_status pare_residual_drop(pare_ctx *ctx, pare_model *model, const pare_residual *block,
                               const double *mean);

#endif
