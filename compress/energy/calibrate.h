/* Fitting a target's numbers to measured runs of models.
 *
 * What a target says stands at the beginning; a fit finds by which factors its numbers must be
 * multiplied so that estimates agree with what was measured. Numbers that the measurements cannot
 * tell apart share a factor: of several ways to group them, from each on its own to all in one, the
 * one is taken whose error for runs that were left out is least. */
#ifndef PARE_ENERGY_CALIBRATE_H
#define PARE_ENERGY_CALIBRATE_H

#include "energy/energy.h"
#include "energy/fit.h"

/* What one inference took. */
typedef struct pare_measurement {
    const char *name;        /* for messages */
    const pare_model *model; /* NULL: the machine was idle for a second */
    pare_shapes *shapes;     /* of the model, every dimension bound */
    uint64_t batch;          /* inferences per run of the model; 0: 1 */
    bool steady_state;       /* the run was one of many in a row */
    double joules;           /* above zero; NaN: not measured */
    double seconds;          /* above zero; NaN: not measured */
} pare_measurement;

enum { PARE_MAX_FACTORS = 8 };

/* How the joules, or the seconds, were fitted. */
typedef struct pare_factors {
    size_t n;                /* 0: nothing was measured */
    const char *names[PARE_MAX_FACTORS]; /* static: "MACs in floats" */
    double values[PARE_MAX_FACTORS];     /* that the target's numbers were multiplied by */
    double errors[PARE_MAX_FACTORS];     /* standard errors, as shares; NaN: not known */
    double before;           /* mean error of the target as it was, as a share */
    double error, loo_error; /* of the fit; for runs that were left out */
    double condition;
    size_t n_rows;
} pare_factors;

typedef struct pare_calibration {
    pare_hardware hardware;  /* the target's with fitted numbers, whose source is `source` */
    pare_factors energy, time;
} pare_calibration;

/* Fits a target to n measurements. source: key that fitted numbers name as theirs; borrowed, as are
 * the strings of the target. EUSAGE when the target has no hardware; EFORMAT when the measurements
 * cannot settle even one factor (pare_fit_check), or one has neither joules nor seconds; what
 * pare_estimate_make refuses; ENOMEM. */
pare_status pare_calibrate(pare_ctx *ctx, pare_calibration *out, const pare_target *target,
                           const pare_measurement *rows, size_t n, const char *source);

#endif
