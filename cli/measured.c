#include "cli/measured.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "formats/onnx/mapping.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FIELDS = 16, MAX_ROWS = 10000 };

enum { FIELD_NONE, FIELD_MODEL, FIELD_JOULES, FIELD_SECONDS, FIELD_BATCH };

static const struct {
    const char *name;
    int field;
    double factor;
} columns[] = {
    { "model", FIELD_MODEL, 1 },   { "J", FIELD_JOULES, 1 },    { "mJ", FIELD_JOULES, 1e-3 },
    { "uJ", FIELD_JOULES, 1e-6 },  { "s", FIELD_SECONDS, 1 },   { "ms", FIELD_SECONDS, 1e-3 },
    { "us", FIELD_SECONDS, 1e-6 }, { "batch", FIELD_BATCH, 1 },
};

enum { N_COLUMNS = sizeof(columns) / sizeof(columns[0]) };

typedef struct csv_job {
    pare_ctx *ctx;
    pare_arena *arena;
    const char *path;
    uint32_t line;
    char *fields[MAX_FIELDS]; /* [n_fields] of the line */
    size_t n_fields;
    int of_field[MAX_FIELDS]; /* column of each field, -1: before the header */
    size_t n_columns;
    pare_measured *out;
    size_t cap;
} csv_job;

#define FAIL(job, ...) \
    pare_fail_in((job)->ctx, pare_fail((job)->ctx, PARE_EFORMAT, __VA_ARGS__), "%s:%u: ", \
                 (job)->path, (job)->line)

/* Cuts a line at its commas, in place; a field may be in double quotes. */
static pare_status cut(csv_job *job, char *at)
{
    job->n_fields = 0;
    for (bool more = true; more;) {
        if (job->n_fields == MAX_FIELDS)
            return FAIL(job, "expected at most %d fields", MAX_FIELDS);
        at += strspn(at, " \t");
        const bool quoted = *at == '"';
        char *field = at + quoted;
        char *end = quoted ? strchr(field, '"') : field + strcspn(field, ",");
        if (!end) return FAIL(job, "a quote is not closed");
        at = quoted ? end + 1 + strspn(end + 1, " \t") : end;
        if (*at && *at != ',') return FAIL(job, "expected a comma behind a quote");
        more = *at == ',';
        *end = '\0';
        at += more;
        for (char *last = field + strlen(field); !quoted && last > field;) {
            if (*--last != ' ' && *last != '\t' && *last != '\r') break;
            *last = '\0';
        }
        job->fields[job->n_fields++] = field;
    }
    return PARE_OK;
}

static pare_status read_header(csv_job *job)
{
    bool seen[FIELD_BATCH + 1] = { false };
    for (size_t i = 0; i < job->n_fields; i++) {
        int k = 0;
        while (k < N_COLUMNS && !pare_str_eq(columns[k].name, job->fields[i])) k++;
        if (k == N_COLUMNS)
            return FAIL(job, "unknown column '%s'; expected model, J, mJ or uJ, s, ms or us, batch",
                        job->fields[i]);
        if (seen[columns[k].field]) return FAIL(job, "column '%s' stands twice", job->fields[i]);
        seen[columns[k].field] = true;
        job->of_field[i] = k;
    }
    if (!seen[FIELD_MODEL] || (!seen[FIELD_JOULES] && !seen[FIELD_SECONDS]))
        return FAIL(job, "expected a column 'model' and one of energy or time, as in "
                         "'model,mJ,ms'");
    job->n_columns = job->n_fields;
    return PARE_OK;
}

static pare_status add_path(csv_job *job, const char *name, const char **out)
{
    const char *slash = name[0] == '/' ? NULL : strrchr(job->path, '/');
    const size_t n_dir = slash ? (size_t)(slash - job->path) + 1 : 0;
    const size_t n_bytes = n_dir + strlen(name) + 1;
    char *path = pare_arena_alloc(job->arena, n_bytes);
    if (!path) return pare_arena_fail(job->ctx, job->arena);
    memcpy(path, job->path, n_dir);
    memcpy(path + n_dir, name, n_bytes - n_dir);
    *out = path;
    return PARE_OK;
}

static pare_status read_row(csv_job *job)
{
    pare_measured_row row = { .joules = NAN, .seconds = NAN, .batch = 1, .line = job->line };
    if (job->n_fields != job->n_columns)
        return FAIL(job, "expected %zu fields, found %zu", job->n_columns, job->n_fields);
    for (size_t i = 0; i < job->n_fields; i++) {
        const char *text = job->fields[i];
        const int k = job->of_field[i];
        char *end = NULL;
        if (columns[k].field == FIELD_MODEL) {
            if (!*text) return FAIL(job, "expected the path of a model");
            PARE_TRY(add_path(job, text, &row.model));
            continue;
        }
        if (!*text) continue;
        const double value = strspn(text, "+.0123456789") ? strtod(text, &end) : NAN;
        if (!end || *end || !(value > 0) || !isfinite(value))
            return FAIL(job, "'%s': expected a number above zero, found '%.60s'", columns[k].name,
                        text);
        if (columns[k].field == FIELD_JOULES) row.joules = value * columns[k].factor;
        else if (columns[k].field == FIELD_SECONDS) row.seconds = value * columns[k].factor;
        else row.batch = value <= 1e6 ? (int64_t)value : 1000000;
    }
    if (!isfinite(row.joules) && !isfinite(row.seconds))
        return FAIL(job, "expected an energy or a time");
    if (job->out->n == MAX_ROWS) return FAIL(job, "expected at most %d rows", MAX_ROWS);
    if (!pare_arena_grow(job->arena, &job->out->rows, &job->cap, job->out->n + 1, sizeof(row)))
        return pare_arena_fail(job->ctx, job->arena);
    job->out->rows[job->out->n++] = row;
    return PARE_OK;
}

static pare_status read_lines(csv_job *job, char *text)
{
    for (char *at = text, *next = NULL; at; at = next) {
        char *end = strchr(at, '\n');
        next = end ? end + 1 : NULL;
        if (end) *end = '\0';
        job->line++;
        const char *first = at + strspn(at, " \t\r");
        if (!*first || *first == '#') continue;
        PARE_TRY(cut(job, at));
        PARE_TRY(job->n_columns ? read_row(job) : read_header(job));
    }
    if (!job->out->n) return FAIL(job, "expected a header and a row for each model");
    return PARE_OK;
}

pare_status pare_measured_read(pare_ctx *ctx, pare_measured *out, pare_arena *arena,
                               const char *path)
{
    csv_job job = { .ctx = ctx, .arena = arena, .path = path, .out = out };
    const uint64_t most = UINT64_C(16) << 20;
    pare_buf *bytes = NULL;
    pare_status st = PARE_OK;
    *out = (pare_measured){ 0 };
    PARE_TRY(pare_mapping_read(ctx, &bytes, path, most));
    job.line = 1;
    if (bytes->n_bytes > most) st = FAIL(&job, "expected at most 16 MiB");
    else if (memchr(bytes->data, 0, bytes->n_bytes)) st = FAIL(&job, "this is no text");
    job.line = 0;
    char *text = st ? NULL : pare_arena_strn(arena, (const char *)bytes->data, bytes->n_bytes);
    if (!st) st = text ? read_lines(&job, text) : pare_arena_fail(ctx, arena);
    pare_buf_unref(bytes);
    return st;
}
