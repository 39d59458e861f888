#include "op/attention.h"
#include "op/linker.h"

/* Attention: heads go whole, each with what it reads and writes; or the same places of all heads,
 * of queries with those of keys. Where several queries share a key these are blocks of heads.
 * Positions in time stay: a softmax is over them. */

/* Heads of an operand: `n` of `size` places each on one axis, or on two of them. */
typedef struct head_axes {
    pare_axis_ref heads, size;
    int64_t n, n_size, block; /* block: positions per head on the axis of heads */
    int64_t period;           /* places at this distance go together; 0: none can go */
} head_axes;

static bool packed(const pare_links *l, pare_axis_ref hidden, int64_t n, head_axes *out)
{
    const int64_t extent = pare_link_extent(l, hidden);
    if (n < 1 || extent < 1 || extent % n) return false;
    *out = (head_axes){ hidden, hidden, n, extent / n, extent / n, extent / n };
    return true;
}

static bool apart(const pare_links *l, pare_axis_ref heads, pare_axis_ref size, head_axes *out)
{
    const int64_t n = pare_link_extent(l, heads), n_size = pare_link_extent(l, size);
    *out = (head_axes){ heads, size, n, n_size, 1, n_size };
    return out->n > 0 && out->n_size > 0;
}

/* Input i, [batch, steps, hidden] of so many heads, or [batch, heads, steps, size]. */
static bool heads_in(const pare_links *l, uint32_t i, int64_t n, head_axes *out)
{
    const pare_info *x = pare_link_in(l, i);
    if (!x) return false;
    if (x->rank == 3) return packed(l, pare_in_axis(i, 2), n, out);
    return x->rank == 4 && apart(l, pare_in_axis(i, 1), pare_in_axis(i, 3), out);
}

/* Heads of a with as many of b, or `shared` of a with each of b. */
static void link_heads(pare_links *l, const head_axes *a, const head_axes *b)
{
    const int64_t shared = b->n ? a->n / b->n : 0;
    if (shared < 1 || a->n % b->n) return;
    pare_link_outer(l, a->heads, a->block * shared, b->heads, b->block);
}

static void link_sizes(pare_links *l, const head_axes *a, const head_axes *b)
{
    const int64_t period = a->period < b->period ? a->period : b->period;
    if (a->n_size == b->n_size && period) pare_link_within(l, a->size, b->size, period);
}

static void link_batch(pare_links *l, uint32_t i, uint32_t axis)
{
    pare_link_tie(l, pare_in_axis(i, axis), pare_out_axis(0, 0));
}

/* What is added to the scores, [batch or 1, heads or 1, steps, keys] or the last of these. */
static void link_added(pare_links *l, uint32_t i, const head_axes *q)
{
    const pare_info *x = pare_link_in(l, i);
    if (!x || x->rank < 3 || x->rank > 4) return;
    const head_axes heads = { .heads = pare_in_axis(i, x->rank - 3), .block = 1, .n = q->n };
    link_heads(l, q, &heads);
    if (x->rank == 4) link_batch(l, i, 0);
}

/* A cache or what is put out of it, [batch, heads, steps, size]. */
static void link_cache(pare_links *l, pare_axis_ref heads, pare_axis_ref size, const head_axes *of)
{
    head_axes cache;
    if (!apart(l, heads, size, &cache) || cache.n != of->n) return;
    link_heads(l, of, &cache);
    link_sizes(l, of, &cache);
}

static void link_caches(pare_links *l, uint32_t past, uint32_t present, const head_axes *of)
{
    link_cache(l, pare_in_axis(past, 1), pare_in_axis(past, 3), of);
    link_cache(l, pare_out_axis(present, 1), pare_out_axis(present, 3), of);
    link_batch(l, past, 0);
    pare_link_tie(l, pare_out_axis(present, 0), pare_out_axis(0, 0));
}

/* Places of all heads go with queries and keys; 1 / sqrt(size) stays. */
static void link_scores(pare_links *l, const head_axes *q, const head_axes *k)
{
    link_heads(l, q, k);
    link_sizes(l, q, k);
    if (q->period) pare_follow_root(l, "scale", q->size, q->n_size);
}

static void link_scores_out(pare_links *l, uint32_t o, const head_axes *q)
{
    const head_axes shown = { .heads = pare_out_axis(o, 1), .block = 1, .n = q->n };
    link_heads(l, q, &shown);
    pare_link_tie(l, pare_out_axis(o, 0), pare_out_axis(0, 0));
}

/* --- ai.onnx ---------------------------------------------------------------------------------- */

