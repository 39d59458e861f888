/* What linalg.h promises, in plain C: where no LAPACK is found, and as what it is compared with.
 * Inside of base only; contracts as there. */
#ifndef PARE_BASE_LINALG_PLAIN_H
#define PARE_BASE_LINALG_PLAIN_H

#include "base/ctx.h"

#include <stdbool.h>

/* False when a is not positive definite. */
bool pare_plain_cholesky(int64_t n, double *a);
void pare_plain_lower_solve(bool transposed, int64_t n, const double *l, int64_t m, double *b);
void pare_plain_lower_inverse(int64_t n, double *l);
void pare_plain_multiply(bool b_transposed, int64_t m, int64_t n, int64_t k, const double *a,
                         const double *b, double *c);

/* m >= n, by rotations of pairs of columns. Rows of at [n, m] are the columns of a; they become
 * those of u times s; v [n, n] receives rows of vt. Not sorted. */
void pare_plain_svd(int64_t m, int64_t n, double *at, double *s, double *vt);

#endif
