/* Images, each a file of a folder or archive. */
#include "formats/dataset/source.h"

#include <string.h>

static const char *const formats[] = { "images" };

enum { MAX_FILE_BYTES = 256 << 20, PROBE_BYTES = 16 };

typedef struct images {
    size_t *places; /* [n] of files, those that are images */
} images;

/* By name, also those that cannot be decoded: an image that is passed over in silence would be
 * missed later. */
static bool is_image_name(const char *path)
{
    static const char *const extensions[] = { "jpg", "jpeg", "jpe", "jfif", "png", "bmp", "gif",
                                              "tif", "tiff", "webp", "heic", "avif", "ppm" };
    for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
        if (pare_path_ends(path, extensions[i])) return true;
    return false;
}

/* What has no extension is looked at. */
static bool is_image(pare_ctx *ctx, const pare_files *files, size_t i)
{
    const char *const path = files->items[i].path;
    const char *const slash = strrchr(path, '/');
    uint8_t head[PROBE_BYTES];
    if (is_image_name(path)) return true;
    if (strchr(slash ? slash : path, '.') || files->items[i].n_bytes < sizeof(head)) return false;
    return !pare_files_read(ctx, files, i, 0, head, sizeof(head)) &&
           pare_image_probe(head, sizeof(head));
}

static const char *images_probe(pare_ctx *ctx, const pare_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        if (is_image(ctx, files, i)) return formats[0];
    return NULL;
}

static void images_close(pare_ctx *ctx, pare_source *s)
{
    images *im = s->self;
    pare_free(ctx, im->places);
    pare_free(ctx, im);
}

static pare_status images_open(pare_ctx *ctx, pare_source *s)
{
    const pare_files *files = s->files;
    images *im = s->self = pare_alloc_zero(ctx, sizeof(*im));
    if (!im) return pare_fail_memory(ctx, sizeof(*im));
    s->is_fed = true;
    im->places = pare_alloc(ctx, files->n * sizeof(*im->places));
    pare_status st = im->places ? PARE_OK : pare_fail_memory(ctx, files->n * sizeof(*im->places));
    for (size_t i = 0; !st && i < files->n; i++)
        if (files->kind == PARE_FILES_SINGLE || is_image(ctx, files, i)) im->places[s->n++] = i;
    if (!st && !s->n)
        st = pare_fail(ctx, PARE_EFORMAT, "%s: expected images, found %zu other files, the first "
                       "'%s'", files->shown, files->n, files->items[0].path);
    if (!st && s->n < files->n)
        pare_warn(ctx, "%s: %zu files are no images and were passed over", files->shown,
                  files->n - (size_t)s->n);
    if (st) images_close(ctx, s);
    return st;
}

static pare_status images_hash(pare_ctx *ctx, const pare_source *s, pare_hash128 *out)
{
    const images *im = s->self;
    for (uint64_t i = 0; i < s->n; i++) {
        PARE_TRY(pare_files_hash(ctx, s->files, im->places[i]));
        PARE_TRY(pare_check_canceled(ctx));
        out[i] = s->files->items[im->places[i]].hash;
    }
    return PARE_OK;
}

static pare_status images_read(pare_ctx *ctx, const pare_source *s, uint64_t row, pare_dtype as,
                               pare_tensor **out)
{
    static const pare_preprocess nothing;
    const pare_preprocess *const steps = s->desc->preprocess ? s->desc->preprocess : &nothing;
    const images *im = s->self;
    pare_image image = { 0 };
    pare_buf *bytes = NULL;
    *out = NULL;
    PARE_TRY(pare_files_load(ctx, &bytes, s->files, im->places[row], MAX_FILE_BYTES));
    pare_status st = pare_image_decode(ctx, &image, bytes->data, (size_t)bytes->n_bytes);
    pare_buf_unref(bytes);
    if (!st) st = pare_preprocess_image(ctx, out, steps, &image, as ? as : PARE_FLOAT);
    pare_image_free(ctx, &image);
    return st ? pare_files_fail_in(ctx, s->files, im->places[row], st) : st;
}

static const char *images_path(const pare_source *s, uint64_t row)
{
    const images *im = s->self;
    return s->files->items[im->places[row]].path;
}

const pare_source_kind pare_source_kind_images = {
    .formats = formats, .n_formats = 1, .probe = images_probe, .open = images_open,
    .close = images_close, .hash = images_hash, .read = images_read, .path = images_path,
};
