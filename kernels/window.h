/* Geometry of windows that slide over spatial axes, and gathering what is under them. */
#ifndef KERNELS_WINDOW_H
#define KERNELS_WINDOW_H

#include <stdint.h>

enum { PARE_WINDOW_AXES = 62 };

/* Sizes per spatial axis; out positions and taps count row-major, the last axis fastest. */
typedef struct pare_window_shape {
    int32_t n_axes;
    int64_t in[PARE_WINDOW_AXES], kernel[PARE_WINDOW_AXES], out[PARE_WINDOW_AXES];
    int64_t stride[PARE_WINDOW_AXES], dilation[PARE_WINDOW_AXES],
        begin[PARE_WINDOW_AXES]; /* padding */
} pare_window_shape;

/* For the window at output position `at`: offset[t] is the flat index into the input of tap t, or
 * -1 when it lies in the padding. offset has one entry per tap (product of kernel). Returns how
 * many taps lie inside. */
int64_t pare_window_taps_ref(const pare_window_shape *shape, int64_t at, int64_t *offset);

/* How many taps of the window at `at` lie inside of the input or its padding, `end` wide behind it
 * (with ceil_mode a window may stand out further). */
int64_t pare_window_padded_taps_ref(const pare_window_shape *shape, const int64_t *end, int64_t at);

/* y[offset[t]] += x[t] for t in [0, n), in this order, where offset[t] >= 0. */
void pare_window_add_f32_ref(int64_t n, const int64_t *offset, const float *x, float *y);
void pare_window_add_f64_ref(int64_t n, const int64_t *offset, const double *x, double *y);
void pare_window_add_u64_ref(int64_t n, const int64_t *offset, const uint64_t *x, uint64_t *y);

#endif
