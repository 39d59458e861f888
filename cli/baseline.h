/* --baseline REPORT.json --max-regress energy=2%,size=1%: a run held against an earlier one. */
#ifndef CLI_BASELINE_H
#define CLI_BASELINE_H

#include "cli/limits.h"

#include "formats/report/baseline.h"

typedef struct pare_baseline_options {
    const char *path, *max_regress; /* NULL: not given */
} pare_baseline_options;

#define PARE_BASELINE_ROWS(options, field)                                                        \
    { .name = "baseline", .kind = PARE_OPT_STRING, .placeholder = "REPORT.json",                  \
      .offset = offsetof(options, field) + offsetof(pare_baseline_options, path),                 \
      .help = "An earlier report: figures may not become worse than its last model's" },          \
    { .name = "max-regress", .kind = PARE_OPT_STRING, .placeholder = "FIGURE=N%,...",             \
      .offset = offsetof(options, field) + offsetof(pare_baseline_options, max_regress),          \
      .help = "By how much they may (default accuracy=0.2,energy=2%,size=1%; accuracy in "        \
              "points)" }

/* How much worse than the baseline a figure may be: a share; accuracy: points. NaN: not judged. */
typedef struct pare_regress {
    double most[PARE_N_METRICS];
    bool by_default; /* nobody asked for these: accuracy is left out where nothing was evaluated */
} pare_regress;

/* Reads --max-regress, or gives the defaults for NULL. Returns 0, or reports wrong usage. */
int pare_regress_read(pare_app *app, pare_regress *out, const char *text);

/* What a verb holds its report against: nothing, where --baseline is not given. */
typedef struct pare_against {
    bool given;
    pare_regress regress;
    pare_baseline baseline;
} pare_against;

/* Reads both options, and the file. Returns 0, or reports and returns the exit status.
 * pare_against_free is the caller's in every case. */
int pare_against_read(pare_app *app, pare_against *out, const pare_baseline_options *options);
void pare_against_free(pare_against *against);

/* Judges the report, once its data are known, as pare_baseline_judge does, and tells in
 * report->since what changed; its rows live in the arena. ENOMEM. */
pare_status pare_against_judge(pare_ctx *ctx, pare_gates *gates, pare_arena *arena,
                               const pare_against *against, pare_report *report);

/* Judges every model but the first (or the only one) against the baseline. What is not comparable
 * does not pass. ENOMEM. */
pare_status pare_baseline_judge(pare_ctx *ctx, pare_gates *gates, const pare_baseline *baseline,
                                const pare_regress *regress, const pare_report *report);

#endif
