#include "formats/report/json.h"

#include "base/bytes.h"
#include "base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

static void out_of_memory(pare_json *json)
{
    json->status = pare_fail(json->ctx, PARE_ENOMEM, "out of memory while making JSON output");
}

void pare_json_init(pare_json *json, pare_ctx *ctx)
{
    *json = (pare_json){ .ctx = ctx, .open = { json_object() }, .depth = 1 };
    if (!json->open[0]) out_of_memory(json);
}

void pare_json_free(pare_json *json)
{
    json_decref(json->open[0]);
    *json = (pare_json){ 0 };
}

/* Puts an item, whose reference it takes, where members go now. */
static void add(pare_json *json, const char *key, json_t *item)
{
    if (json->status) {
        json_decref(item);
        return;
    }
    json_t *const into = json->open[json->depth - 1];
    assert(json_is_object(into) == (key != NULL));
    if (!item || (key ? json_object_set_new(into, key, item) : json_array_append_new(into, item)))
        out_of_memory(json);
}

static void open_container(pare_json *json, const char *key, json_t *item)
{
    add(json, key, item);
    if (json->status) return;
    assert(json->depth < PARE_JSON_DEPTH);
    json->open[json->depth++] = item; /* borrowed: the container around it owns it */
}

void pare_json_open_object(pare_json *json, const char *key)
{
    open_container(json, key, json_object());
}

void pare_json_open_array(pare_json *json, const char *key)
{
    open_container(json, key, json_array());
}

void pare_json_close(pare_json *json)
{
    if (json->status) return;
    assert(json->depth > 1);
    json->depth--;
}

void pare_json_text(pare_json *json, const char *key, const char *text)
{
    if (!text) {
        add(json, key, json_null());
        return;
    }
    const size_t n = strlen(text);
    if (pare_utf8_valid(text, n)) {
        add(json, key, json_stringn_nocheck(text, n));
        return;
    }
    char *const escaped = pare_alloc(json->ctx, 4 * n + 1);
    if (!escaped) {
        if (!json->status) json->status = pare_fail_memory(json->ctx, 4 * n + 1);
        return;
    }
    pare_escape(escaped, 4 * n + 1, text);
    add(json, key, json_string_nocheck(escaped));
    pare_free(json->ctx, escaped);
}

void pare_json_bool(pare_json *json, const char *key, bool value)
{
    add(json, key, json_boolean(value));
}

void pare_json_int(pare_json *json, const char *key, int64_t value)
{
    add(json, key, json_integer(value));
}

void pare_json_uint(pare_json *json, const char *key, uint64_t value)
{
    assert(value <= INT64_MAX);
    add(json, key, json_integer((json_int_t)value));
}

void pare_json_real(pare_json *json, const char *key, double value)
{
    add(json, key, isfinite(value) ? json_real(value) : json_null());
}

void pare_json_null(pare_json *json, const char *key)
{
    add(json, key, json_null());
}

static int write_piece(const char *data, size_t n, void *user)
{
    return fwrite(data, 1, n, user) == n ? 0 : -1;
}

pare_status pare_json_print(pare_json *json, FILE *to)
{
    if (json->status) return json->status;
    assert(json->depth == 1);
    errno = 0;
    if (json_dump_callback(json->open[0], write_piece, to, JSON_INDENT(2)) || fputc('\n', to) < 0) {
        if (!ferror(to)) out_of_memory(json);
        else json->status = pare_fail(json->ctx, PARE_EIO, "cannot write the JSON output: %s",
                                      strerror(errno));
    }
    return json->status;
}

const char *pare_json_library_version(void)
{
    return jansson_version_str();
}
