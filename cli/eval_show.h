/* What `pare eval` found, as text and as JSON. */
#ifndef CLI_EVAL_SHOW_H
#define CLI_EVAL_SHOW_H

#include "cli/eval_metrics.h"

#include <math.h>

/* Everything that there is to show. */
typedef struct pare_eval_shown {
    const char *model, *reference, *data; /* files, folders left out; NULL: none */
    const pare_dataset *dataset;
    const pare_evaluation *result;
    const pare_eval_metrics *metrics;
    double limit;              /* --max-drop, in points; NaN: not given */
    pare_drop drop;            /* what is judged */
    uint64_t n_needed;         /* samples that would decide the limit, of half a point where none
                                  is given; 0: it is decided; UINT64_MAX: none would */
    const pare_layer_noise *layers; /* NULL: not asked for */
    double seconds;
    uint32_t n_threads;
} pare_eval_shown;

#define PARE_DEFAULT_DROP 0.5

/* The limit that samples needed are told for. */
static inline double pare_eval_limit(const pare_eval_shown *s)
{
    return isnan(s->limit) ? PARE_DEFAULT_DROP : s->limit;
}

void pare_eval_print(pare_app *app, const pare_eval_shown *shown);

/* Adds the members of "pare.eval/1" to an open object. */
void pare_eval_json(pare_json *json, const pare_eval_shown *shown);

#endif
