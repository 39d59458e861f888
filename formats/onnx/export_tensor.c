#include "formats/onnx/export_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One payload field of TensorProto. */
typedef struct payload_field {
    protobuf_c_boolean *has;
    ProtobufCBinaryData *data;
} payload_field;

static payload_field field_of(Onnx__TensorProto *msg, pare_encoding encoding)
{
    switch (encoding) {
    case PARE_ENC_FLOAT_DATA:
        return (payload_field){ &msg->has_float_data, &msg->float_data };
    case PARE_ENC_INT32_DATA:
        return (payload_field){ &msg->has_int32_data, &msg->int32_data };
    case PARE_ENC_INT64_DATA:
        return (payload_field){ &msg->has_int64_data, &msg->int64_data };
    case PARE_ENC_DOUBLE_DATA:
        return (payload_field){ &msg->has_double_data, &msg->double_data };
    case PARE_ENC_UINT64_DATA:
        return (payload_field){ &msg->has_uint64_data, &msg->uint64_data };
    case PARE_ENC_DENSE:
    case PARE_ENC_STRINGS:
        break;
    }
    return (payload_field){ &msg->has_raw_data, &msg->raw_data };
}

/* Empties all payload fields. One that was there and empty already stays there. */
static void clear_payload(Onnx__TensorProto *msg)
{
    for (int encoding = PARE_ENC_DENSE; encoding < PARE_ENC_STRINGS; encoding++) {
        const payload_field f = field_of(msg, (pare_encoding)encoding);
        if (f.data->len) *f.has = 0;
        *f.data = (ProtobufCBinaryData){ 0, NULL };
    }
    msg->n_string_data = 0;
    msg->string_data = NULL;
}

static void put_strings(pare_export *e, Onnx__TensorProto *msg, const pare_tensor *tensor)
{
    const size_t n = (size_t)tensor->n_elements;
    msg->string_data = pare_export_array(e, n, sizeof(*msg->string_data));
    if (e->status) return;
    msg->n_string_data = n;
    for (size_t i = 0; i < n; i++)
        msg->string_data[i] =
            (ProtobufCBinaryData){ tensor->strings[i].n, (uint8_t *)tensor->strings[i].data };
}

static void put_inline(pare_export *e, Onnx__TensorProto *msg, const pare_tensor *tensor,
                       const Onnx__TensorProto *source)
{
    if (tensor->encoding == PARE_ENC_STRINGS) {
        put_strings(e, msg, tensor);
        return;
    }
    const payload_field f = field_of(msg, tensor->encoding);
    /* Without elements there may be no field at all. */
    if (tensor->payload.n || !source) *f.has = 1;
    *f.data = (ProtobufCBinaryData){ tensor->payload.n, (uint8_t *)tensor->payload.data };
}

static Onnx__StringStringEntryProto *entry(pare_export *e, const char *key, const char *value)
{
    Onnx__StringStringEntryProto *msg =
        pare_export_message(e, &onnx__string_string_entry_proto__descriptor, NULL);
    if (!msg) return NULL;
    msg->key = pare_export_text(key);
    msg->value = pare_export_text(value);
    return msg;
}

static Onnx__StringStringEntryProto *number_entry(pare_export *e, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof(text), "%" PRIu64, value);
    const char *copy = pare_arena_str(e->arena, text);
    if (!copy && !e->status) e->status = pare_arena_fail(e->ctx, e->arena);
    return copy ? entry(e, key, copy) : NULL;
}

/* Whether the source's entries say the same place already. */
static bool says_place(const Onnx__TensorProto *source, const pare_onnx_spot *spot)
{
    bool location = false;
    uint64_t offset = 0;
    for (size_t i = 0; source && i < source->n_external_data; i++) {
        const Onnx__StringStringEntryProto *p = source->external_data[i];
        if (!p->key || !p->value) continue;
        if (pare_str_eq(p->key, "location")) location = pare_str_eq(p->value, spot->location);
        if (pare_str_eq(p->key, "offset")) offset = strtoull(p->value, NULL, 10);
    }
    return location && offset == spot->offset;
}

static void put_external(pare_export *e, Onnx__TensorProto *msg, const pare_onnx_spot *spot,
                         const Onnx__TensorProto *source)
{
    msg->has_data_location = 1;
    msg->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
    if (says_place(source, spot)) return; /* with keys that the IR does not hold, e.g. a checksum */
    msg->external_data = pare_export_array(e, 3, sizeof(*msg->external_data));
    if (e->status) return;
    msg->n_external_data = 3;
    msg->external_data[0] = entry(e, "location", spot->location);
    msg->external_data[1] = number_entry(e, "offset", spot->offset);
    msg->external_data[2] = number_entry(e, "length", spot->n_bytes);
}

/* Removes the external place, if there is one. */
static void put_not_external(Onnx__TensorProto *msg)
{
    if (msg->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__DEFAULT) return;
    msg->has_data_location = 0;
    msg->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__DEFAULT;
    msg->n_external_data = 0;
    msg->external_data = NULL;
}

Onnx__TensorProto *pare_export_tensor(pare_export *e, const pare_tensor *tensor, const void *source,
                                      const char *name, bool dirty)
{
    const Onnx__TensorProto *old = source;
    const pare_onnx_spot spot = pare_onnx_layout_spot(e->layout, tensor);
    const bool same_name = !name || (old && old->name && pare_str_eq(old->name, name));
    if (old && !dirty && same_name && !spot.moved) return (Onnx__TensorProto *)old;

    Onnx__TensorProto *msg = pare_export_message(e, &onnx__tensor_proto__descriptor, source);
    if (!msg) return NULL;
    if (name) msg->name = pare_export_text(name);
    msg->n_dims = tensor->rank;
    msg->dims = (int64_t *)tensor->dims;
    if (!old || old->data_type != (int32_t)tensor->dtype)
        pare_export_need(e, pare_dtype_of(tensor->dtype)->ir_version);
    msg->has_data_type = 1;
    msg->data_type = (int32_t)tensor->dtype;
    clear_payload(msg);
    if (spot.location) {
        put_external(e, msg, &spot, old);
    } else {
        put_not_external(msg);
        put_inline(e, msg, tensor, old);
    }
    return e->status ? NULL : msg;
}

Onnx__SparseTensorProto *pare_export_sparse(pare_export *e, const pare_sparse_tensor *sparse,
                                            const char *name, bool dirty)
{
    const Onnx__SparseTensorProto *old = sparse->source;
    Onnx__SparseTensorProto *msg =
        pare_export_message(e, &onnx__sparse_tensor_proto__descriptor, old);
    if (!msg) return NULL;
    if (sparse->values)
        msg->values = pare_export_tensor(e, sparse->values, old ? old->values : NULL, name, dirty);
    if (sparse->indices)
        msg->indices =
            pare_export_tensor(e, sparse->indices, old ? old->indices : NULL, NULL, dirty);
    msg->n_dims = sparse->rank;
    msg->dims = (int64_t *)sparse->dims;
    return e->status ? NULL : msg;
}
