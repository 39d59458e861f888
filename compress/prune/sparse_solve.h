/* Zeros in one node, from the second moments of what it reads. Inside of prune only. */
#ifndef PARE_PRUNE_SPARSE_SOLVE_H
#define PARE_PRUNE_SPARSE_SOLVE_H

#include "base/linalg.h"
#include "kernels/kernels.h"
#include "prune/sparse.h"
#include "stats/gram.h"

enum { PARE_CURVE_STEPS = 128 };

/* What sparsity costs a node: squared error of its outputs by their variance, once the rest has
 * made up for it, when the k-th of PARE_CURVE_STEPS parts of the weights are zero. */
typedef struct pare_sparse_curve {
    double error[PARE_CURVE_STEPS + 1];
} pare_sparse_curve;

typedef struct pare_sparse_job {
    const pare_model *model;  /* whose weights these are */
    const pare_linear *linear;
    const pare_gram *gram;    /* with targets or without: then the outputs are to stay. NULL: of
                                 magnitude without repair */
    const pare_linalg *linalg;
    const pare_kernels *kernels;
    pare_pool *pool;
    const pare_sparse_pattern *pattern;
    pare_sparse_criterion criterion;
    bool free_mean;           /* the bias makes up for what means shift */
    bool without_repair;
    double share;             /* of the weights that goes; n:m says it itself */
} pare_sparse_job;

typedef struct pare_sparse_solution {
    float *weights;           /* [out, taps * in] in rows as of pare_linear_get_row */
    float *shift;             /* [out] to be added to outputs; NULL: nothing is */
    uint64_t n, zeros;
    double masked, error;     /* noise by variance: of zeros alone, and after repair */
} pare_sparse_solution;

/* EFORMAT, naming the tensor, for weights that are not finite; ENOMEM. */
pare_status pare_sparse_measure(pare_ctx *ctx, pare_sparse_curve *out, const pare_sparse_job *job);
pare_status pare_sparse_solve(pare_ctx *ctx, pare_sparse_solution *out, const pare_sparse_job *job);
void pare_sparse_solution_free(pare_ctx *ctx, pare_sparse_solution *solution);

#endif
