#include "sched/scheduler.h"

#include <stdlib.h>

/* Depth first from the results, as one evaluates an expression with the fewest registers: of the
 * inputs of a group, the one goes first whose making needs most beyond what it leaves behind. Best
 * for trees; where values are shared, whoever comes first has them made. */

typedef struct child {
    uint64_t excess;          /* what its making needs beyond what it leaves */
    uint32_t group;
} child;

typedef struct frame {
    uint32_t group, next;
} frame;

typedef struct walker {
    const pare_sched_graph *g;
    uint64_t *need;           /* [n] at the most, while a group is made from nothing */
    uint32_t *children;       /* like g->needs, in the order they go */
    child *sorting;           /* [most needs of a group] */
    frame *stack;             /* [n] */
    uint8_t *is_seen;         /* [n] */
} walker;

static int compare(const void *a, const void *b)
{
    const child *x = a, *y = b;
    if (x->excess != y->excess) return x->excess > y->excess ? -1 : 1;
    return (x->group > y->group) - (x->group < y->group);
}

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* Groups stand in topological order, so what a group needs was seen before. */
static void weigh(walker *w, uint32_t group)
{
    const pare_sched_graph *g = w->g;
    const uint32_t begin = g->needs_begin[group], n = g->needs_begin[group + 1] - begin;
    uint64_t held = 0, need = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t c = g->needs[begin + i];
        w->sorting[i] = (child){ w->need[c] - g->made_bytes[c], c };
    }
    qsort(w->sorting, n, sizeof(*w->sorting), compare);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t c = w->sorting[i].group;
        w->children[begin + i] = c;
        if (add(held, w->need[c]) > need) need = add(held, w->need[c]);
        held = add(held, g->made_bytes[c]);
    }
    held = add(held, g->made_bytes[group]);
    w->need[group] = held > need ? held : need;
}

static uint32_t visit(walker *w, uint32_t root, uint32_t *out, uint32_t n)
{
    const pare_sched_graph *g = w->g;
    uint32_t depth = 0;
    w->is_seen[root] = 1;
    w->stack[depth++] = (frame){ root, g->needs_begin[root] };
    while (depth) {
        frame *top = &w->stack[depth - 1];
        if (top->next == g->needs_begin[top->group + 1]) {
            out[n++] = top->group;
            depth--;
            continue;
        }
        const uint32_t c = w->children[top->next++];
        if (w->is_seen[c]) continue;
        w->is_seen[c] = 1;
        w->stack[depth++] = (frame){ c, g->needs_begin[c] };
    }
    return n;
}

pare_status pare_sched_depth_first(pare_ctx *ctx, const pare_sched_graph *g, uint32_t *out)
{
    walker w = { .g = g };
    uint32_t most = 0, n = 0;
    const uint32_t n_needs = g->needs_begin[g->n];
    for (uint32_t i = 0; i < g->n; i++)
        if (g->needs_begin[i + 1] - g->needs_begin[i] > most)
            most = g->needs_begin[i + 1] - g->needs_begin[i];
    const size_t n_bytes = g->n * (sizeof(*w.need) + sizeof(*w.stack) + 1) +
                           most * sizeof(*w.sorting) + n_needs * sizeof(*w.children);
    void *memory = pare_alloc(ctx, n_bytes ? n_bytes : 1);
    if (!memory) return pare_fail_memory(ctx, n_bytes);
    w.need = memory;
    w.sorting = (child *)(w.need + g->n);
    w.stack = (frame *)(w.sorting + most);
    w.children = (uint32_t *)(w.stack + g->n);
    w.is_seen = (uint8_t *)(w.children + n_needs);
    for (uint32_t i = 0; i < g->n; i++) {
        w.is_seen[i] = 0;
        weigh(&w, i);
    }
    /* From each result in the order in which they stand: those that nothing needs. */
    for (uint32_t i = 0; i < g->n; i++)
        if (g->needed_begin[i] == g->needed_begin[i + 1]) n = visit(&w, i, out, n);
    pare_free(ctx, memory);
    return PARE_OK;
}
