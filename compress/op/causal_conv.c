#include "op/causal_conv.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/shape.h"

/* Depthwise causal convolution over X [B, C, L] with weight [C, 1, k] and a state of the last k - 1
 * positions that is carried from call to call. */

static pare_status causal_conv_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const words[] = { "none", "silu", "swish", NULL };
    pare_causal_conv_params *p = params;
    int word = 0;
    PARE_TRY(pare_get_word(ctx, call, "activation", words, 0, &word));
    p->silu = word != 0;
    return PARE_OK;
}

static pare_status causal_conv_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *x = pare_in(io, 0);
    const pare_info *w = pare_in(io, 1);
    PARE_TRY(pare_need_rank(ctx, io, 0, 3, 3));
    PARE_TRY(pare_need_rank(ctx, io, 1, 3, 3));
    PARE_TRY(pare_infer_same(ctx, io));
    if (io->n_out < 2) return PARE_OK;
    pare_num *dims = NULL;
    io->out[1] = pare_info_ranked(io->shapes, pare_first_dtype(io), 3, &dims);
    if (pare_info_has_rank(x)) dims[0] = x->dims[0];
    if (pare_info_has_rank(x)) dims[1] = x->dims[1];
    if (!pare_info_has_rank(w)) return PARE_OK;
    PARE_TRY(pare_same_dim(ctx, io, "channels of the weight", dims[1], w->dims[0], &dims[1]));
    dims[2] = pare_num_sub(io->shapes->exprs, w->dims[2], pare_num_int(1));
    return PARE_OK;
}

const pare_op pare_op_causal_conv_with_state = {
    .domain = "", .name = "CausalConvWithState", .since = 27,
    .n_in = { 2, 4 }, .n_out = { 1, 2 },
    .params_bytes = sizeof(pare_causal_conv_params),
    .resolve = causal_conv_resolve, .infer = causal_conv_infer, .eval = pare_causal_conv_eval,
    .cost = pare_causal_conv_cost,
    .links = pare_causal_conv_links,
};
