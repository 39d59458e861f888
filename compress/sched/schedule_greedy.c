#include "sched/scheduler.h"

/* Of the groups that are ready, the one that leaves the least memory behind goes first. */

typedef struct entry {
    int64_t growth;           /* what it makes less what it frees, when it was put here */
    uint32_t group;
} entry;

typedef struct greedy {
    const pare_sched_graph *g;
    uint32_t *missing;        /* [n] groups it waits for; PARE_NONE: it has run */
    uint32_t *left;           /* [n_buffers] readers that have not run */
    uint64_t *left_sum;       /* [n_buffers] sum of their numbers: the last one is known by it */
    entry *heap;              /* outdated entries are passed over when they come up */
    size_t n_heap, heap_cap;
} greedy;

static bool goes_before(entry a, entry b)
{
    if (a.growth != b.growth) return a.growth < b.growth;
    return a.group < b.group;
}

static pare_status push(pare_ctx *ctx, greedy *s, entry e)
{
    PARE_TRY(pare_grow(ctx, &s->heap, &s->heap_cap, s->n_heap + 1, sizeof(*s->heap)));
    size_t at = s->n_heap++;
    for (; at && goes_before(e, s->heap[(at - 1) / 2]); at = (at - 1) / 2)
        s->heap[at] = s->heap[(at - 1) / 2];
    s->heap[at] = e;
    return PARE_OK;
}

static entry pop(greedy *s)
{
    const entry top = s->heap[0], last = s->heap[--s->n_heap];
    size_t at = 0;
    for (size_t child; (child = 2 * at + 1) < s->n_heap; at = child) {
        if (child + 1 < s->n_heap && goes_before(s->heap[child + 1], s->heap[child])) child++;
        if (!goes_before(s->heap[child], last)) break;
        s->heap[at] = s->heap[child];
    }
    s->heap[at] = last;
    return top;
}

static int64_t growth(const greedy *s, uint32_t group)
{
    const pare_sched_graph *g = s->g;
    int64_t sum = (int64_t)g->made_bytes[group];
    for (uint32_t i = g->reads_begin[group]; i < g->reads_begin[group + 1]; i++)
        if (s->left[g->reads[i]] == 1) sum -= (int64_t)g->buffer_bytes[g->reads[i]];
    return sum;
}

/* Whoever reads a buffer alone from now on would free it. */
static pare_status finish(pare_ctx *ctx, greedy *s, uint32_t group)
{
    const pare_sched_graph *g = s->g;
    s->missing[group] = PARE_NONE;
    for (uint32_t i = g->reads_begin[group]; i < g->reads_begin[group + 1]; i++) {
        const uint32_t b = g->reads[i];
        s->left_sum[b] -= group;
        if (--s->left[b] != 1 || s->left_sum[b] >= g->n) continue; /* the end is no group */
        const uint32_t last = (uint32_t)s->left_sum[b];
        if (!s->missing[last]) PARE_TRY(push(ctx, s, (entry){ growth(s, last), last }));
    }
    for (uint32_t i = g->needed_begin[group]; i < g->needed_begin[group + 1]; i++) {
        const uint32_t next = g->needed[i];
        if (!--s->missing[next]) PARE_TRY(push(ctx, s, (entry){ growth(s, next), next }));
    }
    return PARE_OK;
}

static pare_status run(pare_ctx *ctx, greedy *s, uint32_t *out)
{
    const pare_sched_graph *g = s->g;
    uint32_t n = 0;
    for (uint32_t b = 0; b < g->n_buffers; b++) {
        s->left[b] = g->n_readers[b];
        s->left_sum[b] = 0;
    }
    for (uint32_t i = 0; i < g->n; i++)
        for (uint32_t k = g->reads_begin[i]; k < g->reads_begin[i + 1]; k++) {
            s->left_sum[g->reads[k]] += i;
            s->left[g->reads[k]]--;
        }
    for (uint32_t b = 0; b < g->n_buffers; b++) {
        if (s->left[b]) s->left_sum[b] += g->n; /* it stays to the end */
        s->left[b] = g->n_readers[b];
    }
    for (uint32_t i = 0; i < g->n; i++) s->missing[i] = g->needs_begin[i + 1] - g->needs_begin[i];
    for (uint32_t i = 0; i < g->n; i++)
        if (!s->missing[i]) PARE_TRY(push(ctx, s, (entry){ growth(s, i), i }));
    while (s->n_heap) {
        const entry e = pop(s);
        if (s->missing[e.group] == PARE_NONE || e.growth != growth(s, e.group)) continue;
        out[n++] = e.group;
        PARE_TRY(finish(ctx, s, e.group));
    }
    return PARE_OK;
}

pare_status pare_sched_greedy(pare_ctx *ctx, const pare_sched_graph *g, uint32_t *out)
{
    greedy s = { .g = g };
    const size_t n_bytes =
        g->n_buffers * (sizeof(*s.left_sum) + sizeof(*s.left)) + g->n * sizeof(*s.missing);
    s.left_sum = pare_alloc(ctx, n_bytes ? n_bytes : 1);
    if (!s.left_sum) return pare_fail_memory(ctx, n_bytes);
    s.left = (uint32_t *)(s.left_sum + g->n_buffers);
    s.missing = s.left + g->n_buffers;
    const pare_status st = run(ctx, &s, out);
    pare_free(ctx, s.heap);
    pare_free(ctx, s.left_sum);
    return st;
}
