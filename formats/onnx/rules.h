/* What each field of each message may look like on the wire, derived from protobuf-c's descriptors,
 * so that onnx.proto stays the only schema. */
#ifndef FORMATS_ONNX_RULES_H
#define FORMATS_ONNX_RULES_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

enum {
    PARE_ONNX_MAX_RULE_TYPES = 40,
    PARE_ONNX_MAX_RULE_FIELDS = 32, /* field numbers are below this */
};

typedef enum pare_onnx_kind {
    PARE_ONNX_KIND_UNKNOWN, /* no such field */
    PARE_ONNX_KIND_INT32,
    PARE_ONNX_KIND_INT64,
    PARE_ONNX_KIND_FLOAT,
    PARE_ONNX_KIND_NAME, /* string: short, UTF-8 */
    PARE_ONNX_KIND_TEXT, /* string meant for people: may be long, need not be UTF-8 */
    PARE_ONNX_KIND_BYTES,
    PARE_ONNX_KIND_PACKED_VARINT, /* payloads: bytes to protobuf-c, packed numbers by standard */
    PARE_ONNX_KIND_PACKED_FIXED32,
    PARE_ONNX_KIND_PACKED_FIXED64,
    PARE_ONNX_KIND_MESSAGE,
} pare_onnx_kind;

typedef struct pare_onnx_field_rule {
    const ProtobufCFieldDescriptor *field;
    struct pare_onnx_type_rule *child; /* MESSAGE only */
    uint32_t limit;                          /* most items in one message; 0: no limit */
    uint8_t kind;                            /* pare_onnx_kind */
    bool repeated;
    bool in_oneof;
    bool leads_to_stub; /* set by the scanner: the skeleton has a stub here or further inside */
} pare_onnx_field_rule;

typedef struct pare_onnx_type_rule {
    const ProtobufCMessageDescriptor *message;
    pare_onnx_field_rule fields[PARE_ONNX_MAX_RULE_FIELDS]; /* by number */
} pare_onnx_type_rule;

typedef struct pare_onnx_rules {
    pare_onnx_type_rule types[PARE_ONNX_MAX_RULE_TYPES]; /* [0]: the root */
    size_t n_types;
} pare_onnx_rules;

/* Fills in the rules of root and every message type below it. */
void pare_onnx_rules_init(pare_onnx_rules *rules, const ProtobufCMessageDescriptor *root);

/* The wire type of one item of a kind: 0 varint, 1 eight bytes, 2 length and bytes, 5 four
 * bytes. */
unsigned pare_onnx_kind_wire_type(pare_onnx_kind kind);

#endif
