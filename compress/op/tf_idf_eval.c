#include "op/strings.h"

#include "base/map.h"
#include "op/wide.h"

#include <inttypes.h>

/* TfIdfVectorizer: how often each n-gram of the pool stands in a row, its elements one after the
 * other or evenly apart, with up to max_skip elements between them. Where the pool holds an n-gram
 * twice, the first one counts. */

/* An n-gram of the pool. */
typedef struct gram {
    uint64_t hash;
    uint32_t at, length;      /* its elements in the pool; length 0: a free slot */
    uint32_t index;           /* among all n-grams */
} gram;

typedef struct job {
    const pare_tf_idf_params *p;
    const pare_tensor *x;
    uint64_t seed[2];
    uint32_t n_pool;          /* elements */
    gram *slots;              /* [n_slots], a power of two */
    size_t n_slots;
    uint64_t *hashes;         /* [columns] of the elements of a row */
    uint64_t *counts;         /* [n_out] */
    int64_t columns, n_out;
} job;

static uint64_t hash_string(const job *j, pare_bytes s)
{
    return pare_siphash13(j->seed, s.data, s.n);
}

static uint64_t hash_pool(const job *j, uint32_t at)
{
    return j->p->pool_strings ? hash_string(j, j->p->pool_strings->strings[at])
                              : (uint64_t)j->p->pool_ints.v[at];
}

/* The hash of an n-gram, one element longer. */
static uint64_t lengthen(const job *j, uint64_t hash, uint64_t element)
{
    const uint64_t both[2] = { hash, element };
    return pare_siphash13(j->seed, both, sizeof(both));
}

static bool same_element(const job *j, uint32_t pool_at, int64_t x_at)
{
    if (!j->p->pool_strings)
        return j->p->pool_ints.v[pool_at] ==
               pare_wide_i64_at(j->x->dtype, pare_eval_data(j->x), x_at);
    const pare_bytes a = j->p->pool_strings->strings[pool_at];
    const pare_bytes b = j->x->strings[x_at];
    return a.n == b.n && (!a.n || memcmp(a.data, b.data, a.n) == 0);
}

/* --- the pool --------------------------------------------------------------------------------- */

static void add_gram(job *j, gram g)
{
    size_t slot = g.hash & (j->n_slots - 1);
    while (j->slots[slot].length) slot = (slot + 1) & (j->n_slots - 1);
    j->slots[slot] = g;
}

/* Where the n-grams of a length begin in the pool. */
static int64_t pool_start(const job *j, uint32_t length)
{
    return length <= j->p->counts.n ? j->p->counts.v[length - 1] : (int64_t)j->n_pool;
}

static pare_status check_pool(pare_ctx *ctx, const pare_eval_io *io, job *j, uint32_t *n_grams)
{
    const pare_tf_idf_params *p = j->p;
    *n_grams = 0;
    if (p->min_gram < 1 || p->max_gram < p->min_gram || p->max_gram > p->counts.n ||
        p->max_skip < 0)
        return pare_call_fail(ctx, io->call,
                              "expected n-grams of lengths that 'ngram_counts' has, found %" PRId64
                              " to %" PRId64 " with skips of %" PRId64,
                              p->min_gram, p->max_gram, p->max_skip);
    for (uint32_t length = 1; length <= p->counts.n; length++) {
        const int64_t start = pool_start(j, length);
        const int64_t end = pool_start(j, length + 1);
        if (start < 0 || end < start || end > j->n_pool || (end - start) % length)
            return pare_call_fail(ctx, io->call,
                                  "attribute 'ngram_counts': expected whole n-grams in a pool of "
                                  "%" PRIu32 ", found %" PRId64 " to %" PRId64,
                                  j->n_pool, start, end);
        *n_grams += (uint32_t)((end - start) / length);
    }
    if (p->indexes.n != *n_grams || (p->weights.found && p->weights.n != *n_grams))
        return pare_call_fail(ctx, io->call,
                              "attributes 'ngram_indexes' and 'weights': expected %" PRIu32
                              " values, found %" PRIu32 " and %" PRIu32,
                              *n_grams, p->indexes.n, p->weights.n);
    for (uint32_t i = 0; i < p->indexes.n; i++)
        if (p->indexes.v[i] < 0)
            return pare_call_fail(ctx, io->call,
                                  "attribute 'ngram_indexes': expected 0 or more, found %" PRId64,
                                  p->indexes.v[i]);
    return PARE_OK;
}

static pare_status make_table(pare_ctx *ctx, job *j, uint32_t n_grams)
{
    uint32_t index = 0;
    j->n_slots = 4;
    while (j->n_slots < 2 * (size_t)n_grams) j->n_slots *= 2;
    j->slots = pare_alloc_zero(ctx, j->n_slots * sizeof(*j->slots));
    if (!j->slots) return pare_fail_memory(ctx, j->n_slots * sizeof(*j->slots));
    for (uint32_t length = 1; length <= j->p->counts.n; length++) {
        const int64_t end = pool_start(j, length + 1);
        for (int64_t at = pool_start(j, length); at < end; at += length) {
            uint64_t hash = 0;
            for (uint32_t i = 0; i < length; i++)
                hash = lengthen(j, hash, hash_pool(j, (uint32_t)at + i));
            add_gram(j, (gram){ hash, (uint32_t)at, length, index++ });
        }
    }
    return PARE_OK;
}

