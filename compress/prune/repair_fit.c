#include "prune/repair_fit.h"

#include <math.h>
#include <string.h>

/* Parts of the mean of the moments' diagonal. */
static const double ridges[] = { 1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 1e-1, 3e-1, 1 };

/* More than that would mostly be noise. */
static const double most_scale = 3;

pare_status pare_refit_moments_new(pare_ctx *ctx, pare_refit_moments *e, int64_t n, int64_t m)
{
    const size_t count = (size_t)(n * n + m * n + n + 2 * m + 1);
    *e = (pare_refit_moments){ .n = n, .m = m,
                             .covariance = pare_alloc_zero(ctx, count * sizeof(double)) };
    if (!e->covariance) return pare_fail_memory(ctx, count * sizeof(double));
    e->cross = e->covariance + n * n;
    e->mean = e->cross + m * n;
    e->target_mean = e->mean + n;
    e->target_variance = e->target_mean + m;
    return PARE_OK;
}

void pare_refit_moments_free(pare_ctx *ctx, pare_refit_moments *moments)
{
    pare_free(ctx, moments->covariance);
    *moments = (pare_refit_moments){ 0 };
}

/* Without a bias nothing is taken off. */
void pare_refit_moments_take(pare_refit_moments *e, const pare_refit_left *left,
                             const pare_gram *gram)
{
    const int64_t n = gram->n;
    const double rows = e->rows = (double)gram->n_rows;
    const double *moments = gram->moments + left->group * n * n;
    const double *sums = gram->sums + left->group * n;
    if (!gram->n_rows || !gram->products) return;
    for (int64_t i = 0; i < e->n && left->has_bias; i++) e->mean[i] = sums[left->cols[i]] / rows;
    for (int64_t o = 0; o < e->m; o++) {
        const int64_t out = left->outs[o];
        if (left->has_bias) e->target_mean[o] = gram->target_sums[out] / rows;
        e->target_variance[o] =
            gram->target_squares[out] / rows - e->target_mean[o] * e->target_mean[o];
        for (int64_t i = 0; i < e->n; i++)
            e->cross[o * e->n + i] = gram->products[out * n + left->cols[i]] / rows -
                                     e->target_mean[o] * e->mean[i];
    }
    for (int64_t i = 0; i < e->n; i++)
        for (int64_t j = 0; j < e->n; j++)
            e->covariance[i * e->n + j] =
                moments[left->cols[i] * n + left->cols[j]] / rows - e->mean[i] * e->mean[j];
}

double pare_refit_error(const pare_linalg *linalg, const pare_refit_moments *e, const double *w,
                      double *scratch)
{
    double error = 0, all = 0;
    pare_linalg_multiply(linalg, false, e->m, e->n, e->n, w, e->covariance, scratch);
    for (int64_t o = 0; o < e->m; o++) {
        double own = e->target_variance[o];
        for (int64_t i = 0; i < e->n; i++)
            own += w[o * e->n + i] * (scratch[o * e->n + i] - 2 * e->cross[o * e->n + i]);
        error += own;
        all += e->target_variance[o];
    }
    return all > 0 ? error / all : 0;
}

pare_status pare_refit_solve(pare_ctx *ctx, const pare_linalg *linalg,
                             const pare_refit_moments *learn, const pare_refit_moments *check,
                             const double *w, double *best, pare_refit_outcome *outcome)
{
    const size_t n = (size_t)(learn->m * learn->n);
    double *rhs = pare_alloc(ctx, (3 * n + 1) * sizeof(*rhs));
    if (!rhs) return pare_fail_memory(ctx, 3 * n * sizeof(*rhs));
    double *now = rhs + n, *scratch = now + n;
    *outcome = (pare_refit_outcome){ .before = pare_refit_error(linalg, check, w, scratch) };
    outcome->after = outcome->before;
    pare_status st = PARE_OK;
    memcpy(best, w, n * sizeof(*best));
    for (size_t k = 0; !st && k < sizeof(ridges) / sizeof(ridges[0]); k++) {
        pare_linalg_multiply(linalg, false, learn->m, learn->n, learn->n, w, learn->covariance,
                             scratch);
        for (size_t i = 0; i < n; i++) rhs[i] = learn->cross[i] - scratch[i];
        st = pare_linalg_least_squares(ctx, linalg, learn->n, learn->covariance, ridges[k],
                                       learn->m, rhs, now);
        for (size_t i = 0; !st && i < n; i++) now[i] += w[i];
        const double error = st ? INFINITY : pare_refit_error(linalg, check, now, scratch);
        if (!(error < outcome->after)) continue;
        outcome->after = error;
        outcome->is_better = true;
        memcpy(best, now, n * sizeof(*best));
    }
    pare_free(ctx, rhs);
    return st;
}

void pare_refit_scale(const pare_linalg *linalg, const pare_refit_moments *e, const double *w,
                      double *best)
{
    pare_linalg_multiply(linalg, false, e->m, e->n, e->n, w, e->covariance, best);
    for (int64_t o = 0; o < e->m; o++) {
        double variance = 0, factor = 1;
        for (int64_t i = 0; i < e->n; i++) variance += best[o * e->n + i] * w[o * e->n + i];
        if (variance > 1e-12 * e->target_variance[o])
            factor = sqrt(e->target_variance[o] / variance);
        if (factor > most_scale) factor = most_scale;
        for (int64_t i = 0; i < e->n; i++) best[o * e->n + i] = factor * w[o * e->n + i];
    }
}
