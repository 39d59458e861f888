#include "ir/model.h"

#include "ir/graph.h"
#include "ir/names.h"
#include "ir/uses.h"

#include <string.h>

/* Copies from one model to another, remembering the first failure. Graphs correspond by scope. */
typedef struct copier {
    pare_ctx *ctx;
    const pare_model *from;
    pare_model *to;
    bool failed; /* the arena was short */
} copier;

static void *copy_items(copier *c, const void *items, size_t n, size_t item_bytes)
{
    if (!n) return NULL;
    void *copy = pare_arena_copy(&c->to->arena, items, n * item_bytes);
    if (!copy) c->failed = true;
    return copy;
}

static const char *copy_str(copier *c, const char *text)
{
    const char *copy = pare_arena_str(&c->to->arena, text);
    if (text && !copy) c->failed = true;
    return copy;
}

static const pare_type *copy_type(copier *c, const pare_type *type)
{
    const pare_type *copy = pare_type_copy(&c->to->arena, type);
    if (type && !copy) c->failed = true;
    return copy;
}

static pare_graph *graph_of(const copier *c, const pare_graph *graph)
{
    return graph ? c->to->graphs[graph->scope] : NULL;
}

static pare_props copy_props(copier *c, const pare_props *props)
{
    pare_props copy = { copy_items(c, props->items, props->n, sizeof(*props->items)), props->n,
                        props->n };
    for (size_t i = 0; i < props->n && !c->failed; i++) {
        copy.items[i].key = copy_str(c, props->items[i].key);
        copy.items[i].value = copy_str(c, props->items[i].value);
    }
    return copy;
}

static pare_opsets copy_opsets(copier *c, const pare_opsets *opsets)
{
    pare_opsets copy = { copy_items(c, opsets->items, opsets->n, sizeof(*opsets->items)), opsets->n,
                         opsets->n };
    for (size_t i = 0; i < opsets->n && !c->failed; i++)
        copy.items[i].domain = copy_str(c, opsets->items[i].domain);
    return copy;
}

static pare_value_list copy_list(copier *c, const pare_value_list *list)
{
    return (pare_value_list){ copy_items(c, list->items, list->n, sizeof(*list->items)), list->n,
                              list->n };
}

static pare_sparse_tensor *copy_sparse(copier *c, const pare_sparse_tensor *sparse)
{
    if (!sparse) return NULL;
    pare_sparse_tensor *copy = copy_items(c, sparse, 1, sizeof(*sparse));
    if (!copy) return NULL;
    copy->dims = copy_items(c, sparse->dims, sparse->rank, sizeof(*sparse->dims));
    if (c->failed) return NULL;
    pare_tensor_ref(copy->values);
    pare_tensor_ref(copy->indices);
    return copy;
}

/* --- attributes ------------------------------------------------------------------------------- */

static void copy_attr_strings(copier *c, pare_attr *copy)
{
    pare_bytes *strings = copy_items(c, copy->strings, copy->n, sizeof(*strings));
    for (uint32_t i = 0; i < copy->n && !c->failed; i++) {
        /* The bytes of an attribute that was read lie in `origin`, which both models keep. */
        if (!copy->source) strings[i].data = copy_items(c, strings[i].data, strings[i].n, 1);
    }
    copy->strings = strings;
}

static void copy_attr_tensors(copier *c, pare_attr *copy)
{
    pare_tensor *const *tensors = copy_items(c, copy->tensors, copy->n, sizeof(*tensors));
    for (uint32_t i = 0; i < copy->n && !c->failed; i++) pare_tensor_ref(tensors[i]);
    copy->tensors = tensors;
}

static void copy_attr_sparse(copier *c, pare_attr *copy)
{
    pare_sparse_tensor **sparse = copy_items(c, copy->sparse, copy->n, sizeof(*sparse));
    uint32_t n = 0;
    for (; n < copy->n && !c->failed; n++) {
        sparse[n] = copy_sparse(c, copy->sparse[n]);
        if (c->failed) break;
    }
    copy->n = n; /* after a failure: what has been referenced, so that it is released */
    copy->sparse = sparse;
}

