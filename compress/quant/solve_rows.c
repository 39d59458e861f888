#include "quant/solve_rows.h"

#include <math.h>
#include <string.h>

enum {
    MAX_TILE = PARE_TILE_MAX_ROWS, COLUMNS = PARE_SOLVE_MAX_COLUMNS,
    SWEEPS = 12,
    MANY = 1024,              /* weights of a row from which one start has to do */
};

/* Another sweep is made for this part of the error, a scale changed by this part of itself. */
static const double worth_a_sweep = 0.01;
static const float worth_a_step = 1e-3f;

/* Memory of one worker. Matrices are [PARE_SOLVE_ROWS, pitch]. */
typedef struct work {
    const pare_solve_group *g;
    const pare_solve_rows *rows;
    float *left;              /* weights with errors of others added, in the order of the sweep */
    float *gradient;          /* (wanted - meant) H */
    float *difference;        /* wanted - meant */
    float *meant;
    float *moved;             /* [PARE_SOLVE_ROWS, COLUMNS] what a block of columns changed */
    float *local;             /* [COLUMNS, COLUMNS] of a matrix */
    float *zeros;             /* [panel] */
    int8_t *codes;            /* [PARE_SOLVE_ROWS, n] a second candidate */
    float *scales;            /* [PARE_SOLVE_ROWS, n_segments] */
    int32_t *zero_points;
    double errors[PARE_SOLVE_ROWS];
} work;

/* One set of codes that is being improved. */
typedef struct candidate {
    int8_t *codes;
    float *scales;
    int32_t *zeros;
    double *errors;
} candidate;

static size_t padded(size_t n_bytes)
{
    return (n_bytes + 63) / 64 * 64;
}

size_t pare_solve_scratch_bytes(const pare_solve_group *g)
{
    const size_t rows = PARE_SOLVE_ROWS;
    return 4 * padded(rows * (size_t)g->pitch * sizeof(float)) +
           padded(rows * COLUMNS * sizeof(float)) + padded(COLUMNS * COLUMNS * sizeof(float)) +
           padded((size_t)g->kernels->gemm.panel * sizeof(float)) + padded(rows * (size_t)g->n) +
           2 * padded(rows * (size_t)g->n_segments * sizeof(float));
}

static void *take(uint8_t **at, size_t n_bytes)
{
    void *const p = *at;
    *at += padded(n_bytes);
    return p;
}

static void set_up(work *w, void *scratch)
{
    const size_t rows = PARE_SOLVE_ROWS;
    const size_t matrix = rows * (size_t)w->g->pitch * sizeof(float);
    const size_t scales = rows * (size_t)w->g->n_segments * sizeof(float);
    uint8_t *at = scratch;
    memset(scratch, 0, pare_solve_scratch_bytes(w->g));
    w->left = take(&at, matrix);
    w->gradient = take(&at, matrix);
    w->difference = take(&at, matrix);
    w->meant = take(&at, matrix);
    w->moved = take(&at, rows * COLUMNS * sizeof(float));
    w->local = take(&at, COLUMNS * COLUMNS * sizeof(float));
    w->zeros = take(&at, (size_t)w->g->kernels->gemm.panel * sizeof(float));
    w->codes = take(&at, rows * (size_t)w->g->n);
    w->scales = take(&at, scales);
    w->zero_points = take(&at, scales);
}

/* --- products --------------------------------------------------------------------------------- */

/* y [rows, columns from `first` on] += or = x [rows, depth] times rows `at` .. of the panels. */
static void multiply(const work *w, bool onto, const float *x, int64_t x_pitch, int64_t depth,
                     const float *panels, int64_t at, int64_t first, float *y)
{
    const pare_solve_group *g = w->g;
    const pare_gemm_kernel *gemm = &g->kernels->gemm;
    for (int64_t c = first; c < g->pitch; c += gemm->panel)
        for (int i = 0; i < w->rows->n_rows; i += gemm->rows) {
            const float *in[MAX_TILE];
            const int m = w->rows->n_rows - i < gemm->rows ? w->rows->n_rows - i : gemm->rows;
            for (int r = 0; r < m; r++) in[r] = x + (i + r) * x_pitch;
            float *const to = y + i * g->pitch + c;
            const pare_gemm_tile tile = {
                .n_rows = m, .n_cols = gemm->panel, .n_taps = 1, .depth = depth, .x = in,
                .w = panels + c * g->n + at * gemm->panel, .bias = onto ? to : w->zeros,
                .bias_stride = onto ? g->pitch : 0,
                .finish = { .low = -INFINITY, .high = INFINITY }, .y = to, .y_stride = g->pitch,
            };
            gemm->run(&tile);
        }
}

