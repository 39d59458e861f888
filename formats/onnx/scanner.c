#include "formats/onnx/scanner.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "formats/onnx/scan.h"
#include "onnx.pb-c.h"

#include <string.h>

enum { LENGTH_BYTES = 5 }; /* of a nested message in the skeleton: known only when it is done */

/* --- writing the skeleton --------------------------------------------------------------------- */

pare_status pare_scan_check_budget(pare_scanner *s, uint64_t n)
{
    const pare_onnx_scan *scan = s->scan;
    const uint64_t used = (uint64_t)scan->n_skeleton + scan->n_side;
    if (n <= scan->limit_bytes && used <= scan->limit_bytes - n) return PARE_OK;
    const pare_arena full = { .limit_bytes = scan->limit_bytes, .over_limit = true };
    return pare_fail_in(s->ctx, pare_arena_fail(s->ctx, &full),
                        "byte %llu: ", (unsigned long long)s->at);
}

static pare_status make_room(pare_scanner *s, size_t n)
{
    pare_onnx_scan *scan = s->scan;
    PARE_TRY(pare_scan_check_budget(s, n));
    PARE_TRY(pare_grow(s->ctx, &scan->skeleton, &scan->skeleton_cap, scan->n_skeleton + n, 1));
    const uint64_t limit = scan->limit_bytes - scan->n_side;
    s->room = scan->skeleton_cap < limit ? scan->skeleton_cap : (size_t)limit;
    return PARE_OK;
}

static inline pare_status reserve(pare_scanner *s, size_t n)
{
    return n <= s->room - s->scan->n_skeleton ? PARE_OK : make_room(s, n);
}

static void put(pare_onnx_scan *scan, const void *data, size_t n)
{
    if (n) memcpy(scan->skeleton + scan->n_skeleton, data, n);
    scan->n_skeleton += n;
}

pare_status pare_scan_copy(pare_scanner *s, uint64_t end)
{
    const uint64_t n = end - s->copied;
    PARE_TRY(reserve(s, (size_t)n));
    put(s->scan, s->data + s->copied, (size_t)n);
    s->copied = end;
    return PARE_OK;
}

/* A tag with its number and wire type 2. Field numbers of the schema take two bytes at most,
 * unknown ones five. */
static pare_status put_length_tag(pare_scanner *s, uint64_t number)
{
    PARE_TRY(reserve(s, 5));
    uint64_t v = number << 3 | WIRE_LENGTH;
    for (; v > 0x7f; v >>= 7) s->scan->skeleton[s->scan->n_skeleton++] = (uint8_t)(v | 0x80);
    s->scan->skeleton[s->scan->n_skeleton++] = (uint8_t)v;
    return PARE_OK;
}

/* Marks the fields on the way to the innermost message, so that whoever looks for stubs in the
 * parsed tree goes where there are some only. */
static void mark_way(pare_scanner *s)
{
    for (unsigned i = s->depth; i && !s->frames[i].leads_to_stub; i--) {
        s->frames[i].leads_to_stub = true;
        s->frames[i - 1].type->fields[s->frames[i].field].leads_to_stub = true;
    }
}

pare_status pare_scan_put_stub(pare_scanner *s, uint64_t tag_at, uint64_t number,
                               pare_onnx_stub stub)
{
    PARE_TRY(pare_scan_copy(s, tag_at));
    PARE_TRY(put_length_tag(s, number));
    PARE_TRY(reserve(s, 1 + sizeof(stub)));
    s->scan->skeleton[s->scan->n_skeleton++] = sizeof(stub);
    put(s->scan, &stub, sizeof(stub));
    s->copied = s->at;
    mark_way(s);
    if (number < PARE_ONNX_MAX_RULE_FIELDS)
        s->frames[s->depth].type->fields[number].leads_to_stub = true;
    return PARE_OK;
}

/* --- values of the schema --------------------------------------------------------------------- */

