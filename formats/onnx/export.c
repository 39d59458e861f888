#include "formats/onnx/export.h"

#include "formats/onnx/export_parts.h"
#include "ir/limits.h"

#include <assert.h>
#include <string.h>

/* --- helpers ---------------------------------------------------------------------------------- */

void *pare_export_message(pare_export *e, const ProtobufCMessageDescriptor *type,
                          const void *source)
{
    if (e->status) return NULL;
    ProtobufCMessage *msg = pare_arena_alloc(e->arena, type->sizeof_message);
    if (!msg) {
        e->status = pare_arena_fail(e->ctx, e->arena);
        return NULL;
    }
    if (!source) {
        protobuf_c_message_init(type, msg);
        return msg;
    }
    assert(((const ProtobufCMessage *)source)->descriptor == type);
    memcpy(msg, source, type->sizeof_message);
    return msg;
}

void *pare_export_array(pare_export *e, size_t n, size_t item_bytes)
{
    if (!n || e->status) return NULL;
    void *items = pare_arena_array(e->arena, n, item_bytes);
    if (!items) e->status = pare_arena_fail(e->ctx, e->arena);
    return items;
}

void pare_export_need(pare_export *e, int64_t ir_version)
{
    if (e->ir_version < ir_version) e->ir_version = ir_version;
}

char *pare_export_value_name(const pare_export *e, pare_value_id value)
{
    return pare_export_text(value == PARE_NONE ? "" : pare_value_at(e->model, value)->name);
}

static Onnx__StringStringEntryProto *export_entry(pare_export *e, const char *key,
                                                  const char *value, const void *source)
{
    Onnx__StringStringEntryProto *msg =
        pare_export_message(e, &onnx__string_string_entry_proto__descriptor, source);
    if (!msg) return NULL;
    msg->key = pare_export_text(key);
    msg->value = pare_export_text(value);
    return msg;
}

Onnx__StringStringEntryProto **pare_export_props(pare_export *e, size_t *n, const pare_props *props)
{
    *n = props->n;
    Onnx__StringStringEntryProto **list = pare_export_array(e, props->n, sizeof(*list));
    for (size_t i = 0; i < props->n && !e->status; i++) {
        const pare_prop *p = &props->items[i];
        list[i] = export_entry(e, p->key, p->value, p->source);
    }
    return list;
}

static Onnx__OperatorSetIdProto **export_opsets(pare_export *e, size_t *n,
                                                const pare_opsets *opsets)
{
    *n = opsets->n;
    Onnx__OperatorSetIdProto **list = pare_export_array(e, opsets->n, sizeof(*list));
    for (size_t i = 0; i < opsets->n && !e->status; i++) {
        const pare_opset *o = &opsets->items[i];
        list[i] = pare_export_message(e, &onnx__operator_set_id_proto__descriptor, o->source);
        if (!list[i]) break;
        list[i]->domain = pare_export_text(o->domain);
        pare_export_i64(&list[i]->has_version, &list[i]->version, o->version, o->source);
    }
    return list;
}

/* --- graphs ----------------------------------------------------------------------------------- */

Onnx__NodeProto **pare_export_nodes(pare_export *e, size_t *n, const pare_graph *graph)
{
    *n = graph->n_nodes;
    Onnx__NodeProto **list = pare_export_array(e, graph->n_nodes, sizeof(*list));
    size_t i = 0;
    for (pare_node_id id = graph->first_node; id != PARE_NONE && !e->status; i++) {
        const pare_node *node = pare_node_at(e->model, id);
        assert(i < graph->n_nodes);
        list[i] = pare_export_node(e, node);
        id = node->next;
    }
    return list;
}

static Onnx__ValueInfoProto **export_decls(pare_export *e, size_t *n, const pare_decls *decls)
{
    *n = 0;
    Onnx__ValueInfoProto **list = pare_export_array(e, decls->n, sizeof(*list));
    for (size_t i = 0; i < decls->n && !e->status; i++)
        if (!pare_decl_is_dead(e->model, &decls->items[i]))
            list[(*n)++] = pare_export_decl(e, &decls->items[i]);
    return list;
}

/* The message that a value's payload was read from, if it is of this type still. */
static const void *payload_source(const pare_value *v, const ProtobufCMessageDescriptor *type)
{
    const ProtobufCMessage *source = v->tensor_source;
    return source && source->descriptor == type ? source : NULL;
}

