#include "formats/onnx/scanner.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "formats/onnx/limits.h"
#include "onnx.pb-c.h"

#include <stdio.h>
#include <string.h>

enum {
    WIRE_VARINT = 0,
    WIRE_8_BYTES = 1,
    WIRE_LENGTH = 2,
    WIRE_4_BYTES = 5,
    N_WIRE_TYPES = 8,
    LENGTH_BYTES = 5, /* of a nested message in the skeleton: known only when it is done */
};

static const char *const wire_names[N_WIRE_TYPES] = {
    "a varint",           "8 bytes", "a length and bytes", "the start of a group",
    "the end of a group", "4 bytes", "wire type 6",        "wire type 7",
};

/* A message that is being scanned. */
typedef struct frame {
    pare_onnx_type_rule *type;
    uint64_t tag_at, begin, end; /* in the file: its tag, its contents, and behind them */
    size_t length_at;            /* in the skeleton: its length */
    uint32_t field;              /* number in the message around it */
    uint32_t seen;      /* singular messages that were there, by number; bit 0: the oneof */
    uint32_t merged;    /* payload fields that are in the skeleton already, joined */
    uint32_t n_limited; /* items so far of the field that has a limit */
    bool leads_to_stub; /* the fields on the way here are marked so */
} frame;

typedef struct scanner {
    pare_ctx *ctx;
    pare_onnx_scan *scan;
    const uint8_t *data;
    uint64_t at;     /* what comes next */
    uint64_t end;    /* of the innermost message, or of the packed run inside of it */
    uint64_t copied; /* what comes before is in the skeleton, as itself or as a stub */
    size_t room;     /* the skeleton may grow up to here without asking */
    unsigned depth;  /* frames[depth] is the innermost */
    frame frames[PARE_ONNX_MAX_WIRE_DEPTH + 1];
} scanner;

/* --- failing ---------------------------------------------------------------------------------- */

/* How many items of a field stand in front of the child, for messages only: the bytes up to there
 * were scanned without complaint. */
static unsigned index_of_child(const scanner *s, const frame *parent, const frame *child)
{
    unsigned n = 0;
    for (uint64_t at = parent->begin; at < child->tag_at;) {
        uint64_t v[2] = { 0, 0 }; /* tag, then value or length */
        unsigned n_varints = 1;
        for (unsigned i = 0; i < n_varints; i++) {
            for (unsigned shift = 0;; shift += 7) {
                const uint8_t b = s->data[at++];
                v[i] |= (uint64_t)(b & 0x7f) << shift;
                if (b < 0x80) break;
            }
            const unsigned wire = v[0] & 7;
            if (wire == WIRE_VARINT || wire == WIRE_LENGTH) n_varints = 2;
        }
        if ((v[0] & 7) == WIRE_8_BYTES) at += 8;
        if ((v[0] & 7) == WIRE_4_BYTES) at += 4;
        if ((v[0] & 7) == WIRE_LENGTH) at += v[1];
        n += v[0] >> 3 == child->field;
    }
    return n;
}

/* The way from the root to the innermost frame, e.g. "graph.node[3].attribute[0]"; long ways lose
 * their middle. */
static void write_path(const scanner *s, char *out, size_t out_bytes)
{
    enum { HEAD = 6, TAIL = 4 };
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 1; i <= s->depth && used < out_bytes; i++) {
        const frame *child = &s->frames[i];
        if (i > HEAD && i + TAIL <= s->depth) {
            if (i == HEAD + 1) used += (size_t)snprintf(out + used, out_bytes - used, "...");
            continue;
        }
        const frame *parent = &s->frames[i - 1];
        const pare_onnx_field_rule *rule = &parent->type->fields[child->field];
        used += (size_t)snprintf(out + used, out_bytes - used, "%s%s", i > 1 ? "." : "",
                                 rule->field->name);
        if (rule->repeated && used < out_bytes)
            used += (size_t)snprintf(out + used, out_bytes - used, "[%u]",
                                     index_of_child(s, parent, child));
    }
}

