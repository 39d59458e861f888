#include "prune/sparse_solve.h"

#include "prune/normal.h"
#include "prune/sparse_fit.h"
#include "prune/sparse_remove.h"
#include "prune/sparse_swap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Of a row's units, the part of those that an even share would leave that may go, too. */
static const double uneven = 0.7;

enum { ALIGNMENT = 64 };

/* Everything about one node. */
typedef struct solver {
    pare_ctx *ctx;
    const pare_sparse_job *job;
    pare_normal_job what;
    pare_normal e;            /* of the group under way */
    pare_sparse_cut cut;
    int64_t n, rows, pitch, limit;
    double *w, *spare;        /* [rows, n] */
    double *errors;           /* [rows] */
    void *block;
    float *inverse;           /* [n, pitch] */
    float *wanted;            /* [rows, n] */
    int32_t *order;           /* [groups * n_bands, limit] */
    float *cost;              /* likewise */
    bool *kept;               /* [out, n] */
    pare_sparse_solution *out;
    pare_sparse_curve *curve;
} solver;

static pare_status take(pare_ctx *ctx, void *out, int64_t n, size_t size)
{
    void *const p = pare_alloc_zero(ctx, (size_t)n * size + 1);
    memcpy(out, &p, sizeof(p));
    return p ? PARE_OK : pare_fail_memory(ctx, (size_t)n * size);
}

/* --- what goes -------------------------------------------------------------------------------- */

static pare_status remove_group(solver *s, int64_t g)
{
    const int64_t n = s->n;
    const pare_sparse_removal r = {
        .kernels = s->job->kernels, .cut = &s->cut, .n = n, .pitch = s->pitch,
        .inverse = s->inverse, .wanted = s->wanted, .limit = s->limit,
        .order = s->order + g * s->cut.n_bands * s->limit,
        .cost = s->cost + g * s->cut.n_bands * s->limit,
    };
    double *inverse = NULL;
    PARE_TRY(take(s->ctx, &inverse, n * n, sizeof(double)));
    pare_linalg_cholesky_inverse(s->job->linalg, n, s->e.lower, inverse);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) s->inverse[i * s->pitch + j] = (float)inverse[i * n + j];
    pare_free(s->ctx, inverse);
    for (int64_t i = 0; i < s->rows * n; i++) s->wanted[i] = (float)s->e.wanted[i];
    return pare_sparse_remove(s->ctx, s->job->pool, &r);
}

/* One removal, among those of all bands: cheap ones first, those of a band in their order. */
typedef struct removal {
    float key;
    uint32_t band, k;
} removal;

static int compare(const void *a, const void *b)
{
    const removal *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    if (x->band != y->band) return x->band < y->band ? -1 : 1;
    return x->k < y->k ? -1 : x->k > y->k;
}

static int64_t weights_of(const solver *s, uint32_t band, int32_t unit)
{
    return pare_unit_size(&s->cut, unit) * pare_band_rows(&s->cut, band % s->cut.n_bands);
}

/* All removals of the node in the order in which they are worth it: those of a band by second
 * order stay in theirs. */
static pare_status sort_removals(const solver *s, removal **out, int64_t *n)
{
    const int64_t n_bands = s->job->linear->group * s->cut.n_bands;
    const bool in_order = s->job->criterion == PARE_SPARSE_SECOND_ORDER;
    *n = 0;
    PARE_TRY(take(s->ctx, out, n_bands * s->limit, sizeof(**out)));
    for (int64_t b = 0; b < n_bands; b++) {
        float key = 0;
        for (int64_t k = 0; k < s->limit && s->order[b * s->limit + k] >= 0; k++) {
            const int64_t at = b * s->limit + k;
            const float own = s->cost[at] / (float)weights_of(s, (uint32_t)b, s->order[at]);
            if (!in_order || own > key) key = own;
            (*out)[(*n)++] = (removal){ key, (uint32_t)b, (uint32_t)k };
        }
    }
    qsort(*out, (size_t)*n, sizeof(**out), compare);
    return PARE_OK;
}

