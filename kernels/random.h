/* Numbers drawn from kernels/mt19937.h, as NumPy's legacy generator draws them, so that a seed
 * gives the values of ONNX's reference. */
#ifndef KERNELS_RANDOM_H
#define KERNELS_RANDOM_H

#include "kernels/mt19937.h"

/* x [n]: low + (high - low) * u, with u from pare_mt19937_next_real. */
void pare_random_uniform_ref(pare_mt19937 *state, int64_t n, double low, double high, double *x);

/* x [n]: mean + scale * g, with g of the normal distribution by the polar method: from two numbers
 * u, v in (-1, 1) with s = u^2 + v^2 in (0, 1), f = sqrt(-2 log(s) / s), first v f, then u f. An
 * odd n drops the last u f. */
void pare_random_normal_ref(pare_mt19937 *state, int64_t n, double mean, double scale, double *x);

/* 1 with probability p, else 0: u > 1 - p up to p = 0.5, u <= p above; one number is drawn whatever
 * p is. */
double pare_random_bernoulli_ref(pare_mt19937 *state, double p);

/* The first i with cumulative[i] > u * cumulative[n - 1], for rising numbers [n], n >= 1. */
int64_t pare_random_class_ref(pare_mt19937 *state, int64_t n, const double *cumulative);

#endif
