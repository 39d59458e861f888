#include "formats/report/baseline.h"

#include "base/bytes.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_BYTES = 256 << 20 };

/* A file that is being read: its text, for lines, and its tree. */
typedef struct reading {
    pare_ctx *ctx;
    const char *path, *text;
    size_t n;
    pare_baseline *out;
} reading;

/* --- lines ------------------------------------------------------------------------------------ */

/* Behind the string that begins at `at`; the text is valid JSON. */
static size_t string_end(const reading *r, size_t at)
{
    for (at++; at < r->n && r->text[at] != '"'; at++) at += r->text[at] == '\\';
    return at + 1;
}

/* The line of member `inner` of member `outer` of the root; of `outer` itself where inner is NULL
 * or is not there; else 1. */
static int line_of(const reading *r, const char *outer, const char *inner)
{
    int line = 1, depth = 0, found = 1;
    bool in_outer = false;
    for (size_t at = 0; at < r->n; at++) {
        const char c = r->text[at];
        if (c == '\n') line++;
        else if (c == '{' || c == '[') depth++;
        else if (c == '}' || c == ']') depth--;
        if (c != '"') continue;
        const size_t end = string_end(r, at);
        const char *const want = depth == 1 ? outer : in_outer && depth == 2 ? inner : NULL;
        const size_t behind = end + strspn(r->text + end, " \t\r\n");
        const bool is_key = behind < r->n && r->text[behind] == ':';
        const bool same = want && strlen(want) == end - at - 2 &&
                          strncmp(r->text + at + 1, want, end - at - 2) == 0;
        if (is_key && depth == 1) in_outer = same;
        if (is_key && same) {
            found = line;
            if (depth == 2 || !inner) return found;
        }
        at = end - 1;
    }
    return found;
}

static pare_status fail(const reading *r, const char *outer, const char *inner, const char *what)
{
    return pare_fail(r->ctx, PARE_EFORMAT, "%s:%d: %s%s%s: %s", r->path, line_of(r, outer, inner),
                     outer, inner ? "." : "", inner ? inner : "", what);
}

/* --- fields ----------------------------------------------------------------------------------- */

static pare_status keep_text(const reading *r, const char **out, const json_t *object,
                             const char *outer, const char *inner)
{
    const json_t *const item = json_object_get(object, inner);
    *out = NULL;
    if (!item || json_is_null(item)) return PARE_OK;
    if (!json_is_string(item)) return fail(r, outer, inner, "expected text");
    *out = pare_arena_str(&r->out->arena, json_string_value(item));
    return *out ? PARE_OK : pare_arena_fail(r->ctx, &r->out->arena);
}

/* A number of 0 or more, NaN where the field is null. */
static pare_status read_number(const reading *r, double *out, const json_t *object,
                               const char *outer, const char *inner)
{
    const json_t *const item = json_object_get(object, inner);
    *out = (double)NAN;
    if (!item) return fail(r, outer, inner, "is missing");
    if (json_is_null(item)) return PARE_OK;
    if (!json_is_number(item) || !(json_number_value(item) >= 0))
        return fail(r, outer, inner, "expected a number of 0 or more, or null");
    *out = json_number_value(item);
    return PARE_OK;
}

static pare_status read_figures(const reading *r, const json_t *figures, const char *outer)
{
    for (size_t i = 0; i < PARE_N_METRICS; i++) {
        double *const value = &r->out->values[i];
        const char *const field = pare_metrics[i].field;
        const json_t *const item = json_object_get(figures, field);
        const char *const inner = i == PARE_METRIC_ACCURACY  ? "value"
                                  : i == PARE_METRIC_TRAFFIC ? "dram"
                                                             : NULL;
        if (!inner) {
            PARE_TRY(read_number(r, value, figures, outer, field));
        } else if (!item) {
            return fail(r, outer, field, "is missing");
        } else if (!json_is_null(item)) {
            if (!json_is_object(item)) return fail(r, outer, field, "expected an object or null");
            PARE_TRY(read_number(r, value, item, outer, inner));
        }
    }
    return PARE_OK;
}

static pare_status read_object(const reading *r, const json_t **out, const json_t *root,
                               const char *key)
{
    *out = json_object_get(root, key);
    if (!*out) return fail(r, key, NULL, "is missing");
    return json_is_object(*out) ? PARE_OK : fail(r, key, NULL, "expected an object");
}

static pare_status read_comparable(const reading *r, const json_t *root)
{
    static const char key[] = "comparable";
    const json_t *object = NULL;
    PARE_TRY(read_object(r, &object, root, key));
    PARE_TRY(keep_text(r, &r->out->target, object, key, "target"));
    PARE_TRY(keep_text(r, &r->out->shapes, object, key, "shapes"));
    PARE_TRY(keep_text(r, &r->out->data_sha256, object, key, "data_sha256"));
    PARE_TRY(keep_text(r, &r->out->metric, object, key, "metric"));
    const json_t *const version = json_object_get(object, "target_version");
    if (version && !json_is_null(version) && !json_is_integer(version))
        return fail(r, key, "target_version", "expected an integer");
    if (json_is_integer(version)) r->out->target_version = json_integer_value(version);
    return PARE_OK;
}

