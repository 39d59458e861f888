/* Which metrics `pare eval` is asked for, and which of them can be told. */
#ifndef CLI_EVAL_METRICS_H
#define CLI_EVAL_METRICS_H

#include "cli/app.h"

enum { PARE_MAX_METRICS = 32 };

/* A metric to be reported: a built-in one, or a program of the data's description. */
typedef struct pare_eval_metric {
    const char *name;
    pare_score_id id;          /* PARE_N_SCORES: a program */
    const pare_data_metric *program;
    bool is_known;             /* the program has given a figure */
    double value, reference;   /* its figures; NaN without a reference */
} pare_eval_metric;

typedef struct pare_eval_metrics {
    pare_eval_metric items[PARE_MAX_METRICS]; /* [n] the first is judged */
    size_t n, n_programs;
    uint32_t bits;             /* built-in ones */
    char words[PARE_LINE_BYTES]; /* what names point into */
} pare_eval_metrics;

/* Reads `asked` (names with commas between them; NULL: what data ask for, else what suits them).
 * With a reference agreement and sqnr are told anyway. What needs labels or a reference that is not
 * there is an error where it was asked for by name, else left out with a note. Returns an exit
 * status; errors were told. */
int pare_eval_metrics_choose(pare_app *app, pare_eval_metrics *out, const char *asked,
                             const pare_dataset *data, bool has_reference);

/* The metric that decides: the first; PARE_N_SCORES where that is a program. */
pare_score_id pare_eval_metrics_judged(const pare_eval_metrics *metrics);

#endif
