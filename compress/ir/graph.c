#include "ir/graph.h"

#include "ir/limits.h"
#include "ir/uses.h"

#include <inttypes.h>

static pare_status fail_arena(pare_ctx *ctx, const pare_model *model)
{
    return pare_arena_fail(ctx, &model->arena);
}

/* Room for one more item in an arena array of the model. */
static pare_status grow(pare_ctx *ctx, pare_model *model, void *items, size_t *cap, size_t n,
                        size_t item_bytes)
{
    return pare_arena_grow(&model->arena, items, cap, n + 1, item_bytes) ? PARE_OK
                                                                         : fail_arena(ctx, model);
}

/* Copies text into the arena; absent stays absent. */
static pare_status copy_text(pare_ctx *ctx, pare_model *model, const char **out, const char *text)
{
    *out = pare_arena_str(&model->arena, text);
    return text && !*out ? fail_arena(ctx, model) : PARE_OK;
}

pare_status pare_graph_new(pare_ctx *ctx, pare_graph **out, pare_model *model, pare_graph *parent,
                           const char *name)
{
    *out = NULL;
    const uint32_t depth = parent ? parent->depth + 1 : 0;
    if (depth > PARE_MAX_GRAPH_DEPTH)
        return pare_fail(ctx, PARE_EFORMAT,
                         "graph '%s': expected at most %d graphs inside of each other, found more",
                         pare_str_or_empty(name), PARE_MAX_GRAPH_DEPTH);
    PARE_TRY(grow(ctx, model, &model->graphs, &model->graphs_cap, model->n_graphs,
                  sizeof(*model->graphs)));
    pare_graph *graph = pare_arena_zero(&model->arena, sizeof(*graph));
    if (!graph) return fail_arena(ctx, model);
    PARE_TRY(copy_text(ctx, model, &graph->name, name));
    graph->model = model;
    graph->parent = parent;
    graph->depth = depth;
    graph->owner = PARE_NONE;
    graph->first_node = graph->last_node = PARE_NONE;
    graph->scope = (uint32_t)model->n_graphs;
    model->graphs[model->n_graphs++] = graph;
    *out = graph;
    return PARE_OK;
}

pare_status pare_opsets_add(pare_ctx *ctx, pare_model *model, pare_opsets *opsets,
                            const char *domain, int64_t version, const void *source)
{
    for (size_t i = 0; i < opsets->n; i++)
        if (opsets->items[i].version != version &&
            pare_str_eq(pare_domain_normal(opsets->items[i].domain), pare_domain_normal(domain)))
            return pare_fail(ctx, PARE_EFORMAT,
                             "opset_import: expected domain '%s' in one version, found %" PRId64
                             " and %" PRId64,
                             pare_domain_normal(domain), opsets->items[i].version, version);
    PARE_TRY(grow(ctx, model, &opsets->items, &opsets->cap, opsets->n, sizeof(*opsets->items)));
    pare_opset set = { .version = version, .source = source };
    PARE_TRY(copy_text(ctx, model, &set.domain, domain));
    opsets->items[opsets->n++] = set;
    return PARE_OK;
}

void pare_opsets_change(pare_opsets *opsets, const char *domain, int64_t version)
{
    for (size_t i = 0; i < opsets->n; i++) {
        if (!pare_str_eq(pare_domain_normal(opsets->items[i].domain), domain)) continue;
        opsets->items[i].version = version;
        opsets->items[i].source = NULL;
    }
}

pare_status pare_props_set(pare_ctx *ctx, pare_model *model, pare_props *props, const char *key,
                           const char *value)
{
    const char *text = NULL;
    PARE_TRY(copy_text(ctx, model, &text, value));
    for (size_t i = 0; i < props->n; i++) {
        if (!pare_str_eq(pare_str_or_empty(props->items[i].key), key)) continue;
        props->items[i].value = text;
        return PARE_OK;
    }
    PARE_TRY(grow(ctx, model, &props->items, &props->cap, props->n, sizeof(*props->items)));
    pare_prop prop = { .value = text };
    PARE_TRY(copy_text(ctx, model, &prop.key, key));
    props->items[props->n++] = prop;
    return PARE_OK;
}

pare_status pare_props_add(pare_ctx *ctx, pare_model *model, pare_props *props, pare_prop prop)
{
    PARE_TRY(grow(ctx, model, &props->items, &props->cap, props->n, sizeof(*props->items)));
    PARE_TRY(copy_text(ctx, model, &prop.key, prop.key));
    PARE_TRY(copy_text(ctx, model, &prop.value, prop.value));
    props->items[props->n++] = prop;
    return PARE_OK;
}

static pare_status add_decl(pare_ctx *ctx, pare_graph *graph, pare_decls *decls, pare_decl decl)
{
    pare_model *model = graph->model;
    PARE_TRY(grow(ctx, model, &decls->items, &decls->cap, decls->n, sizeof(*decls->items)));
    decls->items[decls->n++] = decl;
    if (decl.value != PARE_NONE && !model->values[decl.value].type)
        model->values[decl.value].type = decl.type;
    pare_node_touch(model, graph->owner);
    return PARE_OK;
}

