#include "prune/smallest.h"

#include "base/rng.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

/* A sample says between which two sizes the threshold lies, almost always. One reading of all
 * numbers then zeroes what is below, and keeps the places of the few between. */
enum {
    CHUNK = 1 << 16,          /* numbers of a task */
    ROOM = CHUNK / 8,         /* places that a task keeps */
    LEAST_SAMPLE = 1 << 10, MOST_SAMPLE = 1 << 14,
    DIGIT = 11, N_DIGITS = 3, N_BINS = 1 << DIGIT,
    HIGH_BITS = 16, LOW_BITS = 15,
};

/* Standard deviations of the sample's rank on either side. */
static const double margin = 3.5;

static const uint32_t all_bits = 0x7fffffffU;

typedef struct task {
    const float *from;
    float *to;
    int64_t n;
    int64_t below, within;    /* the bracket */
    int64_t quota;            /* of those at the threshold that go */
    uint32_t *places, *sizes; /* [ROOM] of those within */
} task;

typedef struct selector {
    pare_ctx *ctx;
    pare_pool *pool;
    pare_cut_fn *cut;
    const pare_float_run *runs;
    size_t n_runs;
    uint64_t k, n;
    task *tasks;              /* [n_tasks] */
    uint32_t n_tasks;
    uint32_t *kept;           /* [n_tasks, 2, ROOM] */
    uint32_t *sample;         /* [MOST_SAMPLE, 2] and scratch */
    uint32_t low, high;       /* the bracket */
    uint32_t threshold;
} selector;

static uint32_t size_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    return bits & all_bits;
}

/* --- ranks ------------------------------------------------------------------------------------ */

/* Number `rank` (from 0 on) of x [n] in ascending order; x is spoilt. spare [n]. */
static uint32_t select_rank(uint32_t *x, uint32_t *spare, size_t n, size_t rank)
{
    for (int d = N_DIGITS - 1; d >= 0 && n > 1; d--) {
        uint32_t bins[N_BINS] = { 0 }, b = 0;
        size_t before = 0, m = 0;
        for (size_t i = 0; i < n; i++) bins[x[i] >> (d * DIGIT) & (N_BINS - 1)]++;
        for (; before + bins[b] <= rank; b++) before += bins[b];
        for (size_t i = 0; i < n; i++)
            if ((x[i] >> (d * DIGIT) & (N_BINS - 1)) == b) spare[m++] = x[i];
        memcpy(x, spare, m * sizeof(*x));
        n = m;
        rank -= before;
    }
    return x[0];
}

/* --- the bracket ------------------------------------------------------------------------------ */

/* Sizes of numbers that are spread over all, one in each stretch of equal length. */
static void draw(const selector *s, uint32_t *out, size_t n)
{
    pare_rng rng = { 1 };
    size_t run = 0;
    uint64_t first = 0; /* of the run */
    const uint64_t step = s->n / n;
    for (size_t i = 0; i < n; i++) {
        const uint64_t at = (uint64_t)i * step + pare_rng_next(&rng) % step;
        while (at - first >= s->runs[run].n) first += s->runs[run++].n;
        out[i] = size_of(s->runs[run].from[at - first]);
    }
}

static void find_bracket(selector *s)
{
    size_t n = LEAST_SAMPLE;
    while (n < MOST_SAMPLE && n * 64 < s->n) n *= 2;
    uint32_t *const drawn = s->sample, *const x = drawn + n, *const spare = x + n;
    const double part = (double)s->k / (double)s->n, rank = part * (double)n;
    const double by = margin * sqrt(rank * (1 - part)) + 2;
    draw(s, drawn, n);
    memcpy(x, drawn, n * sizeof(*x));
    s->low = rank - by < 0 ? 0 : select_rank(x, spare, n, (size_t)(rank - by));
    memcpy(x, drawn, n * sizeof(*x));
    s->high = rank + by >= (double)n ? all_bits : select_rank(x, spare, n, (size_t)(rank + by));
}

/* --- tasks ------------------------------------------------------------------------------------ */

static void cut_task(void *user, uint32_t index, uint32_t worker)
{
    const selector *s = user;
    task *t = &s->tasks[index];
    (void)worker;
    t->below = s->cut(t->n, t->from, s->low, s->high, t->to, t->places, ROOM,
                                      &t->within);
    for (int64_t i = 0; i < t->within && i < ROOM; i++)
        t->sizes[i] = size_of(t->from[t->places[i]]);
}

static void finish(void *user, uint32_t index, uint32_t worker)
{
    const selector *s = user;
    task *t = &s->tasks[index];
    int64_t quota = t->quota;
    (void)worker;
    for (int64_t i = 0; i < t->within; i++) {
        const uint32_t size = t->sizes[i];
        if (size < s->threshold || (size == s->threshold && quota-- > 0)) t->to[t->places[i]] = 0;
    }
}

/* The threshold among what lies within the bracket, and how many at it go from each task. False:
 * the sample misled. */
