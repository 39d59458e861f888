#include "formats/onnx/export_parts.h"

#include <string.h>

/* --- attributes ------------------------------------------------------------------------------- */

static void put_float(Onnx__AttributeProto *msg, float value, const void *source)
{
    if (!source || memcmp(&msg->f, &value, sizeof(value)))
        msg->has_f = 1; /* -0 and NaN are values */
    msg->f = value;
}

static void put_string(Onnx__AttributeProto *msg, pare_bytes value, const void *source)
{
    if (!source || value.n) msg->has_s = 1;
    msg->s = (ProtobufCBinaryData){ value.n, (uint8_t *)value.data };
}

static void put_strings(pare_export *e, Onnx__AttributeProto *msg, const pare_attr *attr)
{
    msg->n_strings = attr->n;
    msg->strings = pare_export_array(e, attr->n, sizeof(*msg->strings));
    for (uint32_t i = 0; i < attr->n && !e->status; i++)
        msg->strings[i] =
            (ProtobufCBinaryData){ attr->strings[i].n, (uint8_t *)attr->strings[i].data };
}

/* Which message the source has for item i; NULL when there is none. */
#define OLD(list, i) (old && (i) < old->n_##list ? old->list[i] : NULL)

static void put_tensors(pare_export *e, Onnx__AttributeProto *msg, const pare_attr *attr,
                        const Onnx__AttributeProto *old)
{
    msg->n_tensors = attr->n;
    msg->tensors = pare_export_array(e, attr->n, sizeof(*msg->tensors));
    for (uint32_t i = 0; i < attr->n && !e->status; i++)
        msg->tensors[i] = pare_export_tensor(e, attr->tensors[i], OLD(tensors, i), NULL, true);
}

static void put_sparse(pare_export *e, Onnx__AttributeProto *msg, const pare_attr *attr)
{
    msg->n_sparse_tensors = attr->n;
    msg->sparse_tensors = pare_export_array(e, attr->n, sizeof(*msg->sparse_tensors));
    for (uint32_t i = 0; i < attr->n && !e->status; i++)
        msg->sparse_tensors[i] = pare_export_sparse(e, attr->sparse[i], NULL, true);
}

static void put_graphs(pare_export *e, Onnx__AttributeProto *msg, const pare_attr *attr)
{
    msg->n_graphs = attr->n;
    msg->graphs = pare_export_array(e, attr->n, sizeof(*msg->graphs));
    for (uint32_t i = 0; i < attr->n && !e->status; i++)
        msg->graphs[i] = pare_export_graph(e, attr->graphs[i]);
}

static void put_types(pare_export *e, Onnx__AttributeProto *msg, const pare_attr *attr)
{
    msg->n_type_protos = attr->n;
    msg->type_protos = pare_export_array(e, attr->n, sizeof(*msg->type_protos));
    for (uint32_t i = 0; i < attr->n && !e->status; i++)
        msg->type_protos[i] = pare_export_type(e, attr->types[i]);
}

static void put_single(pare_export *e, Onnx__AttributeProto *msg, const pare_attr *attr,
                       const Onnx__AttributeProto *old)
{
    switch (attr->type) {
    case PARE_ATTR_FLOAT:
        put_float(msg, attr->floats[0], old);
        break;
    case PARE_ATTR_INT:
        pare_export_i64(&msg->has_i, &msg->i, attr->ints[0], old);
        break;
    case PARE_ATTR_STRING:
        put_string(msg, attr->strings[0], old);
        break;
    case PARE_ATTR_TENSOR:
        msg->t = pare_export_tensor(e, attr->tensors[0], old ? old->t : NULL, NULL, true);
        break;
    case PARE_ATTR_GRAPH:
        msg->g = pare_export_graph(e, attr->graphs[0]);
        break;
    case PARE_ATTR_SPARSE_TENSOR:
        msg->sparse_tensor = pare_export_sparse(e, attr->sparse[0], NULL, true);
        break;
    case PARE_ATTR_TYPE_PROTO:
        msg->tp = pare_export_type(e, attr->types[0]);
        break;
    default:
        break;
    }
}

