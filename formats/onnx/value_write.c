#include "formats/onnx/value.h"

#include "formats/onnx/export_parts.h"
#include "formats/output.h"

#include <inttypes.h>

/* DataType of SequenceProto and OptionalProto. */
enum { ELEM_TENSOR = 1, ELEM_SEQUENCE = 3, ELEM_OPTIONAL = 5 };

typedef struct value_buffer {
    ProtobufCBuffer base;
    pare_ctx *ctx;
    pare_output *out;
} value_buffer;

static void append(ProtobufCBuffer *buffer, size_t n_bytes, const uint8_t *data)
{
    value_buffer *b = (value_buffer *)buffer;
    (void)pare_output_write(b->ctx, b->out, data, n_bytes); /* a failure sticks in the output */
}

static ProtobufCMessage *export_datum(pare_export *e, const pare_datum *datum, const char *name);

/* Items of one kind go into the field of that kind; a sequence of none says tensors. */
static Onnx__SequenceProto *export_sequence(pare_export *e, const pare_datum *datum,
                                            const char *name)
{
    Onnx__SequenceProto *msg = pare_export_message(e, &onnx__sequence_proto__descriptor, NULL);
    void **items = pare_export_array(e, datum->n_items, sizeof(*items));
    if (!msg || e->status) return NULL;
    const pare_type_kind kind = datum->n_items ? datum->items[0].kind : PARE_TYPE_TENSOR;
    for (size_t i = 0; i < datum->n_items; i++) {
        items[i] = export_datum(e, &datum->items[i], NULL);
        if (!items[i]) return NULL;
    }
    msg->name = pare_export_text(name);
    msg->has_elem_type = 1;
    if (kind == PARE_TYPE_TENSOR) {
        msg->elem_type = ELEM_TENSOR;
        msg->n_tensor_values = datum->n_items;
        msg->tensor_values = (Onnx__TensorProto **)(void *)items;
    } else if (kind == PARE_TYPE_SEQUENCE) {
        msg->elem_type = ELEM_SEQUENCE;
        msg->n_sequence_values = datum->n_items;
        msg->sequence_values = (Onnx__SequenceProto **)(void *)items;
    } else {
        msg->elem_type = ELEM_OPTIONAL;
        msg->n_optional_values = datum->n_items;
        msg->optional_values = (Onnx__OptionalProto **)(void *)items;
    }
    return msg;
}

static Onnx__OptionalProto *export_optional(pare_export *e, const pare_datum *datum,
                                            const char *name)
{
    Onnx__OptionalProto *msg = pare_export_message(e, &onnx__optional_proto__descriptor, NULL);
    if (!msg) return NULL;
    msg->name = pare_export_text(name);
    msg->has_elem_type = 1;
    if (!datum->n_items) return msg;
    const pare_datum *item = &datum->items[0];
    void *value = export_datum(e, item, NULL);
    if (!value) return NULL;
    if (item->kind == PARE_TYPE_TENSOR) {
        msg->elem_type = ELEM_TENSOR;
        msg->tensor_value = value;
    } else if (item->kind == PARE_TYPE_SEQUENCE) {
        msg->elem_type = ELEM_SEQUENCE;
        msg->sequence_value = value;
    } else {
        msg->elem_type = ELEM_OPTIONAL;
        msg->optional_value = value;
    }
    return msg;
}

/* Recursion: as deep as the types of values are, PARE_MAX_TYPE_DEPTH. */
static ProtobufCMessage *export_datum(pare_export *e, const pare_datum *datum, const char *name)
{
    if (datum->kind == PARE_TYPE_SEQUENCE) return (void *)export_sequence(e, datum, name);
    if (datum->kind == PARE_TYPE_TENSOR)
        return (void *)pare_export_tensor(e, datum->tensor, NULL, name, true);
    return (void *)export_optional(e, datum, name);
}

pare_status pare_onnx_write_value(pare_ctx *ctx, const char *path, const char *name,
                                  const pare_datum *datum)
{
    const pare_onnx_layout inside = { 0 };
    pare_arena arena;
    pare_output *out = NULL;
    pare_arena_init(ctx, &arena, 0);
    pare_export e = { .ctx = ctx, .arena = &arena, .layout = &inside };
    const ProtobufCMessage *msg = export_datum(&e, datum, name);
    pare_status st = e.status;
    const uint64_t n_bytes = st ? 0 : protobuf_c_message_get_packed_size(msg);
    if (n_bytes > PARE_ONNX_MAX_FILE_BYTES)
        st = pare_fail(ctx, PARE_EUNSUPPORTED, "%s: the value takes %" PRIu64
                       " bytes, expected at most %" PRIu64, path, n_bytes,
                       PARE_ONNX_MAX_FILE_BYTES);
    if (!st) st = pare_output_open(ctx, &out, path);
    if (!st) {
        value_buffer buffer = { .base = { .append = append }, .ctx = ctx, .out = out };
        protobuf_c_message_pack_to_buffer(msg, &buffer.base);
        st = pare_output_write(ctx, out, NULL, 0);
    }
    if (!st) st = pare_output_commit(ctx, out);
    else pare_output_abort(ctx, out);
    pare_arena_free(&arena);
    return st;
}
