#include "run/planner.h"

#include "ir/order.h"

#include <string.h>

/* What has to run at all: everything that outputs depend on and that is not known before. */


/* Whether a value's content follows from shapes alone: integers that infer followed. */
bool pare_plan_is_known(const pare_planner *p, pare_value_id value)
{
    const pare_info *info = pare_shapes_of(p->shapes, value);
    if (!pare_info_has_rank(info) || !info->content) return false;
    const pare_dtype_class class = pare_dtype_of(info->dtype)->class;
    const uint32_t bits = pare_dtype_of(info->dtype)->bits;
    if (bits < 8 ||
        (class != PARE_CLASS_INT && class != PARE_CLASS_UINT && class != PARE_CLASS_BOOL))
        return false;
    for (uint32_t i = 0; i < info->n_content; i++)
        if (info->content[i].kind != PARE_NUM_INT) return false;
    return true;
}

/* The branch of an If that will be taken, when that is known and its outputs can be values of the
 * plan; else NULL. */
const pare_graph *pare_plan_branch(const pare_planner *p, const pare_node *node)
{
    if (!node->op_type || strcmp(node->op_type, "If") != 0 || *pare_node_domain(node) ||
        node->n_inputs != 1 || node->inputs[0].value == PARE_NONE)
        return NULL;
    const pare_info *cond = pare_shapes_of(p->shapes, node->inputs[0].value);
    const pare_num c = pare_info_at(cond, 0);
    if (cond->n_content != 1 || c.kind != PARE_NUM_INT) return NULL;
    const pare_attr *attr = pare_node_attr(node, c.i ? "then_branch" : "else_branch");
    if (!attr || attr->type != PARE_ATTR_GRAPH || attr->graphs[0]->outputs.n < node->n_outputs)
        return NULL;
    const pare_graph *branch = attr->graphs[0];
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        pare_laid laid;
        if (node->outputs[i] != PARE_NONE &&
            !pare_plan_shape(p, branch->outputs.items[i].value, &laid))
            return NULL;
    }
    return branch;
}


static void visit_graph(const pare_graph *graph, void (*visit)(void *user, pare_value_id value),
                        void *user)
{
    const pare_model *model = graph->model;
    for (size_t i = 0; i < graph->outputs.n; i++) visit(user, graph->outputs.items[i].value);
    for (pare_node_id id = graph->first_node; id != PARE_NONE; id = model->nodes[id].next) {
        const pare_node *inner = &model->nodes[id];
        for (uint32_t i = 0; i < inner->n_inputs; i++) visit(user, inner->inputs[i].value);
        pare_plan_visit_nested(inner, visit, user);
    }
}

void pare_plan_visit_nested(const pare_node *node,
                            void (*visit)(void *user, pare_value_id value), void *user)
{
    for (uint32_t a = 0; a < node->n_attrs; a++) {
        const pare_attr *attr = node->attrs[a];
        for (uint32_t g = 0; attr->type == PARE_ATTR_GRAPH && g < attr->n; g++)
            visit_graph(attr->graphs[g], visit, user);
    }
}

typedef struct marker {
    pare_planner *p;
    uint8_t *is_needed; /* by value handle */
} marker;

static void mark_value(void *user, pare_value_id value)
{
    marker *m = user;
    if (value != PARE_NONE) m->is_needed[value] = 1;
}

static pare_status mark_graph(marker *m, const pare_graph *graph);

static pare_status mark_node(marker *m, pare_node_id id)
{
    pare_planner *p = m->p;
    const pare_node *node = &p->model->nodes[id];
    bool needed = false;
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        const pare_value_id v = node->outputs[i];
        if (v != PARE_NONE && m->is_needed[v] && !pare_plan_is_known(p, v)) needed = true;
    }
    if (!needed) return PARE_OK;
    p->is_needed[id] = 1;
    const pare_graph *branch = pare_plan_branch(p, node);
    if (branch) {
        for (uint32_t i = 0; i < node->n_outputs; i++)
            if (node->outputs[i] != PARE_NONE && m->is_needed[node->outputs[i]])
                mark_value(m, branch->outputs.items[i].value);
        return mark_graph(m, branch);
    }
    for (uint32_t i = 0; i < node->n_inputs; i++) mark_value(m, node->inputs[i].value);
    pare_plan_visit_nested(node, mark_value, m);
    return PARE_OK;
}

static pare_status mark_graph(marker *m, const pare_graph *graph)
{
    pare_node_id *order = NULL;
    PARE_TRY(pare_graph_order(m->p->ctx, &order, graph));
    pare_status st = PARE_OK;
    for (uint32_t i = graph->n_nodes; !st && i-- > 0;) st = mark_node(m, order[i]);
    pare_free(m->p->ctx, order);
    return st;
}

pare_status pare_plan_mark(pare_planner *p)
{
    const pare_graph *graph = p->model->graph;
    marker m = { p, pare_alloc_zero(p->ctx, p->model->n_values + 1) };
    if (!m.is_needed) return pare_fail_memory(p->ctx, p->model->n_values + 1);
    for (size_t i = 0; i < graph->outputs.n; i++) mark_value(&m, graph->outputs.items[i].value);
    for (size_t i = 0; i < p->opts->n_kept; i++) mark_value(&m, p->opts->kept[i]);
    const pare_status st = mark_graph(&m, graph);
    pare_free(p->ctx, m.is_needed);
    return st;
}
