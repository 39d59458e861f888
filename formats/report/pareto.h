/* A picture of what many models come to in two figures, as a file of its own (SVG). */
#ifndef FORMATS_REPORT_PARETO_H
#define FORMATS_REPORT_PARETO_H

#include "formats/report/metric.h"

typedef struct pare_pareto_point {
    const char *label;
    double x, y;              /* x: less is better; y: more is better */
    double y_low, y_high;     /* of runs with other seeds; both y: there is one */
    bool is_base;             /* the model that all were made of */
    bool on_front;            /* set by pare_pareto_mark */
} pare_pareto_point;

typedef struct pare_pareto_axis {
    const char *title;
    void (*unit)(char out[PARE_UNIT_BYTES], double value);
} pare_pareto_axis;

/* Marks the points that no other is at least as good as in both figures and better in one. Those
 * with NaN are on no front. */
void pare_pareto_mark(pare_pareto_point *points, size_t n);

/* Appends the picture: points, those of the front joined and labelled. Points with NaN are left
 * out. */
void pare_pareto_svg(pare_doc *doc, const char *title, const pare_pareto_axis *x,
                     const pare_pareto_axis *y, const pare_pareto_point *points, size_t n);

#endif
