/* Convolutions of 8-bit integers whose channels each have a filter of their own, as in depthwise.h,
 * with sums and what follows them as in integer_tile.h. */
#ifndef KERNELS_INTEGER_DEPTHWISE_H
#define KERNELS_INTEGER_DEPTHWISE_H

#include "kernels/integer_tile.h"

#include <stddef.h>

/* y[p * y_stride + c] = finish(start[c] + sum over t of x[t * n_pixels + p][c] * w[t,c]), for
 * p < n_pixels and c < n_channels; w is packed by the kernel's own `pack`. Taps in the padding
 * point to what is to be there. */
typedef struct pare_integer_depthwise {
    int64_t n_pixels, n_taps, n_channels;
    const uint8_t *const *x;  /* [n_taps, n_pixels], n_channels behind each */
    bool x_is_signed;         /* int8, else uint8 */
    const void *w;            /* aligned to 64 */
    const int32_t *start;     /* [n_channels] */
    pare_integer_finish finish;
    void *y;
    int64_t y_stride;         /* elements */
} pare_integer_depthwise;

/* The same for output pixels side by side in a row: tap (r, k) of pixel p is x[r] + (p * step + k)
 * * x_stride[r], numbered t = r * width + k; all of it is there to be read. */
typedef struct pare_integer_depthwise_row {
    int64_t n_pixels, n_channels;
    int64_t height;           /* rows of a window */
    int64_t width;            /* 3 */
    int64_t step;             /* 1 or 2 */
    const uint8_t *const *x;  /* [height] */
    const int64_t *x_stride;  /* [height] */
    bool x_is_signed;
    const void *w;            /* packed by pack_row */
    const int32_t *start;
    pare_integer_finish finish;
    void *y;
    int64_t y_stride;
} pare_integer_depthwise_row;

typedef void pare_integer_depthwise_fn(const pare_integer_depthwise *d);
typedef void pare_integer_depthwise_row_fn(const pare_integer_depthwise_row *d);

/* Packs w [n_taps, n_channels], within the kernel's range; packed_bytes says what that takes, and
 * out is zeroed. For rows n_taps is height * 3. */
typedef size_t pare_integer_packed_bytes_fn(int64_t n_taps, int64_t n_channels);
typedef void pare_integer_pack_fn(int64_t n_taps, int64_t n_channels, const int16_t *w, void *out);

typedef struct pare_integer_depthwise_kernel {
    pare_integer_packed_bytes_fn *packed_bytes, *packed_row_bytes;
    pare_integer_pack_fn *pack, *pack_row;
    pare_integer_depthwise_fn *run;
    pare_integer_depthwise_row_fn *run_row; /* NULL: there is none */
} pare_integer_depthwise_kernel;

/* Weights of at most 9 bits and a sign, that is, less their zero points; packed as they are. */
extern const pare_integer_depthwise_kernel pare_integer_depthwise_ref;

#endif
