/* ONNX's test vectors: folders test_data_set_N with input_0.pb, ... and output_0.pb, ...; one
 * folder of such files alone is one sample. */
#include "formats/dataset/source.h"
#include "formats/onnx/value.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const formats[] = { "pb" };

enum { MAX_FILE_BYTES = 1 << 30, MAX_PATH_BYTES = 4096 };

/* A folder with input_0.pb in it. */
typedef struct vector_set {
    const char *path; /* of a file in the folder */
    size_t n_path;    /* bytes of it in front of the file's name */
    uint64_t number;  /* that the folder's name ends in; 0 */
} vector_set;

typedef struct vectors {
    vector_set *sets; /* [n] by number, then by path */
    size_t cap;
} vectors;

static const char *file_name(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static const char *vectors_probe(pare_ctx *ctx, const pare_files *files)
{
    (void)ctx;
    for (size_t i = 0; files->kind != PARE_FILES_SINGLE && i < files->n; i++)
        if (pare_str_eq(file_name(files->items[i].path), "input_0.pb")) return formats[0];
    return NULL;
}

static void vectors_close(pare_ctx *ctx, pare_source *s)
{
    vectors *v = s->self;
    pare_free(ctx, v->sets);
    pare_free(ctx, v);
}

static uint64_t number_of(const char *path, size_t n_path)
{
    size_t end = n_path ? n_path - 1 : 0; /* without the slash */
    size_t at = end;
    uint64_t number = 0;
    while (at > 0 && end - at < 18 && path[at - 1] >= '0' && path[at - 1] <= '9') at--;
    for (; at < end; at++) number = number * 10 + (uint64_t)(path[at] - '0');
    return number;
}

static int by_number(const void *a, const void *b)
{
    const vector_set *x = a, *y = b;
    if (x->number != y->number) return x->number < y->number ? -1 : 1;
    return strcmp(x->path, y->path);
}

static pare_status find_sets(pare_ctx *ctx, pare_source *s, vectors *v)
{
    for (size_t i = 0; i < s->files->n; i++) {
        const char *const path = s->files->items[i].path;
        const size_t n = (size_t)(file_name(path) - path);
        if (!pare_str_eq(path + n, "input_0.pb")) continue;
        PARE_TRY(pare_grow(ctx, &v->sets, &v->cap, s->n + 1, sizeof(*v->sets)));
        v->sets[s->n++] = (vector_set){ path, n, number_of(path, n) };
    }
    if (!s->n)
        return pare_fail(ctx, PARE_EFORMAT, "%s: expected input_0.pb in it or in folders "
                         "test_data_set_0, ..., found none", s->files->shown);
    qsort(v->sets, s->n, sizeof(*v->sets), by_number);
    return PARE_OK;
}

static pare_status vectors_open(pare_ctx *ctx, pare_source *s)
{
    vectors *v = s->self = pare_alloc_zero(ctx, sizeof(*v));
    if (!v) return pare_fail_memory(ctx, sizeof(*v));
    s->is_whole = true;
    const pare_status st = find_sets(ctx, s, v);
    if (st) vectors_close(ctx, s);
    return st;
}

/* Looks for kind_NUMBER.pb of a set; false when it is not there. */
static bool find_file(const pare_source *s, uint64_t row, const char *kind, size_t number,
                      size_t *out)
{
    const vectors *v = s->self;
    const vector_set *set = &v->sets[row];
    char path[MAX_PATH_BYTES];
    const int n = snprintf(path, sizeof(path), "%.*s%s_%zu.pb", (int)set->n_path, set->path, kind,
                           number);
    size_t low = 0, high = s->files->n;
    if (n < 0 || (size_t)n >= sizeof(path)) return false;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        const int order = strcmp(s->files->items[mid].path, path);
        if (order < 0) low = mid + 1;
        else high = mid;
    }
    *out = low;
    return low < s->files->n && pare_str_eq(s->files->items[low].path, path);
}

static pare_status find_input(pare_ctx *ctx, const pare_source *s, uint64_t row, size_t *file)
{
    const vectors *v = s->self;
    if (find_file(s, row, "input", s->index, file)) return PARE_OK;
    return pare_fail(ctx, PARE_EFORMAT, "%s/%.*s: expected input_%zu.pb for the input '%s'",
                     s->files->shown, (int)v->sets[row].n_path, v->sets[row].path, s->index,
                     s->want_name);
}

static pare_status vectors_hash(pare_ctx *ctx, const pare_source *s, pare_hash128 *out)
{
    for (uint64_t i = 0; i < s->n; i++) {
        size_t file = 0;
        PARE_TRY(find_input(ctx, s, i, &file));
        PARE_TRY(pare_files_hash(ctx, s->files, file));
        out[i] = s->files->items[file].hash;
    }
    return PARE_OK;
}

static pare_status read_tensor(pare_ctx *ctx, const pare_source *s, size_t file, pare_tensor **out)
{
    pare_datum datum;
    pare_buf *bytes = NULL;
    PARE_TRY(pare_files_load(ctx, &bytes, s->files, file, MAX_FILE_BYTES));
    pare_status st = pare_onnx_parse_value(ctx, &datum, bytes, NULL);
    pare_buf_unref(bytes);
    if (!st) {
        *out = pare_tensor_ref(datum.tensor);
        pare_datum_drop(ctx, &datum);
    }
    return st ? pare_files_fail_in(ctx, s->files, file, st) : st;
}

static pare_status vectors_read(pare_ctx *ctx, const pare_source *s, uint64_t row, pare_dtype as,
                                pare_tensor **out)
{
    size_t file = 0;
    (void)as;
    *out = NULL;
    PARE_TRY(find_input(ctx, s, row, &file));
    return read_tensor(ctx, s, file, out);
}

static const char *vectors_path(const pare_source *s, uint64_t row)
{
    const vectors *v = s->self;
    return v->sets[row].path;
}

static pare_status vectors_expected(pare_ctx *ctx, const pare_source *s, uint64_t row,
                                    size_t output, pare_tensor **out)
{
    size_t file = 0;
    *out = NULL;
    return find_file(s, row, "output", output, &file) ? read_tensor(ctx, s, file, out) : PARE_OK;
}

const pare_source_kind pare_source_kind_vectors = {
    .formats = formats, .n_formats = 1, .probe = vectors_probe, .open = vectors_open,
    .close = vectors_close, .hash = vectors_hash, .read = vectors_read, .path = vectors_path,
    .expected = vectors_expected,
};
