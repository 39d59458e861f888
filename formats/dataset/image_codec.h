/* The two codecs behind pare_image_decode. Inside of formats/dataset only. */
#ifndef FORMATS_DATASET_IMAGE_CODEC_H
#define FORMATS_DATASET_IMAGE_CODEC_H

#include "formats/dataset/image.h"

/* As pare_image_decode; a failure may leave pixels in *out, which the caller frees. */
pare_status pare_image_decode_jpeg(pare_ctx *ctx, pare_image *out, const uint8_t *bytes, size_t n);
pare_status pare_image_decode_png(pare_ctx *ctx, pare_image *out, const uint8_t *bytes, size_t n);

/* Bytes that the pixels of one image may take. */
uint64_t pare_image_limit_bytes(const pare_ctx *ctx);

/* Orientation that an EXIF block (behind "Exif\0\0") tells: 1 to 8; 1 when it tells none. */
uint32_t pare_exif_orientation(const uint8_t *tiff, size_t n);

#endif
