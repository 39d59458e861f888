/* Convolutions by 3x3 filters with fewer products: F(4x4, 3x3) and F(2x2, 3x3) of Winograd, over
 * channels that lie side by side. A patch of 6x6 pixels becomes 36 numbers per channel (input),
 * which 36 products of matrices (gemm_tile.h) take to 36 numbers per output channel, and those
 * become 4x4 outputs; one of 4x4 becomes 16 numbers, and 2x2 outputs.
 *
 * It rounds otherwise than a chain of multiply-adds over the same numbers: results differ from
 * those by some units in the sixth digit of the largest. Every level rounds alike. */
#ifndef KERNELS_WINOGRAD_H
#define KERNELS_WINOGRAD_H

#include "kernels/finish.h"

#include <stdint.h>

/* Which of them. */
typedef enum pare_winograd_size { PARE_WINOGRAD_4X4, PARE_WINOGRAD_2X2, PARE_N_WINOGRADS }
    pare_winograd_size;

/* At most: pixels along a side of an output tile and of the patch that it is made from, which has
 * two more; and numbers per channel between, as many as the patch has pixels. */
enum { PARE_WINOGRAD_TILE = 4, PARE_WINOGRAD_PATCH = 6, PARE_WINOGRAD_POINTS = 36 };

enum { PARE_WINOGRAD_FILTERS = 16 };

/* u[e * u_stride + i] = (G g G')[e / patch][e % patch] of 16 filters [3][3], weight t of filter i
 * being g[t * 16 + i]: first along columns, then along rows, by PARE_WINOGRAD_FILTER (or FILTER_2,
 * as below). g and u are aligned to 64 bytes, u_stride is a multiple of 16. */
typedef void pare_winograd_filters_fn(const float *g, float *u, int64_t u_stride);

/* v[e * v_stride + c] = (B' d B)[e / patch][e % patch], for c < n_channels: first along columns,
 * then along rows, by PARE_WINOGRAD_IN; d [patch][patch] are the numbers of channel c in the patch
 * whose corner is at (row, column) of the image, 0 where that lies outside. */
typedef struct pare_winograd_in {
    int64_t n_channels;
    const float *x;           /* pixel (0, 0) of the image */
    int64_t line_stride, pixel_stride; /* elements */
    int64_t n_rows, n_columns;         /* of the image */
    int64_t row, column;      /* from -5 on */
    float *v;
    int64_t v_stride;
} pare_winograd_in;

/* y[i * line_stride + j * pixel_stride + c] = finish((A' m A)[i][j] + bias[c]), for i < n_rows and
 * j < n_columns: first along columns, then along rows, by PARE_WINOGRAD_OUT, m[e] standing at
 * m[e * m_stride + c]. finish.add lies as y does, and may be it; add_stride means nothing. */
typedef struct pare_winograd_out {
    int64_t n_channels;
    const float *m;
    int64_t m_stride;
    const float *bias;        /* [n_channels] */
    pare_finish finish;
    int n_rows, n_columns;    /* at most those of a tile */
    float *y;
    int64_t line_stride, pixel_stride;
} pare_winograd_out;

typedef void pare_winograd_in_fn(const pare_winograd_in *in);
typedef void pare_winograd_out_fn(const pare_winograd_out *out);

typedef struct pare_winograd_kernels {
    int tile;                 /* pixels along a side: 4 or 2 */
    pare_winograd_in_fn *in;
    pare_winograd_out_fn *out;
    pare_winograd_filters_fn *filters;
} pare_winograd_kernels;

extern const pare_winograd_kernels pare_winograd_ref[PARE_N_WINOGRADS];

