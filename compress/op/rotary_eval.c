#include "kernels/rotary.h"
#include "op/attention.h"
#include "op/rotary.h"

#include <inttypes.h>
#include <string.h>

pare_status pare_rotate_heads(pare_ctx *ctx, const pare_call *call, const pare_rotation *r,
                              const pare_heads *x, float *data)
{
    if (x->size < 2 * r->pairs)
        return pare_call_fail(ctx, call,
                              "heads: expected at least %" PRId64 " numbers, found %" PRId64,
                              2 * r->pairs, x->size);
    for (int64_t at = 0; x->size && at < x->batch * x->steps; at++) {
        const int64_t row = r->positions ? r->positions[at] : at;
        if (row < 0 || row >= r->rows)
            return pare_call_fail(ctx, call,
                                  "positions: expected numbers in [0, %" PRId64 "), found %" PRId64,
                                  r->rows, row);
        for (int64_t h = 0; h < x->n; h++) {
            float *head = data + at / x->steps * x->batch_step + h * x->head_step +
                          at % x->steps * x->step;
            pare_rotate_f32_ref(r->pairs, r->interleaved, r->cosine + row * r->pairs,
                                r->sine + row * r->pairs, head, head);
        }
    }
    return PARE_OK;
}

/* Which input is which, by operator. */
typedef struct rotary_inputs {
    uint32_t positions, cosine, sine;
} rotary_inputs;

typedef struct rotary_job {
    pare_rotation rotation;
    pare_heads heads;
    pare_reals cosine, sine, y;
    int64_t *positions;
} rotary_job;

/* Rows of both caches: [rows, pairs], or [batch, steps, pairs] when there are no positions. */
static pare_status set_caches(pare_ctx *ctx, const pare_eval_io *io, const rotary_inputs *in,
                              rotary_job *j)
{
    const pare_tensor *cosine = pare_eval_tensor(io, in->cosine);
    const pare_tensor *sine = pare_eval_tensor(io, in->sine);
    const pare_tensor *positions = pare_eval_tensor(io, in->positions);
    const uint32_t rank = positions ? 2 : 3;
    if (!cosine || !sine || cosine->rank != rank || sine->rank != rank ||
        memcmp(cosine->dims, sine->dims, rank * sizeof(*cosine->dims)) != 0)
        return pare_call_fail(ctx, io->call,
                              "caches: expected two of %" PRIu32 " axes and the same shape", rank);
    if (pare_reals_wide(cosine->dtype) != PARE_WIDE_F32 ||
        pare_reals_wide(sine->dtype) != PARE_WIDE_F32)
        return pare_eval_no_type(ctx, io, cosine->dtype);
    PARE_TRY(pare_reals_load(ctx, &j->cosine, cosine, PARE_WIDE_F32));
    PARE_TRY(pare_reals_load(ctx, &j->sine, sine, PARE_WIDE_F32));
    j->rotation.cosine = j->cosine.data;
    j->rotation.sine = j->sine.data;
    j->rotation.pairs = cosine->dims[rank - 1];
    j->rotation.rows = j->rotation.pairs ? cosine->n_elements / j->rotation.pairs : 0;
    return PARE_OK;
}

/* Heads of the input: 4-D by its dims, 3-D by the number of heads or the size of the caches. */
static pare_status set_heads(pare_ctx *ctx, const pare_eval_io *io, const pare_tensor *x,
                             rotary_job *j)
{
    const pare_rotary_params *p = io->params;
    if (x->rank == 4) {
        j->heads = pare_heads_dense(NULL, x->dims[0], x->dims[1], x->dims[2], x->dims[3]);
        return PARE_OK;
    }
    const int64_t hidden = x->dims[2];
    const int64_t size = p->n_heads ? hidden / p->n_heads : 2 * j->rotation.pairs;
    if (!size || hidden % size != 0 || (p->n_heads && hidden % p->n_heads != 0))
        return pare_call_fail(ctx, io->call,
                              "input 0: expected heads that divide %" PRId64 ", found %" PRId64
                              " heads",
                              hidden, p->n_heads);
    j->heads = pare_heads_packed(NULL, x->dims[0], x->dims[1], hidden, hidden / size, size);
    return PARE_OK;
}

