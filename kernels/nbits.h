/* Weights of 1 to 8 bits, packed without gaps: code i takes bits [i * bits, (i + 1) * bits) of the
 * bytes, the lowest bit of a byte first. */
#ifndef KERNELS_NBITS_H
#define KERNELS_NBITS_H

#include <stdbool.h>
#include <stdint.h>

/* Code i. */
uint8_t pare_nbits_code_ref(int bits, const uint8_t *packed, int64_t i);

/* w[i] = (code i - zero[g]) * scale[g] for i < n, each operation rounded; g is group[i], or
 * i / block where group is NULL. */
void pare_nbits_dequantize_ref(int bits, int64_t n, const uint8_t *packed, int64_t block,
                               const int32_t *group, const float *scale, const float *zero,
                               float *w);

/* x [n] in whole numbers from -127 to 127, in blocks of `block` (the last one may be shorter):
 * x[i] is about q[i] * scale[i / block], scale being the largest magnitude of the block / 127 and
 * q[i] x[i] * (127 / largest), rounded to the nearest, halves to even; all 0 where that is 0. */
void pare_nbits_round_ref(int64_t n, int64_t block, const float *x, float *q, float *scale);

/* --- from floats to codes --------------------------------------------------------------------- */

typedef enum pare_nbits_grid {
    PARE_NBITS_SIGNED, /* zero point in the middle; the number of the largest magnitude becomes
                                 code 0, so scales have a sign */
    PARE_NBITS_MIDDLE, /* likewise, with positive scales and code 0 left out */
    PARE_NBITS_FREE,   /* from the least number or 0 to the largest one or 0 */
} pare_nbits_grid;

/* Quantizes blocks of finite numbers to 4 or 8 bits, each with its scale and zero point:
 *   scale  SIGNED: extreme / -2^(bits-1), extreme being the first of the largest magnitude; MIDDLE:
 *          |extreme| / (2^(bits-1) - 1); FREE: (max - min) / (2^bits - 1) in double; rounded to
 *          float; 1 where its magnitude is below 4 times the least normal float
 *   zero   2^(bits-1); FREE: round(-min * (1 / scale)), within the codes
 *   code   round(x * (1 / scale)) + zero, within the codes; rounding is to the nearest, halves to
 *          even
 *   x [n_blocks * block], block even; codes [n_blocks * block * bits / 8], those of 4 bits low ones
 *   first; scales, zeros [n_blocks] */
typedef void pare_nbits_pack_fn(pare_nbits_grid grid, int bits, int64_t n_blocks, int64_t block,
                                const float *x, uint8_t *codes, float *scales, uint8_t *zeros);

/* --- from codes to products ------------------------------------------------------------------- */

/* Weights of as many columns as a panel of the level's matrix product has, for ascending k. */
typedef struct pare_nbits_panel {
    int bits;                 /* 4 or 8 */
    int64_t n, block;         /* values of k; those that share scale and zero point */
    const uint8_t *codes;     /* [n][panel * bits / 8]: of 4 bits, column j low and j + panel / 2
                                 high in byte j */
    const float *scale, *zero; /* [ceil(n / block)][panel] */
} pare_nbits_panel;

/* w[k][j] = (code - zero) * scale, each rounded; without the scale where !scaled. */
typedef void pare_nbits_unpack_fn(const pare_nbits_panel *panel, bool scaled, float *w);

/* y[j] = chain of fused multiply-adds over k of x[k] * ((code - zero) * scale), from bias[j] on.
 * With x_scale [ceil(n / block)]: chain over blocks of t * (x_scale * scale), t being the chain of
 * x[k] * (code - zero) within the block, from 0. */
typedef void pare_nbits_vector_fn(const pare_nbits_panel *panel, const float *x,
                                  const float *x_scale, const float *bias, float *y);

/* y[r][j] = fma(t[r][j], x_scale[r * x_stride] * scale[j], y[r][j]) for r < n_rows, j < panel; rows
 * of t and y a panel apart. */
typedef void pare_nbits_add_fn(int n_rows, const float *t, const float *x_scale, int64_t x_stride,
                               const float *scale, float *y);

/* x [n] rounded as pare_nbits_round_ref. */
typedef void pare_nbits_round_fn(int64_t n, int64_t block, const float *x, float *q, float *scale);

/* Of one level. */
typedef struct pare_nbits_kernels {
    int panel;                /* that of the level's gemm */
    pare_nbits_pack_fn *pack;
    pare_nbits_unpack_fn *unpack;
    pare_nbits_vector_fn *vector;
    pare_nbits_add_fn *add;
    pare_nbits_round_fn *round;
} pare_nbits_kernels;

extern const pare_nbits_kernels pare_nbits_ref; /* panels of 16 */

#endif
