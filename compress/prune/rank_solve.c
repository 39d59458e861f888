#include "prune/rank_solve.h"

#include <math.h>
#include <string.h>

typedef struct solver {
    pare_ctx *ctx;
    const pare_rank_form *form;
    const pare_linalg *linalg;
    pare_normal e;
    int64_t n, out, parts, width, most; /* most: the largest rank that is asked for */
    double *h;                /* [n, n] moments, columns by part */
    double *cross, *wanted;   /* [out, n] likewise; cross pulls towards the original as h does */
    double *basis;            /* [most, width] */
    double *inner;            /* [parts * most, parts * most] moments of what comes through */
    double *inner_cross;      /* [out, parts * most] */
    double power;             /* of targets, and of the pull */
} solver;

static pare_status take(pare_ctx *ctx, void *out, int64_t n, size_t size)
{
    void *const p = pare_alloc_zero(ctx, (size_t)n * size + 1);
    memcpy(out, &p, sizeof(p));
    return p ? PARE_OK : pare_fail_memory(ctx, (size_t)n * size);
}

/* --- by parts --------------------------------------------------------------------------------- */

static pare_status sort_columns(solver *s)
{
    const pare_linear *l = s->e.job->linear;
    int64_t *from = NULL;
    PARE_TRY(take(s->ctx, &from, s->n, sizeof(*from)));
    for (int64_t i = 0; i < s->n; i++)
        from[i] = pare_rank_column(s->form, l, i / s->width, i % s->width);
    for (int64_t i = 0; i < s->n; i++)
        for (int64_t j = 0; j < s->n; j++)
            s->h[i * s->n + j] = s->e.h[from[i] * s->n + from[j]];
    for (int64_t o = 0; o < s->out; o++) s->power += s->e.power[o];
    for (int64_t o = 0; o < s->out; o++)
        for (int64_t i = 0; i < s->n; i++) {
            const double original = s->e.original[o * s->n + from[i]];
            s->cross[o * s->n + i] = s->e.cross[o * s->n + from[i]] + s->e.added * original;
            s->power += s->e.added * original * original;
            s->wanted[o * s->n + i] = s->e.wanted[o * s->n + from[i]];
        }
    pare_free(s->ctx, from);
    return PARE_OK;
}

/* --- the subspace ----------------------------------------------------------------------------- */

/* lower [width, width]: factor of the mean of the parts' own moments. */
static pare_status factor_parts(const solver *s, double *lower)
{
    const int64_t m = s->width;
    double added = 0, *mean = NULL;
    PARE_TRY(take(s->ctx, &mean, m * m, sizeof(double)));
    for (int64_t q = 0; q < s->parts; q++)
        for (int64_t i = 0; i < m; i++)
            for (int64_t j = 0; j < m; j++)
                mean[i * m + j] += s->h[(q * m + i) * s->n + q * m + j] / (double)s->parts;
    const pare_status st =
        pare_linalg_cholesky_jitter(s->ctx, s->linalg, m, mean, lower, &added);
    pare_free(s->ctx, mean);
    return st;
}

/* Right singular vectors of whitened [rows, m], the largest first, to vectors [min(rows, m), m]:
 * by the smaller one of its products with itself. */
static pare_status find_vectors(const solver *s, int64_t rows, const double *whitened,
                                double *vectors)
{
    const int64_t m = s->width, k = rows < m ? rows : m;
    double *block = NULL;
    if (rows <= m) {
        PARE_TRY(take(s->ctx, &block, rows * k + k, sizeof(double)));
        const pare_status st = pare_linalg_svd(s->ctx, s->linalg, rows, m, whitened, block,
                                               block + rows * k, vectors);
        pare_free(s->ctx, block);
        return st;
    }
    PARE_TRY(take(s->ctx, &block, 2 * m * m + m + m * rows, sizeof(double)));
    double *const square = block, *const u = square + m * m, *const values = u + m * m;
    double *const turned = values + m;
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < m; i++) turned[i * rows + r] = whitened[r * m + i];
    pare_linalg_multiply(s->linalg, true, m, m, rows, turned, turned, square);
    const pare_status st = pare_linalg_svd(s->ctx, s->linalg, m, m, square, u, values, vectors);
    pare_free(s->ctx, block);
    return st;
}

