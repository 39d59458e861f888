#include "formats/dataset/labels.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BLOCK_ROWS = 4096 };

/* Reading the labels of one set. */
typedef struct job {
    pare_ctx *ctx;
    pare_labels *out;
    const pare_labels_desc *desc;
    const pare_source *source;
} job;

static pare_status make_classes(job *j)
{
    const size_t n = (size_t)j->source->n;
    j->out->classes = pare_alloc(j->ctx, (n + 1) * sizeof(*j->out->classes));
    return j->out->classes ? PARE_OK : pare_fail_memory(j->ctx, n * sizeof(int64_t));
}

/* --- arrays ----------------------------------------------------------------------------------- */

/* An integer of a row as it lies in memory; false when it is beyond int64. */
static bool integer_at(const uint8_t *p, pare_dtype dtype, int64_t *out)
{
    const pare_dtype_info *info = pare_dtype_of(dtype);
    const size_t n = info->bits / 8;
    uint64_t bits = 0;
    for (size_t i = 0; i < n; i++) bits |= (uint64_t)p[i] << (8 * i);
    const uint64_t sign = info->class == PARE_CLASS_INT ? UINT64_C(1) << (8 * n - 1) : 0;
    *out = (int64_t)((bits ^ sign) - sign);
    return info->class == PARE_CLASS_INT || *out >= 0;
}

static pare_status take_block(job *j, const uint8_t *block, uint64_t first, uint64_t n)
{
    const pare_rows *rows = &j->out->rows;
    for (uint64_t i = 0; i < n; i++)
        if (!integer_at(block + i * rows->row_bytes, rows->dtype, &j->out->classes[first + i]))
            return pare_files_fail(j->ctx, rows->files, rows->file, PARE_EFORMAT,
                                   "row %" PRIu64 ": the label is beyond 2^63", first + i);
    return PARE_OK;
}

static pare_status classes_of_rows(job *j)
{
    const pare_rows *rows = &j->out->rows;
    uint8_t block[BLOCK_ROWS * sizeof(int64_t)];
    PARE_TRY(make_classes(j));
    for (uint64_t first = 0; first < rows->n; first += BLOCK_ROWS) {
        const uint64_t n = rows->n - first < BLOCK_ROWS ? rows->n - first : BLOCK_ROWS;
        PARE_TRY(pare_rows_read(j->ctx, rows, first, n, block));
        PARE_TRY(take_block(j, block, first, n));
    }
    pare_rows_close(&j->out->rows);
    return PARE_OK;
}

static pare_status check_rows(job *j)
{
    const pare_rows *rows = &j->out->rows;
    const pare_dtype_class class = pare_dtype_of(rows->dtype)->class;
    uint64_t n_each = 1;
    if (class != PARE_CLASS_INT && class != PARE_CLASS_UINT && class != PARE_CLASS_BOOL)
        return pare_files_fail(j->ctx, rows->files, rows->file, PARE_EFORMAT,
                               "expected labels that are integers, found %s",
                               pare_dtype_name(rows->dtype));
    if (rows->n != j->source->n)
        return pare_files_fail(j->ctx, rows->files, rows->file, PARE_EFORMAT,
                               "expected %" PRIu64 " labels, one for each sample of %s, found "
                               "%" PRIu64, j->source->n, j->source->files->shown, rows->n);
    for (uint32_t d = 0; d < rows->rank; d++) n_each *= (uint64_t)rows->dims[d];
    if (n_each == 1) return classes_of_rows(j);
    j->out->has_rows = true;
    return PARE_OK;
}

static pare_status from_npy(job *j, pare_files *files, size_t file)
{
    PARE_TRY(pare_rows_open_npy(j->ctx, &j->out->rows, files, file, PARE_DTYPE_UNDEFINED));
    return check_rows(j);
}

/* The array with this key; false when there is none. */
static bool find_key(const pare_files *files, const char *key, size_t *out)
{
    const size_t n = strlen(key);
    for (size_t i = 0; files->kind == PARE_FILES_ARCHIVE && i < files->n; i++)
        if (strncmp(files->items[i].path, key, n) == 0 &&
            pare_str_eq(files->items[i].path + n, ".npy")) {
            *out = i;
            return true;
        }
    return false;
}

