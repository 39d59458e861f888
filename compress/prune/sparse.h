/* Zeros among weights: anywhere, in every few, or in blocks. Shapes stay; what is left of the
 * weights makes up, as well as least squares can, for what went. */
#ifndef PARE_PRUNE_SPARSE_H
#define PARE_PRUNE_SPARSE_H

#include "base/contract/dataset.h"
#include "base/pool.h"
#include "ir/model.h"
#include "prune/sparse_pattern.h"

typedef enum pare_sparse_criterion {
    PARE_SPARSE_AUTO,         /* second order with data, else magnitude */
    PARE_SPARSE_MAGNITUDE,    /* smallest |w|, of all nodes together where the pattern is free */
    PARE_SPARSE_WANDA,        /* smallest |w| times the norm of its input, within each row (Sun,
                                 2023) */
    PARE_SPARSE_SECOND_ORDER, /* what removal costs once the rest of the row makes up for it
                                 (optimal brain surgeon; Frantar, 2022) */
} pare_sparse_criterion;

/* "auto", "magnitude", ...; PARE_N_SPARSE_CRITERIA of them. NULL beyond. */
enum { PARE_N_SPARSE_CRITERIA = PARE_SPARSE_SECOND_ORDER + 1 };
const char *pare_sparse_criterion_name(pare_sparse_criterion criterion);

typedef struct pare_sparse_opts {
    pare_sparse_pattern pattern;
    double sparsity;          /* share of the weights that goes, of all nodes that take part; not
                                 for n:m, which says it */
    pare_sparse_criterion criterion;
    const pare_dataset *data; /* NULL: none, which only magnitude does without */
    uint64_t n_samples;       /* of them; 0: all */
    uint64_t max_rows;        /* stats/gram.h */
    uint64_t max_memory_bytes; /* likewise */
    uint32_t max_waves;       /* how often data are run at most: nodes of one wave do not see what
                                 the others became; 0: 64 */
    pare_pool *pool;
    bool uniform;             /* the same share of each node, else as errors say */
    bool without_repair;      /* weights that stay keep their values */
    /* Whether a node is to stay as it is, asked by its name. NULL: none */
    bool (*keep)(void *user, const pare_model *model, pare_node_id node);
    void *user;
} pare_sparse_opts;

/* What became of one node. */
typedef struct pare_sparse_node {
    char *name, *op;          /* of the node; its first output's where it has none */
    uint64_t n, zeros;        /* weights, and those of them that are zero */
    double masked;            /* noise of its outputs by their variance: of zeros alone, */
    double error;             /* and after the rest made up for them; NaN: not measured */
    const char *why;          /* it was left as it is; NULL: it was not */
} pare_sparse_node;

typedef struct pare_sparse_report {
    pare_sparse_node *nodes;  /* [n_nodes] in the order of execution */
    size_t n_nodes;
    pare_sparse_criterion criterion; /* that was used */
    uint64_t n, zeros;        /* weights of all nodes that took part */
    uint64_t n_passes;        /* over the data */
} pare_sparse_report;

/* Makes weights of Conv, ConvTranspose, Gemm and MatMul zero: folds what can be folded, shares the
 * sparsity out among the nodes by what it costs each, and goes through them in the order of
 * execution: inputs are those of the model as pruned so far, targets the outputs of the original.
 * EUSAGE for a pattern or share that makes no sense, and for criteria that need data without;
 * EUNSUPPORTED when no node suits; EFORMAT for data that do not suit; ENOMEM, EBUDGET. On failure
 * the model is half changed: work on a clone. The report is valid either way; the caller frees
 * it. */
pare_status pare_prune_sparse(pare_ctx *ctx, pare_model *model, const pare_sparse_opts *opts,
                              pare_sparse_report *report);
void pare_sparse_report_free(pare_ctx *ctx, pare_sparse_report *report);

#endif
