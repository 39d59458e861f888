/* Codes for the weights of a linear node by what becomes of its output, not by each weight alone.
 */
#ifndef PARE_QUANT_SOLVE_H
#define PARE_QUANT_SOLVE_H

#include "quant/weights.h"
#include "stats/gram.h"

typedef enum pare_algorithm {
    PARE_ALGORITHM_AUTO,      /* gptq with moments; scale-fit up to 4 bits; else rtn */
    PARE_ALGORITHM_RTN,       /* to the nearest code */
    PARE_ALGORITHM_SCALE_FIT, /* scales of least error, weighted with mean x^2 if that is known */
    PARE_ALGORITHM_GPTQ,      /* rounding errors made up for by the weights that follow, then least
                                 squares by coordinates over codes, scales and zero points */
    PARE_ALGORITHM_AWQ,       /* as scale-fit: what it adds is done to the model before
                                 (quant/smooth.h) */
    PARE_ALGORITHM_HQQ,       /* no data: few large errors rather than many small ones, by free zero
                                 points */
} pare_algorithm;

/* "auto", "rtn", ...; PARE_N_ALGORITHMS of them. NULL beyond. */
enum { PARE_N_ALGORITHMS = PARE_ALGORITHM_HQQ + 1 };
const char *pare_algorithm_name(pare_algorithm algorithm);

typedef struct pare_solve_opts {
    pare_weight_opts weights; /* form, signed_scale, taps_apart, per_tensor; fit and importance do
                                 not count */
    pare_algorithm algorithm;
    const pare_gram *gram;    /* of the node; NULL: no data */
    double damping;           /* of moments, as a part of the mean of their diagonal; 0: 0.01,
                                 and more where rows are few */
    bool may_shift;           /* the mean of outputs may be put right behind the node
                                 (quant/shift.h): only what varies then counts as an error */
} pare_solve_opts;

/* What was found; pare_solution_free frees it. */
typedef struct pare_solution {
    pare_weight_codes *codes;
    float *shift;             /* [out] to be added to outputs; NULL: nothing is */
    pare_algorithm algorithm; /* that was used */
    double error, rtn_error;  /* mean squared error of outputs, by their mean square (variances,
                                 where outputs are shifted), of these codes and of rounding to
                                 nearest; NaN without moments */
} pare_solution;

/* Quantizes the weights (float32) of a node. Targets of the moments, where they have some, are
 * what the output shall be; else the output of the float weights is. With moments no row's error is
 * above that of rounding to nearest. EFORMAT, naming the tensor, when a weight is NaN or infinite;
 * EUSAGE for moments of another shape; ENOMEM. The same bits at any number of threads. */
pare_status pare_weights_solve(pare_ctx *ctx, pare_solution *out, const pare_model *model,
                               const pare_linear *linear, pare_pool *pool,
                               const pare_solve_opts *opts);
void pare_solution_free(pare_ctx *ctx, pare_solution *solution); /* accepts NULL */

#endif
