#include "energy/fit.h"

#include "base/checked.h"

#include <math.h>
#include <string.h>

/* A problem with rows divided by b and columns of length 1; column-major. */
typedef struct fit_job {
    size_t m, n;
    double *a;                 /* [n, m] */
    double *lengths;           /* [n] what the columns were divided by; 0: all zero */
    double *q, *r;             /* room for a factorisation of some columns */
    double *z;                 /* [m] room for the right side */
    double *x, *s, *w;         /* [n] solution, trial, gradient */
    bool active[PARE_FIT_MAX_UNKNOWNS]; /* may be above zero */
    size_t columns[PARE_FIT_MAX_UNKNOWNS]; /* [n_columns] the active ones */
    size_t n_columns;
} fit_job;

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* --- least squares on the active columns ------------------------------------------------------ */

/* Orthonormal columns in q, upper triangle in r ([k, k], row-major), by Gram and Schmidt twice.
 * `skip` is a row that does not count. False when a column depends on those before it. */
static bool factorise(fit_job *job, size_t skip)
{
    const size_t m = job->m, k = job->n_columns;
    memset(job->r, 0, k * k * sizeof(double));
    for (size_t c = 0; c < k; c++) {
        double *v = job->q + c * m;
        memcpy(v, job->a + job->columns[c] * m, m * sizeof(double));
        if (skip < m) v[skip] = 0;
        const double before = sqrt(dot(v, v, m));
        for (int pass = 0; pass < 2; pass++) {
            for (size_t p = 0; p < c; p++) {
                const double *u = job->q + p * m;
                const double along = dot(u, v, m);
                job->r[p * k + c] += along;
                for (size_t i = 0; i < m; i++) v[i] -= along * u[i];
            }
        }
        const double length = sqrt(dot(v, v, m));
        if (!(length > 1e-12 * before)) return false;
        job->r[c * k + c] = length;
        for (size_t i = 0; i < m; i++) v[i] /= length;
    }
    return true;
}

/* The trial solution s on the active columns; zero elsewhere. */
static bool solve_active(fit_job *job, size_t skip)
{
    const size_t m = job->m;
    job->n_columns = 0;
    for (size_t j = 0; j < job->n; j++) {
        job->s[j] = 0;
        if (job->active[j]) job->columns[job->n_columns++] = j;
    }
    const size_t k = job->n_columns;
    if (!factorise(job, skip)) return false;
    for (size_t c = k; c-- > 0;) {
        double sum = 0; /* the right side is all ones */
        for (size_t i = 0; i < m; i++) sum += i == skip ? 0 : job->q[c * m + i];
        for (size_t p = c + 1; p < k; p++) sum -= job->r[c * k + p] * job->s[job->columns[p]];
        job->s[job->columns[c]] = sum / job->r[c * k + c];
    }
    return true;
}

/* --- Lawson and Hanson ------------------------------------------------------------------------ */

/* The most promising inactive column, or n. */
static size_t next_column(fit_job *job, size_t skip, const bool *refused)
{
    const size_t m = job->m;
    size_t best = job->n;
    for (size_t i = 0; i < m; i++) {
        job->z[i] = i == skip ? 0 : 1;
        for (size_t j = 0; j < job->n && i != skip; j++) job->z[i] -= job->a[j * m + i] * job->x[j];
    }
    for (size_t j = 0; j < job->n; j++) {
        job->w[j] = dot(job->a + j * m, job->z, m);
        if (job->active[j] || refused[j] || job->w[j] <= 1e-10 * sqrt((double)m)) continue;
        if (best == job->n || job->w[j] > job->w[best]) best = j;
    }
    return best;
}

/* Goes from x towards s until a coefficient becomes zero, which leaves; until all are above. */
static bool walk(fit_job *job, size_t skip)
{
    for (;;) {
        double step = 1;
        for (size_t j = 0; j < job->n; j++) {
            if (!job->active[j] || job->s[j] > 0) continue;
            const double part = job->x[j] / (job->x[j] - job->s[j]);
            if (part < step) step = part;
        }
        if (step >= 1) break;
        for (size_t j = 0; j < job->n; j++) {
            if (!job->active[j]) continue;
            const bool leaves = job->s[j] <= 0 &&
                                job->x[j] / (job->x[j] - job->s[j]) <= step * (1 + 1e-12);
            job->x[j] += step * (job->s[j] - job->x[j]);
            if (!leaves) continue;
            job->x[j] = 0;
            job->active[j] = false;
        }
        if (!solve_active(job, skip)) return false;
    }
    memcpy(job->x, job->s, job->n * sizeof(double));
    return true;
}

