#include "op/attend.h"
#include "op/attention.h"
#include "op/infer.h"

#include <inttypes.h>
#include <math.h>

/* Attention of ONNX, and FlexAttention, whose graphs work on all scores at once. */

enum { QUERY, KEY, VALUE, MASK, PAST_KEY, PAST_VALUE, LENGTHS, N_INPUTS };

typedef struct attention_job {
    pare_attend a;
    pare_attend_mask mask;
    pare_reals in[N_INPUTS];
    pare_reals keys, values; /* joined with the past, or as an output wants them */
    pare_reals y;
    int64_t *lengths, *offsets; /* [batch] */
    uint8_t *blind;
} attention_job;

static void job_free(pare_ctx *ctx, attention_job *j)
{
    for (int i = 0; i < N_INPUTS; i++) pare_reals_free(ctx, &j->in[i]);
    pare_reals_free(ctx, &j->keys);
    pare_reals_free(ctx, &j->values);
    pare_reals_free(ctx, &j->y);
    pare_attend_free(ctx, &j->a);
    pare_free(ctx, j->lengths);
    pare_free(ctx, j->offsets);
    pare_free(ctx, j->blind);
}

/* Input i by head: 4-D as it is, 3-D with this number of heads. */
static pare_status by_head(pare_ctx *ctx, const pare_eval_io *io, uint32_t i,
                           const pare_reals *data, int64_t n_heads, pare_heads *out)
{
    const pare_tensor *t = pare_eval_tensor(io, i);
    if (t->rank == 4) {
        *out = pare_heads_dense(data->data, t->dims[0], t->dims[1], t->dims[2], t->dims[3]);
        return PARE_OK;
    }
    if (t->rank != 3)
        return pare_call_fail(ctx, io->call,
                              "input %" PRIu32 ": expected rank 3 or 4, found %" PRIu32, i,
                              t->rank);
    if (n_heads < 1 || t->dims[2] % n_heads != 0)
        return pare_call_fail(ctx, io->call,
                              "input %" PRIu32 ": expected a number of heads that divides %" PRId64
                              ", found %" PRId64,
                              i, t->dims[2], n_heads);
    *out = pare_heads_packed(data->data, t->dims[0], t->dims[1], t->dims[2], n_heads,
                             t->dims[2] / n_heads);
    return PARE_OK;
}

static pare_status load_inputs(pare_ctx *ctx, const pare_eval_io *io, attention_job *j)
{
    const pare_attention_params *p = io->params;
    pare_heads *const heads[3] = { &j->a.q, &j->a.k, &j->a.v };
    for (uint32_t i = 0; i < LENGTHS; i++) {
        const pare_tensor *t = pare_eval_tensor(io, i);
        const bool is_mask = i == MASK;
        if (!t && i <= VALUE)
            return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected a tensor, found none",
                                  i);
        if (t && !(is_mask ? pare_wide_of(t->dtype) : pare_reals_wide(t->dtype)))
            return pare_eval_no_type(ctx, io, t->dtype);
        if (i == QUERY) j->a.wide = pare_reals_wide(t->dtype);
        PARE_TRY(pare_reals_load(ctx, &j->in[i], t, j->a.wide));
        if (i <= VALUE)
            PARE_TRY(by_head(ctx, io, i, &j->in[i], i == QUERY ? p->q_heads : p->kv_heads,
                             heads[i]));
    }
    return pare_attend_check(ctx, io->call, &j->a);
}

