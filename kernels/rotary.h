/* Rotary position embedding. */
#ifndef KERNELS_ROTARY_H
#define KERNELS_ROTARY_H

#include <stdbool.h>
#include <stdint.h>

/* Turns n pairs of x [2 n] by the angles with these cosines and sines [n], into y, which may be x.
 * Pair i is (x[i], x[n + i]), or with `interleaved` (x[2 i], x[2 i + 1]); it becomes
 *   ( fma(-sin, second, cos * first), fma(cos, second, sin * first) ) */
void pare_rotate_f32_ref(int64_t n, bool interleaved, const float *cosine, const float *sine,
                         const float *x, float *y);

#endif
