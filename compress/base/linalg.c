#include "base/linalg.h"

#include "base/bytes.h"
#include "base/checked.h"
#include "base/linalg_plain.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Fortran's LAPACK: columns follow each other, so that what is L, row by row, here is U = L'
 * there. Lengths of strings come last. */
typedef int32_t fint;
typedef void potrf_fn(const char *uplo, const fint *n, double *a, const fint *lda, fint *info,
                      size_t);
typedef void trtri_fn(const char *uplo, const char *diag, const fint *n, double *a,
                      const fint *lda, fint *info, size_t, size_t);
typedef void trsm_fn(const char *side, const char *uplo, const char *trans, const char *diag,
                     const fint *m, const fint *n, const double *alpha, const double *a,
                     const fint *lda, double *b, const fint *ldb, size_t, size_t, size_t, size_t);
typedef void gemm_fn(const char *ta, const char *tb, const fint *m, const fint *n, const fint *k,
                     const double *alpha, const double *a, const fint *lda, const double *b,
                     const fint *ldb, const double *beta, double *c, const fint *ldc, size_t,
                     size_t);
typedef void gesdd_fn(const char *job, const fint *m, const fint *n, double *a, const fint *lda,
                      double *s, double *u, const fint *ldu, double *vt, const fint *ldvt,
                      double *work, const fint *lwork, fint *iwork, fint *info, size_t);

struct pare_linalg {
    void *library;            /* NULL: plain C */
    potrf_fn *potrf, *potri;
    trtri_fn *trtri;
    trsm_fn *trsm;
    gemm_fn *gemm;
    gesdd_fn *gesdd;
    char name[96];
};

/* --- finding it ------------------------------------------------------------------------------- */

/* Below this limit Debian's build has been seen to hang while it is loaded. */
static const rlim_t enough_bytes = (rlim_t)1 << 30;

static bool has_room(void)
{
    struct rlimit data, space;
    return !getrlimit(RLIMIT_DATA, &data) && data.rlim_cur >= enough_bytes &&
           !getrlimit(RLIMIT_AS, &space) && space.rlim_cur >= enough_bytes;
}

enum { MAX_VALUE = 128 };

/* Loads with variables of the environment set, which are put back as they were. NULL, too, when one
 * is too long to be kept. */
static void *load_with(const char *const *names, const char *const *values, size_t n)
{
    char before[2][MAX_VALUE];
    bool was_set[2];
    for (size_t i = 0; i < n; i++) {
        const char *old = getenv(names[i]);
        was_set[i] = old != NULL;
        if (snprintf(before[i], MAX_VALUE, "%s", old ? old : "") >= MAX_VALUE) return NULL;
    }
    bool is_set = true;
    for (size_t i = 0; i < n; i++) is_set &= setenv(names[i], values[i], 1) == 0;
    void *library =
        is_set ? dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) : NULL;
    for (size_t i = 0; i < n; i++) {
        if (was_set[i]) setenv(names[i], before[i], 1);
        else unsetenv(names[i]);
    }
    return library;
}

/* dlsym's result as a function, which C has no conversion for. */
static bool find(void *library, const char *name, void *function)
{
    void *symbol = dlsym(library, name);
    memcpy(function, &symbol, sizeof(symbol));
    return symbol != NULL;
}

static const char *core_of(const char *level)
{
    if (level && pare_str_eq(level, "avx512")) return "SkylakeX";
    if (level && pare_str_eq(level, "avx2")) return "Haswell";
    return "Nehalem";
}

static void load(pare_linalg *l, const char *level)
{
    const char *const names[] = { "OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE" };
    const char *const values[] = { "1", core_of(level) };
    void (*set_threads)(int) = NULL;
    char *(*config)(void) = NULL;
    void *library = has_room() ? load_with(names, values, 2) : NULL;
    if (!library) return;
    const bool complete = find(library, "dpotrf_", &l->potrf) &&
                          find(library, "dpotri_", &l->potri) &&
                          find(library, "dtrtri_", &l->trtri) &&
                          find(library, "dtrsm_", &l->trsm) && find(library, "dgemm_", &l->gemm) &&
                          find(library, "dgesdd_", &l->gesdd) &&
                          find(library, "openblas_set_num_threads", &set_threads) &&
                          find(library, "openblas_get_config", &config);
    if (!complete) {
        dlclose(library);
        return;
    }
    set_threads(1);
    char *(*core)(void) = NULL;
    const char *about = config(); /* "OpenBLAS 0.3.21 NO_LAPACKE ..." */
    const char *version = strchr(about, ' ');
    const size_t length = version ? (size_t)(version + 1 - about) + strcspn(version + 1, " ") : 0;
    snprintf(l->name, sizeof(l->name), "%.*s %s", (int)length, about,
             find(library, "openblas_get_corename", &core) ? core() : "");
    l->library = library;
}

