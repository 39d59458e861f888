#include "formats/dataset/image.h"

#include "formats/dataset/image_codec.h"

#include <inttypes.h>
#include <string.h>

static const uint8_t jpeg_magic[] = { 0xff, 0xd8, 0xff };
static const uint8_t png_magic[] = { 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n' };

/* Formats that are known and not read, so that the message can say what to do. */
typedef struct image_magic {
    const char *name;
    size_t at, n;
    const char *bytes;
} image_magic;

static const image_magic others[] = {
    { "GIF", 0, 4, "GIF8" },       { "WebP", 8, 4, "WEBP" },
    { "BMP", 0, 2, "BM" },         { "TIFF", 0, 4, "II*\0" },
    { "TIFF", 0, 4, "MM\0*" },     { "HEIC or AVIF", 4, 4, "ftyp" },
    { "JPEG 2000", 4, 4, "jP  " }, { "JPEG XL", 0, 2, "\xff\x0a" },
    { "PPM", 0, 2, "P6" },         { "PGM", 0, 2, "P5" },
};

static bool begins_with(const void *bytes, size_t n_bytes, const uint8_t *magic, size_t n)
{
    return n_bytes >= n && !memcmp(bytes, magic, n);
}

bool pare_image_probe(const void *bytes, size_t n_bytes)
{
    return begins_with(bytes, n_bytes, jpeg_magic, sizeof(jpeg_magic)) ||
           begins_with(bytes, n_bytes, png_magic, sizeof(png_magic));
}

static pare_status refuse(pare_ctx *ctx, const uint8_t *bytes, size_t n)
{
    if (!n) return pare_fail(ctx, PARE_EFORMAT, "expected an image, found an empty file");
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const image_magic *const m = &others[i];
        if (n >= m->at + m->n && !memcmp(bytes + m->at, m->bytes, m->n))
            return pare_fail(ctx, PARE_EUNSUPPORTED,
                             "expected JPEG or PNG, found %s: convert it to PNG", m->name);
    }
    return pare_fail(ctx, PARE_EFORMAT, "expected JPEG or PNG, found neither");
}

pare_status pare_image_decode(pare_ctx *ctx, pare_image *out, const void *bytes, size_t n_bytes)
{
    pare_status st;
    *out = (pare_image){ 0 };
    if (begins_with(bytes, n_bytes, jpeg_magic, sizeof(jpeg_magic)))
        st = pare_image_decode_jpeg(ctx, out, bytes, n_bytes);
    else if (begins_with(bytes, n_bytes, png_magic, sizeof(png_magic)))
        st = pare_image_decode_png(ctx, out, bytes, n_bytes);
    else return refuse(ctx, bytes, n_bytes);
    if (st) pare_image_free(ctx, out);
    return st;
}

uint64_t pare_image_limit_bytes(const pare_ctx *ctx)
{
    return ctx->opts.max_memory_bytes ? ctx->opts.max_memory_bytes : PARE_DEFAULT_MEMORY_BYTES;
}

pare_status pare_image_new(pare_ctx *ctx, pare_image *out, uint32_t width, uint32_t height,
                           uint32_t channels)
{
    const uint64_t n_bytes = (uint64_t)width * height * channels; /* sides of 16 bits: fits */
    *out = (pare_image){ 0 };
    if (!width || !height)
        return pare_fail(ctx, PARE_EFORMAT, "an image of %" PRIu32 " x %" PRIu32 " pixels", width,
                         height);
    if (width > PARE_IMAGE_MAX_SIDE || height > PARE_IMAGE_MAX_SIDE ||
        n_bytes > pare_image_limit_bytes(ctx))
        return pare_fail(ctx, PARE_EBUDGET,
                         "an image of %" PRIu32 " x %" PRIu32 " pixels is beyond the limit of "
                         "%.0f MiB and sides of %d; --max-memory raises the former",
                         width, height, (double)pare_image_limit_bytes(ctx) / 0x1p20,
                         PARE_IMAGE_MAX_SIDE);
    out->pixels = pare_alloc_zero(ctx, n_bytes);
    if (!out->pixels) return pare_fail_memory(ctx, n_bytes);
    out->width = width;
    out->height = height;
    out->channels = channels;
    out->orientation = 1;
    return PARE_OK;
}

void pare_image_free(pare_ctx *ctx, pare_image *image)
{
    pare_free(ctx, image->pixels);
    *image = (pare_image){ 0 };
}

/* --- EXIF ------------------------------------------------------------------------------------- */

static uint32_t exif_u16(const uint8_t *p, bool big)
{
    return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0];
}

static uint32_t exif_u32(const uint8_t *p, bool big)
{
    const uint32_t a = exif_u16(p, big), b = exif_u16(p + 2, big);
    return big ? a << 16 | b : b << 16 | a;
}

uint32_t pare_exif_orientation(const uint8_t *tiff, size_t n)
{
    enum { TAG_ORIENTATION = 0x112, ENTRY_BYTES = 12 };
    if (n < 8) return 1;
    const bool big = tiff[0] == 'M';
    const uint32_t at = exif_u32(tiff + 4, big);
    if (at > n || n - at < 2) return 1;
    const uint32_t n_entries = exif_u16(tiff + at, big);
    for (uint32_t i = 0; i < n_entries && (n - at - 2) / ENTRY_BYTES > i; i++) {
        const uint8_t *const entry = tiff + at + 2 + (size_t)i * ENTRY_BYTES;
        if (exif_u16(entry, big) != TAG_ORIENTATION) continue;
        const uint32_t v = exif_u16(entry + 8, big);
        return v >= 1 && v <= 8 ? v : 1;
    }
    return 1;
}
