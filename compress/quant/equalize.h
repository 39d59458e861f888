/* Cross-layer equalization: scaling channels between two products, the one up and the other down,
 * so that the weights and the values between them lose less to rounding. What the model computes in
 * floats stays. */
#ifndef PARE_QUANT_EQUALIZE_H
#define PARE_QUANT_EQUALIZE_H

#include "base/contract/dataset.h"
#include "base/pool.h"
#include "ir/model.h"
#include "quant/row.h"

typedef struct pare_equalize_opts {
    const pare_weight_form *form; /* that weights will have, to judge by */
    bool per_tensor;          /* one scale for all weights of a node */
    bool always;              /* whether or not weights come out better */
    const pare_dataset *data; /* NULL: nothing is known about values: no ReLU6 becomes a ReLU, no
                                 bias is absorbed */
    pare_pool *pool;
    uint64_t first, n_samples; /* of the data set; n_samples 0: to its end */
} pare_equalize_opts;

typedef struct pare_equalize_report {
    uint64_t n_pairs;         /* found */
    uint64_t n_equalized;     /* of them: scaled */
    uint64_t n_unclipped;     /* ReLU6 that became ReLU: nothing in the data came near 6 */
    uint64_t n_absorbed;      /* channels whose high bias went into the next product */
    double error_before, error_after; /* mean over pairs of noise by signal of the weights of a
                                 channel, on both sides */
} pare_equalize_report;

/* Finds pairs of Conv, ConvTranspose, Gemm and MatMul with constant weights of their own, the first
 * being read by the second alone, through Relu, LeakyRelu, Identity and pools, depthwise ones among
 * them. For each channel i, weights of the first are divided, those of the second multiplied, by
 * sqrt(r1 / r2), r being the largest magnitude, again and again until that changes nothing (M.
 * Nagel et al., Data-free quantization through weight equalization and bias correction, 2019).
 * Chains of pairs are kept where their weights come out a fifth better on the whole, and left alone
 * elsewhere. With data, Clips from 0 that cut nothing become Relu first; and where a Relu's channel
 * never came below c > 0, and the next product pads nothing, c moves into that one's bias. Channels
 * without weights on one side stay. EFORMAT for weights that are no numbers; ENOMEM; with data, as
 * pare_survey_run. */
pare_status pare_equalize(pare_ctx *ctx, pare_model *model, const pare_equalize_opts *opts,
                          pare_equalize_report *report);

#endif