/* Copies rows and columns [from, from + n) of a matrix in panels. */
static void copy_local(const work *w, const float *panels, int64_t from, int64_t n)
{
    const int64_t panel = w->g->kernels->gemm.panel;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            const int64_t c = from + j;
            w->local[i * COLUMNS + j] =
                panels[c / panel * panel * w->g->n + (from + i) * panel + c % panel];
        }
}

/* --- codes ------------------------------------------------------------------------------------ */

static int64_t segment_of(const pare_solve_group *g, int64_t i)
{
    const int64_t block = g->form->block ? g->form->block : g->row;
    const int64_t per_row = (g->row + block - 1) / block;
    return i / g->row * per_row + i % g->row / block;
}

/* Codes that weight i may have, next to that of its neighbour. */
static void range_of(const pare_solve_group *g, const int8_t *codes, int64_t i, int32_t *low,
                     int32_t *high)
{
    *low = g->form->low;
    *high = g->form->high;
    if (!g->form->pair_safe) return;
    const int64_t in_row = i % g->row, other = in_row % 2 ? i - 1 : i + 1;
    if (in_row % 2 == 0 && in_row + 1 == g->row) return;
    const int32_t q = codes[other];
    if (q > 0 && *high > 128 - q) *high = 128 - q;
    if (q < 0 && *low < -128 - q) *low = -128 - q;
}

static int32_t nearest(float x, int32_t low, int32_t high)
{
    const float q = nearbyintf(x);
    return q < (float)low ? low : q > (float)high ? high : (int32_t)q; /* NaN: does not occur */
}

/* Scales and zero points, and codes that are nearest, row by row. */
static void start(const work *w, bool fit, const float *weights, const candidate *c)
{
    const pare_solve_group *g = w->g;
    const int64_t per_row = pare_row_blocks(g->form, g->row);
    for (int r = 0; r < w->rows->n_rows; r++)
        for (int64_t part = 0; part < g->n / g->row; part++) {
            const float *x = weights + r * g->pitch + part * g->row;
            const int64_t s = r * g->n_segments + part * per_row;
            const pare_row_codes out = { c->codes + r * g->n + part * g->row, c->scales + s,
                                         c->zeros + s };
            if (fit)
                pare_row_fit(g->form, g->signed_scale, g->row, x, g->importance + part * g->row,
                             &out);
            else pare_row_round(g->form, g->signed_scale, g->row, x, &out);
        }
}

static float meaning(const pare_solve_group *g, const candidate *c, int r, int64_t i, int64_t s)
{
    return (float)(c->codes[r * g->n + i] - c->zeros[r * g->n_segments + s]) *
           c->scales[r * g->n_segments + s];
}

/* d' H d of each row of w->difference, w->gradient being d' H; the sum of all. */
static double sum_errors(const work *w, double *errors)
{
    const pare_solve_group *g = w->g;
    double total = 0;
    for (int r = 0; r < w->rows->n_rows; r++) {
        double sum = 0;
        for (int64_t i = 0; i < g->n; i++)
            sum += (double)w->difference[r * g->pitch + i] * (double)w->gradient[r * g->pitch + i];
        errors[r] = sum;
        total += sum;
    }
    return total;
}

static double find_errors(const work *w, double *errors)
{
    multiply(w, false, w->difference, w->g->pitch, w->g->n, w->g->moments, 0, 0, w->gradient);
    return sum_errors(w, errors);
}

/* What codes mean, and how far that is off. */
static void find_differences(const work *w, const candidate *c)
{
    const pare_solve_group *g = w->g;
    for (int r = 0; r < w->rows->n_rows; r++)
        for (int64_t s = 0; s < g->n_segments; s++)
            for (int64_t i = g->segments[s]; i < g->segments[s + 1]; i++) {
                const int64_t at = r * g->pitch + i;
                w->difference[at] = w->rows->wanted[at] - meaning(g, c, r, i, s);
            }
}

