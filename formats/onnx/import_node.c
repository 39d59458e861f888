#include "formats/onnx/import.h"

#include <inttypes.h>

/* "node 'conv1' (Conv): ", in front of the message of a failure; a node without a name is known
 * by its place in the list. */
static pare_status fail_in_node(pare_importer *im, pare_status st, const Onnx__NodeProto *proto,
                                size_t i)
{
    const char *op = pare_str_or_empty(proto->op_type);
    if (pare_import_is_long(im)) return st;
    if (proto->name && *proto->name)
        return pare_fail_in(im->ctx, st, "node '%.200s' (%.80s): ", proto->name, op);
    return pare_fail_in(im->ctx, st, "node %zu (%.80s): ", i, op);
}

pare_value_id pare_import_own(const pare_graph *graph, const char *name)
{
    pare_value_id id = PARE_NONE;
    pare_map_get(&graph->model->names, graph->scope, name, &id);
    return id;
}

/* Operators of the standard mean nothing without a version. Exporters do leave out other
 * domains, and whoever knows an operator there knows its only version. */
static pare_status check_operator(pare_importer *im, const pare_graph *graph,
                                  const Onnx__NodeProto *proto)
{
    enum { IR_WITH_OPSETS = 3 };
    if (!proto->op_type || !*proto->op_type)
        return pare_fail(im->ctx, PARE_EFORMAT, "op_type: expected an operator, found none");
    if (im->model->ir_version < IR_WITH_OPSETS ||
        pare_opset_version(pare_graph_opsets(graph), proto->domain))
        return PARE_OK;
    const char *domain = pare_domain_normal(proto->domain);
    if (!*domain)
        return pare_fail(im->ctx, PARE_EFORMAT,
                         "expected an opset_import of the default domain, found none");
    if (!im->warned_domain)
        pare_warn(im->ctx, "domain '%.200s' is used (by %.80s) without opset_import", domain,
                  proto->op_type);
    im->warned_domain = true;
    return PARE_OK;
}

/* Makes the node the producer of a new value. Where the name is taken, pare_node_set_output says by
 * what. */
static pare_status define_output(pare_importer *im, pare_graph *graph, pare_node_id node,
                                 uint32_t slot, const char *name)
{
    pare_value_id value = PARE_NONE;
    const pare_status st = pare_value_new(im->ctx, &value, graph, name);
    if (st == PARE_EFORMAT) value = pare_import_own(graph, name);
    if (value == PARE_NONE) return st;
    return pare_node_set_output(im->ctx, im->model, node, slot, value);
}

static pare_status define_outputs(pare_importer *im, pare_graph *graph, pare_node_id node,
                                  const Onnx__NodeProto *proto)
{
    for (size_t slot = 0; slot < proto->n_output; slot++) {
        if (!*proto->output[slot]) continue; /* omitted */
        PARE_TRY(define_output(im, graph, node, (uint32_t)slot, proto->output[slot]));
    }
    return PARE_OK;
}

static pare_status new_node(pare_importer *im, pare_graph *graph, pare_node_id *id,
                            const Onnx__NodeProto *proto)
{
    const pare_node_spec spec = {
        .op_type = proto->op_type,
        .domain = proto->domain,
        .overload = proto->overload,
        .name = proto->name,
        .doc = proto->doc_string,
        .n_inputs = (uint32_t)proto->n_input,
        .n_outputs = (uint32_t)proto->n_output,
        .before = PARE_NONE,
        .source = proto,
    };
    PARE_TRY(check_operator(im, graph, proto));
    return pare_node_new(im->ctx, id, graph, &spec);
}

/* Connects the inputs that the graph itself has defined so far; *all tells whether those are all
 * of them. What is found here cannot mean anything else later: names of a graph hide those
 * around it. */
static pare_status connect_known(pare_importer *im, pare_graph *graph, pare_node_id id,
                                 const Onnx__NodeProto *proto, bool *all)
{
    for (size_t slot = 0; slot < proto->n_input; slot++) {
        if (!*proto->input[slot]) continue; /* omitted */
        const pare_value_id value = pare_import_own(graph, proto->input[slot]);
        *all = *all && value != PARE_NONE;
        PARE_TRY(pare_node_set_input(im->ctx, im->model, id, (uint32_t)slot, value));
    }
    return PARE_OK;
}

