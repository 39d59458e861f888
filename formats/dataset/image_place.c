#include "formats/dataset/image_resize.h"

#include <string.h>

pare_status pare_image_window(pare_ctx *ctx, pare_image *out, const pare_image *image, int64_t left,
                              int64_t top, uint32_t width, uint32_t height, uint8_t fill)
{
    PARE_TRY(pare_image_new(ctx, out, width, height, image->channels));
    const size_t pixel = image->channels;
    if (fill) memset(out->pixels, fill, (size_t)width * height * pixel);
    const int64_t x0 = left < 0 ? -left : 0, y0 = top < 0 ? -top : 0;
    int64_t x1 = (int64_t)image->width - left, y1 = (int64_t)image->height - top;
    if (x1 > width) x1 = width;
    if (y1 > height) y1 = height;
    if (x0 >= x1) return PARE_OK;
    for (int64_t y = y0; y < y1; y++) {
        const size_t from = ((size_t)(top + y) * image->width + (size_t)(left + x0)) * pixel;
        const size_t to = ((size_t)y * width + (size_t)x0) * pixel;
        memcpy(out->pixels + to, image->pixels + from, (size_t)(x1 - x0) * pixel);
    }
    return PARE_OK;
}

pare_status pare_image_upright(pare_ctx *ctx, pare_image *out, const pare_image *image)
{
    /* How the turned image is read: its axes swapped, then right to left, bottom to top. */
    static const struct {
        bool swap, from_right, from_bottom;
    } turns[9] = {
        { 0 }, { 0 }, { false, true, false }, { false, true, true }, { false, false, true },
        { true, false, false }, { true, false, true }, { true, true, true }, { true, true, false },
    };
    const uint32_t o = image->orientation <= 8 ? image->orientation : 1;
    const uint32_t width = turns[o].swap ? image->height : image->width;
    const uint32_t height = turns[o].swap ? image->width : image->height;
    PARE_TRY(pare_image_new(ctx, out, width, height, image->channels));
    uint8_t *to = out->pixels;
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++, to += image->channels) {
            uint32_t sx = turns[o].swap ? y : x, sy = turns[o].swap ? x : y;
            if (turns[o].from_right) sx = image->width - 1 - sx;
            if (turns[o].from_bottom) sy = image->height - 1 - sy;
            memcpy(to, image->pixels + ((size_t)sy * image->width + sx) * image->channels,
                   image->channels);
        }
    }
    return PARE_OK;
}

pare_status pare_image_gray(pare_ctx *ctx, pare_image *out, const pare_image *image)
{
    if (image->channels == 1)
        return pare_image_window(ctx, out, image, 0, 0, image->width, image->height, 0);
    PARE_TRY(pare_image_new(ctx, out, image->width, image->height, 1));
    const size_t n = (size_t)image->width * image->height;
    for (size_t i = 0; i < n; i++) {
        const uint8_t *const p = image->pixels + 3 * i;
        out->pixels[i] = (uint8_t)((p[0] * 19595u + p[1] * 38470u + p[2] * 7471u + 0x8000) >> 16);
    }
    return PARE_OK;
}

pare_status pare_image_rgb(pare_ctx *ctx, pare_image *out, const pare_image *image)
{
    if (image->channels == 3)
        return pare_image_window(ctx, out, image, 0, 0, image->width, image->height, 0);
    PARE_TRY(pare_image_new(ctx, out, image->width, image->height, 3));
    const size_t n = (size_t)image->width * image->height;
    for (size_t i = 0; i < n; i++) memset(out->pixels + 3 * i, image->pixels[i], 3);
    return PARE_OK;
}
