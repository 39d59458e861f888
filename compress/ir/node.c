#include "ir/graph.h"

#include "ir/names.h"
#include "ir/release.h"
#include "ir/uses.h"

#include <assert.h>
#include <inttypes.h>

static pare_status copy_text(pare_ctx *ctx, pare_model *model, const char **out, const char *text)
{
    *out = pare_arena_str(&model->arena, text);
    return text && !*out ? pare_arena_fail(ctx, &model->arena) : PARE_OK;
}

/* Links a node of the graph in front of `before`, or at the end. */
static void link_node(pare_graph *graph, pare_node_id id, pare_node_id before)
{
    pare_node *nodes = graph->model->nodes;
    const pare_node_id prev = before == PARE_NONE ? graph->last_node : nodes[before].prev;
    nodes[id].prev = prev;
    nodes[id].next = before;
    if (prev == PARE_NONE) graph->first_node = id;
    else nodes[prev].next = id;
    if (before == PARE_NONE) graph->last_node = id;
    else nodes[before].prev = id;
}

static void unlink_node(pare_graph *graph, pare_node_id id)
{
    pare_node *nodes = graph->model->nodes;
    const pare_node_id prev = nodes[id].prev;
    const pare_node_id next = nodes[id].next;
    if (prev == PARE_NONE) graph->first_node = next;
    else nodes[prev].next = next;
    if (next == PARE_NONE) graph->last_node = prev;
    else nodes[next].prev = prev;
}

/* An input list of n slots for a node, all omitted; NULL when memory is short. */
static pare_use *new_inputs(pare_graph *graph, pare_node_id id, uint32_t n)
{
    pare_use *inputs = pare_arena_array(&graph->model->arena, n, sizeof(*inputs));
    for (uint32_t i = 0; inputs && i < n; i++)
        inputs[i] = (pare_use){ .value = PARE_NONE, .user = id, .slot = i, .graph = graph };
    return inputs;
}

static pare_status fill_node(pare_ctx *ctx, pare_node *node, pare_graph *graph, pare_node_id id,
                             const pare_node_spec *spec)
{
    pare_model *model = graph->model;
    PARE_TRY(copy_text(ctx, model, &node->op_type, spec->op_type));
    PARE_TRY(copy_text(ctx, model, &node->domain, spec->domain));
    PARE_TRY(copy_text(ctx, model, &node->overload, spec->overload));
    PARE_TRY(copy_text(ctx, model, &node->name, spec->name));
    PARE_TRY(copy_text(ctx, model, &node->doc, spec->doc));
    node->inputs = new_inputs(graph, id, spec->n_inputs);
    node->outputs = pare_arena_array(&model->arena, spec->n_outputs, sizeof(*node->outputs));
    if (!node->inputs || !node->outputs) return pare_arena_fail(ctx, &model->arena);
    for (uint32_t i = 0; i < spec->n_outputs; i++) node->outputs[i] = PARE_NONE;
    return pare_names_note(ctx, model, PARE_SCOPE_ANY_NODE, node->name);
}

pare_status pare_node_new(pare_ctx *ctx, pare_node_id *out, pare_graph *graph,
                          const pare_node_spec *spec)
{
    *out = PARE_NONE;
    pare_model *model = graph->model;
    const pare_node_id id = (pare_node_id)model->n_nodes;
    PARE_TRY(pare_grow(ctx, &model->nodes, &model->nodes_cap, model->n_nodes + 1,
                       sizeof(*model->nodes)));
    pare_node node = { .graph = graph, .n_inputs = spec->n_inputs, .n_outputs = spec->n_outputs,
                       .source = spec->source, .dirty = true };
    PARE_TRY(fill_node(ctx, &node, graph, id, spec));
    model->nodes[id] = node;
    model->n_nodes++;
    graph->n_nodes++;
    link_node(graph, id, spec->before);
    if (graph->owner != PARE_NONE) pare_node_touch(model, graph->owner);
    *out = id;
    return PARE_OK;
}

void pare_node_touch(pare_model *model, pare_node_id node)
{
    while (node != PARE_NONE) {
        model->nodes[node].dirty = true;
        node = model->nodes[node].graph->owner;
    }
}

