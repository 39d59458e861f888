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