/* Fails with "byte N, PATH.FIELD: ..."; field NULL: the message itself. */
static pare_status __attribute__((format(printf, 5, 6)))
fail_at(scanner *s, pare_status status, uint64_t at, const char *field, const char *fmt, ...)
{
    char path[400];
    char what[400];
    write_path(s, path, sizeof(path));
    va_list args;
    va_start(args, fmt);
    vsnprintf(what, sizeof(what), fmt, args);
    va_end(args);
    const char *dot = field && path[0] ? "." : "";
    if (!field && !path[0]) field = s->frames[0].type->message->short_name;
    return pare_fail(s->ctx, status, "byte %llu, %s%s%s: %s", (unsigned long long)at, path, dot,
                     field ? field : "", what);
}

/* --- writing the skeleton --------------------------------------------------------------------- */

static pare_status make_room(scanner *s, size_t n)
{
    pare_onnx_scan *scan = s->scan;
    const uint64_t used = (uint64_t)scan->n_skeleton + scan->n_side;
    if (n > scan->limit_bytes || used > scan->limit_bytes - n) {
        const pare_arena full = { .limit_bytes = scan->limit_bytes, .over_limit = true };
        return pare_fail_in(s->ctx, pare_arena_fail(s->ctx, &full),
                            "byte %llu: ", (unsigned long long)s->at);
    }
    PARE_TRY(pare_grow(s->ctx, &scan->skeleton, &scan->skeleton_cap, scan->n_skeleton + n, 1));
    const uint64_t limit = scan->limit_bytes - scan->n_side;
    s->room = scan->skeleton_cap < limit ? scan->skeleton_cap : (size_t)limit;
    return PARE_OK;
}

static inline pare_status reserve(scanner *s, size_t n)
{
    return n <= s->room - s->scan->n_skeleton ? PARE_OK : make_room(s, n);
}

static void put(pare_onnx_scan *scan, const void *data, size_t n)
{
    if (n) memcpy(scan->skeleton + scan->n_skeleton, data, n);
    scan->n_skeleton += n;
}

/* Copies what was passed over, up to a place in the file. */
static pare_status copy_up_to(scanner *s, uint64_t end)
{
    const uint64_t n = end - s->copied;
    PARE_TRY(reserve(s, (size_t)n));
    put(s->scan, s->data + s->copied, (size_t)n);
    s->copied = end;
    return PARE_OK;
}

/* A tag with its number and wire type 2. Field numbers of the schema take two bytes at most,
 * unknown ones five. */
static pare_status put_length_tag(scanner *s, uint64_t number)
{
    PARE_TRY(reserve(s, 5));
    uint64_t v = number << 3 | WIRE_LENGTH;
    for (; v > 0x7f; v >>= 7) s->scan->skeleton[s->scan->n_skeleton++] = (uint8_t)(v | 0x80);
    s->scan->skeleton[s->scan->n_skeleton++] = (uint8_t)v;
    return PARE_OK;
}

/* Marks the fields on the way to the innermost message, so that whoever looks for stubs in the
 * parsed tree goes where there are some only. */
static void mark_way(scanner *s)
{
    for (unsigned i = s->depth; i && !s->frames[i].leads_to_stub; i--) {
        s->frames[i].leads_to_stub = true;
        s->frames[i - 1].type->fields[s->frames[i].field].leads_to_stub = true;
    }
}

/* Puts a stub in the place of everything from tag_at on. */
static pare_status put_stub(scanner *s, uint64_t tag_at, uint64_t number, pare_onnx_stub stub)
{
    PARE_TRY(copy_up_to(s, tag_at));
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

/* --- reading ---------------------------------------------------------------------------------- */

static pare_status read_long_varint(scanner *s, const char *field, uint64_t *out)
{
    const uint64_t begin = s->at;
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (s->at == s->end)
            return fail_at(s, PARE_EFORMAT, begin, field,
                           "expected a whole varint, found the end of the message around it");
        const uint8_t b = s->data[s->at++];
        if (shift == 63 && b > 1) break;
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *out = v;
            return PARE_OK;
        }
    }
    return fail_at(s, PARE_EFORMAT, begin, field,
                   "expected a varint of 64 bits at most, found a longer one");
}

static inline pare_status read_varint(scanner *s, const char *field, uint64_t *out)
{
    if (s->at == s->end || s->data[s->at] >= 0x80) return read_long_varint(s, field, out);
    *out = s->data[s->at++];
    return PARE_OK;
}

