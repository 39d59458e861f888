#include "op/coster.h"
#include "op/resize.h"
#include "op/roi.h"

/* Interpolation: t taps along an axis are t products and t - 1 sums. Coordinates, which are the
 * same for all channels, do not count. */

enum { LINEAR_TAPS = 2, CUBIC_TAPS = 4 };

static uint64_t taps_of(int mode)
{
    return mode == PARE_RESIZE_CUBIC ? CUBIC_TAPS : LINEAR_TAPS;
}

/* Taps along one axis that goes from `in` to `out`: more where antialiasing shrinks it. */
static uint64_t taps_along(pare_cost_io *io, const pare_resize_params *p, uint64_t in, uint64_t out)
{
    const uint64_t taps = taps_of(p->mode);
    if (!p->antialias || out >= in || !out) return taps;
    return pare_cost_mul(io, taps, in / out + (in % out != 0));
}

pare_status pare_resize_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_resize_params *p = io->params;
    const pare_info *x = pare_cost_in(io, 0);
    const pare_info *y = pare_cost_out(io, 0);
    const uint32_t rank = pare_cost_rank(io, x);
    const uint64_t n_in = pare_cost_elements(io, x);
    const uint64_t n_out = pare_cost_elements(io, y);
    if (p->mode == PARE_RESIZE_NEAREST) {
        cost->work = PARE_WORK_MOVE;
        cost->read[0] = n_in < n_out ? n_in : n_out;
        return PARE_OK;
    }
    uint64_t each = 0;
    for (uint32_t i = 0; i < rank; i++) {
        const uint64_t in = pare_cost_dim(io, x, i);
        const uint64_t out = pare_cost_dim(io, y, i);
        if (in != out)
            each = pare_cost_add(io, each, pare_cost_mul(io, 2, taps_along(io, p, in, out)) - 1);
    }
    pare_cost_ops(cost, io, n_out, each, pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* X [N, C, spatial...], grid [N, out..., axes]: one sample between points for each element. */
pare_status pare_grid_sample_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_grid_sample_params *p = io->params;
    const uint64_t axes = pare_cost_dim(io, pare_cost_in(io, 1), -1);
    const uint64_t n = pare_cost_elements(io, pare_cost_out(io, 0));
    uint64_t points = 1;
    if (p->mode != PARE_RESIZE_NEAREST)
        for (uint64_t i = 0; i < axes && i < PARE_MAX_DIMS; i++) points *= taps_of(p->mode) & 7;
    pare_cost_ops(cost, io, n, points > 1 ? 2 * points - 1 : 0, pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* Each coordinate is a row of theta times (x, y, 1). */
pare_status pare_affine_grid_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_info *y = pare_cost_out(io, 0);
    const uint64_t axes = pare_cost_dim(io, y, -1);
    pare_cost_ops(cost, io, pare_cost_elements(io, y), pare_cost_mul(io, 2, axes),
                  pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* RoiAlign, MaxRoiPool: samples per output element. Where they are as many as the region is large,
 * which data tell, 2 x 2 count. */
pare_status pare_roi_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    enum { BILINEAR = 7, GUESS = 2, MOST = 1 << 16 };
    const pare_roi_params *p = io->params;
    const bool align = io->call->op->n_in.min > 2;
    const int64_t given = align ? p->sampling_ratio : 0;
    const uint64_t ratio = given <= 0 ? GUESS : given < MOST ? (uint64_t)given : MOST;
    const uint64_t n = pare_cost_elements(io, pare_cost_out(io, 0));
    const uint64_t samples = pare_cost_mul(io, n, ratio * ratio);
    pare_cost_ops(cost, io, samples, align ? BILINEAR + 1 : 1, pare_cost_in_dtype(io, 0));
    const uint64_t touched = pare_cost_mul(io, samples, align ? 4 : 1);
    const uint64_t all = pare_cost_elements(io, pare_cost_in(io, 0));
    if (touched < all) cost->read[0] = touched;
    return PARE_OK;
}
