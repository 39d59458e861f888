/* One run of a verb that makes a model into another one and judges it: what `quantize`, `prune` and
 * `compress` share. The verb makes job->result out of job->model; what it is worth on samples that
 * were not used for it, limits, STEM.rejected.onnx, reading back and reports are the same for all:
 *
 *     pare_rewrite_begin     limits and OUT, before anything is read
 *     pare_rewrite_open      targets, the model, samples
 *     (the verb)             job->result, its history, job->steps
 *     pare_rewrite_save      writes, reads back, judges, and only then puts it in place
 *     pare_rewrite_show      text, JSON, reports
 *     pare_rewrite_end
 */
#ifndef CLI_REWRITE_H
#define CLI_REWRITE_H

#include "cli/baseline.h"
#include "cli/data_file.h"
#include "cli/eval_metrics.h"
#include "cli/figures.h"

/* Begins the verb's struct of options. */
typedef struct pare_rewrite_options {
    pare_shape_options shapes; /* first: PARE_SHAPE_OPTION_ROWS says so */
    const char *output, *data, *eval_data, *targets;
    pare_limit_options limits;
    pare_baseline_options baseline;
    int64_t samples;          /* to calibrate with; 0: PARE_DEFAULT_SAMPLES, or as data say */
    int64_t seed, threads;
    bool dry_run;
} pare_rewrite_options;

enum { PARE_DEFAULT_SAMPLES = 256 };

/* Limits on accuracy of verbs that always judge, in points and as a share. */
#define PARE_DEFAULT_DROP 1.0
#define PARE_DEFAULT_AGREEMENT 0.97

/* Rows for a verb's table, those that come first in its help and those that come last. */
#define PARE_REWRITE_ROWS_FIRST                                                                   \
    { .name = "output", .short_name = 'o', .kind = PARE_OPT_STRING, .required = true,             \
      .placeholder = "OUT", .offset = offsetof(pare_rewrite_options, output),                     \
      .help = "The model file to write; never MODEL itself" },                                    \
    PARE_REWRITE_ROWS_OF_DATA

#define PARE_REWRITE_ROWS_OF_DATA                                                                 \
    { .name = "data", .kind = PARE_OPT_STRING, .placeholder = "DATA",                             \
      .offset = offsetof(pare_rewrite_options, data),                                             \
      .help = "Samples to calibrate with: a DATA.yaml, or a folder, tar, zip, .npz or IDX file" },\
    { .name = "eval-data", .kind = PARE_OPT_STRING, .placeholder = "DATA",                        \
      .offset = offsetof(pare_rewrite_options, eval_data),                                        \
      .help = "Samples to judge the result on (default: those of --data that calibration does "   \
              "not use)" },                                                                       \
    PARE_TARGET_OPTION(pare_rewrite_options, targets)

#define PARE_REWRITE_ROWS_LAST                                                                    \
    { .name = "dry-run", .kind = PARE_OPT_FLAG,                                                   \
      .offset = offsetof(pare_rewrite_options, dry_run),                                          \
      .help = "Do it all, tell sizes, figures and limits, and leave no file" },                   \
    PARE_LIMIT_ROWS_OF_DATA(pare_rewrite_options, limits),                                        \
    PARE_LIMIT_ROWS(pare_rewrite_options, limits),                                                \
    PARE_BASELINE_ROWS(pare_rewrite_options, baseline),                                           \
    PARE_SHAPE_OPTION_ROWS,                                                                       \
    { .name = "seed", .kind = PARE_OPT_INT, .placeholder = "N", .min = 0, .max = INT64_MAX,       \
      .offset = offsetof(pare_rewrite_options, seed),                                             \
      .help = "Seed of the choice of samples (default 0)" },                                      \
    { .name = "threads", .kind = PARE_OPT_INT, .placeholder = "N", .min = 1, .max = 1024,         \
      .offset = offsetof(pare_rewrite_options, threads),                                          \
      .help = "Threads to work with (default: as many as there are processors); results do not "  \
              "depend on it" }

#define PARE_REWRITE_SAMPLES_ROW                                                                  \
    { .name = "samples", .kind = PARE_OPT_INT, .placeholder = "N", .min = 1, .max = INT64_MAX,    \
      .offset = offsetof(pare_rewrite_options, samples),                                          \
      .help = "Samples to calibrate with, chosen by their content (default 256)" }