static pare_status find_basis(solver *s)
{
    const int64_t m = s->width, rows = s->out * s->parts, k = rows < m ? rows : m;
    double *lower = NULL;
    PARE_TRY(take(s->ctx, &lower, m * m + rows * m + k * m, sizeof(double)));
    double *const whitened = lower + m * m, *const vectors = whitened + rows * m;
    pare_status st = factor_parts(s, lower);
    if (!st) {
        pare_linalg_multiply(s->linalg, false, rows, m, m, s->wanted, lower, whitened);
        st = find_vectors(s, rows, whitened, vectors);
    }
    if (!st) {
        memcpy(s->basis, vectors, (size_t)(s->most * m) * sizeof(double));
        pare_linalg_lower_solve(s->linalg, true, m, lower, s->most, s->basis);
    }
    pare_free(s->ctx, lower);
    return st;
}

/* --- what comes through ----------------------------------------------------------------------- */

/* Columns of part q of a matrix [rows, n]. */
static void copy_part(const solver *s, int64_t rows, const double *from, int64_t q, double *to)
{
    for (int64_t r = 0; r < rows; r++)
        memcpy(to + r * s->width, from + r * s->n + q * s->width,
               (size_t)s->width * sizeof(double));
}

static pare_status pass_through(solver *s)
{
    const int64_t m = s->width, k = s->most, all = s->parts * k;
    const int64_t tall = k > s->out ? k : s->out;
    double *pushed = NULL;
    PARE_TRY(take(s->ctx, &pushed, k * s->n + tall * m + tall * k, sizeof(double)));
    double *const part = pushed + k * s->n, *const product = part + tall * m;
    for (int64_t q = 0; q < s->parts; q++) {
        pare_linalg_multiply(s->linalg, false, k, s->n, m, s->basis, s->h + q * m * s->n, pushed);
        for (int64_t p = 0; p < s->parts; p++) {
            copy_part(s, k, pushed, p, part);
            pare_linalg_multiply(s->linalg, true, k, k, m, part, s->basis, product);
            for (int64_t i = 0; i < k; i++)
                memcpy(s->inner + (q * k + i) * all + p * k, product + i * k,
                       (size_t)k * sizeof(double));
        }
        copy_part(s, s->out, s->cross, q, part);
        pare_linalg_multiply(s->linalg, true, s->out, k, m, part, s->basis, product);
        for (int64_t o = 0; o < s->out; o++)
            memcpy(s->inner_cross + o * all + q * k, product + o * k, (size_t)k * sizeof(double));
    }
    pare_free(s->ctx, pushed);
    return PARE_OK;
}

/* Least squares of rank r: second [out, parts * r]. *error: squared, of the outputs. */
static pare_status solve_second(const solver *s, int64_t r, double *second, double *error)
{
    const int64_t all = s->parts * s->most, n = s->parts * r;
    double *h = NULL, added = 0;
    PARE_TRY(take(s->ctx, &h, 2 * n * n + s->out * n, sizeof(double)));
    double *const lower = h + n * n, *const cross = lower + n * n;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            h[i * n + j] = s->inner[(i / r * s->most + i % r) * all + j / r * s->most + j % r];
    for (int64_t o = 0; o < s->out; o++)
        for (int64_t i = 0; i < n; i++)
            cross[o * n + i] = s->inner_cross[o * all + i / r * s->most + i % r];
    pare_status st = pare_linalg_cholesky_jitter(s->ctx, s->linalg, n, h, lower, &added);
    if (!st) {
        memcpy(second, cross, (size_t)(s->out * n) * sizeof(double));
        pare_linalg_cholesky_solve(s->linalg, n, lower, s->out, second);
        *error = s->power;
        for (int64_t i = 0; i < s->out * n; i++) *error -= second[i] * cross[i];
        if (!(*error > 0)) *error = 0;
    }
    pare_free(s->ctx, h);
    return st;
}

/* --- start and end ---------------------------------------------------------------------------- */

static pare_status start(solver *s, const pare_normal_job *job, int64_t most)
{
    s->linalg = job->linalg;
    s->e.ctx = s->ctx;
    PARE_TRY(pare_normal_open(s->ctx, &s->e, job));
    PARE_TRY(pare_normal_load(&s->e, 0));
    s->n = s->e.n;
    s->out = s->e.rows;
    s->parts = s->form->parts;
    s->width = s->form->width;
    s->most = most;
    const int64_t all = s->parts * most;
    PARE_TRY(take(s->ctx, &s->h, s->n * s->n, sizeof(double)));
    PARE_TRY(take(s->ctx, &s->cross, 2 * s->out * s->n, sizeof(double)));
    s->wanted = s->cross + s->out * s->n;
    PARE_TRY(take(s->ctx, &s->basis, most * s->width, sizeof(double)));
    PARE_TRY(take(s->ctx, &s->inner, all * all + s->out * all, sizeof(double)));
    s->inner_cross = s->inner + all * all;
    PARE_TRY(sort_columns(s));
    PARE_TRY(find_basis(s));
    return pass_through(s);
}

