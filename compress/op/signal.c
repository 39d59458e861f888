#include "op/signal.h"

#include "op/costs.h"
#include "op/list.h"

#include <inttypes.h>

/* Fourier transforms of signals whose last axis is 1 (real) or 2 (complex), and what goes with
 * them. Version 20 made the axis of DFT an input, with another default. */

static pare_status dft_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_dft_params *p = params;
    PARE_TRY(pare_get_flag(ctx, call, "inverse", false, &p->inverse));
    PARE_TRY(pare_get_flag(ctx, call, "onesided", false, &p->onesided));
    p->axis = -2;
    return call->version < 20 ? pare_get_int(ctx, call, "axis", 1, &p->axis) : PARE_OK;
}

/* A number given as an optional scalar input. */
static pare_status scalar_input(pare_ctx *ctx, const pare_infer_io *io, uint32_t i,
                                pare_num fallback, pare_num *out)
{
    const pare_ints none = { 0 };
    pare_list list;
    PARE_TRY(pare_list_get(ctx, io, none, i, &list));
    *out = list.given ? pare_list_at(&list, 0) : fallback;
    return PARE_OK;
}

/* Frequencies of a transform of n real numbers that are not mirrored: floor(n / 2) + 1. */
static pare_num half_spectrum(pare_exprs *x, pare_num n)
{
    return pare_num_add(x, pare_num_floordiv(x, n, pare_num_int(2)), pare_num_int(1));
}

static pare_status dft_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_dft_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    pare_exprs *exprs = io->shapes->exprs;
    pare_num axis = pare_num_unknown();
    pare_num *dims = NULL;
    uint32_t at = 0;
    io->out[0] = pare_info_unranked(pare_in_dtype(io, 0));
    PARE_TRY(pare_need_rank(ctx, io, 0, 2, PARE_MAX_DIMS));
    if (!pare_info_has_rank(x)) return PARE_OK;
    PARE_TRY(scalar_input(ctx, io, 2, pare_num_int(p->axis), &axis));
    pare_info y = pare_info_ranked(io->shapes, x->dtype, x->rank, &dims);
    dims[x->rank - 1] = pare_num_int(p->inverse && p->onesided ? 1 : 2);
    io->out[0] = y;
    if (axis.kind != PARE_NUM_INT) {
        const bool keeps = !p->onesided && !pare_in(io, 1); /* whichever axis it is */
        for (uint32_t k = 0; keeps && k + 1 < x->rank; k++) dims[k] = x->dims[k];
        return PARE_OK;
    }
    PARE_TRY(pare_axis(ctx, io, "axis", axis.i, x->rank, &at));
    if (at + 1 == x->rank)
        return pare_call_fail(ctx, io->call,
                              "axis: expected another one than the last, found %" PRId64, axis.i);
    pare_num n = x->dims[at];
    if (p->inverse && p->onesided) /* of the whole signal, from half of its spectrum */
        n = pare_num_mul(exprs, pare_num_sub(exprs, n, pare_num_int(1)), pare_num_int(2));
    PARE_TRY(scalar_input(ctx, io, 1, n, &n));
    for (uint32_t k = 0; k + 1 < x->rank; k++) dims[k] = x->dims[k];
    dims[at] = p->onesided && !p->inverse ? half_spectrum(exprs, n) : n;
    return PARE_OK;
}

static pare_status stft_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_dft_params *p = params;
    return pare_get_flag(ctx, call, "onesided", true, &p->onesided);
}

/* Signal [N, length, 1 or 2], step, window [frame], frame to [N, frames, frequencies, 2]. */
static pare_status stft_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_dft_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    const pare_info *window = pare_in(io, 2);
    pare_exprs *exprs = io->shapes->exprs;
    pare_num dims[4] = { [3] = pare_num_int(2) };
    pare_num step = pare_num_unknown();
    pare_num length = pare_num_unknown();
    PARE_TRY(pare_need_rank(ctx, io, 0, 3, 3));
    PARE_TRY(pare_need_rank(ctx, io, 2, 1, 1));
    if (pare_info_has_rank(x)) {
        dims[0] = x->dims[0];
        length = x->dims[1];
    }
    pare_num frame = window ? pare_num_unknown() : length;
    if (pare_info_has_rank(window)) frame = window->dims[0];
    PARE_TRY(scalar_input(ctx, io, 3, frame, &frame));
    PARE_TRY(scalar_input(ctx, io, 1, step, &step));
    if (step.kind == PARE_NUM_INT && step.i < 1)
        return pare_call_fail(ctx, io->call, "frame_step: expected 1 or more, found %" PRId64,
                              step.i);
    const pare_num rest = pare_num_floordiv(exprs, pare_num_sub(exprs, length, frame), step);
    dims[1] = pare_num_add(exprs, rest, pare_num_int(1));
    if (dims[1].kind == PARE_NUM_INT && dims[1].i < 0) dims[1] = pare_num_unknown();
    dims[2] = p->onesided ? half_spectrum(exprs, frame) : frame;
    io->out[0] = pare_info_tensor(io->shapes, pare_in_dtype(io, 0), 4, dims);
    return PARE_OK;
}

