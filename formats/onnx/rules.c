#include "formats/onnx/rules.h"

#include "base/bytes.h"
#include "formats/onnx/limits.h"
#include "onnx.pb-c.h"

#include <assert.h>

/* What the descriptors do not say: payloads that onnx.proto declares as bytes, and limits. */
typedef struct exception {
    const ProtobufCMessageDescriptor *message;
    const char *field;
    pare_onnx_kind kind; /* UNKNOWN: as declared */
    uint32_t limit;
} exception;

static const exception exceptions[] = {
    { &onnx__tensor_proto__descriptor, "float_data", PARE_ONNX_KIND_PACKED_FIXED32, 0 },
    { &onnx__tensor_proto__descriptor, "int32_data", PARE_ONNX_KIND_PACKED_VARINT, 0 },
    { &onnx__tensor_proto__descriptor, "int64_data", PARE_ONNX_KIND_PACKED_VARINT, 0 },
    { &onnx__tensor_proto__descriptor, "double_data", PARE_ONNX_KIND_PACKED_FIXED64, 0 },
    { &onnx__tensor_proto__descriptor, "uint64_data", PARE_ONNX_KIND_PACKED_VARINT, 0 },
    { &onnx__tensor_proto__descriptor, "dims", PARE_ONNX_KIND_UNKNOWN, PARE_ONNX_MAX_TENSOR_DIMS },
    { &onnx__sparse_tensor_proto__descriptor, "dims", PARE_ONNX_KIND_UNKNOWN,
      PARE_ONNX_MAX_TENSOR_DIMS },
    { &onnx__tensor_shape_proto__descriptor, "dim", PARE_ONNX_KIND_UNKNOWN,
      PARE_ONNX_MAX_TENSOR_DIMS },
    { &onnx__node_proto__descriptor, "attribute", PARE_ONNX_KIND_UNKNOWN,
      PARE_ONNX_MAX_NODE_ATTRS },
    { &onnx__model_proto__descriptor, "opset_import", PARE_ONNX_KIND_UNKNOWN,
      PARE_ONNX_MAX_OPSETS },
    { &onnx__function_proto__descriptor, "opset_import", PARE_ONNX_KIND_UNKNOWN,
      PARE_ONNX_MAX_OPSETS },
    { &onnx__string_string_entry_proto__descriptor, "value", PARE_ONNX_KIND_TEXT, 0 },
};

static pare_onnx_kind declared_kind(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM:
        return PARE_ONNX_KIND_INT32;
    case PROTOBUF_C_TYPE_INT64:
        return PARE_ONNX_KIND_INT64;
    case PROTOBUF_C_TYPE_FLOAT:
        return PARE_ONNX_KIND_FLOAT;
    case PROTOBUF_C_TYPE_STRING:
        return pare_str_eq(field->name, "doc_string") ? PARE_ONNX_KIND_TEXT : PARE_ONNX_KIND_NAME;
    case PROTOBUF_C_TYPE_BYTES:
        return PARE_ONNX_KIND_BYTES;
    case PROTOBUF_C_TYPE_MESSAGE:
        return PARE_ONNX_KIND_MESSAGE;
    default:
        assert(false && "a type that onnx.proto does not use");
        return PARE_ONNX_KIND_UNKNOWN;
    }
}

static pare_onnx_field_rule field_rule(const ProtobufCMessageDescriptor *message,
                                       const ProtobufCFieldDescriptor *field)
{
    pare_onnx_field_rule rule = {
        .field = field,
        .kind = (uint8_t)declared_kind(field),
        .repeated = field->label == PROTOBUF_C_LABEL_REPEATED,
        .in_oneof = (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0,
    };
    for (size_t i = 0; i < sizeof(exceptions) / sizeof(exceptions[0]); i++) {
        const exception *e = &exceptions[i];
        if (e->message != message || !pare_str_eq(e->field, field->name)) continue;
        if (e->kind) rule.kind = (uint8_t)e->kind;
        rule.limit = e->limit;
    }
    return rule;
}

static pare_onnx_type_rule *add_type(pare_onnx_rules *rules,
                                     const ProtobufCMessageDescriptor *message)
{
    for (size_t i = 0; i < rules->n_types; i++)
        if (rules->types[i].message == message) return &rules->types[i];
    assert(rules->n_types < PARE_ONNX_MAX_RULE_TYPES);
    pare_onnx_type_rule *type = &rules->types[rules->n_types++];
    *type = (pare_onnx_type_rule){ .message = message };
    return type;
}

void pare_onnx_rules_init(pare_onnx_rules *rules, const ProtobufCMessageDescriptor *root)
{
    rules->n_types = 0;
    add_type(rules, root);
    for (size_t i = 0; i < rules->n_types; i++) { /* grows while it runs */
        pare_onnx_type_rule *type = &rules->types[i];
        for (unsigned k = 0; k < type->message->n_fields; k++) {
            const ProtobufCFieldDescriptor *field = &type->message->fields[k];
            assert(field->id < PARE_ONNX_MAX_RULE_FIELDS);
            pare_onnx_field_rule *rule = &type->fields[field->id];
            *rule = field_rule(type->message, field);
            if (rule->kind == PARE_ONNX_KIND_MESSAGE)
                rule->child = add_type(rules, field->descriptor);
        }
    }
}

unsigned pare_onnx_kind_wire_type(pare_onnx_kind kind)
{
    switch (kind) {
    case PARE_ONNX_KIND_INT32:
    case PARE_ONNX_KIND_INT64:
        return 0;
    case PARE_ONNX_KIND_FLOAT:
        return 5;
    default:
        return 2;
    }
}