static void copy_attr_graphs(copier *c, pare_attr *copy)
{
    pare_graph **graphs = copy_items(c, copy->graphs, copy->n, sizeof(*graphs));
    for (uint32_t i = 0; i < copy->n && !c->failed; i++) graphs[i] = graph_of(c, copy->graphs[i]);
    copy->graphs = graphs;
}

static void copy_attr_types(copier *c, pare_attr *copy)
{
    const pare_type **types = copy_items(c, copy->types, copy->n, sizeof(*types));
    for (uint32_t i = 0; i < copy->n && !c->failed; i++) types[i] = copy_type(c, copy->types[i]);
    copy->types = types;
}

static void copy_attr_list(copier *c, pare_attr *copy)
{
    switch (copy->type) {
    case PARE_ATTR_FLOAT:
    case PARE_ATTR_FLOATS:
        copy->floats = copy_items(c, copy->floats, copy->n, sizeof(*copy->floats));
        break;
    case PARE_ATTR_INT:
    case PARE_ATTR_INTS:
        copy->ints = copy_items(c, copy->ints, copy->n, sizeof(*copy->ints));
        break;
    case PARE_ATTR_STRING:
    case PARE_ATTR_STRINGS: copy_attr_strings(c, copy); break;
    case PARE_ATTR_TENSOR:
    case PARE_ATTR_TENSORS: copy_attr_tensors(c, copy); break;
    case PARE_ATTR_SPARSE_TENSOR:
    case PARE_ATTR_SPARSE_TENSORS: copy_attr_sparse(c, copy); break;
    case PARE_ATTR_GRAPH:
    case PARE_ATTR_GRAPHS: copy_attr_graphs(c, copy); break;
    case PARE_ATTR_TYPE_PROTO:
    case PARE_ATTR_TYPE_PROTOS: copy_attr_types(c, copy); break;
    case PARE_ATTR_UNDEFINED:
    case PARE_N_ATTR_TYPES: break;
    }
    if (c->failed && copy->type != PARE_ATTR_SPARSE_TENSOR &&
        copy->type != PARE_ATTR_SPARSE_TENSORS)
        copy->n = 0; /* nothing was referenced that would need releasing */
}

static const pare_attr *copy_attr(copier *c, const pare_attr *attr)
{
    pare_attr *copy = copy_items(c, attr, 1, sizeof(*attr));
    if (!copy) return NULL;
    copy->name = copy_str(c, attr->name);
    copy->ref_name = copy_str(c, attr->ref_name);
    if (c->failed) return NULL;
    copy_attr_list(c, copy);
    return copy;
}

/* --- nodes, values, graphs -------------------------------------------------------------------- */

/* Copies attribute by attribute, counting up n, so that a failure leaves only whole ones. */
static void copy_attrs(copier *c, const pare_attr ***attrs, uint32_t *n,
                       const pare_attr *const *from, uint32_t n_from)
{
    *n = 0;
    *attrs = pare_arena_array(&c->to->arena, n_from, sizeof(**attrs));
    if (!*attrs) c->failed = true;
    while (*n < n_from && !c->failed) {
        const pare_attr *copy = copy_attr(c, from[*n]);
        if (copy) (*attrs)[(*n)++] = copy;
    }
}

static void copy_node(copier *c, pare_node_id id)
{
    const pare_node *from = &c->from->nodes[id];
    pare_node *to = &c->to->nodes[id];
    *to = *from;
    to->n_attrs = to->attrs_cap = 0; /* none yet that would need releasing */
    to->graph = graph_of(c, from->graph);
    to->op_type = copy_str(c, from->op_type);
    to->domain = copy_str(c, from->domain);
    to->overload = copy_str(c, from->overload);
    to->name = copy_str(c, from->name);
    to->doc = copy_str(c, from->doc);
    to->props = copy_props(c, &from->props);
    to->outputs = copy_items(c, from->outputs, from->n_outputs, sizeof(*from->outputs));
    to->inputs = copy_items(c, from->inputs, from->n_inputs, sizeof(*from->inputs));
    for (uint32_t i = 0; i < to->n_inputs && !c->failed; i++) {
        to->inputs[i].graph = to->graph;
        to->inputs[i].prev = to->inputs[i].next = NULL; /* linked below */
    }
    copy_attrs(c, &to->attrs, &to->n_attrs, from->attrs, from->n_attrs);
    to->attrs_cap = to->n_attrs;
}

