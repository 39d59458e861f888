#include "run/planner.h"

#include <stdlib.h>

/* When what islands gave is let go of: after the last step that reads it. */

typedef struct reader {
    pare_planner *p;
    uint32_t step;
} reader;

static void note_read(void *user, pare_value_id value)
{
    const reader *r = user;
    if (value != PARE_NONE && r->p->values[value].in_evaluator)
        r->p->last_read[value] = r->step + 1;
}

void pare_plan_note_island(pare_planner *p, const pare_node *node)
{
    reader r = { p, (uint32_t)p->plan->n_steps - 1 };
    for (uint32_t i = 0; i < node->n_inputs; i++) note_read(&r, node->inputs[i].value);
    for (uint32_t i = 0; i < node->n_outputs; i++) note_read(&r, node->outputs[i]);
    pare_plan_visit_nested(node, note_read, &r);
}

static int by_step(const void *a, const void *b)
{
    const pare_drop *x = a;
    const pare_drop *y = b;
    return (x->after > y->after) - (x->after < y->after);
}

/* The last step that reads a value, or the memory of its datum. */
static uint32_t last_step_of(const pare_planner *p, pare_value_id value)
{
    uint32_t last = p->last_read[value] - 1;
    const pare_planned *v = &p->values[value];
    if (!v->n_forms) return last;
    const pare_buffer *b = &p->plan->buffers[v->forms[0].buffer];
    return b->first <= b->last && b->last > last ? b->last : last;
}

pare_status pare_plan_find_drops(pare_planner *p)
{
    pare_plan *plan = p->plan;
    size_t n = 0;
    for (size_t i = 0; i < p->model->graph->outputs.n; i++)
        if (plan->results[i].buffer == PARE_NO_BUFFER) p->last_read[plan->results[i].value] = 0;
    for (size_t i = 0; i < p->model->n_values; i++) n += p->last_read[i] != 0;
    plan->drops = pare_plan_args(p, (n + 1) * sizeof(*plan->drops));
    if (!plan->drops) return pare_arena_fail(p->ctx, &plan->arena);
    for (size_t i = 0; i < p->model->n_values; i++) {
        const bool is_given = p->model->values[i].producer == PARE_NONE; /* by the caller */
        if (p->last_read[i] && !is_given)
            plan->drops[plan->n_drops++] =
                (pare_drop){ last_step_of(p, (pare_value_id)i), (pare_value_id)i };
    }
    qsort(plan->drops, plan->n_drops, sizeof(*plan->drops), by_step);
    return PARE_OK;
}
