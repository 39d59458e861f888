/* Better places for the zeros of n:m, by exchanges. Inside of prune only. */
#ifndef PARE_PRUNE_SPARSE_SWAP_H
#define PARE_PRUNE_SPARSE_SWAP_H

#include "base/linalg.h"
#include "prune/sparse_pattern.h"

/* Improves rows of weights w [m, n] of which those with kept [m, n] false are 0, towards the least
 * d' h d, d = w - wanted, which errors [m] has and receives: as long as it pays, a weight of a cell
 * goes and another of that cell comes back, and all are fitted anew. ENOMEM. */
pare_status pare_sparse_swap(pare_ctx *ctx, const pare_linalg *linalg, const pare_sparse_cut *cut,
                             int64_t m, const double *h, const double *wanted, bool *kept,
                             double *w, double *errors);

#endif
