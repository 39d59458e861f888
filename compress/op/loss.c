#include "op/loss.h"

#include "op/costs.h"
#include "op/shape.h"

/* Losses of scores [N, C, d...] against labels [N, d...]: one per label, or reduced to a scalar. */

static pare_status loss_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const words[] = { "none", "sum", "mean", NULL };
    pare_loss_params *p = params;
    p->has_ignore_index = pare_call_attr(call, "ignore_index") != NULL;
    PARE_TRY(pare_get_int(ctx, call, "ignore_index", 0, &p->ignore_index));
    return pare_get_word(ctx, call, "reduction", words, PARE_LOSS_MEAN, &p->reduction);
}

static pare_status loss_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_loss_params *p = io->params;
    const pare_info *scores = pare_in(io, 0);
    const pare_info *labels = pare_in(io, 1);
    const pare_dtype dtype = scores ? scores->dtype : PARE_DTYPE_UNDEFINED;
    io->out[0] = pare_info_unranked(dtype);
    PARE_TRY(pare_need_rank(ctx, io, 0, 2, PARE_MAX_DIMS));
    if (p->reduction != PARE_LOSS_NONE) {
        io->out[0] = pare_info_tensor(io->shapes, dtype, 0, NULL);
    } else if (pare_info_has_rank(labels)) {
        io->out[0] = pare_info_alike(labels);
        io->out[0].dtype = dtype;
    }
    if (io->n_out > 1 && scores) /* logarithms of the probabilities */
        io->out[1] = pare_info_alike(scores);
    return PARE_OK;
}

const pare_op pare_op_negative_log_likelihood_loss = {
    .domain = "", .name = "NegativeLogLikelihoodLoss", .since = 12,
    .n_in = { 2, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_loss_params),
    .resolve = loss_resolve, .infer = loss_infer, .eval = pare_nll_loss_eval,
    .cost = pare_loss_cost,
    .links = PARE_TODO(links),
};

const pare_op pare_op_softmax_cross_entropy_loss = {
    .domain = "", .name = "SoftmaxCrossEntropyLoss", .since = 12,
    .n_in = { 2, 3 }, .n_out = { 1, 2 },
    .params_bytes = sizeof(pare_loss_params),
    .resolve = loss_resolve, .infer = loss_infer, .eval = pare_softmax_cross_entropy_eval,
    .cost = pare_loss_cost,
    .links = PARE_TODO(links),
};
