/* What is done to sums of products before they are stored: by gemm_tile.h and depthwise.h. */
#ifndef KERNELS_FINISH_H
#define KERNELS_FINISH_H

#include <stdint.h>

/* What is rounded to float16 (and is a float again), before the bounds. */
enum {
    PARE_ROUND_CHAIN = 1,     /* what comes in */
    PARE_ROUND_AFFINE = 2,    /* what scale and shift make of it */
    PARE_ROUND_SUM = 4,       /* the sum with add */
};

/* Of z in row r and column j:
 *   z = scale ? fma(z, scale[j], shift[j]) : z;  z = add ? z + add[r * add_stride + j] : z;
 *   z = z < low ? low : z;  z = z > high ? high : z  (NaN stays)
 * each of them rounded where rounds says so. */
typedef struct pare_finish {
    const float *scale, *shift; /* NULL: none */
    const float *add;         /* NULL: none */
    int64_t add_stride;       /* elements */
    float low, high;          /* -INFINITY, INFINITY: no bounds */
    uint32_t rounds;          /* PARE_ROUND_... */
} pare_finish;

float pare_finish_ref(const pare_finish *f, int64_t row, int64_t column, float z);

#endif
