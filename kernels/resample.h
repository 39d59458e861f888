/* Reading a signal at places between its elements. */
#ifndef KERNELS_RESAMPLE_H
#define KERNELS_RESAMPLE_H

#include <stdbool.h>
#include <stdint.h>

/* What an element weighs at distance d from the coordinate.
 *   linear  1 - |d| for |d| < 1
 *   cubic   (a + 2) |d|^3 - (a + 3) |d|^2 + 1 for |d| <= 1,
 *           a |d|^3 - 5 a |d|^2 + 8 a |d| - 4 a for |d| < 2 */
typedef struct pare_resample {
    bool cubic;
    double a;
    double shrink;            /* at most 1: distances count times this, and weights are divided by
                                 their sum: no aliasing when the result is smaller. 1: off */
    bool inside_only; /* elements past the ends weigh nothing and the rest is divided by its sum;
                         else the first and the last stand for them */
    int64_t n;                /* elements, at least 1 */
} pare_resample;

/* The most elements that have a weight at one coordinate. */
int64_t pare_resample_taps_max_ref(const pare_resample *r);

/* Weights of the elements [*first, *first + count) at coordinate x (finite); weight has room for
 * pare_resample_taps_max_ref. Returns count, at least 1. In double, rounded by whoever stores. */
int64_t pare_resample_taps_ref(const pare_resample *r, double x, int64_t *first, double *weight);

/* Weighted sums along one axis: x [outer, in, inner] to y [outer, out, inner],
 * y[o,j,i] = sum over t of weight[j,t] * x[o, first[j] + t, i].
 *   first [out]; weight [out, n_taps], 0 behind the last tap
 * Each output is one chain of fused multiply-adds in ascending t from 0; weights of 0 are left out,
 * so that nothing is read there. */
void pare_resample_axis_f32_ref(int64_t outer, int64_t in, int64_t inner, int64_t out,
                                int64_t n_taps, const int64_t *first, const float *weight,
                                const float *x, float *y);
void pare_resample_axis_f64_ref(int64_t outer, int64_t in, int64_t inner, int64_t out,
                                int64_t n_taps, const int64_t *first, const double *weight,
                                const double *x, double *y);

/* y[c] = sum over t of weight[t] * x[c * plane + offset[t]], one such chain; taps with an offset of
 * -1 count as 0. */
void pare_gather_weighted_f32_ref(int64_t channels, int64_t plane, int64_t n_taps,
                                  const int64_t *offset, const float *weight, const float *x,
                                  float *y, int64_t y_step);
void pare_gather_weighted_f64_ref(int64_t channels, int64_t plane, int64_t n_taps,
                                  const int64_t *offset, const double *weight, const double *x,
                                  double *y, int64_t y_step);

#endif
