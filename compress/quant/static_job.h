/* Static quantization at work. Inside of quant only. */
#ifndef PARE_QUANT_STATIC_JOB_H
#define PARE_QUANT_STATIC_JOB_H

#include "quant/driver.h"
#include "quant/insert.h"
#include "quant/norm_ranges.h"
#include "stats/survey.h"

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
    pare_model *reference;    /* in floats, to correct biases by; NULL: they stay */
} pare_static_job;

/* static.c: places anew, by q->keeps. */
pare_status pare_static_place(pare_static_job *job);

/* norm_static.c: places what ranges are known for, and chooses grids; ranges of n_values values are
 * from pare_norm_ranges_begin. */
pare_status pare_static_norm_ranges(pare_static_job *job, pare_norm_range **ranges,
                                    size_t n_values);

#endif
