/* An earlier report.json, as what a new run is held against. */
#ifndef FORMATS_REPORT_BASELINE_H
#define FORMATS_REPORT_BASELINE_H

#include "base/arena.h"
#include "formats/report/metric.h"

/* What a report says about how its last model was made. */
typedef struct pare_baseline_made {
    const char *const *arguments;  /* [n_arguments] the verb first; none: an older report */
    size_t n_arguments;
    const char *recipe, *kernel_level, *input, *input_sha256, *output_sha256; /* NULL: not said */
    const pare_report_data *data;  /* [n_data] */
    size_t n_data;
    const pare_report_target *targets; /* [n_targets] names and versions */
    size_t n_targets;
} pare_baseline_made;

typedef struct pare_baseline {
    pare_arena arena;
    const char *model, *tool_version;    /* NULL: the report does not say */
    double values[PARE_N_METRICS];       /* of "after", else of "before"; NaN: not known */
    const char *target, *shapes, *data_sha256, *metric;
    int64_t target_version;              /* -1: the report does not say */
    pare_baseline_made made;
} pare_baseline;

/* Reads the file at path. EFORMAT as "PATH:LINE: what is wrong": no JSON, another schema, a field
 * that is missing or of another kind; EIO, ENOMEM; EBUDGET for files over 256 MiB. Frees *out with
 * pare_baseline_free in every case. */
pare_status pare_baseline_read(pare_ctx *ctx, pare_baseline *out, const char *path);
pare_status pare_baseline_parse(pare_ctx *ctx, pare_baseline *out, const char *path,
                                const char *text, size_t n_bytes);
void pare_baseline_free(pare_baseline *baseline);

/* Why the figures of a metric in the baseline cannot be compared with those of a report: a line
 * like "the baseline is of target 'ort-x64' version 1, this run of version 2", or "" when they
 * can. */
void pare_baseline_differs(pare_doc *why, const pare_baseline *baseline, const pare_metric *metric,
                           const pare_report *report);

#endif
