#include "ir/check.h"

#include "ir/checks.h"
#include "ir/order.h"

#include <inttypes.h>
#include <stdio.h>

const char *pare_check_graph_name(const pare_graph *graph)
{
    return graph ? pare_str_or_empty(graph->name) : "";
}

pare_status pare_check_node_fail(const checker *c, pare_node_id node, const char *what)
{
    const pare_node *n = &c->model->nodes[node];
    return pare_fail(c->ctx, PARE_EFORMAT, "graph '%s': node %" PRIu32 " '%s' (%s): %s",
                     pare_check_graph_name(n->graph), node, pare_str_or_empty(n->name),
                     pare_str_or_empty(n->op_type), what);
}

pare_status pare_check_value_fail(const checker *c, pare_value_id value, const char *what)
{
    const pare_value *v = &c->model->values[value];
    return pare_fail(c->ctx, PARE_EFORMAT, "graph '%s': value %" PRIu32 " '%s': %s",
                     pare_check_graph_name(v->graph), value, pare_str_or_empty(v->name), what);
}

pare_status pare_check_graph_fail(const checker *c, const pare_graph *graph, const char *what)
{
    return pare_fail(c->ctx, PARE_EFORMAT, "graph %" PRIu32 " '%s': %s", graph->scope,
                     pare_check_graph_name(graph), what);
}

/* Whether a graph was handed to a node. One that was not yet, or that a removed node left empty, is
 * not run by anybody. */
static bool is_owned(const pare_graph *graph)
{
    return graph->owner != PARE_NONE;
}

/* Whether an attribute of the owner holds the graph. */
static bool is_held(const pare_node *owner, const pare_graph *graph)
{
    for (uint32_t i = 0; i < owner->n_attrs; i++) {
        const pare_attr *a = owner->attrs[i];
        if (a->type != PARE_ATTR_GRAPH && a->type != PARE_ATTR_GRAPHS) continue;
        for (uint32_t k = 0; k < a->n; k++)
            if (a->graphs[k] == graph) return true;
    }
    return false;
}

static pare_status check_place(const checker *c, const pare_graph *g, uint32_t scope)
{
    const pare_model *m = c->model;
    const uint32_t depth = g->parent ? g->parent->depth + 1 : 0;
    if (g->model != m) return pare_check_graph_fail(c, g, "belongs to another model");
    if (g->scope != scope)
        return pare_check_graph_fail(c, g, "stands at another place of the table");
    if (g->depth != depth)
        return pare_check_graph_fail(c, g, "depth does not follow from its parent");
    if (g->function && g->function->body != g)
        return pare_check_graph_fail(c, g, "is not the body of its function");
    if (!is_owned(g)) return PARE_OK;
    if (g->owner >= m->n_nodes) return pare_check_graph_fail(c, g, "owner is no node");
    const pare_node *owner = &m->nodes[g->owner];
    if (!owner->graph || !is_held(owner, g))
        return pare_check_graph_fail(c, g, "no attribute of its owner holds it");
    if (owner->graph != g->parent)
        return pare_check_graph_fail(c, g, "owner stands in another graph than its parent");
    return PARE_OK;
}

static pare_status check_graphs(const checker *c)
{
    const pare_model *m = c->model;
    if (!m->n_graphs || m->graphs[0] != m->graph)
        return pare_fail(c->ctx, PARE_EFORMAT, "the main graph is not the first of the table");
    for (size_t i = 0; i < m->n_graphs; i++) PARE_TRY(check_place(c, m->graphs[i], (uint32_t)i));
    for (size_t i = 0; i < m->n_functions; i++) {
        const pare_function *f = m->functions[i];
        if (f->body->function != f || f->body->parent || is_owned(f->body))
            return pare_check_graph_fail(c, f->body, "does not know the function whose body it is");
    }
    return PARE_OK;
}

static pare_status check_opsets(const checker *c, const pare_opsets *opsets, const char *where)
{
    pare_map seen = { 0 };
    pare_status st = PARE_OK;
    for (size_t i = 0; !st && i < opsets->n; i++) {
        const char *domain = pare_domain_normal(opsets->items[i].domain);
        uint32_t first = 0;
        if (pare_map_get(&seen, 0, domain, &first) &&
            opsets->items[first].version != opsets->items[i].version)
            st = pare_fail(c->ctx, PARE_EFORMAT,
                           "%s: opset_import: domain '%s' is there twice, in two versions", where,
                           domain);
        if (!st) st = pare_map_put(c->ctx, &seen, 0, domain, (uint32_t)i);
    }
    pare_map_free(c->ctx, &seen);
    return st;
}

static pare_status check_all_opsets(const checker *c)
{
    const pare_model *m = c->model;
    PARE_TRY(check_opsets(c, &m->opsets, "model"));
    for (size_t i = 0; i < m->n_functions; i++)
        PARE_TRY(
            check_opsets(c, &m->functions[i]->opsets, pare_str_or_empty(m->functions[i]->name)));
    return PARE_OK;
}

static pare_status check_cycles(const checker *c)
{
    for (size_t i = 0; i < c->model->n_graphs; i++) {
        bool ordered = false;
        pare_node_id *order = NULL;
        PARE_TRY(pare_graph_is_ordered(c->ctx, &ordered, c->model->graphs[i]));
        if (ordered) continue;
        PARE_TRY(pare_graph_order(c->ctx, &order, c->model->graphs[i]));
        pare_free(c->ctx, order);
    }
    return PARE_OK;
}

pare_status pare_graph_check(pare_ctx *ctx, const pare_model *model, const char *after_pass)
{
    const checker c = { ctx, model };
    /* Each part relies on those before it. */
    pare_status st = check_graphs(&c);
    if (!st) st = pare_check_nodes(&c);
    if (!st) st = pare_check_values(&c);
    if (!st) st = pare_check_decls(&c);
    if (!st) st = pare_check_uses(&c);
    if (!st) st = pare_check_tensors(&c);
    if (!st) st = check_all_opsets(&c);
    if (!st) st = check_cycles(&c);
    if (st != PARE_EFORMAT || !after_pass) return st;
    return pare_fail_in(ctx, st, "after %s: ", after_pass);
}
