#include "op/attention.h"

#include "op/costs.h"
#include "op/linker.h"

/* Rotates pairs of each head by angles of its position; the shape stays. */

static pare_status rotary_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_rotary_params *p = params;
    PARE_TRY(pare_get_int_in(ctx, call, "num_heads", 0, 0, INT32_MAX, &p->n_heads));
    PARE_TRY(pare_get_int_in(ctx, call, "rotary_embedding_dim", 0, 0, INT32_MAX, &p->rotary_dim));
    PARE_TRY(pare_get_flag(ctx, call, "is_packed_batching", false, &p->packed_batching));
    PARE_TRY(pare_get_float(ctx, call, "scale", 1, &p->scale));
    return pare_get_flag(ctx, call, "interleaved", false, &p->interleaved);
}

static pare_status rotary_infer(pare_ctx *ctx, pare_infer_io *io)
{
    PARE_TRY(pare_need_rank(ctx, io, 0, 3, 4));
    return pare_infer_same(ctx, io);
}

const pare_op pare_op_rotary_embedding = {
    .domain = "", .name = "RotaryEmbedding", .since = 23,
    .n_in = { 3, 4 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_rotary_params),
    .resolve = rotary_resolve, .infer = rotary_infer, .eval = pare_rotary_eval,
    .cost = pare_rotary_cost,
    .links = pare_rotary_links,
};

/* The position comes second here, not last. */
const pare_op pare_op_ms_rotary_embedding = {
    .domain = "com.microsoft", .name = "RotaryEmbedding", .since = 1,
    .n_in = { 4, 4 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_rotary_params),
    .resolve = rotary_resolve, .infer = rotary_infer, .eval = pare_ms_rotary_eval,
    .cost = pare_rotary_cost,
    .links = pare_ms_rotary_links,
};
