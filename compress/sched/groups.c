#include "sched/fuser.h"


/* Values are appended to one list that may move: groups have offsets until all are there. */
typedef struct lister {
    pare_ctx *ctx;
    const pare_fuser *f;
    pare_groups *groups;
    uint32_t *seen;           /* by value handle: index + 1 of the last group that listed it */
    pare_value_id *values;
    size_t n_values, values_cap;
} lister;

static pare_status append(lister *l, pare_value_id value)
{
    PARE_TRY(pare_grow(l->ctx, &l->values, &l->values_cap, l->n_values + 1, sizeof(*l->values)));
    l->values[l->n_values++] = value;
    return PARE_OK;
}

/* An input of group g, unless it is made inside or there already. */
static pare_status append_input(lister *l, uint32_t g, pare_value_id value)
{
    if (value == PARE_NONE || l->seen[value] == g + 1) return PARE_OK;
    const pare_value *v = pare_value_at(l->f->model, value);
    if (v->graph == l->f->graph && v->producer != PARE_NONE &&
        l->groups->of_node[v->producer] == g)
        return PARE_OK;
    l->seen[value] = g + 1;
    return append(l, value);
}

/* What a graph nested in ours uses of ours or of those around it. */
static pare_status append_captured(lister *l, uint32_t g, const pare_graph *nested);

static pare_status append_inputs(lister *l, uint32_t g, const pare_node *n)
{
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const pare_value_id v = n->inputs[i].value;
        if (v == PARE_NONE || pare_value_at(l->f->model, v)->graph->depth > l->f->graph->depth)
            continue; /* a value of a nested graph that we came through */
        PARE_TRY(append_input(l, g, v));
    }
    for (uint32_t a = 0; a < n->n_attrs; a++) {
        const pare_attr *attr = n->attrs[a];
        if (attr->type != PARE_ATTR_GRAPH && attr->type != PARE_ATTR_GRAPHS) continue;
        for (uint32_t i = 0; i < attr->n; i++) PARE_TRY(append_captured(l, g, attr->graphs[i]));
    }
    return PARE_OK;
}

static pare_status append_captured(lister *l, uint32_t g, const pare_graph *nested)
{
    const pare_model *model = l->f->model;
    for (pare_node_id id = nested->first_node; id != PARE_NONE; id = pare_node_at(model, id)->next)
        PARE_TRY(append_inputs(l, g, pare_node_at(model, id)));
    for (size_t i = 0; i < nested->outputs.n; i++) {
        const pare_value_id v = nested->outputs.items[i].value;
        if (v == PARE_NONE || pare_decl_is_dead(model, &nested->outputs.items[i])) continue;
        if (pare_value_at(model, v)->graph->depth <= l->f->graph->depth)
            PARE_TRY(append_input(l, g, v));
    }
    return PARE_OK;
}

/* The position that ends the group of a node. */
static uint32_t end_of(const pare_fuser *f, uint32_t at)
{
    return f->group[at] == PARE_NONE ? at : f->group[at];
}

/* Gives every group its number and rule, every node its group and place. */
static void place_nodes(lister *l, pare_node_id *nodes, uint8_t *places)
{
    const pare_fuser *f = l->f;
    pare_groups *gs = l->groups;
    for (uint32_t at = 0; at < f->n; at++) {
        if (end_of(f, at) != at) continue;
        const uint32_t rule = f->rule[at];
        gs->of_node[f->order[at]] = gs->n;
        gs->items[gs->n++] = (pare_group){
            .rule = rule == PARE_NONE ? NULL : &f->rules->items[rule],
            .anchor = f->order[f->anchor[at]],
        };
    }
    for (uint32_t at = 0; at < f->n; at++) {
        const uint32_t g = gs->of_node[f->order[end_of(f, at)]];
        gs->of_node[f->order[at]] = g;
        gs->items[g].n_nodes++;
    }
    uint32_t next = 0;
    for (uint32_t g = 0; g < gs->n; g++) {
        gs->items[g].nodes = nodes + next;
        gs->items[g].places = places + next;
        next += gs->items[g].n_nodes;
        gs->items[g].n_nodes = 0;
    }
    for (uint32_t at = 0; at < f->n; at++) {
        pare_group *g = &gs->items[gs->of_node[f->order[at]]];
        const size_t slot = (size_t)(g->nodes - nodes) + g->n_nodes++;
        nodes[slot] = f->order[at];
        places[slot] = f->place[at];
    }
}

