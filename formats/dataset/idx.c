/* IDX files, as MNIST has them, also compressed. */
#include "formats/dataset/rows.h"
#include "formats/dataset/source.h"

#include <string.h>

static const char *const formats[] = { "idx" };

static const char *idx_probe(pare_ctx *ctx, const pare_files *files)
{
    uint8_t head[4];
    if (files->kind != PARE_FILES_SINGLE || files->items[0].n_bytes < sizeof(head) ||
        pare_files_read(ctx, files, 0, 0, head, sizeof(head))) return NULL;
    return !head[0] && !head[1] && head[2] >= 8 && head[2] <= 14 && head[3] ? "idx" : NULL;
}

static void idx_close(pare_ctx *ctx, pare_source *s)
{
    pare_rows_close(s->self);
    pare_free(ctx, s->self);
}

static pare_status idx_open(pare_ctx *ctx, pare_source *s)
{
    if (s->files->n != 1)
        return pare_fail(ctx, PARE_EFORMAT, "%s: expected a single IDX file, found %zu files",
                         s->files->shown, s->files->n);
    pare_rows *rows = s->self = pare_alloc_zero(ctx, sizeof(*rows));
    if (!rows) return pare_fail_memory(ctx, sizeof(*rows));
    const pare_status st = pare_rows_open_idx(ctx, rows, s->files, 0);
    if (st) {
        idx_close(ctx, s);
        return st;
    }
    s->n = rows->n;
    s->has_dims = true;
    s->rank = rows->rank;
    memcpy(s->dims, rows->dims, s->rank * sizeof(*s->dims));
    return PARE_OK;
}

static pare_status idx_hash(pare_ctx *ctx, const pare_source *s, pare_hash128 *out)
{
    return pare_rows_hash(ctx, s->self, out);
}

static pare_status idx_read(pare_ctx *ctx, const pare_source *s, uint64_t row, pare_dtype as,
                            pare_tensor **out)
{
    (void)as;
    return pare_rows_tensor(ctx, out, s->self, row);
}

static const char *idx_path(const pare_source *s, uint64_t row)
{
    (void)s, (void)row;
    return NULL;
}

const pare_source_kind pare_source_kind_idx = {
    .formats = formats, .n_formats = 1, .probe = idx_probe, .open = idx_open, .close = idx_close,
    .hash = idx_hash, .read = idx_read, .path = idx_path,
};
