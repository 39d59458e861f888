/* SmoothQuant: channels of activations that are much larger than others waste the grid of all;
 * dividing them, and multiplying the weights that read them, moves the difference to where each
 * row has a scale of its own. What the model computes in floats stays. */
#ifndef PARE_QUANT_SMOOTH_H
#define PARE_QUANT_SMOOTH_H

#include "base/contract/dataset.h"
#include "base/pool.h"
#include "ir/model.h"
#include "quant/row.h"
#include "stats/range.h"

typedef struct pare_smooth_opts {
    const pare_weight_form *form; /* that weights will have */
    const pare_grid_form *grid; /* that activations will have; NULL: they stay floats, see below */
    bool per_tensor;          /* one scale for all weights of a node; with grid alone */
    bool always;              /* wherever there is anything to gain, little as it may be */
    bool may_insert;          /* a Mul, where nothing before it can take the division */
    const pare_dataset *data;
    pare_pool *pool;
    uint64_t first, n_samples; /* of the data set; n_samples 0: to its end */
} pare_smooth_opts;

typedef struct pare_smooth_report {
    uint64_t n_found;         /* values that MatMul and Gemm with constant weights read */
    uint64_t n_smoothed;      /* of them: divided */
    uint64_t n_inserted;      /* of those: by a Mul of its own */
    double alpha;             /* mean of what was chosen */
    double error_before, error_after; /* mean over values of noise by signal at the outputs, as
                                 moments tell it */
} pare_smooth_report;

/* For each value x that only MatMul and Gemm with constant weights of their own read (with
 * may_insert, that any do), channel j, along the last axis, is divided by
 *
 *     s_j = max |x_j| ^ alpha / max |w_j| ^ (1 - alpha)
 *
 * and the weights of all these readers are multiplied by it (G. Xiao et al., SmoothQuant, 2022).
 * alpha is the one of 0, 0.1 .. 1 with the least noise at their outputs: of rounding x to a grid
 * that holds all of it, and of rounding the weights, which is done for each alpha, by the second
 * moments of x. A value is left alone unless that is a fifth less than without. The division goes
 * into LayerNormalization, the constants of Mul and Add, or the product before; else a Mul.
 *
 * Without a grid it is the weights' noise alone that counts, in the blocks that they will have:
 *
 *     s_j = rms(x_j) ^ alpha, by the geometric mean of the largest and the least of these
 *
 * with alpha of 0, 0.05 .. 1 (J. Lin et al., AWQ, 2023): channels of which much comes get a finer
 * share of the codes.
 *
 * One pass over the data; memory: O(channels), and the weights of one value's readers. EFORMAT for
 * weights that are no numbers; as pare_survey_run. */
pare_status pare_smooth(pare_ctx *ctx, pare_model *model, const pare_smooth_opts *opts,
                        pare_smooth_report *report);

#endif