/* Fills x without row `skip` (m: with all). */
static void solve(fit_job *job, size_t skip)
{
    bool refused[PARE_FIT_MAX_UNKNOWNS] = { false };
    memset(job->x, 0, job->n * sizeof(double));
    memset(job->active, 0, sizeof(job->active));
    for (size_t round = 0; round < 10 * job->n; round++) {
        const size_t j = next_column(job, skip, refused);
        if (j == job->n) break;
        job->active[j] = true;
        if (!solve_active(job, skip) || job->s[j] <= 0) { /* depends on those that are in */
            job->active[j] = false;
            refused[j] = true;
            continue;
        }
        if (!walk(job, skip)) break;
        memset(refused, 0, sizeof(refused));
    }
}

/* --- what to think of it ---------------------------------------------------------------------- */

/* Largest over smallest singular value of all columns, by one-sided Jacobi rotations in q. */
static double condition(fit_job *job)
{
    const size_t m = job->m, n = job->n;
    memcpy(job->q, job->a, m * n * sizeof(double));
    for (int sweep = 0; sweep < 60; sweep++) {
        double worst = 0;
        for (size_t i = 0; i < n; i++) {
            for (size_t j = i + 1; j < n; j++) {
                double *u = job->q + i * m, *v = job->q + j * m;
                const double uu = dot(u, u, m), vv = dot(v, v, m), uv = dot(u, v, m);
                if (uu == 0 || vv == 0 || uv == 0) continue;
                worst = fmax(worst, fabs(uv) / sqrt(uu * vv));
                const double zeta = (vv - uu) / (2 * uv);
                const double t = (zeta >= 0 ? 1 : -1) / (fabs(zeta) + sqrt(1 + zeta * zeta));
                const double c = 1 / sqrt(1 + t * t), s = c * t;
                for (size_t k = 0; k < m; k++) {
                    const double was = u[k];
                    u[k] = c * was - s * v[k];
                    v[k] = s * was + c * v[k];
                }
            }
        }
        if (worst < 1e-14) break;
    }
    double least = INFINITY, most = 0;
    for (size_t j = 0; j < n; j++) {
        const double value = sqrt(dot(job->q + j * m, job->q + j * m, m));
        least = fmin(least, value);
        most = fmax(most, value);
    }
    return m < n || !(least > 1e-15 * most) ? INFINITY : most / least;
}

/* Standard errors of x as shares of it, from the residuals and the factor of the active columns. */
static void spread(fit_job *job, pare_fit *fit)
{
    const size_t k = job->n_columns, m = job->m;
    double squares = 0;
    for (size_t j = 0; j < job->n; j++) fit->x_error[j] = NAN;
    if (m <= k || !solve_active(job, m)) return;
    for (size_t i = 0; i < m; i++) squares += fit->residuals[i] * fit->residuals[i];
    const double sigma = sqrt(squares / (double)(m - k));
    for (size_t c = 0; c < k; c++) { /* row c of the inverse of r */
        double row[PARE_FIT_MAX_UNKNOWNS] = { 0 };
        double sum = 0;
        row[c] = 1 / job->r[c * k + c];
        for (size_t p = c + 1; p < k; p++) {
            for (size_t i = c; i < p; i++) row[p] -= row[i] * job->r[i * k + p];
            row[p] /= job->r[p * k + p];
        }
        for (size_t p = c; p < k; p++) sum += row[p] * row[p];
        const size_t j = job->columns[c];
        if (job->x[j] > 0) fit->x_error[j] = sigma * sqrt(sum) / job->x[j];
    }
}

static double predict(const fit_job *job, size_t row)
{
    double sum = 0;
    for (size_t j = 0; j < job->n; j++) sum += job->a[j * job->m + row] * job->x[j];
    return sum;
}

static void judge(fit_job *job, pare_fit *fit)
{
    const size_t m = job->m;
    solve(job, m);
    for (size_t i = 0; i < m; i++) fit->residuals[i] = predict(job, i) - 1;
    for (size_t j = 0; j < job->n; j++)
        fit->x[j] = job->lengths[j] > 0 ? job->x[j] / job->lengths[j] : 0;
    spread(job, fit);
    for (size_t i = 0; i < m; i++) {
        solve(job, i);
        fit->left_out[i] = m > 1 ? predict(job, i) - 1 : NAN;
    }
    fit->error = fit->loo_error = 0;
    for (size_t i = 0; i < m; i++) {
        fit->error += fabs(fit->residuals[i]) / (double)m;
        fit->loo_error += fabs(fit->left_out[i]) / (double)m;
    }
    fit->condition = condition(job);
}