/* --- how the model was made ------------------------------------------------------------------- */

enum { MAX_ITEMS = 1000 };

/* The array `key` of the root, with at most MAX_ITEMS; NULL where there is none. */
static pare_status read_array(const reading *r, const json_t **out, const json_t *root,
                              const char *key)
{
    *out = json_object_get(root, key);
    if (!*out || json_is_null(*out)) {
        *out = NULL;
        return PARE_OK;
    }
    if (!json_is_array(*out)) return fail(r, key, NULL, "expected a list");
    return json_array_size(*out) <= MAX_ITEMS ? PARE_OK : fail(r, key, NULL, "has too many items");
}

static pare_status read_arguments(const reading *r, const json_t *root)
{
    static const char key[] = "arguments";
    const json_t *array = NULL;
    PARE_TRY(read_array(r, &array, root, key));
    const size_t n = json_array_size(array);
    const char **const words = pare_arena_array(&r->out->arena, n + 1, sizeof(*words));
    if (!words) return pare_arena_fail(r->ctx, &r->out->arena);
    for (size_t i = 0; i < n; i++) {
        const char *const word = json_string_value(json_array_get(array, i));
        if (!word) return fail(r, key, NULL, "expected a list of texts");
        words[i] = pare_arena_str(&r->out->arena, word);
        if (!words[i]) return pare_arena_fail(r->ctx, &r->out->arena);
    }
    r->out->made.arguments = words;
    r->out->made.n_arguments = n;
    return PARE_OK;
}

static pare_status read_data(const reading *r, const json_t *root)
{
    static const char key[] = "data";
    const json_t *array = NULL;
    PARE_TRY(read_array(r, &array, root, key));
    const size_t n = json_array_size(array);
    pare_report_data *const data = pare_arena_array(&r->out->arena, n + 1, sizeof(*data));
    if (!data) return pare_arena_fail(r->ctx, &r->out->arena);
    for (size_t i = 0; i < n; i++) {
        const json_t *const item = json_array_get(array, i);
        if (!json_is_object(item)) return fail(r, key, NULL, "expected a list of objects");
        PARE_TRY(keep_text(r, &data[i].role, item, key, "role"));
        PARE_TRY(keep_text(r, &data[i].name, item, key, "file"));
        PARE_TRY(keep_text(r, &data[i].sha256, item, key, "sha256"));
        data[i].samples = 0;
        if (!data[i].role || !data[i].sha256) return fail(r, key, NULL, "lacks role or sha256");
    }
    r->out->made.data = data;
    r->out->made.n_data = n;
    return PARE_OK;
}

static pare_status read_targets(const reading *r, const json_t *root)
{
    static const char key[] = "targets";
    const json_t *array = NULL;
    PARE_TRY(read_array(r, &array, root, key));
    const size_t n = json_array_size(array);
    pare_report_target *const targets = pare_arena_array(&r->out->arena, n + 1, sizeof(*targets));
    if (!targets) return pare_arena_fail(r->ctx, &r->out->arena);
    for (size_t i = 0; i < n; i++) {
        const json_t *const item = json_array_get(array, i);
        const json_t *const version = json_object_get(item, "version");
        targets[i] = (pare_report_target){ .version = json_integer_value(version) };
        if (!json_is_object(item)) return fail(r, key, NULL, "expected a list of objects");
        PARE_TRY(keep_text(r, &targets[i].name, item, key, "name"));
        if (!targets[i].name || !json_is_integer(version))
            return fail(r, key, NULL, "lacks name or version");
    }
    r->out->made.targets = targets;
    r->out->made.n_targets = n;
    return PARE_OK;
}

static pare_status read_made(const reading *r, const json_t *root)
{
    pare_baseline_made *const made = &r->out->made;
    const json_t *const tool = json_object_get(root, "tool");
    const json_t *const input = json_object_get(root, "input");
    const json_t *const output = json_object_get(root, "output");
    PARE_TRY(keep_text(r, &made->recipe, tool, "tool", "recipe_text"));
    PARE_TRY(keep_text(r, &made->kernel_level, tool, "tool", "kernel_level"));
    PARE_TRY(keep_text(r, &made->input, input, "input", "file"));
    PARE_TRY(keep_text(r, &made->input_sha256, input, "input", "sha256"));
    PARE_TRY(keep_text(r, &made->output_sha256, output, "output", "sha256"));
    PARE_TRY(read_arguments(r, root));
    PARE_TRY(read_data(r, root));
    return read_targets(r, root);
}