static void end(solver *s)
{
    pare_normal_close(&s->e);
    pare_free(s->ctx, s->h);
    pare_free(s->ctx, s->cross);
    pare_free(s->ctx, s->basis);
    pare_free(s->ctx, s->inner);
}

static pare_status measure(solver *s, pare_rank_curve *curve)
{
    double *second = NULL;
    PARE_TRY(take(s->ctx, &second, s->out * s->parts * s->most, sizeof(double)));
    pare_status st = PARE_OK;
    for (size_t i = 0; !st && i < curve->n; i++) {
        st = solve_second(s, curve->ranks[i], second, &curve->error[i]);
        curve->error[i] = s->e.signal > 0 ? curve->error[i] / s->e.signal : 0;
    }
    pare_free(s->ctx, second);
    return st;
}

pare_status pare_rank_measure(pare_ctx *ctx, pare_rank_curve *curve, const pare_normal_job *job,
                              const pare_rank_form *form)
{
    solver s = { .ctx = ctx, .form = form };
    int64_t most = 0;
    for (size_t i = 0; i < curve->n; i++)
        if (curve->ranks[i] > most) most = curve->ranks[i];
    pare_status st = start(&s, job, most);
    if (!st) st = measure(&s, curve);
    end(&s);
    return st;
}

/* Shifts that keep means: of the weights that both nodes come to. */
static pare_status find_shift(const solver *s, pare_rank_solution *out, const double *second)
{
    const int64_t n = s->parts * s->most;
    double *w = NULL;
    if (!s->e.job->free_mean) return PARE_OK;
    PARE_TRY(take(s->ctx, &w, s->n, sizeof(double)));
    const pare_status st = take(s->ctx, &out->shift, s->out, sizeof(float));
    for (int64_t o = 0; !st && o < s->out; o++) {
        memset(w, 0, (size_t)s->n * sizeof(double));
        for (int64_t i = 0; i < n; i++)
            for (int64_t u = 0; u < s->width; u++)
                w[pare_rank_column(s->form, s->e.job->linear, i / s->most, u)] +=
                    second[o * n + i] * s->basis[i % s->most * s->width + u];
        out->shift[o] = pare_normal_shift(&s->e, o, w);
    }
    pare_free(s->ctx, w);
    return st;
}

static pare_status solve(solver *s, pare_rank_solution *out)
{
    const int64_t n_second = s->out * s->parts * s->most, n_first = s->most * s->width;
    double *second = NULL;
    PARE_TRY(take(s->ctx, &out->first, n_first, sizeof(float)));
    PARE_TRY(take(s->ctx, &out->second, n_second, sizeof(float)));
    PARE_TRY(take(s->ctx, &second, n_second, sizeof(double)));
    pare_status st = solve_second(s, s->most, second, &out->error);
    if (!st) st = find_shift(s, out, second);
    out->error = s->e.signal > 0 ? out->error / s->e.signal : 0;
    for (int64_t i = 0; i < n_first; i++) out->first[i] = (float)s->basis[i];
    for (int64_t i = 0; i < n_second; i++) out->second[i] = (float)second[i];
    pare_free(s->ctx, second);
    return st;
}

pare_status pare_rank_solve(pare_ctx *ctx, pare_rank_solution *out, const pare_normal_job *job,
                            const pare_rank_form *form, int64_t rank)
{
    solver s = { .ctx = ctx, .form = form };
    *out = (pare_rank_solution){ 0 };
    pare_status st = start(&s, job, rank);
    if (!st) st = solve(&s, out);
    end(&s);
    if (st) pare_rank_solution_free(ctx, out);
    return st;
}

void pare_rank_solution_free(pare_ctx *ctx, pare_rank_solution *solution)
{
    pare_free(ctx, solution->first);
    pare_free(ctx, solution->second);
    pare_free(ctx, solution->shift);
    *solution = (pare_rank_solution){ 0 };
}