/* query, key, value, mask, past key, past value, lengths; y, present key and value, scores */
pare_status pare_attention_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_attention_params *p = l->params;
    const pare_info *q_info = pare_link_in(l, 0);
    head_axes q, k, v, y;
    if (!heads_in(l, 0, p->q_heads, &q) || !heads_in(l, 1, p->kv_heads, &k) ||
        !heads_in(l, 2, p->kv_heads, &v))
        return PARE_OK;
    const bool fits = q_info->rank == 3 ? packed(l, pare_out_axis(0, 2), q.n, &y)
                                        : apart(l, pare_out_axis(0, 1), pare_out_axis(0, 3), &y);
    if (!fits) return PARE_OK;
    for (uint32_t i = 0; i < 3; i++) link_batch(l, i, 0);
    link_scores(l, &q, &k);
    link_heads(l, &k, &v);
    link_heads(l, &q, &y);
    link_sizes(l, &v, &y);
    link_added(l, 3, &q);
    link_caches(l, 4, 1, &k);
    link_caches(l, 5, 2, &v);
    link_batch(l, 6, 0);
    link_scores_out(l, 3, &q);
    if (q_info->rank == 3) pare_follow_count_attr(l, "q_num_heads", 0, q.heads, q.block);
    if (pare_link_in(l, 1)->rank == 3)
        pare_follow_count_attr(l, "kv_num_heads", 0, k.heads, k.block);
    return PARE_OK;
}

/* Pairs of places half a head apart go with their angle; pairs of other forms stay. */
static void link_turned(pare_links *l, head_axes *x, const pare_rotary_params *p, uint32_t cosine,
                        uint32_t sine)
{
    const pare_info *angles = pare_link_in(l, cosine), *others = pare_link_in(l, sine);
    const bool fits = !p->rotary_dim && !p->interleaved && angles && others && angles->rank &&
                      angles->rank == others->rank;
    x->period = 0;
    if (!fits) return;
    const pare_axis_ref pairs[2] = { pare_in_axis(cosine, angles->rank - 1),
                                     pare_in_axis(sine, angles->rank - 1) };
    const int64_t n = pare_link_extent(l, pairs[0]);
    if (2 * n != x->n_size || pare_link_extent(l, pairs[1]) != n) return;
    x->period = n;
    for (uint32_t i = 0; i < 2; i++) pare_link_within(l, x->size, pairs[i], n);
}

/* Positions are [batch, steps], or angles are. */
static void link_rows(pare_links *l, uint32_t positions, uint32_t cosine, uint32_t sine)
{
    const pare_info *rows = pare_link_in(l, positions);
    if (rows && rows->rank == 2) link_batch(l, positions, 0);
    if (rows) return;
    link_batch(l, cosine, 0);
    link_batch(l, sine, 0);
}

static void link_rotary(pare_links *l, uint32_t positions, uint32_t cosine, uint32_t sine)
{
    const pare_rotary_params *p = l->params;
    const pare_info *x_info = pare_link_in(l, 0), *angles = pare_link_in(l, cosine);
    head_axes x, y;
    if (!x_info || !angles || !angles->rank) return;
    const int64_t hidden = x_info->rank == 3 ? pare_link_extent(l, pare_in_axis(0, 2)) : 0;
    const int64_t size = 2 * pare_link_extent(l, pare_in_axis(cosine, angles->rank - 1));
    const int64_t n = p->n_heads || !size ? p->n_heads : hidden / size;
    if (!heads_in(l, 0, n, &x)) return;
    y = x;
    y.heads.is_output = y.size.is_output = true;
    link_batch(l, 0, 0);
    link_rows(l, positions, cosine, sine);
    link_turned(l, &x, p, cosine, sine);
    link_heads(l, &x, &y);
    link_sizes(l, &x, &y);
    if (x_info->rank == 3) pare_follow_count_attr(l, "num_heads", 0, x.heads, x.block);
}

pare_status pare_rotary_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    link_rotary(l, 3, 1, 2);
    return PARE_OK;
}

pare_status pare_ms_rotary_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    link_rotary(l, 1, 2, 3);
    return PARE_OK;
}

/* --- com.microsoft ---------------------------------------------------------------------------- */

/* Columns of the three projections lie side by side, as wide as the output each. */
static void link_columns(pare_links *l, pare_axis_ref columns, const head_axes *y)
{
    if (pare_link_extent(l, columns) == 3 * y->n * y->n_size)
        pare_link_within(l, columns, y->heads, y->n * y->n_size);
}

/* input, weight [in, 3 * hidden], bias and others by column; past, present [2, batch, heads, steps,
 * size]. A projection of another width than the others' is not followed. */
