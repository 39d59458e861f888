/* .npy and .npz: arrays whose first dimension counts samples, or a .npy for each sample. */
#include "formats/dataset/rows.h"
#include "formats/dataset/source.h"
#include "formats/npy.h"

#include <stdio.h>
#include <string.h>

static const char *const formats[] = { "npy", "npz" };

enum { MAX_SAMPLE_BYTES = 256 << 20, LIST_BYTES = 256 };

typedef struct array {
    bool is_rows;
    pare_rows rows;  /* is_rows */
    size_t *places;  /* [n] else: of files, those that are samples */
} array;

static const char *array_probe(pare_ctx *ctx, const pare_files *files)
{
    uint8_t head[6];
    if (files->kind == PARE_FILES_SINGLE)
        return files->items[0].n_bytes >= sizeof(head) &&
                       !pare_files_read(ctx, files, 0, 0, head, sizeof(head)) &&
                       memcmp(head, "\x93NUMPY", sizeof(head)) == 0
                   ? "npy"
                   : NULL;
    for (size_t i = 0; i < files->n; i++)
        if (!pare_path_ends(files->items[i].path, "npy")) return NULL;
    return files->is_zip ? "npz" : "npy";
}

static bool is_key(const char *path, const char *key)
{
    const size_t n = strlen(key);
    return strncmp(path, key, n) == 0 && pare_str_eq(path + n, ".npy");
}

/* "'ids', 'labels'", cut where it does not fit. */
static const char *list_keys(const pare_files *files, char out[LIST_BYTES])
{
    size_t n = 0;
    out[0] = '\0';
    for (size_t i = 0; i < files->n && n < LIST_BYTES; i++) {
        const char *const path = files->items[i].path;
        if (!pare_path_ends(path, "npy")) continue;
        n += (size_t)snprintf(out + n, LIST_BYTES - n, "%s'%.*s'", n ? ", " : "",
                              (int)(strlen(path) - 4), path);
    }
    return out;
}

static pare_status find_array(pare_ctx *ctx, const pare_source *s, size_t *out)
{
    const pare_files *files = s->files;
    char list[LIST_BYTES];
    size_t n_others = 0;
    for (size_t i = 0; i < files->n; i++) {
        const char *const path = files->items[i].path;
        if (is_key(path, s->desc->key ? s->desc->key : s->want_name)) {
            *out = i;
            return PARE_OK;
        }
        if (s->labels_key && is_key(path, s->labels_key)) continue;
        if (!pare_path_ends(path, "npy")) continue;
        if (!n_others++) *out = i;
    }
    if (s->desc->key)
        return pare_fail(ctx, PARE_EFORMAT, "%s: expected an array '%s', found %s", files->shown,
                         s->desc->key, list_keys(files, list));
    if (n_others == 1) return PARE_OK;
    return pare_fail(ctx, PARE_EFORMAT, "%s: which array the input '%s' is cannot be told from %s; "
                     "add 'key'", files->shown, s->want_name, list_keys(files, list));
}

/* A .npy for each sample. */
static pare_status take_files(pare_ctx *ctx, pare_source *s, array *a)
{
    const pare_files *files = s->files;
    a->places = pare_alloc(ctx, files->n * sizeof(*a->places));
    if (!a->places) return pare_fail_memory(ctx, files->n * sizeof(*a->places));
    for (size_t i = 0; i < files->n; i++)
        if (pare_path_ends(files->items[i].path, "npy")) a->places[s->n++] = i;
    if (s->n) return PARE_OK;
    return pare_fail(ctx, PARE_EFORMAT, "%s: expected .npy files, found none", files->shown);
}

static pare_status take_rows(pare_ctx *ctx, pare_source *s, array *a)
{
    size_t file = 0;
    if (s->files->kind != PARE_FILES_SINGLE) PARE_TRY(find_array(ctx, s, &file));
    PARE_TRY(pare_rows_open_npy(ctx, &a->rows, s->files, file,
                                s->want ? s->want->dtype : PARE_DTYPE_UNDEFINED));
    a->is_rows = true;
    s->n = a->rows.n;
    s->has_dims = true;
    s->rank = a->rows.rank;
    memcpy(s->dims, a->rows.dims, s->rank * sizeof(*s->dims));
    return PARE_OK;
}

static void array_close(pare_ctx *ctx, pare_source *s)
{
    array *a = s->self;
    pare_rows_close(&a->rows);
    pare_free(ctx, a->places);
    pare_free(ctx, a);
}

static pare_status array_open(pare_ctx *ctx, pare_source *s)
{
    array *a = s->self = pare_alloc_zero(ctx, sizeof(*a));
    if (!a) return pare_fail_memory(ctx, sizeof(*a));
    const bool one_each = s->files->kind != PARE_FILES_SINGLE && pare_str_eq(s->format, "npy");
    const pare_status st = one_each ? take_files(ctx, s, a) : take_rows(ctx, s, a);
    if (st) array_close(ctx, s);
    return st;
}

static pare_status array_hash(pare_ctx *ctx, const pare_source *s, pare_hash128 *out)
{
    const array *a = s->self;
    if (a->is_rows) return pare_rows_hash(ctx, &a->rows, out);
    for (uint64_t i = 0; i < s->n; i++) {
        PARE_TRY(pare_files_hash(ctx, s->files, a->places[i]));
        out[i] = s->files->items[a->places[i]].hash;
    }
    return PARE_OK;
}

/* The array of a whole file, with a batch of 1 in front. */
static pare_status read_file(pare_ctx *ctx, const pare_source *s, size_t file, pare_dtype as,
                             pare_tensor **out)
{
    int64_t dims[PARE_MAX_DIMS] = { 1 };
    pare_buf *bytes = NULL;
    pare_tensor *t = NULL;
    PARE_TRY(pare_files_load(ctx, &bytes, s->files, file, MAX_SAMPLE_BYTES));
    pare_status st = pare_npy_parse(ctx, &t, bytes, as);
    if (!st && (t->dtype == PARE_STRING || t->rank == PARE_MAX_DIMS))
        st = pare_fail(ctx, PARE_EUNSUPPORTED, "expected numbers in at most 63 dimensions");
    if (!st) {
        memcpy(dims + 1, t->dims, t->rank * sizeof(*dims));
        st = pare_tensor_wrap(ctx, out, t->dtype, t->rank + 1, dims, PARE_ENC_DENSE, t->payload,
                              t->owner);
    }
    pare_tensor_unref(t);
    pare_buf_unref(bytes);
    return st ? pare_files_fail_in(ctx, s->files, file, st) : st;
}

static pare_status array_read(pare_ctx *ctx, const pare_source *s, uint64_t row, pare_dtype as,
                              pare_tensor **out)
{
    const array *a = s->self;
    *out = NULL;
    if (a->is_rows) return pare_rows_tensor(ctx, out, &a->rows, row);
    return read_file(ctx, s, a->places[row], as, out);
}

static const char *array_path(const pare_source *s, uint64_t row)
{
    const array *a = s->self;
    return a->is_rows ? NULL : s->files->items[a->places[row]].path;
}

const pare_source_kind pare_source_kind_array = {
    .formats = formats, .n_formats = 2, .probe = array_probe, .open = array_open,
    .close = array_close, .hash = array_hash, .read = array_read, .path = array_path,
};