pare_status pare_linalg_open(pare_ctx *ctx, pare_linalg **out, const pare_linalg_opts *opts)
{
    pare_linalg *l = *out = pare_alloc_zero(ctx, sizeof(*l));
    if (!l) return pare_fail_memory(ctx, sizeof(*l));
    snprintf(l->name, sizeof(l->name), "plain");
    if (!opts || !opts->plain) load(l, opts ? opts->level : NULL);
    return PARE_OK;
}

void pare_linalg_close(pare_ctx *ctx, pare_linalg *l)
{
    if (l && l->library) dlclose(l->library);
    pare_free(ctx, l);
}

const char *pare_linalg_name(const pare_linalg *l)
{
    return l->name;
}

/* --- factors ---------------------------------------------------------------------------------- */

static bool is_finite(int64_t n, const double *x)
{
    double sum = 0; /* NaN if any is NaN or infinite: 0 * x */
    for (int64_t i = 0; i < n; i++) sum += 0 * x[i];
    return sum == 0;
}

/* Whether LAPACK is there and its integers hold such sizes. */
static bool is_fast(const pare_linalg *l, int64_t n, int64_t m)
{
    return l->library && n > 0 && m > 0 && n < INT32_MAX && m < INT32_MAX;
}

static bool factor(const pare_linalg *l, int64_t n, double *a)
{
    if (!is_fast(l, n, n)) return pare_plain_cholesky(n, a);
    const fint size = (fint)n;
    fint info = 0;
    for (int64_t i = 0; i < n; i++)
        if (!is_finite(i + 1, a + i * n)) return false;
    l->potrf("U", &size, a, &size, &info, 1);
    for (int64_t i = 0; i < n; i++)
        memset(a + i * n + i + 1, 0, (size_t)(n - i - 1) * sizeof(*a));
    return info == 0;
}

pare_status pare_linalg_cholesky(pare_ctx *ctx, const pare_linalg *l, int64_t n, double *a)
{
    if (factor(l, n, a)) return PARE_OK;
    return pare_fail(ctx, PARE_EFORMAT, "a matrix of second moments is not positive definite");
}

pare_status pare_linalg_cholesky_jitter(pare_ctx *ctx, const pare_linalg *l, int64_t n,
                                        const double *a, double *factored, double *added)
{
    enum { TRIES = 22 };
    double mean = 0;
    for (int64_t i = 0; i < n; i++) mean += a[i * n + i] / (double)n;
    if (mean == 0) mean = 1;
    *added = 0;
    if (!is_finite(n * n, a))
        return pare_fail(ctx, PARE_EFORMAT, "a matrix of second moments holds NaN or infinity");
    for (int i = 0; i < TRIES && mean > 0; i++) {
        memcpy(factored, a, (size_t)(n * n) * sizeof(*a));
        for (int64_t k = 0; k < n; k++) factored[k * n + k] += *added;
        if (factor(l, n, factored)) return PARE_OK;
        *added = *added == 0 ? mean * 1e-10 : *added * 10;
    }
    return pare_fail(ctx, PARE_EFORMAT, "a matrix of second moments is far from positive definite");
}

void pare_linalg_lower_solve(const pare_linalg *l, bool transposed, int64_t n, const double *lower,
                             int64_t m, double *b)
{
    if (!is_fast(l, n, m)) {
        pare_plain_lower_solve(transposed, n, lower, m, b);
        return;
    }
    const fint rows = (fint)n, columns = (fint)m;
    const double one = 1;
    l->trsm("L", "U", transposed ? "N" : "T", "N", &rows, &columns, &one, lower, &rows, b, &rows, 1,
            1, 1, 1);
}