/* Three numbers g to six numbers o. MUL(a, x) is a x. */
#define PARE_WINOGRAD_FILTER(V, MUL, ADD, SUB, o, g)                                               \
    do {                                                                                           \
        const V even = MUL(-1.0F / 6, ADD((g)[0], (g)[2]));                                        \
        const V odd = MUL(1.0F / 6, (g)[1]);                                                       \
        const V wide = ADD(MUL(1.0F / 24, (g)[0]), MUL(1.0F / 6, (g)[2]));                         \
        const V twelfth = MUL(1.0F / 12, (g)[1]);                                                  \
        (o)[0] = MUL(0.25F, (g)[0]);                                                               \
        (o)[1] = SUB(even, odd);                                                                   \
        (o)[2] = ADD(even, odd);                                                                   \
        (o)[3] = ADD(wide, twelfth);                                                               \
        (o)[4] = SUB(wide, twelfth);                                                               \
        (o)[5] = (g)[2];                                                                           \
    } while (0)

/* Six numbers d to six numbers o: V holds one or a vector of them, FMA(a, x, y) is a x + y, rounded
 * once. Products by powers of two are exact, so that these are all roundings there are. */
#define PARE_WINOGRAD_IN(V, ADD, SUB, FMA, o, d)                                                   \
    do {                                                                                           \
        const V p24 = FMA(-4.0F, (d)[2], (d)[4]), p13 = FMA(-4.0F, (d)[1], (d)[3]);                \
        const V d42 = SUB((d)[4], (d)[2]), d31 = SUB((d)[3], (d)[1]);                              \
        (o)[0] = FMA(4.0F, (d)[0], FMA(-5.0F, (d)[2], (d)[4]));                                    \
        (o)[1] = ADD(p24, p13);                                                                    \
        (o)[2] = SUB(p24, p13);                                                                    \
        (o)[3] = FMA(2.0F, d31, d42);                                                              \
        (o)[4] = FMA(-2.0F, d31, d42);                                                             \
        (o)[5] = FMA(4.0F, (d)[1], FMA(-5.0F, (d)[3], (d)[5]));                                    \
    } while (0)

/* Six numbers m to four numbers o. */
#define PARE_WINOGRAD_OUT(V, ADD, SUB, FMA, o, m)                                                  \
    do {                                                                                           \
        const V s12 = ADD((m)[1], (m)[2]), d12 = SUB((m)[1], (m)[2]);                              \
        const V s34 = ADD((m)[3], (m)[4]), d34 = SUB((m)[3], (m)[4]);                              \
        (o)[0] = ADD((m)[0], ADD(s12, s34));                                                       \
        (o)[1] = FMA(2.0F, d34, d12);                                                              \
        (o)[2] = FMA(4.0F, s34, s12);                                                              \
        (o)[3] = ADD(FMA(8.0F, d34, d12), (m)[5]);                                                 \
    } while (0)

/* The same of F(2x2, 3x3): three numbers to four, four to four, four to two. */
#define PARE_WINOGRAD_FILTER_2(V, MUL, ADD, SUB, o, g)                                             \
    do {                                                                                           \
        const V even = MUL(0.5F, ADD((g)[0], (g)[2])), odd = MUL(0.5F, (g)[1]);                    \
        (o)[0] = (g)[0];                                                                           \
        (o)[1] = ADD(even, odd);                                                                   \
        (o)[2] = SUB(even, odd);                                                                   \
        (o)[3] = (g)[2];                                                                           \
    } while (0)

#define PARE_WINOGRAD_IN_2(ADD, SUB, o, d)                                                         \
    do {                                                                                           \
        (o)[0] = SUB((d)[0], (d)[2]);                                                              \
        (o)[1] = ADD((d)[1], (d)[2]);                                                              \
        (o)[2] = SUB((d)[2], (d)[1]);                                                              \
        (o)[3] = SUB((d)[1], (d)[3]);                                                              \
    } while (0)

#define PARE_WINOGRAD_OUT_2(ADD, SUB, o, m)                                                        \
    do {                                                                                           \
        (o)[0] = ADD(ADD((m)[0], (m)[1]), (m)[2]);                                                 \
        (o)[1] = SUB(SUB((m)[1], (m)[2]), (m)[3]);                                                 \
    } while (0)

#endif