/* Joins input i with its past where there is one or where output `out` shows it. */
static pare_status join(pare_ctx *ctx, pare_eval_io *io, attention_job *j, uint32_t i,
                        pare_heads *heads, pare_reals *joined)
{
    const uint32_t past_input = i - KEY + PAST_KEY;
    const pare_tensor *t = pare_eval_tensor(io, past_input);
    const bool is_wanted = pare_eval_wants(io, i);
    pare_heads past = { 0 };
    if (!t && !is_wanted) return PARE_OK;
    if (t) {
        if (t->rank != 4 || t->dims[0] != heads->batch || t->dims[1] != heads->n ||
            t->dims[3] != heads->size)
            return pare_call_fail(ctx, io->call,
                                  "input %" PRIu32 ": expected [%" PRId64 ",%" PRId64
                                  ",past,%" PRId64 "]",
                                  past_input, heads->batch, heads->n, heads->size);
        past = pare_heads_dense(j->in[past_input].data, t->dims[0], t->dims[1], t->dims[2],
                                t->dims[3]);
    }
    PARE_TRY(pare_heads_join(ctx, joined, j->a.wide, &past, heads));
    *heads = pare_heads_dense(joined->data, heads->batch, heads->n, past.steps + heads->steps,
                              heads->size);
    j->mask.offset = past.steps;
    return is_wanted ? pare_reals_out(ctx, io, i, joined) : PARE_OK;
}

/* A mask that broadcasts to [batch, heads, queries, keys], whose keys may be fewer. */
static pare_status set_mask(pare_ctx *ctx, const pare_eval_io *io, attention_job *j)
{
    const pare_tensor *t = pare_eval_tensor(io, MASK);
    const int64_t want[3] = { j->a.q.batch, j->a.q.n, j->a.q.steps };
    int64_t step = 1;
    if (!t) return PARE_OK;
    pare_attend_added *added = &j->mask.added[0];
    bool fits = t->rank >= 1 && t->rank <= 4 && t->dims[t->rank - 1] <= j->a.k.steps;
    for (uint32_t d = 0; fits && d < t->rank; d++) {
        const uint32_t axis = 3 - d;
        const int64_t n = t->dims[t->rank - 1 - d];
        added->steps[axis] = n == 1 && axis < 3 ? 0 : step;
        if (axis < 3) fits = n == 1 || n == want[axis];
        step = (int64_t)((uint64_t)step * (uint64_t)n); /* may not fit if there are no scores */
    }
    if (!fits)
        return pare_call_fail(ctx, io->call,
                              "input 3: expected a mask for [%" PRId64 ",%" PRId64 ",%" PRId64
                              ",%" PRId64 "]",
                              want[0], want[1], want[2], j->a.k.steps);
    added->data = j->in[MASK].data;
    added->n_keys = t->dims[t->rank - 1];
    if (t->dtype != PARE_BOOL) return PARE_OK;
    for (int64_t i = 0; i < t->n_elements; i++) { /* loaded into memory of its own */
        const bool is_seen = pare_real_at(j->a.wide, j->in[MASK].data, i) != 0;
        if (j->a.wide == PARE_WIDE_F64)
            ((double *)j->in[MASK].owned)[i] = is_seen ? 0 : -(double)INFINITY;
        else
            ((float *)j->in[MASK].owned)[i] = is_seen ? 0 : -INFINITY;
    }
    return PARE_OK;
}

/* The keys that are no padding, when the cache is kept outside. */
static pare_status set_lengths(pare_ctx *ctx, const pare_eval_io *io, attention_job *j)
{
    const pare_tensor *t = pare_eval_tensor(io, LENGTHS);
    if (!t) return PARE_OK;
    if (t->n_elements != j->a.q.batch || pare_wide_of(t->dtype) != PARE_WIDE_I64)
        return pare_call_fail(ctx, io->call,
                              "input 6: expected %" PRId64 " integers, found %" PRId64,
                              j->a.q.batch, t->n_elements);
    if (pare_eval_tensor(io, PAST_KEY))
        return pare_call_fail(ctx, io->call, "inputs 4 and 6: expected only one of them");
    const size_t n_bytes = (size_t)t->n_elements * sizeof(*j->lengths) + 1;
    j->lengths = pare_alloc(ctx, n_bytes);
    j->offsets = pare_alloc(ctx, n_bytes);
    if (!j->lengths || !j->offsets) return pare_fail_memory(ctx, n_bytes);
    for (int64_t b = 0; b < t->n_elements; b++) {
        const int64_t n = pare_wide_i64_at(t->dtype, pare_eval_data(t), b);
        if (n < 0 || n > j->a.k.steps)
            return pare_call_fail(ctx, io->call,
                                  "input 6: expected lengths up to %" PRId64 ", found %" PRId64,
                                  j->a.k.steps, n);
        j->lengths[b] = n;
        j->offsets[b] = n - j->a.q.steps;
    }
    j->mask.lengths = j->lengths;
    j->mask.offsets = j->offsets;
    return PARE_OK;
}

