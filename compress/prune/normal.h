/* Normal equations of one linear node: what it reads, what its outputs are to be, and the weights
 * that would do best. Inside of prune only. */
#ifndef PARE_PRUNE_NORMAL_H
#define PARE_PRUNE_NORMAL_H

#include "base/linalg.h"
#include "stats/gram.h"

typedef struct pare_normal_job {
    const pare_model *model;  /* whose weights these are */
    const pare_linear *linear;
    const pare_gram *gram;    /* with targets, or without: then the outputs are to stay. NULL:
                                 inputs count as independent and of variance 1 */
    const pare_linalg *linalg;
    bool free_mean;           /* the bias makes up for what means shift */
    bool weights_only;        /* nothing but `original` is asked for */
} pare_normal_job;

/* Of the group under way. Targets are divided by the node's factor, less its bias where means are
 * not free. */
typedef struct pare_normal {
    pare_ctx *ctx;
    const pare_normal_job *job;
    pare_tensor *dense;       /* the weights */
    int64_t n, rows;          /* columns; outputs of a group */
    int64_t group;
    double *h;                /* [n, n] second moments (covariances, if means are free), damped */
    double *lower;            /* [n, n] h = lower lower' */
    double *mean;             /* [n] of rows; 0 where means are not free */
    double *original;         /* [rows, n] the weights as they are */
    double *cross;            /* [rows, n] of targets and rows */
    double *wanted;           /* [rows, n] weights that are best, pulled towards the original */
    double *power;            /* [rows] squares of targets, about the mean if that is free */
    double added;             /* to the diagonal of h */
    double signal;            /* variance of all targets of the groups loaded so far */
    float *row;               /* [n] */
} pare_normal;

/* ENOMEM. The caller closes it in every case. */
pare_status pare_normal_open(pare_ctx *ctx, pare_normal *out, const pare_normal_job *job);
void pare_normal_close(pare_normal *normal);

/* Loads a group. EFORMAT, naming the tensor, for weights that are not finite; ENOMEM. */
pare_status pare_normal_load(pare_normal *normal, int64_t group);

/* Sum over rows of the squared error of weights w [rows, n], without the damping. scratch
 * [rows, n]. */
double pare_normal_error(const pare_normal *normal, const double *w, double *scratch);

/* What is to be added to the outputs of row r (of the group), for weights w [n] there. */
float pare_normal_shift(const pare_normal *normal, int64_t r, const double *w);

#endif
