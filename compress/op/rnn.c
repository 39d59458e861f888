#include "op/rnn.h"

#include "op/costs.h"
#include "op/linker.h"

/* X [steps, batch, size], W [directions, gates * hidden, size], R [directions, gates * hidden,
 * hidden]. Outputs: Y [steps, directions, batch, hidden]; last states [directions, batch, hidden].
 * With layout 1 batch comes first everywhere. */

static pare_status rnn_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    /* opset 1 of GRU misspelt its own default */
    static const char *const words[] = { "forward", "reverse", "bidirectional", "foward", NULL };
    pare_rnn_params *p = params;
    PARE_TRY(pare_get_word(ctx, call, "direction", words, PARE_RNN_FORWARD, &p->direction));
    if (p->direction > PARE_RNN_BIDIRECTIONAL) p->direction = PARE_RNN_FORWARD;
    PARE_TRY(pare_get_int_in(ctx, call, "hidden_size", 0, 0, INT32_MAX, &p->hidden_size));
    PARE_TRY(pare_get_flag(ctx, call, "layout", false, &p->batch_first));
    PARE_TRY(pare_get_flag(ctx, call, "input_forget", false, &p->input_forget));
    PARE_TRY(pare_get_flag(ctx, call, "linear_before_reset", false, &p->linear_before_reset));
    PARE_TRY(pare_get_floats(ctx, call, "activation_alpha", &p->activation_alpha));
    PARE_TRY(pare_get_floats(ctx, call, "activation_beta", &p->activation_beta));
    p->activations = pare_call_attr(call, "activations");
    if (p->activations && p->activations->type != PARE_ATTR_STRINGS)
        return pare_call_fail(ctx, call, "attribute 'activations': expected type strings, found %s",
                              pare_attr_type_name(p->activations->type));
    p->has_clip = pare_call_attr(call, "clip") != NULL;
    return pare_get_float(ctx, call, "clip", 0, &p->clip);
}

static pare_status rnn_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_rnn_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    const pare_info *r = pare_in(io, 2);
    const pare_dtype dtype = x ? x->dtype : PARE_DTYPE_UNDEFINED;
    PARE_TRY(pare_need_rank(ctx, io, 0, 3, 3));
    PARE_TRY(pare_need_rank(ctx, io, 2, 3, 3));
    const pare_num directions = pare_num_int(p->direction == PARE_RNN_BIDIRECTIONAL ? 2 : 1);
    pare_num steps = pare_num_unknown();
    pare_num batch = pare_num_unknown();
    pare_num hidden = p->hidden_size ? pare_num_int(p->hidden_size) : pare_num_unknown();
    if (pare_info_has_rank(x)) {
        steps = x->dims[p->batch_first ? 1 : 0];
        batch = x->dims[p->batch_first ? 0 : 1];
    }
    if (!p->hidden_size && pare_info_has_rank(r)) hidden = r->dims[2];
    const pare_num y[2][4] = { { steps, directions, batch, hidden },
                               { batch, steps, directions, hidden } };
    const pare_num last[2][3] = { { directions, batch, hidden }, { batch, directions, hidden } };
    if (io->n_out > 0) io->out[0] = pare_info_tensor(io->shapes, dtype, 4, y[p->batch_first]);
    for (uint32_t i = 1; i < io->n_out; i++)
        io->out[i] = pare_info_tensor(io->shapes, dtype, 3, last[p->batch_first]);
    return PARE_OK;
}

/*      symbol                   domain           name        inputs  outputs  eval, links */
#define RNN_OPS(X)                                                                                 \
    X(gru,                       "",              "GRU",      3, 6,   2,       pare_rnn_eval,      \
      pare_rnn_links)                                                                              \
    X(lstm,                      "",              "LSTM",     3, 8,   3,       pare_rnn_eval,      \
      pare_rnn_links)                                                                              \
    X(rnn,                       "",              "RNN",      3, 6,   2,       pare_rnn_eval,      \
      pare_rnn_links)                                                                              \
    X(ms_dynamic_quantize_lstm,  "com.microsoft", "DynamicQuantizeLSTM",                           \
                                                              12, 12, 3,       PARE_TODO(eval),    \
      PARE_TODO(links))

#define RNN_OP(symbol, dom, text, min_in, max_in, max_out, evaluator, linker) \
    const pare_op pare_op_##symbol = {                                        \
        .domain = dom,                                                        \
        .name = text,                                                         \
        .since = 1,                                                           \
        .n_in = { min_in, max_in },                                           \
        .n_out = { 0, max_out },                                              \
        .params_bytes = sizeof(pare_rnn_params),                              \
        .resolve = rnn_resolve,                                               \
        .infer = rnn_infer,                                                   \
        .eval = evaluator,                                                    \
        .cost = pare_rnn_cost,                                                \
        .links = linker,                                                      \
    };
RNN_OPS(RNN_OP)
