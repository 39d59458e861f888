#include "run/planner.h"

#include <stdlib.h>
#include <string.h>

/* Places of buffers in the arena: the largest first, each as low as those that are alive at the
 * same time leave room. */

enum { ALIGNMENT = 64 };

static int by_size(const void *a, const void *b)
{
    const pare_buffer *x = *(pare_buffer *const *)a;
    const pare_buffer *y = *(pare_buffer *const *)b;
    if (x->n_bytes != y->n_bytes) return x->n_bytes < y->n_bytes ? 1 : -1;
    return x->first < y->first ? -1 : x->first > y->first;
}

static int by_offset(const void *a, const void *b)
{
    const pare_buffer *x = *(pare_buffer *const *)a;
    const pare_buffer *y = *(pare_buffer *const *)b;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

static uint64_t rounded(uint64_t n_bytes)
{
    return (n_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

/* placed [n] is in the order of offsets. */
static uint64_t lowest_gap(pare_buffer *const *placed, size_t n, const pare_buffer *b)
{
    uint64_t at = 0;
    uint64_t best = UINT64_MAX;
    uint64_t best_size = UINT64_MAX;
    const uint64_t size = rounded(b->n_bytes);
    for (size_t i = 0; i < n; i++) {
        const pare_buffer *o = placed[i];
        if (o->last < b->first || o->first > b->last) continue;
        if (o->offset >= at + size && o->offset - at < best_size) {
            best = at;
            best_size = o->offset - at;
        }
        if (o->offset + rounded(o->n_bytes) > at) at = o->offset + rounded(o->n_bytes);
    }
    return best == UINT64_MAX ? at : best;
}

static void place_all(pare_buffer **order, size_t n, pare_plan_cost *cost)
{
    qsort(order, n, sizeof(*order), by_size);
    for (size_t i = 0; i < n; i++) {
        order[i]->offset = lowest_gap(order, i, order[i]);
        const uint64_t end = order[i]->offset + rounded(order[i]->n_bytes);
        if (end > cost->arena_bytes) cost->arena_bytes = end;
        for (size_t k = i; k > 0 && by_offset(&order[k], &order[k - 1]) < 0; k--) {
            pare_buffer *swapped = order[k];
            order[k] = order[k - 1];
            order[k - 1] = swapped;
        }
    }
}

/* The most that is alive at one step. */
static pare_status find_bound(pare_planner *p)
{
    const pare_plan *plan = p->plan;
    int64_t *change = pare_alloc_zero(p->ctx, (plan->n_steps + 2) * sizeof(*change));
    if (!change) return pare_fail_memory(p->ctx, plan->n_steps * sizeof(*change));
    for (size_t i = 0; i < plan->n_buffers; i++) {
        const pare_buffer *b = &plan->buffers[i];
        if (b->kind != PARE_BUFFER_ARENA || b->first > b->last) continue;
        change[b->first] += (int64_t)rounded(b->n_bytes);
        change[b->last + 1] -= (int64_t)rounded(b->n_bytes);
    }
    int64_t alive = 0;
    for (size_t i = 0; i < plan->n_steps; i++) {
        alive += change[i];
        if ((uint64_t)alive > p->plan->cost.lower_bound_bytes)
            p->plan->cost.lower_bound_bytes = (uint64_t)alive;
    }
    pare_free(p->ctx, change);
    return PARE_OK;
}

/* Constants that steps read stand at addresses that suit their type. */
static pare_status align_constants(pare_planner *p)
{
    for (size_t i = 0; i < p->model->n_values; i++) {
        pare_planned *v = &p->values[i];
        if (!v->constant || !v->n_forms) continue;
        pare_buffer *b = &p->plan->buffers[v->forms[0].buffer];
        const size_t width = pare_laid_width(&v->forms[0]);
        const pare_tensor *t = v->constant;
        if (b->kind != PARE_BUFFER_CONSTANT || b->first > b->last ||
            (uintptr_t)b->address % width == 0)
            continue;
        void *copy = pare_arena_copy(&p->plan->arena, t->payload.data, t->payload.n);
        if (!copy) return pare_arena_fail(p->ctx, &p->plan->arena);
        b->address = copy;
    }
    return PARE_OK;
}

pare_status pare_plan_settle(pare_planner *p)
{
    pare_plan *plan = p->plan;
    pare_buffer **order = pare_alloc(p->ctx, (plan->n_buffers + 1) * sizeof(*order));
    if (!order) return pare_fail_memory(p->ctx, plan->n_buffers * sizeof(*order));
    size_t n = 0;
    for (size_t i = 0; i < plan->n_buffers; i++) {
        pare_buffer *b = &plan->buffers[i];
        if (b->kind == PARE_BUFFER_ARENA && b->first <= b->last) order[n++] = b;
    }
    place_all(order, n, &plan->cost);
    pare_free(p->ctx, order);
    plan->cost.n_steps = plan->n_steps;
    PARE_TRY(find_bound(p));
    return align_constants(p);
}