/* One position per step, or the first one of all batches. */
static pare_status set_positions(pare_ctx *ctx, const pare_eval_io *io, uint32_t input,
                                 rotary_job *j)
{
    const pare_tensor *t = pare_eval_tensor(io, input);
    const int64_t n = j->heads.batch * j->heads.steps;
    if (!t) {
        const bool fits = j->rotation.rows == n;
        return fits ? PARE_OK
                    : pare_call_fail(ctx, io->call,
                                     "caches: expected %" PRId64 " rows, found %" PRId64, n,
                                     j->rotation.rows);
    }
    const bool is_start = t->n_elements == 1 && t->rank <= 1;
    if (pare_wide_of(t->dtype) != PARE_WIDE_I64) return pare_eval_no_type(ctx, io, t->dtype);
    if (!is_start && t->n_elements != n)
        return pare_call_fail(ctx, io->call,
                              "positions: expected %" PRId64 " numbers, found %" PRId64, n,
                              t->n_elements);
    j->positions = pare_alloc(ctx, (size_t)n * sizeof(*j->positions) + 1);
    if (!j->positions) return pare_fail_memory(ctx, (size_t)n * sizeof(*j->positions));
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = pare_wide_i64_at(t->dtype, pare_eval_data(t), is_start ? 0 : i);
        const int64_t further = is_start ? i % j->heads.steps : 0;
        j->positions[i] = at > INT64_MAX - further ? -1 : at + further;
    }
    j->rotation.positions = j->positions;
    return PARE_OK;
}

static pare_status rotate(pare_ctx *ctx, pare_eval_io *io, const rotary_inputs *in, rotary_job *j)
{
    const pare_rotary_params *p = io->params;
    const pare_tensor *x = pare_eval_tensor(io, 0);
    if (!x) return pare_call_fail(ctx, io->call, "input 0: expected a tensor, found none");
    if (pare_reals_wide(x->dtype) != PARE_WIDE_F32) return pare_eval_no_type(ctx, io, x->dtype);
    if (!x->n_elements) return pare_eval_out_copy(ctx, io, 0, io->in[0]);
    PARE_TRY(set_caches(ctx, io, in, j));
    PARE_TRY(set_heads(ctx, io, x, j));
    PARE_TRY(set_positions(ctx, io, in->positions, j));
    const int64_t turned = p->rotary_dim ? p->rotary_dim : j->heads.size;
    if (turned / 2 != j->rotation.pairs)
        return pare_call_fail(ctx, io->call,
                              "caches: expected %" PRId64 " numbers per row, found %" PRId64,
                              turned / 2, j->rotation.pairs);
    j->rotation.interleaved = p->interleaved;
    PARE_TRY(pare_reals_new(ctx, &j->y, PARE_WIDE_F32, x->n_elements));
    pare_wide_load_as(PARE_WIDE_F32, x->dtype, pare_eval_data(x), 0, 1, x->n_elements, j->y.owned);
    PARE_TRY(pare_rotate_heads(ctx, io->call, &j->rotation, &j->heads, j->y.owned));
    return pare_reals_out(ctx, io, 0, &j->y);
}

static pare_status run(pare_ctx *ctx, pare_eval_io *io, const rotary_inputs *in)
{
    rotary_job j = { 0 };
    const pare_status st = rotate(ctx, io, in, &j);
    pare_reals_free(ctx, &j.cosine);
    pare_reals_free(ctx, &j.sine);
    pare_reals_free(ctx, &j.y);
    pare_free(ctx, j.positions);
    return st;
}

pare_status pare_rotary_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return run(ctx, io, &(rotary_inputs){ .cosine = 1, .sine = 2, .positions = 3 });
}

pare_status pare_ms_rotary_eval(pare_ctx *ctx, pare_eval_io *io)
{
    return run(ctx, io, &(rotary_inputs){ .positions = 1, .cosine = 2, .sine = 3 });
}
