#include "base/checked.h"
#include "sched/packer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Neighbours that are looked at before the search ends: some tens of milliseconds. */
#define MAX_LOOKS (UINT64_C(1) << 23)

enum { MAX_EXCHANGES = 512 };

typedef struct span {
    uint64_t begin, end;
} span;

typedef struct placer {
    pare_packer *p;
    uint32_t *first;          /* [n + 1] of each interval's neighbours in the list */
    uint32_t *neighbours;     /* [2 * n_pairs] */
    uint32_t *order, *rank;   /* [n] and its inverse */
    uint32_t *best_order;     /* [n] */
    uint8_t *is_placed;       /* [n] */
    span *spans;              /* [most neighbours] */
    uint64_t *keys;           /* [n] */
    pare_packer_key *scratch; /* [n] */
    uint64_t random;
    uint64_t n_looks;
} placer;

/* Lists who lives together with whom: walks the starts with a list of those that still live. The
 * first walk counts, the second fills in. */
static void walk_pairs(placer *s, uint32_t *live, bool fill)
{
    const pare_packer *p = s->p;
    uint32_t n_live = 0;
    for (uint32_t at = 0; at < p->n; at++) {
        const uint32_t i = p->starts[at];
        uint32_t kept = 0;
        if (!p->sizes[i]) continue;
        for (uint32_t k = 0; k < n_live; k++) {
            const uint32_t j = live[k];
            if (p->items[j].last < p->items[i].first) continue;
            live[kept++] = j;
            if (fill) {
                s->neighbours[s->first[i]++] = j;
                s->neighbours[s->first[j]++] = i;
            } else {
                s->first[i]++;
                s->first[j]++;
            }
        }
        n_live = kept;
        live[n_live++] = i;
    }
}

/* first[] turns from counts into ends, and filling moves it from begins to ends again. */
static uint32_t list_neighbours(placer *s)
{
    const uint32_t n = s->p->n;
    uint32_t sum = 0, most = 0;
    memset(s->first, 0, (n + 1) * sizeof(*s->first));
    walk_pairs(s, s->order, false);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t count = s->first[i];
        s->first[i] = sum;
        sum += count;
        if (count > most) most = count;
    }
    assert(sum == 2 * s->p->n_pairs);
    walk_pairs(s, s->order, true);
    memmove(s->first + 1, s->first, n * sizeof(*s->first));
    s->first[0] = 0;
    return most;
}

