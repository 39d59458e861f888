/* Static quantization at work. Inside of quant only. */
#ifndef PARE_QUANT_STATIC_JOB_H
#define PARE_QUANT_STATIC_JOB_H

#include "quant/driver.h"
#include "quant/insert.h"
#include "quant/layerwise.h"
#include "quant/norm_ranges.h"
#include "stats/survey.h"

/* static_solve.c: codes that were found for all products before anything is written. */
typedef struct pare_static_solution {
    pare_layerwise_item *items; /* [n] */
    size_t n, cap;
    pare_layerwise *found;
} pare_static_solution;

typedef struct pare_static_job {
    pare_quantizing *q;
    pare_insertion in;
    pare_grid_form form;      /* of activations */
    pare_placement *placement;
    pare_grid *grids;         /* [placement->n_values] */
    pare_survey *survey, *rest; /* rest: of samples held out; NULL: none */
    uint64_t held_out;
    pare_norm_range *norms;   /* [n_norms] without data: of BatchNormalization */
    size_t n_norms;
    pare_static_solution solution; /* codes of weights, where they are solved for */
    pare_model *reference;    /* in floats, to correct biases by; NULL: they stay */
} pare_static_job;

/* static_solve.c: whether the settings ask for codes that are solved for, and there are data. */
bool pare_static_solves(const pare_quantizing *q);

/* Finds them at the grids that were chosen. As pare_layerwise_solve; *s is to be freed in every
 * case. */
pare_status pare_static_solution_find(pare_static_job *job, pare_static_solution *s);
void pare_static_solution_free(pare_ctx *ctx, pare_static_solution *s);

/* What pare_insertion.solve takes, user being a pare_static_solution. */
pare_status pare_static_solution_give(pare_ctx *ctx, pare_weight_codes **out,
                                      const pare_model *model, const pare_linear *linear,
                                      pare_pool *pool, const pare_weight_opts *opts, void *user);

/* static.c: places anew, by q->keeps. */
pare_status pare_static_place(pare_static_job *job);

/* norm_static.c: places what ranges are known for, and chooses grids; ranges of n_values values are
 * from pare_norm_ranges_begin. */
pare_status pare_static_norm_ranges(pare_static_job *job, pare_norm_range **ranges,
                                    size_t n_values);

#endif
