#include "quant/row.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

int64_t pare_row_blocks(const pare_weight_form *form, int64_t n)
{
    return form->block ? (n + form->block - 1) / form->block : 1;
}

static int32_t code_of(const pare_weight_form *form, float x, float per_scale, int32_t zero)
{
    const float q = nearbyintf(x * per_scale) + (float)zero;
    return q < (float)form->low ? form->low : q > (float)form->high ? form->high : (int32_t)q;
}

/* A scale that divides: neither 0 nor too small for its inverse to be finite. */
static float sound(double scale)
{
    return fabs(scale) >= (double)FLT_MIN * 4 && fabs(scale) <= (double)FLT_MAX ? (float)scale : 1;
}

/* --- the scale of a block from its largest weights -------------------------------------------- */

typedef struct block {
    int64_t n;
    const float *x, *importance; /* importance may be NULL */
    int8_t *codes;
    float *scale;
    int32_t *zero;
} block;

/* The largest sum of two neighbours' parts of one sign. */
static float largest_pair(int64_t n, const float *x)
{
    float largest = 0;
    for (int64_t i = 0; i + 1 < n; i += 2) {
        const float up = fmaxf(x[i], 0) + fmaxf(x[i + 1], 0);
        const float down = fmaxf(-x[i], 0) + fmaxf(-x[i + 1], 0);
        largest = fmaxf(largest, fmaxf(up, down));
    }
    return largest;
}

static void scale_symmetric(const pare_weight_form *form, bool signed_scale, const block *b)
{
    float extreme = 0;
    for (int64_t i = 0; i < b->n; i++)
        if (fabsf(b->x[i]) > fabsf(extreme)) extreme = b->x[i];
    const int32_t below = form->zero - form->low, above = form->high - form->zero;
    double scale = (double)fabsf(extreme) / (below < above ? below : above);
    if (signed_scale && below > above) scale = (double)extreme / -below;
    if (form->pair_safe) scale = fmax(scale, (double)largest_pair(b->n, b->x) / 128);
    *b->scale = sound(scale);
    *b->zero = form->zero;
}

static void scale_between(const pare_weight_form *form, const block *b)
{
    float min = 0, max = 0;
    for (int64_t i = 0; i < b->n; i++) {
        min = fminf(min, b->x[i]);
        max = fmaxf(max, b->x[i]);
    }
    *b->scale = sound(((double)max - (double)min) / (form->high - form->low));
    *b->zero = code_of(form, -min, 1 / *b->scale, form->low);
}

/* Rounding can take a pair beyond its bound, by 1: then the one that was rounded up more gives
 * way. */
static void keep_pairs(const block *b)
{
    for (int64_t i = 0; i + 1 < b->n; i += 2) {
        int8_t *q = b->codes + i;
        if (q[0] * q[1] <= 0 || abs(q[0] + q[1]) <= 128) continue;
        const int sign = q[0] > 0 ? 1 : -1;
        const float up0 = (float)abs(q[0]) - fabsf(b->x[i]) / *b->scale;
        const float up1 = (float)abs(q[1]) - fabsf(b->x[i + 1]) / *b->scale;
        q[up0 < up1] -= (int8_t)sign;
    }
}

static void round_block(const pare_weight_form *form, const block *b)
{
    const float per_scale = 1 / *b->scale;
    for (int64_t i = 0; i < b->n; i++)
        b->codes[i] = (int8_t)code_of(form, b->x[i], per_scale, *b->zero);
    if (form->pair_safe) keep_pairs(b);
}

/* --- the best scale --------------------------------------------------------------------------- */

enum { STEPS = 20, LANES = 8 }; /* scales tried below; a quarter of that above */

static double error_of(const block *b)
{
    double sum = 0;
    for (int64_t i = 0; i < b->n; i++) {
        const double d =
            (double)b->x[i] - (double)(b->codes[i] - *b->zero) * (double)*b->scale;
        sum += (b->importance ? (double)b->importance[i] : 1) * d * d;
    }
    return sum;
}

typedef struct candidate {
    float scale;
    int32_t zero;
    double error;             /* less the squares of the weights */
} candidate;

typedef struct sums {
    float xq[LANES], qq[LANES];
} sums;

/* Adds w x q and w q q of eight weights, q being the code less the zero point. Rounds by adding a
 * number whose last bit is 1: to the nearest, to the even one of two. */
static void add_lanes(sums *s, const float *x, const float *w, float per_scale, float low,
                      float high)
{
    static const float magic = 12582912; /* 1.5 * 2^23 */
    for (int i = 0; i < LANES; i++) {
        float r = x[i] * per_scale;
        r = r < low ? low : r;
        r = r > high ? high : r;
        const float q = (r + magic) - magic, wq = w[i] * q;
        s->xq[i] += x[i] * wq;
        s->qq[i] += wq * q;
    }
}

/* The best scale for the codes that a scale and zero point give, and the error with it, in one
 * pass: of all s the sum of w (x - s q)^2 is least for s = xq / qq, and then xx - xq^2 / qq. */