void pare_linalg_cholesky_solve(const pare_linalg *l, int64_t n, const double *lower, int64_t m,
                                double *b)
{
    pare_linalg_lower_solve(l, false, n, lower, m, b);
    pare_linalg_lower_solve(l, true, n, lower, m, b);
}

void pare_linalg_lower_inverse(const pare_linalg *l, int64_t n, double *lower)
{
    if (!is_fast(l, n, n)) {
        pare_plain_lower_inverse(n, lower);
        return;
    }
    const fint size = (fint)n;
    fint info = 0;
    l->trtri("U", "N", &size, lower, &size, &info, 1, 1);
}

void pare_linalg_cholesky_inverse(const pare_linalg *l, int64_t n, const double *lower,
                                  double *inverse)
{
    memcpy(inverse, lower, (size_t)(n * n) * sizeof(*lower));
    if (is_fast(l, n, n)) {
        const fint size = (fint)n;
        fint info = 0;
        l->potri("U", &size, inverse, &size, &info, 1);
    } else {
        pare_plain_lower_inverse(n, inverse);
        for (int64_t i = 0; i < n; i++) /* row i of the product needs rows from i on only */
            for (int64_t j = 0; j <= i; j++) {
                double sum = 0;
                for (int64_t k = i; k < n; k++) sum += inverse[k * n + i] * inverse[k * n + j];
                inverse[i * n + j] = sum;
            }
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i + 1; j < n; j++) inverse[i * n + j] = inverse[j * n + i];
}

void pare_linalg_multiply(const pare_linalg *l, bool b_transposed, int64_t m, int64_t n, int64_t k,
                          const double *a, const double *b, double *c)
{
    if (!is_fast(l, n, m) || !is_fast(l, k, k)) {
        pare_plain_multiply(b_transposed, m, n, k, a, b, c);
        return;
    }
    const fint rows = (fint)m, columns = (fint)n, depth = (fint)k;
    const double one = 1, zero = 0;
    l->gemm(b_transposed ? "T" : "N", "N", &columns, &rows, &depth, &one, b,
            b_transposed ? &depth : &columns, a, &depth, &zero, c, &columns, 1, 1);
}

pare_status pare_linalg_least_squares(pare_ctx *ctx, const pare_linalg *l, int64_t n,
                                      const double *gram, double ridge, int64_t m,
                                      const double *rhs, double *out)
{
    size_t n_bytes = 0;
    if (!pare_mul_size((size_t)n, (size_t)n * 2 * sizeof(double), &n_bytes))
        return pare_fail_memory(ctx, SIZE_MAX);
    double *ridged = pare_alloc(ctx, n_bytes + 1), added = 0, mean = 0;
    if (!ridged) return pare_fail_memory(ctx, n_bytes);
    double *lower = ridged + n * n;
    memcpy(ridged, gram, (size_t)(n * n) * sizeof(*gram));
    for (int64_t i = 0; i < n; i++) mean += gram[i * n + i] / (double)n;
    for (int64_t i = 0; i < n; i++) ridged[i * n + i] += ridge * mean;
    const pare_status st = pare_linalg_cholesky_jitter(ctx, l, n, ridged, lower, &added);
    if (!st) {
        if (out != rhs) memcpy(out, rhs, (size_t)(m * n) * sizeof(*rhs));
        pare_linalg_cholesky_solve(l, n, lower, m, out);
    }
    pare_free(ctx, ridged);
    return st;
}

/* --- singular values -------------------------------------------------------------------------- */

static pare_status svd_fast(pare_ctx *ctx, const pare_linalg *l, int64_t m, int64_t n,
                            double *a, double *u, double *s, double *vt)
{
    const fint rows = (fint)n, columns = (fint)m, k = rows < columns ? rows : columns;
    fint *iwork = pare_alloc(ctx, 8 * (size_t)k * sizeof(*iwork)), info = 0, lwork = -1;
    double want = 0, *work = NULL;
    if (!iwork) return pare_fail_memory(ctx, 8 * (size_t)k * sizeof(*iwork));
    l->gesdd("S", &rows, &columns, a, &rows, s, vt, &rows, u, &k, &want, &lwork, iwork, &info, 1);
    if (want < INT32_MAX) {
        lwork = (fint)want;
        work = pare_alloc(ctx, (size_t)lwork * sizeof(*work));
    }
    if (work)
        l->gesdd("S", &rows, &columns, a, &rows, s, vt, &rows, u, &k, work, &lwork, iwork, &info,
                 1);
    const pare_status st =
        !work ? pare_fail_memory(ctx, (size_t)want * sizeof(*work))
        : info ? pare_fail(ctx, PARE_EFORMAT, "singular values of a matrix did not settle")
               : PARE_OK;
    pare_free(ctx, work);
    pare_free(ctx, iwork);
    return st;
}

