/* Ranges of quantized values: one method for all of them, or for each the one that serves best. */
#ifndef PARE_QUANT_RANGES_H
#define PARE_QUANT_RANGES_H

#include "base/contract/dataset.h"
#include "base/pool.h"

#include "quant/place.h"
#include "stats/range.h"
#include "stats/survey.h"

typedef struct pare_ranges_opts {
    const pare_placement *placement; /* of the model, from pare_place */
    const pare_grid_form *form;
    bool automatic;           /* chooses by measuring; then the next two do not count */
    pare_range_method method;
    double percentile;        /* 0: 99.99 */
    const pare_dataset *data; /* for automatic: what errors are measured on */
    uint64_t first, n_samples; /* samples of it to use; n_samples 0: to its end */
    pare_pool *pool;
} pare_ranges_opts;

/* Ways of choosing that were compared. */
typedef enum pare_ranges_way {
    PARE_RANGES_MINMAX,
    PARE_RANGES_P99999,       /* percentile 99.999 */
    PARE_RANGES_P9999,
    PARE_RANGES_MSE,
    PARE_RANGES_ENTROPY,
    PARE_N_RANGES_WAYS,
    PARE_RANGES_MIXED = PARE_N_RANGES_WAYS, /* each grid its own */
    PARE_N_RANGES_TRIALS,
} pare_ranges_way;

/* Name of a way: "minmax", "percentile 99.99", "mse", "mixed". */
const char *pare_ranges_name(pare_ranges_way way);

typedef struct pare_ranges_report {
    uint64_t n_grids;
    uint64_t n_bad;           /* numbers that were NaN or infinite */
    uint64_t n_constant;      /* grids of values that hold one number only, or none */
    uint64_t by_way[PARE_N_RANGES_WAYS]; /* automatic: grids by the way they got */
    pare_ranges_way kept;     /* automatic: what did best on the whole */
    double error[PARE_N_RANGES_TRIALS]; /* automatic: noise at the outputs, as a part of the signal,
                                 with all activations rounded so; NaN: not tried */
} pare_ranges_report;

/* The last samples of n are held out for automatic to measure on: a quarter of them, 64 at most.
 * Returns how many; 0 for fewer than 8, which serve both. */
uint64_t pare_ranges_held_out(uint64_t n);

/* Chooses the grid of each quantized value, grids [placement->n_values], by the value that stands
 * for those that share it. survey holds a histogram of every quantized value; rest, which may be
 * NULL, those of samples that were held out: candidates are compared without them, and the grids
 * that come out are for both.
 *
 * automatic: all activations of the model are rounded by each way alone, and the noise at the
 * model's outputs (before their Softmax) measured. Then, for each grid, the candidates of the ways
 * that did well (less those that give the same) are compared by the noise that they make where the
 * next operators (a product with its activation, an addition, a pool) give their results; values
 * that no operator in integers reads, as outputs are, get the least squared error. The mixture is
 * kept if it does clearly better at the outputs than the best single way, and that if it does than
 * least squared error. The same result for any number of threads. Memory: O(values), beside a run
 * of the model with copies of it. Fails as pare_survey_run. */
pare_status pare_ranges_choose(pare_ctx *ctx, pare_grid *grids, const pare_model *model,
                               const pare_survey *survey, const pare_survey *rest,
                               const pare_ranges_opts *opts, pare_ranges_report *report);

#endif
