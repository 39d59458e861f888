#include "kernels/depthwise.h"

#include <math.h>

void pare_depthwise_ref(const pare_depthwise *d)
{
    for (int64_t p = 0; p < d->n_pixels; p++)
        for (int64_t c = 0; c < d->n_channels; c++) {
            float z = d->bias[c];
            for (int64_t t = 0; t < d->n_taps; t++)
                z = fmaf(d->x[t * d->n_pixels + p][c], d->w[t * d->w_stride + c], z);
            d->y[p * d->y_stride + c] = pare_finish_ref(&d->finish, p, c, z);
        }
}

static float chain(const pare_depthwise_row *d, int64_t p, int64_t c)
{
    float z = d->bias[c];
    for (int64_t r = 0; r < d->height; r++)
        for (int64_t k = 0; k < d->width; k++) {
            const int64_t i = d->first + p * d->step + k;
            const float x = i >= 0 && i < d->n_in ? d->x[r][i * d->x_stride[r] + c] : 0;
            z = fmaf(x, d->w[(r * d->width + k) * d->w_stride + c], z);
        }
    return z;
}

void pare_depthwise_row_ref(const pare_depthwise_row *d)
{
    for (int64_t p = 0; p < d->n_pixels; p++)
        for (int64_t c = 0; c < d->n_channels; c++)
            d->y[p * d->y_stride + c] = pare_finish_ref(&d->finish, p, c, chain(d, p, c));
}