pare_status pare_graph_add_input(pare_ctx *ctx, pare_graph *graph, pare_value_id value,
                                 const pare_type *type, const void *source)
{
    pare_value *v = &graph->model->values[value];
    if (v->graph != graph)
        return pare_fail(ctx, PARE_EFORMAT,
                         "input '%s': expected a value of this graph, found none", v->name);
    if (v->is_input)
        return pare_fail(ctx, PARE_EFORMAT, "input '%s': expected it once, found it twice",
                         v->name);
    if (v->producer != PARE_NONE)
        return pare_fail(ctx, PARE_EFORMAT,
                         "input '%s': expected no node to produce it, found node '%s'", v->name,
                         pare_str_or_empty(graph->model->nodes[v->producer].name));
    const pare_decl decl = { .name = v->name, .value = value, .type = type, .source = source,
                             .dirty = true };
    PARE_TRY(add_decl(ctx, graph, &graph->inputs, decl));
    v->is_input = true;
    return PARE_OK;
}

/* only PARE_NONE: all of them. */
static void drop_defaults(pare_graph *graph, pare_value_id only)
{
    pare_model *model = graph->model;
    size_t n = 0;
    for (size_t i = 0; i < graph->inputs.n; i++) {
        const pare_value_id id = graph->inputs.items[i].value;
        pare_value *v = &model->values[id];
        if ((v->tensor || v->sparse) && (only == PARE_NONE || only == id)) v->is_input = false;
        else graph->inputs.items[n++] = graph->inputs.items[i];
    }
    graph->inputs.n = n;
    pare_node_touch(model, graph->owner);
}

void pare_graph_drop_default_inputs(pare_graph *graph)
{
    drop_defaults(graph, PARE_NONE);
}

void pare_graph_drop_default_input(pare_graph *graph, pare_value_id value)
{
    drop_defaults(graph, value);
}

pare_status pare_graph_add_output(pare_ctx *ctx, pare_graph *graph, pare_value_id value,
                                  const pare_type *type, const void *source)
{
    pare_model *model = graph->model;
    if (!pare_value_visible(model, value, graph))
        return pare_fail(ctx, PARE_EFORMAT,
                         "output '%s': expected a value of graph '%s', found none",
                         model->values[value].name, pare_str_or_empty(graph->name));
    pare_use *use = pare_arena_zero(&model->arena, sizeof(*use));
    if (!use) return fail_arena(ctx, model);
    *use = (pare_use){ .value = value, .user = PARE_NONE, .slot = (uint32_t)graph->outputs.n,
                       .graph = graph };
    const pare_decl decl = { .name = model->values[value].name, .value = value, .type = type,
                             .use = use, .source = source, .dirty = true };
    PARE_TRY(add_decl(ctx, graph, &graph->outputs, decl));
    pare_use_link(model, use);
    return PARE_OK;
}

pare_status pare_graph_add_value_info(pare_ctx *ctx, pare_graph *graph, pare_value_id value,
                                      const char *name, const pare_type *type, const void *source)
{
    pare_decl decl = { .value = value, .type = type, .source = source, .dirty = true };
    if (value != PARE_NONE) decl.name = graph->model->values[value].name;
    else PARE_TRY(copy_text(ctx, graph->model, &decl.name, name));
    return add_decl(ctx, graph, &graph->value_infos, decl);
}

pare_status pare_graph_add_annotation(pare_ctx *ctx, pare_graph *graph,
                                      const pare_annotation *annotation)
{
    PARE_TRY(grow(ctx, graph->model, &graph->annotations, &graph->annotations_cap,
                  graph->n_annotations, sizeof(*graph->annotations)));
    graph->annotations[graph->n_annotations++] = *annotation;
    pare_node_touch(graph->model, graph->owner);
    return PARE_OK;
}

static void set_decl_type(const pare_graph *graph, const pare_decls *decls, pare_value_id value,
                          const pare_type *type)
{
    for (size_t i = 0; i < decls->n; i++) {
        pare_decl *d = &decls->items[i];
        if (d->value != value) continue;
        d->type = type;
        d->dirty = true;
        pare_node_touch(graph->model, graph->owner);
    }
}

void pare_value_set_type(pare_model *model, pare_value_id value, const pare_type *type)
{
    pare_value *v = &model->values[value];
    v->type = type;
    set_decl_type(v->graph, &v->graph->inputs, value, type);
    set_decl_type(v->graph, &v->graph->outputs, value, type);
    set_decl_type(v->graph, &v->graph->value_infos, value, type);
    for (const pare_use *u = v->first_use; u; u = u->next)
        if (u->user == PARE_NONE && u->graph != v->graph)
            set_decl_type(u->graph, &u->graph->outputs, value, type);
}