/* Whether all bytes are ASCII without NUL, eight at a time; anything else is for the slow way. */
static bool is_plain(const uint8_t *p, size_t n)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t odd = 0;
    size_t i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t w;
        memcpy(&w, p + i, 8);
        odd |= w | (w - ones); /* the top bit of a byte: not ASCII, or a NUL (or next to one) */
    }
    for (; i < n; i++) odd |= (p[i] ? p[i] : 0x80);
    return !(odd & (ones << 7));
}

static pare_status read_text(pare_scanner *s, const pare_onnx_field_rule *rule)
{
    const char *name = rule->field->name;
    const bool is_name = rule->kind == PARE_ONNX_KIND_NAME;
    const unsigned limit = is_name ? PARE_ONNX_MAX_NAME_BYTES : PARE_ONNX_MAX_TEXT_BYTES;
    const uint64_t length_at = s->at;
    uint64_t n = 0;
    PARE_TRY(pare_scan_length(s, name, &n));
    if (n > limit)
        return pare_scan_fail(s, PARE_EFORMAT, length_at, name,
                              "expected text of %u bytes at most, found %llu", limit,
                              (unsigned long long)n);
    const uint8_t *p = s->data + s->at;
    if (!is_plain(p, (size_t)n)) {
        const uint8_t *nul = n ? memchr(p, 0, (size_t)n) : NULL;
        if (nul)
            return pare_scan_fail(s, PARE_EFORMAT, s->at + (uint64_t)(nul - p), name,
                                  "expected text without NUL, found one in '%.40s'",
                                  (const char *)p);
        if (is_name && !pare_utf8_valid((const char *)p, (size_t)n))
            return pare_scan_fail(s, PARE_EFORMAT, s->at, name, "expected UTF-8, found '%.*s'",
                                  (int)(n < 80 ? n : 80), (const char *)p);
    }
    s->at += n;
    return PARE_OK;
}

/* One more item of a field that has a limit. */
static pare_status count_item(pare_scanner *s, const pare_onnx_field_rule *rule)
{
    if (!rule->limit || ++s->frames[s->depth].n_limited <= rule->limit) return PARE_OK;
    return pare_scan_fail(s, PARE_EFORMAT, s->at, rule->field->name,
                          "expected %u entries at most, found more", rule->limit);
}

static pare_status read_number(pare_scanner *s, const pare_onnx_field_rule *rule)
{
    const char *name = rule->field->name;
    const uint64_t begin = s->at;
    PARE_TRY(count_item(s, rule));
    if (rule->kind == PARE_ONNX_KIND_FLOAT) return pare_scan_fixed(s, name, 4);
    uint64_t v = 0;
    PARE_TRY(pare_scan_varint(s, name, &v));
    const int64_t signed_v = (int64_t)v;
    if (rule->kind == PARE_ONNX_KIND_INT32 && (signed_v < INT32_MIN || signed_v > INT32_MAX))
        return pare_scan_fail(s, PARE_EFORMAT, begin, name,
                              "expected a number of 32 bits, found %lld", (long long)signed_v);
    return PARE_OK;
}

/* A repeated number field in packed form: as if each number came alone. */
static pare_status read_packed(pare_scanner *s, const pare_onnx_field_rule *rule)
{
    uint64_t n = 0;
    PARE_TRY(pare_scan_length(s, rule->field->name, &n));
    s->end = s->at + n; /* so that no number reaches over the end of the run */
    pare_status st = PARE_OK;
    while (!st && s->at < s->end) st = read_number(s, rule);
    s->end = s->frames[s->depth].end;
    return st;
}

/* --- messages --------------------------------------------------------------------------------- */

/* Marks a member of the oneof, or a singular message, as seen. protobuf merges a message that comes
 * twice, which costs quadratic time and hides the first copy from whoever looks at the bytes. */
