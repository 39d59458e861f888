#include "run/lower/batch.h"

void pare_batch_init(pare_batch *b, const pare_laid *y, const pare_laid *x, const pare_laid *w)
{
    b->n_axes = 0;
    for (uint32_t i = 0; i + 2 < y->rank; i++) {
        const uint32_t from_end = y->rank - i;
        const int64_t size = y->dims[i];
        int64_t sx = 0, sw = 0;
        if (x->rank >= from_end && x->dims[x->rank - from_end] != 1)
            sx = x->strides[x->rank - from_end];
        if (w->rank >= from_end && w->dims[w->rank - from_end] != 1)
            sw = w->strides[w->rank - from_end];
        if (size == 1) continue;
        const uint32_t n = b->n_axes;
        if (n && b->x_steps[n - 1] == sx * size && b->w_steps[n - 1] == sw * size) {
            b->sizes[n - 1] *= size;
            b->x_steps[n - 1] = sx;
            b->w_steps[n - 1] = sw;
            continue;
        }
        b->sizes[n] = size;
        b->x_steps[n] = sx;
        b->w_steps[n] = sw;
        b->n_axes++;
    }
}

int64_t pare_batch_size(const pare_batch *b)
{
    int64_t n = 1;
    for (uint32_t i = 0; i < b->n_axes; i++) n *= b->sizes[i];
    return n;
}

bool pare_batch_shares(const pare_batch *b)
{
    for (uint32_t i = 0; i < b->n_axes; i++)
        if (b->w_steps[i] != 0) return false;
    return true;
}

bool pare_batch_is_tall(const pare_batch *b, int64_t n_rows, int64_t x_row)
{
    return b->n_axes == 1 && b->w_steps[0] == 0 && b->x_steps[0] == x_row * n_rows;
}

int64_t pare_batch_offset(const pare_batch *b, const int64_t *steps, int64_t at)
{
    int64_t offset = 0;
    for (uint32_t i = b->n_axes; i-- > 0;) {
        offset += at % b->sizes[i] * steps[i];
        at /= b->sizes[i];
    }
    return offset;
}