static void measure(const work *w, const candidate *c)
{
    find_differences(w, c);
    find_errors(w, c->errors);
}

/* --- GPTQ ------------------------------------------------------------------------------------- */

/* Columns [from, from + n) of the sweep: their errors, negated and divided, go to w->moved. */
static void sweep_columns(const work *w, const candidate *c, int64_t from, int64_t n)
{
    const pare_solve_group *g = w->g;
    for (int r = 0; r < w->rows->n_rows; r++) {
        float *left = w->left + r * g->pitch + from, *moved = w->moved + r * COLUMNS;
        for (int64_t k = 0; k < n; k++) {
            const int64_t i = g->order[from + k], s = segment_of(g, i);
            const float scale = c->scales[r * g->n_segments + s];
            const int32_t zero = c->zeros[r * g->n_segments + s];
            const float *u = w->local + k * COLUMNS;
            int32_t low, high;
            range_of(g, c->codes + r * g->n, i, &low, &high);
            const int32_t q = nearest(left[k] / scale + (float)zero, low, high);
            c->codes[r * g->n + i] = (int8_t)q;
            const float error = ((float)(q - zero) * scale - left[k]) / u[k];
            moved[k] = error;
            for (int64_t j = k + 1; j < n; j++) left[j] += error * u[j];
        }
    }
}

/* Rounds column after column, each error made up for by those that follow (Frantar et al., 2022).
 * Scales stay as they are. */
static void sweep(const work *w, const candidate *c)
{
    const pare_solve_group *g = w->g;
    for (int r = 0; r < w->rows->n_rows; r++)
        for (int64_t i = 0; i < g->n; i++)
            w->left[r * g->pitch + i] = w->rows->wanted[r * g->pitch + g->order[i]];
    for (int64_t from = 0; from < g->n; from += PARE_SOLVE_COLUMNS) {
        const int64_t rest = g->n - from;
        const int64_t n = rest < PARE_SOLVE_COLUMNS ? rest : PARE_SOLVE_COLUMNS;
        copy_local(w, g->upper, from, n);
        sweep_columns(w, c, from, n);
        if (rest > n) multiply(w, true, w->moved, COLUMNS, n, g->upper, from, from + n, w->left);
    }
}

/* --- least squares by coordinates ------------------------------------------------------------- */

/* A block of columns of one row: numbers are relative to its first column. */
typedef struct block {
    int64_t n;
    float *gradient, *change; /* [n]; change: of what codes mean */
    const float *h;           /* [n, COLUMNS] */
    bool moved;
} block;

/* Adds `step` times direction [n] at `from` to what is meant. */
static void move(block *b, int64_t from, int64_t n, const float *direction, float step)
{
    for (int64_t i = 0; i < n; i++) {
        const float by = step * direction[i];
        const float *h = b->h + (from + i) * COLUMNS;
        if (by == 0) continue;
        b->change[from + i] += by;
        for (int64_t j = 0; j < b->n; j++) b->gradient[j] -= by * h[j];
    }
    b->moved = true;
}

/* The step along a direction that takes most of the error away; 0 where there is none. */
static float best_step(const block *b, int64_t from, int64_t n, const float *direction)
{
    double slope = 0, curve = 0;
    for (int64_t i = 0; i < n; i++) {
        const float *h = b->h + (from + i) * COLUMNS + from;
        float sum = 0;
        if (direction[i] == 0) continue;
        for (int64_t j = 0; j < n; j++) sum += direction[j] * h[j];
        curve += (double)(direction[i] * sum);
        slope += (double)(direction[i] * b->gradient[from + i]);
    }
    return curve > 0 && isfinite(slope / curve) ? (float)(slope / curve) : 0;
}

static void improve_codes(const pare_solve_group *g, block *b, int8_t *codes, int64_t first,
                          int64_t at, int64_t n, float scale)
{
    const float one = 1;
    for (int64_t k = 0; k < n; k++) {
        const int64_t i = first + at + k;
        const float h = g->diagonal[i];
        const float by = b->gradient[at + k] / (scale * h);
        int32_t low, high;
        if (!(fabsf(by) > 0.5f)) continue; /* NaN, too */
        range_of(g, codes, i, &low, &high);
        const int32_t q = nearest((float)codes[i] + by, low, high);
        const int32_t step = q - codes[i];
        if (step == 0) continue;
        codes[i] = (int8_t)q;
        move(b, at + k, 1, &one, (float)step * scale);
    }
}