static pare_status window_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_signal_window_params *p = params;
    PARE_TRY(pare_get_flag(ctx, call, "periodic", true, &p->periodic));
    return pare_get_dtype(ctx, call, "output_datatype", PARE_FLOAT, &p->dtype);
}

static pare_status need_size(pare_ctx *ctx, const pare_infer_io *io, const char *what, pare_num n)
{
    if (n.kind != PARE_NUM_INT || n.i >= 0) return PARE_OK;
    return pare_call_fail(ctx, io->call, "%s: expected 0 or more, found %" PRId64, what, n.i);
}

static pare_status window_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_signal_window_params *p = io->params;
    pare_num size = pare_num_unknown();
    PARE_TRY(scalar_input(ctx, io, 0, size, &size));
    PARE_TRY(need_size(ctx, io, "size", size));
    io->out[0] = pare_info_tensor(io->shapes, p->dtype, 1, &size);
    return PARE_OK;
}

static pare_status mel_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_signal_window_params *p = io->params;
    pare_num dims[2] = { pare_num_unknown(), pare_num_unknown() };
    PARE_TRY(scalar_input(ctx, io, 0, dims[1], &dims[1]));
    PARE_TRY(scalar_input(ctx, io, 1, dims[0], &dims[0]));
    PARE_TRY(need_size(ctx, io, "num_mel_bins", dims[1]));
    PARE_TRY(need_size(ctx, io, "dft_length", dims[0]));
    dims[0] = half_spectrum(io->shapes->exprs, dims[0]);
    io->out[0] = pare_info_tensor(io->shapes, p->dtype, 2, dims);
    return PARE_OK;
}

const pare_op pare_op_dft = {
    .domain = "", .name = "DFT", .since = 17,
    .n_in = { 1, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_dft_params),
    .resolve = dft_resolve, .infer = dft_infer, .eval = pare_dft_eval,
    .cost = pare_dft_cost,
    .links = PARE_TODO(links),
};

const pare_op pare_op_stft = {
    .domain = "", .name = "STFT", .since = 17,
    .n_in = { 2, 4 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_dft_params),
    .resolve = stft_resolve, .infer = stft_infer, .eval = pare_stft_eval,
    .cost = pare_stft_cost,
    .links = PARE_TODO(links),
};

const pare_op pare_op_blackman_window = {
    .domain = "", .name = "BlackmanWindow", .since = 17,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_signal_window_params),
    .resolve = window_resolve, .infer = window_infer, .eval = pare_signal_window_eval,
    .cost = pare_window_function_cost,
    .links = PARE_NA(links),
};

const pare_op pare_op_hamming_window = {
    .domain = "", .name = "HammingWindow", .since = 17,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_signal_window_params),
    .resolve = window_resolve, .infer = window_infer, .eval = pare_signal_window_eval,
    .cost = pare_window_function_cost,
    .links = PARE_NA(links),
};

const pare_op pare_op_hann_window = {
    .domain = "", .name = "HannWindow", .since = 17,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_signal_window_params),
    .resolve = window_resolve, .infer = window_infer, .eval = pare_signal_window_eval,
    .cost = pare_window_function_cost,
    .links = PARE_NA(links),
};

const pare_op pare_op_mel_weight_matrix = {
    .domain = "", .name = "MelWeightMatrix", .since = 17,
    .n_in = { 5, 5 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_signal_window_params),
    .resolve = window_resolve, .infer = mel_infer, .eval = pare_mel_weight_matrix_eval,
    .cost = pare_window_function_cost,
    .links = PARE_NA(links),
};
