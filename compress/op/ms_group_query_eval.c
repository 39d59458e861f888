#include "op/ms_attention.h"
#include "op/rotary.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* GroupQueryAttention. New keys and values go behind those of the past, at a place that may differ
 * by batch: seqlens_k holds the last position that counts. A first prompt (as many new steps as
 * there are in all) starts at 0. What the cache holds behind that is 0 here. */

enum {
    QUERY, KEY, VALUE, PAST_KEY, PAST_VALUE, LAST, TOTAL, COSINE, SINE, POSITIONS, ADDED, SINK,
    KEY_SCALE, VALUE_SCALE, QUERY_NORM, KEY_NORM
};

typedef struct group_job {
    pare_ms_attention m;
    int64_t total;            /* keys in all */
    int64_t kept;             /* steps of the cache */
    int64_t *lengths, *starts, *positions; /* [batch], [batch], [batch, steps]: within m.numbers */
    pare_reals cosine, sine;
} group_job;

static pare_status refuse(pare_ctx *ctx, const pare_eval_io *io)
{
    const pare_attention_params *p = io->params;
    PARE_TRY(pare_ms_refuse(ctx, io, p->cache_options, "quantized and sliding caches"));
    PARE_TRY(pare_ms_refuse(ctx, io, pare_eval_tensor(io, KEY_SCALE), "k_scale"));
    PARE_TRY(pare_ms_refuse(ctx, io, pare_eval_tensor(io, VALUE_SCALE), "v_scale"));
    PARE_TRY(pare_ms_refuse(ctx, io, pare_eval_tensor(io, QUERY_NORM), "q_norm_weight"));
    return pare_ms_refuse(ctx, io, pare_eval_tensor(io, KEY_NORM), "k_norm_weight");
}

/* Query, key and value into memory of their own, since they are turned in place. */
static pare_status load_heads(pare_ctx *ctx, const pare_eval_io *io, pare_ms_attention *m)
{
    const pare_attention_params *p = io->params;
    pare_heads *const heads[3] = { &m->a.q, &m->a.k, &m->a.v };
    const int64_t n[3] = { p->q_heads, p->kv_heads, p->kv_heads };
    const bool is_packed = !pare_eval_tensor(io, KEY) && !pare_eval_tensor(io, VALUE);
    const int64_t side_by_side = p->q_heads + 2 * p->kv_heads;
    int64_t first = 0;
    m->a.wide = PARE_WIDE_F32;
    for (uint32_t i = 0; i < 3; i++) {
        const pare_tensor *t = pare_eval_tensor(io, is_packed ? QUERY : i);
        const int64_t count = is_packed ? side_by_side : n[i];
        if (!t || t->rank != 3 || t->dims[2] % count != 0)
            return pare_call_fail(ctx, io->call,
                                  "input %" PRIu32 ": expected [batch, steps, %" PRId64
                                  " heads * size]",
                                  i, count);
        if (pare_reals_wide(t->dtype) != PARE_WIDE_F32) return pare_eval_no_type(ctx, io, t->dtype);
        if (i == QUERY || !is_packed) {
            PARE_TRY(pare_reals_new(ctx, &m->in[i], PARE_WIDE_F32, t->n_elements));
            pare_wide_load_as(PARE_WIDE_F32, t->dtype, pare_eval_data(t), 0, 1, t->n_elements,
                              m->in[i].owned);
        }
        if (i == QUERY) m->dtype = t->dtype;
        const int64_t size = t->dims[2] / count;
        const float *data = m->in[is_packed ? 0 : i].data;
        *heads[i] = pare_heads_packed(data + (t->n_elements ? first : 0), t->dims[0], t->dims[1],
                                      t->dims[2], n[i], size);
        if (is_packed) first += n[i] * size;
    }
    if (m->a.k.size != m->a.v.size || m->a.q.steps != m->a.k.steps)
        return pare_call_fail(
            ctx, io->call, "expected as many steps of query and key, and values as wide as keys");
    return pare_attend_check(ctx, io->call, &m->a);
}

