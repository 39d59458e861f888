/* One run of `pare quantize`: what its parts share. */
#ifndef CLI_QUANTIZE_JOB_H
#define CLI_QUANTIZE_JOB_H

#include "cli/data_file.h"
#include "cli/eval_metrics.h"
#include "cli/figures.h"
#include "cli/limits.h"

typedef struct pare_quantize_options {
    pare_shape_options shapes; /* first: PARE_SHAPE_OPTION_ROWS says so */
    pare_quantize_settings settings;
    const char *output, *data, *eval_data, *targets, *stats;
    pare_limit_options limits;
    int64_t samples;          /* to calibrate with; 0: PARE_DEFAULT_SAMPLES, or as data say */
    int64_t seed, threads;
    bool dry_run;
} pare_quantize_options;

enum { PARE_DEFAULT_SAMPLES = 256 };

typedef struct pare_quantize_job {
    pare_app *app;
    const pare_quantize_options *options;
    const char *path;         /* of the model */
    char rejected[4096];      /* STEM.rejected.onnx */
    pare_limits limits;
    pare_gates gates;
    pare_figures figures;     /* of the model and, once it is written, of what it became */
    pare_bounded bounded;
    pare_pool *pool;
    pare_model *model, *result;
    pare_model *written;      /* what was read back, once it was judged */
    pare_buf *stats;          /* that --stats names; NULL: it is not there yet */
    pare_dataset *data, *eval_data; /* NULL: there is none */
    pare_quantize_report report;
    pare_within_report within; /* what limits on accuracy took to hold */
    pare_oracle *oracle;      /* NULL: the target says nothing about integers */
    pare_model_files in, out;
    double seconds;           /* of quantizing */
    bool has_figures;         /* both models could be estimated */
    bool evaluated;
    pare_eval_metrics metrics;
    pare_evaluation evaluation;
    pare_layer_noise noise;
    bool failed_gate;
    int reported;             /* exit status of a failure that was told already; 0 */
} pare_quantize_job;

/* quantize_judge.c: looks at what was written, before it is in place: figures, accuracy, gates.
 * Sets failed_gate. A failure that was told sets job->reported and gives ECANCELED. */
pare_status pare_quantize_judge(pare_quantize_job *job, const pare_model *written,
                                const char *path);

/* Opens the samples that the result is judged on, where they are needed. Returns an exit status. */
int pare_quantize_open_eval(pare_quantize_job *job);

/* quantize_show.c: text, or the report as JSON. Returns the exit status. */
int pare_quantize_show(pare_quantize_job *job);

#endif