static pare_status check_once(pare_scanner *s, const pare_onnx_field_rule *rule, uint64_t tag_at)
{
    pare_scan_frame *f = &s->frames[s->depth];
    if (rule->repeated || (!rule->in_oneof && rule->kind != PARE_ONNX_KIND_MESSAGE)) return PARE_OK;
    const uint32_t bit = rule->in_oneof ? 1 : UINT32_C(1) << rule->field->id;
    if (f->seen & bit)
        return pare_scan_fail(s, PARE_EFORMAT, tag_at, rule->field->name,
                              rule->in_oneof ? "expected one member of the oneof, found another one"
                                             : "expected at most one, found a second");
    f->seen |= bit;
    return PARE_OK;
}

static pare_status count_message(pare_scanner *s, const ProtobufCMessageDescriptor *message)
{
    pare_onnx_scan *scan = s->scan;
    if (++scan->n_messages > PARE_ONNX_MAX_MESSAGES)
        return pare_scan_fail(s, PARE_EBUDGET, s->at, NULL,
                              "expected %d messages at most in a file, found more",
                              PARE_ONNX_MAX_MESSAGES);
    if (message == &onnx__node_proto__descriptor && ++scan->n_nodes > PARE_ONNX_MAX_NODES)
        return pare_scan_fail(s, PARE_EBUDGET, s->at, NULL,
                              "expected %d nodes at most in a file, found more",
                              PARE_ONNX_MAX_NODES);
    if (message == &onnx__function_proto__descriptor &&
        ++scan->n_functions > PARE_ONNX_MAX_FUNCTIONS)
        return pare_scan_fail(s, PARE_EBUDGET, s->at, NULL,
                              "expected %d functions at most, found more", PARE_ONNX_MAX_FUNCTIONS);
    return PARE_OK;
}

static pare_status enter_message(pare_scanner *s, const pare_onnx_field_rule *rule, uint64_t tag_at)
{
    uint64_t n = 0;
    PARE_TRY(pare_scan_length(s, rule->field->name, &n));
    PARE_TRY(count_item(s, rule));
    if (s->depth == PARE_ONNX_MAX_WIRE_DEPTH)
        return pare_scan_fail(s, PARE_EFORMAT, tag_at, rule->field->name,
                              "expected messages nested %d deep at most, found more",
                              PARE_ONNX_MAX_WIRE_DEPTH);
    PARE_TRY(pare_scan_copy(s, tag_at));
    PARE_TRY(put_length_tag(s, rule->field->id));
    PARE_TRY(reserve(s, LENGTH_BYTES));
    s->frames[++s->depth] = (pare_scan_frame){
        .type = rule->child,
        .tag_at = tag_at,
        .begin = s->at,
        .end = s->at + n,
        .length_at = s->scan->n_skeleton,
        .field = rule->field->id,
    };
    s->scan->n_skeleton += LENGTH_BYTES;
    s->copied = s->at;
    s->end = s->at + n;
    return count_message(s, rule->child->message);
}

static pare_status leave_message(pare_scanner *s)
{
    PARE_TRY(pare_scan_copy(s, s->at));
    const pare_scan_frame *f = &s->frames[s->depth];
    uint64_t n = s->scan->n_skeleton - f->length_at - LENGTH_BYTES;
    uint8_t *length = s->scan->skeleton + f->length_at;
    for (unsigned i = 0; i < LENGTH_BYTES; i++, n >>= 7)
        length[i] = (uint8_t)((n & 0x7f) | (i + 1 < LENGTH_BYTES ? 0x80 : 0));
    s->end = s->frames[--s->depth].end;
    return PARE_OK;
}

/* A field that the schema does not have is kept, with its length and bytes as one stub. */
static pare_status read_unknown(pare_scanner *s, uint64_t tag_at, uint64_t number, unsigned wire)
{
    s->scan->has_unknown = true;
    const uint64_t value_at = s->at;
    PARE_TRY(pare_scan_value(s, NULL, wire));
    if (wire != WIRE_LENGTH) return PARE_OK;
    return pare_scan_put_stub(s, tag_at, number, (pare_onnx_stub){ value_at, s->at - value_at });
}

