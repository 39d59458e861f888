#include "op/layers.h"

typedef struct lister {
    pare_ctx *ctx;
    const pare_model *model;
    const pare_function *function; /* whose body is being listed */
    bool *is_counted;              /* by value handle */
    pare_layer *layers;
    size_t n, cap;
} lister;

static void count_tensor(pare_layer *layer, const pare_tensor *tensor)
{
    if (!tensor) return;
    layer->n_params += (uint64_t)tensor->n_elements;
    layer->weight_bytes += pare_tensor_size_bytes(tensor);
}

static void count_inputs(lister *l, pare_layer *layer, const pare_node *n)
{
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const pare_value_id id = n->inputs[i].value;
        if (id == PARE_NONE || l->is_counted[id]) continue;
        const pare_value *v = &l->model->values[id];
        l->is_counted[id] = true;
        count_tensor(layer, v->tensor);
        if (v->sparse) count_tensor(layer, v->sparse->values);
    }
}

/* A scalar in a Constant node is an argument, not a weight. */
static void count_constant(pare_layer *layer, const pare_node *n)
{
    if (*pare_node_domain(n) || !n->op_type || !pare_str_eq(n->op_type, "Constant")) return;
    for (uint32_t i = 0; i < n->n_attrs; i++) {
        const pare_attr *a = n->attrs[i];
        if (a->type == PARE_ATTR_TENSOR && a->n && a->tensors[0]->rank)
            count_tensor(layer, a->tensors[0]);
        if (a->type == PARE_ATTR_SPARSE_TENSOR && a->n) count_tensor(layer, a->sparse[0]->values);
        if (a->type == PARE_ATTR_INTS || a->type == PARE_ATTR_FLOATS) {
            layer->n_params += a->n;
            layer->weight_bytes +=
                a->n * (a->type == PARE_ATTR_INTS ? sizeof(int64_t) : sizeof(float));
        }
    }
}

static pare_status list_graph(lister *l, const pare_graph *graph);

/* Graphs are nested at most PARE_MAX_GRAPH_DEPTH deep, which bounds the recursion. */
static pare_status list_node(lister *l, pare_node_id id)
{
    const pare_node *n = &l->model->nodes[id];
    PARE_TRY(pare_grow(l->ctx, &l->layers, &l->cap, l->n + 1, sizeof(*l->layers)));
    pare_layer *layer = &l->layers[l->n++];
    *layer = (pare_layer){ .node = id, .depth = n->graph->depth, .function = l->function };
    count_inputs(l, layer, n);
    count_constant(layer, n);
    for (uint32_t i = 0; i < n->n_attrs; i++) {
        const pare_attr *a = n->attrs[i];
        if (a->type != PARE_ATTR_GRAPH && a->type != PARE_ATTR_GRAPHS) continue;
        for (uint32_t k = 0; k < a->n; k++) PARE_TRY(list_graph(l, a->graphs[k]));
    }
    return PARE_OK;
}

static pare_status list_graph(lister *l, const pare_graph *graph)
{
    for (pare_node_id id = graph->first_node; id != PARE_NONE; id = l->model->nodes[id].next)
        PARE_TRY(list_node(l, id));
    return PARE_OK;
}

pare_status pare_layers_list(pare_ctx *ctx, pare_layer **out, size_t *n, const pare_model *model)
{
    lister l = { .ctx = ctx, .model = model };
    *out = NULL;
    *n = 0;
    l.is_counted = pare_alloc_zero(ctx, model->n_values + 1);
    pare_status st = l.is_counted ? PARE_OK : pare_fail_memory(ctx, model->n_values + 1);
    if (!st) st = list_graph(&l, model->graph);
    for (size_t i = 0; !st && i < model->n_functions; i++) {
        l.function = model->functions[i];
        st = list_graph(&l, l.function->body);
    }
    pare_free(ctx, l.is_counted);
    if (st) {
        pare_free(ctx, l.layers);
        return st;
    }
    *out = l.layers;
    *n = l.n;
    return PARE_OK;
}

const char *pare_layer_name(const pare_model *model, const pare_layer *layer)
{
    const pare_node *n = &model->nodes[layer->node];
    if (n->name && *n->name) return n->name;
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (n->outputs[i] != PARE_NONE) return model->values[n->outputs[i]].name;
    return "";
}
