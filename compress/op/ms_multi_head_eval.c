#include "op/ms_attention.h"

#include <inttypes.h>

/* MultiHeadAttention. Query, key and value come as [batch, steps, heads * size], all three packed
 * in the query [batch, steps, heads, 3, size], key and value packed in the key [.., 2, size], or
 * key and value as a cache [batch, heads, steps, size]. */

enum { QUERY, KEY, VALUE, BIAS, MASK, ADDED, PAST_KEY, PAST_VALUE };

static pare_status no_heads(pare_ctx *ctx, const pare_eval_io *io, uint32_t i)
{
    const pare_attention_params *p = io->params;
    return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected %" PRId64 " heads", i,
                          p->q_heads);
}

/* Heads of one input. */
static pare_status set_heads(pare_ctx *ctx, const pare_eval_io *io, uint32_t i,
                             const pare_reals *data, pare_heads *out)
{
    const pare_attention_params *p = io->params;
    const pare_tensor *t = pare_eval_tensor(io, i);
    const int64_t n = p->q_heads;
    if (t->rank == 3 && t->dims[2] % n == 0)
        *out = pare_heads_packed(data->data, t->dims[0], t->dims[1], t->dims[2], n, t->dims[2] / n);
    else if (t->rank == 4 && t->dims[1] == n && i != QUERY)
        *out = pare_heads_dense(data->data, t->dims[0], n, t->dims[2], t->dims[3]);
    else
        return no_heads(ctx, io, i);
    return PARE_OK;
}

/* Heads that stand `parts` side by side in [batch, steps, heads, parts, size]. */
static pare_status split_heads(pare_ctx *ctx, const pare_eval_io *io, uint32_t i,
                               const pare_reals *data, int64_t parts, pare_heads *const *out)
{
    const pare_attention_params *p = io->params;
    const pare_tensor *t = pare_eval_tensor(io, i);
    if (t->rank != 5 || t->dims[2] != p->q_heads || t->dims[3] != parts)
        return no_heads(ctx, io, i);
    const int64_t size = t->dims[4];
    const int64_t hidden = t->n_elements ? p->q_heads * parts * size : 0;
    for (int64_t k = 0; k < parts; k++) {
        *out[k] = pare_heads_packed(pare_at(data->data, t->n_elements ? k * size : 0, data->width),
                                    t->dims[0], t->dims[1], hidden, p->q_heads, size);
        out[k]->head_step = t->n_elements ? parts * size : 0;
    }
    return PARE_OK;
}

static pare_status load_heads(pare_ctx *ctx, const pare_eval_io *io, pare_ms_attention *j)
{
    pare_heads *const heads[3] = { &j->a.q, &j->a.k, &j->a.v };
    const pare_tensor *const in[3] = { pare_eval_tensor(io, QUERY), pare_eval_tensor(io, KEY),
                                       pare_eval_tensor(io, VALUE) };
    for (uint32_t i = 0; i < 3; i++) {
        if (in[i] && !pare_reals_wide(in[i]->dtype))
            return pare_eval_no_type(ctx, io, in[i]->dtype);
        if (i == QUERY && in[i]) j->a.wide = pare_reals_wide(j->dtype = in[i]->dtype);
        if (i == QUERY && !in[i]) return no_heads(ctx, io, QUERY);
        PARE_TRY(pare_reals_load(ctx, &j->in[i], in[i], j->a.wide));
    }
    if (!in[KEY]) return split_heads(ctx, io, QUERY, &j->in[QUERY], 3, heads);
    PARE_TRY(set_heads(ctx, io, QUERY, &j->in[QUERY], &j->a.q));
    if (!in[VALUE]) return split_heads(ctx, io, KEY, &j->in[KEY], 2, heads + 1);
    PARE_TRY(set_heads(ctx, io, KEY, &j->in[KEY], &j->a.k));
    return set_heads(ctx, io, VALUE, &j->in[VALUE], &j->a.v);
}

/* Adds the bias of one of query, key and value, from element `first` on, to a copy of its heads. */
static pare_status add_bias(pare_ctx *ctx, const pare_tensor *bias, int64_t first, pare_heads *h,
                            pare_reals *copy, pare_wide wide)
{
    const pare_heads none = { 0 };
    pare_reals joined;
    pare_status st = pare_heads_join(ctx, &joined, wide, &none, h);
    if (st) return st;
    const pare_heads dense = pare_heads_dense(joined.data, h->batch, h->n, h->steps, h->size);
    const int64_t n = h->steps && h->size ? h->batch * h->n * h->steps * h->size : 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t head = i / (h->steps * h->size) % h->n;
        const double b = pare_wide_f64_at(bias->dtype, pare_eval_data(bias),
                                          first + head * h->size + i % h->size);
        if (wide == PARE_WIDE_F64) ((double *)joined.owned)[i] += b;
        else ((float *)joined.owned)[i] += (float)b;
    }
    pare_reals_free(ctx, copy);
    *copy = joined;
    *h = dense;
    return PARE_OK;
}

