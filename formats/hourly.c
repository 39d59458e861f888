#include "formats/hourly.h"

#include "formats/onnx/mapping.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MAX_FILE_BYTES = 4 << 20, LINE_BYTES = 1024, MAX_COLUMNS = 32 };

typedef enum column {
    COLUMN_INTENSITY,
    COLUMN_LOAD,
    COLUMN_CLEAN,
    N_COLUMNS
} column;

typedef struct hourly_block { /* what the caller holds, and its numbers */
    pare_hourly hourly;
    double values[N_COLUMNS][PARE_HOURS_OF_YEAR];
} hourly_block;

typedef struct reader {
    pare_ctx *ctx;
    const char *shown;
    hourly_block *block;
    int place[N_COLUMNS]; /* of each column in a line; -1: there is none */
    bool has_head;
    size_t n_rows;
    uint32_t number;      /* of the line */
} reader;

#define FAIL_AT(r, ...) fail_at(r, pare_fail((r)->ctx, PARE_EFORMAT, __VA_ARGS__))

static pare_status fail_at(const reader *r, pare_status st)
{
    return pare_fail_in(r->ctx, st, "%s:%" PRIu32 ": ", r->shown, r->number);
}

/* Cuts a line into fields at ',' or ';', without the blanks and quotes around them. */
static size_t split(char *line, char *fields[MAX_COLUMNS])
{
    size_t n = 0;
    for (char *at = line; at && n < MAX_COLUMNS; n++) {
        char *end = at + strcspn(at, ",;");
        char *next = *end ? end + 1 : NULL;
        *end = 0;
        at += strspn(at, " \t\"");
        end = at + strlen(at);
        while (end > at && strchr(" \t\"", end[-1])) *--end = 0;
        fields[n] = at;
        at = next;
    }
    return n;
}

static bool read_number(const char *text, double *out)
{
    char *end = NULL;
    if (!*text || strspn(text, "0123456789.eE+-") != strlen(text)) return false;
    *out = strtod(text, &end);
    return !*end && isfinite(*out) && *out >= 0;
}

/* Places of the columns by their names. */
static pare_status read_head(reader *r, char *const *fields, size_t n)
{
    static const struct {
        const char *name;
        column column;
    } names[] = { { "g_per_kwh", COLUMN_INTENSITY },
                  { "intensity", COLUMN_INTENSITY },
                  { "carbon_intensity", COLUMN_INTENSITY },
                  { "load", COLUMN_LOAD },
                  { "clean", COLUMN_CLEAN } };
    r->has_head = true;
    r->place[COLUMN_INTENSITY] = -1;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
            if (!strcasecmp(fields[i], names[k].name)) r->place[names[k].column] = (int)i;
    if (r->place[COLUMN_INTENSITY] >= 0) return PARE_OK;
    return FAIL_AT(r, "expected a column g_per_kwh, found '%s'%s", fields[0],
                   n > 1 ? " and others" : "");
}

static pare_status read_row(reader *r, char *const *fields, size_t n)
{
    if (!r->has_head && n > 1)
        return FAIL_AT(r, "expected one number, or a head that names the columns (g_per_kwh, load, "
                          "clean), found %zu fields", n);
    if (r->n_rows == PARE_HOURS_OF_YEAR)
        return FAIL_AT(r, "expected %d or %d rows, found more", PARE_HOURS_OF_DAY,
                       PARE_HOURS_OF_YEAR);
    for (int c = 0; c < N_COLUMNS; c++) {
        if (r->place[c] < 0) continue;
        const char *text = r->place[c] < (int)n ? fields[r->place[c]] : "";
        if (!read_number(text, &r->block->values[c][r->n_rows]))
            return FAIL_AT(r, "expected a number of 0 or more, found '%s'", text);
    }
    r->n_rows++;
    return PARE_OK;
}