/* --- the whole -------------------------------------------------------------------------------- */

static pare_status check_input(pare_ctx *ctx, size_t m, size_t n, const double *a, const double *b)
{
    if (!m || !n || n > PARE_FIT_MAX_UNKNOWNS)
        return pare_fail(ctx, PARE_EUSAGE, "a fit needs rows and 1 to %d unknowns, found %zu and "
                         "%zu", PARE_FIT_MAX_UNKNOWNS, m, n);
    for (size_t i = 0; i < m; i++) {
        if (!isfinite(b[i]) || !(b[i] > 0))
            return pare_fail(ctx, PARE_EUSAGE,
                             "measurement %zu: expected a number above zero, found %g", i + 1,
                             b[i]);
        for (size_t j = 0; j < n; j++)
            if (!isfinite(a[i * n + j]))
                return pare_fail(ctx, PARE_EUSAGE, "measurement %zu: amount %zu is not finite",
                                 i + 1, j + 1);
    }
    return PARE_OK;
}

static void scale(fit_job *job, const double *a, const double *b)
{
    const size_t m = job->m, n = job->n;
    for (size_t j = 0; j < n; j++) {
        double *column = job->a + j * m;
        double largest = 0;
        for (size_t i = 0; i < m; i++) {
            column[i] = a[i * n + j] / b[i];
            largest = fmax(largest, fabs(column[i]));
        }
        if (!(largest > 0)) continue;
        for (size_t i = 0; i < m; i++) column[i] /= largest;
        const double length = sqrt(dot(column, column, m));
        for (size_t i = 0; i < m; i++) column[i] /= length;
        job->lengths[j] = length * largest;
    }
}

pare_status pare_fit_solve(pare_ctx *ctx, pare_fit *out, size_t n_rows, size_t n_unknowns,
                           const double *a, const double *b)
{
    const size_t m = n_rows, n = n_unknowns;
    size_t n_words = 0;
    *out = (pare_fit){ .n_rows = m, .n_unknowns = n };
    PARE_TRY(check_input(ctx, m, n, a, b));
    if (!pare_mul_size(m + n, 2 * n + 8, &n_words) || n_words > SIZE_MAX / sizeof(double))
        return pare_fail_memory(ctx, SIZE_MAX);
    double *room = pare_alloc_zero(ctx, n_words * sizeof(double)); /* more than is taken below */
    double *kept = pare_alloc_zero(ctx, 2 * (m + n) * sizeof(double));
    if (!room || !kept) {
        pare_free(ctx, room);
        pare_free(ctx, kept);
        return pare_fail_memory(ctx, n_words * sizeof(double));
    }
    out->x = kept;
    out->x_error = out->x + n;
    out->residuals = out->x_error + n;
    out->left_out = out->residuals + m;
    fit_job job = { .m = m, .n = n, .a = room };
    job.q = job.a + n * m;
    job.r = job.q + n * m;
    job.lengths = job.r + n * n;
    job.x = job.lengths + n;
    job.s = job.x + n;
    job.w = job.s + n;
    job.z = job.w + n;
    scale(&job, a, b);
    judge(&job, out);
    pare_free(ctx, room);
    return PARE_OK;
}

pare_status pare_fit_check(pare_ctx *ctx, const pare_fit *fit)
{
    if (fit->n_rows < 2 * fit->n_unknowns)
        return pare_fail(ctx, PARE_EFORMAT,
                         "%zu measurements cannot settle %zu unknowns: at least %zu are needed",
                         fit->n_rows, fit->n_unknowns, 2 * fit->n_unknowns);
    if (!(fit->condition <= PARE_FIT_MAX_CONDITION))
        return pare_fail(ctx, PARE_EFORMAT,
                         "the measurements are too much alike to tell the unknowns apart: "
                         "condition number %.3g, at most %.0g is allowed", fit->condition,
                         PARE_FIT_MAX_CONDITION);
    return PARE_OK;
}

void pare_fit_free(pare_ctx *ctx, pare_fit *fit)
{
    pare_free(ctx, fit->x);
    *fit = (pare_fit){ 0 };
}