static void copy_value(copier *c, pare_value_id id)
{
    const pare_value *from = &c->from->values[id];
    pare_value *to = &c->to->values[id];
    *to = *from;
    to->tensor = NULL; /* no reference yet */
    to->sparse = NULL;
    to->graph = graph_of(c, from->graph);
    to->name = copy_str(c, from->name);
    to->type = copy_type(c, from->type);
    to->first_use = to->last_use = NULL;
    to->n_uses = 0;
    to->sparse = copy_sparse(c, from->sparse);
    to->tensor = pare_tensor_ref(from->tensor);
}

static pare_decls copy_decls(copier *c, const pare_decls *decls)
{
    pare_decls copy = { copy_items(c, decls->items, decls->n, sizeof(*decls->items)), decls->n,
                        decls->n };
    for (size_t i = 0; i < decls->n && !c->failed; i++) {
        pare_decl *d = &copy.items[i];
        d->name = copy_str(c, d->name);
        d->type = copy_type(c, d->type);
        if (!d->use) continue;
        d->use = copy_items(c, d->use, 1, sizeof(*d->use));
        if (d->use) d->use->graph = graph_of(c, d->use->graph);
    }
    return copy;
}

static pare_value_ref copy_ref(copier *c, pare_value_ref ref)
{
    return (pare_value_ref){ copy_str(c, ref.name), ref.value };
}

static void copy_annotation(copier *c, pare_annotation *a)
{
    const char **keys = copy_items(c, a->keys, a->n_params, sizeof(*keys));
    pare_value_ref *params = copy_items(c, a->params, a->n_params, sizeof(*params));
    for (size_t i = 0; i < a->n_params && !c->failed; i++) {
        keys[i] = copy_str(c, keys[i]);
        params[i] = copy_ref(c, params[i]);
    }
    a->keys = keys;
    a->params = params;
    a->tensor = copy_ref(c, a->tensor);
}

static void copy_graph(copier *c, pare_graph *to, const pare_graph *from)
{
    *to = *from;
    to->model = c->to;
    to->parent = graph_of(c, from->parent);
    to->function = NULL; /* set with the functions */
    to->name = copy_str(c, from->name);
    to->doc = copy_str(c, from->doc);
    to->inputs = copy_decls(c, &from->inputs);
    to->outputs = copy_decls(c, &from->outputs);
    to->value_infos = copy_decls(c, &from->value_infos);
    to->initializers = copy_list(c, &from->initializers);
    to->sparse_initializers = copy_list(c, &from->sparse_initializers);
    to->annotations =
        copy_items(c, from->annotations, from->n_annotations, sizeof(*from->annotations));
    to->annotations_cap = from->n_annotations;
    for (size_t i = 0; i < from->n_annotations && !c->failed; i++)
        copy_annotation(c, &to->annotations[i]);
    to->props = copy_props(c, &from->props);
}

static void copy_function(copier *c, size_t index)
{
    const pare_function *from = c->from->functions[index];
    pare_function *to = copy_items(c, from, 1, sizeof(*from));
    if (!to) return;
    to->n_attr_defaults = 0; /* none yet that would need releasing */
    c->to->functions[c->to->n_functions++] = to;
    to->name = copy_str(c, from->name);
    to->domain = copy_str(c, from->domain);
    to->overload = copy_str(c, from->overload);
    to->doc = copy_str(c, from->doc);
    to->opsets = copy_opsets(c, &from->opsets);
    to->props = copy_props(c, &from->props);
    to->body = graph_of(c, from->body);
    to->body->function = to;
    const char **names = copy_items(c, from->attr_names, from->n_attr_names, sizeof(*names));
    for (size_t i = 0; i < from->n_attr_names && !c->failed; i++)
        names[i] = copy_str(c, from->attr_names[i]);
    to->attr_names = names;
    uint32_t n = 0;
    copy_attrs(c, &to->attr_defaults, &n, from->attr_defaults, (uint32_t)from->n_attr_defaults);
    to->n_attr_defaults = n;
}

