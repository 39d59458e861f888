#include "prune/sparse_remove.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A weight whose variance given the others is this part of what it was alone is theirs already. */
static const float least_variance = 1e-6f;

enum { ALIGNMENT = 64 };

/* Memory of one worker. The inverse of what is left of the moments is that of all less V' V; it is
 * never written down but for what is asked of it. */
typedef struct work {
    const pare_sparse_removal *r;
    int64_t cap;              /* columns that can go */
    float *v;                 /* panels [pitch / panel][cap][panel] of V */
    float *column;            /* [pitch] of the inverse */
    float *taken;             /* [cap] V of one column, negated */
    float *weights;           /* [height, n] */
    float *blocks;            /* [n_units, size, size] of the inverse */
    float *penalty;           /* [n_units] infinite where a unit cannot go */
    float *price;             /* [n_units] */
    int32_t *cells;           /* [n_cells] units that are still to go */
    int64_t n_gone;           /* columns */
} work;

typedef struct remover {
    const pare_sparse_removal *r;
    int64_t cap;
    uint8_t *scratch;         /* [n_workers][scratch_bytes] */
    size_t scratch_bytes;
} remover;

/* --- memory ----------------------------------------------------------------------------------- */

static size_t padded(size_t n_bytes)
{
    return (n_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static void *take(uint8_t *scratch, size_t *at, size_t n_floats)
{
    void *const p = scratch ? scratch + *at : NULL;
    *at += padded(n_floats * sizeof(float));
    return p;
}

/* Lays a worker's memory out; returns how much it is. scratch NULL: only that. */
static size_t lay_out(work *w, const remover *m, uint8_t *scratch)
{
    const pare_sparse_removal *r = m->r;
    const pare_sparse_cut *c = r->cut;
    const size_t n_units = (size_t)c->n_units;
    size_t at = 0;
    *w = (work){ .r = r, .cap = m->cap };
    w->v = take(scratch, &at, (size_t)(r->pitch * m->cap));
    w->column = take(scratch, &at, (size_t)r->pitch);
    w->taken = take(scratch, &at, (size_t)m->cap);
    w->weights = take(scratch, &at, (size_t)(c->height * r->n));
    w->blocks = take(scratch, &at, n_units * (size_t)(c->size * c->size));
    w->penalty = take(scratch, &at, n_units);
    w->price = take(scratch, &at, n_units);
    w->cells = take(scratch, &at, (size_t)c->n_cells);
    return at;
}

/* --- columns ---------------------------------------------------------------------------------- */

/* Column c of the inverse of what is left. */
static void find_column(work *w, int64_t c)
{
    const pare_sparse_removal *r = w->r;
    const pare_gemm_kernel *gemm = &r->kernels->gemm;
    const float *row = r->inverse + c * r->pitch;
    const float *of_c = w->v + c / gemm->panel * gemm->panel * w->cap + c % gemm->panel;
    if (!w->n_gone) {
        memcpy(w->column, row, (size_t)r->pitch * sizeof(float));
        return;
    }
    for (int64_t t = 0; t < w->n_gone; t++) w->taken[t] = -of_c[t * gemm->panel];
    for (int64_t at = 0; at < r->pitch; at += gemm->panel) {
        const float *const x = w->taken;
        const pare_gemm_tile tile = {
            .n_rows = 1, .n_cols = gemm->panel, .n_taps = 1, .depth = w->n_gone, .x = &x,
            .w = w->v + at * w->cap, .bias = row + at,
            .finish = { .low = -INFINITY, .high = INFINITY }, .y = w->column + at,
            .y_stride = r->pitch,
        };
        gemm->run(&tile);
    }
}

/* Takes v v' off the blocks of units. */
static void update_blocks(const work *w, const float *v)
{
    const pare_sparse_cut *c = w->r->cut;
    if (c->size == 1) {
        for (int64_t u = 0; u < c->n_units; u++) w->blocks[u] -= v[u] * v[u];
        return;
    }
    for (int64_t u = 0; u < c->n_units; u++) {
        const float *own = v + pare_unit_first(c, u);
        const int64_t size = pare_unit_size(c, u);
        float *block = w->blocks + u * c->size * c->size;
        for (int64_t i = 0; i < size; i++)
            for (int64_t j = 0; j < size; j++) block[i * c->size + j] -= own[i] * own[j];
    }
}

/* Column c goes from all rows of the band; what that costs. */
static float remove_column(work *w, int64_t n_rows, int64_t c)
{
    const pare_sparse_removal *r = w->r;
    const int64_t panel = r->kernels->gemm.panel;
    float cost = 0;
    find_column(w, c);
    const float variance = w->column[c], alone = r->inverse[c * r->pitch + c];
    const float scale = variance > least_variance * alone ? 1 / sqrtf(variance) : 0;
    for (int64_t i = 0; i < r->pitch; i++) w->column[i] *= scale;
    for (int64_t at = 0; at < r->pitch; at += panel)
        memcpy(w->v + at * w->cap + w->n_gone * panel, w->column + at,
               (size_t)panel * sizeof(float));
    for (int64_t row = 0; row < n_rows; row++) {
        float *weights = w->weights + row * r->n;
        const float by = weights[c] * scale;
        for (int64_t i = 0; i < r->n; i++) weights[i] -= by * w->column[i];
        weights[c] = 0;
        cost += by * by;
    }
    update_blocks(w, w->column);
    w->n_gone++;
    return cost;
}

/* --- units ------------------------------------------------------------------------------------ */

/* x' inverse(block) x by Cholesky; n up to PARE_PATTERN_MOST. */
static float price_of(const float *block, int64_t pitch, int64_t n, const float *x)
{
    float l[PARE_PATTERN_MOST * PARE_PATTERN_MOST], y[PARE_PATTERN_MOST], sum = 0;
    for (int64_t i = 0; i < n; i++) {
        float own = x[i];
        for (int64_t j = 0; j <= i; j++) {
            float a = block[i * pitch + j];
            for (int64_t k = 0; k < j; k++) a -= l[i * n + k] * l[j * n + k];
            if (j < i) l[i * n + j] = l[j * n + j] > 0 ? a / l[j * n + j] : 0;
            else l[i * n + i] = a > least_variance * block[i * pitch + i] ? sqrtf(a) : 0;
        }
        for (int64_t j = 0; j < i; j++) own -= l[i * n + j] * y[j];
        y[i] = l[i * n + i] > 0 ? own / l[i * n + i] : 0;
        sum += y[i] * y[i];
    }
    return sum;
}

static void find_prices(const work *w, int64_t n_rows)
{
    const pare_sparse_cut *c = w->r->cut;
    memset(w->price, 0, (size_t)c->n_units * sizeof(float));
    for (int64_t row = 0; row < n_rows; row++) {
        const float *weights = w->weights + row * w->r->n;
        if (c->size == 1) {
            for (int64_t u = 0; u < c->n_units; u++)
                w->price[u] += weights[u] * weights[u] / fmaxf(w->blocks[u], 1e-30f);
            continue;
        }
        for (int64_t u = 0; u < c->n_units; u++)
            if (w->penalty[u] == 0)
                w->price[u] += price_of(w->blocks + u * c->size * c->size, c->size,
                                        pare_unit_size(c, u), weights + pare_unit_first(c, u));
    }
}

/* The cheapest per weight; -1 when none can go. */
static int64_t find_cheapest(const work *w)
{
    const pare_sparse_cut *c = w->r->cut;
    float least = INFINITY;
    int64_t best = -1;
    for (int64_t u = 0; u < c->n_units; u++) {
        float price = w->price[u] + w->penalty[u];
        if (c->size > 1) price /= (float)pare_unit_size(c, u);
        if (!(price < least)) continue;
        least = price;
        best = u;
    }
    return best;
}

/* A unit has gone: and with the last that had to, the others of its cell stay. */
static void close_unit(work *w, int64_t unit)
{
    const pare_sparse_cut *c = w->r->cut;
    w->penalty[unit] = INFINITY;
    if (!c->cell) return;
    const int64_t cell = pare_unit_cell(c, unit);
    if (--w->cells[cell]) return;
    for (int64_t u = 0; u < c->n_units; u++)
        if (pare_unit_cell(c, u) == cell) w->penalty[u] = INFINITY;
}

static void start_band(work *w, int64_t band)
{
    const pare_sparse_removal *r = w->r;
    const pare_sparse_cut *c = r->cut;
    w->n_gone = 0;
    memcpy(w->weights, r->wanted + band * c->height * r->n,
           (size_t)(pare_band_rows(c, band) * r->n) * sizeof(float));
    for (int64_t u = 0; u < c->n_units; u++) {
        const int64_t first = pare_unit_first(c, u), size = pare_unit_size(c, u);
        w->penalty[u] = 0;
        for (int64_t i = 0; i < size; i++)
            memcpy(w->blocks + (u * c->size + i) * c->size,
                   r->inverse + (first + i) * r->pitch + first, (size_t)size * sizeof(float));
    }
    for (int64_t i = 0; i < c->n_cells; i++) w->cells[i] = (int32_t)pare_cell_goes(c, i);
    for (int64_t u = 0; c->cell && u < c->n_units; u++)
        if (!w->cells[pare_unit_cell(c, u)]) w->penalty[u] = INFINITY;
}

static void run_band(void *user, uint32_t band, uint32_t worker)
{
    const remover *m = user;
    const pare_sparse_removal *r = m->r;
    const pare_sparse_cut *c = r->cut;
    const int64_t n_rows = pare_band_rows(c, band);
    work w;
    lay_out(&w, m, m->scratch + worker * m->scratch_bytes);
    start_band(&w, band);
    for (int64_t k = 0; k < r->limit; k++) {
        int32_t *order = r->order + band * r->limit + k;
        float *cost = r->cost + band * r->limit + k;
        find_prices(&w, n_rows);
        const int64_t unit = find_cheapest(&w);
        *order = (int32_t)unit;
        *cost = 0;
        if (unit < 0) continue;
        const int64_t first = pare_unit_first(c, unit), size = pare_unit_size(c, unit);
        for (int64_t i = 0; i < size; i++) *cost += remove_column(&w, n_rows, first + i);
        close_unit(&w, unit);
    }
}

pare_status pare_sparse_remove(pare_ctx *ctx, pare_pool *pool, const pare_sparse_removal *r)
{
    work w;
    remover m = { .r = r, .cap = r->limit * r->cut->size };
    if (m.cap > r->n) m.cap = r->n;
    m.scratch_bytes = lay_out(&w, &m, NULL);
    const size_t bytes = m.scratch_bytes * pare_pool_size(pool) + ALIGNMENT;
    uint8_t *block = pare_alloc(ctx, bytes);
    if (!block) return pare_fail_memory(ctx, bytes);
    m.scratch = (uint8_t *)(padded((size_t)(uintptr_t)block));
    pare_pool_run(pool, (uint32_t)r->cut->n_bands, run_band, &m);
    pare_free(ctx, block);
    return PARE_OK;
}