static pare_status read_tag(scanner *s, uint64_t *number, unsigned *wire)
{
    const uint64_t begin = s->at;
    uint64_t tag = 0;
    PARE_TRY(read_varint(s, NULL, &tag));
    *number = tag >> 3;
    *wire = tag & 7;
    if (*number == 0 || *number > 0x1fffffff)
        return fail_at(s, PARE_EFORMAT, begin, NULL,
                       "expected a field number from 1 to 536870911, "
                       "found %llu",
                       (unsigned long long)*number);
    if (*wire == 3 || *wire == 4 || *wire > 5)
        return fail_at(s, PARE_EFORMAT, begin, NULL,
                       "field number %llu: expected a value, found %s", (unsigned long long)*number,
                       wire_names[*wire]);
    if (s->at - begin > 5)
        return fail_at(s, PARE_EFORMAT, begin, NULL, "expected a tag of 5 bytes at most, found %u",
                       (unsigned)(s->at - begin));
    return PARE_OK;
}

static pare_status read_length(scanner *s, const char *field, uint64_t *out)
{
    const uint64_t begin = s->at;
    PARE_TRY(read_varint(s, field, out));
    if (*out > s->end - s->at)
        return fail_at(s, PARE_EFORMAT, begin, field,
                       "expected a length of %llu at most (what is left of the message around it), "
                       "found %llu",
                       (unsigned long long)(s->end - s->at), (unsigned long long)*out);
    return PARE_OK;
}

/* Passes over a value of fixed width. */
static pare_status skip_fixed(scanner *s, const char *field, unsigned n)
{
    if (s->end - s->at < n)
        return fail_at(s, PARE_EFORMAT, s->at, field, "expected %u bytes, found the end after %u",
                       n, (unsigned)(s->end - s->at));
    s->at += n;
    return PARE_OK;
}

