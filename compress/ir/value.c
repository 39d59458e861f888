#include "ir/graph.h"

#include "ir/names.h"
#include "ir/release.h"
#include "ir/uses.h"

pare_status pare_value_new(pare_ctx *ctx, pare_value_id *out, pare_graph *graph, const char *name)
{
    *out = PARE_NONE;
    pare_model *model = graph->model;
    const pare_value_id id = (pare_value_id)model->n_values;
    PARE_TRY(pare_grow(ctx, &model->values, &model->values_cap, model->n_values + 1,
                       sizeof(*model->values)));
    pare_value v = { .graph = graph, .producer = PARE_NONE };
    PARE_TRY(pare_names_add_value(ctx, graph, name, id, &v.name));
    model->values[id] = v;
    model->n_values++;
    *out = id;
    return PARE_OK;
}

pare_status pare_value_derive(pare_ctx *ctx, pare_value_id *out, pare_graph *graph,
                              const char *hint)
{
    const char *name = NULL;
    *out = PARE_NONE;
    PARE_TRY(pare_names_derive(ctx, graph->model, PARE_SCOPE_ANY_VALUE, hint, &name));
    return pare_value_new(ctx, out, graph, name);
}

/* Marks every entry of the list that shows the value. */
static void touch_decls(const pare_decls *decls, pare_value_id value)
{
    for (size_t i = 0; i < decls->n; i++)
        if (decls->items[i].value == value) decls->items[i].dirty = true;
}

/* Marks everything in whose message the value's name stands. */
static void touch_mentions(pare_model *model, pare_value_id value)
{
    pare_value *v = &model->values[value];
    if (v->producer != PARE_NONE) pare_node_touch(model, v->producer);
    for (const pare_use *u = v->first_use; u; u = u->next) {
        if (u->user != PARE_NONE) {
            pare_node_touch(model, u->user);
        } else {
            touch_decls(&u->graph->outputs, value);
            if (u->graph->owner != PARE_NONE) pare_node_touch(model, u->graph->owner);
        }
    }
    touch_decls(&v->graph->inputs, value);
    touch_decls(&v->graph->value_infos, value);
    v->tensor_dirty = true;
    if (v->graph->owner != PARE_NONE) pare_node_touch(model, v->graph->owner);
}

pare_status pare_value_rename(pare_ctx *ctx, pare_model *model, pare_value_id value,
                              const char *new_name)
{
    pare_value *v = &model->values[value];
    if (pare_str_eq(v->name, new_name)) return PARE_OK;
    bool taken = false;
    PARE_TRY(pare_names_taken(ctx, model, PARE_SCOPE_ANY_VALUE, new_name, &taken));
    if (taken)
        return pare_fail(ctx, PARE_EFORMAT,
                         "value '%s': expected a name that is free in the whole model, found '%s'",
                         v->name, new_name);
    const char *name = NULL;
    PARE_TRY(pare_names_add_value(ctx, v->graph, new_name, value, &name));
    pare_map_remove(&model->names, v->graph->scope, v->name);
    v->name = name;
    touch_mentions(model, value);
    return PARE_OK;
}

/* Lists a value that gets a payload of this list's form. Only one that has a payload of the other
 * form can be in the list already, from before it changed its form. */
static pare_status list_initializer(pare_ctx *ctx, pare_model *model, pare_value_list *list,
                                    pare_value_id value)
{
    const pare_value *v = &model->values[value];
    for (size_t i = 0; (v->tensor || v->sparse) && i < list->n; i++)
        if (list->items[i] == value) return PARE_OK;
    if (!pare_arena_grow(&model->arena, &list->items, &list->cap, list->n + 1,
                         sizeof(*list->items)))
        return pare_arena_fail(ctx, &model->arena);
    list->items[list->n++] = value;
    return PARE_OK;
}