static pare_status read_line(reader *r, const char *text, size_t n_bytes)
{
    char line[LINE_BYTES];
    char *fields[MAX_COLUMNS];
    double number = 0;
    while (n_bytes && strchr(" \t\r", text[n_bytes - 1]) && text[n_bytes - 1]) n_bytes--;
    if (!n_bytes || *text == '#') return PARE_OK;
    if (n_bytes >= sizeof(line) || memchr(text, 0, n_bytes))
        return FAIL_AT(r, "expected a line of text of at most %d characters", LINE_BYTES - 1);
    memcpy(line, text, n_bytes);
    line[n_bytes] = 0;
    const size_t n = split(line, fields);
    const bool is_first = !r->has_head && !r->n_rows;
    if (is_first && !read_number(fields[0], &number)) return read_head(r, fields, n);
    return read_row(r, fields, n);
}

static pare_status finish(reader *r)
{
    const pare_hourly h = { .n = r->n_rows,
                            .g_per_kwh = r->block->values[COLUMN_INTENSITY],
                            .load = r->place[COLUMN_LOAD] < 0 ? NULL
                                                              : r->block->values[COLUMN_LOAD],
                            .clean = r->place[COLUMN_CLEAN] < 0 ? NULL
                                                                : r->block->values[COLUMN_CLEAN] };
    double load = h.load ? 0 : 1;
    if (h.n != PARE_HOURS_OF_DAY && h.n != PARE_HOURS_OF_YEAR)
        return pare_fail(r->ctx, PARE_EFORMAT, "%s: expected %d or %d rows, found %zu", r->shown,
                         PARE_HOURS_OF_DAY, PARE_HOURS_OF_YEAR, h.n);
    if (h.clean && !h.load)
        return pare_fail(r->ctx, PARE_EFORMAT,
                         "%s: expected a column load beside clean, found none", r->shown);
    for (size_t i = 0; h.load && i < h.n; i++) load += h.load[i];
    if (!(load > 0) || !isfinite(load))
        return pare_fail(r->ctx, PARE_EFORMAT, "%s: load: expected a sum above 0, found %g",
                         r->shown, load);
    r->block->hourly = h;
    return PARE_OK;
}

pare_status pare_hourly_parse(pare_ctx *ctx, pare_hourly **out, const char *name, const char *text,
                              size_t n_bytes)
{
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8, as spreadsheets write it */
    reader r = { .ctx = ctx, .shown = name, .place = { 0, -1, -1 } };
    pare_status st = PARE_OK;
    *out = NULL;
    if (n_bytes > MAX_FILE_BYTES)
        return pare_fail(ctx, PARE_EFORMAT, "%s: expected at most %d bytes, found %zu", name,
                         MAX_FILE_BYTES, n_bytes);
    r.block = pare_alloc_zero(ctx, sizeof(*r.block));
    if (!r.block) return pare_fail_memory(ctx, sizeof(*r.block));
    size_t at = n_bytes >= 3 && memcmp(text, mark, 3) == 0 ? 3 : 0;
    while (!st && at < n_bytes) {
        const char *end = memchr(text + at, '\n', n_bytes - at);
        const size_t n = end ? (size_t)(end - text) - at : n_bytes - at;
        r.number++;
        st = read_line(&r, text + at, n);
        at += n + 1;
    }
    if (!st) st = finish(&r);
    if (st) pare_free(ctx, r.block);
    else *out = &r.block->hourly;
    return st;
}

pare_status pare_hourly_read(pare_ctx *ctx, pare_hourly **out, const char *path)
{
    pare_buf *bytes = NULL;
    *out = NULL;
    PARE_TRY(pare_mapping_read(ctx, &bytes, path, MAX_FILE_BYTES)); /* more is refused unseen */
    const pare_status st =
        pare_hourly_parse(ctx, out, path, (const char *)bytes->data, bytes->n_bytes);
    pare_buf_unref(bytes);
    return st;
}

void pare_hourly_free(pare_ctx *ctx, pare_hourly *hourly)
{
    pare_free(ctx, hourly); /* the first member of its block */
}