/* --- counting --------------------------------------------------------------------------------- */

/* Counts the n-gram of a length that starts at element `at` of x, its elements `step` apart. */
static void count(job *j, uint64_t hash, uint32_t length, int64_t at, int64_t step)
{
    for (size_t slot = hash & (j->n_slots - 1); j->slots[slot].length;
         slot = (slot + 1) & (j->n_slots - 1)) {
        const gram *g = &j->slots[slot];
        bool same = g->hash == hash && g->length == length;
        for (uint32_t i = 0; same && i < length; i++)
            same = same_element(j, g->at + i, at + i * step);
        if (!same) continue;
        j->counts[j->p->indexes.v[g->index]]++;
        return;
    }
}

/* Counts the n-grams of a row whose elements are `step` apart. */
static void count_steps(job *j, int64_t row, int64_t step)
{
    for (int64_t start = 0; start < j->columns; start++) {
        uint64_t hash = 0;
        for (uint32_t length = 1; length <= j->p->max_gram; length++) {
            const int64_t last = start + (length - 1) * step;
            if (last >= j->columns) break;
            hash = lengthen(j, hash, j->hashes[last]);
            if (length >= j->p->min_gram && (length > 1 || step == 1))
                count(j, hash, length, row * j->columns + start, step);
        }
    }
}

/* One row of results from its counts. */
static void weigh(const job *j, float *out)
{
    const pare_tf_idf_params *p = j->p;
    for (int64_t i = 0; i < j->n_out; i++) out[i] = p->mode == PARE_IDF ? 0 : (float)j->counts[i];
    if (p->mode == PARE_TF) return;
    for (uint32_t i = 0; i < p->indexes.n; i++) {
        const int64_t at = p->indexes.v[i];
        const float weight = p->weights.found ? p->weights.v[i] : 1;
        if (j->counts[at]) out[at] = p->mode == PARE_IDF ? weight : (float)j->counts[at] * weight;
    }
}

static pare_status run(pare_ctx *ctx, pare_eval_io *io, job *j)
{
    const pare_tensor *x = j->x;
    void *data = NULL;
    PARE_TRY(pare_eval_out(ctx, io, 0, &data));
    const pare_tensor *y = io->out[0].tensor;
    j->columns = x->dims[x->rank - 1];
    j->n_out = y->dims[y->rank - 1];
    if (!x->n_elements || !y->n_elements) return PARE_OK;
    const int64_t longest = j->columns - 1;
    const int64_t steps = j->p->max_skip < longest ? j->p->max_skip + 1 : longest;
    j->hashes = pare_alloc(ctx, (size_t)j->columns * sizeof(*j->hashes));
    j->counts = pare_alloc(ctx, (size_t)j->n_out * sizeof(*j->counts));
    if (!j->hashes || !j->counts)
        return pare_fail_memory(ctx, (size_t)(j->columns + j->n_out) * sizeof(*j->counts));
    for (int64_t row = 0; row < x->n_elements / j->columns; row++) {
        memset(j->counts, 0, (size_t)j->n_out * sizeof(*j->counts));
        for (int64_t i = 0; i < j->columns; i++)
            j->hashes[i] = x->encoding == PARE_ENC_STRINGS
                               ? hash_string(j, x->strings[row * j->columns + i])
                               : (uint64_t)pare_wide_i64_at(x->dtype, pare_eval_data(x),
                                                            row * j->columns + i);
        for (int64_t step = 1; step == 1 || step <= steps; step++) {
            PARE_TRY(pare_check_canceled(ctx));
            count_steps(j, row, step);
        }
        weigh(j, (float *)data + row * j->n_out);
    }
    return PARE_OK;
}

pare_status pare_tf_idf_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tf_idf_params *p = io->params;
    job j = { .p = p, .x = pare_eval_tensor(io, 0),
              .seed = { ctx->hash_seed[0], ctx->hash_seed[1] } };
    uint32_t n_grams = 0;
    if (!j.x || j.x->rank < 1 || j.x->rank > 2)
        return pare_call_fail(ctx, io->call, "input 0: expected a tensor of 1 or 2 axes");
    const bool fits = p->pool_strings ? j.x->encoding == PARE_ENC_STRINGS
                                      : j.x->dtype == PARE_INT32 || j.x->dtype == PARE_INT64;
    if (!fits) return pare_eval_no_type(ctx, io, j.x->dtype);
    j.n_pool = p->pool_strings ? p->pool_strings->n : p->pool_ints.n;
    PARE_TRY(check_pool(ctx, io, &j, &n_grams));
    pare_status st = make_table(ctx, &j, n_grams);
    if (!st) st = run(ctx, io, &j);
    pare_free(ctx, j.slots);
    pare_free(ctx, j.hashes);
    pare_free(ctx, j.counts);
    return st;
}
