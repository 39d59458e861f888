/* Factorisations in double precision: what second-order quantization, repair and low rank solve
 * with. All matrices are dense and row-major. LAPACK (OpenBLAS) is loaded when it is first asked
 * for, with one thread and a core type that belongs to the kernel level, so that the same bits come
 * out at any number of threads; where there is none, plain C computes the same more slowly (other
 * bits). */
#ifndef PARE_BASE_LINALG_H
#define PARE_BASE_LINALG_H

#include "base/ctx.h"

#include <stdbool.h>

typedef struct pare_linalg pare_linalg;

typedef struct pare_linalg_opts {
    const char *level;        /* kernel level: "scalar", "avx2", "avx512"; NULL: "scalar" */
    bool plain;               /* without OpenBLAS */
} pare_linalg_opts;

/* Finds what there is; opts may be NULL. A core type is for the whole process: that of the first
 * call stays. ENOMEM. The caller closes it. */
pare_status pare_linalg_open(pare_ctx *ctx, pare_linalg **out, const pare_linalg_opts *opts);
void pare_linalg_close(pare_ctx *ctx, pare_linalg *linalg); /* accepts NULL */

/* What computes, for reports: "OpenBLAS 0.3.21 Haswell", "plain". */
const char *pare_linalg_name(const pare_linalg *linalg);

/* a [n, n] symmetric, of which the lower triangle counts, becomes L with a = L * L', zero above.
 * EFORMAT when it is not positive definite, or holds a NaN; a is then spoilt. */
pare_status pare_linalg_cholesky(pare_ctx *ctx, const pare_linalg *linalg, int64_t n, double *a);

/* The same for what may be singular: tries with nothing added to the diagonal, then 1e-10 of its
 * mean, then ten times as much, until it succeeds; *added receives it. Diagonals that are all 0
 * count as mean 1. l receives L, a stays. EFORMAT for NaN, infinities, and what 1e10 times the mean
 * does not mend. */
pare_status pare_linalg_cholesky_jitter(pare_ctx *ctx, const pare_linalg *linalg, int64_t n,
                                        const double *a, double *l, double *added);

/* Rows of b [m, n] become rows x with (L * L') x = b. */
void pare_linalg_cholesky_solve(const pare_linalg *linalg, int64_t n, const double *l, int64_t m,
                                double *b);

/* Rows of b [m, n] become rows x with L x = b; or, if transposed, L' x = b. */
void pare_linalg_lower_solve(const pare_linalg *linalg, bool transposed, int64_t n, const double *l,
                             int64_t m, double *b);

/* L, lower triangular without zeros on its diagonal, becomes its inverse. */
void pare_linalg_lower_inverse(const pare_linalg *linalg, int64_t n, double *l);

/* From L of the matrix: the inverse of L * L', both triangles, in inverse [n, n]. */
void pare_linalg_cholesky_inverse(const pare_linalg *linalg, int64_t n, const double *l,
                                  double *inverse);

/* c [m, n] = a [m, k] * b [k, n]; b is [n, k] if transposed. */
void pare_linalg_multiply(const pare_linalg *linalg, bool b_transposed, int64_t m, int64_t n,
                          int64_t k, const double *a, const double *b, double *c);

/* Rows x of out [m, n] that are best for  x' (gram + ridge) x - 2 x' rhs : the least squares whose
 * normal equations these are, pulled towards 0. gram [n, n], rhs [m, n], ridge as a part of the
 * mean of gram's diagonal. Jitter as needed. As pare_linalg_cholesky_jitter; ENOMEM. out may be
 * rhs. */
pare_status pare_linalg_least_squares(pare_ctx *ctx, const pare_linalg *linalg, int64_t n,
                                      const double *gram, double ridge, int64_t m,
                                      const double *rhs, double *out);

/* Thin singular value decomposition: a [m, n] = u [m, k] * diag(s) * vt [k, n], k = min(m, n), s
 * descending; of each row of vt the largest component is positive. a stays. EFORMAT for NaN and
 * infinities; ENOMEM. */
pare_status pare_linalg_svd(pare_ctx *ctx, const pare_linalg *linalg, int64_t m, int64_t n,
                            const double *a, double *u, double *s, double *vt);

#endif
