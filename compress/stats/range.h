/* Choosing the range of numbers that a quantized tensor can hold, from a histogram of them. */
#ifndef PARE_STATS_RANGE_H
#define PARE_STATS_RANGE_H

#include "stats/histogram.h"

#include <stdbool.h>

/* Integers on offer: [low, high], with low <= 0 <= high. A symmetric grid has its zero point at 0
 * and uses as much of either side as of the other; any other one has the zero point where it fits.
 * */
typedef struct pare_grid_form {
    int32_t low, high;
    bool symmetric;
} pare_grid_form;

/* Numbers (q - zero) * scale, q in [low, high]. */
typedef struct pare_grid {
    float scale;              /* > 0, finite, normal */
    int32_t zero;
    int32_t low, high;
} pare_grid;

typedef enum pare_range_method {
    PARE_RANGE_MINMAX,        /* everything seen */
    PARE_RANGE_PERCENTILE,    /* less a share of the numbers at each end */
    PARE_RANGE_ENTROPY,       /* least Kullback-Leibler divergence (Migacz 2017, TensorRT's) */
    PARE_RANGE_MSE,           /* least squared error */
} pare_range_method;

/* The grid whose numbers reach from min to max and have 0 among them. A range that is empty, or too
 * narrow for a float's scale, gets a scale of 1. min <= max, both finite. */
pare_grid pare_grid_of(const pare_grid_form *form, double min, double max);

/* Mean squared error of rounding to the grid, numbers other than 0 being spread evenly over their
 * bins; exact for that. 0 without numbers. */
double pare_grid_error(const pare_grid *grid, const pare_histogram *h);

/* The grid for what a histogram holds, and [*min, *max] that it was made for. percentile: e.g.
 * 99.99, of the numbers that stay (half of the rest is cut at each end, all of it at the upper one
 * where none is negative). An empty histogram gives pare_grid_of(form, 0, 0). */
pare_grid pare_range_choose(const pare_histogram *h, const pare_grid_form *form,
                            pare_range_method method, double percentile, double *min,
                            double *max);

#endif
