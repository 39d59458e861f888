#include "kernels/linear_attention.h"
#include "kernels/math.h"
#include "op/attend.h"
#include "op/attention.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* The state of each head takes in one step after the other; queries of its group read it. The state
 * stays float inside, whatever the types of inputs and outputs are. */

enum { QUERY, KEY, VALUE, PAST, DECAY, RATE, N_INPUTS };

typedef struct linear_job {
    pare_reals in[N_INPUTS];
    pare_heads q, k, v;
    int64_t decay_width, rate_width; /* numbers per step; 0: no such input */
    float scale;
    pare_reals state, y;
    float *spare; /* decay [d_k], then [d_v] */
} linear_job;

static pare_status load_heads(pare_ctx *ctx, const pare_eval_io *io, linear_job *j)
{
    const pare_linear_attention_params *p = io->params;
    pare_heads *const heads[3] = { &j->q, &j->k, &j->v };
    for (uint32_t i = 0; i < N_INPUTS; i++) {
        const pare_tensor *t = pare_eval_tensor(io, i);
        if (t && pare_reals_wide(t->dtype) != PARE_WIDE_F32)
            return pare_eval_no_type(ctx, io, t->dtype);
        PARE_TRY(pare_reals_load(ctx, &j->in[i], t, PARE_WIDE_F32));
        if (i > VALUE) continue;
        const int64_t n = i == QUERY ? p->q_heads : p->kv_heads;
        if (!t || t->rank != 3 || t->dims[2] % n != 0)
            return pare_call_fail(ctx, io->call,
                                  "input %" PRIu32 ": expected [batch, steps, %" PRId64
                                  " heads * size]",
                                  i, n);
        *heads[i] = pare_heads_packed(j->in[i].data, t->dims[0], t->dims[1], t->dims[2], n,
                                      t->dims[2] / n);
    }
    const pare_attend all = { .q = j->q, .k = j->k, .v = j->v };
    if (j->q.steps != j->k.steps)
        return pare_call_fail(ctx, io->call, "steps: expected as many of query as of key");
    return pare_attend_check(ctx, io->call, &all);
}

/* Width of the last axis of a gate [batch, steps, width]; 0 without it. */
static pare_status gate_width(pare_ctx *ctx, const pare_eval_io *io, const linear_job *j,
                              uint32_t i, bool is_needed, int64_t other, int64_t *out)
{
    const pare_tensor *t = pare_eval_tensor(io, i);
    *out = 0;
    if (!t != !is_needed)
        return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected %s with this rule", i,
                              is_needed ? "one" : "none");
    if (!t) return PARE_OK;
    if (t->rank != 3 || t->dims[0] != j->k.batch || t->dims[1] != j->k.steps ||
        (t->dims[2] != j->k.n && t->dims[2] != other))
        return pare_call_fail(ctx, io->call,
                              "input %" PRIu32 ": expected [%" PRId64 ",%" PRId64 ",%" PRId64
                              " or %" PRId64 "]",
                              i, j->k.batch, j->k.steps, j->k.n, other);
    *out = t->dims[2];
    return PARE_OK;
}

static pare_status start(pare_ctx *ctx, const pare_eval_io *io, linear_job *j)
{
    const pare_linear_attention_params *p = io->params;
    const pare_tensor *past = pare_eval_tensor(io, PAST);
    const int64_t dims[4] = { j->k.batch, j->k.n, j->k.size, j->v.size };
    int64_t n = 0;
    PARE_TRY(gate_width(ctx, io, j, DECAY, p->rule & 1, j->k.n * j->k.size, &j->decay_width));
    PARE_TRY(gate_width(ctx, io, j, RATE, p->rule >= 2, 1, &j->rate_width));
    if (past && (past->rank != 4 || memcmp(past->dims, dims, sizeof(dims)) != 0))
        return pare_call_fail(ctx, io->call,
                              "input 3: expected [%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64
                              "]",
                              dims[0], dims[1], dims[2], dims[3]);
    PARE_TRY(pare_eval_count(ctx, io, &n, 4, dims));
    PARE_TRY(pare_reals_new(ctx, &j->state, PARE_WIDE_F32, n));
    if (past) memcpy(j->state.owned, j->in[PAST].data, (size_t)n * sizeof(float));
    const int64_t out[4] = { j->q.batch, j->q.steps, j->q.n, j->v.size };
    PARE_TRY(pare_eval_count(ctx, io, &n, 4, out));
    PARE_TRY(pare_reals_new(ctx, &j->y, PARE_WIDE_F32, n));
    const size_t n_bytes = (size_t)(j->k.size + j->v.size + 1) * sizeof(*j->spare);
    j->spare = pare_alloc(ctx, n_bytes);
    j->scale = p->scale != 0 ? p->scale : (float)(1 / sqrt((double)j->k.size));
    return j->spare ? PARE_OK : pare_fail_memory(ctx, n_bytes);
}