static int compare_spans(const void *a, const void *b)
{
    const span *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

/* By begin. Most lists are short. */
static void sort_spans(span *spans, uint32_t n)
{
    enum { SHORT = 32 };
    if (n > SHORT) {
        qsort(spans, n, sizeof(*spans), compare_spans);
        return;
    }
    for (uint32_t i = 1; i < n; i++) {
        const span moved = spans[i];
        uint32_t at = i;
        for (; at && spans[at - 1].begin > moved.begin; at--) spans[at] = spans[at - 1];
        spans[at] = moved;
    }
}

static uint64_t aligned(uint64_t at, uint64_t align)
{
    uint64_t out = at;
    if (align) pare_align_u64(at, align, &out);
    return out;
}

/* The smallest gap between placed neighbours that the interval fits in, else behind them all. */
static uint64_t place(placer *s, uint32_t i)
{
    const pare_packer *p = s->p;
    uint32_t n = 0;
    for (uint32_t k = s->first[i]; k < s->first[i + 1]; k++) {
        const uint32_t j = s->neighbours[k];
        if (s->is_placed[j])
            s->spans[n++] = (span){ p->offsets[j], p->offsets[j] + p->sizes[j] };
    }
    sort_spans(s->spans, n);
    s->n_looks += s->first[i + 1] - s->first[i] + 1;
    uint64_t end = 0, best = UINT64_MAX, best_room = UINT64_MAX;
    for (uint32_t k = 0; k < n; k++) {
        const uint64_t begin = aligned(end, p->items[i].align);
        if (begin + p->sizes[i] <= s->spans[k].begin && s->spans[k].begin - end < best_room) {
            best = begin;
            best_room = s->spans[k].begin - end;
        }
        if (s->spans[k].end > end) end = s->spans[k].end;
    }
    return best != UINT64_MAX ? best : aligned(end, p->items[i].align);
}

/* Places all in the present order and returns by how much they are above the bound, in sum: what
 * the search brings down. It tells more than the total, which one interval alone may decide. */
static uint64_t place_all(placer *s)
{
    pare_packer *p = s->p;
    uint64_t total = 0, excess = 0;
    memset(s->is_placed, 0, p->n);
    for (uint32_t at = 0; at < p->n; at++) {
        const uint32_t i = s->order[at];
        p->offsets[i] = 0;
        if (!p->sizes[i]) continue;
        p->offsets[i] = place(s, i);
        s->is_placed[i] = 1;
        const uint64_t end = p->offsets[i] + p->sizes[i];
        if (end > total) total = end;
        if (end > p->bound && !pare_add_u64(excess, end - p->bound, &excess)) excess = UINT64_MAX;
    }
    pare_packer_offer(p, total);
    return excess;
}

/* --- orders ----------------------------------------------------------------------------------- */

/* The most that lives at one time of an interval's life. */
static uint64_t pressure(const placer *s, uint32_t i)
{
    const pare_packer *p = s->p;
    uint64_t most = p->load[i];
    for (uint32_t k = s->first[i]; k < s->first[i + 1]; k++) {
        const uint32_t j = s->neighbours[k];
        if (p->items[j].first >= p->items[i].first && p->load[j] > most) most = p->load[j];
    }
    return most;
}

enum { BY_SIZE, BY_PRESSURE, BY_AREA, BY_LENGTH, BY_START, N_ORDERS };

static uint64_t key_of(const placer *s, uint32_t i, int by)
{
    const pare_packer *p = s->p;
    const uint64_t length = (uint64_t)p->items[i].last - p->items[i].first + 1;
    uint64_t area;
    switch (by) {
    case BY_SIZE: return p->sizes[i];
    case BY_PRESSURE: return pressure(s, i);
    case BY_AREA: return pare_mul_u64(p->sizes[i], length, &area) ? area : UINT64_MAX;
    case BY_LENGTH: return length;
    default: return UINT32_MAX - p->items[i].first;
    }
}

static bool is_over(const placer *s)
{
    return s->p->best_total == s->p->bound || s->n_looks >= MAX_LOOKS;
}

/* The order that comes out best is left in best_order. */
static uint64_t try_orders(placer *s)
{
    uint64_t best = UINT64_MAX;
    for (int by = 0; by < N_ORDERS && (best == UINT64_MAX || !is_over(s)); by++) {
        for (uint32_t i = 0; i < s->p->n; i++) s->keys[i] = key_of(s, i, by);
        pare_packer_sort(s->p, s->order, s->keys, s->scratch);
        const uint64_t excess = place_all(s);
        if (excess >= best) continue;
        best = excess;
        memcpy(s->best_order, s->order, s->p->n * sizeof(*s->order));
    }
    return best;
}

/* --- exchanges -------------------------------------------------------------------------------- */

/* xorshift64*, from a constant: the same for the same intervals. */
static uint32_t draw(placer *s, uint32_t below)
{
    s->random ^= s->random >> 12;
    s->random ^= s->random << 25;
    s->random ^= s->random >> 27;
    return (uint32_t)((s->random * UINT64_C(2685821657736338717)) >> 33) % below;
}

/* One of the intervals that end above the bound, in the attempt that was made last. */
static uint32_t draw_high(placer *s)
{
    const pare_packer *p = s->p;
    uint32_t found = UINT32_MAX, n = 0;
    for (uint32_t i = 0; i < p->n; i++) {
        if (!p->sizes[i] || p->offsets[i] + p->sizes[i] <= p->bound) continue;
        if (!draw(s, ++n)) found = i;
    }
    return found;
}

/* Moves an interval in the order to where another stands. */
static void move_to(placer *s, uint32_t from, uint32_t to)
{
    const uint32_t moved = s->order[from];
    memmove(&s->order[to + 1], &s->order[to], (from - to) * sizeof(*s->order));
    s->order[to] = moved;
}

/* What sticks out goes in front of one that it lives together with, drawn; what comes out no worse
 * is kept, so that the search can walk along a plateau. */
static void exchange(placer *s, uint64_t best)
{
    const uint32_t n = s->p->n;
    memcpy(s->order, s->best_order, n * sizeof(*s->order));
    place_all(s);
    for (uint32_t round = 0; round < MAX_EXCHANGES && !is_over(s); round++) {
        const uint32_t i = draw_high(s);
        for (uint32_t at = 0; at < n; at++) s->rank[s->order[at]] = at;
        if (i == UINT32_MAX || !s->rank[i]) return;
        const uint32_t n_near = s->first[i + 1] - s->first[i];
        uint32_t to = draw(s, s->rank[i]);
        for (uint32_t k = 0; k < 4 && n_near; k++) {
            const uint32_t j = s->neighbours[s->first[i] + draw(s, n_near)];
            if (s->rank[j] < s->rank[i]) to = s->rank[j];
        }
        move_to(s, s->rank[i], to);
        const uint64_t excess = place_all(s);
        if (excess <= best) {
            best = excess;
            memcpy(s->best_order, s->order, n * sizeof(*s->order));
        } else {
            memcpy(s->order, s->best_order, n * sizeof(*s->order));
            place_all(s);
        }
    }
}

/* --- the whole -------------------------------------------------------------------------------- */

static pare_status allocate(placer *s, void *memory[2])
{
    const size_t n = s->p->n, n_near = 2 * (size_t)s->p->n_pairs;
    const size_t n_bytes = n * (sizeof(*s->keys) + sizeof(*s->scratch)) +
                           (4 * n + 1 + n_near) * sizeof(uint32_t) + n;
    memory[0] = pare_alloc(s->p->ctx, n_bytes);
    if (!memory[0]) return pare_fail_memory(s->p->ctx, n_bytes);
    s->scratch = memory[0];
    s->keys = (uint64_t *)(s->scratch + n);
    s->first = (uint32_t *)(s->keys + n);
    s->neighbours = s->first + n + 1;
    s->order = s->neighbours + n_near;
    s->rank = s->order + n;
    s->best_order = s->rank + n;
    s->is_placed = (uint8_t *)(s->best_order + n);
    const size_t most = list_neighbours(s) + (size_t)1;
    memory[1] = pare_alloc(s->p->ctx, most * sizeof(*s->spans));
    if (!memory[1]) return pare_fail_memory(s->p->ctx, most * sizeof(*s->spans));
    s->spans = memory[1];
    return PARE_OK;
}

pare_status pare_pack_orders(pare_packer *p)
{
    placer s = { .p = p, .random = UINT64_C(0x9e3779b97f4a7c15) };
    void *memory[2] = { NULL, NULL };
    const pare_status st = allocate(&s, memory);
    if (!st) {
        const uint64_t excess = try_orders(&s);
        if (!is_over(&s)) exchange(&s, excess);
    }
    pare_free(p->ctx, memory[0]);
    pare_free(p->ctx, memory[1]);
    return st;
}