/* Where new steps start and how many keys there are, by batch. */
static pare_status set_places(pare_ctx *ctx, const pare_eval_io *io, group_job *j)
{
    const pare_tensor *last = pare_eval_tensor(io, LAST);
    const pare_tensor *total = pare_eval_tensor(io, TOTAL);
    const pare_tensor *past = pare_eval_tensor(io, PAST_KEY);
    const int64_t batch = j->m.a.q.batch;
    const int64_t steps = j->m.a.q.steps;
    const int64_t before = past && past->rank == 4 ? past->dims[2] : 0;
    if (before > INT32_MAX || steps > INT32_MAX)
        return pare_call_fail(ctx, io->call, "expected less than 2^31 steps");
    if (!last || !total || pare_wide_of(last->dtype) != PARE_WIDE_I64 ||
        pare_wide_of(total->dtype) != PARE_WIDE_I64 || last->n_elements != batch ||
        total->n_elements != 1)
        return pare_call_fail(ctx, io->call,
                              "inputs 5 and 6: expected %" PRId64 " integers and one", batch);
    j->total = pare_wide_i64_at(total->dtype, pare_eval_data(total), 0);
    if (j->total < steps || j->total > INT32_MAX)
        return pare_call_fail(ctx, io->call,
                              "total_sequence_length: expected at least %" PRId64
                              ", found %" PRId64,
                              steps, j->total);
    j->kept = before > j->total ? before : j->total;
    const int64_t dims[2] = { batch, steps + 2 };
    int64_t n = 0;
    PARE_TRY(pare_tensor_count(ctx, &n, 2, dims));
    if (n > INT64_MAX / 64) return pare_fail_memory(ctx, SIZE_MAX);
    j->m.numbers = pare_alloc_zero(ctx, (size_t)n * sizeof(*j->m.numbers) + 1);
    if (!j->m.numbers) return pare_fail_memory(ctx, (size_t)n * sizeof(*j->m.numbers));
    j->lengths = j->m.numbers;
    j->starts = j->lengths + batch;
    j->positions = j->starts + batch;
    for (int64_t b = 0; b < batch; b++) {
        const int64_t length = pare_wide_i64_at(last->dtype, pare_eval_data(last), b) + 1;
        const int64_t start = steps == j->total ? 0 : length - steps;
        if (length < 0 || length > j->total || start < 0 || start > before)
            return pare_call_fail(ctx, io->call,
                                  "seqlens_k: expected numbers in [%" PRId64 ", %" PRId64
                                  "), found %" PRId64,
                                  steps == j->total ? -1 : steps - 1,
                                  j->total < before + steps ? j->total : before + steps,
                                  length - 1);
        j->lengths[b] = length;
        j->starts[b] = start;
    }
    return PARE_OK;
}

/* Turns queries and new keys. */
static pare_status turn(pare_ctx *ctx, const pare_eval_io *io, group_job *j)
{
    const pare_attention_params *p = io->params;
    const pare_tensor *cosine = pare_eval_tensor(io, COSINE);
    const pare_tensor *sine = pare_eval_tensor(io, SINE);
    const pare_tensor *ids = pare_eval_tensor(io, POSITIONS);
    const int64_t steps = j->m.a.q.steps;
    const bool is_prompt = steps == j->total;
    const int64_t n = j->m.a.q.batch * steps;
    if (!p->do_rotary || !n) return PARE_OK;
    if (!cosine || !sine || cosine->rank != 2 || sine->rank != 2 ||
        memcmp(cosine->dims, sine->dims, 2 * sizeof(*sine->dims)) != 0 ||
        !pare_reals_wide(cosine->dtype) || !pare_reals_wide(sine->dtype))
        return pare_call_fail(ctx, io->call, "inputs 7 and 8: expected two caches of one shape");
    if (ids && (pare_wide_of(ids->dtype) != PARE_WIDE_I64 || ids->n_elements < (is_prompt ? 1 : n)))
        return pare_call_fail(ctx, io->call, "input 9: expected %" PRId64 " integers", n);
    PARE_TRY(pare_reals_load(ctx, &j->cosine, cosine, PARE_WIDE_F32));
    PARE_TRY(pare_reals_load(ctx, &j->sine, sine, PARE_WIDE_F32));
    for (int64_t i = 0; i < n; i++) {
        int64_t at = j->starts[i / steps];
        if (ids) at = pare_wide_i64_at(ids->dtype, pare_eval_data(ids), is_prompt ? 0 : i);
        if (!ids || is_prompt) at = at > INT64_MAX - steps ? -1 : at + i % steps;
        j->positions[i] = at;
    }
    const pare_rotation r = { j->cosine.data, j->sine.data, cosine->dims[0], cosine->dims[1],
                              p->rotary_interleaved, j->positions };
    const int64_t key_at = (const float *)j->m.a.k.data - (const float *)j->m.in[0].data;
    float *keys = j->m.in[KEY].owned ? (float *)j->m.in[KEY].owned
                                     : (float *)j->m.in[QUERY].owned + key_at;
    PARE_TRY(pare_rotate_heads(ctx, io->call, &r, &j->m.a.q, j->m.in[QUERY].owned));
    return pare_rotate_heads(ctx, io->call, &r, &j->m.a.k, keys);
}

