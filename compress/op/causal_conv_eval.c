#include "kernels/activation.h"
#include "op/causal_conv.h"
#include "op/reals.h"

#include <inttypes.h>
#include <string.h>

/* Each channel, with its state in front, is convolved with its own kernel: a product of windows,
 * which are rows one element apart, with one row. */

enum { X, WEIGHT, BIAS, PAST, N_INPUTS };

typedef struct conv_job {
    pare_reals in[N_INPUTS];
    pare_reals line, state, y; /* line: [k - 1 + length] of one channel */
    int64_t batch, channels, length, k;
} conv_job;

static pare_status load(pare_ctx *ctx, const pare_eval_io *io, conv_job *j)
{
    const pare_tensor *x = pare_eval_tensor(io, X);
    const pare_tensor *w = pare_eval_tensor(io, WEIGHT);
    const pare_tensor *bias = pare_eval_tensor(io, BIAS);
    const pare_tensor *past = pare_eval_tensor(io, PAST);
    for (uint32_t i = 0; i < N_INPUTS; i++) {
        const pare_tensor *t = pare_eval_tensor(io, i);
        if (t && pare_reals_wide(t->dtype) != PARE_WIDE_F32)
            return pare_eval_no_type(ctx, io, t->dtype);
        PARE_TRY(pare_reals_load(ctx, &j->in[i], t, PARE_WIDE_F32));
    }
    if (!x || !w || w->dims[0] != x->dims[1] || w->dims[1] != 1 || w->dims[2] < 1)
        return pare_call_fail(ctx, io->call, "input 1: expected a weight [channels, 1, k]");
    *j = (conv_job){ { j->in[0], j->in[1], j->in[2], j->in[3] }, .batch = x->dims[0],
                     .channels = x->dims[1], .length = x->dims[2], .k = w->dims[2] };
    if (bias && bias->n_elements != j->channels)
        return pare_call_fail(ctx, io->call,
                              "input 2: expected %" PRId64 " numbers, found %" PRId64, j->channels,
                              bias->n_elements);
    if (past && (past->rank != 3 || past->dims[0] != j->batch || past->dims[1] != j->channels ||
                 past->dims[2] != j->k - 1))
        return pare_call_fail(ctx, io->call,
                              "input 3: expected [%" PRId64 ",%" PRId64 ",%" PRId64 "]", j->batch,
                              j->channels, j->k - 1);
    return PARE_OK;
}

/* One channel of one batch. */
static void convolve(conv_job *j, int64_t at, bool silu)
{
    const int64_t c = at % j->channels;
    const int64_t kept = j->k - 1;
    float *line = j->line.owned;
    float *y = (float *)j->y.owned + at * j->length;
    const float *past = j->in[PAST].data;
    const float *bias = j->in[BIAS].data;
    for (int64_t i = 0; i < kept; i++) line[i] = past ? past[at * kept + i] : 0;
    for (int64_t i = 0; i < j->length; i++)
        line[kept + i] = ((const float *)j->in[X].data)[at * j->length + i];
    pare_reals_gemm(PARE_WIDE_F32, j->length, 1, j->k, line, 1,
                    (const float *)j->in[WEIGHT].data + c * j->k, j->k, bias ? bias + c : NULL, y,
                    1);
    for (int64_t i = 0; silu && i < j->length; i++) y[i] = pare_swish_f32_ref(1, 0, y[i]);
    for (int64_t i = 0; i < kept; i++)
        ((float *)j->state.owned)[at * kept + i] = line[j->length + i];
}

static pare_status run(pare_ctx *ctx, pare_eval_io *io, conv_job *j)
{
    const pare_causal_conv_params *p = io->params;
    int64_t n = 0;
    PARE_TRY(load(ctx, io, j));
    const int64_t state[3] = { j->batch, j->channels, j->k - 1 };
    PARE_TRY(pare_eval_count(ctx, io, &n, 3, state));
    if (j->k > INT64_MAX / 2 || j->length > INT64_MAX / 2) return pare_fail_memory(ctx, SIZE_MAX);
    PARE_TRY(pare_reals_new(ctx, &j->state, PARE_WIDE_F32, n));
    PARE_TRY(pare_reals_new(ctx, &j->line, PARE_WIDE_F32, j->k - 1 + j->length));
    PARE_TRY(pare_reals_new(ctx, &j->y, PARE_WIDE_F32, pare_eval_tensor(io, X)->n_elements));
    const bool is_empty = !j->length && j->k == 1;
    for (int64_t at = 0; !is_empty && at < j->batch * j->channels; at++) convolve(j, at, p->silu);
    PARE_TRY(pare_reals_out(ctx, io, 0, &j->y));
    return pare_eval_wants(io, 1) ? pare_reals_out(ctx, io, 1, &j->state) : PARE_OK;
}

pare_status pare_causal_conv_eval(pare_ctx *ctx, pare_eval_io *io)
{
    conv_job j = { 0 };
    const pare_status st = run(ctx, io, &j);
    for (int i = 0; i < N_INPUTS; i++) pare_reals_free(ctx, &j.in[i]);
    pare_reals_free(ctx, &j.line);
    pare_reals_free(ctx, &j.state);
    pare_reals_free(ctx, &j.y);
    return st;
}