static void put_list(pare_export *e, Onnx__AttributeProto *msg, const pare_attr *attr,
                     const Onnx__AttributeProto *old)
{
    switch (attr->type) {
    case PARE_ATTR_FLOATS:
        msg->n_floats = attr->n;
        msg->floats = (float *)attr->floats;
        break;
    case PARE_ATTR_INTS:
        msg->n_ints = attr->n;
        msg->ints = (int64_t *)attr->ints;
        break;
    case PARE_ATTR_STRINGS:
        put_strings(e, msg, attr);
        break;
    case PARE_ATTR_TENSORS:
        put_tensors(e, msg, attr, old);
        break;
    case PARE_ATTR_GRAPHS:
        put_graphs(e, msg, attr);
        break;
    case PARE_ATTR_SPARSE_TENSORS:
        put_sparse(e, msg, attr);
        break;
    case PARE_ATTR_TYPE_PROTOS:
        put_types(e, msg, attr);
        break;
    default:
        break;
    }
}

Onnx__AttributeProto *pare_export_attr(pare_export *e, const pare_attr *attr)
{
    const Onnx__AttributeProto *old = attr->source;
    Onnx__AttributeProto *msg = pare_export_message(e, &onnx__attribute_proto__descriptor, old);
    if (!msg) return NULL;
    msg->name = pare_export_text(attr->name);
    /* A reference to nothing is none, but may stay. */
    if (attr->ref_name || pare_str_or_empty(msg->ref_attr_name)[0])
        msg->ref_attr_name = pare_export_text(attr->ref_name);
    /* Files of the first IR versions do without types of attributes. */
    if (!old || old->type) {
        msg->has_type = 1;
        msg->type = (int32_t)attr->type;
    }
    if (attr->ref_name) return msg;
    if (attr->n == 1) put_single(e, msg, attr, old);
    put_list(e, msg, attr, old);
    return e->status ? NULL : msg;
}

/* --- nodes ------------------------------------------------------------------------------------ */

static void put_values(pare_export *e, Onnx__NodeProto *msg, const pare_node *node)
{
    msg->n_input = node->n_inputs;
    msg->input = pare_export_array(e, node->n_inputs, sizeof(*msg->input));
    for (uint32_t i = 0; i < node->n_inputs && !e->status; i++)
        msg->input[i] = pare_export_value_name(e, node->inputs[i].value);
    msg->n_output = node->n_outputs;
    msg->output = pare_export_array(e, node->n_outputs, sizeof(*msg->output));
    for (uint32_t i = 0; i < node->n_outputs && !e->status; i++)
        msg->output[i] = pare_export_value_name(e, node->outputs[i]);
}

static bool is_as_read(const pare_export *e, const pare_node *node)
{
    if (node->dirty || !node->source) return false;
    for (uint32_t i = 0; i < node->n_attrs; i++)
        if (pare_onnx_layout_moves(e->layout, node->attrs[i])) return false;
    return true;
}

Onnx__NodeProto *pare_export_node(pare_export *e, const pare_node *node)
{
    if (node->domain && pare_str_eq(node->domain, "pare")) {
        e->status = pare_fail(e->ctx, PARE_EUNSUPPORTED,
                              "node '%s': operator pare.%s is internal and cannot be written",
                              pare_str_or_empty(node->name), pare_str_or_empty(node->op_type));
        return NULL;
    }
    if (is_as_read(e, node)) return (Onnx__NodeProto *)node->source;
    Onnx__NodeProto *msg = pare_export_message(e, &onnx__node_proto__descriptor, node->source);
    if (!msg) return NULL;
    put_values(e, msg, node);
    msg->name = pare_export_text(node->name);
    msg->op_type = pare_export_text(node->op_type);
    msg->domain = pare_export_text(node->domain);
    msg->overload = pare_export_text(node->overload);
    msg->doc_string = pare_export_text(node->doc);
    msg->n_attribute = node->n_attrs;
    msg->attribute = pare_export_array(e, node->n_attrs, sizeof(*msg->attribute));
    for (uint32_t i = 0; i < node->n_attrs && !e->status; i++)
        msg->attribute[i] = pare_export_attr(e, node->attrs[i]);
    msg->metadata_props = pare_export_props(e, &msg->n_metadata_props, &node->props);
    return e->status ? NULL : msg;
}
