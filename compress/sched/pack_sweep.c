#include "base/checked.h"
#include "sched/packer.h"

#include <assert.h>
#include <string.h>

/* Gaps beyond this are forgotten, the smallest first: their memory is not used again. */
enum { MAX_GAPS = 1024 };

typedef struct gap {
    uint64_t begin, end;
} gap;

/* Memory from 0 to `top`; above it all is free. */
typedef struct sweeper {
    pare_packer *p;
    gap gaps[MAX_GAPS + 1];   /* by begin; they neither touch each other nor top */
    uint32_t n_gaps;
    uint64_t top, total;
} sweeper;

static void remove_gap(sweeper *s, uint32_t at)
{
    memmove(&s->gaps[at], &s->gaps[at + 1], (s->n_gaps - at - 1) * sizeof(gap));
    s->n_gaps--;
}

static void insert_gap(sweeper *s, uint32_t at, gap g)
{
    memmove(&s->gaps[at + 1], &s->gaps[at], (s->n_gaps - at) * sizeof(gap));
    s->gaps[at] = g;
    s->n_gaps++;
}

static void forget_smallest(sweeper *s)
{
    uint32_t smallest = 0;
    for (uint32_t i = 1; i < s->n_gaps; i++)
        if (s->gaps[i].end - s->gaps[i].begin < s->gaps[smallest].end - s->gaps[smallest].begin)
            smallest = i;
    remove_gap(s, smallest);
}

/* Gives back [begin, end). */
static void release(sweeper *s, uint64_t begin, uint64_t end)
{
    uint32_t low = 0, high = s->n_gaps; /* the first gap behind it */
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (s->gaps[middle].begin < begin) low = middle + 1;
        else high = middle;
    }
    gap g = { begin, end };
    if (low < s->n_gaps && s->gaps[low].begin == end) {
        g.end = s->gaps[low].end;
        remove_gap(s, low);
    }
    if (low && s->gaps[low - 1].end == begin) {
        g.begin = s->gaps[low - 1].begin;
        remove_gap(s, --low);
    }
    if (g.end == s->top) {
        s->top = g.begin;
        return;
    }
    insert_gap(s, low, g);
    if (s->n_gaps > MAX_GAPS) forget_smallest(s);
}

static uint64_t aligned(uint64_t at, uint64_t align)
{
    uint64_t out = at;
    if (align) pare_align_u64(at, align, &out);
    return out;
}

/* Where an interval goes: into the smallest gap that it fits in, else on top. */
static uint64_t take(sweeper *s, uint64_t size, uint64_t align)
{
    uint32_t best = UINT32_MAX;
    for (uint32_t i = 0; i < s->n_gaps; i++) {
        const gap *g = &s->gaps[i];
        if (aligned(g->begin, align) + size > g->end) continue;
        if (best == UINT32_MAX || g->end - g->begin < s->gaps[best].end - s->gaps[best].begin)
            best = i;
    }
    gap from = { s->top, UINT64_MAX };
    if (best != UINT32_MAX) {
        from = s->gaps[best];
        remove_gap(s, best);
    }
    const uint64_t begin = aligned(from.begin, align), end = begin + size;
    if (best == UINT32_MAX) s->top = end;
    else if (end < from.end) release(s, end, from.end);
    if (begin > from.begin) release(s, from.begin, begin);
    return begin;
}

pare_status pare_pack_sweep(pare_packer *p)
{
    sweeper *s = pare_alloc(p->ctx, sizeof(*s));
    uint32_t ended = 0;
    if (!s) return pare_fail_memory(p->ctx, sizeof(*s));
    s->p = p;
    s->n_gaps = 0;
    s->top = s->total = 0;
    for (uint32_t at = 0; at < p->n; at++) {
        const uint32_t i = p->starts[at];
        for (; p->items[p->ends[ended]].last < p->items[i].first; ended++) {
            const uint32_t e = p->ends[ended];
            if (p->sizes[e]) release(s, p->offsets[e], p->offsets[e] + p->sizes[e]);
        }
        p->offsets[i] = p->sizes[i] ? take(s, p->sizes[i], p->items[i].align) : 0;
        if (p->sizes[i] && s->top > s->total) s->total = s->top;
    }
    pare_packer_offer(p, s->total);
    pare_free(p->ctx, s);
    return PARE_OK;
}
