/* Images: JPEG and PNG in memory as 8-bit pixels, and pixels as a PNG file.
 *
 * Pixels are those of Pillow's Image.open(...).convert("RGB"), and of convert("L") where a file has
 * one channel: slow integer DCT and smooth chroma as libjpeg does by default, 16 bits cut to the
 * upper 8, palettes resolved, transparency dropped without compositing, CMYK and YCCK as Adobe
 * writes them, gamma and colour profiles ignored. An orientation in EXIF is told and not applied:
 * training pipelines do not apply it either (step `orient: exif` of preprocess.h does).
 *
 * The only place that sees libjpeg and libpng. */
#ifndef FORMATS_DATASET_IMAGE_H
#define FORMATS_DATASET_IMAGE_H

#include "base/ctx.h"

#include <stdbool.h>

typedef struct pare_image {
    uint8_t *pixels; /* [height, width, channels]; of the context that made it */
    uint32_t width, height;
    uint32_t channels;    /* 1: grey; 3: red, green, blue */
    uint32_t orientation; /* of EXIF, 1 to 8; 1: upright, or nothing said */
    uint32_t n_warnings;  /* damage that a decoder passes over, as Pillow does */
} pare_image;

/* Width and height that are accepted at most; the pixels must also fit into the context's
 * max_memory_bytes. */
enum { PARE_IMAGE_MAX_SIDE = 65535 };

/* Whether bytes begin like a file that pare_image_decode knows. */
bool pare_image_probe(const void *bytes, size_t n_bytes);

/* Decodes a JPEG or PNG file. EFORMAT for what is malformed or ends early (an image of which a part
 * is missing is no sample); EUNSUPPORTED for another format, named when it is a known one, and for
 * lossless or 12-bit JPEG; EBUDGET for images beyond the limits, before memory is taken; ENOMEM. On
 * failure *out is empty. Messages name no file. */
pare_status pare_image_decode(pare_ctx *ctx, pare_image *out, const void *bytes, size_t n_bytes);

/* New image of zeros. EBUDGET beyond the limits, ENOMEM. */
pare_status pare_image_new(pare_ctx *ctx, pare_image *out, uint32_t width, uint32_t height,
                           uint32_t channels);

void pare_image_free(pare_ctx *ctx, pare_image *image); /* accepts an empty one, and leaves one */

/* Writes a PNG file: complete or not at all. EIO, ENOMEM, and as pare_output_open. */
pare_status pare_image_write_png(pare_ctx *ctx, const char *path, const pare_image *image);

#endif