static void copy_steps(float *to, const pare_heads *from, int64_t batch, int64_t head, int64_t n)
{
    for (int64_t s = 0; from->size && s < n; s++)
        memcpy(to + s * from->size,
               (const float *)from->data + batch * from->batch_step + head * from->head_step +
                   s * from->step,
               (size_t)from->size * sizeof(*to));
}

/* The cache with new steps put in, [batch, heads, kept, size]; as output i and as *h. */
static pare_status keep(pare_ctx *ctx, pare_eval_io *io, uint32_t i, group_job *j, pare_heads *h)
{
    const pare_tensor *t = pare_eval_tensor(io, i == 1 ? PAST_KEY : PAST_VALUE);
    const int64_t dims[4] = { h->batch, h->n, j->kept, h->size };
    pare_reals *past = &j->m.past[i - 1];
    pare_reals *joined = &j->m.joined[i - 1];
    pare_heads old = { 0 };
    int64_t n = 0;
    if (t && (t->rank != 4 || t->dims[0] != h->batch || t->dims[1] != h->n ||
              t->dims[3] != h->size || !pare_reals_wide(t->dtype)))
        return pare_call_fail(ctx, io->call,
                              "past: expected [%" PRId64 ",%" PRId64 ",steps,%" PRId64 "]",
                              h->batch, h->n, h->size);
    if (t) {
        PARE_TRY(pare_reals_load(ctx, past, t, PARE_WIDE_F32));
        old = pare_heads_dense(past->data, t->dims[0], t->dims[1], t->dims[2], t->dims[3]);
    }
    PARE_TRY(pare_tensor_count(ctx, &n, 4, dims));
    PARE_TRY(pare_reals_new(ctx, joined, PARE_WIDE_F32, n));
    for (int64_t r = 0; n && r < h->batch * h->n; r++) {
        const int64_t batch = r / h->n;
        const int64_t start = j->starts[batch];
        float *to = (float *)joined->owned + r * j->kept * h->size;
        copy_steps(to, &old, batch, r % h->n, start < old.steps ? start : old.steps);
        copy_steps(to + start * h->size, h, batch, r % h->n, h->steps);
    }
    *h = pare_heads_dense(joined->data, h->batch, h->n, j->kept, h->size);
    h->steps = j->total;
    return pare_ms_put(ctx, io, i, t ? t->dtype : j->m.dtype, 4, dims, joined);
}

/* One more score per head: head_sink, or 0 with smooth_softmax. */
static pare_status set_sinks(pare_ctx *ctx, const pare_eval_io *io, pare_ms_attention *m)
{
    const pare_attention_params *p = io->params;
    const pare_tensor *t = pare_eval_tensor(io, SINK);
    if (!t && !p->smooth_softmax) return PARE_OK;
    if (t && (t->n_elements != m->a.q.n || !pare_reals_wide(t->dtype)))
        return pare_call_fail(ctx, io->call,
                              "input 11: expected %" PRId64 " numbers, found %" PRId64, m->a.q.n,
                              t->n_elements);
    if (t) PARE_TRY(pare_reals_load(ctx, &m->sinks, t, PARE_WIDE_F32));
    else PARE_TRY(pare_reals_new(ctx, &m->sinks, PARE_WIDE_F32, m->a.q.n));
    m->a.sinks = m->sinks.data;
    return PARE_OK;
}

static pare_status attend(pare_ctx *ctx, pare_eval_io *io, group_job *j)
{
    const pare_attention_params *p = io->params;
    pare_ms_attention *m = &j->m;
    PARE_TRY(refuse(ctx, io));
    PARE_TRY(load_heads(ctx, io, m));
    PARE_TRY(set_places(ctx, io, j));
    PARE_TRY(turn(ctx, io, j));
    PARE_TRY(keep(ctx, io, 1, j, &m->a.k));
    PARE_TRY(keep(ctx, io, 2, j, &m->a.v));
    PARE_TRY(set_sinks(ctx, io, m));
    PARE_TRY(pare_ms_set_bias(ctx, io, ADDED, m));
    m->a.softcap = (double)p->softcap;
    m->mask.causal = p->causal;
    m->mask.left = p->left_window > 0 ? p->left_window - 1 : -1; /* it counts the query's own */
    m->mask.right = -1;
    m->mask.offsets = j->starts;
    m->mask.lengths = j->lengths;
    m->mask.hidden = -(double)INFINITY;
    return pare_ms_attend(ctx, io, m, p->qk_output_mode ? 3 : 0, p->qk_output_mode == 2);
}

pare_status pare_ms_group_query_eval(pare_ctx *ctx, pare_eval_io *io)
{
    group_job j = { 0 };
    const pare_status st = attend(ctx, io, &j);
    pare_reals_free(ctx, &j.cosine);
    pare_reals_free(ctx, &j.sine);
    pare_ms_attention_free(ctx, &j.m);
    return st;
}
