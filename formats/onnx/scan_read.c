#include "formats/onnx/scan.h"

#include <stdio.h>

static const char *const wire_names[8] = {
    "a varint",           "8 bytes", "a length and bytes", "the start of a group",
    "the end of a group", "4 bytes", "wire type 6",        "wire type 7",
};

const char *pare_scan_wire_name(unsigned wire)
{
    return wire_names[wire];
}

/* --- failing ---------------------------------------------------------------------------------- */

/* How many items of a field stand in front of the child, for messages only: the bytes up to there
 * were scanned without complaint. */
static unsigned index_of_child(const pare_scanner *s, const pare_scan_frame *parent,
                               const pare_scan_frame *child)
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
static void write_path(const pare_scanner *s, char *out, size_t out_bytes)
{
    enum { HEAD = 6, TAIL = 4 };
    size_t used = 0;
    out[0] = '\0';
    for (unsigned i = 1; i <= s->depth && used < out_bytes; i++) {
        const pare_scan_frame *child = &s->frames[i];
        if (i > HEAD && i + TAIL <= s->depth) {
            if (i == HEAD + 1) used += (size_t)snprintf(out + used, out_bytes - used, "...");
            continue;
        }
        const pare_scan_frame *parent = &s->frames[i - 1];
        const pare_onnx_field_rule *rule = &parent->type->fields[child->field];
        used += (size_t)snprintf(out + used, out_bytes - used, "%s%s", i > 1 ? "." : "",
                                 rule->field->name);
        if (rule->repeated && used < out_bytes)
            used += (size_t)snprintf(out + used, out_bytes - used, "[%u]",
                                     index_of_child(s, parent, child));
    }
}

pare_status pare_scan_fail(pare_scanner *s, pare_status status, uint64_t at, const char *field,
                           const char *fmt, ...)
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

/* --- reading ---------------------------------------------------------------------------------- */

pare_status pare_scan_long_varint(pare_scanner *s, const char *field, uint64_t *out)
{
    const uint64_t begin = s->at;
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (s->at == s->end)
            return pare_scan_fail(
                s, PARE_EFORMAT, begin, field,
                "expected a whole varint, found the end of the message around it");
        const uint8_t b = s->data[s->at++];
        if (shift == 63 && b > 1) break;
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b < 0x80) {
            *out = v;
            return PARE_OK;
        }
    }
    return pare_scan_fail(s, PARE_EFORMAT, begin, field,
                          "expected a varint of 64 bits at most, found a longer one");
}

pare_status pare_scan_tag(pare_scanner *s, uint64_t *number, unsigned *wire)
{
    const uint64_t begin = s->at;
    uint64_t tag = 0;
    PARE_TRY(pare_scan_varint(s, NULL, &tag));
    *number = tag >> 3;
    *wire = tag & 7;
    if (*number == 0 || *number > 0x1fffffff)
        return pare_scan_fail(s, PARE_EFORMAT, begin, NULL,
                              "expected a field number from 1 to 536870911, "
                              "found %llu",
                              (unsigned long long)*number);
    if (*wire == 3 || *wire == 4 || *wire > 5)
        return pare_scan_fail(s, PARE_EFORMAT, begin, NULL,
                              "field number %llu: expected a value, found %s",
                              (unsigned long long)*number, pare_scan_wire_name(*wire));
    if (s->at - begin > 5)
        return pare_scan_fail(s, PARE_EFORMAT, begin, NULL,
                              "expected a tag of 5 bytes at most, found %u",
                              (unsigned)(s->at - begin));
    return PARE_OK;
}

pare_status pare_scan_value(pare_scanner *s, const char *field, unsigned wire)
{
    uint64_t v = 0;
    if (wire == WIRE_VARINT) return pare_scan_varint(s, field, &v);
    if (wire == WIRE_8_BYTES) return pare_scan_fixed(s, field, 8);
    if (wire == WIRE_4_BYTES) return pare_scan_fixed(s, field, 4);
    PARE_TRY(pare_scan_length(s, field, &v));
    s->at += v;
    return PARE_OK;
}