static Onnx__TensorProto **export_initializers(pare_export *e, size_t *n, const pare_graph *graph)
{
    *n = 0;
    Onnx__TensorProto **list = pare_export_array(e, graph->initializers.n, sizeof(*list));
    for (size_t i = 0; i < graph->initializers.n && !e->status; i++) {
        const pare_value *v = pare_value_at(e->model, graph->initializers.items[i]);
        if (!v->tensor) continue;
        const void *source = payload_source(v, &onnx__tensor_proto__descriptor);
        if (!source && !v->is_input) pare_export_need(e, 4); /* older ones list all as inputs too */
        list[(*n)++] = pare_export_tensor(e, v->tensor, source, v->name, v->tensor_dirty);
    }
    return list;
}

static Onnx__SparseTensorProto **export_sparse_initializers(pare_export *e, size_t *n,
                                                            const pare_graph *graph)
{
    *n = 0;
    Onnx__SparseTensorProto **list =
        pare_export_array(e, graph->sparse_initializers.n, sizeof(*list));
    for (size_t i = 0; i < graph->sparse_initializers.n && !e->status; i++) {
        const pare_value *v = pare_value_at(e->model, graph->sparse_initializers.items[i]);
        if (!v->sparse) continue;
        if (!v->sparse->source) pare_export_need(e, 6);
        list[(*n)++] = pare_export_sparse(e, v->sparse, v->name, v->tensor_dirty);
    }
    return list;
}

static const char *ref_name(const pare_export *e, const pare_value_ref *ref)
{
    return ref->value == PARE_NONE ? ref->name : pare_value_at(e->model, ref->value)->name;
}

/* Whether the value that an annotation mentions has been removed. */
static bool ref_is_dead(const pare_export *e, const pare_value_ref *ref)
{
    return ref->value != PARE_NONE && !pare_value_at(e->model, ref->value)->graph;
}

static bool annotation_is_dead(const pare_export *e, const pare_annotation *a)
{
    bool dead = ref_is_dead(e, &a->tensor);
    for (size_t i = 0; i < a->n_params; i++) dead = dead || ref_is_dead(e, &a->params[i]);
    return dead;
}

static Onnx__TensorAnnotation *export_annotation(pare_export *e, const pare_annotation *a)
{
    const Onnx__TensorAnnotation *old = a->source;
    Onnx__TensorAnnotation *msg = pare_export_message(e, &onnx__tensor_annotation__descriptor, old);
    if (!msg) return NULL;
    msg->tensor_name = pare_export_text(ref_name(e, &a->tensor));
    msg->n_quant_parameter_tensor_names = a->n_params;
    msg->quant_parameter_tensor_names =
        pare_export_array(e, a->n_params, sizeof(*msg->quant_parameter_tensor_names));
    for (size_t i = 0; i < a->n_params && !e->status; i++) {
        const bool same = old && old->n_quant_parameter_tensor_names == a->n_params;
        msg->quant_parameter_tensor_names[i] =
            export_entry(e, a->keys[i], ref_name(e, &a->params[i]),
                         same ? old->quant_parameter_tensor_names[i] : NULL);
    }
    return msg;
}

static Onnx__TensorAnnotation **export_annotations(pare_export *e, size_t *n,
                                                   const pare_graph *graph)
{
    *n = 0;
    Onnx__TensorAnnotation **list = pare_export_array(e, graph->n_annotations, sizeof(*list));
    for (size_t i = 0; i < graph->n_annotations && !e->status; i++)
        if (!annotation_is_dead(e, &graph->annotations[i]))
            list[(*n)++] = export_annotation(e, &graph->annotations[i]);
    return list;
}

Onnx__GraphProto *pare_export_graph(pare_export *e, const pare_graph *graph)
{
    assert(graph->depth <= PARE_MAX_GRAPH_DEPTH);
    Onnx__GraphProto *msg = pare_export_message(e, &onnx__graph_proto__descriptor, graph->source);
    if (!msg) return NULL;
    msg->name = pare_export_text(graph->name);
    msg->doc_string = pare_export_text(graph->doc);
    msg->node = pare_export_nodes(e, &msg->n_node, graph);
    msg->initializer = export_initializers(e, &msg->n_initializer, graph);
    msg->sparse_initializer = export_sparse_initializers(e, &msg->n_sparse_initializer, graph);
    msg->input = export_decls(e, &msg->n_input, &graph->inputs);
    msg->output = export_decls(e, &msg->n_output, &graph->outputs);
    msg->value_info = export_decls(e, &msg->n_value_info, &graph->value_infos);
    msg->quantization_annotation = export_annotations(e, &msg->n_quantization_annotation, graph);
    msg->metadata_props = pare_export_props(e, &msg->n_metadata_props, &graph->props);
    return e->status ? NULL : msg;
}

/* --- functions -------------------------------------------------------------------------------- */