static void try_scale(const pare_weight_form *form, const block *b, float scale, int32_t zero,
                      candidate *best)
{
    static const float ones[LANES] = { 1, 1, 1, 1, 1, 1, 1, 1 };
    const float low = (float)(form->low - zero), high = (float)(form->high - zero);
    const float per_scale = 1 / scale;
    const int64_t whole = b->n - b->n % LANES;
    float x[LANES] = { 0 }, w[LANES] = { 0 };
    sums s = { 0 };
    for (int64_t i = 0; i < whole; i += LANES)
        add_lanes(&s, b->x + i, b->importance ? b->importance + i : ones, per_scale, low, high);
    for (int64_t i = whole; i < b->n; i++) {
        x[i - whole] = b->x[i];
        w[i - whole] = b->importance ? b->importance[i] : 1;
    }
    if (whole < b->n) add_lanes(&s, x, w, per_scale, low, high);
    double xq = 0, qq = 0;
    for (int i = 0; i < LANES; i++) {
        xq += (double)s.xq[i];
        qq += (double)s.qq[i];
    }
    if (!(qq > 0) || !(-xq * xq / qq < best->error)) return;
    const float fitted = (float)(xq / qq);
    if (fitted != 0 && sound((double)fitted) == fitted)
        *best = (candidate){ fitted, zero, -xq * xq / qq };
}

/* Scales near that of rounding, and about the best of them zero points beside its own. Rounding
 * stays where it was better after all. */
static void fit_block(const pare_weight_form *form, const block *b)
{
    const float scale = *b->scale;
    const int32_t zero = *b->zero;
    candidate best = { scale, zero, 0 };
    round_block(form, b);
    const double rounded = error_of(b);
    if (!(rounded > 0)) return; /* nothing to gain, as with zeros */
    for (int step = -STEPS; step <= STEPS / 4; step++)
        try_scale(form, b, scale * (1 + 0.02f * (float)step), zero, &best);
    const candidate first = best;
    for (int32_t shift = form->symmetric ? 0 : -1; shift != 0 && shift <= 1; shift += 2) {
        const int32_t moved = zero + shift;
        if (moved < form->low || moved > form->high) continue;
        for (int step = -3; step <= 3; step++)
            try_scale(form, b, first.scale * (1 + 0.02f * (float)step), moved, &best);
    }
    *b->scale = best.scale;
    *b->zero = best.zero;
    round_block(form, b);
    if (error_of(b) <= rounded) return;
    *b->scale = scale;
    *b->zero = zero;
    round_block(form, b);
}

/* ---------------------------------------------------------------------------------------------- */

static void quantize(const pare_weight_form *form, bool signed_scale, bool fit, int64_t n,
                     const float *row, const float *importance, const pare_row_codes *out)
{
    const int64_t n_blocks = pare_row_blocks(form, n), size = form->block ? form->block : n;
    for (int64_t k = 0; k < n_blocks; k++) {
        const int64_t at = k * size;
        const block b = {
            .n = n - at < size ? n - at : size, .x = row + at,
            .importance = importance ? importance + at : NULL, .codes = out->codes + at,
            .scale = &out->scales[k], .zero = &out->zeros[k],
        };
        if (form->symmetric) scale_symmetric(form, signed_scale, &b);
        else scale_between(form, &b);
        if (fit) fit_block(form, &b);
        else round_block(form, &b);
    }
}

void pare_row_round(const pare_weight_form *form, bool signed_scale, int64_t n, const float *row,
                    const pare_row_codes *out)
{
    quantize(form, signed_scale, false, n, row, NULL, out);
}

void pare_row_fit(const pare_weight_form *form, bool signed_scale, int64_t n, const float *row,
                  const float *importance, const pare_row_codes *out)
{
    quantize(form, signed_scale, true, n, row, importance, out);
}

void pare_row_round_to(const pare_weight_form *form, float scale, int64_t n, const float *row,
                       const pare_row_codes *out)
{
    const int64_t n_blocks = pare_row_blocks(form, n), size = form->block ? form->block : n;
    for (int64_t k = 0; k < n_blocks; k++) {
        const int64_t at = k * size;
        const block b = { .n = n - at < size ? n - at : size, .x = row + at,
                          .codes = out->codes + at, .scale = &out->scales[k],
                          .zero = &out->zeros[k] };
        *b.scale = scale;
        *b.zero = form->zero;
        round_block(form, &b);
    }
}

float pare_row_scale(const pare_weight_form *form, bool signed_scale, int64_t n, const float *row)
{
    float scale = 1;
    int32_t zero = 0;
    const block b = { .n = n, .x = row, .scale = &scale, .zero = &zero };
    scale_symmetric(form, signed_scale, &b);
    return scale;
}

void pare_row_restore(const pare_weight_form *form, int64_t n, const pare_row_codes *codes,
                      float *row)
{
    const int64_t size = form->block ? form->block : n;
    for (int64_t i = 0; i < n; i++) {
        const int64_t b = i / size;
        row[i] = (float)(codes->codes[i] - codes->zeros[b]) * codes->scales[b];
    }
}
