/* Bias correction: rounding shifts the mean of what products give; their biases take that back. */
#ifndef PARE_QUANT_CORRECT_H
#define PARE_QUANT_CORRECT_H

#include "base/contract/dataset.h"
#include "base/pool.h"
#include "ir/model.h"

typedef struct pare_correct_opts {
    const pare_dataset *data;
    pare_pool *pool;
    uint64_t first, n_samples; /* of the data set; n_samples 0: to its end */
} pare_correct_opts;

typedef struct pare_correct_report {
    uint64_t n_corrected;     /* biases that changed */
    uint64_t n_added;         /* of them: products that had none before */
    uint64_t n_left;          /* products whose bias could not be changed, or had better not be */
} pare_correct_report;

/* Changes the biases of products whose weights, inputs or both are quantized, so that each output
 * channel has the mean that it has in floats, for the inputs that it gets in the quantized model.
 *
 * model      the quantized one: Q/DQ, or weights behind DequantizeLinear, or MatMulNBits
 * reference  the model that it was made of, handles being the same: a clone made just before
 *            quantization was written
 *
 * One pass: beside each product runs its own twin in floats, on the values before they were
 * rounded, so that no layer is blamed for what came from before it. A MatMul is corrected in the
 * constant Add behind it. int32 biases keep their scales; products without a bias get one, int32 in
 * the product of the scales where inputs and weights are integers. Shifts that are small against
 * their own uncertainty, as far as samples differ, are shrunk towards 0; fewer than 8 samples
 * change nothing. Memory: O(channels), beside running both. Fails as pare_survey_run. */
pare_status pare_correct_biases(pare_ctx *ctx, pare_model *model, const pare_model *reference,
                                const pare_correct_opts *opts, pare_correct_report *report);

#endif