/* e^decay of one step of one head, for every row of its state. */
static const float *decay_of(const linear_job *j, int64_t batch, int64_t step, int64_t head)
{
    const int64_t d_k = j->k.size;
    const bool is_per_row = j->decay_width != j->k.n;
    if (!j->decay_width) return NULL;
    const float *from = (const float *)j->in[DECAY].data +
                        (batch * j->k.steps + step) * j->decay_width +
                        head * (is_per_row ? d_k : 1);
    for (int64_t i = 0; i < d_k; i++) j->spare[i] = pare_exp_f32_ref(from[is_per_row ? i : 0]);
    return j->spare;
}

static const float *rate_of(const linear_job *j, int64_t batch, int64_t step, int64_t head)
{
    if (!j->rate_width) return NULL;
    return (const float *)j->in[RATE].data + (batch * j->k.steps + step) * j->rate_width +
           (j->rate_width == 1 ? 0 : head);
}

static const float *step_of(const pare_heads *h, int64_t batch, int64_t head, int64_t step)
{
    return (const float *)h->data + batch * h->batch_step + head * h->head_step + step * h->step;
}

static void walk_head(linear_job *j, int64_t batch, int64_t head)
{
    const int64_t group = j->q.n / j->k.n;
    float *state = (float *)j->state.owned + (batch * j->k.n + head) * j->k.size * j->v.size;
    for (int64_t t = 0; t < j->k.steps; t++) {
        pare_linear_attention_step_f32_ref(j->k.size, j->v.size, step_of(&j->k, batch, head, t),
                                           step_of(&j->v, batch, head, t),
                                           decay_of(j, batch, t, head), rate_of(j, batch, t, head),
                                           state, j->spare + j->k.size);
        for (int64_t h = head * group; h < (head + 1) * group; h++)
            pare_linear_attention_read_f32_ref(
                j->k.size, j->v.size, step_of(&j->q, batch, h, t), state, j->scale,
                (float *)j->y.owned + ((batch * j->q.steps + t) * j->q.n + h) * j->v.size);
    }
}

static pare_status attend(pare_ctx *ctx, pare_eval_io *io, linear_job *j)
{
    PARE_TRY(load_heads(ctx, io, j));
    PARE_TRY(start(ctx, io, j));
    const bool is_empty = !j->v.size || (!j->k.size && !j->k.steps);
    for (int64_t b = 0; !is_empty && b < j->k.batch; b++)
        for (int64_t h = 0; h < j->k.n; h++) walk_head(j, b, h);
    PARE_TRY(pare_reals_out(ctx, io, 0, &j->y));
    return pare_eval_wants(io, 1) ? pare_reals_out(ctx, io, 1, &j->state) : PARE_OK;
}

pare_status pare_linear_attention_eval(pare_ctx *ctx, pare_eval_io *io)
{
    linear_job j = { 0 };
    const pare_status st = attend(ctx, io, &j);
    for (int i = 0; i < N_INPUTS; i++) pare_reals_free(ctx, &j.in[i]);
    pare_reals_free(ctx, &j.state);
    pare_reals_free(ctx, &j.y);
    pare_free(ctx, j.spare);
    return st;
}
