#include "formats/onnx/unpack.h"

#include <string.h>

/* --- memory for protobuf-c -------------------------------------------------------------------- */

/* While protobuf-c parses a message of many fields it takes slabs that it gives back at the end, of
 * 2^k bytes each from SLAB_BYTES on. They are recycled, for they can outweigh the message. */
enum { SLAB_LOG2 = 10, SLAB_BYTES = 1 << SLAB_LOG2, N_SLAB_SIZES = 32 };

typedef struct slab {
    struct slab *next;
} slab;

typedef struct memory {
    pare_ctx *ctx;
    pare_arena *arena;
    slab *spare[N_SLAB_SIZES]; /* by log2 of size, less SLAB_LOG2 */
    struct taken {
        void *p; /* NULL: given back */
        unsigned size;
    } * taken; /* what may be a slab, oldest first */
    size_t n_taken, taken_cap;
    bool out_of_table; /* no memory for `taken` */
} memory;

/* Index among the slab sizes, or N_SLAB_SIZES when no slab is that long. */
static unsigned slab_size(size_t n_bytes)
{
    if (n_bytes < SLAB_BYTES || n_bytes & (n_bytes - 1)) return N_SLAB_SIZES;
    unsigned i = 0;
    while (i < N_SLAB_SIZES && (size_t)SLAB_BYTES << i != n_bytes) i++;
    return i;
}

static void *take(void *user, size_t n_bytes)
{
    memory *m = user;
    const unsigned size = slab_size(n_bytes);
    if (size == N_SLAB_SIZES) return pare_arena_alloc(m->arena, n_bytes);
    if (pare_grow(m->ctx, &m->taken, &m->taken_cap, m->n_taken + 1, sizeof(*m->taken))) {
        m->out_of_table = true;
        return NULL;
    }
    void *p = m->spare[size];
    if (p) m->spare[size] = m->spare[size]->next;
    else p = pare_arena_alloc(m->arena, n_bytes);
    if (p) m->taken[m->n_taken++] = (struct taken){ p, size };
    return p;
}

/* Slabs are given back soon after they were taken, so the search is short. Everything else that is
 * given back (text that came twice, a whole tree after a failure) stays in the arena. */
static void give_back(void *user, void *p)
{
    memory *m = user;
    for (size_t i = m->n_taken; p && i-- > 0;) {
        struct taken *t = &m->taken[i];
        if (t->p != p) continue;
        slab *s = p;
        s->next = m->spare[t->size];
        m->spare[t->size] = s;
        t->p = NULL;
        break;
    }
    while (m->n_taken && !m->taken[m->n_taken - 1].p) m->n_taken--;
}

/* --- pointing payloads into the file ---------------------------------------------------------- */

/* The fields of a message type that hold, or lead to, something to point. */
typedef struct fix_list {
    const pare_onnx_field_rule *rules[PARE_ONNX_MAX_RULE_FIELDS];
    size_t n;
} fix_list;

typedef struct fixer {
    const pare_onnx_scan *scan;
    const uint8_t *data;
    fix_list lists[PARE_ONNX_MAX_RULE_TYPES]; /* by place of the type in the rules */
} fixer;

static void list_fields(fixer *f)
{
    const pare_onnx_rules *rules = &f->scan->rules;
    for (size_t i = 0; i < rules->n_types; i++) {
        const pare_onnx_type_rule *type = &rules->types[i];
        fix_list *list = &f->lists[i];
        list->n = 0;
        for (unsigned k = 0; k < type->message->n_fields; k++) {
            const pare_onnx_field_rule *rule = &type->fields[type->message->fields[k].id];
            if (rule->leads_to_stub) list->rules[list->n++] = rule;
        }
    }
}

static ProtobufCBinaryData resolve(const fixer *f, const uint8_t *stub_bytes, size_t n)
{
    pare_onnx_stub stub;
    assert(n == sizeof(stub)); /* the scanner writes nothing else */
    memcpy(&stub, stub_bytes, sizeof(stub));
    const bool aside = (stub.offset & PARE_ONNX_STUB_SIDE) != 0;
    const uint8_t *base = aside ? f->scan->side : f->data;
    if (!stub.n_bytes) return (ProtobufCBinaryData){ 0, NULL };
    return (ProtobufCBinaryData){
        .len = (size_t)stub.n_bytes,
        .data = (uint8_t *)(uintptr_t)(base + (stub.offset & ~PARE_ONNX_STUB_SIDE)),
    };
}