static pare_status from_npz(job *j)
{
    const pare_files *files = j->out->files;
    const char *const key = j->desc->key ? j->desc->key : "labels";
    size_t file = 0;
    if (!find_key(files, key, &file) && (j->desc->key || files->n != 1))
        return pare_fail(j->ctx, PARE_EFORMAT, "%s: expected an array '%s' of labels; name it with "
                         "'key'", files->shown, key);
    return from_npy(j, j->out->files, file);
}

/* --- files ------------------------------------------------------------------------------------ */

static pare_status from_file(job *j)
{
    uint8_t head[6] = { 0 };
    pare_files *files = NULL;
    PARE_TRY(pare_files_open(j->ctx, &j->out->files, j->desc->path, NULL));
    files = j->out->files;
    if (files->kind == PARE_FILES_ARCHIVE) return from_npz(j);
    if (files->kind == PARE_FILES_FOLDER)
        return pare_fail(j->ctx, PARE_EFORMAT, "%s: expected a file of labels, found a folder",
                         files->shown);
    const uint64_t n = files->items[0].n_bytes;
    PARE_TRY(pare_files_read(j->ctx, files, 0, 0, head, n < 6 ? (size_t)n : 6));
    if (memcmp(head, "\x93NUMPY", 6) == 0) return from_npy(j, files, 0);
    if (n >= 4 && !head[0] && !head[1]) {
        PARE_TRY(pare_rows_open_idx(j->ctx, &j->out->rows, files, 0));
        return check_rows(j);
    }
    PARE_TRY(make_classes(j));
    return pare_labels_from_lines(j->ctx, j->out->classes, j->source, files);
}

static pare_status from_source(job *j)
{
    PARE_TRY(make_classes(j));
    return j->source->kind->labels(j->ctx, j->source, j->desc->text, j->out->classes);
}

static pare_status read_any(job *j)
{
    const pare_source *const s = j->source;
    const char *const text = j->desc->text;
    size_t file = 0;
    if (s->kind->labels && (!text || pare_str_eq(text, "coarse") || pare_str_eq(text, "fine")))
        return from_source(j);
    if (!text) return PARE_OK;
    if (pare_str_eq(text, "folders")) {
        PARE_TRY(make_classes(j));
        return pare_labels_from_folders(j->ctx, j->out->classes, s);
    }
    if (!j->desc->key && find_key(s->files, text, &file)) return from_npy(j, s->files, file);
    const pare_status st = from_file(j);
    if (st == PARE_EFORMAT && !j->out->files)
        return pare_fail_in(j->ctx, st, "labels '%s' are neither 'folders' nor an array of %s; as "
                            "a file: ", text, s->files->shown);
    return st;
}

/* --- all -------------------------------------------------------------------------------------- */

static pare_status apply_offset(job *j, int64_t n_classes)
{
    char name[PARE_MESSAGE_BYTES];
    int64_t *const classes = j->out->classes;
    for (uint64_t i = 0; classes && i < j->source->n; i++) {
        const int64_t found = classes[i];
        if (!__builtin_add_overflow(found, j->desc->offset, &classes[i]) && classes[i] >= 0 &&
            (!n_classes || classes[i] < n_classes)) continue;
        pare_source_name(j->source, i, name, sizeof(name));
        if (!n_classes)
            return pare_fail(j->ctx, PARE_EFORMAT, "%s: expected a label of at least 0, found "
                             "%" PRId64 " with the offset %" PRId64, name, found, j->desc->offset);
        return pare_fail(j->ctx, PARE_EFORMAT, "%s: expected a label from 0 to %" PRId64 " as the "
                         "model has %" PRId64 " classes, found %" PRId64 " with the offset %" PRId64
                         "; set 'offset' below 'labels'", name, n_classes - 1, n_classes, found,
                         j->desc->offset);
    }
    return PARE_OK;
}

pare_status pare_labels_read(pare_ctx *ctx, pare_labels *out, const pare_labels_desc *desc,
                             const pare_source *source, int64_t n_classes)
{
    job j = { ctx, out, desc, source };
    memset(out, 0, sizeof(*out));
    pare_status st = read_any(&j);
    if (!st) st = apply_offset(&j, n_classes);
    if (st && desc->at && desc->at[0]) pare_fail_in(ctx, st, "%s", desc->at);
    if (st) pare_labels_free(ctx, out);
    return st;
}

void pare_labels_free(pare_ctx *ctx, pare_labels *labels)
{
    pare_rows_close(&labels->rows);
    pare_files_close(ctx, labels->files);
    pare_free(ctx, labels->classes);
    memset(labels, 0, sizeof(*labels));
}
