#include "cli/data_file.h"
#include "cli/model_file.h"
#include "cli/signals.h"
#include "cli/targets_option.h"

#include "formats/onnx/verify.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef struct quantize_options {
    pare_quantize_settings settings;
    const char *output, *data, *targets;
    int64_t samples;          /* to calibrate with; 0: DEFAULT_SAMPLES, or what the data say */
    int64_t seed, threads;
} quantize_options;

enum { DEFAULT_SAMPLES = 256 };

typedef struct quantize_job {
    pare_app *app;
    const quantize_options *options;
    const char *path;         /* of the model */
    pare_model *model, *result;
    pare_dataset *data;
    pare_targets targets;
    pare_bounded bounded;
    pare_pool *pool;
    pare_quantize_report report;
    pare_model_files in, out;
} quantize_job;

/* Wrong uses that would only be noticed after the model has been read. */
static int check_usage(const quantize_job *job)
{
    struct stat in, out;
    pare_line message = { 0 };
    const char *const to = job->options->output;
    if (stat(to, &out) != 0) return PARE_EXIT_DONE;
    if (!S_ISREG(out.st_mode))
        pare_line_add(&message, "%s: is not a regular file", to);
    else if (stat(job->path, &in) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
        pare_line_add(&message, "%s: OUT is MODEL itself, which is never written to; name another",
                      to);
    else return PARE_EXIT_DONE;
    return pare_app_error(job->app, PARE_EXIT_USAGE, message.text, NULL);
}

static int open_all(quantize_job *job)
{
    const quantize_options *o = job->options;
    pare_app *const app = job->app;
    pare_data_choice choice = { .split = PARE_DATA_CALIBRATE, .take = (uint64_t)o->samples,
                                .seed = (uint64_t)o->seed };
    if (!o->samples) choice.take = DEFAULT_SAMPLES;
    pare_status st = pare_targets_open(&app->ctx, &job->targets, o->targets);
    if (st) return pare_app_fail(app, pare_exit_for_input(st), NULL);
    const int status = pare_model_open(app, &job->model, job->path);
    if (status) return status;
    if (o->data) st = pare_data_open_for(&job->bounded, &job->data, o->data, job->model, &choice);
    return st ? pare_app_fail(app, pare_exit_for_input(st), NULL) : PARE_EXIT_DONE;
}

static pare_status quantize(quantize_job *job)
{
    pare_ctx *const ctx = &job->bounded.ctx;
    const pare_quantize_opts opts = {
        .settings = &job->options->settings, .rules = &job->targets.items[0]->rules,
        .data = job->data, .max_memory_bytes = job->bounded.budget.limit_bytes,
        .pool = job->pool,
    };
    PARE_TRY(pare_model_clone(ctx, &job->result, job->model));
    return pare_quantize(ctx, job->result, &opts, &job->report);
}

static pare_status check_written(pare_ctx *ctx, const char *path, void *user)
{
    quantize_job *const job = user;
    const pare_onnx_open_opts opts = pare_model_open_opts(job->app);
    pare_model *written = NULL;
    const pare_status st = pare_onnx_verify(ctx, &written, path, job->result, &opts);
    if (st == PARE_ECANCELED) return st;
    if (st) return pare_fail_in(ctx, st == PARE_EFORMAT ? PARE_EIO : st,
                                "%s: reading back what was written: ", job->options->output);
    pare_model_files_of(&job->out, written);
    pare_model_free(ctx, written);
    return PARE_OK;
}

static pare_status save(quantize_job *job)
{
    const pare_onnx_save_opts how = { .check = check_written, .user = job };
    pare_model_files_of(&job->in, job->model);
    pare_signals_defer(true);
    const pare_status st =
        pare_onnx_save(&job->app->ctx, job->result, job->options->output, &how);
    pare_signals_defer(false);
    return st;
}

static int show(quantize_job *job)
{
    pare_line line = { 0 };
    if (job->app->shared.quiet) return PARE_EXIT_DONE;
    pare_line_add(&line, "wrote %s: ", job->options->output);
    pare_line_add_files(&line, &job->out);
    pare_line_add(&line, ", was ");
    pare_line_add_files(&line, &job->in);
    pare_app_print(job->app, line.text);
    return PARE_EXIT_DONE;
}

static int work(quantize_job *job)
{
    pare_status st = pare_pool_new(&job->bounded.ctx, &job->pool, (uint32_t)job->options->threads);
    if (!st) st = quantize(job);
    st = pare_bounded_fail(&job->bounded, st);
    if (st) return pare_app_fail(job->app, pare_exit_for_input(st), NULL);
    st = save(job);
    if (st) return pare_app_fail(job->app, pare_exit_for_output(st), NULL);
    return show(job);
}

static int run(pare_app *app, const pare_arguments *args, const void *options)
{
    quantize_job job = { .app = app, .options = options, .path = args->operands[0] };
    pare_bounded_init(&job.bounded, app);
    int status = check_usage(&job);
    if (!status) status = open_all(&job);
    if (!status) status = work(&job);
    pare_quantize_report_free(&job.bounded.ctx, &job.report);
    pare_pool_free(&job.bounded.ctx, job.pool);
    pare_data_close(&job.bounded.ctx, job.data);
    pare_model_free(&job.bounded.ctx, job.result);
    pare_model_free(&app->ctx, job.model);
    pare_targets_close(&app->ctx, &job.targets);
    return status;
}

static const quantize_options defaults;

static const char *const operands[] = { "MODEL" };

static const pare_option rows[] = {
    { .name = "output", .short_name = 'o', .kind = PARE_OPT_STRING, .required = true,
      .placeholder = "OUT", .offset = offsetof(quantize_options, output),
      .help = "The model file to write; never MODEL itself" },
    { .name = "data", .kind = PARE_OPT_STRING, .placeholder = "DATA",
      .offset = offsetof(quantize_options, data),
      .help = "Samples to calibrate with: a DATA.yaml, or a folder, tar, zip, .npz or IDX file" },
    PARE_TARGET_OPTION(quantize_options, targets),
    PARE_QUANTIZE_ROWS(offsetof(quantize_options, settings)),
    { .name = "samples", .kind = PARE_OPT_INT, .placeholder = "N", .min = 1, .max = INT64_MAX,
      .offset = offsetof(quantize_options, samples),
      .help = "Samples to calibrate with, chosen by their content (default 256)" },
    { .name = "seed", .kind = PARE_OPT_INT, .placeholder = "N", .min = 0, .max = INT64_MAX,
      .offset = offsetof(quantize_options, seed),
      .help = "Seed of the choice of samples (default 0)" },
    { .name = "threads", .kind = PARE_OPT_INT, .placeholder = "N", .min = 1, .max = 1024,
      .offset = offsetof(quantize_options, threads),
      .help = "Threads to work with (default: as many as there are processors); results do not "
              "depend on it" },
};

static const pare_example examples[] = {
    { "pare quantize model.onnx -o small.onnx --data val.yaml",
      "weights and activations in 8 bits, ranges from samples" },
};

const pare_cmd pare_cmd_quantize = {
    .name = "quantize",
    .description =
        "Reads MODEL, makes its weights and activations integers as the target's rules say, with "
        "ranges learnt from DATA, and writes it to OUT.",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .options = rows, .n_options = PARE_COUNT_OF(rows),
    .shared = PARE_SHARED_OUTPUT | PARE_SHARED_MODEL,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults, .options_bytes = sizeof(defaults),
    .run = run,
};