/* A cache has its bias already. */
static pare_status add_biases(pare_ctx *ctx, const pare_eval_io *io, pare_ms_attention *j)
{
    const pare_tensor *t = pare_eval_tensor(io, BIAS);
    const pare_tensor *key = pare_eval_tensor(io, KEY);
    const pare_tensor *value = pare_eval_tensor(io, VALUE);
    const int64_t n = j->a.q.n;
    if (!t) return PARE_OK;
    if (!pare_reals_wide(t->dtype)) return pare_eval_no_type(ctx, io, t->dtype);
    const int64_t want = n * (j->a.q.size + j->a.k.size + j->a.v.size);
    if (t->n_elements != want)
        return pare_call_fail(ctx, io->call,
                              "input 3: expected %" PRId64 " numbers, found %" PRId64, want,
                              t->n_elements);
    /* packed inputs share their array, so the query's is replaced last */
    if (!value || value->rank != 4)
        PARE_TRY(add_bias(ctx, t, n * (j->a.q.size + j->a.k.size), &j->a.v, &j->in[VALUE],
                          j->a.wide));
    if (!key || key->rank != 4)
        PARE_TRY(add_bias(ctx, t, n * j->a.q.size, &j->a.k, &j->joined[0], j->a.wide));
    return add_bias(ctx, t, 0, &j->a.q, &j->joined[1], j->a.wide);
}

/* Key or value with its past, as output 1 or 2 shows it. */
static pare_status join(pare_ctx *ctx, pare_eval_io *io, uint32_t i, pare_ms_attention *j,
                        pare_heads *h)
{
    const uint32_t past_input = i == 1 ? PAST_KEY : PAST_VALUE;
    const pare_tensor *t = pare_eval_tensor(io, past_input);
    pare_reals joined;
    pare_heads past = { 0 };
    if (!t && !pare_eval_wants(io, i)) return PARE_OK;
    if (t) {
        if (t->rank != 4 || t->dims[0] != h->batch || t->dims[1] != h->n || t->dims[3] != h->size)
            return pare_call_fail(ctx, io->call,
                                  "input %" PRIu32 ": expected [%" PRId64 ",%" PRId64
                                  ",steps,%" PRId64 "]",
                                  past_input, h->batch, h->n, h->size);
        PARE_TRY(pare_reals_load(ctx, &j->past[i - 1], t, j->a.wide));
        past = pare_heads_dense(j->past[i - 1].data, t->dims[0], t->dims[1], t->dims[2],
                                t->dims[3]);
    }
    PARE_TRY(pare_heads_join(ctx, &joined, j->a.wide, &past, h));
    pare_reals_free(ctx, &j->past[i - 1]);
    j->past[i - 1] = joined;
    *h = pare_heads_dense(joined.data, h->batch, h->n, past.steps + h->steps, h->size);
    const int64_t dims[4] = { h->batch, h->n, h->steps, h->size };
    return pare_ms_put(ctx, io, i, j->dtype, 4, dims, &joined);
}

static pare_status attend(pare_ctx *ctx, pare_eval_io *io, pare_ms_attention *j)
{
    PARE_TRY(pare_ms_refuse(ctx, io, pare_eval_tensor(io, 8), "past_sequence_length"));
    PARE_TRY(pare_ms_refuse(ctx, io, pare_eval_tensor(io, 9), "cache_indirection"));
    PARE_TRY(load_heads(ctx, io, j));
    PARE_TRY(pare_attend_check(ctx, io->call, &j->a));
    PARE_TRY(add_biases(ctx, io, j));
    const int64_t fresh = j->a.k.steps;
    PARE_TRY(join(ctx, io, 1, j, &j->a.k));
    PARE_TRY(join(ctx, io, 2, j, &j->a.v));
    PARE_TRY(pare_attend_check(ctx, io->call, &j->a));
    pare_ms_set_causal(io, j->a.k.steps - fresh, j);
    PARE_TRY(pare_ms_set_bias(ctx, io, ADDED, j));
    PARE_TRY(pare_ms_set_padding(ctx, io, MASK, j));
    return pare_ms_attend(ctx, io, j, 3, false);
}

pare_status pare_ms_multi_head_eval(pare_ctx *ctx, pare_eval_io *io)
{
    pare_ms_attention j = { 0 };
    const pare_status st = attend(ctx, io, &j);
    pare_ms_attention_free(ctx, &j);
    return st;
}
