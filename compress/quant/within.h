/* Quantizing within limits: what is asked for, as far as limits hold; else for each product the
 * form that serves them best. */
#ifndef PARE_QUANT_WITHIN_H
#define PARE_QUANT_WITHIN_H

#include "op/infer.h"
#include "quant/mixed.h"
#include "quant/quantize.h"

/* Figures that quantizing changes. */
typedef enum pare_within_figure {
    PARE_WITHIN_ENERGY,
    PARE_WITHIN_LATENCY,
    PARE_WITHIN_SIZE,         /* of the model's files */
    PARE_WITHIN_FLASH,
    PARE_WITHIN_RAM,
    PARE_N_WITHIN
} pare_within_figure;

/* Zeroed but for max_drop it limits nothing. */
typedef struct pare_within_opts {
    const pare_dataset *judge; /* that drops are measured on; NULL: the data of calibration */
    double max_drop;          /* points of top-1 that may be lost; without labels, of answers that
                                 change; INFINITY: any */
    double min_agreement;     /* share of answers that must stay; 0: any */
    double goals[PARE_N_WITHIN]; /* share of the model's figure that may remain; 0: any */
    const pare_target *target; /* that figures are estimated for; may be NULL for SIZE alone */
    const pare_infer_opts *shapes; /* likewise: of the model's inputs, every dim a number; NULL: as
                                      the model says */
    uint64_t batch;           /* inferences that one run with these makes; 0: 1 */
    uint64_t file_bytes;      /* of the model as it is stored; 0: of its tensors */
    uint32_t most_trials;     /* models judged as a whole; 0: as pare_mixed_opts */
    uint64_t max_ms;          /* after which the search takes what it has; 0: never */
} pare_within_opts;

typedef struct pare_within_report {
    pare_mixed_end end;
    char reason[256];         /* why a limit is missed; "" */
    uint64_t n_groups;        /* of products; 0: nothing was limited */
    uint64_t n_float;         /* groups that stay in floats */
    uint64_t n_by_keep[PARE_KEEP_NO_RANGE]; /* groups by what became of them */
    double drop;              /* of what was kept; NaN: not asked for */
    double shares[PARE_N_WITHIN]; /* what remains of figures that have goals; NaN: no goal */
    uint32_t n_measured, n_trials;
    bool cut;                 /* by max_ms: chosen.overrides of the report say what was reached */
} pare_within_report;

/* Does what pare_quantize does, and where limits do not hold then, gives products other forms:
 * floats, integers of 16 bits where the target has kernels for them, weights alone in 8 bits, in 4.
 * Each form of each product is measured by itself, the cheapest assignment is solved for, built,
 * and judged as a whole, and changed by pairs while that helps (quant/mixed.h). Runs of neighbours
 * count as one where there are more than 48 products. *report is that of the model that was kept,
 * which is the best found even where a limit is missed; report->chosen has what products got as
 * overrides. Fails as pare_quantize, pare_evaluate and pare_estimate_make. */
pare_status pare_quantize_within(pare_ctx *ctx, pare_model *model, const pare_quantize_opts *opts,
                                 const pare_within_opts *limits, pare_quantize_report *report,
                                 pare_within_report *within);

#endif
