/* Static quantization: weights and activations in 8 bits, ranges from running data. */
#ifndef PARE_QUANT_STATIC_H
#define PARE_QUANT_STATIC_H

#include "base/contract/dataset.h"
#include "base/contract/target.h"

#include "quant/correct.h"
#include "quant/insert.h"
#include "quant/ranges.h"

typedef struct pare_static_opts {
    const pare_target_rules *rules;
    const pare_dataset *data; /* to calibrate with */
    pare_pool *pool;
    bool automatic;           /* ranges by measuring (quant/ranges.h); else by method */
    pare_range_method method;
    double percentile;        /* 0: 99.99 */
    bool per_tensor;          /* one scale for all weights of a node, whatever the target prefers */
    pare_place_opts place;
    bool correct_bias;        /* quant/correct.h, on the same samples */
} pare_static_opts;

/* What became of the model. */
typedef struct pare_static_report {
    uint64_t n_products, n_float_products;
    uint64_t n_samples;
    pare_ranges_report ranges;
    pare_insert_counts written;
    pare_correct_report corrected; /* with correct_bias */
} pare_static_report;

/* Weights and activations in 8 bits, ranges from running the data: folds what can be folded, places
 * by the target's rules, calibrates, writes Q and DQ. Opsets below 13 become 13 (pass/upgrade.h).
 * EUNSUPPORTED when the target has no such form or the opset cannot be made 13; EFORMAT for data
 * that do not suit; ENOMEM, EBUDGET. The model is then half changed: work on a clone. */
pare_status pare_quantize_static(pare_ctx *ctx, pare_model *model, const pare_static_opts *opts,
                                 pare_static_report *report);

#endif
