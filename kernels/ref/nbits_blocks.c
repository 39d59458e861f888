#include "kernels/nbits.h"

#include <float.h>
#include <math.h>

enum { PANEL = 16 };

/* --- from floats to codes --------------------------------------------------------------------- */

static float scale_of(pare_nbits_grid grid, int bits, int64_t n, const float *x, float *least)
{
    float min = 0, max = 0, extreme = 0;
    double scale;
    for (int64_t i = 0; i < n; i++) {
        if (fabsf(x[i]) > fabsf(extreme)) extreme = x[i];
        min = fminf(min, x[i]);
        max = fmaxf(max, x[i]);
    }
    *least = min;
    if (grid == PARE_NBITS_SIGNED) scale = (double)extreme / -(1 << (bits - 1));
    else if (grid == PARE_NBITS_MIDDLE) scale = (double)fabsf(extreme) / ((1 << (bits - 1)) - 1);
    else scale = ((double)max - (double)min) / ((1 << bits) - 1);
    return fabs(scale) >= (double)FLT_MIN * 4 ? (float)scale : 1;
}

static int code_of(float x, float per_scale, int zero, int high)
{
    const float q = rintf(x * per_scale) + (float)zero;
    return q < 0 ? 0 : q > (float)high ? high : (int)q;
}

static void pack(pare_nbits_grid grid, int bits, int64_t n_blocks, int64_t block, const float *x,
                 uint8_t *codes, float *scales, uint8_t *zeros)
{
    const int high = (1 << bits) - 1;
    for (int64_t b = 0; b < n_blocks; b++, x += block) {
        float least;
        const float scale = scale_of(grid, bits, block, x, &least), per_scale = 1 / scale;
        int zero = 1 << (bits - 1);
        if (grid == PARE_NBITS_FREE) zero = code_of(-least, per_scale, 0, high);
        scales[b] = scale;
        zeros[b] = (uint8_t)zero;
        for (int64_t i = 0; i < block; i += 8 / bits) {
            int code = code_of(x[i], per_scale, zero, high);
            if (bits == 4) code |= code_of(x[i + 1], per_scale, zero, high) << 4;
            *codes++ = (uint8_t)code;
        }
    }
}

/* --- from codes to products ------------------------------------------------------------------- */

static float code_at(const pare_nbits_panel *p, int64_t k, int j)
{
    if (p->bits == 8) return (float)p->codes[k * PANEL + j];
    const uint8_t both = p->codes[k * (PANEL / 2) + j % (PANEL / 2)];
    return (float)(j < PANEL / 2 ? both & 15 : both >> 4);
}

static void unpack(const pare_nbits_panel *p, bool scaled, float *w)
{
    for (int64_t k = 0; k < p->n; k++)
        for (int j = 0; j < PANEL; j++) {
            const int64_t at = k / p->block * PANEL + j;
            const float code = code_at(p, k, j) - p->zero[at];
            *w++ = scaled ? code * p->scale[at] : code;
        }
}

static void vector(const pare_nbits_panel *p, const float *x, const float *x_scale,
                   const float *bias, float *y)
{
    float sum[PANEL], chain[PANEL] = { 0 };
    for (int j = 0; j < PANEL; j++) sum[j] = bias[j];
    for (int64_t k = 0; k < p->n; k++)
        for (int j = 0; j < PANEL; j++) {
            const int64_t b = k / p->block, at = b * PANEL + j;
            const float code = code_at(p, k, j) - p->zero[at];
            if (!x_scale) {
                sum[j] = fmaf(x[k], code * p->scale[at], sum[j]);
                continue;
            }
            chain[j] = fmaf(x[k], code, k % p->block ? chain[j] : 0);
            if ((k + 1) % p->block == 0 || k + 1 == p->n)
                sum[j] = fmaf(chain[j], x_scale[b] * p->scale[at], sum[j]);
        }
    for (int j = 0; j < PANEL; j++) y[j] = sum[j];
}

static void add(int n_rows, const float *t, const float *x_scale, int64_t x_stride,
                const float *scale, float *y)
{
    for (int r = 0; r < n_rows; r++)
        for (int j = 0; j < PANEL; j++)
            y[r * PANEL + j] =
                fmaf(t[r * PANEL + j], x_scale[r * x_stride] * scale[j], y[r * PANEL + j]);
}

const pare_nbits_kernels pare_nbits_ref = {
    .panel = PANEL, .pack = pack, .unpack = unpack, .vector = vector, .add = add,
    .round = pare_nbits_round_ref,
};
