#include "kernels/integer_depthwise.h"

#include <string.h>

static int32_t input(const uint8_t *x, int64_t c, bool is_signed)
{
    return is_signed ? (int8_t)x[c] : x[c];
}

static void store(const pare_integer_finish *f, void *y, int64_t at, int64_t channel, int32_t sum)
{
    if (f->out == PARE_INTEGER_S32) {
        memcpy((uint8_t *)y + (size_t)at * sizeof(sum), &sum, sizeof(sum));
        return;
    }
    const float z = pare_integer_finish_ref(f, channel, sum);
    switch (f->out) {
    case PARE_INTEGER_F32: memcpy((uint8_t *)y + (size_t)at * sizeof(z), &z, sizeof(z)); return;
    case PARE_INTEGER_U8: ((uint8_t *)y)[at] = (uint8_t)z; return;
    default: ((int8_t *)y)[at] = (int8_t)z; return;
    }
}

static void run(const pare_integer_depthwise *d)
{
    const int16_t *w = d->w;
    for (int64_t p = 0; p < d->n_pixels; p++)
        for (int64_t c = 0; c < d->n_channels; c++) {
            uint32_t sum = (uint32_t)d->start[c];
            for (int64_t t = 0; t < d->n_taps; t++)
                sum += (uint32_t)(input(d->x[t * d->n_pixels + p], c, d->x_is_signed) *
                                  w[t * d->n_channels + c]);
            store(&d->finish, d->y, p * d->y_stride + c, c, (int32_t)sum);
        }
}

static int32_t row_sum(const pare_integer_depthwise_row *d, int64_t p, int64_t c)
{
    const int16_t *w = d->w;
    uint32_t sum = (uint32_t)d->start[c];
    for (int64_t r = 0; r < d->height; r++)
        for (int64_t k = 0; k < d->width; k++) {
            const uint8_t *x = d->x[r] + (p * d->step + k) * d->x_stride[r];
            sum += (uint32_t)(input(x, c, d->x_is_signed) *
                              w[(r * d->width + k) * d->n_channels + c]);
        }
    return (int32_t)sum;
}

static void run_row(const pare_integer_depthwise_row *d)
{
    for (int64_t p = 0; p < d->n_pixels; p++)
        for (int64_t c = 0; c < d->n_channels; c++)
            store(&d->finish, d->y, p * d->y_stride + c, c, row_sum(d, p, c));
}

static size_t packed_bytes(int64_t n_taps, int64_t n_channels)
{
    return (size_t)(n_taps * n_channels) * sizeof(int16_t);
}

static void pack(int64_t n_taps, int64_t n_channels, const int16_t *w, void *out)
{
    memcpy(out, w, packed_bytes(n_taps, n_channels));
}

const pare_integer_depthwise_kernel pare_integer_depthwise_ref = {
    .packed_bytes = packed_bytes, .packed_row_bytes = packed_bytes,
    .pack = pack, .pack_row = pack,
    .run = run, .run_row = run_row,
};
