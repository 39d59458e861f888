#include "run/planner.h"

#include "sched/offsets.h"

/* Places of buffers in the arena. */

enum { ALIGNMENT = 64 };

/* Constants that steps read stand at addresses that suit their type. */
static pare_status align_constants(pare_planner *p)
{
    for (size_t i = 0; i < p->model->n_values; i++) {
        const pare_planned *v = &p->values[i];
        if (!v->constant || !v->n_forms) continue;
        const pare_buffer *b = &p->plan->buffers[v->forms[0].buffer];
        if ((b->kind == PARE_BUFFER_CONSTANT || b->kind == PARE_BUFFER_VARIABLE) &&
            b->first <= b->last)
            PARE_TRY(pare_plan_align(p, (pare_value_id)i));
    }
    return PARE_OK;
}

static bool is_placed(const pare_buffer *b)
{
    return b->kind == PARE_BUFFER_ARENA && b->first <= b->last;
}

static pare_status place_all(pare_planner *p, pare_interval *intervals)
{
    pare_plan *plan = p->plan;
    pare_arena_plan *arena = NULL;
    size_t n = 0;
    for (size_t i = 0; i < plan->n_buffers; i++) {
        const pare_buffer *b = &plan->buffers[i];
        if (is_placed(b))
            intervals[n++] = (pare_interval){ b->first, b->last, b->n_bytes, ALIGNMENT };
    }
    PARE_TRY(pare_arena_plan_make(p->ctx, &arena, intervals, n));
    n = 0;
    for (size_t i = 0; i < plan->n_buffers; i++)
        if (is_placed(&plan->buffers[i])) plan->buffers[i].offset = arena->offsets[n++];
    plan->cost.arena_bytes = (arena->total_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    plan->cost.lower_bound_bytes = arena->bound_bytes;
    pare_arena_plan_free(p->ctx, arena);
    return PARE_OK;
}

pare_status pare_plan_settle(pare_planner *p)
{
    pare_plan *plan = p->plan;
    const size_t n_bytes = (plan->n_buffers + 1) * sizeof(pare_interval);
    pare_interval *intervals = pare_alloc(p->ctx, n_bytes);
    if (!intervals) return pare_fail_memory(p->ctx, n_bytes);
    const pare_status st = place_all(p, intervals);
    pare_free(p->ctx, intervals);
    plan->cost.n_steps = plan->n_steps;
    return st ? st : align_constants(p);
}

pare_node_id pare_plan_largest(const pare_plan *plan, uint64_t *n_bytes)
{
    pare_node_id node = PARE_NONE;
    *n_bytes = 0;
    for (size_t i = 0; i < plan->n_buffers; i++) {
        const pare_buffer *b = &plan->buffers[i];
        if (!is_placed(b) || b->n_bytes <= *n_bytes) continue;
        *n_bytes = b->n_bytes;
        node = plan->steps[b->first].node;
    }
    for (size_t i = 0; i < plan->model->graph->outputs.n; i++) {
        const pare_plan_result *r = &plan->results[i];
        if (r->buffer == PARE_NO_BUFFER) continue;
        const uint64_t size =
            (uint64_t)pare_laid_n_elements(&r->laid) * pare_laid_width(&r->laid);
        if (size <= *n_bytes) continue;
        *n_bytes = size;
        node = plan->model->values[r->value].producer;
    }
    return node;
}
