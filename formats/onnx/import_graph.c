#include "formats/onnx/import.h"

#include <inttypes.h>

pare_status pare_import_props(pare_importer *im, pare_props *props,
                              Onnx__StringStringEntryProto *const *entries, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const pare_prop prop = { entries[i]->key, entries[i]->value, entries[i] };
        PARE_TRY(pare_props_add(im->ctx, im->model, props, prop));
    }
    return PARE_OK;
}

pare_status pare_import_opsets(pare_importer *im, pare_opsets *opsets,
                               Onnx__OperatorSetIdProto *const *sets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const int64_t version = sets[i]->version;
        if (version < 1 || version > INT32_MAX)
            return pare_fail(
                im->ctx, PARE_EFORMAT,
                "opset_import: domain '%.200s': version: expected 1 to %d, found %" PRId64,
                pare_str_or_empty(sets[i]->domain), INT32_MAX, version);
        PARE_TRY(pare_opsets_add(im->ctx, im->model, opsets, sets[i]->domain, version, sets[i]));
    }
    return PARE_OK;
}

/* The name of an entry of a list, which must be there. */
static pare_status want_name(pare_importer *im, const char **out, const char *name)
{
    *out = name;
    if (name && *name) return PARE_OK;
    return pare_fail(im->ctx, PARE_EFORMAT, "name: expected a name, found none");
}

/* --- what a graph defines --------------------------------------------------------------------- */

static pare_status define_input(pare_importer *im, pare_graph *graph,
                                const Onnx__ValueInfoProto *proto)
{
    const char *name = NULL;
    const pare_type *type = NULL;
    pare_value_id value = PARE_NONE;
    PARE_TRY(want_name(im, &name, proto->name));
    PARE_TRY(pare_import_type(im, &type, proto->type));
    PARE_TRY(pare_value_new(im->ctx, &value, graph, name));
    return pare_graph_add_input(im->ctx, graph, value, type, proto);
}

static pare_status define_inputs(pare_importer *im, pare_graph *graph,
                                 const Onnx__GraphProto *proto)
{
    for (size_t i = 0; i < proto->n_input; i++) {
        const pare_status st = define_input(im, graph, proto->input[i]);
        if (st)
            return pare_fail_in(im->ctx, st, "input %zu '%.200s': ", i,
                                pare_str_or_empty(proto->input[i]->name));
    }
    return PARE_OK;
}

/* The value that an initializer goes to: an input of that name, or a new one. */
static pare_status find_place(pare_importer *im, pare_graph *graph, const char *name,
                              pare_value_id *value)
{
    PARE_TRY(want_name(im, &name, name));
    *value = pare_import_own(graph, name);
    if (*value == PARE_NONE) return pare_value_new(im->ctx, value, graph, name);
    const pare_value *v = &im->model->values[*value];
    if (!v->tensor && !v->sparse) return PARE_OK;
    return pare_fail(im->ctx, PARE_EFORMAT, "expected one initializer of this name, found two");
}

static pare_status define_initializer(pare_importer *im, pare_graph *graph,
                                      const Onnx__TensorProto *proto)
{
    pare_tensor *tensor = NULL;
    pare_value_id value = PARE_NONE;
    PARE_TRY(find_place(im, graph, proto->name, &value));
    PARE_TRY(pare_import_tensor(im, &tensor, proto));
    const pare_status st = pare_value_set_tensor(im->ctx, im->model, value, tensor);
    pare_tensor_unref(tensor); /* the value has one of its own */
    if (!st) im->model->values[value].tensor_source = proto;
    return st;
}

static pare_status define_sparse(pare_importer *im, pare_graph *graph,
                                 const Onnx__SparseTensorProto *proto)
{
    pare_sparse_tensor *sparse = NULL;
    pare_value_id value = PARE_NONE;
    PARE_TRY(find_place(im, graph, proto->values ? proto->values->name : NULL, &value));
    PARE_TRY(pare_import_sparse(im, &sparse, proto));
    const pare_status st = pare_value_set_sparse(im->ctx, im->model, value, sparse);
    pare_tensor_unref(sparse->values);
    pare_tensor_unref(sparse->indices);
    if (!st) im->model->values[value].tensor_source = proto;
    return st;
}