static void mark_unit(const solver *s, uint32_t band, int32_t unit)
{
    const int64_t first = pare_unit_first(&s->cut, unit), size = pare_unit_size(&s->cut, unit);
    const int64_t group = band / s->cut.n_bands, at = band % s->cut.n_bands;
    const int64_t row = group * s->rows + at * s->cut.height;
    for (int64_t r = 0; r < pare_band_rows(&s->cut, at); r++)
        for (int64_t i = 0; i < size; i++) s->kept[(row + r) * s->n + first + i] = false;
}

/* How many units may still go of what a unit belongs to: a cell of n:m, a row by Wanda. */
static int32_t *quota_of(const solver *s, int32_t *quotas, uint32_t band, int32_t unit)
{
    if (s->cut.cell) return &quotas[band * s->cut.n_cells + pare_unit_cell(&s->cut, unit)];
    return s->job->criterion == PARE_SPARSE_WANDA ? &quotas[band] : NULL;
}

static pare_status make_quotas(const solver *s, int32_t **out)
{
    const int64_t n_bands = s->job->linear->group * s->cut.n_bands;
    const int64_t n_cells = s->cut.cell ? s->cut.n_cells : 1;
    const double share = s->job->share * (double)s->cut.n_units;
    PARE_TRY(take(s->ctx, out, n_bands * n_cells, sizeof(**out)));
    for (int64_t i = 0; i < n_bands * n_cells; i++)
        (*out)[i] = s->cut.cell ? (int32_t)pare_cell_goes(&s->cut, i % n_cells)
                                : (int32_t)nearbyint(share);
    return PARE_OK;
}

/* Marks removals from the cheapest on until as many weights are gone as have to be. */
static pare_status mark_gone(solver *s)
{
    removal *sorted = NULL;
    int32_t *quotas = NULL;
    int64_t n = 0;
    const pare_linear *l = s->job->linear;
    double left = s->job->share * (double)(l->out * s->n);
    pare_status st = sort_removals(s, &sorted, &n);
    if (!st) st = make_quotas(s, &quotas);
    for (int64_t i = 0; !st && i < n; i++) {
        const uint32_t band = sorted[i].band;
        const int32_t unit = s->order[band * s->limit + sorted[i].k];
        int32_t *const quota = quota_of(s, quotas, band, unit);
        if (quota ? *quota <= 0 : left < 0.5) continue;
        if (quota) --*quota;
        left -= (double)weights_of(s, band, unit);
        mark_unit(s, band, unit);
    }
    pare_free(s->ctx, sorted);
    pare_free(s->ctx, quotas);
    return st;
}

/* --- by what weights are alone ---------------------------------------------------------------- */

/* Mean square of an input. */
static double norm_of(const solver *s, int64_t i)
{
    return s->e.h[i * s->n + i] - s->e.added + s->e.mean[i] * s->e.mean[i];
}

/* |w| or |w| by the norm of its input, squared: per unit, as cost of a band's order. */
static void price_group(solver *s, int64_t g)
{
    const bool wanda = s->job->criterion == PARE_SPARSE_WANDA;
    for (int64_t b = 0; b < s->cut.n_bands; b++)
        for (int64_t u = 0; u < s->cut.n_units; u++) {
            const int64_t first = pare_unit_first(&s->cut, u), at = g * s->cut.n_bands + b;
            double price = 0;
            for (int64_t r = 0; r < pare_band_rows(&s->cut, b); r++)
                for (int64_t i = first; i < first + pare_unit_size(&s->cut, u); i++) {
                    const double w = s->e.original[(b * s->cut.height + r) * s->n + i];
                    price += w * w * (wanda ? norm_of(s, i) : 1);
                }
            s->cost[at * s->limit + u] = (float)price;
            s->order[at * s->limit + u] = (int32_t)u;
        }
}

/* --- least squares ---------------------------------------------------------------------------- */

