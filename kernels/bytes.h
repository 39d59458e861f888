/* Quantized numbers of 8 bits, side by side. Levels give the same bits.
 *
 * Codes are meant unsigned here: those of int8 are read and written with their top bit flipped
 * (flip 0x80, else 0), which makes of every code and of the zero point one that is 128 more. */
#ifndef KERNELS_BYTES_H
#define KERNELS_BYTES_H

#include <stdint.h>

/* What codes stand for: ((code ^ flip) - zero) * scale. */
typedef struct pare_byte_scale {
    float scale;
    int32_t zero;             /* 0..255 */
    uint8_t flip;             /* 0 or 0x80 */
} pare_byte_scale;

/* y[r * y_step + i] = table[x[r * x_step + i]] for i < n and r < n_rows; y may be x. table [256] is
 * of bytes as they are, flipped or not. */
typedef void pare_byte_map_fn(int64_t n_rows, int64_t n, const uint8_t *table, const uint8_t *x,
                              int64_t x_step, uint8_t *y, int64_t y_step);

/* What becomes of two numbers: each is made a float, their sum or product is divided by the scale
 * of y, rounded, halves to even, moved by its zero and held within 0..255; NaN becomes 0. Every
 * float operation is rounded by itself. */
typedef struct pare_byte_pair {
    pare_byte_scale a, b, y;
} pare_byte_pair;

/* Steps of a and b are 0 (one for all) or 1. */
typedef void pare_byte_pair_fn(int64_t n, const pare_byte_pair *how, const uint8_t *a,
                               int64_t a_step, const uint8_t *b, int64_t b_step, uint8_t *y);

/* y[c] = the largest x[t][c], for c < n and t < n_taps, of which there are some. */
typedef void pare_byte_max_fn(int64_t n_taps, const uint8_t *const *x, uint8_t flip, int64_t n,
                              uint8_t *y);

/* y[c] = sum of x[t][c] ^ flip, or of x[r * stride + c] ^ flip; at most 2^23 taps or rows. */
typedef void pare_byte_sum_fn(int64_t n_taps, const uint8_t *const *x, uint8_t flip, int64_t n,
                              int32_t *y);
typedef void pare_byte_columns_fn(int64_t n_rows, const uint8_t *x, int64_t stride, uint8_t flip,
                                  int64_t n, int32_t *y);

/* y[c] = round((float)(x[c] - shift) * factor) + zero, halves to even, held within 0..255, flipped.
 * NaN becomes 0. */
typedef void pare_byte_scale_fn(int64_t n, const int32_t *x, int32_t shift, float factor,
                                int32_t zero, uint8_t flip, uint8_t *y);

/* range[0] becomes the lowest of itself and x, range[1] the highest; NaN counts for nothing. */
typedef void pare_widen_fn(int64_t n, const float *x, float *range);

/* Of one level. */
typedef struct pare_byte_kernels {
    pare_byte_map_fn *map;
    pare_byte_pair_fn *add, *mul;
    pare_byte_max_fn *max;
    pare_byte_sum_fn *sum;
    pare_byte_columns_fn *column_sum;
    pare_byte_scale_fn *scale;
    pare_widen_fn *widen;
} pare_byte_kernels;

extern const pare_byte_kernels pare_bytes_ref;

#endif
