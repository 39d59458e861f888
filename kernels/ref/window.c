#include "kernels/window.h"

/* Splits a flat position into coordinates of an array with these sizes. */
static void coordinates(int32_t n_axes, const int64_t *sizes, int64_t at, int64_t *out)
{
    for (int32_t d = n_axes - 1; d >= 0; d--) {
        out[d] = at % sizes[d];
        at /= sizes[d];
    }
}

static int64_t count(int32_t n_axes, const int64_t *sizes)
{
    int64_t n = 1;
    for (int32_t d = 0; d < n_axes; d++) n *= sizes[d];
    return n;
}

/* Input coordinate of a tap along axis d, before the padding is taken off. */
static int64_t padded(const pare_window_shape *s, int32_t d, int64_t position, int64_t tap)
{
    return position * s->stride[d] + tap * s->dilation[d];
}

int64_t pare_window_taps_ref(const pare_window_shape *shape, int64_t at, int64_t *offset)
{
    int64_t position[PARE_WINDOW_AXES];
    int64_t tap[PARE_WINDOW_AXES];
    const int64_t n_taps = count(shape->n_axes, shape->kernel);
    int64_t n_inside = 0;
    coordinates(shape->n_axes, shape->out, at, position);
    for (int64_t t = 0; t < n_taps; t++) {
        coordinates(shape->n_axes, shape->kernel, t, tap);
        int64_t index = 0;
        for (int32_t d = 0; d < shape->n_axes && index >= 0; d++) {
            const int64_t i = padded(shape, d, position[d], tap[d]) - shape->begin[d];
            index = i >= 0 && i < shape->in[d] ? index * shape->in[d] + i : -1;
        }
        offset[t] = index;
        n_inside += index >= 0;
    }
    return n_inside;
}

int64_t pare_window_padded_taps_ref(const pare_window_shape *shape, const int64_t *end, int64_t at)
{
    int64_t position[PARE_WINDOW_AXES];
    int64_t n = 1;
    coordinates(shape->n_axes, shape->out, at, position);
    for (int32_t d = 0; d < shape->n_axes; d++) {
        int64_t along = 0;
        for (int64_t t = 0; t < shape->kernel[d]; t++)
            along += padded(shape, d, position[d], t) < shape->begin[d] + shape->in[d] + end[d];
        n *= along;
    }
    return n;
}

void pare_window_add_f32_ref(int64_t n, const int64_t *offset, const float *x, float *y)
{
    for (int64_t t = 0; t < n; t++)
        if (offset[t] >= 0) y[offset[t]] += x[t];
}

void pare_window_add_f64_ref(int64_t n, const int64_t *offset, const double *x, double *y)
{
    for (int64_t t = 0; t < n; t++)
        if (offset[t] >= 0) y[offset[t]] += x[t];
}

void pare_window_add_u64_ref(int64_t n, const int64_t *offset, const uint64_t *x, uint64_t *y)
{
    for (int64_t t = 0; t < n; t++)
        if (offset[t] >= 0) y[offset[t]] += x[t];
}
