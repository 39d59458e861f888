/* Intervals around what was measured on a sample of all there could be. */
#ifndef PARE_STATS_INTERVAL_H
#define PARE_STATS_INTERVAL_H

#include <stdint.h>

typedef struct pare_interval {
    double low, high;
} pare_interval;

/* I_x(a, b), the regularized incomplete beta function, for a, b > 0 and x in [0, 1]; by the
 * continued fraction of DLMF 8.17.22. Relative error about 1e-9 for a + b up to 10^6. */
double pare_beta_share(double a, double b, double x);

/* P(X <= k) for X binomial with n draws of probability p. k < 0: 0; k >= n: 1. */
double pare_binomial_at_most(double k, double n, double p);

/* 95 % interval of a share of which `hits` of n were counted (E. B. Wilson, 1927, without
 * continuity correction). n 0: [0, 1]. */
pare_interval pare_wilson95(double hits, double n);

/* Exact one-sided 95 % bounds of that share (Clopper and Pearson, 1934): true shares beyond the
 * bound are missed in at most 5 % of all samples. alpha: that 5 %, as another share. */
double pare_share_upper(uint64_t hits, uint64_t n, double alpha);
double pare_share_lower(uint64_t hits, uint64_t n, double alpha);

/* The value that Student's t with so many degrees of freedom stays below with probability p. */
double pare_student_quantile(double p, double degrees);

#endif
