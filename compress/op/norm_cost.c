#include "op/coster.h"
#include "op/norm.h"


/* Per element and per row of what is normalized. */

enum {
    MEAN = 1,     /* a sum */
    VARIANCE = 3, /* subtract, square, sum */
    SCALE = 1,
    SHIFT = 1,
    ROW = 3 * PARE_OPS_DIV + PARE_OPS_SQRT + 1, /* two means, epsilon, 1 / sqrt */
    RMS_ROW = 2 * PARE_OPS_DIV + PARE_OPS_SQRT + 1,
};

/* A row's statistics of n elements in rows, and `each` operations per element. */
static void count(pare_cost *cost, pare_cost_io *io, uint64_t rows, uint64_t each, uint64_t row)
{
    const pare_info *x = pare_cost_in(io, 0);
    pare_cost_ops(cost, io, pare_cost_elements(io, x), each, pare_cost_in_dtype(io, 0));
    pare_cost_ops(cost, io, rows, row, pare_cost_in_dtype(io, 0));
}

/* A factor and a term per element, as both follow from constants; training finds them itself. */
pare_status pare_batch_norm_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_batch_norm_params *p = io->params;
    const bool trains = p->training;
    const pare_info *x = pare_cost_in(io, 0);
    const uint64_t channels = trains ? pare_cost_dim(io, x, 1) : 0;
    count(cost, io, channels, SCALE + SHIFT + (trains ? MEAN + VARIANCE : 0), ROW + 4);
    return PARE_OK;
}

/* InstanceNormalization, GroupNormalization: rows of a channel, or of a group of them. */
pare_status pare_channel_norm_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_norm_params *p = io->params;
    const pare_info *x = pare_cost_in(io, 0);
    const uint64_t parts = p->n_groups > 0 ? (uint64_t)p->n_groups : pare_cost_dim(io, x, 1);
    count(cost, io, pare_cost_mul(io, pare_cost_dim(io, x, 0), parts),
          MEAN + VARIANCE + 1 + SCALE + SHIFT, ROW);
    return PARE_OK;
}

/* LayerNormalization and its relatives, with what is added before. */
pare_status pare_layer_norm_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_norm_params *p = io->params;
    const pare_layer_form *form = pare_layer_form_of(io->call->op->name);
    const pare_info *x = pare_cost_in(io, 0);
    const uint64_t rows = pare_cost_dims(io, x, 0, p->axis);
    uint64_t each = SCALE + 1;
    each += form->is_rms ? 2 : MEAN + VARIANCE;
    each += form->bias && pare_cost_in(io, form->bias) ? SHIFT : 0;
    each += form->skip && pare_cost_in(io, form->skip) ? 1 : 0;
    each += form->skip_bias && pare_cost_in(io, form->skip_bias) ? 1 : 0;
    count(cost, io, rows, each, form->is_rms ? RMS_ROW : ROW);
    return PARE_OK;
}

/* x / (bias + alpha / size * sum of squares)^beta, over `size` channels. */
pare_status pare_lrn_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_lrn_params *p = io->params;
    const uint64_t size = p->size > 0 ? (uint64_t)p->size : 1;
    const uint64_t each = pare_cost_add(io, size, 3 + PARE_OPS_POW + PARE_OPS_DIV);
    count(cost, io, 0, each, 0);
    return PARE_OK;
}

pare_status pare_lp_norm_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_norm_params *p = io->params;
    const pare_info *x = pare_cost_in(io, 0);
    const uint64_t length = pare_cost_dim(io, x, p->axis);
    const uint64_t rows = length ? pare_cost_elements(io, x) / length : 0;
    count(cost, io, rows, 2 + PARE_OPS_DIV, p->p == 1 ? 0 : PARE_OPS_SQRT);
    return PARE_OK;
}

/* Rows lie along the axes; without them 0, 2, 3. */
pare_status pare_mean_variance_norm_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    static const int64_t usual[] = { 0, 2, 3 };
    const pare_norm_params *p = io->params;
    const int64_t *axes = p->axes.found ? p->axes.v : usual;
    const uint32_t n = p->axes.found ? p->axes.n : 3;
    const pare_info *x = pare_cost_in(io, 0);
    uint64_t rows = pare_cost_elements(io, x);
    for (uint32_t i = 0; i < n; i++) {
        const uint64_t dim = pare_cost_dim(io, x, axes[i]);
        rows = dim ? rows / dim : 0;
    }
    count(cost, io, rows, MEAN + VARIANCE + 1, ROW);
    return PARE_OK;
}
