/* Between numbers and quantized ones.
 *   scale, zero   of element i at [i * step]: step 0 for one of all, 1 for one each */
#ifndef KERNELS_QUANTIZE_H
#define KERNELS_QUANTIZE_H

#include <stdint.h>

/* x[i] /= scale[i * step], in float. */
void pare_scale_down_f32_ref(int64_t n, float *x, const float *scale, int64_t step);

/* y[i] = round(x[i]) + zero[i * step], halves to even, held within [low, high]; NaN becomes low. */
void pare_round_to_range_ref(int64_t n, const float *x, const int64_t *zero, int64_t step,
                             int64_t low, int64_t high, int64_t *y);

/* y[i] = (x[i] - zero[i * step]) * scale[i * step]; the difference is exact, then rounded to
 * float. */
void pare_dequantize_i64_ref(int64_t n, const int64_t *x, const int64_t *zero, const float *scale,
                             int64_t step, float *y);

/* y[i] = x[i] * scale[i * step] */
void pare_dequantize_f32_ref(int64_t n, const float *x, const float *scale, int64_t step, float *y);

#endif
