#include "ir/graph.h"

#include "ir/release.h"

#include <string.h>

pare_status pare_model_new(pare_ctx *ctx, pare_model **out, const char *graph_name)
{
    *out = NULL;
    pare_model *model = pare_alloc_zero(ctx, sizeof(*model));
    if (!model) return pare_fail_memory(ctx, sizeof(*model));
    pare_arena_init(ctx, &model->arena, 0);
    const pare_status st = pare_graph_new(ctx, &model->graph, model, NULL, graph_name);
    if (st) pare_model_free(ctx, model);
    else *out = model;
    return st;
}

pare_status pare_model_reserve(pare_ctx *ctx, pare_model *model, size_t n_values, size_t n_nodes)
{
    PARE_TRY(pare_map_reserve(ctx, &model->names, n_values));
    PARE_TRY(pare_grow(ctx, &model->values, &model->values_cap, model->n_values + n_values,
                       sizeof(*model->values)));
    return pare_grow(ctx, &model->nodes, &model->nodes_cap, model->n_nodes + n_nodes,
                     sizeof(*model->nodes));
}

void pare_model_free(pare_ctx *ctx, pare_model *model)
{
    if (!model) return;
    for (size_t i = 0; i < model->n_values; i++) pare_release_payload(&model->values[i]);
    for (size_t i = 0; i < model->n_nodes; i++) pare_release_attrs(&model->nodes[i]);
    for (size_t i = 0; i < model->n_functions; i++) {
        const pare_function *f = model->functions[i];
        for (size_t k = 0; k < f->n_attr_defaults; k++) pare_release_attr(f->attr_defaults[k]);
    }
    pare_free(ctx, model->values);
    pare_free(ctx, model->nodes);
    pare_map_free(ctx, &model->names);
    pare_arena_free(&model->arena);
    pare_buf_unref(model->origin);
    pare_free(ctx, model);
}

const char *pare_domain_normal(const char *domain)
{
    if (!domain || pare_str_eq(domain, "ai.onnx")) return "";
    return domain;
}

const char *pare_node_domain(const pare_node *node)
{
    return pare_domain_normal(node->domain);
}

int64_t pare_opset_version(const pare_opsets *opsets, const char *domain)
{
    const char *want = pare_domain_normal(domain);
    for (size_t i = 0; i < opsets->n; i++)
        if (pare_str_eq(pare_domain_normal(opsets->items[i].domain), want))
            return opsets->items[i].version;
    return 0;
}

const pare_opsets *pare_graph_opsets(const pare_graph *graph)
{
    while (graph->parent) graph = graph->parent;
    return graph->function ? &graph->function->opsets : &graph->model->opsets;
}

const pare_attr *pare_node_attr(const pare_node *node, const char *name)
{
    for (uint32_t i = 0; i < node->n_attrs; i++)
        if (pare_str_eq(node->attrs[i]->name, name)) return node->attrs[i];
    return NULL;
}

pare_value_id pare_graph_find(const pare_graph *graph, const char *name)
{
    pare_value_id id = PARE_NONE;
    for (; graph; graph = graph->parent)
        if (pare_map_get(&graph->model->names, graph->scope, name, &id)) return id;
    return PARE_NONE;
}

pare_node_id pare_graph_node_holding(const pare_graph *graph, pare_node_id node)
{
    const pare_model *model = graph->model;
    while (node != PARE_NONE && model->nodes[node].graph != graph)
        node = model->nodes[node].graph ? model->nodes[node].graph->owner : PARE_NONE;
    return node;
}

void pare_model_touch(pare_model *model)
{
    for (size_t i = 0; i < model->n_values; i++) model->values[i].tensor_dirty = true;
    for (size_t i = 0; i < model->n_nodes; i++) model->nodes[i].dirty = true;
    for (size_t i = 0; i < model->n_graphs; i++) {
        const pare_graph *g = model->graphs[i];
        for (size_t k = 0; k < g->inputs.n; k++) g->inputs.items[k].dirty = true;
        for (size_t k = 0; k < g->outputs.n; k++) g->outputs.items[k].dirty = true;
        for (size_t k = 0; k < g->value_infos.n; k++) g->value_infos.items[k].dirty = true;
    }
}

static void clean_decls(const pare_decls *decls)
{
    for (size_t i = 0; i < decls->n; i++) decls->items[i].dirty = !decls->items[i].source;
}

void pare_model_clean(pare_model *model)
{
    for (size_t i = 0; i < model->n_values; i++)
        model->values[i].tensor_dirty = !model->values[i].tensor_source;
    for (size_t i = 0; i < model->n_nodes; i++) model->nodes[i].dirty = !model->nodes[i].source;
    for (size_t i = 0; i < model->n_graphs; i++) {
        clean_decls(&model->graphs[i]->inputs);
        clean_decls(&model->graphs[i]->outputs);
        clean_decls(&model->graphs[i]->value_infos);
    }
}