static void link_projected(pare_links *l, const uint32_t *columns, uint32_t n_columns,
                           uint32_t past, uint32_t added)
{
    const pare_attention_params *p = l->params;
    const pare_axis_ref weights = pare_in_axis(1, 1);
    head_axes y, cache;
    pare_link_tie(l, pare_in_axis(0, 2), pare_in_axis(1, 0));
    link_batch(l, 0, 0);
    if (!packed(l, pare_out_axis(0, 2), p->q_heads, &y) ||
        pare_link_extent(l, weights) != 3 * y.n * y.n_size)
        return;
    pare_link_outer(l, y.heads, y.block, y.heads, y.block); /* where nothing else has heads */
    link_columns(l, weights, &y);
    for (uint32_t i = 0; i < n_columns; i++) link_columns(l, pare_in_axis(columns[i], 0), &y);
    for (uint32_t i = 0; i < 2; i++) {
        const pare_axis_ref heads = i ? pare_out_axis(1, 2) : pare_in_axis(past, 2);
        const pare_axis_ref size = i ? pare_out_axis(1, 4) : pare_in_axis(past, 4);
        const pare_axis_ref batch = i ? pare_out_axis(1, 1) : pare_in_axis(past, 1);
        if (apart(l, heads, size, &cache) && cache.n == y.n) link_cache(l, heads, size, &y);
        pare_link_tie(l, batch, pare_out_axis(0, 0));
    }
    if (added) link_added(l, added, &y);
    pare_follow_root(l, "scale", y.size, y.n_size);
    pare_follow_count_attr(l, "num_heads", 0, y.heads, y.block);
    for (uint32_t i = 0; i < 3 && p->qkv_hidden_sizes.n == 3; i++)
        pare_follow_count_attr(l, "qkv_hidden_sizes", i, y.heads, 1);
}

pare_status pare_ms_attention_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    static const uint32_t bias[] = { 2 };
    link_projected(l, bias, 1, 4, 5);
    return PARE_OK;
}

pare_status pare_ms_qattention_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    static const uint32_t columns[] = { 2, 4, 7 }; /* bias, scale and zero point of the weight */
    link_projected(l, columns, 3, 8, 0);
    return PARE_OK;
}

/* Query, key and value side by side in one axis: biases. */
static void link_stacked(pare_links *l, uint32_t bias, const head_axes *const parts[3])
{
    int64_t start = 0;
    for (uint32_t i = 0; i < 3; i++) {
        const head_axes *h = parts[i];
        const pare_info *x = pare_link_in(l, h->heads.operand);
        if (!x || x->rank != 3) return;
        pare_link_stack(l, h->heads, pare_in_axis(bias, 0), start, h->n * h->n_size);
        start += h->n * h->n_size;
    }
}

/* query, key, value, bias, mask, added, past key, past value; y, present key and value, scores.
 * Those that come packed into one input are not followed. */
pare_status pare_ms_multi_head_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_attention_params *p = l->params;
    head_axes q, k, v, y;
    const head_axes *const parts[] = { &q, &k, &v };
    const pare_info *query = pare_link_in(l, 0);
    if (!query || query->rank != 3 || !heads_in(l, 0, p->q_heads, &q) ||
        !heads_in(l, 1, p->q_heads, &k) || !heads_in(l, 2, p->q_heads, &v) ||
        !packed(l, pare_out_axis(0, 2), p->q_heads, &y))
        return PARE_OK;
    if (pare_link_in(l, 3) && (pare_link_in(l, 1)->rank != 3 || pare_link_in(l, 2)->rank != 3))
        return PARE_OK;
    for (uint32_t i = 0; i < 3; i++) link_batch(l, i, 0);
    link_scores(l, &q, &k);
    link_heads(l, &k, &v);
    link_heads(l, &q, &y);
    link_sizes(l, &v, &y);
    link_stacked(l, 3, parts);
    link_added(l, 5, &q);
    link_caches(l, 6, 1, &k);
    link_caches(l, 7, 2, &v);
    link_scores_out(l, 3, &q);
    pare_follow_count_attr(l, "num_heads", 0, q.heads, q.block);
    return PARE_OK;
}

/* query, key, value, past key, past value, lengths, total, cosines, sines, positions, added, sinks.
 * Values are as wide as keys. */
pare_status pare_ms_group_query_links(pare_ctx *ctx, pare_links *l)
{
    (void)ctx;
    const pare_attention_params *p = l->params;
    const pare_rotary_params turn = { .rotary_dim = p->rotary_dim,
                                      .interleaved = p->rotary_interleaved };
    head_axes q, k, v, y;
    if (!heads_in(l, 0, p->q_heads, &q) || !heads_in(l, 1, p->kv_heads, &k) ||
        !heads_in(l, 2, p->kv_heads, &v) || !packed(l, pare_out_axis(0, 2), p->q_heads, &y))
        return PARE_OK;
    const head_axes sinks = { .heads = pare_in_axis(11, 0), .block = 1, .n = q.n };
    if (p->do_rotary) link_turned(l, &q, &turn, 7, 8);
    k.period = v.period = q.period;
    for (uint32_t i = 0; i < 3; i++) link_batch(l, i, 0);
    link_batch(l, 5, 0);
    link_scores(l, &q, &k);
    link_heads(l, &k, &v);
    link_sizes(l, &k, &v);
    link_heads(l, &q, &y);
    link_sizes(l, &v, &y);
    link_caches(l, 3, 1, &k);
    link_caches(l, 4, 2, &v);
    link_added(l, 10, &q);
    link_heads(l, &q, &sinks);
    link_scores_out(l, 3, &q);
    pare_follow_count_attr(l, "num_heads", 0, q.heads, q.block);
    pare_follow_count_attr(l, "kv_num_heads", 0, k.heads, k.block);
    return PARE_OK;
}