static bool is_sound(float scale)
{
    return fabsf(scale) >= 1e-30f && isfinite(scale);
}

/* The scale and, where that may move, the zero point of a segment. */
static void improve_grid(const pare_solve_group *g, block *b, const int8_t *codes, int64_t first,
                         int64_t at, int64_t n, float *scale, int32_t *zero)
{
    float direction[COLUMNS];
    for (int64_t k = 0; k < n; k++) direction[k] = (float)(codes[first + at + k] - *zero);
    const float step = best_step(b, at, n, direction), next = *scale + step;
    const bool is_worth = fabsf(step) > worth_a_step * fabsf(*scale);
    if (is_worth && is_sound(next) && (next > 0) == (*scale > 0)) {
        move(b, at, n, direction, next - *scale);
        *scale = next;
    }
    if (g->form->symmetric) return;
    for (int64_t k = 0; k < n; k++) direction[k] = -*scale;
    const int32_t by = nearest(best_step(b, at, n, direction), g->form->low - *zero,
                               g->form->high - *zero);
    if (by == 0) return;
    *zero += by;
    move(b, at, n, direction, (float)by);
}

/* Segments from `s` on that are worked on together: at least as many columns as are worth a
 * product. Returns the first that is not. */
static int64_t next_block(const pare_solve_group *g, int64_t s)
{
    int64_t e = s + 1;
    while (e < g->n_segments && g->segments[e + 1] - g->segments[s] <= PARE_SOLVE_COLUMNS) e++;
    return e;
}

/* Segments [s, e) of all rows; whether anything moved. */
static bool improve_block(const work *w, const candidate *c, int64_t s, int64_t e)
{
    const pare_solve_group *g = w->g;
    const int64_t first = g->segments[s], n = g->segments[e] - first;
    bool moved = false;
    copy_local(w, g->moments, first, n);
    for (int r = 0; r < w->rows->n_rows; r++) {
        float gradient[COLUMNS];
        block b = { n, gradient, w->moved + r * COLUMNS, w->local, false };
        memcpy(gradient, w->gradient + r * g->pitch + first, (size_t)n * sizeof(float));
        memset(b.change, 0, COLUMNS * sizeof(float));
        for (int64_t k = s; k < e; k++) {
            const int64_t at = g->segments[k] - first, size = g->segments[k + 1] - g->segments[k];
            float *scale = &c->scales[r * g->n_segments + k];
            improve_codes(g, &b, c->codes + r * g->n, first, at, size, *scale);
            improve_grid(g, &b, c->codes + r * g->n, first, at, size, scale,
                         &c->zeros[r * g->n_segments + k]);
        }
        for (int64_t i = 0; i < n; i++) b.change[i] = -b.change[i];
        moved |= b.moved;
    }
    if (moved) multiply(w, true, w->moved, COLUMNS, n, g->moments, first, 0, w->gradient);
    return moved;
}

/* Blocks of columns of segments that are longer than a block: codes alone. */
static bool improve_long(const work *w, const candidate *c, int64_t s)
{
    const pare_solve_group *g = w->g;
    bool any = false;
    for (int64_t first = g->segments[s]; first < g->segments[s + 1]; first += PARE_SOLVE_COLUMNS) {
        const int64_t rest = g->segments[s + 1] - first;
        const int64_t n = rest < PARE_SOLVE_COLUMNS ? rest : PARE_SOLVE_COLUMNS;
        bool moved = false;
        copy_local(w, g->moments, first, n);
        for (int r = 0; r < w->rows->n_rows; r++) {
            float gradient[COLUMNS];
            block b = { n, gradient, w->moved + r * COLUMNS, w->local, false };
            memcpy(gradient, w->gradient + r * g->pitch + first, (size_t)n * sizeof(float));
            memset(b.change, 0, COLUMNS * sizeof(float));
            improve_codes(g, &b, c->codes + r * g->n, first, 0, n,
                          c->scales[r * g->n_segments + s]);
            for (int64_t i = 0; i < n; i++) b.change[i] = -b.change[i];
            moved |= b.moved;
        }
        if (moved) multiply(w, true, w->moved, COLUMNS, n, g->moments, first, 0, w->gradient);
        any |= moved;
    }
    return any;
}

