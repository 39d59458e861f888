/* Changing the size of an image, antialiased, and its place: turning, cropping, padding. */
#ifndef FORMATS_DATASET_IMAGE_RESIZE_H
#define FORMATS_DATASET_IMAGE_RESIZE_H

#include "formats/dataset/image.h"

#define PARE_FILTERS(X)        \
    X(NEAREST, "nearest", 0)   \
    X(BOX, "box", 0.5)         \
    X(BILINEAR, "bilinear", 1) \
    X(HAMMING, "hamming", 1)   \
    X(BICUBIC, "bicubic", 2)   \
    X(LANCZOS, "lanczos", 3)

typedef enum pare_filter {
#define PARE_FILTER_ENUM(symbol, name, support) PARE_FILTER_##symbol,
    PARE_FILTERS(PARE_FILTER_ENUM)
#undef PARE_FILTER_ENUM
        PARE_N_FILTERS
} pare_filter;

extern const char *const pare_filter_names[PARE_N_FILTERS];

/* All below make a new image of the channels of `image`, which stays; a failure leaves *out empty.
 * EBUDGET and ENOMEM as pare_image_new. */

/* Resizes as Pillow's Image.resize((width, height), filter) does, rows before columns, bit for bit;
 * both >= 1. Pillow 13 takes columns before rows where that is less work, and differs then: by one
 * level, by more under filters that overshoot. */
pare_status pare_image_resize(pare_ctx *ctx, pare_image *out, const pare_image *image,
                              uint32_t width, uint32_t height, pare_filter filter);

/* width x height pixels of which the first is at (left, top) of image; both may be negative, and
 * what lies outside is `fill`. */
pare_status pare_image_window(pare_ctx *ctx, pare_image *out, const pare_image *image, int64_t left,
                              int64_t top, uint32_t width, uint32_t height, uint8_t fill);

/* Turned upright from an orientation of EXIF, as Pillow's ImageOps.exif_transpose. */
pare_status pare_image_upright(pare_ctx *ctx, pare_image *out, const pare_image *image);

/* One channel: (19595 R + 38470 G + 7471 B + 32768) / 65536, as Pillow's convert("L"). */
pare_status pare_image_gray(pare_ctx *ctx, pare_image *out, const pare_image *image);

/* Three channels, from one or three. */
pare_status pare_image_rgb(pare_ctx *ctx, pare_image *out, const pare_image *image);

#endif