static pare_status check_can_hold(pare_ctx *ctx, const pare_model *model, pare_value_id value)
{
    const pare_value *v = &model->values[value];
    if (v->producer == PARE_NONE) return PARE_OK;
    return pare_fail(ctx, PARE_EFORMAT,
                     "initializer '%s': expected no node to produce it, found node '%s'", v->name,
                     pare_str_or_empty(model->nodes[v->producer].name));
}

/* Marks the owner of a nested graph: its message holds the initializer. */
static void touch_payload(pare_model *model, pare_value *v)
{
    v->tensor_dirty = true;
    if (v->graph->owner != PARE_NONE) pare_node_touch(model, v->graph->owner);
}

pare_status pare_value_set_tensor(pare_ctx *ctx, pare_model *model, pare_value_id value,
                                  pare_tensor *tensor)
{
    pare_value *v = &model->values[value];
    PARE_TRY(check_can_hold(ctx, model, value));
    if (!v->tensor) PARE_TRY(list_initializer(ctx, model, &v->graph->initializers, value));
    pare_tensor_ref(tensor);
    pare_release_payload(v);
    v->tensor = tensor;
    touch_payload(model, v);
    return PARE_OK;
}

pare_status pare_value_set_sparse(pare_ctx *ctx, pare_model *model, pare_value_id value,
                                  pare_sparse_tensor *sparse)
{
    pare_value *v = &model->values[value];
    PARE_TRY(check_can_hold(ctx, model, value));
    if (!v->sparse) PARE_TRY(list_initializer(ctx, model, &v->graph->sparse_initializers, value));
    pare_tensor_ref(sparse->values);
    pare_tensor_ref(sparse->indices);
    pare_release_payload(v);
    v->sparse = sparse;
    touch_payload(model, v);
    return PARE_OK;
}


pare_status pare_value_remove(pare_ctx *ctx, pare_model *model, pare_value_id value)
{
    pare_value *v = &model->values[value];
    if (v->n_uses || v->producer != PARE_NONE || v->is_input)
        return pare_fail(ctx, PARE_EUSAGE,
                         "value '%s': expected no use, no producer and no place among the inputs "
                         "before removing it",
                         v->name);
    pare_map_remove(&model->names, v->graph->scope, v->name);
    if (v->graph->owner != PARE_NONE) pare_node_touch(model, v->graph->owner);
    pare_release_payload(v);
    v->graph = NULL; /* entries in the graph's lists are skipped from here on */
    return PARE_OK;
}

void pare_value_detach(pare_model *model, pare_value_id value)
{
    pare_value *v = &model->values[value];
    if (v->producer == PARE_NONE) return;
    model->nodes[v->producer].outputs[v->producer_slot] = PARE_NONE;
    pare_node_touch(model, v->producer);
    v->producer = PARE_NONE;
    v->producer_slot = 0;
}

bool pare_value_visible(const pare_model *model, pare_value_id value, const pare_graph *graph)
{
    const pare_graph *home = model->values[value].graph;
    while (graph && graph != home) graph = graph->parent;
    return graph && home;
}

pare_status pare_value_replace_uses(pare_ctx *ctx, pare_model *model, pare_value_id from,
                                    pare_value_id to)
{
    if (from == to) return PARE_OK;
    for (const pare_use *u = model->values[from].first_use; u; u = u->next)
        if (!pare_value_visible(model, to, u->graph))
            return pare_fail(
                ctx, PARE_EFORMAT,
                "value '%s': expected one that is visible where '%s' is used, found it in "
                "another graph",
                model->values[to].name, model->values[from].name);
    while (model->values[from].first_use) {
        pare_use *u = model->values[from].first_use;
        pare_use_unlink(model, u);
        u->value = to;
        pare_use_link(model, u);
        if (u->user != PARE_NONE) {
            pare_node_touch(model, u->user);
            continue;
        }
        pare_decl *d = &u->graph->outputs.items[u->slot];
        d->value = to;
        d->name = model->values[to].name;
        d->dirty = true;
        if (u->graph->owner != PARE_NONE) pare_node_touch(model, u->graph->owner);
    }
    return PARE_OK;
}
