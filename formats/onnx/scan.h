/* The scanner's state and the steps that its parts share. Inside of formats/onnx/scan*.c only. */
#ifndef FORMATS_ONNX_SCAN_H
#define FORMATS_ONNX_SCAN_H

#include "formats/onnx/limits.h"
#include "formats/onnx/scanner.h"

enum {
    WIRE_VARINT = 0,
    WIRE_8_BYTES = 1,
    WIRE_LENGTH = 2,
    WIRE_4_BYTES = 5,
};

/* A message that is being scanned. */
typedef struct pare_scan_frame {
    pare_onnx_type_rule *type;
    uint64_t tag_at, begin, end; /* in the file: its tag, its contents, and behind them */
    size_t length_at;            /* in the skeleton: its length */
    uint32_t field;              /* number in the message around it */
    uint32_t seen;      /* singular messages that were there, by number; bit 0: the oneof */
    uint32_t merged;    /* payload fields that are in the skeleton already, joined */
    uint32_t n_limited; /* items so far of the field that has a limit */
    bool leads_to_stub; /* the fields on the way here are marked so */
} pare_scan_frame;

typedef struct pare_scanner {
    pare_ctx *ctx;
    pare_onnx_scan *scan;
    const uint8_t *data;
    uint64_t at;     /* what comes next */
    uint64_t end;    /* of the innermost message, or of the packed run inside of it */
    uint64_t copied; /* what comes before is in the skeleton, as itself or as a stub */
    size_t room;     /* the skeleton may grow up to here without asking */
    unsigned depth;  /* frames[depth] is the innermost */
    pare_scan_frame frames[PARE_ONNX_MAX_WIRE_DEPTH + 1];
} pare_scanner;

/* "a varint" and so on, for messages; wire is below 8. */
const char *pare_scan_wire_name(unsigned wire);

/* Fails with "byte N, PATH.FIELD: ..."; field NULL: the innermost message itself. */
pare_status pare_scan_fail(pare_scanner *s, pare_status status, uint64_t at, const char *field,
                           const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* --- writing (scanner.c) ---------------------------------------------------------------------- */

/* EBUDGET when skeleton and side together may not take n bytes more. */
pare_status pare_scan_check_budget(pare_scanner *s, uint64_t n);

/* Copies what was passed over, up to a place in the file, into the skeleton. */
pare_status pare_scan_copy(pare_scanner *s, uint64_t end);

/* Puts a stub for a field in the place of everything from tag_at on. */
pare_status pare_scan_put_stub(pare_scanner *s, uint64_t tag_at, uint64_t number,
                               pare_onnx_stub stub);

/* --- payloads (scan_payload.c) ---------------------------------------------------------------- */

/* Reads one item of a payload field, in whatever form it stands, behind its tag. */
pare_status pare_scan_payload(pare_scanner *s, const pare_onnx_field_rule *rule, uint64_t tag_at,
                              uint64_t number, unsigned wire);

/* --- reading ---------------------------------------------------------------------------------- */

/* Each reads at s->at and moves it on; field is for messages. Nothing reaches over s->end. */

pare_status pare_scan_long_varint(pare_scanner *s, const char *field, uint64_t *out);

static inline pare_status pare_scan_varint(pare_scanner *s, const char *field, uint64_t *out)
{
    if (s->at == s->end || s->data[s->at] >= 0x80) return pare_scan_long_varint(s, field, out);
    *out = s->data[s->at++];
    return PARE_OK;
}

/* A tag of a field that has a value: its wire type is 0, 1, 2 or 5. */
pare_status pare_scan_tag(pare_scanner *s, uint64_t *number, unsigned *wire);

/* The length in front of bytes that are there. */
static inline pare_status pare_scan_length(pare_scanner *s, const char *field, uint64_t *out)
{
    const uint64_t begin = s->at;
    PARE_TRY(pare_scan_varint(s, field, out));
    if (*out <= s->end - s->at) return PARE_OK;
    return pare_scan_fail(s, PARE_EFORMAT, begin, field,
                          "expected a length of %llu at most (what is left of the message around "
                          "it), found %llu",
                          (unsigned long long)(s->end - s->at), (unsigned long long)*out);
}

/* Passes over n bytes. */
static inline pare_status pare_scan_fixed(pare_scanner *s, const char *field, unsigned n)
{
    if (s->end - s->at < n)
        return pare_scan_fail(s, PARE_EFORMAT, s->at, field,
                              "expected %u bytes, found the end after %u", n,
                              (unsigned)(s->end - s->at));
    s->at += n;
    return PARE_OK;
}

/* Passes over a value of any wire type that pare_scan_tag lets through. */
pare_status pare_scan_value(pare_scanner *s, const char *field, unsigned wire);

#endif