static void set_scale(const pare_attention_params *p, pare_attend *a)
{
    a->scale = p->has_scale ? (double)p->scale : 1 / sqrt((double)a->q.size);
}

/* Shows the scores as output 3 when they are at the stage that it asks for. */
static pare_status show(pare_ctx *ctx, pare_eval_io *io, const attention_job *j, int64_t stage)
{
    const pare_attention_params *p = io->params;
    if (p->qk_output_mode != stage || !pare_eval_wants(io, 3)) return PARE_OK;
    return pare_reals_out(ctx, io, 3, &j->a.scores);
}

static pare_status blind_new(pare_ctx *ctx, const pare_attend *a, uint8_t **out)
{
    const int64_t n = a->k.steps ? a->n_scores / a->k.steps : 0;
    *out = pare_alloc_zero(ctx, (size_t)n + 1);
    return *out ? PARE_OK : pare_fail_memory(ctx, (size_t)n + 1);
}

/* The weighted values as output 0, in the layout of the query. FlexAttention's is not inferred. */
static pare_status put_values(pare_ctx *ctx, pare_eval_io *io, attention_job *j)
{
    const pare_attend *a = &j->a;
    const pare_tensor *query = pare_eval_tensor(io, QUERY);
    const int64_t packed[3] = { a->q.batch, a->q.steps, a->q.n * a->v.size };
    const int64_t dense[4] = { a->q.batch, a->q.n, a->q.steps, a->v.size };
    const int64_t *dims = query->rank == 3 ? packed : dense;
    const pare_heads y = query->rank == 3
                             ? pare_heads_packed(NULL, packed[0], packed[1], packed[2], a->q.n,
                                                 a->v.size)
                             : pare_heads_dense(NULL, dense[0], dense[1], dense[2], dense[3]);
    int64_t n = 0;
    void *data = NULL;
    PARE_TRY(pare_eval_count(ctx, io, &n, query->rank, dims));
    PARE_TRY(pare_reals_new(ctx, &j->y, a->wide, n));
    PARE_TRY(pare_attend_values(ctx, a, &y, j->y.owned));
    PARE_TRY(pare_eval_out_as(ctx, io, 0, query->dtype, query->rank, dims, &data));
    pare_wide_store_as(a->wide, PARE_STORE_DEFAULT, query->dtype, data, 0, n, j->y.data);
    return PARE_OK;
}

static pare_status attend(pare_ctx *ctx, pare_eval_io *io, attention_job *j)
{
    const pare_attention_params *p = io->params;
    j->mask.hidden = -(double)INFINITY;
    j->mask.causal = p->causal;
    j->mask.left = p->left_window;
    j->mask.right = p->right_window;
    j->a.softcap = (double)p->softcap;
    j->a.softmax_type = p->softmax_type;
    PARE_TRY(load_inputs(ctx, io, j));
    if (!pare_eval_tensor(io, PAST_KEY) != !pare_eval_tensor(io, PAST_VALUE))
        return pare_call_fail(ctx, io->call, "inputs 4 and 5: expected both or none");
    if (p->softmax_type && !pare_reals_wide(p->softmax_type))
        return pare_eval_no_type(ctx, io, p->softmax_type);
    PARE_TRY(join(ctx, io, j, KEY, &j->a.k, &j->keys));
    PARE_TRY(join(ctx, io, j, VALUE, &j->a.v, &j->values));
    PARE_TRY(pare_attend_check(ctx, io->call, &j->a));
    PARE_TRY(set_mask(ctx, io, j));
    PARE_TRY(set_lengths(ctx, io, j));
    set_scale(p, &j->a);
    PARE_TRY(pare_attend_scores(ctx, &j->a));
    PARE_TRY(show(ctx, io, j, 0));
    pare_attend_softcap(&j->a);
    PARE_TRY(show(ctx, io, j, 1));
    PARE_TRY(blind_new(ctx, &j->a, &j->blind));
    PARE_TRY(pare_attend_bias(ctx, &j->a, &j->mask, j->blind));
    PARE_TRY(show(ctx, io, j, 2));
    PARE_TRY(pare_attend_softmax(ctx, &j->a, j->blind));
    PARE_TRY(show(ctx, io, j, 3));
    return put_values(ctx, io, j);
}

