#include "base/linalg_plain.h"

#include <math.h>
#include <string.h>

/* Eight partial sums, so that they do not wait for each other. */
static double dot(int64_t n, const double *a, const double *b)
{
    double part[8] = { 0 };
    int64_t i = 0;
    for (; i + 8 <= n; i += 8)
        for (int64_t j = 0; j < 8; j++) part[j] += a[i + j] * b[i + j];
    for (int64_t j = 0; i < n; i++, j++) part[j] += a[i] * b[i];
    return ((part[0] + part[4]) + (part[1] + part[5])) +
           ((part[2] + part[6]) + (part[3] + part[7]));
}

static void add_multiple(int64_t n, double factor, const double *x, double *y)
{
    for (int64_t i = 0; i < n; i++) y[i] += factor * x[i];
}

bool pare_plain_cholesky(int64_t n, double *a)
{
    for (int64_t i = 0; i < n; i++) {
        double *row = a + i * n;
        for (int64_t j = 0; j < i; j++)
            row[j] = (row[j] - dot(j, row, a + j * n)) / a[j * n + j];
        const double rest = row[i] - dot(i, row, row);
        if (!(rest > 0) || !isfinite(rest)) return false;
        row[i] = sqrt(rest);
        memset(row + i + 1, 0, (size_t)(n - i - 1) * sizeof(*row));
    }
    return true;
}

void pare_plain_lower_solve(bool transposed, int64_t n, const double *l, int64_t m, double *b)
{
    for (int64_t r = 0; r < m; r++) {
        double *x = b + r * n;
        if (!transposed)
            for (int64_t i = 0; i < n; i++) x[i] = (x[i] - dot(i, l + i * n, x)) / l[i * n + i];
        else
            for (int64_t i = n; i-- > 0;) {
                x[i] /= l[i * n + i];
                add_multiple(i, -x[i], l + i * n, x);
            }
    }
}

/* Row i of the inverse from the rows above, which are inverted already. */
void pare_plain_lower_inverse(int64_t n, double *l)
{
    for (int64_t i = 0; i < n; i++) {
        double *row = l + i * n;
        const double diagonal = 1 / row[i];
        for (int64_t k = 0; k < i; k++) {
            const double factor = -row[k] * diagonal;
            row[k] = 0;
            add_multiple(k + 1, factor, l + k * n, row);
        }
        row[i] = diagonal;
    }
}

void pare_plain_multiply(bool b_transposed, int64_t m, int64_t n, int64_t k, const double *a,
                         const double *b, double *c)
{
    for (int64_t i = 0; i < m; i++) {
        double *row = c + i * n;
        if (b_transposed)
            for (int64_t j = 0; j < n; j++) row[j] = dot(k, a + i * k, b + j * k);
        else {
            memset(row, 0, (size_t)n * sizeof(*row));
            for (int64_t p = 0; p < k; p++) add_multiple(n, a[i * k + p], b + p * n, row);
        }
    }
}

static void rotate(int64_t n, double c, double s, double *x, double *y)
{
    for (int64_t i = 0; i < n; i++) {
        const double was = x[i];
        x[i] = c * was - s * y[i];
        y[i] = s * was + c * y[i];
    }
}

/* Makes columns p and q orthogonal (Hestenes); whether they were not. */
static bool rotate_pair(int64_t m, int64_t n, double *at, double *vt, int64_t p, int64_t q)
{
    double *x = at + p * m, *y = at + q * m;
    const double xx = dot(m, x, x), yy = dot(m, y, y), xy = dot(m, x, y);
    if (fabs(xy) <= 1e-15 * sqrt(xx * yy) || xy == 0) return false;
    const double zeta = (yy - xx) / (2 * xy);
    const double t = copysign(1, zeta) / (fabs(zeta) + sqrt(1 + zeta * zeta));
    const double c = 1 / sqrt(1 + t * t), s = c * t;
    rotate(m, c, s, x, y);
    rotate(n, c, s, vt + p * n, vt + q * n);
    return true;
}

void pare_plain_svd(int64_t m, int64_t n, double *at, double *s, double *vt)
{
    enum { MAX_SWEEPS = 60 };
    bool moved = true;
    memset(vt, 0, (size_t)(n * n) * sizeof(*vt));
    for (int64_t i = 0; i < n; i++) vt[i * n + i] = 1;
    for (int sweep = 0; moved && sweep < MAX_SWEEPS; sweep++) {
        moved = false;
        for (int64_t p = 0; p < n; p++)
            for (int64_t q = p + 1; q < n; q++) moved |= rotate_pair(m, n, at, vt, p, q);
    }
    for (int64_t i = 0; i < n; i++) s[i] = sqrt(dot(m, at + i * m, at + i * m));
}
