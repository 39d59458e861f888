/* Products of matrices of 8-bit integers, whose sums are integers of 32 bits that wrap: some rows
 * against one panel of packed weights, as in gemm_tile.h, with scaling and rounding behind them. */
#ifndef KERNELS_INTEGER_TILE_H
#define KERNELS_INTEGER_TILE_H

#include "kernels/gemm_tile.h"

#include <stdbool.h>
#include <stdint.h>

/* What a sum becomes. */
typedef enum pare_integer_out {
    PARE_INTEGER_S32,         /* itself */
    PARE_INTEGER_F32,
    PARE_INTEGER_U8,
    PARE_INTEGER_S8,
} pare_integer_out;

/* Of a sum in column j, but for PARE_INTEGER_S32:
 *   z = (float)sum * scale[j];  z = shift ? z + shift[j] : z;
 *   z = z < low ? low : z;  z = z > high ? high : z
 * and of a code rint(z) + zero, halves to even. No z is NaN; of codes, low and high are whole
 * numbers that with zero give the ends of a range within the type. */
typedef struct pare_integer_finish {
    pare_integer_out out;
    const float *scale;       /* NULL for PARE_INTEGER_S32 */
    const float *shift;       /* NULL: none */
    float low, high;          /* -INFINITY, INFINITY: no bounds */
    int32_t zero;
    bool is_free;             /* of codes: low and high are the ends of the type, and every |z| is
                                 below 2^31 before that: saturation bounds, too */
} pare_integer_finish;

/* y[r,j] = finish(start[j] - w_zero[j] * row_sums[r] + sum of x[t * n_rows + r][c] * W[t,c,j] over
 * all taps t and c < depth), for r < n_rows and j < n_cols.
 *   w      W[t,c,j] is byte w[((t * quads + c / 4) * panel + j) * 4 + c % 4], quads = ceil(depth /
 *          4); what fills up the last quad is multiplied by nothing that is read
 *   types  x is uint8 and w int8; when x_is_signed, x is int8 and w uint8
 * Pointers of x lead to `depth` bytes each; nothing behind them is read. start and w_zero have
 * `panel` entries, scale and shift n_cols; w is aligned to 64 bytes. y overlaps nothing. */
typedef struct pare_integer_tile {
    int n_rows, n_cols;
    int64_t n_taps, depth;
    const uint8_t *const *x;  /* [n_taps, n_rows] */
    bool x_is_signed;
    const uint8_t *w;
    const int32_t *start;
    const int32_t *w_zero;    /* NULL: zeros */
    const int32_t *row_sums;  /* [n_rows]; not read without w_zero */
    pare_integer_finish finish;
    void *y;                  /* of finish.out */
    int64_t y_stride;         /* elements */
} pare_integer_tile;

typedef void pare_integer_tile_fn(const pare_integer_tile *tile);

typedef struct pare_integer_kernel {
    int rows;                 /* at most this many rows in a tile */
    int panel;                /* columns of a panel, a multiple of 8, at most PARE_PANEL_MAX */
    pare_integer_tile_fn *run;
} pare_integer_kernel;

/* Rows of 4, panels of 16. */
pare_integer_tile_fn pare_integer_tile_ref;

/* The arithmetic of x86-64 processors without dot products, as ONNX Runtime uses it there: products
 * of c = 0 and 1, 2 and 3, .. of a tap are added in 16 bits, which saturate, and these sums
 * exactly. w is int8 always; of int8 x, x + 128 is taken: so start and row_sums are those of
 * x + 128. */
pare_integer_tile_fn pare_integer_tile_saturating_ref;

/* The number that a sum becomes (of codes the code), as a float; not of PARE_INTEGER_S32. */
float pare_integer_finish_ref(const pare_integer_finish *f, int64_t column, int32_t sum);

/* Sum of n bytes, int8 or uint8. */
typedef int32_t pare_integer_row_sum_fn(int64_t n, const uint8_t *x, bool is_signed);

pare_integer_row_sum_fn pare_integer_row_sum_ref;

/* Bytes of a packed panel. */
static inline int64_t pare_integer_panel_bytes(int64_t n_taps, int64_t depth, int panel)
{
    return n_taps * ((depth + 3) / 4) * 4 * panel;
}

#endif
