/* Sliding windows: what convolutions and pools share. */
#ifndef PARE_OP_WINDOW_H
#define PARE_OP_WINDOW_H

#include "kernels/window.h"
#include "op/shape.h"

typedef enum pare_auto_pad {
    PARE_PAD_NOTSET,
    PARE_PAD_SAME_UPPER,
    PARE_PAD_SAME_LOWER,
    PARE_PAD_VALID,
} pare_auto_pad;

/* Attributes of a window over n spatial axes. A list that is absent has n 0: 1 for each stride and
 * dilation, 0 for each pad; the kernel's shape is then the weight's. */
typedef struct pare_window {
    pare_ints kernel_shape, strides, dilations;
    pare_ints pads;           /* begins, then ends */
    int auto_pad;             /* pare_auto_pad */
    bool ceil_mode;
} pare_window;

/* Reads kernel_shape, strides, dilations, pads, auto_pad and ceil_mode. EFORMAT for values below
 * their minimum (kernels, strides and dilations 1) or above 2^31, and for lists whose lengths
 * contradict each other. */
pare_status pare_window_resolve(pare_ctx *ctx, pare_window *window, const pare_call *call);

/* EFORMAT, naming the attribute, unless the list is absent or holds `want` values. */
pare_status pare_list_length(pare_ctx *ctx, const pare_call *call, const char *name, pare_ints list,
                             uint32_t want);

/* Whether the lists of a window fit n_spatial axes; EFORMAT otherwise. */
pare_status pare_window_check(pare_ctx *ctx, const pare_call *call, const pare_window *window,
                              uint32_t n_spatial);

/* Entry i of a list that may be absent. */
static inline int64_t pare_window_at(pare_ints list, uint32_t i, int64_t fallback)
{
    return i < list.n ? list.v[i] : fallback;
}

/* Output sizes of a window that slides over n_spatial axes of sizes in[] (NULL: unknown) and whose
 * kernel has sizes kernel[] (NULL: as kernel_shape says; where both speak they must agree). EFORMAT
 * when lists do not fit n_spatial or the padded input is smaller than the kernel.
 *   floor or ceil((in + pads - ((kernel - 1) * dilation + 1)) / stride) + 1; ceil(in / stride) for
 *   SAME_UPPER and SAME_LOWER */
pare_status pare_window_out(pare_ctx *ctx, pare_infer_io *io, const pare_window *window,
                            const pare_num *in, const pare_num *kernel, uint32_t n_spatial,
                            pare_num *out);

/* The geometry of a window over n axes whose sizes are all known, padding of auto_pad included. n
 * is at most PARE_WINDOW_AXES. */
void pare_window_shape_of(pare_window_shape *shape, const pare_window *window, uint32_t n,
                          const int64_t *in, const int64_t *kernel, const int64_t *out);

/* Padding behind the input along each axis, of such a geometry. */
void pare_window_end_of(const pare_window_shape *shape, const pare_window *window, int64_t *end);

#endif