/* The scales of a long segment: along what it means, with the whole matrix. */
static void improve_long_scale(const work *w, const candidate *c, int64_t s)
{
    const pare_solve_group *g = w->g;
    const int64_t from = g->segments[s], to = g->segments[s + 1];
    for (int r = 0; r < w->rows->n_rows; r++)
        for (int64_t i = from; i < to; i++)
            w->meant[r * g->pitch + i] = meaning(g, c, r, i, s);
    multiply(w, false, w->meant + from, g->pitch, to - from, g->moments, from, 0, w->left);
    for (int r = 0; r < w->rows->n_rows; r++) {
        const float *meant = w->meant + r * g->pitch, *along = w->left + r * g->pitch;
        float *gradient = w->gradient + r * g->pitch;
        double slope = 0, curve = 0;
        for (int64_t i = from; i < to; i++) {
            slope += (double)meant[i] * (double)gradient[i];
            curve += (double)meant[i] * (double)along[i];
        }
        float *scale = &c->scales[r * g->n_segments + s];
        const float next = curve > 0 ? (float)((double)*scale * (1 + slope / curve)) : 0;
        if (!is_sound(next) || (next > 0) != (*scale > 0)) continue;
        const float by = next / *scale - 1;
        for (int64_t i = 0; i < g->n; i++) gradient[i] -= by * along[i];
        *scale = next;
    }
}

static bool sweep_segments(const work *w, const candidate *c)
{
    const pare_solve_group *g = w->g;
    bool moved = false;
    for (int64_t s = 0, e; s < g->n_segments; s = e) {
        e = next_block(g, s);
        if (g->segments[e] - g->segments[s] > COLUMNS) {
            moved |= improve_long(w, c, s);
            improve_long_scale(w, c, s);
        } else {
            moved |= improve_block(w, c, s, e);
        }
    }
    return moved;
}

static void improve(const work *w, const candidate *c)
{
    find_differences(w, c);
    double before = find_errors(w, c->errors);
    for (int k = 0; k < SWEEPS && sweep_segments(w, c); k++) {
        find_differences(w, c);
        const double now = sum_errors(w, c->errors);
        if (!(before - now > worth_a_sweep * before)) break;
        before = now;
    }
    measure(w, c);
}

/* ---------------------------------------------------------------------------------------------- */

/* Rows of which the second candidate is better. */
static void keep_better(const work *w, const candidate *best, const candidate *other)
{
    const pare_solve_group *g = w->g;
    for (int r = 0; r < w->rows->n_rows; r++) {
        if (!(other->errors[r] < best->errors[r])) continue;
        const size_t n_scales = (size_t)g->n_segments;
        memcpy(best->codes + r * g->n, other->codes + r * g->n, (size_t)g->n);
        memcpy(best->scales + r * g->n_segments, other->scales + r * g->n_segments,
               n_scales * sizeof(float));
        memcpy(best->zeros + r * g->n_segments, other->zeros + r * g->n_segments,
               n_scales * sizeof(int32_t));
        best->errors[r] = other->errors[r];
    }
}

void pare_solve_rows_run(const pare_solve_group *g, const pare_solve_rows *rows, void *scratch)
{
    work w = { .g = g, .rows = rows };
    set_up(&w, scratch);
    const candidate best = { rows->codes, rows->scales, rows->zeros, rows->errors };
    const candidate other = { w.codes, w.scales, w.zero_points, w.errors };
    memcpy(w.difference, rows->wanted, (size_t)(rows->n_rows * g->pitch) * sizeof(float));
    find_errors(&w, rows->powers);
    start(&w, false, rows->original, &best);
    measure(&w, &best);
    memcpy(rows->rtn_errors, rows->errors, (size_t)rows->n_rows * sizeof(double));
    for (int fit = 0; fit <= !g->form->pair_safe; fit++) {
        if (!fit && (g->fit_only || (g->n > MANY && !g->form->pair_safe))) continue;
        start(&w, fit, rows->wanted, &other);
        if (!g->fit_only) sweep(&w, &other);
        if (g->fit_only) measure(&w, &other);
        else improve(&w, &other);
        keep_better(&w, &best, &other);
    }
}