typedef struct pare_rewrite {
    pare_app *app;
    const pare_rewrite_options *options;
    const char *verb;         /* "quantize" */
    const char *path;         /* of the model */
    char rejected[4096];      /* STEM.rejected.onnx */
    pare_limits limits;       /* after begin; a verb may add to them before open */
    pare_against against;     /* an earlier report */
    pare_gates gates;
    pare_figures figures;     /* of the model and, once it is written, of what it became */
    pare_bounded bounded;     /* the context of the samples and of result */
    pare_pool *pool;
    pare_model *model, *result;
    pare_model *written;      /* what was read back, once it was judged */
    pare_dataset *data, *eval_data; /* NULL: there is none */
    pare_model_files in, out;
    bool has_figures;         /* both models could be estimated */
    bool evaluated;
    pare_eval_metrics metrics;
    pare_evaluation evaluation;
    pare_layer_noise noise;
    pare_report_step *steps;  /* [n_steps] in the arena of figures; figures of steps without any are
                                 those of the first and the last model */
    size_t n_steps, steps_cap;
    const char *metrics_asked; /* "top1,agreement"; NULL: as data say */
    const char *remedy;       /* what to try first where too much is lost; NULL: nothing is known */
    bool has_default_limit;   /* where there are samples and no limit on accuracy is given, the
                                 default one counts: PARE_DEFAULT_DROP, without labels
                                 PARE_DEFAULT_AGREEMENT */
    bool is_default_limit;    /* it was taken: what cannot be judged by it is told, and no gate */
    /* More gates, once job->figures.report is filled; NULL: there are none. */
    pare_status (*judge_more)(struct pare_rewrite *job);
    void *user;               /* the verb's */
    bool is_unchanged;        /* the verb found nothing to do: nothing is written, only judged */
    bool failed_gate;
    int reported;             /* exit status of a failure that was told already; 0 */
} pare_rewrite;

/* Reads limits and looks at OUT. *job is set; pare_rewrite_end is the caller's in every case.
 * Returns an exit status. */
int pare_rewrite_begin(pare_rewrite *job, pare_app *app, const char *verb, const char *path,
                       const pare_rewrite_options *options);
void pare_rewrite_end(pare_rewrite *job);

/* Opens targets, the model and its estimate, samples to work with and, where limits or a report
 * need them, others to judge by. Returns an exit status. */
int pare_rewrite_open(pare_rewrite *job);

/* Writes job->result to OUT, reads it back, judges it, and puts it in place; or, when a limit does
 * not hold, writes STEM.rejected.onnx instead and leaves OUT alone. */
pare_status pare_rewrite_save(pare_rewrite *job);

/* Reports the failure of the work or of saving it, unless that was done. Returns the exit status.
 */
int pare_rewrite_fail(const pare_rewrite *job, pare_status st);

/* Adds a step to job->steps. before, after: NULL where they are those of the model and of what was
 * written. ENOMEM, EBUDGET. */
pare_status pare_rewrite_add_step(pare_rewrite *job, const char *name,
                                  const pare_step_outcome *outcome, double seconds,
                                  const pare_report_figures *before,
                                  const pare_report_figures *after);

/* Prints the report as JSON, or text: what print_text prints (the verb's own part), then accuracy,
 * limits and what was written; then --report and --ci. print_json is for models that could not be
 * estimated: it adds members to the object. Returns the exit status. */
typedef struct pare_rewrite_show_opts {
    pare_status (*print_text)(pare_rewrite *job);
    pare_status (*print_end)(pare_rewrite *job); /* the last lines; NULL */
    void (*add_json)(pare_rewrite *job, pare_json *json);
} pare_rewrite_show_opts;

int pare_rewrite_show(pare_rewrite *job, const pare_rewrite_show_opts *opts);

/* Prints the lines of an outcome, and what was left, the first few unless --verbose. */
void pare_rewrite_print_outcome(pare_app *app, const pare_step *step,
                                const pare_step_outcome *outcome);

/* rewrite_judge.c, for rewrite.c: looks at what was written, before it is in place: figures,
 * accuracy, gates. Sets failed_gate. A failure that was told sets job->reported and gives
 * ECANCELED. */
pare_status pare_rewrite_judge(pare_rewrite *job, const pare_model *written, const char *path);

/* Likewise: opens the samples that the result is judged on, where they are needed. Returns an exit
 * status. */
int pare_rewrite_open_eval(pare_rewrite *job);

#endif
