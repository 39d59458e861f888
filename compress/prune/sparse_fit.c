#include "prune/sparse_fit.h"

#include <math.h>
#include <string.h>

enum { MOST_STEPS = 200 };

/* A row is done when its gradient, as h sees it, is this part of what it was. */
static const double done = 1e-8;

/* Matrices are [m, n]. */
typedef struct fitter {
    int64_t n, m;
    const double *h;
    const bool *kept;
    double *w;
    double *left;             /* h (wanted - w) where weights are kept */
    double *scaled;           /* the same by h's diagonal */
    double *step, *pushed;    /* direction, and h times it */
    double *power;            /* [m] left' scaled */
    double *start;            /* [m] of the first step */
} fitter;

static double scale_row(fitter *f, int64_t r)
{
    double sum = 0;
    for (int64_t i = 0; i < f->n; i++) {
        const int64_t at = r * f->n + i;
        const double d = f->h[i * f->n + i];
        if (!f->kept[at]) f->left[at] = 0;
        f->scaled[at] = d > 0 ? f->left[at] / d : 0;
        sum += f->left[at] * f->scaled[at];
    }
    return sum;
}

/* One step of a row; whether more are worth it. */
static bool step_row(fitter *f, int64_t r)
{
    double *const step = f->step + r * f->n, *const w = f->w + r * f->n;
    double *const left = f->left + r * f->n;
    const double *const pushed = f->pushed + r * f->n;
    double curve = 0;
    if (!(f->power[r] > done * f->start[r])) return false;
    for (int64_t i = 0; i < f->n; i++) curve += step[i] * pushed[i];
    if (!(curve > 0)) return false;
    const double by = f->power[r] / curve;
    for (int64_t i = 0; i < f->n; i++) {
        w[i] += by * step[i];
        left[i] -= by * pushed[i];
    }
    const double power = scale_row(f, r), turn = power / f->power[r];
    for (int64_t i = 0; i < f->n; i++) step[i] = f->scaled[r * f->n + i] + turn * step[i];
    f->power[r] = power;
    return power > done * f->start[r];
}

static void find_errors(const fitter *f, const pare_linalg *linalg, const double *wanted,
                        double *errors)
{
    for (int64_t i = 0; i < f->m * f->n; i++) f->step[i] = wanted[i] - f->w[i];
    pare_linalg_multiply(linalg, false, f->m, f->n, f->n, f->step, f->h, f->pushed);
    for (int64_t r = 0; r < f->m; r++) {
        errors[r] = 0;
        for (int64_t i = r * f->n; i < (r + 1) * f->n; i++) errors[r] += f->step[i] * f->pushed[i];
    }
}

pare_status pare_sparse_fit(pare_ctx *ctx, const pare_linalg *linalg, int64_t n, int64_t m,
                            const double *h, const double *wanted, const bool *kept, double *w,
                            double *errors)
{
    const size_t size = (size_t)(m * n), count = 4 * size + 2 * (size_t)m;
    fitter f = { .n = n, .m = m, .h = h, .kept = kept, .w = w };
    f.left = pare_alloc(ctx, count * sizeof(double));
    if (!f.left) return pare_fail_memory(ctx, count * sizeof(double));
    f.scaled = f.left + size;
    f.step = f.scaled + size;
    f.pushed = f.step + size;
    f.power = f.pushed + size;
    f.start = f.power + m;
    find_errors(&f, linalg, wanted, errors);
    memcpy(f.left, f.pushed, size * sizeof(double));
    for (int64_t r = 0; r < m; r++) f.start[r] = f.power[r] = scale_row(&f, r);
    memcpy(f.step, f.scaled, size * sizeof(double));
    bool any = true;
    for (int k = 0; any && k < MOST_STEPS; k++) {
        any = false;
        pare_linalg_multiply(linalg, false, m, n, n, f.step, h, f.pushed);
        for (int64_t r = 0; r < m; r++) any |= step_row(&f, r);
    }
    find_errors(&f, linalg, wanted, errors);
    pare_free(ctx, f.left);
    return PARE_OK;
}