static void write_group(solver *s)
{
    for (int64_t r = 0; r < s->rows; r++) {
        const int64_t o = s->e.group * s->rows + r;
        const double *w = s->w + r * s->n;
        for (int64_t i = 0; i < s->n; i++) s->out->weights[o * s->n + i] = (float)w[i];
        if (s->out->shift) s->out->shift[o] = pare_normal_shift(&s->e, r, w);
    }
}

static pare_status fit_group(solver *s)
{
    const size_t size = (size_t)(s->rows * s->n);
    bool *kept = s->kept + (size_t)s->e.group * size;
    const bool swaps = s->cut.cell && s->job->criterion == PARE_SPARSE_SECOND_ORDER;
    for (size_t i = 0; i < size; i++)
        s->w[i] = !kept[i] ? 0 : s->job->without_repair ? s->e.original[i] : s->e.wanted[i];
    if (!s->job->without_repair)
        PARE_TRY(pare_sparse_fit(s->ctx, s->job->linalg, s->n, s->rows, s->e.h, s->e.wanted, kept,
                                 s->w, s->errors));
    if (swaps && !s->job->without_repair)
        PARE_TRY(pare_sparse_swap(s->ctx, s->job->linalg, &s->cut, s->rows, s->e.h, s->e.wanted,
                                  kept, s->w, s->errors));
    write_group(s);
    if (!s->job->gram) return PARE_OK;
    s->out->error += pare_normal_error(&s->e, s->w, s->spare);
    for (size_t i = 0; i < size; i++) s->w[i] = kept[i] ? s->e.original[i] : 0;
    s->out->masked += pare_normal_error(&s->e, s->w, s->spare);
    return PARE_OK;
}

/* --- start and end ---------------------------------------------------------------------------- */

static int64_t find_limit(const solver *s)
{
    int64_t goes = 0;
    if (s->job->criterion != PARE_SPARSE_SECOND_ORDER) return s->cut.n_units;
    for (int64_t i = 0; i < s->cut.n_cells; i++) goes += pare_cell_goes(&s->cut, i);
    if (s->cut.cell) return goes;
    const double share = s->job->share + (1 - s->job->share) * uneven;
    const int64_t most = (int64_t)ceil(share * (double)s->cut.n_units);
    return most < s->cut.n_units ? most : s->cut.n_units;
}

