/* One run of `pare sweep`: what its parts share. */
#ifndef CLI_SWEEP_H
#define CLI_SWEEP_H

#include "cli/compress_job.h"

#include "formats/report/pareto.h"

typedef struct pare_sweep_options {
    pare_compress_options compress; /* first: PARE_REWRITE_ROWS say so */
    pare_option_list vary;          /* KEY=A,B,... */
    int64_t repeat;                 /* 0: once */
} pare_sweep_options;

enum { PARE_MAX_VARIED = 8, PARE_MAX_VALUES = 64, PARE_MAX_RUNS = 1000 };

/* One --vary. */
typedef struct pare_varied {
    char *key;
    char *values[PARE_MAX_VALUES]; /* [n] */
    size_t n;
} pare_varied;

/* What one recipe came to with one seed. */
typedef struct pare_sweep_run {
    size_t combination;
    uint64_t seed;
    pare_report_figures figures; /* on the first target */
    double value, base_value;    /* of the metric that is judged, and the input's; NaN */
    double drop, agreement;      /* NaN */
    const char *failure;         /* why nothing came out, or nothing less; NULL */
} pare_sweep_run;

typedef struct pare_sweep {
    pare_app *app;
    const pare_sweep_options *options;
    const char *path;            /* of the model */
    pare_compress_options now;   /* those of the run that is made */
    pare_compress_job job;
    pare_arena arena;
    pare_varied varied[PARE_MAX_VARIED]; /* [n_varied] */
    size_t n_varied, n_combinations, n_repeats;
    const char **labels;         /* [n_combinations] "quantize.weights=int4" */
    pare_sweep_run *runs;        /* [n_runs] */
    size_t n_runs;
    pare_pareto_point *points;   /* [1 + n_combinations] the base first */
    pare_score_id metric;
    pare_dataset *data;          /* of the first seed; those of job change */
    uint64_t n_eval;             /* samples to judge by */
    pare_step_cache cache;
} pare_sweep;

/* The value of a --vary in a combination. */
const char *pare_sweep_value(const pare_sweep *sweep, size_t combination, size_t varied);

/* sweep_show.c: the means of the runs as points, then text or JSON, then files. Returns an exit
 * status. */
int pare_sweep_show(pare_sweep *sweep);

#endif
