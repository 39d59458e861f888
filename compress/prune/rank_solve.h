/* The weights of the two nodes that one becomes. Inside of prune only. */
#ifndef PARE_PRUNE_RANK_SOLVE_H
#define PARE_PRUNE_RANK_SOLVE_H

#include "prune/normal.h"
#include "prune/rank_form.h"

enum { PARE_RANK_STEPS = 16 };

/* Squared error of the outputs by their variance, at some ranks. */
typedef struct pare_rank_curve {
    int64_t ranks[PARE_RANK_STEPS];
    double error[PARE_RANK_STEPS];
    size_t n;
} pare_rank_curve;

typedef struct pare_rank_solution {
    float *first, *second;    /* as pare_rank_write takes them */
    float *shift;             /* [out] to be added to outputs; NULL: nothing is */
    double error;
} pare_rank_solution;

/* Fills error for ranks [n] of the curve. What varies most in the outputs spans the rank: the
 * subspace of the parts' weights, whitened by the second moments of the parts' inputs; the second
 * node is least squares on what comes through. EFORMAT, naming the tensor, for weights that are not
 * finite; ENOMEM. */
pare_status pare_rank_measure(pare_ctx *ctx, pare_rank_curve *curve, const pare_normal_job *job,
                              const pare_rank_form *form);

pare_status pare_rank_solve(pare_ctx *ctx, pare_rank_solution *out, const pare_normal_job *job,
                            const pare_rank_form *form, int64_t rank);
void pare_rank_solution_free(pare_ctx *ctx, pare_rank_solution *solution);

#endif
