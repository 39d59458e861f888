/* Fitting coefficients to measurements: non-negative least squares on arrays, with what tells
 * whether the result may be trusted. Knows nothing of targets. */
#ifndef PARE_ENERGY_FIT_H
#define PARE_ENERGY_FIT_H

#include "base/ctx.h"

#include <stdbool.h>

enum { PARE_FIT_MAX_UNKNOWNS = 64 };

/* Above this condition number the measurements cannot tell the unknowns apart. */
#define PARE_FIT_MAX_CONDITION 1e4

typedef struct pare_fit {
    size_t n_rows, n_unknowns;
    double *x;          /* [n_unknowns] none below zero */
    double *x_error;    /* [n_unknowns] standard error of x as a share of it; NaN where x is zero or
                           there are no more rows than unknowns */
    double *residuals;  /* [n_rows] what the fit says over what was measured, less 1 */
    double *left_out;   /* [n_rows] the same for a fit without that row */
    double condition;   /* of the weighted matrix with columns of length 1; infinite when a column
                           says nothing that others do not */
    double error;       /* mean of |residuals| */
    double loo_error;   /* mean of |left_out|: what to expect of a model that was not measured */
} pare_fit;

/* Finds x >= 0 that makes the sum over rows of ((A x - b) / b)^2 least, by Lawson and Hanson.
 *   a   [n_rows, n_unknowns] finite; amounts, e.g. MACs, bytes, seconds
 *   b   [n_rows] finite and above zero: what was measured
 * The caller frees what *out owns with pare_fit_free. EUSAGE: no row, no unknown or more than
 * PARE_FIT_MAX_UNKNOWNS, b not above zero, anything not finite; ENOMEM. */
pare_status pare_fit_solve(pare_ctx *ctx, pare_fit *out, size_t n_rows, size_t n_unknowns,
                           const double *a, const double *b);

/* EFORMAT saying why a fit is not to be trusted: fewer rows than twice the unknowns, or a condition
 * above PARE_FIT_MAX_CONDITION. */
pare_status pare_fit_check(pare_ctx *ctx, const pare_fit *fit);

void pare_fit_free(pare_ctx *ctx, pare_fit *fit); /* accepts a zeroed one */

#endif