static char **export_names(pare_export *e, size_t *n, const pare_decls *decls)
{
    *n = 0;
    char **list = pare_export_array(e, decls->n, sizeof(*list));
    for (size_t i = 0; i < decls->n && !e->status; i++) {
        const pare_decl *d = &decls->items[i];
        if (pare_decl_is_dead(e->model, d)) continue;
        list[(*n)++] =
            d->value == PARE_NONE ? pare_export_text(d->name) : pare_export_value_name(e, d->value);
    }
    return list;
}

/* A function has no place for initializers. */
static void refuse_initializers(pare_export *e, const pare_function *f)
{
    const pare_value_list *lists[] = { &f->body->initializers, &f->body->sparse_initializers };
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < lists[k]->n; i++) {
            const pare_value *v = pare_value_at(e->model, lists[k]->items[i]);
            if (!v->tensor && !v->sparse) continue;
            e->status =
                pare_fail(e->ctx, PARE_EUNSUPPORTED,
                          "function '%s': initializer '%s' cannot be written; inline the function",
                          pare_str_or_empty(f->name), v->name);
            return;
        }
    }
}

static void export_function_attrs(pare_export *e, Onnx__FunctionProto *msg, const pare_function *f)
{
    msg->n_attribute = f->n_attr_names;
    msg->attribute = (char **)f->attr_names;
    msg->n_attribute_proto = f->n_attr_defaults;
    msg->attribute_proto = pare_export_array(e, f->n_attr_defaults, sizeof(*msg->attribute_proto));
    for (size_t i = 0; i < f->n_attr_defaults && !e->status; i++)
        msg->attribute_proto[i] = pare_export_attr(e, f->attr_defaults[i]);
}

static Onnx__FunctionProto *export_function(pare_export *e, const pare_function *f)
{
    refuse_initializers(e, f);
    Onnx__FunctionProto *msg = pare_export_message(e, &onnx__function_proto__descriptor, f->source);
    if (!msg) return NULL;
    msg->name = pare_export_text(f->name);
    msg->domain = pare_export_text(f->domain);
    msg->overload = pare_export_text(f->overload);
    msg->doc_string = pare_export_text(f->doc);
    msg->input = export_names(e, &msg->n_input, &f->body->inputs);
    msg->output = export_names(e, &msg->n_output, &f->body->outputs);
    msg->node = pare_export_nodes(e, &msg->n_node, f->body);
    msg->value_info = export_decls(e, &msg->n_value_info, &f->body->value_infos);
    msg->opset_import = export_opsets(e, &msg->n_opset_import, &f->opsets);
    msg->metadata_props = pare_export_props(e, &msg->n_metadata_props, &f->props);
    export_function_attrs(e, msg, f);
    if (!f->source) pare_export_need(e, f->overload ? 10 : f->n_attr_defaults ? 9 : 8);
    return e->status ? NULL : msg;
}

/* --- model ------------------------------------------------------------------------------------ */

static Onnx__ModelProto *export_model(pare_export *e)
{
    const pare_model *model = e->model;
    Onnx__ModelProto *msg = pare_export_message(e, &onnx__model_proto__descriptor, model->source);
    if (!msg) return NULL;
    msg->producer_name = pare_export_text(model->producer_name);
    msg->producer_version = pare_export_text(model->producer_version);
    msg->domain = pare_export_text(model->domain);
    msg->doc_string = pare_export_text(model->doc);
    if (model->source || model->model_version)
        pare_export_i64(&msg->has_model_version, &msg->model_version, model->model_version,
                        model->source);
    msg->graph = pare_export_graph(e, model->graph);
    msg->opset_import = export_opsets(e, &msg->n_opset_import, &model->opsets);
    msg->metadata_props = pare_export_props(e, &msg->n_metadata_props, &model->props);
    msg->n_functions = model->n_functions;
    msg->functions = pare_export_array(e, model->n_functions, sizeof(*msg->functions));
    for (size_t i = 0; i < model->n_functions && !e->status; i++)
        msg->functions[i] = export_function(e, model->functions[i]);
    const int64_t need = e->ir_version > model->ir_version ? e->ir_version : model->ir_version;
    pare_export_i64(&msg->has_ir_version, &msg->ir_version, need, model->source);
    return e->status ? NULL : msg;
}

pare_status pare_onnx_export(pare_ctx *ctx, Onnx__ModelProto **out, pare_arena *arena,
                             const pare_model *model, const pare_onnx_layout *layout)
{
    pare_export e = { .ctx = ctx, .arena = arena, .model = model, .layout = layout };
    *out = export_model(&e);
    return e.status;
}
