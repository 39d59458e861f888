#include "op/coster.h"
#include "op/signal.h"

#include <string.h>

/* Transforms, window functions, random numbers, determinants. */

/* Real operations of a fast Fourier transform of n complex numbers: 5 n log2 n, half of it where
 * they are real. */
static uint64_t transform(pare_cost_io *io, uint64_t n, bool is_real)
{
    const uint64_t all = pare_cost_mul4(io, 5, n, n > 1 ? pare_cost_log2(n) : 0, 1);
    return is_real ? all / 2 : all;
}

/* Signal [..., 1 or 2], length, axis. */
pare_status pare_dft_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_dft_params *p = io->params;
    const pare_info *x = pare_cost_in(io, 0);
    const pare_num given = pare_cost_in(io, 2) ? pare_info_at(io->in[2], 0) : pare_num_unknown();
    const int64_t axis = given.kind == PARE_NUM_INT ? given.i : p->axis;
    const uint64_t here = pare_cost_dim(io, x, axis);
    const bool halved = p->inverse && p->onesided;
    const uint64_t usual = halved ? pare_cost_dim(io, pare_cost_out(io, 0), axis) : here;
    const uint64_t n = pare_cost_content(pare_cost_in(io, 1), 0, usual);
    const uint64_t width = pare_cost_dim(io, x, -1);
    const uint64_t each = pare_cost_mul(io, here, width);
    const uint64_t transforms = each ? pare_cost_elements(io, x) / each : 0;
    pare_cost_ops(cost, io, transforms, transform(io, n, width == 1 || halved),
                  pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* Signal [batch, length, 1 or 2], step, window, frame length; output [batch, frames, bins, 2]. */
pare_status pare_stft_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_info *x = pare_cost_in(io, 0);
    const pare_info *window = pare_cost_in(io, 2);
    const bool is_real = pare_cost_rank(io, x) < 3 || pare_cost_dim(io, x, 2) == 1;
    const uint64_t frames = pare_cost_dims(io, pare_cost_out(io, 0), 0, 2);
    const uint64_t length = window ? pare_cost_dim(io, window, 0)
                                   : pare_cost_content(pare_cost_in(io, 3), 0, 0);
    if (!length && !window) pare_cost_unknown(io, "no frame length");
    const uint64_t each = pare_cost_add(io, transform(io, length, is_real), window ? length : 0);
    pare_cost_ops(cost, io, frames, each, pare_cost_in_dtype(io, 0));
    return PARE_OK;
}

/* Cosines: two per element of a Blackman window, one of the others; MelWeightMatrix is a few
 * comparisons and a division. */
pare_status pare_window_function_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    const pare_info *y = pare_cost_out(io, 0);
    const char *name = io->call->op->name;
    const uint64_t each = strcmp(name, "BlackmanWindow") == 0    ? 2 * PARE_OPS_SIN + 4
                          : strcmp(name, "MelWeightMatrix") == 0 ? PARE_OPS_DIV + 3
                                                                 : PARE_OPS_SIN + 3;
    PARE_TRY(pare_fill_cost(ctx, cost, io));
    cost->work = PARE_WORK_ELEMENTWISE;
    pare_cost_ops(cost, io, pare_cost_elements(io, y), each, y ? y->dtype : PARE_FLOAT);
    return PARE_OK;
}

/* A number per element of the output, shifted and scaled; Multinomial also finds the chances of its
 * classes, and looks each number up among them. */
pare_status pare_random_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_info *y = pare_cost_out(io, 0);
    const char *name = io->call->op->name;
    const pare_dtype dtype = y ? y->dtype : PARE_FLOAT;
    const uint64_t n = pare_cost_elements(io, y);
    const bool normal = strstr(name, "Normal") != NULL;
    const bool like = strstr(name, "Like") != NULL;
    pare_cost_ops(cost, io, n, 2 + (normal ? PARE_OPS_NORMAL : PARE_OPS_UNIFORM), dtype);
    if (like) cost->read[0] = 0; /* its shape alone */
    if (strcmp(name, "Multinomial") != 0) return PARE_OK;
    const pare_info *x = pare_cost_in(io, 0);
    pare_cost_ops(cost, io, pare_cost_elements(io, x), PARE_OPS_SOFTMAX, PARE_FLOAT);
    pare_cost_ops(cost, io, n, pare_cost_log2(pare_cost_dim(io, x, 1)), PARE_FLOAT);
    return PARE_OK;
}

/* Elimination of [..., n, n]: n (n - 1) / 2 divisions, two operations for each of (n - 1) n
 * (2 n - 1) / 6 places, and the product of the diagonal. */
pare_status pare_det_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_info *x = pare_cost_in(io, 0);
    const pare_dtype dtype = pare_cost_in_dtype(io, 0);
    const uint64_t n = pare_cost_dim(io, x, -1);
    const uint64_t matrices = pare_cost_dims(io, x, 0, -2);
    if (!n) return PARE_OK;
    const uint64_t pairs = pare_cost_mul(io, n, n - 1);
    const uint64_t places = pare_cost_mul(io, pairs, pare_cost_mul(io, 2, n) - 1) / 6;
    uint64_t each = pare_cost_mul(io, pairs / 2, PARE_OPS_DIV);
    each = pare_cost_add(io, each, pare_cost_mul(io, 2, places));
    each = pare_cost_add(io, each, n);
    pare_cost_ops(cost, io, matrices, each, dtype);
    return PARE_OK;
}
