#include "formats/onnx/scan.h"

#include <string.h>

static unsigned payload_wire_type(pare_onnx_kind kind)
{
    if (kind == PARE_ONNX_KIND_PACKED_FIXED32) return WIRE_4_BYTES;
    return kind == PARE_ONNX_KIND_PACKED_FIXED64 ? WIRE_8_BYTES : WIRE_VARINT;
}

/* A run must end where a number ends, so that joining runs cannot make other numbers of them. */
static pare_status check_run(pare_scanner *s, const pare_onnx_field_rule *rule, uint64_t begin,
                             uint64_t n)
{
    const unsigned wire = payload_wire_type(rule->kind);
    const unsigned width = wire == WIRE_4_BYTES ? 4 : 8;
    const bool ok = wire == WIRE_VARINT ? !n || s->data[begin + n - 1] < 0x80 : n % width == 0;
    if (ok) return PARE_OK;
    return pare_scan_fail(
        s, PARE_EFORMAT, begin, rule->field->name,
        "expected whole numbers, found a run of %llu bytes that ends inside of one",
        (unsigned long long)n);
}

/* Walks all of the innermost message for the items of one payload field; their bytes go to `to`, or
 * are only counted when it is NULL. The walk may run ahead of the scan, so everything is
 * checked. */
static pare_status walk_payload(pare_scanner *s, uint64_t number, uint8_t *to, uint64_t *n_bytes)
{
    const pare_scan_frame *f = &s->frames[s->depth];
    const pare_onnx_field_rule *rule = &f->type->fields[number];
    const char *name = rule->field->name;
    *n_bytes = 0;
    s->at = f->begin;
    while (s->at < f->end) {
        uint64_t found = 0;
        unsigned wire = 0;
        PARE_TRY(pare_scan_tag(s, &found, &wire));
        const uint64_t value_at = s->at;
        PARE_TRY(pare_scan_value(s, name, wire));
        if (found != number) continue;
        uint64_t begin = value_at;
        if (wire == WIRE_LENGTH) {
            uint64_t n = 0;
            s->at = value_at;
            PARE_TRY(pare_scan_length(s, name, &n));
            begin = s->at;
            PARE_TRY(check_run(s, rule, begin, n));
            s->at += n;
        } else if (wire != payload_wire_type(rule->kind)) {
            return pare_scan_fail(s, PARE_EFORMAT, value_at, name, "expected %s, found %s",
                                  pare_scan_wire_name(payload_wire_type(rule->kind)),
                                  pare_scan_wire_name(wire));
        }
        if (to) memcpy(to + *n_bytes, s->data + begin, (size_t)(s->at - begin));
        *n_bytes += s->at - begin;
    }
    return PARE_OK;
}

/* Joins all items of a payload field of the innermost message into one run beside the skeleton. */
static pare_status merge_payload(pare_scanner *s, uint64_t tag_at, uint64_t number)
{
    pare_onnx_scan *scan = s->scan;
    const uint64_t resume_at = s->at;
    uint64_t n = 0;
    PARE_TRY(walk_payload(s, number, NULL, &n));
    s->at = resume_at;
    PARE_TRY(pare_scan_check_budget(s, n));
    /* one more than is needed: runs that are all empty must not leave it NULL */
    PARE_TRY(pare_grow(s->ctx, &scan->side, &scan->side_cap, scan->n_side + (size_t)n + 1, 1));
    PARE_TRY(walk_payload(s, number, scan->side + scan->n_side, &n));
    s->at = resume_at;
    const pare_onnx_stub stub = { scan->n_side | PARE_ONNX_STUB_SIDE, n };
    scan->n_side += (size_t)n;
    s->room = scan->n_skeleton; /* what is aside counts, too */
    s->frames[s->depth].merged |= UINT32_C(1) << number;
    return pare_scan_put_stub(s, tag_at, number, stub);
}

/* One run becomes a stub that points into the file. A number that comes alone, or a second run,
 * sends all items of the field to the side; that stub comes later, and the last one counts for
 * protobuf. */
pare_status pare_scan_payload(pare_scanner *s, const pare_onnx_field_rule *rule, uint64_t tag_at,
                              uint64_t number, unsigned wire)
{
    pare_scan_frame *f = &s->frames[s->depth];
    const uint32_t bit = UINT32_C(1) << number;
    if (wire != WIRE_LENGTH && wire != payload_wire_type(rule->kind))
        return pare_scan_fail(s, PARE_EFORMAT, tag_at, rule->field->name,
                              "expected %s or %s, found %s", pare_scan_wire_name(WIRE_LENGTH),
                              pare_scan_wire_name(payload_wire_type(rule->kind)),
                              pare_scan_wire_name(wire));
    const uint64_t value_at = s->at;
    PARE_TRY(pare_scan_value(s, rule->field->name, wire));
    if (f->merged & bit) { /* in the skeleton already */
        PARE_TRY(pare_scan_copy(s, tag_at));
        s->copied = s->at;
        return PARE_OK;
    }
    const bool again = (f->seen & bit) != 0;
    f->seen |= bit;
    if (wire != WIRE_LENGTH || again) return merge_payload(s, tag_at, number);
    uint64_t n = 0;
    s->at = value_at;
    PARE_TRY(pare_scan_length(s, rule->field->name, &n));
    const pare_onnx_stub stub = { s->at, n };
    s->at += n;
    return pare_scan_put_stub(s, tag_at, number, stub);
}