pare_status pare_node_set_input(pare_ctx *ctx, pare_model *model, pare_node_id node, uint32_t slot,
                                pare_value_id value)
{
    pare_node *n = &model->nodes[node];
    assert(slot < n->n_inputs);
    pare_use *use = &n->inputs[slot];
    if (use->value == value) return PARE_OK;
    if (value != PARE_NONE && !pare_value_visible(model, value, n->graph))
        return pare_fail(ctx, PARE_EFORMAT,
                         "node '%s': input %" PRIu32 ": "
                         "expected a value that is visible in graph '%s', "
                         "found '%s'",
                         pare_str_or_empty(n->name), slot, pare_str_or_empty(n->graph->name),
                         model->values[value].name);
    pare_use_unlink(model, use);
    use->value = value;
    pare_use_link(model, use);
    pare_node_touch(model, node);
    return PARE_OK;
}

static pare_status check_can_produce(pare_ctx *ctx, const pare_model *model, const pare_node *n,
                                     pare_value_id value)
{
    const pare_value *v = &model->values[value];
    const char *found = NULL;
    if (v->graph != n->graph) found = "a value of another graph";
    else if (v->producer != PARE_NONE) found = "one that another node produces";
    else if (v->is_input) found = "an input of the graph";
    else if (v->tensor || v->sparse) found = "an initializer";
    if (!found) return PARE_OK;
    return pare_fail(
        ctx, PARE_EFORMAT,
        "node '%s' (%s): output '%s': expected a value that nothing else defines, found %s",
        pare_str_or_empty(n->name), pare_str_or_empty(n->op_type), v->name, found);
}

pare_status pare_node_set_output(pare_ctx *ctx, pare_model *model, pare_node_id node, uint32_t slot,
                                 pare_value_id value)
{
    pare_node *n = &model->nodes[node];
    assert(slot < n->n_outputs);
    if (n->outputs[slot] == value) return PARE_OK;
    if (value != PARE_NONE) PARE_TRY(check_can_produce(ctx, model, n, value));
    if (n->outputs[slot] != PARE_NONE) model->values[n->outputs[slot]].producer = PARE_NONE;
    n->outputs[slot] = value;
    if (value != PARE_NONE) {
        model->values[value].producer = node;
        model->values[value].producer_slot = slot;
    }
    pare_node_touch(model, node);
    return PARE_OK;
}

pare_status pare_node_resize_inputs(pare_ctx *ctx, pare_model *model, pare_node_id node, uint32_t n)
{
    pare_node *nd = &model->nodes[node];
    if (n == nd->n_inputs) return PARE_OK;
    pare_use *inputs = nd->inputs;
    if (n > nd->n_inputs) {
        inputs = new_inputs(nd->graph, node, n);
        if (!inputs) return pare_arena_fail(ctx, &model->arena);
    }
    for (uint32_t i = 0; i < nd->n_inputs; i++) {
        const pare_value_id value = nd->inputs[i].value;
        if (inputs == nd->inputs && i < n) continue;
        pare_use_unlink(model, &nd->inputs[i]);
        if (i >= n) continue;
        inputs[i].value = value;
        pare_use_link(model, &inputs[i]);
    }
    nd->inputs = inputs;
    nd->n_inputs = n;
    pare_node_touch(model, node);
    return PARE_OK;
}

/* Lets go of what an attribute holds when it leaves its node. */
static void drop_attr(const pare_attr *attr)
{
    const bool holds_graphs = attr->type == PARE_ATTR_GRAPH || attr->type == PARE_ATTR_GRAPHS;
    for (uint32_t i = 0; holds_graphs && i < attr->n; i++) pare_graph_empty(attr->graphs[i]);
    pare_release_attr(attr);
}

static void adopt_graphs(pare_model *model, pare_node_id node, const pare_attr *attr)
{
    if (attr->type != PARE_ATTR_GRAPH && attr->type != PARE_ATTR_GRAPHS) return;
    for (uint32_t i = 0; i < attr->n; i++) {
        assert(attr->graphs[i]->parent == model->nodes[node].graph);
        attr->graphs[i]->owner = node;
    }
}

