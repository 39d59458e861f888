/* Quantizing within limits: as many products as can be, the others staying in floats. */
#ifndef PARE_QUANT_WITHIN_H
#define PARE_QUANT_WITHIN_H

#include "quant/mixed.h"
#include "quant/quantize.h"

typedef struct pare_within_opts {
    const pare_dataset *judge; /* that drops are measured on; NULL: the data of calibration */
    double max_drop;          /* points of top-1 that may be lost; without labels, of answers that
                                 change; INFINITY: none */
    double max_bytes;         /* of all initializers; INFINITY: none */
    uint32_t most_trials;     /* models judged as a whole; 0: as pare_mixed_opts */
} pare_within_opts;

typedef struct pare_within_report {
    pare_mixed_end end;
    char reason[256];         /* why a limit is missed; "" */
    uint64_t n_groups, n_float; /* groups of products, and those that stay in floats */
    double drop, bytes;       /* of what was kept; drop NaN: not asked for */
    uint32_t n_measured, n_trials;
} pare_within_report;

/* Does what pare_quantize does, and where that loses more than max_drop leaves products in floats:
 * those that make the most noise for the bytes that they save (quant/mixed.h). Runs of neighbours
 * count as one where there are more than 48 products. *report is that of the model that was kept,
 * which is the best found even where a limit is missed. Fails as pare_quantize and
 * pare_evaluate. */
pare_status pare_quantize_within(pare_ctx *ctx, pare_model *model, const pare_quantize_opts *opts,
                                 const pare_within_opts *limits, pare_quantize_report *report,
                                 pare_within_report *within);

#endif