static void fix_unknown(const fixer *f, const ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->n_unknown_fields; i++) {
        ProtobufCMessageUnknownField *u = &message->unknown_fields[i];
        if (u->wire_type != PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED) continue;
        const ProtobufCBinaryData bytes =
            resolve(f, u->data + 1, u->len - 1); /* behind its length */
        u->data = bytes.data;
        u->len = bytes.len;
    }
}

static void fix_message(const fixer *f, const pare_onnx_type_rule *type, ProtobufCMessage *message);

static void fix_items(const fixer *f, const pare_onnx_field_rule *rule, uint8_t *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (rule->kind == PARE_ONNX_KIND_MESSAGE) {
            fix_message(f, rule->child, ((ProtobufCMessage **)(void *)items)[i]);
        } else {
            ProtobufCBinaryData *bytes = (ProtobufCBinaryData *)(void *)items + i;
            *bytes = resolve(f, bytes->data, bytes->len);
        }
    }
}

/* An optional field, a member of a oneof, or a singular message, if it is there. */
static void fix_single(const fixer *f, const pare_onnx_field_rule *rule, uint8_t *base)
{
    const uint8_t *quantifier = base + rule->field->quantifier_offset;
    uint8_t *item = base + rule->field->offset;
    uint32_t oneof_case = 0;
    const void *child = NULL;
    if (rule->in_oneof) {
        memcpy(&oneof_case, quantifier, sizeof(oneof_case));
        if (oneof_case == rule->field->id) fix_items(f, rule, item, 1);
    } else if (rule->kind == PARE_ONNX_KIND_MESSAGE) {
        memcpy(&child, item, sizeof(child));
        if (child) fix_items(f, rule, item, 1);
    } else if (*(const protobuf_c_boolean *)(const void *)quantifier) {
        fix_items(f, rule, item, 1);
    }
}

static void fix_repeated(const fixer *f, const pare_onnx_field_rule *rule, const uint8_t *base)
{
    size_t n = 0;
    uint8_t *items = NULL;
    memcpy(&n, base + rule->field->quantifier_offset, sizeof(n));
    if (!n) return;
    memcpy(&items, base + rule->field->offset, sizeof(items));
    fix_items(f, rule, items, n);
}

/* Recursion is as deep as the scanner let messages nest. */
static void fix_message(const fixer *f, const pare_onnx_type_rule *type, ProtobufCMessage *message)
{
    const fix_list *list = &f->lists[type - f->scan->rules.types];
    if (message->n_unknown_fields) fix_unknown(f, message);
    for (size_t i = 0; i < list->n; i++) {
        if (list->rules[i]->repeated) fix_repeated(f, list->rules[i], (uint8_t *)message);
        else fix_single(f, list->rules[i], (uint8_t *)message);
    }
}

/* Points what the tree of the root's type holds into the file. */
static pare_status fix_tree(pare_ctx *ctx, const pare_onnx_scan *scan, const uint8_t *data,
                            ProtobufCMessage *message)
{
    fixer *f = pare_alloc(ctx, sizeof(*f)); /* too much for a stack */
    if (!f) return pare_fail_memory(ctx, sizeof(*f));
    f->scan = scan;
    f->data = data;
    list_fields(f);
    fix_message(f, &scan->rules.types[0], message);
    pare_free(ctx, f);
    return PARE_OK;
}

pare_status pare_onnx_unpack(pare_ctx *ctx, ProtobufCMessage **out, pare_arena *arena,
                             const pare_onnx_scan *scan, const uint8_t *data)
{
    *out = NULL;
    memory m = { .ctx = ctx, .arena = arena };
    ProtobufCAllocator allocator = { take, give_back, &m };
    const pare_onnx_type_rule *root = &scan->rules.types[0];
    ProtobufCMessage *message =
        protobuf_c_message_unpack(root->message, &allocator, scan->n_skeleton, scan->skeleton);
    pare_free(ctx, m.taken);
    if (!message) return m.out_of_table ? PARE_ENOMEM : pare_arena_fail(ctx, arena);
    PARE_TRY(fix_tree(ctx, scan, data, message));
    *out = message;
    return PARE_OK;
}