pare_status pare_attention_eval(pare_ctx *ctx, pare_eval_io *io)
{
    attention_job j = { 0 };
    const pare_status st = attend(ctx, io, &j);
    job_free(ctx, &j);
    return st;
}

/* --- FlexAttention ---------------------------------------------------------------------------- */

/* Runs a graph over all scores, which are of this type inside of it. */
static pare_status modify(pare_ctx *ctx, pare_eval_io *io, const pare_graph *graph,
                          pare_dtype dtype, pare_attend *a)
{
    const int64_t dims[4] = { a->q.batch, a->q.n, a->q.steps, a->k.steps };
    pare_datum in = { .kind = PARE_TYPE_TENSOR };
    pare_datum out = { 0 };
    const pare_datum *given = &in;
    if (!graph) return PARE_OK;
    if (graph->outputs.n != 1)
        return pare_call_fail(ctx, io->call, "graph attribute: expected 1 output, found %zu",
                              (size_t)graph->outputs.n);
    PARE_TRY(pare_tensor_new(ctx, &in.tensor, dtype, 4, dims));
    pare_wide_store_as(a->wide, PARE_STORE_DEFAULT, dtype, in.tensor->owner->data, 0, a->n_scores,
                       a->scores.data);
    pare_status st = pare_eval_subgraph(ctx, io, graph, &given, 1, &out);
    if (!st && (out.kind != PARE_TYPE_TENSOR || out.tensor->n_elements != a->n_scores ||
                !pare_wide_of(out.tensor->dtype)))
        st = pare_call_fail(ctx, io->call,
                            "graph attribute: expected an output like the scores it is given");
    if (!st)
        pare_wide_load_as(a->wide, out.tensor->dtype, pare_eval_data(out.tensor), 0, 1, a->n_scores,
                          a->scores.owned);
    pare_datum_drop(ctx, &out);
    pare_datum_drop(ctx, &in);
    return st;
}

static pare_status flex_attend(pare_ctx *ctx, pare_eval_io *io, attention_job *j)
{
    const pare_attention_params *p = io->params;
    PARE_TRY(load_inputs(ctx, io, j));
    const pare_dtype fallback = j->a.wide == PARE_WIDE_F64 ? PARE_DOUBLE : PARE_FLOAT;
    const pare_dtype dtype = p->softmax_type ? p->softmax_type : fallback;
    if (!pare_reals_wide(dtype)) return pare_eval_no_type(ctx, io, dtype);
    set_scale(p, &j->a);
    j->a.softmax_type = dtype;
    PARE_TRY(pare_attend_scores(ctx, &j->a));
    PARE_TRY(modify(ctx, io, p->score_mod, dtype, &j->a));
    PARE_TRY(pare_attend_softmax(ctx, &j->a, NULL));
    PARE_TRY(modify(ctx, io, p->prob_mod, dtype, &j->a));
    return put_values(ctx, io, j);
}

pare_status pare_flex_attention_eval(pare_ctx *ctx, pare_eval_io *io)
{
    attention_job j = { 0 };
    const pare_status st = flex_attend(ctx, io, &j);
    job_free(ctx, &j);
    return st;
}