static pare_status settle(selector *s, bool *is_settled)
{
    uint64_t below = 0, within = 0, fits = 1;
    size_t n = 0;
    for (uint32_t i = 0; i < s->n_tasks; i++) {
        below += (uint64_t)s->tasks[i].below;
        within += (uint64_t)s->tasks[i].within;
        fits &= s->tasks[i].within <= ROOM;
    }
    *is_settled = fits && below < s->k && below + within >= s->k;
    if (!*is_settled) return PARE_OK;
    uint32_t *all = pare_alloc(s->ctx, 2 * within * sizeof(*all));
    if (!all) return pare_fail_memory(s->ctx, 2 * within * sizeof(*all));
    for (uint32_t i = 0; i < s->n_tasks; i++) {
        memcpy(all + n, s->tasks[i].sizes, (size_t)s->tasks[i].within * sizeof(*all));
        n += (size_t)s->tasks[i].within;
    }
    s->threshold = select_rank(all, all + within, within, s->k - below - 1);
    uint64_t left = s->k - below;
    for (uint32_t i = 0; i < s->n_tasks; i++)
        for (int64_t j = 0; j < s->tasks[i].within; j++)
            left -= s->tasks[i].sizes[j] < s->threshold;
    for (uint32_t i = 0; i < s->n_tasks; i++)
        for (int64_t j = 0; j < s->tasks[i].within && left; j++) {
            if (s->tasks[i].sizes[j] != s->threshold) continue;
            s->tasks[i].quota++;
            left--;
        }
    pare_free(s->ctx, all);
    return PARE_OK;
}

static pare_status make_tasks(selector *s)
{
    for (size_t r = 0; r < s->n_runs; r++)
        s->n_tasks += (uint32_t)((s->runs[r].n + CHUNK - 1) / CHUNK);
    s->tasks = pare_alloc_zero(s->ctx, (s->n_tasks + 1) * sizeof(*s->tasks));
    s->kept = pare_alloc(s->ctx, (size_t)s->n_tasks * 2 * ROOM * sizeof(*s->kept));
    s->sample = pare_alloc(s->ctx, 3 * MOST_SAMPLE * sizeof(*s->sample));
    if (!s->tasks || !s->kept || !s->sample)
        return pare_fail_memory(s->ctx, (size_t)s->n_tasks * 2 * ROOM * sizeof(*s->kept));
    task *t = s->tasks;
    for (size_t r = 0; r < s->n_runs; r++)
        for (uint64_t at = 0; at < s->runs[r].n; at += CHUNK, t++) {
            const uint64_t left = s->runs[r].n - at;
            uint32_t *const places = s->kept + (size_t)(t - s->tasks) * 2 * ROOM;
            *t = (task){ .from = s->runs[r].from + at, .to = s->runs[r].to + at,
                         .n = (int64_t)(left < CHUNK ? left : CHUNK), .places = places,
                         .sizes = places + ROOM };
        }
    return PARE_OK;
}

/* --- by counting all -------------------------------------------------------------------------- */

/* The bin that holds number k (from 1 on) of all; *before: how many are in those below it. */
static uint32_t find_bin(const uint64_t *bins, uint64_t k, uint64_t *before)
{
    uint32_t b = 0;
    *before = 0;
    while (*before + bins[b] < k) *before += bins[b++];
    return b;
}

static void copy_above(const selector *s, uint32_t threshold, uint64_t n_equal)
{
    for (size_t r = 0; r < s->n_runs; r++)
        for (uint64_t i = 0; i < s->runs[r].n; i++) {
            const uint32_t size = size_of(s->runs[r].from[i]);
            const bool goes = size < threshold || (size == threshold && n_equal);
            n_equal -= goes && size == threshold;
            s->runs[r].to[i] = goes ? 0 : s->runs[r].from[i];
        }
}

static pare_status count_all(const selector *s)
{
    const size_t n_bytes = (sizeof(uint64_t) << HIGH_BITS);
    uint64_t before = 0, within = 0;
    uint64_t *bins = pare_alloc_zero(s->ctx, n_bytes);
    if (!bins) return pare_fail_memory(s->ctx, n_bytes);
    for (size_t r = 0; r < s->n_runs; r++)
        for (uint64_t i = 0; i < s->runs[r].n; i++)
            bins[size_of(s->runs[r].from[i]) >> LOW_BITS]++;
    const uint32_t high = find_bin(bins, s->k, &before);
    memset(bins, 0, n_bytes);
    for (size_t r = 0; r < s->n_runs; r++)
        for (uint64_t i = 0; i < s->runs[r].n; i++) {
            const uint32_t size = size_of(s->runs[r].from[i]);
            if (size >> LOW_BITS == high) bins[size & ((1U << LOW_BITS) - 1)]++;
        }
    const uint32_t low = find_bin(bins, s->k - before, &within);
    copy_above(s, high << LOW_BITS | low, s->k - before - within);
    pare_free(s->ctx, bins);
    return PARE_OK;
}

/* ---------------------------------------------------------------------------------------------- */

pare_status pare_zero_smallest(pare_ctx *ctx, pare_pool *pool, pare_cut_fn *cut,
                               const pare_float_run *runs, size_t n_runs, uint64_t k)
{
    selector s = { .ctx = ctx, .pool = pool, .cut = cut, .runs = runs, .n_runs = n_runs,
                   .k = k };
    bool is_done = !k;
    pare_status st = PARE_OK;
    for (size_t r = 0; r < n_runs; r++) {
        s.n += runs[r].n;
        if (!k && runs[r].n) memcpy(runs[r].to, runs[r].from, runs[r].n * sizeof(float));
    }
    if (!is_done && s.n >= 4 * MOST_SAMPLE) {
        st = make_tasks(&s);
        if (!st) {
            find_bracket(&s);
            pare_pool_run(pool, s.n_tasks, cut_task, &s);
            st = settle(&s, &is_done);
        }
        if (!st && is_done) pare_pool_run(pool, s.n_tasks, finish, &s);
    }
    if (!st && !is_done) st = count_all(&s);
    pare_free(ctx, s.tasks);
    pare_free(ctx, s.kept);
    pare_free(ctx, s.sample);
    return st;
}
