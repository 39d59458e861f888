#include "run/planner.h"

#include <string.h>

/* Nodes that run by eval. What they take from steps is wrapped as tensors; what they give stays in
 * the evaluator, and steps read it there. */

typedef struct taker {
    pare_planner *p;
    struct pare_island_value *items; /* NULL: only counting */
    uint32_t n;
    pare_status st;
} taker;

/* Values that the evaluator has already (inputs of the model, what islands gave) are left out. */
static void take(void *user, pare_value_id value)
{
    taker *t = user;
    pare_planner *p = t->p;
    if (value == PARE_NONE || t->st) return;
    const pare_planned *known = &p->values[value];
    if (known->in_evaluator) {
        if (known->n_forms) p->plan->buffers[known->forms[0].buffer].is_lent = true;
        return;
    }
    t->st = pare_plan_narrow(p, value);
    if (t->st || (!pare_plan_has(p, value) && !pare_plan_constant_shape(p, value)))
        return;
    if (t->items) {
        struct pare_island_value *v = &t->items[t->n];
        *v = (struct pare_island_value){ .value = value };
        v->laid.buffer = PARE_NO_BUFFER;
        t->st = pare_plan_align(p, value);
        v->constant = p->values[value].constant;
        v->is_variable = v->constant && pare_plan_is_variable(p, value);
        if (!t->st && !v->constant) t->st = pare_plan_need(p, value, PARE_FORM_PLAIN, &v->laid);
    }
    t->n++;
}

static void take_all(taker *t, const pare_node *node)
{
    t->n = 0;
    for (uint32_t i = 0; i < node->n_inputs; i++) take(t, node->inputs[i].value);
    pare_plan_visit_nested(node, take, t);
}

static pare_status give(pare_planner *p, const pare_node *node, struct pare_island_value *items,
                        uint32_t *n)
{
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        const pare_value_id value = node->outputs[i];
        if (value == PARE_NONE) continue;
        p->values[value].in_evaluator = true;
        struct pare_island_value *v = &items[*n];
        if (!pare_plan_shape(p, value, &v->laid)) continue;
        v->value = value;
        pare_laid_arrange(&v->laid, PARE_FORM_PLAIN);
        PARE_TRY(pare_plan_outside(p, value, PARE_BUFFER_ISLAND, value, &v->laid));
        (*n)++;
    }
    return PARE_OK;
}

static size_t count_nodes(const pare_model *model, const pare_node *node)
{
    size_t n = 0;
    for (uint32_t a = 0; a < node->n_attrs; a++) {
        const pare_attr *attr = node->attrs[a];
        for (uint32_t g = 0; attr->type == PARE_ATTR_GRAPH && g < attr->n; g++)
            for (pare_node_id id = attr->graphs[g]->first_node; id != PARE_NONE;
                 id = model->nodes[id].next)
                n += 1 + count_nodes(model, &model->nodes[id]);
    }
    return n;
}

static size_t count_unplanned(const pare_planner *p, const pare_node *node)
{
    size_t n = count_nodes(p->model, node);
    for (uint32_t i = 0; i < node->n_outputs; i++)
        n += node->outputs[i] != PARE_NONE && !pare_plan_has(p, node->outputs[i]);
    return n;
}

pare_status pare_plan_island(pare_planner *p, pare_node_id id)
{
    const pare_node *node = &p->model->nodes[id];
    taker t = { .p = p };
    take_all(&t, node);
    const size_t n = t.n + node->n_outputs;
    pare_island *island = pare_plan_args(p, sizeof(*island));
    struct pare_island_value *items = pare_plan_args(p, (n + 1) * sizeof(*items));
    const pare_laid **touches = pare_plan_args(p, (n + 1) * sizeof(*touches));
    if (!island || !items || !touches) return pare_arena_fail(p->ctx, &p->plan->arena);
    t.items = items;
    take_all(&t, node);
    if (t.st) return t.st;
    *island = (pare_island){ .node = id, .n_in = t.n, .in = items, .out = items + t.n };
    PARE_TRY(give(p, node, items + t.n, &island->n_out));
    for (size_t i = 0; i < n; i++) touches[i] = &items[i].laid;
    p->plan->cost.n_islands++;
    p->plan->cost.n_unplanned += count_unplanned(p, node);
    const pare_step step = { .args = island, .n_tasks = 1, .kernel = "eval" };
    PARE_TRY(pare_plan_step(p, &step, touches, t.n + island->n_out));
    pare_plan_note_island(p, node);
    return PARE_OK;
}