/* Puts an attribute at a place of the list: over the one that is there, or at the end. */
static pare_status put_attr(pare_ctx *ctx, pare_model *model, pare_node_id node, uint32_t at,
                            const pare_attr *attr)
{
    pare_node *n = &model->nodes[node];
    size_t cap = n->attrs_cap;
    if (!pare_arena_grow(&model->arena, &n->attrs, &cap, (size_t)at + 1, sizeof(*n->attrs))) {
        drop_attr(attr);
        return pare_arena_fail(ctx, &model->arena);
    }
    n->attrs_cap = (uint32_t)cap;
    if (at < n->n_attrs) drop_attr(n->attrs[at]);
    else n->n_attrs++;
    n->attrs[at] = attr;
    adopt_graphs(model, node, attr);
    pare_node_touch(model, node);
    return PARE_OK;
}

pare_status pare_node_set_attr(pare_ctx *ctx, pare_model *model, pare_node_id node,
                               const pare_attr *attr)
{
    const pare_node *n = &model->nodes[node];
    uint32_t at = 0;
    while (at < n->n_attrs && !pare_str_eq(n->attrs[at]->name, attr->name)) at++;
    return put_attr(ctx, model, node, at, attr);
}

pare_status pare_node_add_attr(pare_ctx *ctx, pare_model *model, pare_node_id node,
                               const pare_attr *attr)
{
    return put_attr(ctx, model, node, model->nodes[node].n_attrs, attr);
}

void pare_node_remove_attr(pare_model *model, pare_node_id node, const char *name)
{
    pare_node *n = &model->nodes[node];
    uint32_t at = 0;
    while (at < n->n_attrs && !pare_str_eq(n->attrs[at]->name, name)) at++;
    if (at == n->n_attrs) return;
    drop_attr(n->attrs[at]);
    n->n_attrs--;
    for (uint32_t i = at; i < n->n_attrs; i++) n->attrs[i] = n->attrs[i + 1];
    pare_node_touch(model, node);
}

static pare_status set_text(pare_ctx *ctx, pare_model *model, pare_node_id node, const char **field,
                            const char *text)
{
    const char *copy = NULL;
    PARE_TRY(copy_text(ctx, model, &copy, text));
    *field = copy;
    pare_node_touch(model, node);
    return PARE_OK;
}

pare_status pare_node_set_name(pare_ctx *ctx, pare_model *model, pare_node_id node,
                               const char *name)
{
    PARE_TRY(set_text(ctx, model, node, &model->nodes[node].name, name));
    return pare_names_note(ctx, model, PARE_SCOPE_ANY_NODE, model->nodes[node].name);
}

pare_status pare_node_derive_name(pare_ctx *ctx, pare_model *model, pare_node_id node,
                                  const char *hint)
{
    const char *name = NULL;
    PARE_TRY(pare_names_derive(ctx, model, PARE_SCOPE_ANY_NODE, hint, &name));
    return pare_node_set_name(ctx, model, node, name);
}

pare_status pare_node_set_doc(pare_ctx *ctx, pare_model *model, pare_node_id node, const char *doc)
{
    return set_text(ctx, model, node, &model->nodes[node].doc, doc);
}

pare_status pare_node_set_op(pare_ctx *ctx, pare_model *model, pare_node_id node,
                             const char *op_type, const char *domain)
{
    PARE_TRY(set_text(ctx, model, node, &model->nodes[node].op_type, op_type));
    return set_text(ctx, model, node, &model->nodes[node].domain, domain);
}

pare_status pare_node_remove(pare_ctx *ctx, pare_model *model, pare_node_id node)
{
    pare_node *n = &model->nodes[node];
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (n->outputs[i] != PARE_NONE && model->values[n->outputs[i]].n_uses)
            return pare_fail(
                ctx, PARE_EUSAGE,
                "node '%s': expected output '%s' to be unused before removing the node",
                pare_str_or_empty(n->name), model->values[n->outputs[i]].name);
    pare_node_touch(model, node);
    unlink_node(n->graph, node);
    n->graph->n_nodes--;
    pare_node_empty(model, node);
    return PARE_OK;
}

void pare_node_move(pare_model *model, pare_node_id node, pare_node_id before)
{
    pare_graph *graph = model->nodes[node].graph;
    if (node == before) return;
    unlink_node(graph, node);
    link_node(graph, node, before);
    if (graph->owner != PARE_NONE) pare_node_touch(model, graph->owner);
}
