#include "formats/report/json.h"

#include "base/bytes.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INDENT = 2 };

void pare_json_init(pare_json *json, pare_ctx *ctx)
{
    *json = (pare_json){ .doc = { .ctx = ctx }, .depth = 1 };
    pare_doc_put(&json->doc, "{");
}

void pare_json_free(pare_json *json)
{
    pare_doc_free(&json->doc);
    *json = (pare_json){ 0 };
}

static void new_line(pare_json *json, size_t depth)
{
    pare_doc_format(&json->doc, "\n%*s", (int)(INDENT * depth), "");
}

/* Bytes that are not UTF-8 as \xNN, whose backslash is escaped in turn. */
static void put_escaped(pare_doc *doc, const char *text)
{
    char piece[8];
    for (; *text; text++) {
        const size_t n = pare_utf8_printable(text);
        if (n > 1) {
            pare_doc_bytes(doc, text, n);
            text += n - 1;
            continue;
        }
        snprintf(piece, sizeof(piece), n ? "%c" : "\\\\x%02x", (unsigned char)*text);
        if (*text == '"' || *text == '\\') pare_doc_put(doc, "\\");
        pare_doc_put(doc, piece);
    }
}

/* Text in quotes; what is not UTF-8 is escaped first. */
static void put_string(pare_doc *doc, const char *text)
{
    const bool valid = pare_utf8_valid(text, strlen(text));
    pare_doc_put(doc, "\"");
    if (!valid) put_escaped(doc, text);
    for (const char *p = valid ? text : ""; *p; p++) {
        const unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\') pare_doc_format(doc, "\\%c", c);
        else if (c == '\n') pare_doc_put(doc, "\\n");
        else if (c == '\r') pare_doc_put(doc, "\\r");
        else if (c == '\t') pare_doc_put(doc, "\\t");
        else if (c < 0x20) pare_doc_format(doc, "\\u%04x", c);
        else pare_doc_bytes(doc, p, 1);
    }
    pare_doc_put(doc, "\"");
}

/* Everything in front of a member's value. */
static void begin(pare_json *json, const char *key)
{
    const size_t in = json->depth - 1;
    assert(json->is_array[in] == (key == NULL));
    if (json->has_members[in]) pare_doc_put(&json->doc, ",");
    json->has_members[in] = true;
    new_line(json, json->depth);
    if (!key) return;
    put_string(&json->doc, key);
    pare_doc_put(&json->doc, ": ");
}

static void open_container(pare_json *json, const char *key, bool is_array)
{
    begin(json, key);
    assert(json->depth < PARE_JSON_DEPTH);
    pare_doc_put(&json->doc, is_array ? "[" : "{");
    json->is_array[json->depth] = is_array;
    json->has_members[json->depth++] = false;
}

void pare_json_open_object(pare_json *json, const char *key)
{
    open_container(json, key, false);
}

void pare_json_open_array(pare_json *json, const char *key)
{
    open_container(json, key, true);
}

static void close_container(pare_json *json)
{
    const size_t in = --json->depth;
    if (json->has_members[in]) new_line(json, in);
    pare_doc_put(&json->doc, json->is_array[in] ? "]" : "}");
}

void pare_json_close(pare_json *json)
{
    assert(json->depth > 1);
    close_container(json);
}

void pare_json_text(pare_json *json, const char *key, const char *text)
{
    begin(json, key);
    if (text) put_string(&json->doc, text);
    else pare_doc_put(&json->doc, "null");
}

void pare_json_bool(pare_json *json, const char *key, bool value)
{
    begin(json, key);
    pare_doc_put(&json->doc, value ? "true" : "false");
}

void pare_json_int(pare_json *json, const char *key, int64_t value)
{
    begin(json, key);
    pare_doc_format(&json->doc, "%" PRId64, value);
}

void pare_json_uint(pare_json *json, const char *key, uint64_t value)
{
    assert(value <= INT64_MAX);
    begin(json, key);
    pare_doc_format(&json->doc, "%" PRIu64, value);
}

/* The fewest digits that read back as the same value, and a mark that it is a real. */
void pare_json_real(pare_json *json, const char *key, double value)
{
    char text[40];
    begin(json, key);
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    pare_doc_put(&json->doc, isfinite(value) ? text : "null");
    if (isfinite(value) && !strpbrk(text, ".e")) pare_doc_put(&json->doc, ".0");
}

void pare_json_null(pare_json *json, const char *key)
{
    begin(json, key);
    pare_doc_put(&json->doc, "null");
}

pare_status pare_json_end(pare_json *json, const char **text, size_t *n_bytes)
{
    assert(json->depth == 1);
    close_container(json);
    pare_doc_put(&json->doc, "\n");
    *text = pare_doc_text(&json->doc);
    *n_bytes = json->doc.n;
    return json->doc.status;
}

pare_status pare_json_print(pare_json *json, FILE *to)
{
    const char *text = NULL;
    size_t n_bytes = 0;
    PARE_TRY(pare_json_end(json, &text, &n_bytes));
    errno = 0;
    if (fwrite(text, 1, n_bytes, to) == n_bytes) return PARE_OK;
    return json->doc.status = pare_fail(json->doc.ctx, PARE_EIO,
                                        "cannot write the JSON output: %s", strerror(errno));
}

const char *pare_json_library_version(void)
{
    return jansson_version_str();
}
