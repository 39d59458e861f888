/* CIFAR's binary batches: records of labels (one byte; CIFAR-100 coarse, then fine) and 3072 bytes
 * of an image [3,32,32]. Batches follow each other in the order of their names. */
#include "formats/dataset/rows.h"
#include "formats/dataset/source.h"

#include <string.h>

static const char *const formats[] = { "cifar10", "cifar100" };

enum { SIDE = 32, RECORD_BYTES = 3 * SIDE * SIDE };

typedef struct cifar {
    uint32_t label_bytes;
    size_t n_batches;
    pare_rows *batches; /* [n_batches] */
} cifar;

static const char *last_part(const char *path)
{
    const char *const slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* A batch, going by name: the archives hold lists of classes and a page beside them. */
static bool is_batch(const char *path)
{
    return pare_path_ends(path, "bin");
}

static const char *cifar_probe(pare_ctx *ctx, const pare_files *files)
{
    const char *format = NULL;
    (void)ctx;
    for (size_t i = 0; i < files->n; i++) {
        const char *const name = last_part(files->items[i].path);
        const uint64_t n = files->items[i].n_bytes;
        if (!is_batch(name) || !n) continue;
        const char *const this = n % (RECORD_BYTES + 1) == 0   ? formats[0]
                                 : n % (RECORD_BYTES + 2) == 0 ? formats[1]
                                                               : NULL;
        if (!this || (format && this != format)) return NULL;
        format = this;
    }
    return format;
}

static void cifar_close(pare_ctx *ctx, pare_source *s)
{
    cifar *c = s->self;
    pare_free(ctx, c->batches);
    pare_free(ctx, c);
}

static pare_status open_batches(pare_ctx *ctx, pare_source *s, cifar *c)
{
    pare_files *files = s->files;
    c->batches = pare_alloc_zero(ctx, files->n * sizeof(*c->batches));
    if (!c->batches) return pare_fail_memory(ctx, files->n * sizeof(*c->batches));
    for (size_t i = 0; i < files->n; i++) {
        if (files->kind != PARE_FILES_SINGLE && !is_batch(files->items[i].path)) continue;
        pare_rows *batch = &c->batches[c->n_batches++];
        PARE_TRY(pare_rows_open_cifar(ctx, batch, files, i, c->label_bytes));
        s->n += batch->n;
    }
    if (s->n) return PARE_OK;
    return pare_fail(ctx, PARE_EFORMAT, "%s: expected batches, files named *.bin, found none",
                     files->shown);
}

static pare_status cifar_open(pare_ctx *ctx, pare_source *s)
{
    cifar *c = s->self = pare_alloc_zero(ctx, sizeof(*c));
    if (!c) return pare_fail_memory(ctx, sizeof(*c));
    c->label_bytes = s->format == formats[0] ? 1 : 2;
    s->is_fed = true;
    const pare_status st = open_batches(ctx, s, c);
    if (st) cifar_close(ctx, s);
    return st;
}

static const pare_rows *find(const cifar *c, uint64_t *row)
{
    const pare_rows *batch = c->batches;
    for (; *row >= batch->n; batch++) *row -= batch->n;
    return batch;
}

static pare_status cifar_hash(pare_ctx *ctx, const pare_source *s, pare_hash128 *out)
{
    const cifar *c = s->self;
    for (size_t i = 0; i < c->n_batches; out += c->batches[i++].n)
        PARE_TRY(pare_rows_hash(ctx, &c->batches[i], out));
    return PARE_OK;
}

/* Planes become pixels, so that `preprocess` is that of any image. */
static pare_status cifar_read(pare_ctx *ctx, const pare_source *s, uint64_t row, pare_dtype as,
                              pare_tensor **out)
{
    static const pare_preprocess nothing;
    const pare_rows *batch = find(s->self, &row);
    uint8_t planes[RECORD_BYTES];
    pare_image image = { 0 };
    *out = NULL;
    PARE_TRY(pare_rows_read(ctx, batch, row, 1, planes));
    PARE_TRY(pare_image_new(ctx, &image, SIDE, SIDE, 3));
    for (size_t i = 0; i < SIDE * SIDE; i++)
        for (size_t c = 0; c < 3; c++) image.pixels[3 * i + c] = planes[c * SIDE * SIDE + i];
    const pare_status st =
        pare_preprocess_image(ctx, out, s->desc->preprocess ? s->desc->preprocess : &nothing,
                              &image, as ? as : PARE_FLOAT);
    pare_image_free(ctx, &image);
    return st;
}

static const char *cifar_path(const pare_source *s, uint64_t row)
{
    (void)s, (void)row;
    return NULL;
}

static pare_status cifar_labels(pare_ctx *ctx, const pare_source *s, const char *word, int64_t *out)
{
    const cifar *c = s->self;
    const uint32_t at = c->label_bytes == 2 && !(word && pare_str_eq(word, "coarse"));
    for (size_t i = 0; i < c->n_batches; i++) {
        const pare_rows *b = &c->batches[i];
        for (uint64_t k = 0; k < b->n; k++) {
            uint8_t label = 0;
            PARE_TRY(pare_files_read(ctx, s->files, b->file, k * b->stride_bytes + at, &label, 1));
            *out++ = label;
        }
    }
    return PARE_OK;
}

const pare_source_kind pare_source_kind_cifar = {
    .formats = formats, .n_formats = 2, .probe = cifar_probe, .open = cifar_open,
    .close = cifar_close, .hash = cifar_hash, .read = cifar_read, .path = cifar_path,
    .labels = cifar_labels,
};