static pare_status start(solver *s)
{
    const pare_linear *l = s->job->linear;
    const int panel = s->job->kernels->gemm.panel;
    s->cut = pare_sparse_cut_of(s->job->pattern, l);
    s->n = l->in * l->taps;
    s->rows = l->out / l->group;
    s->pitch = (s->n + panel - 1) / panel * panel;
    s->limit = find_limit(s);
    const int64_t n_order = l->group * s->cut.n_bands * s->limit, size = s->rows * s->n;
    const int64_t n_inverse = s->job->gram ? s->n * s->pitch : 0;
    PARE_TRY(pare_normal_open(s->ctx, &s->e, &s->what));
    PARE_TRY(take(s->ctx, &s->w, 2 * size + s->rows, sizeof(double)));
    s->spare = s->w + size;
    s->errors = s->spare + size;
    PARE_TRY(take(s->ctx, &s->block, n_inverse + size + ALIGNMENT, sizeof(float)));
    s->inverse = (float *)(((uintptr_t)s->block + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    s->wanted = s->inverse + n_inverse;
    PARE_TRY(take(s->ctx, &s->order, n_order, sizeof(*s->order)));
    PARE_TRY(take(s->ctx, &s->cost, n_order, sizeof(*s->cost)));
    PARE_TRY(take(s->ctx, &s->kept, l->out * s->n, sizeof(bool)));
    memset(s->kept, 1, (size_t)(l->out * s->n) * sizeof(bool));
    return PARE_OK;
}

static void end(solver *s)
{
    pare_normal_close(&s->e);
    pare_free(s->ctx, s->w);
    pare_free(s->ctx, s->block);
    pare_free(s->ctx, s->order);
    pare_free(s->ctx, s->cost);
    pare_free(s->ctx, s->kept);
}

static pare_status decide(solver *s)
{
    const int64_t n_groups = s->job->linear->group;
    for (int64_t g = 0; g < n_groups; g++) {
        PARE_TRY(pare_normal_load(&s->e, g));
        if (s->job->criterion == PARE_SPARSE_SECOND_ORDER) PARE_TRY(remove_group(s, g));
        else price_group(s, g);
    }
    return PARE_OK;
}

static pare_status solve(solver *s)
{
    const pare_linear *l = s->job->linear;
    PARE_TRY(start(s));
    PARE_TRY(take(s->ctx, &s->out->weights, l->out * s->n, sizeof(float)));
    if (s->job->free_mean && !s->job->without_repair)
        PARE_TRY(take(s->ctx, &s->out->shift, l->out, sizeof(float)));
    PARE_TRY(decide(s));
    PARE_TRY(mark_gone(s));
    s->e.signal = 0;
    for (int64_t g = 0; g < l->group; g++) {
        PARE_TRY(pare_normal_load(&s->e, g));
        PARE_TRY(fit_group(s));
    }
    s->out->n = (uint64_t)(l->out * s->n);
    for (uint64_t i = 0; i < s->out->n; i++) s->out->zeros += s->out->weights[i] == 0;
    const double by = !s->job->gram ? NAN : s->e.signal > 0 ? 1 / s->e.signal : 0;
    s->out->error *= by;
    s->out->masked *= by;
    return PARE_OK;
}

static solver new_solver(pare_ctx *ctx, const pare_sparse_job *job)
{
    return (solver){ .ctx = ctx, .job = job, .e.ctx = ctx,
                     .what = { .model = job->model, .linear = job->linear, .gram = job->gram,
                               .linalg = job->linalg, .free_mean = job->free_mean,
                               .weights_only = !job->gram } };
}

pare_status pare_sparse_solve(pare_ctx *ctx, pare_sparse_solution *out, const pare_sparse_job *job)
{
    solver s = new_solver(ctx, job);
    *out = (pare_sparse_solution){ 0 };
    s.out = out;
    const pare_status st = solve(&s);
    end(&s);
    if (st) pare_sparse_solution_free(ctx, out);
    return st;
}

void pare_sparse_solution_free(pare_ctx *ctx, pare_sparse_solution *solution)
{
    pare_free(ctx, solution->weights);
    pare_free(ctx, solution->shift);
    *solution = (pare_sparse_solution){ 0 };
}

/* --- curves ----------------------------------------------------------------------------------- */

static pare_status measure(solver *s)
{
    removal *sorted = NULL;
    int64_t n = 0, k = 0;
    const double all = (double)(s->job->linear->out * s->job->linear->in * s->job->linear->taps);
    double gone = 0, cost = 0;
    PARE_TRY(start(s));
    PARE_TRY(decide(s));
    PARE_TRY(sort_removals(s, &sorted, &n));
    const double by = s->e.signal > 0 ? 1 / s->e.signal : 0;
    for (int64_t i = 0; i < n; i++) {
        const int64_t at = sorted[i].band * s->limit + sorted[i].k;
        for (; (double)k * all <= gone * PARE_CURVE_STEPS; k++) s->curve->error[k] = cost * by;
        cost += (double)s->cost[at];
        gone += (double)weights_of(s, sorted[i].band, s->order[at]);
    }
    for (; k <= PARE_CURVE_STEPS; k++) s->curve->error[k] = cost * by;
    pare_free(s->ctx, sorted);
    return PARE_OK;
}

pare_status pare_sparse_measure(pare_ctx *ctx, pare_sparse_curve *out, const pare_sparse_job *job)
{
    pare_sparse_job all = *job;
    all.share = 1;
    solver s = new_solver(ctx, &all);
    s.curve = out;
    const pare_status st = measure(&s);
    end(&s);
    return st;
}