static void swap_rows(int64_t n, double *a, double *b)
{
    for (int64_t i = 0; i < n; i++) {
        const double was = a[i];
        a[i] = b[i];
        b[i] = was;
    }
}

/* Of the longer side's transposed: at [k, length] are columns, of which each becomes s times a unit
 * vector; vt [k, k]. Largest first. */
static void svd_tall(int64_t length, int64_t k, double *at, double *s, double *vt)
{
    pare_plain_svd(length, k, at, s, vt);
    for (int64_t i = 0; i < k; i++) {
        int64_t best = i;
        for (int64_t j = i + 1; j < k; j++)
            if (s[j] > s[best]) best = j;
        if (best != i) {
            swap_rows(1, s + i, s + best);
            swap_rows(length, at + i * length, at + best * length);
            swap_rows(k, vt + i * k, vt + best * k);
        }
        for (int64_t j = 0; j < length; j++) at[i * length + j] /= s[i] > 0 ? s[i] : 1;
    }
}

static pare_status svd_plain(pare_ctx *ctx, int64_t m, int64_t n, const double *a, double *u,
                             double *s, double *vt)
{
    const int64_t k = m < n ? m : n, length = m < n ? n : m;
    const size_t n_bytes = (size_t)(length * k + k * k) * sizeof(double);
    double *at = pare_alloc(ctx, n_bytes), *small = at + length * k;
    if (!at) return pare_fail_memory(ctx, n_bytes);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) at[m < n ? i * n + j : j * m + i] = a[i * n + j];
    svd_tall(length, k, at, s, small);
    for (int64_t c = 0; c < k; c++) {
        for (int64_t j = 0; j < n; j++) vt[c * n + j] = m < n ? at[c * n + j] : small[c * k + j];
        for (int64_t i = 0; i < m; i++) u[i * k + c] = m < n ? small[c * k + i] : at[c * m + i];
    }
    pare_free(ctx, at);
    return PARE_OK;
}

static void settle_signs(int64_t m, int64_t n, int64_t k, double *u, double *vt)
{
    for (int64_t c = 0; c < k; c++) {
        int64_t largest = 0;
        for (int64_t j = 1; j < n; j++)
            if (fabs(vt[c * n + j]) > fabs(vt[c * n + largest])) largest = j;
        if (!(vt[c * n + largest] < 0)) continue;
        for (int64_t j = 0; j < n; j++) vt[c * n + j] = -vt[c * n + j];
        for (int64_t i = 0; i < m; i++) u[i * k + c] = -u[i * k + c];
    }
}

pare_status pare_linalg_svd(pare_ctx *ctx, const pare_linalg *l, int64_t m, int64_t n,
                            const double *a, double *u, double *s, double *vt)
{
    const int64_t k = m < n ? m : n;
    pare_status st = PARE_OK;
    if (!is_finite(m * n, a))
        return pare_fail(ctx, PARE_EFORMAT, "a matrix to decompose holds NaN or infinity");
    if (k == 0) return PARE_OK;
    if (is_fast(l, n, m)) {
        const size_t n_bytes = (size_t)(m * n) * sizeof(*a);
        double *copy = pare_alloc(ctx, n_bytes);
        if (!copy) return pare_fail_memory(ctx, n_bytes);
        memcpy(copy, a, n_bytes);
        st = svd_fast(ctx, l, m, n, copy, u, s, vt);
        pare_free(ctx, copy);
    } else {
        st = svd_plain(ctx, m, n, a, u, s, vt);
    }
    if (!st) settle_signs(m, n, k, u, vt);
    return st;
}