static pare_status define_initializers(pare_importer *im, pare_graph *graph,
                                       const Onnx__GraphProto *proto)
{
    for (size_t i = 0; i < proto->n_initializer; i++) {
        const pare_status st = define_initializer(im, graph, proto->initializer[i]);
        if (st)
            return pare_fail_in(im->ctx, st, "initializer %zu '%.200s': ", i,
                                pare_str_or_empty(proto->initializer[i]->name));
    }
    for (size_t i = 0; i < proto->n_sparse_initializer; i++) {
        const Onnx__TensorProto *values = proto->sparse_initializer[i]->values;
        const pare_status st = define_sparse(im, graph, proto->sparse_initializer[i]);
        if (st)
            return pare_fail_in(im->ctx, st, "sparse_initializer %zu '%.200s': ", i,
                                values ? pare_str_or_empty(values->name) : "");
    }
    return PARE_OK;
}

/* --- what a graph says of its values ---------------------------------------------------------- */

static pare_status add_output(pare_importer *im, pare_graph *graph,
                              const Onnx__ValueInfoProto *proto)
{
    const char *name = NULL;
    const pare_type *type = NULL;
    PARE_TRY(want_name(im, &name, proto->name));
    PARE_TRY(pare_import_type(im, &type, proto->type));
    const pare_value_id value = pare_graph_find(graph, name);
    if (value == PARE_NONE)
        return pare_fail(im->ctx, PARE_EFORMAT,
                         "expected a value that is produced, found none of this name");
    return pare_graph_add_output(im->ctx, graph, value, type, proto);
}

static pare_status add_outputs(pare_importer *im, pare_graph *graph, const Onnx__GraphProto *proto)
{
    for (size_t i = 0; i < proto->n_output; i++) {
        const pare_status st = add_output(im, graph, proto->output[i]);
        if (st)
            return pare_fail_in(im->ctx, st, "output %zu '%.200s': ", i,
                                pare_str_or_empty(proto->output[i]->name));
    }
    return PARE_OK;
}

pare_status pare_import_value_infos(pare_importer *im, pare_graph *graph,
                                    Onnx__ValueInfoProto *const *infos, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *name = pare_str_or_empty(infos[i]->name);
        const pare_type *type = NULL;
        pare_status st = pare_import_type(im, &type, infos[i]->type);
        if (!st)
            st = pare_graph_add_value_info(im->ctx, graph, pare_import_own(graph, name), name, type,
                                           infos[i]);
        if (st) return pare_fail_in(im->ctx, st, "value_info %zu '%.200s': ", i, name);
    }
    return PARE_OK;
}

static pare_status add_annotation(pare_importer *im, pare_graph *graph,
                                  const Onnx__TensorAnnotation *proto)
{
    const size_t n = proto->n_quant_parameter_tensor_names;
    const char **keys = pare_arena_array(&im->model->arena, n, sizeof(*keys));
    pare_value_ref *params = pare_arena_array(&im->model->arena, n, sizeof(*params));
    if (!keys || !params) return pare_arena_fail(im->ctx, &im->model->arena);
    for (size_t i = 0; i < n; i++) {
        const Onnx__StringStringEntryProto *entry = proto->quant_parameter_tensor_names[i];
        keys[i] = entry->key;
        params[i].name = entry->value;
        params[i].value = pare_import_own(graph, pare_str_or_empty(entry->value));
    }
    const pare_annotation annotation = {
        .tensor = { proto->tensor_name,
                    pare_import_own(graph, pare_str_or_empty(proto->tensor_name)) },
        .n_params = n,
        .keys = keys,
        .params = params,
        .source = proto,
    };
    return pare_graph_add_annotation(im->ctx, graph, &annotation);
}

static pare_status import_parts(pare_importer *im, pare_graph *graph, const Onnx__GraphProto *proto)
{
    const size_t n_values = proto->n_input + proto->n_initializer + proto->n_node; /* at least */
    PARE_TRY(pare_model_reserve(im->ctx, im->model, n_values, proto->n_node));
    PARE_TRY(define_inputs(im, graph, proto));
    PARE_TRY(define_initializers(im, graph, proto));
    PARE_TRY(pare_import_nodes(im, graph, proto->node, proto->n_node));
    PARE_TRY(add_outputs(im, graph, proto));
    PARE_TRY(pare_import_value_infos(im, graph, proto->value_info, proto->n_value_info));
    for (size_t i = 0; i < proto->n_quantization_annotation; i++)
        PARE_TRY(add_annotation(im, graph, proto->quantization_annotation[i]));
    return pare_import_props(im, &graph->props, proto->metadata_props, proto->n_metadata_props);
}

pare_status pare_import_graph(pare_importer *im, pare_graph *graph, const Onnx__GraphProto *proto)
{
    graph->source = proto;
    graph->doc = proto->doc_string;
    const pare_status st = import_parts(im, graph, proto);
    if (!st || !graph->parent || pare_import_is_long(im)) return st;
    return pare_fail_in(im->ctx, st, "graph '%.200s': ", pare_str_or_empty(proto->name));
}
