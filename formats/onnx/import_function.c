#include "formats/onnx/import.h"

static pare_status define_inputs(pare_importer *im, pare_graph *body,
                                 const Onnx__FunctionProto *proto)
{
    for (size_t i = 0; i < proto->n_input; i++) {
        pare_value_id value = PARE_NONE;
        pare_status st = pare_value_new(im->ctx, &value, body, proto->input[i]);
        if (!st) st = pare_graph_add_input(im->ctx, body, value, NULL, NULL);
        if (st) return pare_fail_in(im->ctx, st, "input %zu: ", i);
    }
    return PARE_OK;
}

static pare_status add_outputs(pare_importer *im, pare_graph *body,
                               const Onnx__FunctionProto *proto)
{
    for (size_t i = 0; i < proto->n_output; i++) {
        const pare_value_id value = pare_import_own(body, proto->output[i]);
        if (value == PARE_NONE)
            return pare_fail(im->ctx, PARE_EFORMAT,
                             "output %zu '%.200s': expected a value that is produced, "
                             "found none of this name",
                             i, proto->output[i]);
        PARE_TRY(pare_graph_add_output(im->ctx, body, value, NULL, NULL));
    }
    return PARE_OK;
}

static pare_status import_defaults(pare_importer *im, pare_function *f,
                                   const Onnx__FunctionProto *proto)
{
    const size_t n = proto->n_attribute_proto;
    f->attr_names = (const char *const *)proto->attribute;
    f->n_attr_names = proto->n_attribute;
    f->attr_defaults = pare_arena_array(&im->model->arena, n, sizeof(*f->attr_defaults));
    if (!f->attr_defaults) return pare_arena_fail(im->ctx, &im->model->arena);
    PARE_TRY(pare_import_attr_names(im, proto->attribute_proto, n));
    for (size_t i = 0; i < n; i++) {
        pare_attr *attr = NULL;
        PARE_TRY(pare_import_attr(im, &attr, proto->attribute_proto[i], NULL, false));
        f->attr_defaults[f->n_attr_defaults++] = attr;
    }
    return PARE_OK;
}

static pare_status import_body(pare_importer *im, pare_function *f,
                               const Onnx__FunctionProto *proto)
{
    PARE_TRY(define_inputs(im, f->body, proto));
    PARE_TRY(pare_import_nodes(im, f->body, proto->node, proto->n_node));
    PARE_TRY(add_outputs(im, f->body, proto));
    return pare_import_value_infos(im, f->body, proto->value_info, proto->n_value_info);
}

static pare_status import_parts(pare_importer *im, const Onnx__FunctionProto *proto)
{
    pare_function *f = NULL;
    if (!proto->name || !*proto->name)
        return pare_fail(im->ctx, PARE_EFORMAT, "name: expected a name, found none");
    PARE_TRY(
        pare_function_new(im->ctx, &f, im->model, proto->domain, proto->name, proto->overload));
    f->source = proto;
    f->doc = proto->doc_string;
    PARE_TRY(pare_import_opsets(im, &f->opsets, proto->opset_import, proto->n_opset_import));
    PARE_TRY(import_defaults(im, f, proto));
    PARE_TRY(import_body(im, f, proto));
    return pare_import_props(im, &f->props, proto->metadata_props, proto->n_metadata_props);
}

pare_status pare_import_function(pare_importer *im, const Onnx__FunctionProto *proto)
{
    const pare_status st = import_parts(im, proto);
    if (!st) return st;
    return pare_fail_in(im->ctx, st, "function '%.200s:%.200s': ", pare_str_or_empty(proto->domain),
                        pare_str_or_empty(proto->name));
}
