/* Least squares with zeros where they have to be. Inside of prune only. */
#ifndef PARE_PRUNE_SPARSE_FIT_H
#define PARE_PRUNE_SPARSE_FIT_H

#include "base/linalg.h"

/* Improves rows of weights w [m, n], of which those with kept [m, n] false are 0 and stay so,
 * towards the least d' h d, d = w - wanted, for each row. h [n, n] positive definite. Conjugate
 * gradients, as far as they are worth it. errors [m] receives d' h d. ENOMEM. */
pare_status pare_sparse_fit(pare_ctx *ctx, const pare_linalg *linalg, int64_t n, int64_t m,
                            const double *h, const double *wanted, const bool *kept, double *w,
                            double *errors);

#endif
