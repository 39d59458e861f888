/* Rows of floats to narrower numbers and back: those of convert.h and quantize.h by their most
 * common types. Levels give the bits of the reference, but of a NaN its payload. */
#ifndef KERNELS_NARROW_H
#define KERNELS_NARROW_H

#include <stdint.h>

/* float16 and bfloat16, to the nearest, ties to even; what is too large becomes infinite. */
typedef void pare_to_half_fn(int64_t n, const float *x, uint16_t *y);
typedef void pare_from_half_fn(int64_t n, const uint16_t *x, float *y);

/* y[i] = x[i] rounded to float16, as a float again; y may be x. */
typedef void pare_round_half_fn(int64_t n, const float *x, float *y);

/* y[i] = round(x[i] / scale[i * step]) + zero[i * step], halves to even, within the type's range;
 * NaN becomes its lowest number. Zeros lie in that range. Step 0: one scale and zero for all. */
typedef void pare_quantize_u8_fn(int64_t n, const float *x, const float *scale, const int32_t *zero,
                                 int64_t step, uint8_t *y);
typedef void pare_quantize_s8_fn(int64_t n, const float *x, const float *scale, const int32_t *zero,
                                 int64_t step, int8_t *y);

/* y[i] = (x[i] - zero[i * step]) * scale[i * step] */
typedef void pare_dequantize_u8_fn(int64_t n, const uint8_t *x, const float *scale,
                                   const int32_t *zero, int64_t step, float *y);
typedef void pare_dequantize_s8_fn(int64_t n, const int8_t *x, const float *scale,
                                   const int32_t *zero, int64_t step, float *y);

/* Of one level. */
typedef struct pare_narrow_kernels {
    pare_to_half_fn *to_f16, *to_bf16;
    pare_from_half_fn *from_f16, *from_bf16;
    pare_round_half_fn *round_f16;
    pare_quantize_u8_fn *quantize_u8;
    pare_quantize_s8_fn *quantize_s8;
    pare_dequantize_u8_fn *dequantize_u8;
    pare_dequantize_s8_fn *dequantize_s8;
} pare_narrow_kernels;

extern const pare_narrow_kernels pare_narrow_ref;

#endif