/* Passes over a value of any wire type that read_tag lets through. */
static pare_status skip_value(scanner *s, const char *field, unsigned wire)
{
    uint64_t v = 0;
    if (wire == WIRE_VARINT) return read_varint(s, field, &v);
    if (wire == WIRE_8_BYTES) return skip_fixed(s, field, 8);
    if (wire == WIRE_4_BYTES) return skip_fixed(s, field, 4);
    PARE_TRY(read_length(s, field, &v));
    s->at += v;
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

static pare_status read_text(scanner *s, const pare_onnx_field_rule *rule)
{
    const char *name = rule->field->name;
    const bool is_name = rule->kind == PARE_ONNX_KIND_NAME;
    const unsigned limit = is_name ? PARE_ONNX_MAX_NAME_BYTES : PARE_ONNX_MAX_TEXT_BYTES;
    const uint64_t length_at = s->at;
    uint64_t n = 0;
    PARE_TRY(read_length(s, name, &n));
    if (n > limit)
        return fail_at(s, PARE_EFORMAT, length_at, name,
                       "expected text of %u bytes at most, found %llu", limit,
                       (unsigned long long)n);
    const uint8_t *p = s->data + s->at;
    if (!is_plain(p, (size_t)n)) {
        const uint8_t *nul = n ? memchr(p, 0, (size_t)n) : NULL;
        if (nul)
            return fail_at(s, PARE_EFORMAT, s->at + (uint64_t)(nul - p), name,
                           "expected text without NUL, found one in '%.40s'", (const char *)p);
        if (is_name && !pare_utf8_valid((const char *)p, (size_t)n))
            return fail_at(s, PARE_EFORMAT, s->at, name, "expected UTF-8, found '%.*s'",
                           (int)(n < 80 ? n : 80), (const char *)p);
    }
    s->at += n;
    return PARE_OK;
}

/* One more item of a field that has a limit. */
static pare_status count_item(scanner *s, const pare_onnx_field_rule *rule)
{
    if (!rule->limit || ++s->frames[s->depth].n_limited <= rule->limit) return PARE_OK;
    return fail_at(s, PARE_EFORMAT, s->at, rule->field->name,
                   "expected %u entries at most, found more", rule->limit);
}

static pare_status read_number(scanner *s, const pare_onnx_field_rule *rule)
{
    const char *name = rule->field->name;
    const uint64_t begin = s->at;
    PARE_TRY(count_item(s, rule));
    if (rule->kind == PARE_ONNX_KIND_FLOAT) return skip_fixed(s, name, 4);
    uint64_t v = 0;
    PARE_TRY(read_varint(s, name, &v));
    const int64_t signed_v = (int64_t)v;
    if (rule->kind == PARE_ONNX_KIND_INT32 && (signed_v < INT32_MIN || signed_v > INT32_MAX))
        return fail_at(s, PARE_EFORMAT, begin, name, "expected a number of 32 bits, found %lld",
                       (long long)signed_v);
    return PARE_OK;
}

/* A repeated number field in packed form: as if each number came alone. */
static pare_status read_packed(scanner *s, const pare_onnx_field_rule *rule)
{
    uint64_t n = 0;
    PARE_TRY(read_length(s, rule->field->name, &n));
    s->end = s->at + n; /* so that no number reaches over the end of the run */
    pare_status st = PARE_OK;
    while (!st && s->at < s->end) st = read_number(s, rule);
    s->end = s->frames[s->depth].end;
    return st;
}

/* --- payloads --------------------------------------------------------------------------------- */

static unsigned payload_wire_type(pare_onnx_kind kind)
{
    if (kind == PARE_ONNX_KIND_PACKED_FIXED32) return WIRE_4_BYTES;
    return kind == PARE_ONNX_KIND_PACKED_FIXED64 ? WIRE_8_BYTES : WIRE_VARINT;
}

/* A run must end where a number ends, so that joining runs cannot make other numbers of them. */
static pare_status check_run(scanner *s, const pare_onnx_field_rule *rule, uint64_t begin,
                             uint64_t n)
{
    const unsigned wire = payload_wire_type(rule->kind);
    const unsigned width = wire == WIRE_4_BYTES ? 4 : 8;
    const bool ok = wire == WIRE_VARINT ? !n || s->data[begin + n - 1] < 0x80 : n % width == 0;
    if (ok) return PARE_OK;
    return fail_at(s, PARE_EFORMAT, begin, rule->field->name,
                   "expected whole numbers, found a run of %llu bytes that ends inside of one",
                   (unsigned long long)n);
}

/* Walks all of the innermost message for the items of one payload field; their bytes go to `to`, or
 * are only counted when it is NULL. The walk may run ahead of the scan, so everything is
 * checked. */
static pare_status walk_payload(scanner *s, uint64_t number, uint8_t *to, uint64_t *n_bytes)
{
    const frame *f = &s->frames[s->depth];
    const pare_onnx_field_rule *rule = &f->type->fields[number];
    const char *name = rule->field->name;
    *n_bytes = 0;
    s->at = f->begin;
    while (s->at < f->end) {
        uint64_t found = 0;
        unsigned wire = 0;
        PARE_TRY(read_tag(s, &found, &wire));
        const uint64_t value_at = s->at;
        PARE_TRY(skip_value(s, name, wire));
        if (found != number) continue;
        uint64_t begin = value_at;
        if (wire == WIRE_LENGTH) {
            uint64_t n = 0;
            s->at = value_at;
            PARE_TRY(read_length(s, name, &n));
            begin = s->at;
            PARE_TRY(check_run(s, rule, begin, n));
            s->at += n;
        } else if (wire != payload_wire_type(rule->kind)) {
            return fail_at(s, PARE_EFORMAT, value_at, name, "expected %s, found %s",
                           wire_names[payload_wire_type(rule->kind)], wire_names[wire]);
        }
        if (to) memcpy(to + *n_bytes, s->data + begin, (size_t)(s->at - begin));
        *n_bytes += s->at - begin;
    }
    return PARE_OK;
}

/* Joins all items of a payload field of the innermost message into one run beside the skeleton. */
static pare_status merge_payload(scanner *s, uint64_t tag_at, uint64_t number)
{
    pare_onnx_scan *scan = s->scan;
    const uint64_t resume_at = s->at;
    uint64_t n = 0;
    PARE_TRY(walk_payload(s, number, NULL, &n));
    s->at = resume_at;
    PARE_TRY(reserve(s, (size_t)n));
    PARE_TRY(pare_grow(s->ctx, &scan->side, &scan->side_cap, scan->n_side + (size_t)n, 1));
    PARE_TRY(walk_payload(s, number, scan->side + scan->n_side, &n));
    s->at = resume_at;
    const pare_onnx_stub stub = { scan->n_side | PARE_ONNX_STUB_SIDE, n };
    scan->n_side += (size_t)n;
    s->room = scan->n_skeleton; /* what is aside counts, too */
    s->frames[s->depth].merged |= UINT32_C(1) << number;
    return put_stub(s, tag_at, number, stub);
}

/* One run becomes a stub that points into the file. A number that comes alone, or a second run,
 * sends all items of the field to the side; that stub comes later, and the last one counts for
 * protobuf. */
static pare_status read_payload(scanner *s, const pare_onnx_field_rule *rule, uint64_t tag_at,
                                uint64_t number, unsigned wire)
{
    frame *f = &s->frames[s->depth];
    const uint32_t bit = UINT32_C(1) << number;
    if (wire != WIRE_LENGTH && wire != payload_wire_type(rule->kind))
        return fail_at(s, PARE_EFORMAT, tag_at, rule->field->name, "expected %s or %s, found %s",
                       wire_names[WIRE_LENGTH], wire_names[payload_wire_type(rule->kind)],
                       wire_names[wire]);
    const uint64_t value_at = s->at;
    PARE_TRY(skip_value(s, rule->field->name, wire));
    if (f->merged & bit) { /* in the skeleton already */
        PARE_TRY(copy_up_to(s, tag_at));
        s->copied = s->at;
        return PARE_OK;
    }
    const bool again = (f->seen & bit) != 0;
    f->seen |= bit;
    if (wire != WIRE_LENGTH || again) return merge_payload(s, tag_at, number);
    uint64_t n = 0;
    s->at = value_at;
    PARE_TRY(read_length(s, rule->field->name, &n));
    const pare_onnx_stub stub = { s->at, n };
    s->at += n;
    return put_stub(s, tag_at, number, stub);
}

/* --- messages --------------------------------------------------------------------------------- */

/* Marks a member of the oneof, or a singular message, as seen. protobuf merges a message that comes
 * twice, which costs quadratic time and hides the first copy from whoever looks at the bytes. */
static pare_status check_once(scanner *s, const pare_onnx_field_rule *rule, uint64_t tag_at)
{
    frame *f = &s->frames[s->depth];
    if (rule->repeated || (!rule->in_oneof && rule->kind != PARE_ONNX_KIND_MESSAGE)) return PARE_OK;
    const uint32_t bit = rule->in_oneof ? 1 : UINT32_C(1) << rule->field->id;
    if (f->seen & bit)
        return fail_at(s, PARE_EFORMAT, tag_at, rule->field->name,
                       rule->in_oneof ? "expected one member of the oneof, found another one"
                                      : "expected at most one, found a second");
    f->seen |= bit;
    return PARE_OK;
}

static pare_status count_message(scanner *s, const ProtobufCMessageDescriptor *message)
{
    pare_onnx_scan *scan = s->scan;
    if (++scan->n_messages > PARE_ONNX_MAX_MESSAGES)
        return fail_at(s, PARE_EBUDGET, s->at, NULL,
                       "expected %d messages at most in a file, found more",
                       PARE_ONNX_MAX_MESSAGES);
    if (message == &onnx__node_proto__descriptor && ++scan->n_nodes > PARE_ONNX_MAX_NODES)
        return fail_at(s, PARE_EBUDGET, s->at, NULL,
                       "expected %d nodes at most in a file, found more", PARE_ONNX_MAX_NODES);
    if (message == &onnx__function_proto__descriptor &&
        ++scan->n_functions > PARE_ONNX_MAX_FUNCTIONS)
        return fail_at(s, PARE_EBUDGET, s->at, NULL, "expected %d functions at most, found more",
                       PARE_ONNX_MAX_FUNCTIONS);
    return PARE_OK;
}

static pare_status enter_message(scanner *s, const pare_onnx_field_rule *rule, uint64_t tag_at)
{
    uint64_t n = 0;
    PARE_TRY(read_length(s, rule->field->name, &n));
    PARE_TRY(count_item(s, rule));
    if (s->depth == PARE_ONNX_MAX_WIRE_DEPTH)
        return fail_at(s, PARE_EFORMAT, tag_at, rule->field->name,
                       "expected messages nested %d deep at most, found more",
                       PARE_ONNX_MAX_WIRE_DEPTH);
    PARE_TRY(copy_up_to(s, tag_at));
    PARE_TRY(put_length_tag(s, rule->field->id));
    PARE_TRY(reserve(s, LENGTH_BYTES));
    s->frames[++s->depth] = (frame){
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

static pare_status leave_message(scanner *s)
{
    PARE_TRY(copy_up_to(s, s->at));
    const frame *f = &s->frames[s->depth];
    uint64_t n = s->scan->n_skeleton - f->length_at - LENGTH_BYTES;
    uint8_t *length = s->scan->skeleton + f->length_at;
    for (unsigned i = 0; i < LENGTH_BYTES; i++, n >>= 7)
        length[i] = (uint8_t)((n & 0x7f) | (i + 1 < LENGTH_BYTES ? 0x80 : 0));
    s->end = s->frames[--s->depth].end;
    return PARE_OK;
}

/* A field that the schema does not have is kept, with its length and bytes as one stub. */
static pare_status read_unknown(scanner *s, uint64_t tag_at, uint64_t number, unsigned wire)
{
    s->scan->has_unknown = true;
    const uint64_t value_at = s->at;
    PARE_TRY(skip_value(s, NULL, wire));
    if (wire != WIRE_LENGTH) return PARE_OK;
    return put_stub(s, tag_at, number, (pare_onnx_stub){ value_at, s->at - value_at });
}

static pare_status read_bytes(scanner *s, const pare_onnx_field_rule *rule, uint64_t tag_at)
{
    uint64_t n = 0;
    PARE_TRY(read_length(s, rule->field->name, &n));
    const pare_onnx_stub stub = { s->at, n };
    s->at += n;
    return put_stub(s, tag_at, rule->field->id, stub);
}

static pare_status scan_field(scanner *s)
{
    const uint64_t tag_at = s->at;
    uint64_t number = 0;
    unsigned wire = 0;
    PARE_TRY(read_tag(s, &number, &wire));
    const pare_onnx_type_rule *type = s->frames[s->depth].type;
    const pare_onnx_field_rule *rule =
        number < PARE_ONNX_MAX_RULE_FIELDS ? &type->fields[number] : NULL;
    if (!rule || rule->kind == PARE_ONNX_KIND_UNKNOWN) return read_unknown(s, tag_at, number, wire);
    const pare_onnx_kind kind = rule->kind;
    if (kind >= PARE_ONNX_KIND_PACKED_VARINT && kind <= PARE_ONNX_KIND_PACKED_FIXED64)
        return read_payload(s, rule, tag_at, number, wire);
    const unsigned expected = pare_onnx_kind_wire_type(kind);
    if (wire == WIRE_LENGTH && expected != WIRE_LENGTH && rule->repeated)
        return read_packed(s, rule);
    if (wire != expected)
        return fail_at(s, PARE_EFORMAT, tag_at, rule->field->name, "expected %s, found %s",
                       wire_names[expected], wire_names[wire]);
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
    scanner *s = pare_alloc(ctx, sizeof(*s));
    if (!s) return pare_fail_memory(ctx, sizeof(*s));
    s->ctx = ctx;
    s->scan = scan;
    s->data = data;
    s->at = s->copied = 0;
    s->end = n_bytes;
    s->room = 0;
    s->depth = 0;
    s->frames[0] = (frame){ .type = &scan->rules.types[0], .end = n_bytes };
    pare_status st = count_message(s, root);
    while (!st && (s->depth || s->at < n_bytes))
        st = s->at == s->end ? leave_message(s) : scan_field(s);
    if (!st) st = copy_up_to(s, n_bytes);
    pare_free(ctx, s);
    return st;
}

void pare_onnx_scan_free(pare_ctx *ctx, pare_onnx_scan *scan)
{
    pare_free(ctx, scan->skeleton);
    pare_free(ctx, scan->side);
    *scan = (pare_onnx_scan){ 0 };
}