static pare_status list_values(lister *l)
{
    const pare_model *model = l->f->model;
    for (uint32_t g = 0; g < l->groups->n; g++) {
        pare_group *group = &l->groups->items[g];
        const size_t begin = l->n_values;
        for (uint32_t i = 0; i < group->n_nodes; i++)
            PARE_TRY(append_inputs(l, g, pare_node_at(model, group->nodes[i])));
        const size_t middle = l->n_values;
        const pare_node *last = pare_node_at(model, group->nodes[group->n_nodes - 1]);
        for (uint32_t i = 0; i < last->n_outputs; i++)
            if (last->outputs[i] != PARE_NONE) PARE_TRY(append(l, last->outputs[i]));
        group->n_inputs = (uint32_t)(middle - begin);
        group->n_outputs = (uint32_t)(l->n_values - middle);
    }
    size_t at = 0;
    for (uint32_t g = 0; g < l->groups->n; g++) {
        pare_group *group = &l->groups->items[g];
        group->inputs = l->values + at;
        group->outputs = l->values + at + group->n_inputs;
        at += (size_t)group->n_inputs + group->n_outputs;
    }
    return PARE_OK;
}

/* items, of_node, nodes and places in memory[0], the values in memory[1]. */
static pare_status allocate(pare_ctx *ctx, lister *l, pare_node_id **nodes, uint8_t **places)
{
    const pare_fuser *f = l->f;
    const size_t n_nodes = f->model->n_nodes;
    const size_t n_bytes = f->n * (sizeof(pare_group) + sizeof(pare_node_id) + 1) +
                           n_nodes * sizeof(uint32_t);
    l->groups = pare_alloc_zero(ctx, sizeof(*l->groups));
    if (!l->groups) return pare_fail_memory(ctx, sizeof(*l->groups));
    l->groups->graph = f->graph;
    l->groups->n_of_node = n_nodes;
    l->groups->memory[0] = pare_alloc(ctx, n_bytes ? n_bytes : 1);
    if (!l->groups->memory[0]) return pare_fail_memory(ctx, n_bytes);
    l->groups->items = l->groups->memory[0];
    *nodes = (pare_node_id *)(l->groups->items + f->n);
    l->groups->of_node = *nodes + f->n;
    *places = (uint8_t *)(l->groups->of_node + n_nodes);
    for (size_t i = 0; i < n_nodes; i++) l->groups->of_node[i] = PARE_NONE;
    const size_t n_values = f->model->n_values;
    l->seen = pare_alloc_zero(ctx, n_values ? n_values * sizeof(*l->seen) : 1);
    return l->seen ? PARE_OK : pare_fail_memory(ctx, n_values * sizeof(*l->seen));
}

pare_status pare_groups_make(pare_ctx *ctx, pare_groups **out, const pare_fuser *f)
{
    lister l = { .ctx = ctx, .f = f };
    pare_node_id *nodes = NULL;
    uint8_t *places = NULL;
    pare_status st = allocate(ctx, &l, &nodes, &places);
    if (!st) {
        place_nodes(&l, nodes, places);
        st = list_values(&l);
    }
    pare_free(ctx, l.seen);
    if (l.groups) l.groups->memory[1] = l.values;
    if (st) pare_groups_free(ctx, l.groups);
    else *out = l.groups;
    return st;
}

void pare_groups_free(pare_ctx *ctx, pare_groups *groups)
{
    if (!groups) return;
    pare_free(ctx, groups->memory[0]);
    pare_free(ctx, groups->memory[1]);
    pare_free(ctx, groups);
}
