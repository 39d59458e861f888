#include "ir/release.h"

#include "ir/uses.h"

static void release_sparse(const pare_sparse_tensor *sparse)
{
    if (!sparse) return;
    pare_tensor_unref(sparse->values);
    pare_tensor_unref(sparse->indices);
}

void pare_release_payload(pare_value *value)
{
    pare_tensor_unref(value->tensor);
    release_sparse(value->sparse);
    value->tensor = NULL;
    value->sparse = NULL;
}

void pare_release_attr(const pare_attr *attr)
{
    const bool holds_tensors = attr->type == PARE_ATTR_TENSOR || attr->type == PARE_ATTR_TENSORS;
    const bool holds_sparse =
        attr->type == PARE_ATTR_SPARSE_TENSOR || attr->type == PARE_ATTR_SPARSE_TENSORS;
    for (uint32_t i = 0; holds_tensors && i < attr->n; i++) pare_tensor_unref(attr->tensors[i]);
    for (uint32_t i = 0; holds_sparse && i < attr->n; i++) release_sparse(attr->sparse[i]);
}

void pare_release_attrs(pare_node *node)
{
    for (uint32_t i = 0; i < node->n_attrs; i++) pare_release_attr(node->attrs[i]);
    node->n_attrs = 0;
}

static void empty_value(pare_model *model, pare_value_id id)
{
    pare_value *v = &model->values[id];
    if (!v->graph) return;
    pare_map_remove(&model->names, v->graph->scope, v->name);
    pare_release_payload(v);
    v->graph = NULL;
}

static void empty_list(pare_model *model, const pare_value_list *list)
{
    for (size_t i = 0; i < list->n; i++) empty_value(model, list->items[i]);
}

void pare_node_empty(pare_model *model, pare_node_id id)
{
    pare_node *node = &model->nodes[id];
    for (uint32_t i = 0; i < node->n_inputs; i++) pare_use_unlink(model, &node->inputs[i]);
    for (uint32_t i = 0; i < node->n_attrs; i++) {
        const pare_attr *a = node->attrs[i];
        const bool holds_graphs = a->type == PARE_ATTR_GRAPH || a->type == PARE_ATTR_GRAPHS;
        for (uint32_t k = 0; holds_graphs && k < a->n; k++) pare_graph_empty(a->graphs[k]);
    }
    for (uint32_t i = 0; i < node->n_outputs; i++)
        if (node->outputs[i] != PARE_NONE) empty_value(model, node->outputs[i]);
    pare_release_attrs(node);
    node->graph = NULL;
}

void pare_graph_empty(pare_graph *graph)
{
    pare_model *model = graph->model;
    for (size_t i = 0; i < graph->outputs.n; i++)
        if (graph->outputs.items[i].use) pare_use_unlink(model, graph->outputs.items[i].use);
    for (pare_node_id id = graph->first_node; id != PARE_NONE;) {
        const pare_node_id next = model->nodes[id].next;
        pare_node_empty(model, id);
        id = next;
    }
    for (size_t i = 0; i < graph->inputs.n; i++) empty_value(model, graph->inputs.items[i].value);
    empty_list(model, &graph->initializers);
    empty_list(model, &graph->sparse_initializers);
    graph->owner = PARE_NONE;
    graph->first_node = graph->last_node = PARE_NONE;
    graph->n_nodes = 0;
    graph->inputs.n = graph->outputs.n = graph->value_infos.n = 0;
    graph->initializers.n = graph->sparse_initializers.n = graph->n_annotations = 0;
}
