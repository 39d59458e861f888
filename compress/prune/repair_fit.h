/* Least squares for the weights of one node from moments of what was learnt on, the ridge chosen on
 * what was held out. Inside of prune only. */
#ifndef PARE_PRUNE_REPAIR_FIT_H
#define PARE_PRUNE_REPAIR_FIT_H

#include "base/linalg.h"
#include "stats/gram.h"

/* Moments, about the mean where there is a bias, of what is left of one group of a node. */
typedef struct pare_refit_moments {
    int64_t n, m;             /* columns, outputs */
    double rows;
    double *covariance;       /* [n, n] */
    double *cross;            /* [m, n] */
    double *mean;             /* [n] */
    double *target_mean;      /* [m] */
    double *target_variance;  /* [m] */
} pare_refit_moments;

/* Which columns and outputs of which group of a node are left. */
typedef struct pare_refit_left {
    int64_t group;
    const int64_t *cols;      /* [n] of the group's rows */
    int64_t n;
    const int64_t *outs;      /* [m] of all outputs */
    int64_t m;
    bool has_bias;
} pare_refit_left;

/* Zeros. ENOMEM; the caller frees it with pare_refit_moments_free. */
pare_status pare_refit_moments_new(pare_ctx *ctx, pare_refit_moments *moments, int64_t n,
                                   int64_t m);
void pare_refit_moments_free(pare_ctx *ctx, pare_refit_moments *moments);

/* Copies what is left. */
void pare_refit_moments_take(pare_refit_moments *moments, const pare_refit_left *left,
                           const pare_gram *gram);

/* Squared error of weights w [m, n], the best bias given, by the variance of the targets. */
double pare_refit_error(const pare_linalg *linalg, const pare_refit_moments *e, const double *w,
                      double *scratch);

/* The best change of w [m, n] for what was learnt, less and less held back; what does best on what
 * was held out goes to best [m, n]. *is_better: whether that is a change. Errors, before and after,
 * of what was held out. EFORMAT, ENOMEM. */
typedef struct pare_refit_outcome {
    bool is_better;
    double before, after;
} pare_refit_outcome;

pare_status pare_refit_solve(pare_ctx *ctx, const pare_linalg *linalg,
                             const pare_refit_moments *learn, const pare_refit_moments *check,
                             const double *w, double *best, pare_refit_outcome *outcome);

/* Rows of w [m, n] times what makes the variance of each output that of its target, to best. */
void pare_refit_scale(const pare_linalg *linalg, const pare_refit_moments *learn, const double *w,
                      double *best);

#endif
