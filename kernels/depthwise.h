/* Convolutions whose channels each have a filter of their own, over channels that lie side by side.
 */
#ifndef KERNELS_DEPTHWISE_H
#define KERNELS_DEPTHWISE_H

#include "kernels/finish.h"

#include <stdint.h>

/* y[p * y_stride + c] = finish(chain), for p < n_pixels and c < n_channels:
 *   chain  one chain of fused multiply-adds that starts at bias[c] and goes over
 *          x[t * n_pixels + p][c] * w[t * w_stride + c], t ascending
 *   finish pare_finish_ref of row p and column c
 * Taps in the padding point to zeros. Strides count elements. y may be finish.add, but overlaps
 * nothing else. */
typedef struct pare_depthwise {
    int64_t n_pixels, n_taps, n_channels;
    const float *const *x;    /* [n_taps, n_pixels], n_channels behind each */
    const float *w;           /* [n_taps, n_channels], rows w_stride apart */
    int64_t w_stride;
    const float *bias;        /* [n_channels] */
    pare_finish finish;
    float *y;
    int64_t y_stride;
} pare_depthwise;

typedef void pare_depthwise_fn(const pare_depthwise *d);

pare_depthwise_fn pare_depthwise_ref;

/* The same for output pixels side by side in a row, whose windows share what they cover: tap
 * (r, k) of pixel p is x[r] + i * x_stride[r] where i = first + p * step + k is one of n_in, and
 * zeros to the left and right of these; numbered t = r * width + k. A row above or below the input
 * is one row of zeros with an x_stride of 0. */
typedef struct pare_depthwise_row {
    int64_t n_pixels, n_channels;
    int64_t height;           /* rows of a window */
    int64_t width;            /* 3, 5 or 7 */
    int64_t step;             /* 1 or 2: input pixels from one window to the next */
    int64_t first, n_in;      /* input pixels: where the first window starts, how many there are */
    const float *const *x;    /* [height] */
    const int64_t *x_stride;  /* [height] */
    const float *w;           /* [height * width, n_channels], rows w_stride apart */
    int64_t w_stride;
    const float *bias;
    pare_finish finish;
    float *y;
    int64_t y_stride;
} pare_depthwise_row;

typedef void pare_depthwise_row_fn(const pare_depthwise_row *d);

pare_depthwise_row_fn pare_depthwise_row_ref;

#endif
