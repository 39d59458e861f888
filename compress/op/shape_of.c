#include "op/content.h"
#include "op/linker.h"
#include "op/move.h"
#include "op/mover.h"

#include <string.h>

/* The dims of a tensor as a vector (version 15: those from start to end), or their product. */

static pare_status shape_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_shape_params *p = params;
    p->end = INT64_MAX;
    if (call->version < 15) return PARE_OK;
    PARE_TRY(pare_get_int(ctx, call, "start", 0, &p->start));
    return pare_get_int(ctx, call, "end", INT64_MAX, &p->end);
}

/* A bound that may be negative, cut to [0, rank]. */
static uint32_t bound(int64_t at, uint32_t rank)
{
    if (at < 0) at += rank;
    if (at < 0) return 0;
    return at > rank ? rank : (uint32_t)at;
}

static pare_status shape_infer(pare_ctx *ctx, pare_infer_io *io)
{
    (void)ctx;
    const pare_shape_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    const pare_num unknown = pare_num_unknown();
    io->out[0] = pare_info_tensor(io->shapes, PARE_INT64, 1, &unknown);
    if (!pare_info_has_rank(x)) return PARE_OK;
    const uint32_t start = bound(p->start, x->rank);
    const uint32_t end = bound(p->end, x->rank);
    const uint32_t n = end > start ? end - start : 0;
    io->out[0] = pare_info_vector(io->shapes, PARE_INT64, x->dims + (n ? start : 0), n);
    return PARE_OK;
}

static pare_status shape_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_shape_params *p = io->params;
    const pare_tensor *x = NULL;
    void *y = NULL;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    const size_t n = (size_t)io->out[0].tensor->n_elements;
    if (n) memcpy(y, x->dims + bound(p->start, x->rank), n * sizeof(*x->dims));
    return PARE_OK;
}

static pare_status size_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *x = NULL;
    void *y = NULL;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    PARE_TRY(pare_eval_out(ctx, io, 0, &y));
    memcpy(y, &x->n_elements, sizeof(x->n_elements));
    return PARE_OK;
}

static pare_status size_infer(pare_ctx *ctx, pare_infer_io *io)
{
    (void)ctx;
    const pare_info *x = pare_in(io, 0);
    io->out[0] =
        pare_info_scalar(io->shapes, PARE_INT64, pare_info_n_elements(io->shapes, x));
    return PARE_OK;
}

const pare_op pare_op_shape = {
    .domain = "", .name = "Shape", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_shape_params),
    .resolve = shape_resolve, .infer = shape_infer, .eval = shape_eval,
    .cost = PARE_NA(cost),
    .links = pare_shape_links,
};

const pare_op pare_op_size = {
    .domain = "", .name = "Size", .since = 1,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = size_infer, .eval = size_eval,
    .cost = PARE_NA(cost),
    .links = PARE_NA(links),
};
