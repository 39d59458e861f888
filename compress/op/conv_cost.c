#include "op/causal_conv.h"
#include "op/conv.h"
#include "op/coster.h"

/* Y [N, M, positions] = W [M, C / group, taps] over X; a tap counts wherever it lies. */

/* How many input channels of a group still make it depthwise. */
enum { FEW_CHANNELS = 4 };

typedef struct conv_size {
    uint64_t batch, groups, filters, channels, taps, positions;
} conv_size;

/* Taps per step along all axes: what of the window is seen again. */
static double window_of(const pare_window *window, const conv_size *s, uint32_t n_spatial)
{
    double steps = 1;
    for (uint32_t i = 0; i < n_spatial; i++)
        steps *= (double)pare_window_at(window->strides, i, 1);
    const double reuse = (double)s->taps / steps;
    return reuse > 1 ? reuse : 1;
}

static void set_product(pare_cost *cost, pare_cost_io *io, const conv_size *s)
{
    const uint64_t filters = s->groups ? s->filters / s->groups : 0;
    const uint64_t depth = pare_cost_mul(io, s->channels, s->taps);
    pare_cost_product(cost, io, pare_cost_mul(io, s->batch, s->groups), filters, s->positions,
                      depth);
    cost->work = s->groups > 1 && s->channels <= FEW_CHANNELS ? PARE_WORK_DEPTHWISE
                 : s->taps == 1                               ? PARE_WORK_POINTWISE
                                                              : PARE_WORK_CONV;
}

static conv_size measure(pare_cost_io *io, const pare_info *w, int64_t group)
{
    const pare_info *y = pare_cost_out(io, 0);
    return (conv_size){ .batch = pare_cost_dim(io, y, 0),
                        .groups = (uint64_t)group,
                        .filters = pare_cost_dim(io, w, 0),
                        .channels = pare_cost_dim(io, w, 1),
                        .taps = pare_cost_dims(io, w, 2, PARE_COST_END),
                        .positions = pare_cost_dims(io, y, 2, PARE_COST_END) };
}

/* Input ix with weight iw. */
static void convolve(pare_cost *cost, pare_cost_io *io, uint32_t ix, uint32_t iw)
{
    const pare_conv_params *p = io->params;
    const pare_info *w = pare_cost_in(io, iw);
    const uint32_t rank = pare_cost_rank(io, w);
    const conv_size s = measure(io, w, p->group);
    set_product(cost, io, &s);
    cost->mac_weight = pare_cost_in_dtype(io, iw);
    cost->mac_activation = pare_cost_in_dtype(io, ix);
    cost->window = window_of(&p->window, &s, rank > 2 ? rank - 2 : 0);
}

/* `each` operations per element of the output. */
static void finish(pare_cost *cost, pare_cost_io *io, uint64_t each, pare_dtype dtype)
{
    pare_cost_ops(cost, io, pare_cost_elements(io, pare_cost_out(io, 0)), each, dtype);
}

/* Conv, and FusedConv with an activation and a tensor that is added. */
pare_status pare_conv_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_conv_params *p = io->params;
    convolve(cost, io, 0, 1);
    const uint64_t added = (pare_cost_in(io, 2) != NULL) + (pare_cost_in(io, 3) != NULL);
    const uint64_t activation =
        p->activation.n ? pare_cost_weight((const char *)p->activation.data, p->activation.n) : 0;
    finish(cost, io, added + activation, pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* x, x_scale, x_zero_point, w, w_scale, w_zero_point, y_scale, y_zero_point, B */
pare_status pare_qlinear_conv_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    convolve(cost, io, 0, 3);
    finish(cost, io, PARE_OPS_REQUANTIZE + (pare_cost_in(io, 8) != NULL), PARE_INT32);
    return PARE_OK;
}

/* x, w, x_zero_point, w_zero_point; these cost one correction per output each. */
pare_status pare_conv_integer_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    convolve(cost, io, 0, 1);
    finish(cost, io, (pare_cost_in(io, 2) != NULL) + (pare_cost_in(io, 3) != NULL), PARE_INT32);
    return PARE_OK;
}

/* X, W, offset, B, mask: every tap is read between four points, 7 operations, and weighted by the
 * mask where there is one. */
pare_status pare_deform_conv_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    enum { BILINEAR = 7 };
    const pare_conv_params *p = io->params;
    const pare_info *x = pare_cost_in(io, 0);
    convolve(cost, io, 0, 1);
    const conv_size s = measure(io, pare_cost_in(io, 1), p->group);
    const uint64_t samples = pare_cost_mul4(io, s.batch, pare_cost_dim(io, x, 1), s.taps,
                                            s.positions);
    pare_cost_ops(cost, io, samples, BILINEAR + (pare_cost_in(io, 4) != NULL),
                  pare_cost_in_dtype(io, 0));
    finish(cost, io, pare_cost_in(io, 3) != NULL, pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* X [N, C, positions], W [C, M / group, taps]: every input element meets every tap, also those that
 * fall into what is cut off. */
pare_status pare_conv_transpose_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_conv_transpose_params *p = io->params;
    const pare_info *x = pare_cost_in(io, 0);
    const pare_info *w = pare_cost_in(io, 1);
    const conv_size s = { .batch = pare_cost_dim(io, x, 0),
                          .groups = (uint64_t)p->group,
                          .filters = pare_cost_dim(io, w, 0),
                          .channels = pare_cost_dim(io, w, 1),
                          .taps = pare_cost_dims(io, w, 2, PARE_COST_END),
                          .positions = pare_cost_dims(io, x, 2, PARE_COST_END) };
    set_product(cost, io, &s);
    cost->mac_weight = pare_cost_in_dtype(io, 1);
    cost->mac_activation = pare_cost_in_dtype(io, 0);
    cost->window = window_of(&p->window, &s, pare_cost_rank(io, w) > 2 ? io->in[1]->rank - 2 : 0);
    finish(cost, io, pare_cost_in(io, 2) != NULL, pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* X [B, C, L], W [C, 1, taps], B, state. */
pare_status pare_causal_conv_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_causal_conv_params *p = io->params;
    const pare_info *x = pare_cost_in(io, 0);
    const pare_dtype dtype = pare_cost_in_dtype(io, 0);
    const uint64_t taps = pare_cost_dim(io, pare_cost_in(io, 1), 2);
    const uint64_t rows = pare_cost_dims(io, x, 0, 2);
    pare_cost_product(cost, io, rows, 1, pare_cost_dim(io, x, 2), taps);
    cost->work = PARE_WORK_DEPTHWISE;
    cost->window = taps ? (double)taps : 1;
    cost->mac_weight = pare_cost_in_dtype(io, 1);
    cost->mac_activation = dtype;
    finish(cost, io, (pare_cost_in(io, 2) != NULL) + (p->silu ? PARE_OPS_SIGMOID + 1 : 0), dtype);
    return PARE_OK;
}
