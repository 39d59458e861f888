/* Measuring what candidates for ranges do. Inside of quant only. */
#ifndef PARE_QUANT_RANGES_TRIAL_H
#define PARE_QUANT_RANGES_TRIAL_H

#include "quant/ranges.h"

/* The values that share a grid, and the candidates for it. */
typedef struct pare_range_set {
    pare_value_id root;       /* that stands for all of them */
    pare_grid grids[PARE_N_RANGES_WAYS];
    uint8_t same_as[PARE_N_RANGES_WAYS]; /* the first way that gives the same grid */
    double error[PARE_N_RANGES_WAYS]; /* noise by signal, over what reads it; of firsts only */
    bool is_read;             /* by an operator in integers that can be copied */
    uint8_t chosen;           /* pare_ranges_way */
} pare_range_set;

typedef struct pare_range_sets {
    pare_range_set *sets;     /* [n] in the order of their roots */
    size_t n;
    uint32_t *set_of;         /* by value handle: index of its set; PARE_NONE: not quantized */
} pare_range_sets;

/* Fills in error, infinite but for these ways (bits 1 << pare_ranges_way), and is_read. */
pare_status pare_ranges_measure_each(pare_ctx *ctx, const pare_model *model, uint32_t ways,
                                     pare_range_sets *sets, const pare_ranges_opts *opts);

/* Noise by signal at the model's outputs for these ways alone, and with PARE_RANGES_MIXED for what
 * is chosen; other elements stay. NaN where a graph cannot be copied. */
pare_status pare_ranges_measure_all(pare_ctx *ctx, double error[PARE_N_RANGES_TRIALS],
                                    const pare_model *model, uint32_t ways,
                                    const pare_range_sets *sets, const pare_ranges_opts *opts);

#endif
