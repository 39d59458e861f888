#include "op/window.h"

void pare_window_shape_of(pare_window_shape *shape, const pare_window *window, uint32_t n,
                          const int64_t *in, const int64_t *kernel, const int64_t *out)
{
    shape->n_axes = (int32_t)n;
    for (uint32_t d = 0; d < n; d++) {
        shape->in[d] = in[d];
        shape->kernel[d] = kernel[d];
        shape->out[d] = out[d];
        shape->stride[d] = pare_window_at(window->strides, d, 1);
        shape->dilation[d] = pare_window_at(window->dilations, d, 1);
        shape->begin[d] = 0;
        if (window->auto_pad == PARE_PAD_NOTSET)
            shape->begin[d] = pare_window_at(window->pads, d, 0);
        if (window->auto_pad != PARE_PAD_SAME_UPPER && window->auto_pad != PARE_PAD_SAME_LOWER)
            continue;
        const int64_t reach = (kernel[d] - 1) * shape->dilation[d] + 1;
        int64_t pads = (out[d] - 1) * shape->stride[d] + reach - in[d];
        if (pads < 0) pads = 0;
        shape->begin[d] = window->auto_pad == PARE_PAD_SAME_UPPER ? pads / 2 : pads - pads / 2;
    }
}

void pare_window_end_of(const pare_window_shape *shape, const pare_window *window, int64_t *end)
{
    for (int32_t d = 0; d < shape->n_axes; d++) {
        const int64_t reach = (shape->kernel[d] - 1) * shape->dilation[d] + 1;
        const int64_t used = (shape->out[d] - 1) * shape->stride[d] + reach;
        end[d] = used - shape->begin[d] - shape->in[d]; /* SAME: as much as is needed */
        if (window->auto_pad == PARE_PAD_NOTSET)
            end[d] = pare_window_at(window->pads, (uint32_t)(d + shape->n_axes), 0);
        if (window->auto_pad == PARE_PAD_VALID || end[d] < 0) end[d] = 0;
    }
}
