#include "run/planner.h"

/* Kept values: where they are when they have come to exist, so that observers can look. */

static pare_status watch(pare_planner *p, pare_value_id value)
{
    pare_plan *plan = p->plan;
    const pare_planned *v = &p->values[value];
    if (p->is_kept[value]) PARE_TRY(pare_plan_narrow(p, value));
    if (!p->is_kept[value] || (!v->n_forms && !v->constant && !v->in_evaluator)) return PARE_OK;
    if (!pare_arena_grow(&plan->arena, &plan->watches, &plan->watches_cap, plan->n_watches + 1,
                         sizeof(*plan->watches)))
        return pare_arena_fail(p->ctx, &plan->arena);
    pare_watch *w = &plan->watches[plan->n_watches++];
    *w = (pare_watch){ .value = value, .after = plan->n_steps };
    w->laid.buffer = PARE_NO_BUFFER;
    if (v->in_evaluator && p->last_read[value] < plan->n_steps)
        p->last_read[value] = (uint32_t)plan->n_steps;
    if (v->constant) {
        w->constant = v->constant;
        w->is_variable = pare_plan_is_variable(p, value);
    } else if (v->n_forms) {
        /* Later steps of a group may have begun to write over what died before they ran. */
        pare_buffer *b = &plan->buffers[v->forms[0].buffer];
        const uint32_t at = (uint32_t)plan->n_steps - 1;
        w->laid = v->forms[0];
        if (plan->n_steps && b->last < at) b->last = at;
        if (plan->n_steps && b->first > at) b->first = at;
    }
    return PARE_OK;
}

pare_status pare_plan_watch_graph(pare_planner *p, const pare_graph *graph)
{
    for (size_t i = 0; i < graph->inputs.n; i++)
        if (graph->inputs.items[i].value != PARE_NONE)
            PARE_TRY(watch(p, graph->inputs.items[i].value));
    for (size_t i = 0; i < graph->initializers.n; i++)
        if (!p->model->values[graph->initializers.items[i]].is_input)
            PARE_TRY(watch(p, graph->initializers.items[i]));
    return PARE_OK;
}

pare_status pare_plan_watch_group(pare_planner *p, const pare_group *group)
{
    for (uint32_t i = 0; i < group->n_nodes; i++) {
        const pare_node *node = &p->model->nodes[group->nodes[i]];
        for (uint32_t k = 0; k < node->n_outputs; k++)
            if (node->outputs[k] != PARE_NONE) PARE_TRY(watch(p, node->outputs[k]));
    }
    return PARE_OK;
}
