#include "op/attention.h"

#include "op/costs.h"

/* query, key [B, T, heads * d_k], value [B, T, kv_heads * d_v]; the state is [B, kv_heads, d_k,
 * d_v]. */

static pare_status linear_attention_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const rules[] = { "linear", "gated", "delta", "gated_delta", NULL };
    pare_linear_attention_params *p = params;
    PARE_TRY(pare_need_attr(ctx, call, "q_num_heads"));
    PARE_TRY(pare_need_attr(ctx, call, "kv_num_heads"));
    PARE_TRY(pare_get_int_in(ctx, call, "q_num_heads", 1, 1, INT32_MAX, &p->q_heads));
    PARE_TRY(pare_get_int_in(ctx, call, "kv_num_heads", 1, 1, INT32_MAX, &p->kv_heads));
    PARE_TRY(pare_get_int_in(ctx, call, "chunk_size", 64, 1, INT32_MAX, &p->chunk_size));
    PARE_TRY(pare_get_float(ctx, call, "scale", 0, &p->scale));
    return pare_get_word(ctx, call, "update_rule", rules, 3, &p->rule);
}

static pare_status linear_attention_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_linear_attention_params *p = io->params;
    pare_exprs *x = io->shapes->exprs;
    for (uint32_t i = 0; i < 3; i++) PARE_TRY(pare_need_rank(ctx, io, i, 3, 3));
    const pare_dtype dtype = pare_first_dtype(io);
    const pare_num batch = pare_axis_of(io, 0, 3, 0);
    const pare_num key_size =
        pare_num_floordiv(x, pare_axis_of(io, 1, 3, 2), pare_num_int(p->kv_heads));
    const pare_num value_size =
        pare_num_floordiv(x, pare_axis_of(io, 2, 3, 2), pare_num_int(p->kv_heads));
    const pare_num y[3] = { batch, pare_axis_of(io, 0, 3, 1),
                            pare_num_mul(x, value_size, pare_num_int(p->q_heads)) };
    const pare_num state[4] = { batch, pare_num_int(p->kv_heads), key_size, value_size };
    io->out[0] = pare_info_tensor(io->shapes, dtype, 3, y);
    if (io->n_out > 1) {
        const pare_info *past = pare_in(io, 3);
        io->out[1] = pare_info_tensor(io->shapes, past ? past->dtype : dtype, 4, state);
    }
    return PARE_OK;
}

const pare_op pare_op_linear_attention = {
    .domain = "",
    .name = "LinearAttention",
    .since = 27,
    .n_in = { 3, 6 },
    .n_out = { 1, 2 },
    .params_bytes = sizeof(pare_linear_attention_params),
    .resolve = linear_attention_resolve,
    .infer = linear_attention_infer,
    .eval = pare_linear_attention_eval,
    .cost = pare_linear_attention_cost,
    .links = PARE_TODO(links),
};