static pare_status read_bytes(pare_scanner *s, const pare_onnx_field_rule *rule, uint64_t tag_at)
{
    uint64_t n = 0;
    PARE_TRY(pare_scan_length(s, rule->field->name, &n));
    const pare_onnx_stub stub = { s->at, n };
    s->at += n;
    return pare_scan_put_stub(s, tag_at, rule->field->id, stub);
}

static pare_status scan_field(pare_scanner *s)
{
    const uint64_t tag_at = s->at;
    uint64_t number = 0;
    unsigned wire = 0;
    PARE_TRY(pare_scan_tag(s, &number, &wire));
    const pare_onnx_type_rule *type = s->frames[s->depth].type;
    const pare_onnx_field_rule *rule =
        number < PARE_ONNX_MAX_RULE_FIELDS ? &type->fields[number] : NULL;
    if (!rule || rule->kind == PARE_ONNX_KIND_UNKNOWN) return read_unknown(s, tag_at, number, wire);
    const pare_onnx_kind kind = rule->kind;
    if (kind >= PARE_ONNX_KIND_PACKED_VARINT && kind <= PARE_ONNX_KIND_PACKED_FIXED64)
        return pare_scan_payload(s, rule, tag_at, number, wire);
    const unsigned expected = pare_onnx_kind_wire_type(kind);
    if (wire == WIRE_LENGTH && expected != WIRE_LENGTH && rule->repeated)
        return read_packed(s, rule);
    if (wire != expected)
        return pare_scan_fail(s, PARE_EFORMAT, tag_at, rule->field->name, "expected %s, found %s",
                              pare_scan_wire_name(expected), pare_scan_wire_name(wire));
    PARE_TRY(check_once(s, rule, tag_at));
    switch (kind) {
    case PARE_ONNX_KIND_MESSAGE:
        return enter_message(s, rule, tag_at);
    case PARE_ONNX_KIND_BYTES:
        return read_bytes(s, rule, tag_at);
    case PARE_ONNX_KIND_NAME:
    case PARE_ONNX_KIND_TEXT:
        return read_text(s, rule);
    default:
        return read_number(s, rule);
    }
}

pare_status pare_onnx_scan_message(pare_ctx *ctx, pare_onnx_scan *scan,
                                   const ProtobufCMessageDescriptor *root, const uint8_t *data,
                                   uint64_t n_bytes)
{
    *scan = (pare_onnx_scan){ .limit_bytes = ctx->opts.max_memory_bytes };
    if (scan->limit_bytes > PARE_ONNX_MAX_SKELETON_BYTES)
        scan->limit_bytes = PARE_ONNX_MAX_SKELETON_BYTES;
    pare_onnx_rules_init(&scan->rules, root);
    pare_scanner *s = pare_alloc(ctx, sizeof(*s));
    if (!s) return pare_fail_memory(ctx, sizeof(*s));
    s->ctx = ctx;
    s->scan = scan;
    s->data = data;
    s->at = s->copied = 0;
    s->end = n_bytes;
    s->room = 0;
    s->depth = 0;
    s->frames[0] = (pare_scan_frame){ .type = &scan->rules.types[0], .end = n_bytes };
    pare_status st = count_message(s, root);
    while (!st && (s->depth || s->at < n_bytes))
        st = s->at == s->end ? leave_message(s) : scan_field(s);
    if (!st) st = pare_scan_copy(s, n_bytes);
    pare_free(ctx, s);
    return st;
}

void pare_onnx_scan_free(pare_ctx *ctx, pare_onnx_scan *scan)
{
    pare_free(ctx, scan->skeleton);
    pare_free(ctx, scan->side);
    *scan = (pare_onnx_scan){ 0 };
}
