#include "kernels/integer_tile.h"

#include <math.h>
#include <string.h>

enum { PANEL = 16, QUAD = 4 };

float pare_integer_finish_ref(const pare_integer_finish *f, int64_t column, int32_t sum)
{
    float z = (float)sum * f->scale[column];
    if (f->shift) z = z + f->shift[column];
    z = z < f->low ? f->low : z;
    z = z > f->high ? f->high : z;
    return f->out == PARE_INTEGER_F32 ? z : rintf(z) + (float)f->zero;
}

static void store(const pare_integer_tile *t, int row, int column, int32_t sum)
{
    const int64_t at = row * t->y_stride + column;
    if (t->finish.out == PARE_INTEGER_S32) {
        memcpy((uint8_t *)t->y + (size_t)at * sizeof(sum), &sum, sizeof(sum));
        return;
    }
    const float z = pare_integer_finish_ref(&t->finish, column, sum);
    switch (t->finish.out) {
    case PARE_INTEGER_F32: memcpy((uint8_t *)t->y + (size_t)at * sizeof(z), &z, sizeof(z)); return;
    case PARE_INTEGER_U8: ((uint8_t *)t->y)[at] = (uint8_t)z; return;
    default: ((int8_t *)t->y)[at] = (int8_t)z; return;
    }
}

static int32_t start_of(const pare_integer_tile *t, int row, int column)
{
    uint32_t start = (uint32_t)t->start[column];
    if (t->w_zero) start -= (uint32_t)t->w_zero[column] * (uint32_t)t->row_sums[row];
    return (int32_t)start;
}

/* Up to four products. */
typedef int32_t quad_fn(const pare_integer_tile *t, const uint8_t *x, const uint8_t *w, int n);

static int32_t exact_quad(const pare_integer_tile *t, const uint8_t *x, const uint8_t *w, int n)
{
    int32_t sum = 0;
    for (int i = 0; i < n; i++)
        sum += t->x_is_signed ? (int8_t)x[i] * w[i] : x[i] * (int8_t)w[i];
    return sum;
}

static int32_t saturating_quad(const pare_integer_tile *t, const uint8_t *x, const uint8_t *w,
                               int n)
{
    const uint8_t flip = t->x_is_signed ? 0x80 : 0;
    int32_t sum = 0;
    for (int i = 0; i < n; i += 2) {
        int32_t pair = (x[i] ^ flip) * (int8_t)w[i];
        if (i + 1 < n) pair += (x[i + 1] ^ flip) * (int8_t)w[i + 1];
        sum += pair < INT16_MIN ? INT16_MIN : pair > INT16_MAX ? INT16_MAX : pair;
    }
    return sum;
}

static void run(const pare_integer_tile *t, quad_fn *quad)
{
    for (int r = 0; r < t->n_rows; r++) {
        const uint8_t *w = t->w;
        uint32_t sum[PANEL];
        for (int j = 0; j < PANEL; j++) sum[j] = (uint32_t)start_of(t, r, j);
        for (int64_t tap = 0; tap < t->n_taps; tap++) {
            const uint8_t *x = t->x[tap * t->n_rows + r];
            for (int64_t c = 0; c < t->depth; c += QUAD, w += PANEL * QUAD) {
                const int n = t->depth - c < QUAD ? (int)(t->depth - c) : QUAD;
                for (int j = 0; j < PANEL; j++)
                    sum[j] += (uint32_t)quad(t, x + c, w + j * QUAD, n);
            }
        }
        for (int j = 0; j < t->n_cols; j++) store(t, r, j, (int32_t)sum[j]);
    }
}

void pare_integer_tile_ref(const pare_integer_tile *tile)
{
    run(tile, exact_quad);
}

void pare_integer_tile_saturating_ref(const pare_integer_tile *tile)
{
    run(tile, saturating_quad);
}

int32_t pare_integer_row_sum_ref(int64_t n, const uint8_t *x, bool is_signed)
{
    uint32_t sum = 0;
    for (int64_t i = 0; i < n; i++) sum += is_signed ? (uint32_t)(int8_t)x[i] : x[i];
    return (int32_t)sum;
}
