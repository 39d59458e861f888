/* Labels that go by the names of files. */
#include "base/map.h"
#include "formats/dataset/labels.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FILE_BYTES = 256 << 20, BY_PATH = 0, BY_NAME = 1 };
#define AMBIGUOUS UINT32_MAX

typedef struct line {
    char *path;
    int64_t class;
    uint32_t number;
} line;

typedef struct reader {
    pare_ctx *ctx;
    const char *shown;
    line *lines; /* [n] */
    size_t n, cap;
    pare_map map; /* to places in lines: whole paths, and names without folders */
} reader;

static const char *name_of(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static pare_status add_line(reader *r, char *path, int64_t class, uint32_t number)
{
    uint32_t seen = 0;
    while (path[0] == '.' && path[1] == '/') path += 2;
    if (pare_map_get(&r->map, BY_PATH, path, &seen)) {
        if (r->lines[seen].class == class) return PARE_OK;
        return pare_fail(r->ctx, PARE_EFORMAT, "%s:%" PRIu32 ": class %" PRId64 " for '%s', which "
                         "has %" PRId64 " in line %" PRIu32, r->shown, number, class, path,
                         r->lines[seen].class, r->lines[seen].number);
    }
    PARE_TRY(pare_grow(r->ctx, &r->lines, &r->cap, r->n + 1, sizeof(*r->lines)));
    r->lines[r->n] = (line){ path, class, number };
    PARE_TRY(pare_map_put(r->ctx, &r->map, BY_PATH, path, (uint32_t)r->n));
    const bool is_known = pare_map_get(&r->map, BY_NAME, name_of(path), &seen);
    PARE_TRY(pare_map_put(r->ctx, &r->map, BY_NAME, name_of(path),
                          is_known ? AMBIGUOUS : (uint32_t)r->n));
    r->n++;
    return PARE_OK;
}

/* Splits "file class" at its last blank or comma. */
static pare_status read_line(reader *r, char *text, size_t n, uint32_t number)
{
    while (n && strchr(" \t\r", text[n - 1])) n--;
    text[n] = '\0';
    text += strspn(text, " \t");
    n = strlen(text);
    if (!n || text[0] == '#') return PARE_OK;
    size_t at = n;
    int64_t class = 0;
    while (at && !strchr(" \t,", text[at - 1])) at--;
    const char *digits = text + at + (text[at] == '-');
    for (const char *p = digits; at && *p; p++) {
        if (*p < '0' || *p > '9' || class > INT32_MAX)
            return pare_fail(r->ctx, PARE_EFORMAT, "%s:%" PRIu32 ": expected \"file class\" with "
                             "an integer as class, found '%s'", r->shown, number, text + at);
        class = class * 10 + (*p - '0');
    }
    if (!at || !*digits)
        return pare_fail(r->ctx, PARE_EFORMAT, "%s:%" PRIu32 ": expected \"file class\", found "
                         "'%s' without a class", r->shown, number, text);
    if (text[at] == '-') class = -class;
    while (at && strchr(" \t,", text[at - 1])) at--;
    text[at] = '\0';
    return add_line(r, text, class, number);
}

static pare_status read_lines(reader *r, char *text, size_t n_bytes)
{
    uint32_t number = 1;
    for (size_t at = 0; at < n_bytes; number++) {
        const char *const end = memchr(text + at, '\n', n_bytes - at);
        const size_t n = end ? (size_t)(end - text) - at : n_bytes - at;
        if (memchr(text + at, '\0', n))
            return pare_fail(r->ctx, PARE_EFORMAT, "%s:%" PRIu32 ": expected text, found a NUL "
                             "character", r->shown, number);
        PARE_TRY(read_line(r, text + at, n, number));
        at += n + 1;
    }
    return PARE_OK;
}

/* The whole path, or what is left of it without its first folders, or the name alone. */
static const line *find_line(const reader *r, const char *path)
{
    uint32_t at = 0;
    for (const char *p = path;;) {
        if (pare_map_get(&r->map, BY_PATH, p, &at)) return &r->lines[at];
        const char *const slash = strchr(p, '/');
        if (!slash) break;
        p = slash + 1;
    }
    if (pare_map_get(&r->map, BY_NAME, name_of(path), &at) && at != AMBIGUOUS)
        return &r->lines[at];
    return NULL;
}

static pare_status look_up(const reader *r, int64_t *out, const pare_source *s)
{
    const char *missing = NULL;
    uint64_t n_missing = 0;
    for (uint64_t i = 0; i < s->n; i++) {
        const char *const path = s->kind->path(s, i);
        const line *const found = find_line(r, path);
        if (found) out[i] = found->class;
        else if (!n_missing++) missing = path;
    }
    if (n_missing)
        return pare_fail(r->ctx, PARE_EFORMAT, "%s: no line for '%s'; %" PRIu64 " of the %" PRIu64
                         " files of %s have none", r->shown, missing, n_missing, s->n,
                         s->files->shown);
    if (r->n > s->n)
        pare_warn(r->ctx, "%s: %zu lines, of which %s has only %" PRIu64 " files", r->shown, r->n,
                  s->files->shown, s->n);
    return PARE_OK;
}

pare_status pare_labels_from_lines(pare_ctx *ctx, int64_t *out, const pare_source *source,
                                   const pare_files *lines)
{
    reader r = { .ctx = ctx, .shown = lines->shown };
    const uint64_t n = lines->items[0].n_bytes;
    if (source->n && !source->kind->path(source, 0))
        return pare_fail(ctx, PARE_EFORMAT, "%s: \"file class\" lines need samples that are files; "
                         "for rows of arrays give an array of labels", lines->shown);
    if (n > MAX_FILE_BYTES)
        return pare_fail(ctx, PARE_EFORMAT, "%s: expected at most %d bytes of labels, found "
                         "%" PRIu64, lines->shown, MAX_FILE_BYTES, n);
    char *text = pare_alloc(ctx, (size_t)n + 1);
    pare_status st = text ? PARE_OK : pare_fail_memory(ctx, (size_t)n + 1);
    if (!st) st = pare_files_read(ctx, lines, 0, 0, text, (size_t)n);
    if (!st) st = read_lines(&r, text, (size_t)n);
    if (!st) st = look_up(&r, out, source);
    pare_map_free(ctx, &r.map);
    pare_free(ctx, r.lines);
    pare_free(ctx, text);
    return st;
}

/* --- class folders ---------------------------------------------------------------------------- */

/* Bytes of the folders that all rows share, slash included. */
static size_t shared_folders(const pare_source *s)
{
    const char *const first = s->kind->path(s, 0);
    size_t n = (size_t)(name_of(first) - first);
    for (uint64_t i = 1; i < s->n && n; i++) {
        const char *const path = s->kind->path(s, i);
        size_t same = 0;
        while (same < n && path[same] == first[same]) same++;
        while (same && first[same - 1] != '/') same--;
        n = same;
    }
    for (uint64_t i = 0; i < s->n && n; i++)
        if (strchr(s->kind->path(s, i) + n, '/')) return n;
    if (n) n--; /* all in one folder: the only class */
    while (n && first[n - 1] != '/') n--;
    return n;
}

static bool is_number(const char *folder, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (folder[i] < '0' || folder[i] > '9') return false;
    return n > 0 && n < 10;
}

/* A folder's name with its slash, in a path. */
typedef struct folder {
    const char *text;
    size_t n;
} folder;

static int by_text(const void *a, const void *b)
{
    const folder *x = a, *y = b;
    const int order = memcmp(x->text, y->text, x->n < y->n ? x->n : y->n);
    return order ? order : x->n < y->n ? -1 : x->n > y->n;
}

static pare_status number_folders(pare_ctx *ctx, int64_t *out, const pare_source *s,
                                  folder *folders, size_t n_shared)
{
    size_t n = 0;
    bool numbers = true, in_order = true;
    for (uint64_t i = 0; i < s->n; i++) {
        const char *const path = s->kind->path(s, i) + n_shared;
        const char *const slash = strchr(path, '/');
        if (!slash)
            return pare_fail(ctx, PARE_EFORMAT, "%s/%s: expected every file in a folder of its "
                             "class", s->files->shown, s->kind->path(s, i));
        folders[i] = (folder){ path, (size_t)(slash - path) };
    }
    qsort(folders, (size_t)s->n, sizeof(*folders), by_text);
    for (uint64_t i = 0; i < s->n; i++) {
        if (n && by_text(&folders[i], &folders[n - 1]) == 0) continue;
        numbers &= is_number(folders[i].text, folders[i].n);
        if (numbers && (size_t)strtoul(folders[i].text, NULL, 10) != n) in_order = false;
        folders[n++] = folders[i];
    }
    if (numbers && !in_order)
        pare_warn(ctx, "%s: folders named by numbers are classes in the order of their names as "
                  "text, so that '%.*s' is class %d; give \"file class\" lines if they are meant "
                  "as numbers", s->files->shown, (int)folders[n - 1].n, folders[n - 1].text,
                  (int)n - 1);
    for (uint64_t i = 0; i < s->n; i++) {
        const char *const path = s->kind->path(s, i) + n_shared;
        const folder key = { path, (size_t)(strchr(path, '/') - path) };
        const folder *const found = bsearch(&key, folders, n, sizeof(*folders), by_text);
        out[i] = found - folders;
    }
    return PARE_OK;
}

pare_status pare_labels_from_folders(pare_ctx *ctx, int64_t *out, const pare_source *source)
{
    if (!source->n || !source->kind->path(source, 0))
        return pare_fail(ctx, PARE_EFORMAT, "%s: class folders need samples that are files",
                         source->files->shown);
    const size_t n_bytes = (size_t)source->n * sizeof(folder);
    folder *folders = pare_alloc(ctx, n_bytes);
    if (!folders) return pare_fail_memory(ctx, n_bytes);
    const pare_status st = number_folders(ctx, out, source, folders, shared_folders(source));
    pare_free(ctx, folders);
    return st;
}
