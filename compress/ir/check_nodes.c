#include "ir/checks.h"

static pare_status check_outputs(const checker *c, pare_node_id id)
{
    const pare_node *n = &c->model->nodes[id];
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        const pare_value_id value = n->outputs[i];
        if (value == PARE_NONE) continue;
        if (value >= c->model->n_values)
            return pare_check_node_fail(c, id, "an output is no value");
        const pare_value *v = &c->model->values[value];
        if (v->graph != n->graph)
            return pare_check_node_fail(c, id, "an output is of another graph");
        if (v->producer != id || v->producer_slot != i)
            return pare_check_value_fail(c, value, "does not know which node and slot produces it");
    }
    return PARE_OK;
}

static pare_status check_inputs(const checker *c, pare_node_id id)
{
    const pare_node *n = &c->model->nodes[id];
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const pare_use *u = &n->inputs[i];
        if (u->user != id || u->slot != i || u->graph != n->graph)
            return pare_check_node_fail(c, id, "an input does not know where it stands");
        if (u->value != PARE_NONE && u->value >= c->model->n_values)
            return pare_check_node_fail(c, id, "an input is no value");
        if (u->value != PARE_NONE && !c->model->values[u->value].graph)
            return pare_check_node_fail(c, id, "an input is a value that was removed");
    }
    return PARE_OK;
}

/* The nodes of a graph from first to last; *n_listed counts them. */
static pare_status check_list(const checker *c, const pare_graph *g, size_t *n_listed)
{
    const pare_model *m = c->model;
    pare_node_id prev = PARE_NONE;
    uint32_t n = 0;
    for (pare_node_id id = g->first_node; id != PARE_NONE; id = m->nodes[id].next) {
        if (id >= m->n_nodes) return pare_check_graph_fail(c, g, "its order holds what is no node");
        if (m->nodes[id].graph != g)
            return pare_check_node_fail(c, id, "stands in a foreign order");
        if (m->nodes[id].prev != prev) return pare_check_node_fail(c, id, "order is broken here");
        if (n++ == g->n_nodes) return pare_check_graph_fail(c, g, "has more nodes than it counts");
        prev = id;
    }
    if (g->last_node != prev) return pare_check_graph_fail(c, g, "its order ends too early");
    if (n != g->n_nodes) return pare_check_graph_fail(c, g, "has fewer nodes than it counts");
    *n_listed += n;
    return PARE_OK;
}

pare_status pare_check_nodes(const checker *c)
{
    const pare_model *m = c->model;
    size_t n_listed = 0;
    size_t n_live = 0;
    for (size_t i = 0; i < m->n_graphs; i++) PARE_TRY(check_list(c, m->graphs[i], &n_listed));
    for (size_t i = 0; i < m->n_nodes; i++) {
        const pare_node_id id = (pare_node_id)i;
        if (!m->nodes[i].graph) continue;
        n_live++;
        PARE_TRY(check_inputs(c, id));
        PARE_TRY(check_outputs(c, id));
    }
    if (n_live == n_listed) return PARE_OK;
    return pare_fail(c->ctx, PARE_EFORMAT, "%zu nodes stand in the orders of graphs, but %zu exist",
                     n_listed, n_live);
}

static pare_status check_producer(const checker *c, pare_value_id id)
{
    const pare_value *v = &c->model->values[id];
    if (v->tensor && v->sparse) return pare_check_value_fail(c, id, "has two payloads");
    if (v->producer == PARE_NONE) return PARE_OK;
    if (v->producer >= c->model->n_nodes)
        return pare_check_value_fail(c, id, "producer is no node");
    const pare_node *n = &c->model->nodes[v->producer];
    if (n->graph != v->graph || v->producer_slot >= n->n_outputs ||
        n->outputs[v->producer_slot] != id)
        return pare_check_value_fail(c, id, "its producer does not produce it");
    if (v->is_input) return pare_check_value_fail(c, id, "is an input of its graph and produced");
    if (v->tensor || v->sparse)
        return pare_check_value_fail(c, id, "is an initializer and produced");
    return PARE_OK;
}

pare_status pare_check_values(const checker *c)
{
    const pare_model *m = c->model;
    for (size_t i = 0; i < m->n_values; i++) {
        const pare_value_id id = (pare_value_id)i;
        const pare_value *v = &m->values[i];
        uint32_t found = 0;
        if (!v->graph) {
            if (v->n_uses || v->first_use || v->tensor || v->sparse)
                return pare_check_value_fail(c, id, "was removed, but has uses or a payload");
            continue;
        }
        if (v->graph->model != m) return pare_check_value_fail(c, id, "is of another model");
        if (!v->name || !*v->name) return pare_check_value_fail(c, id, "has no name");
        if (!pare_map_get(&m->names, v->graph->scope, v->name, &found) || found != id)
            return pare_check_value_fail(c, id,
                                         "its name is another's, or not in the map of names");
        PARE_TRY(check_producer(c, id));
    }
    return PARE_OK;
}
