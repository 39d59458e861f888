#include "sched/offsets.h"

#include "base/checked.h"
#include "sched/packer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* More pairs than this and only the sweep is tried: the lists of neighbours would take more memory
 * than they are worth. */
enum { MAX_PAIRS = 1 << 21 };

static int compare_keys(const void *a, const void *b)
{
    const pare_packer_key *x = a, *y = b;
    if (x->key != y->key) return x->key > y->key ? -1 : 1;
    if (x->size != y->size) return x->size > y->size ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

void pare_packer_sort(const pare_packer *p, uint32_t *order, const uint64_t *keys,
                      pare_packer_key *scratch)
{
    for (uint32_t i = 0; i < p->n; i++)
        scratch[i] = (pare_packer_key){ keys[i], p->sizes[i], i };
    qsort(scratch, p->n, sizeof(*scratch), compare_keys);
    for (uint32_t i = 0; i < p->n; i++) order[i] = scratch[i].index;
}

void pare_packer_offer(pare_packer *p, uint64_t total)
{
    if (total >= p->best_total) return;
    p->best_total = total;
    memcpy(p->best, p->offsets, p->n * sizeof(*p->best));
}

static pare_status check(pare_ctx *ctx, const pare_interval *items, size_t n)
{
    uint64_t sum = 0;
    if (n >= UINT32_MAX)
        return pare_fail(ctx, PARE_EUSAGE, "expected fewer than 2^32 - 1 intervals, found %zu", n);
    for (size_t i = 0; i < n; i++) {
        const uint64_t align = items[i].align ? items[i].align : 1;
        uint64_t size = 0;
        assert(!(align & (align - 1)));
        if (items[i].first > items[i].last)
            return pare_fail(ctx, PARE_EUSAGE,
                             "interval %zu: expected it to end at step %" PRIu32
                             " or later, found %" PRIu32,
                             i, items[i].first, items[i].last);
        if (!pare_align_u64(items[i].bytes, align, &size) || !pare_add_u64(sum, size, &sum) ||
            !pare_add_u64(sum, align, &sum) || sum > INT64_MAX)
            return pare_fail(ctx, PARE_EUSAGE,
                             "intervals: expected less than 2^63 bytes together, found more");
    }
    return PARE_OK;
}

/* Sizes become multiples of the alignment where all have the same one. */
static void round_sizes(pare_packer *p)
{
    const uint64_t align = p->n ? p->items[0].align : 0;
    bool is_same = true;
    for (uint32_t i = 0; i < p->n; i++) is_same &= p->items[i].align == align;
    for (uint32_t i = 0; i < p->n; i++) {
        p->sizes[i] = p->items[i].bytes;
        if (is_same && align) pare_align_u64(p->items[i].bytes, align, &p->sizes[i]);
    }
}

/* Sorts starts and ends; the loads, their maximum and the number of pairs follow. */
static void sweep(pare_packer *p, uint64_t *keys, pare_packer_key *scratch)
{
    uint64_t live_bytes = 0;
    uint32_t n_live = 0, ended = 0;
    for (uint32_t i = 0; i < p->n; i++) keys[i] = UINT32_MAX - p->items[i].first;
    pare_packer_sort(p, p->starts, keys, scratch);
    for (uint32_t i = 0; i < p->n; i++) keys[i] = UINT32_MAX - p->items[i].last;
    pare_packer_sort(p, p->ends, keys, scratch);
    for (uint32_t at = 0; at < p->n; at++) {
        const uint32_t i = p->starts[at];
        for (; p->items[p->ends[ended]].last < p->items[i].first; ended++) {
            live_bytes -= p->sizes[p->ends[ended]];
            n_live -= p->sizes[p->ends[ended]] != 0;
        }
        if (p->sizes[i]) p->n_pairs += n_live++;
        live_bytes += p->sizes[i];
        p->load[i] = live_bytes;
        if (live_bytes > p->bound) p->bound = live_bytes;
    }
    /* What begins at one step is there together. */
    for (uint32_t at = p->n; at-- > 1;) {
        const uint32_t i = p->starts[at], before = p->starts[at - 1];
        if (p->items[i].first == p->items[before].first) p->load[before] = p->load[i];
    }
}

static pare_status make(pare_packer *p, uint64_t *keys, pare_packer_key *scratch)
{
    round_sizes(p);
    sweep(p, keys, scratch);
    p->best_total = UINT64_MAX;
    PARE_TRY(pare_pack_sweep(p));
    if (p->best_total > p->bound && p->n_pairs <= MAX_PAIRS) PARE_TRY(pare_pack_orders(p));
    return PARE_OK;
}

static pare_arena_plan *new_plan(pare_ctx *ctx, size_t n)
{
    pare_arena_plan *plan = pare_alloc_zero(ctx, sizeof(*plan));
    if (!plan) return NULL;
    plan->n = n;
    plan->offsets = pare_alloc_zero(ctx, n ? n * sizeof(*plan->offsets) : 1);
    if (plan->offsets) return plan;
    pare_free(ctx, plan);
    return NULL;
}

pare_status pare_arena_plan_make(pare_ctx *ctx, pare_arena_plan **out,
                                 const pare_interval *intervals, size_t n)
{
    pare_packer p = { .ctx = ctx, .items = intervals, .n = (uint32_t)n };
    uint64_t *keys = NULL;
    pare_packer_key *scratch = NULL;
    *out = NULL;
    PARE_TRY(check(ctx, intervals, n));
    const size_t n_bytes = n * (4 * sizeof(uint64_t) + 2 * sizeof(uint32_t));
    pare_arena_plan *plan = new_plan(ctx, n);
    if (!plan) return pare_fail_memory(ctx, n * sizeof(uint64_t));
    pare_status st = PARE_OK;
    keys = pare_alloc(ctx, n_bytes ? n_bytes : 1);
    scratch = pare_alloc(ctx, n ? n * sizeof(*scratch) : 1);
    if (!keys || !scratch) {
        st = pare_fail_memory(ctx, n_bytes);
        goto done;
    }
    p.sizes = keys + n;
    p.load = p.sizes + n;
    p.offsets = p.load + n;
    p.starts = (uint32_t *)(p.offsets + n);
    p.ends = p.starts + n;
    p.best = plan->offsets;
    st = make(&p, keys, scratch);
    plan->total_bytes = p.best_total == UINT64_MAX ? 0 : p.best_total;
    plan->bound_bytes = p.bound;
done:
    pare_free(ctx, keys);
    pare_free(ctx, scratch);
    if (st) pare_arena_plan_free(ctx, plan);
    else *out = plan;
    return st;
}

void pare_arena_plan_free(pare_ctx *ctx, pare_arena_plan *plan)
{
    if (!plan) return;
    pare_free(ctx, plan->offsets);
    pare_free(ctx, plan);
}