static pare_status read_root(const reading *r, const json_t *root)
{
    static const char schema[] = "pare.report/1";
    const json_t *const name = json_object_get(root, "schema");
    if (!json_is_object(root))
        return pare_fail(r->ctx, PARE_EFORMAT, "%s:1: expected an object of schema %s", r->path,
                         schema);
    if (!json_is_string(name) || !pare_str_eq(json_string_value(name), schema))
        return fail(r, "schema", NULL, "expected \"pare.report/1\": is this a report.json?");
    const json_t *object = NULL;
    const bool has_after = json_is_object(json_object_get(root, "after"));
    const char *const key = has_after ? "after" : "before";
    PARE_TRY(read_object(r, &object, root, key));
    PARE_TRY(read_figures(r, object, key));
    PARE_TRY(read_object(r, &object, root, has_after ? "output" : "input"));
    PARE_TRY(keep_text(r, &r->out->model, object, has_after ? "output" : "input", "file"));
    PARE_TRY(read_object(r, &object, root, "tool"));
    PARE_TRY(keep_text(r, &r->out->tool_version, object, "tool", "version"));
    PARE_TRY(read_comparable(r, root));
    return read_made(r, root);
}

/* --- files ------------------------------------------------------------------------------------ */

pare_status pare_baseline_parse(pare_ctx *ctx, pare_baseline *out, const char *path,
                                const char *text, size_t n_bytes)
{
    json_error_t error;
    const reading r = { ctx, path, text, n_bytes, out };
    *out = (pare_baseline){ .target_version = -1 };
    for (size_t i = 0; i < PARE_N_METRICS; i++) out->values[i] = (double)NAN;
    pare_arena_init(ctx, &out->arena, 0);
    json_t *const root = json_loadb(text, n_bytes, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return pare_fail(ctx, PARE_EFORMAT, "%s:%d: no JSON: %s", path,
                         error.line > 0 ? error.line : 1, error.text);
    const pare_status st = read_root(&r, root);
    json_decref(root);
    return st;
}

static pare_status read_bytes(pare_ctx *ctx, const char *path, int fd, char *text, size_t n)
{
    for (size_t done = 0; done < n;) {
        const ssize_t k = read(fd, text + done, n - done);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return pare_fail(ctx, PARE_EIO, "%s: %s", path, strerror(errno));
        if (k == 0) return pare_fail(ctx, PARE_EIO, "%s: became shorter while it was read", path);
        done += (size_t)k;
    }
    text[n] = '\0';
    return PARE_OK;
}

pare_status pare_baseline_read(pare_ctx *ctx, pare_baseline *out, const char *path)
{
    struct stat info;
    *out = (pare_baseline){ .target_version = -1 };
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return pare_fail(ctx, PARE_EIO, "%s: %s", path, strerror(errno));
    pare_status st = PARE_OK;
    char *text = NULL;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
        st = pare_fail(ctx, PARE_EIO, "%s: is not a regular file", path);
    else if (info.st_size > MAX_BYTES)
        st = pare_fail(ctx, PARE_EBUDGET, "%s: is larger than 256 MiB", path);
    const size_t n = st ? 0 : (size_t)info.st_size;
    if (!st && !(text = pare_alloc(ctx, n + 1))) st = pare_fail_memory(ctx, n + 1);
    if (!st) st = read_bytes(ctx, path, fd, text, n);
    if (!st) st = pare_baseline_parse(ctx, out, path, text, n);
    pare_free(ctx, text);
    close(fd);
    return st;
}

void pare_baseline_free(pare_baseline *baseline)
{
    pare_arena_free(&baseline->arena);
    *baseline = (pare_baseline){ 0 };
}

/* --- comparing -------------------------------------------------------------------------------- */

static bool differ(const char *a, const char *b)
{
    return !pare_str_eq(pare_str_or_empty(a), pare_str_or_empty(b));
}

static const char *or_none(const char *text)
{
    return text && *text ? text : "none";
}

void pare_baseline_differs(pare_doc *why, const pare_baseline *b, const pare_metric *metric,
                           const pare_report *r)
{
    const pare_report_target *const target = &r->targets[0];
    if ((metric->needs & PARE_NEEDS_TARGET) && differ(b->target, target->name))
        pare_doc_format(why, "the baseline is of target '%s', this run of '%s'",
                        or_none(b->target), target->name);
    else if ((metric->needs & PARE_NEEDS_TARGET) && b->target_version != target->version)
        pare_doc_format(why,
                        "the baseline is of version %" PRId64 " of target '%s', this run of "
                        "version %" PRId64, b->target_version, target->name, target->version);
    else if ((metric->needs & PARE_NEEDS_SHAPES) && differ(b->shapes, r->shapes))
        pare_doc_format(why, "the baseline is of inputs %s, this run of %s", or_none(b->shapes),
                        or_none(r->shapes));
    else if ((metric->needs & PARE_NEEDS_DATA) && differ(b->data_sha256, r->data_sha256))
        pare_doc_put(why, "the baseline was evaluated on other data");
    else if ((metric->needs & PARE_NEEDS_DATA) && differ(b->metric, r->metric))
        pare_doc_format(why, "the baseline is judged by %s, this run by %s", or_none(b->metric),
                        or_none(r->metric));
}
