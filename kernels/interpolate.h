/* Values between the elements of a grid. */
#ifndef KERNELS_INTERPOLATE_H
#define KERNELS_INTERPOLATE_H

#include <stdint.h>

enum { PARE_INTERPOLATE_AXES = 8 };

/* Linear interpolation of x [size[0], ..., size[n_axes - 1]] at a point; elements beyond the edges
 * are 0. n_axes is at most PARE_INTERPOLATE_AXES.
 * The definition: one chain of fused multiply-adds of weight and element over the corners around
 * the point, the last axis fastest, lower ones first. A corner's weight is the product over the
 * axes, the first one first, of f or 1 - f, f = at - floor(at). Corners outside are left out. */
float pare_interpolate_f32_ref(int32_t n_axes, const int64_t *size, const float *x,
                               const float *at);
double pare_interpolate_f64_ref(int32_t n_axes, const int64_t *size, const double *x,
                                const double *at);

#endif
