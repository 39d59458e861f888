/* Building and printing one JSON object, as text from the first member on. Sticky: after the first
 * failure nothing more happens, and pare_json_print returns it. Members appear in the order in
 * which they were added.
 *
 *     pare_json j;
 *     pare_json_init(&j, ctx);
 *     pare_json_text(&j, "schema", "pare.inspect/1");
 *     pare_json_open_array(&j, "warnings");
 *     pare_json_text(&j, NULL, "...");
 *     pare_json_close(&j);
 *     st = pare_json_print(&j, stdout);
 *     pare_json_free(&j);
 */
#ifndef FORMATS_REPORT_JSON_H
#define FORMATS_REPORT_JSON_H

#include "formats/report/doc.h"

#include <stdbool.h>
#include <stdio.h>

enum { PARE_JSON_DEPTH = 16 };

typedef struct pare_json {
    pare_doc doc;
    size_t depth; /* of what is open, with the root */
    bool is_array[PARE_JSON_DEPTH], has_members[PARE_JSON_DEPTH];
} pare_json;

/* Starts with an empty object. */
void pare_json_init(pare_json *json, pare_ctx *ctx);
void pare_json_free(pare_json *json);

/* Inside of an object every member has a key; inside of an array key is NULL. */
void pare_json_open_object(pare_json *json, const char *key);
void pare_json_open_array(pare_json *json, const char *key);
void pare_json_close(pare_json *json);

/* Text that is not UTF-8 is escaped as pare_escape does; NULL text becomes null. */
void pare_json_text(pare_json *json, const char *key, const char *text);
void pare_json_bool(pare_json *json, const char *key, bool value);
void pare_json_int(pare_json *json, const char *key, int64_t value);
void pare_json_uint(pare_json *json, const char *key, uint64_t value); /* up to 2^63-1 */
void pare_json_real(pare_json *json, const char *key, double value);   /* null unless finite */
void pare_json_null(pare_json *json, const char *key);

/* Ends the object, which must be all that is open, and gives its text: indented, with a newline.
 * *text lives as long as json. ENOMEM. */
pare_status pare_json_end(pare_json *json, const char **text, size_t *n_bytes);

/* The same, printed. ENOMEM; EIO when writing fails. */
pare_status pare_json_print(pare_json *json, FILE *to);

/* Version of the library underneath, e.g. "2.14". Static. */
const char *pare_json_library_version(void);

#endif