/* Connects the other inputs, once everything is defined. */
static pare_status connect_rest(pare_importer *im, pare_graph *graph, pare_node_id id,
                                const Onnx__NodeProto *proto)
{
    for (size_t slot = 0; slot < proto->n_input; slot++) {
        const char *name = proto->input[slot];
        if (!*name || im->model->nodes[id].inputs[slot].value != PARE_NONE) continue;
        const pare_value_id value = pare_graph_find(graph, name);
        if (value == PARE_NONE)
            return pare_fail(im->ctx, PARE_EFORMAT,
                             "input %zu: expected the name of a value, found '%.200s', "
                             "which nothing defines",
                             slot, name);
        PARE_TRY(pare_node_set_input(im->ctx, im->model, id, (uint32_t)slot, value));
    }
    return PARE_OK;
}

static bool is_in_function(const pare_graph *graph)
{
    return pare_graph_root(graph)->function != NULL;
}

static bool has_graphs(const Onnx__NodeProto *proto)
{
    for (size_t i = 0; i < proto->n_attribute; i++)
        if (proto->attribute[i]->g || proto->attribute[i]->n_graphs) return true;
    return false;
}

static pare_status import_attrs(pare_importer *im, pare_graph *graph, pare_node_id id,
                                const Onnx__NodeProto *proto)
{
    const bool in_function = im->model->n_functions && is_in_function(graph);
    PARE_TRY(pare_import_attr_names(im, proto->attribute, proto->n_attribute));
    for (size_t i = 0; i < proto->n_attribute; i++) {
        pare_attr *attr = NULL;
        PARE_TRY(pare_import_attr(im, &attr, proto->attribute[i], graph, in_function));
        PARE_TRY(pare_node_add_attr(im->ctx, im->model, id, attr));
    }
    return PARE_OK;
}

/* Nodes that have to wait until the graph's last value is defined. */
typedef struct waiting {
    size_t *items; /* places in the list of nodes */
    size_t n, cap;
} waiting;

/* All of a node that can be done at once, while its message is at hand: most nodes are whole
 * then. */
static pare_status define_node(pare_importer *im, pare_graph *graph, const Onnx__NodeProto *proto,
                               bool *whole)
{
    pare_node_id id = PARE_NONE;
    const bool nested = has_graphs(proto);
    *whole = !nested;
    PARE_TRY(new_node(im, graph, &id, proto));
    PARE_TRY(connect_known(im, graph, id, proto, whole));
    PARE_TRY(define_outputs(im, graph, id, proto));
    if (!nested) PARE_TRY(import_attrs(im, graph, id, proto));
    return pare_import_props(im, &im->model->nodes[id].props, proto->metadata_props,
                             proto->n_metadata_props);
}

static pare_status define_nodes(pare_importer *im, pare_graph *graph, Onnx__NodeProto *const *nodes,
                                size_t n, waiting *list)
{
    for (size_t i = 0; i < n; i++) {
        bool whole = false;
        const pare_status st = define_node(im, graph, nodes[i], &whole);
        if (st) return fail_in_node(im, st, nodes[i], i);
        if (whole) continue;
        PARE_TRY(pare_grow(im->ctx, &list->items, &list->cap, list->n + 1, sizeof(*list->items)));
        list->items[list->n++] = i;
    }
    return PARE_OK;
}

static pare_status finish_node(pare_importer *im, pare_graph *graph, pare_node_id id,
                               const Onnx__NodeProto *proto)
{
    PARE_TRY(connect_rest(im, graph, id, proto));
    return has_graphs(proto) ? import_attrs(im, graph, id, proto) : PARE_OK;
}

pare_status pare_import_nodes(pare_importer *im, pare_graph *graph, Onnx__NodeProto *const *nodes,
                              size_t n)
{
    const pare_node_id first = (pare_node_id)im->model->n_nodes; /* nested nodes come later */
    waiting list = { 0 };
    pare_status st = define_nodes(im, graph, nodes, n, &list);
    for (size_t i = 0; i < list.n && !st; i++) {
        const size_t at = list.items[i];
        st = finish_node(im, graph, first + (pare_node_id)at, nodes[at]);
        if (st) st = fail_in_node(im, st, nodes[at], at);
    }
    pare_free(im->ctx, list.items);
    return st;
}
