/* The inner part of every matrix product: some rows against one panel of packed weights, with what
 * follows a product fused behind it. Convolutions, Gemm, MatMul, attention are loops around it. */
#ifndef KERNELS_GEMM_TILE_H
#define KERNELS_GEMM_TILE_H

#include "kernels/finish.h"

#include <stdint.h>
#include <string.h>

/* Bounds of what one tile of any level takes. */
enum { PARE_TILE_MAX_ROWS = 16, PARE_PANEL_MAX = 32 };

/* y[r,j] = finish(chain), for r < n_rows and j < n_cols:
 *   chain  one chain of fused multiply-adds that starts at bias[r * bias_stride + j] and goes over
 *          row(t, r)[c] * w[(t * depth + c) * panel + j], t outside, c inside, ascending
 *   row    x[t * n_rows + r], or, x being NULL, `rows` and offsets[t * n_rows + r] elements on
 *          (`zeros` where that is negative), or, offsets being NULL, too, of the only tap,
 *          rows + r * row_stride
 *   finish pare_finish_ref of row r and column j
 * Rows have `depth` elements each. bias has `panel` entries (padding included), scale
 * and shift n_cols; w is aligned to 64 bytes. Strides count elements. y may be finish.add, or
 * the bias with its stride, but overlaps nothing else; without taps it is what finish makes of the
 * bias. */
typedef struct pare_gemm_tile {
    int n_rows, n_cols;
    int64_t n_taps, depth;
    const float *const *x;    /* [n_taps, n_rows], or NULL */
    const float *rows;
    const int32_t *offsets;   /* [n_taps, n_rows], or NULL */
    const float *zeros;       /* [depth] */
    int64_t row_stride;
    const float *w;           /* [n_taps * depth, panel] */
    const float *next;        /* NULL, or weights of tiles to come, which may be asked for on the */
    int64_t next_step;        /* way: this many for each row of the panel; nothing reads them */
    const float *bias;
    int64_t bias_stride;      /* 0: the same for every row */
    pare_finish finish;
    float *y;
    int64_t y_stride;
} pare_gemm_tile;

/* Where row r of a tap starts. */
static inline const float *pare_gemm_tile_row(const pare_gemm_tile *t, int64_t tap, int r)
{
    const int64_t i = tap * t->n_rows + r;
    if (t->x) return t->x[i];
    if (!t->offsets) return t->rows + r * t->row_stride;
    return t->offsets[i] < 0 ? t->zeros : t->rows + t->offsets[i];
}

typedef void pare_gemm_tile_fn(const pare_gemm_tile *tile);

/* Packs a panel of n columns, n <= panel, each of k numbers that lie side by side: number i of
 * column j is float i + j * col_stride from b, at any address. It becomes
 * out[(i % n_taps * (k / n_taps) + i / n_taps) * panel + j], with zeros beyond n: filters
 * [n][depth][n_taps] become [n_taps][depth][panel]. k is a multiple of n_taps; out is aligned to 64
 * bytes, panel a multiple of 8. */
typedef void pare_pack_columns_fn(int n, int64_t k, int64_t n_taps, const void *b,
                                  int64_t col_stride, int panel, float *out);

typedef struct pare_gemm_kernel {
    int rows;                 /* at most this many rows in a tile; fewer run slower per row */
    int panel;                /* columns of a panel, a multiple of 8 */
    pare_gemm_tile_fn *run;
    pare_pack_columns_fn *pack;
} pare_gemm_kernel;

/* Rows of 4, panels of 16. */
pare_gemm_tile_fn pare_gemm_tile_ref;
pare_pack_columns_fn pare_pack_columns_ref;

/* Packs a matrix of n columns and k rows, element (p, j) float p * row_stride + j * col_stride from
 * b, at any address, into panels: out [ceil(n / panel)][k][panel], zero beyond n. out is aligned to
 * 64 bytes. */
void pare_pack_panels(const pare_gemm_kernel *kernel, int64_t n, int64_t k, const void *b,
                      int64_t row_stride, int64_t col_stride, float *out);

/* Where float i stands behind an address that need not suit one, and its value. */
static inline const void *pare_float_address(const void *from, int64_t i)
{
    return (const char *)from + i * (int64_t)sizeof(float);
}

static inline float pare_float_at(const void *from, int64_t i)
{
    float f;
    memcpy(&f, pare_float_address(from, i), sizeof(f));
    return f;
}

#endif
