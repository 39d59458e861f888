/* Low rank: linear nodes become two with a narrow value between them, where that saves. */
#ifndef PARE_PRUNE_RANK_H
#define PARE_PRUNE_RANK_H

#include "prune/channels.h"

typedef struct pare_rank_opts {
    double limit;             /* what may remain of the cost, as a part of the original's: 0.7 */
    pare_prune_cost_fn *cost; /* asked for clones; NULL: multiplications at `shapes` */
    void *cost_user;
    const pare_dataset *data; /* NULL: none; inputs then count as independent */
    uint64_t n_samples;       /* of them; 0: all */
    uint64_t max_rows;        /* stats/gram.h */
    uint64_t max_memory_bytes; /* likewise */
    uint32_t max_waves;       /* how often data are run at most: nodes of one wave do not see what
                                 the others became; 0: 64 */
    pare_pool *pool;
    const pare_infer_opts *shapes; /* sizes that costs are counted for; NULL: those of the file */
    int64_t round_to;         /* ranks are multiples of it; 0, 1: any */
    /* Whether a node is to stay as it is. NULL: none */
    bool (*keep)(void *user, const pare_model *model, pare_node_id node);
    void *user;
} pare_rank_opts;

/* What became of one node. */
typedef struct pare_rank_node {
    char *name, *op;          /* of the node; its first output's where it has none */
    const char *form;         /* "matrix", "input", "spatial"; NULL: it was left as it is */
    int64_t full, rank;       /* of the weights as that form sees them, and what is left */
    double error;             /* noise of its outputs by their variance; NaN: not measured */
    const char *why;          /* it could not take part; NULL: it could */
} pare_rank_node;

typedef struct pare_rank_report {
    pare_rank_node *nodes;    /* [n_nodes] in the order of execution */
    size_t n_nodes;
    uint64_t n_split;
    double left;              /* part of the cost; above the limit when no more could go */
    double macs_left;         /* part of the multiplications */
    uint64_t n_passes;        /* over the data */
} pare_rank_report;

/* Splits Conv, Gemm and MatMul: folds what can be folded, measures at which rank each node gives
 * how much away in which form, takes what loses least until the limit holds, and goes through the
 * nodes in the order of execution: inputs are those of the model as it is by then, targets the
 * outputs of the original. EUNSUPPORTED when nothing can be split; EFORMAT for data that do not
 * suit; what running and `cost` give; ENOMEM, EBUDGET. On failure the model is half changed: work
 * on a clone. The report is valid either way; the caller frees it. */
pare_status pare_prune_rank(pare_ctx *ctx, pare_model *model, const pare_rank_opts *opts,
                            pare_rank_report *report);
void pare_rank_report_free(pare_ctx *ctx, pare_rank_report *report);

#endif