/* Links the copied uses of a value in the order of the original list. */
static void copy_uses(copier *c, pare_value_id id)
{
    for (const pare_use *u = c->from->values[id].first_use; u; u = u->next) {
        pare_use *copy = u->user != PARE_NONE ? &c->to->nodes[u->user].inputs[u->slot]
                                              : graph_of(c, u->graph)->outputs.items[u->slot].use;
        pare_use_link(c->to, copy);
    }
}

static void copy_model_fields(copier *c)
{
    const pare_model *from = c->from;
    pare_model *to = c->to;
    to->origin = pare_buf_ref(from->origin);
    to->source = from->source;
    to->ir_version = from->ir_version;
    to->model_version = from->model_version;
    to->producer_name = copy_str(c, from->producer_name);
    to->producer_version = copy_str(c, from->producer_version);
    to->domain = copy_str(c, from->domain);
    to->doc = copy_str(c, from->doc);
    to->opsets = copy_opsets(c, &from->opsets);
    to->props = copy_props(c, &from->props);
}

static void copy_graphs(copier *c)
{
    const pare_model *from = c->from;
    pare_model *to = c->to;
    to->graphs = pare_arena_array(&to->arena, from->n_graphs, sizeof(*to->graphs));
    pare_graph *graphs = pare_arena_array(&to->arena, from->n_graphs, sizeof(*graphs));
    if (!to->graphs || !graphs) {
        c->failed = true;
        return;
    }
    to->n_graphs = to->graphs_cap = from->n_graphs;
    for (size_t i = 0; i < from->n_graphs; i++) to->graphs[i] = &graphs[i];
    for (size_t i = 0; i < from->n_graphs && !c->failed; i++)
        copy_graph(c, &graphs[i], from->graphs[i]);
    to->graph = graph_of(c, from->graph);
}

static pare_status copy_tables(copier *c)
{
    const pare_model *from = c->from;
    pare_model *to = c->to;
    PARE_TRY(pare_grow(c->ctx, &to->values, &to->values_cap, from->n_values, sizeof(*to->values)));
    PARE_TRY(pare_grow(c->ctx, &to->nodes, &to->nodes_cap, from->n_nodes, sizeof(*to->nodes)));
    for (; to->n_values < from->n_values && !c->failed; to->n_values++)
        copy_value(c, (pare_value_id)to->n_values);
    for (; to->n_nodes < from->n_nodes && !c->failed; to->n_nodes++)
        copy_node(c, (pare_node_id)to->n_nodes);
    return PARE_OK;
}

static void copy_functions(copier *c)
{
    c->to->functions =
        pare_arena_array(&c->to->arena, c->from->n_functions, sizeof(*c->to->functions));
    c->to->functions_cap = c->from->n_functions;
    if (!c->to->functions) c->failed = true;
    for (size_t i = 0; i < c->from->n_functions && !c->failed; i++) copy_function(c, i);
}

static pare_status index_names(copier *c)
{
    for (size_t i = 0; i < c->to->n_values; i++) {
        const pare_value *v = &c->to->values[i];
        if (!v->graph) continue;
        PARE_TRY(pare_map_put(c->ctx, &c->to->names, v->graph->scope, v->name, (uint32_t)i));
    }
    for (size_t i = 0; i < c->to->n_functions; i++)
        PARE_TRY(pare_names_add_function(c->ctx, c->to, i));
    return PARE_OK;
}

static pare_status copy_all(copier *c)
{
    copy_model_fields(c);
    if (!c->failed) copy_graphs(c);
    if (!c->failed) PARE_TRY(copy_tables(c));
    if (!c->failed) copy_functions(c);
    if (c->failed) return pare_arena_fail(c->ctx, &c->to->arena);
    for (size_t i = 0; i < c->to->n_values; i++) copy_uses(c, (pare_value_id)i);
    return index_names(c);
}

pare_status pare_model_clone(pare_ctx *ctx, pare_model **out, const pare_model *model)
{
    *out = NULL;
    pare_model *copy = pare_alloc_zero(ctx, sizeof(*copy));
    if (!copy) return pare_fail_memory(ctx, sizeof(*copy));
    pare_arena_init(ctx, &copy->arena, 0);
    copier c = { .ctx = ctx, .from = model, .to = copy };
    const pare_status st = copy_all(&c);
    if (st) pare_model_free(ctx, copy);
    else *out = copy;
    return st;
}
