#include "cli/data_check_text.h"
#include "cli/data_file.h"
#include "cli/data_init.h"
#include "cli/model_file.h"
#include "cli/run_outputs.h"

#include <string.h>

typedef struct data_options {
    const char *model, *output, *output_dir;
    int64_t limit, seed, threads;
} data_options;

/* --- check ------------------------------------------------------------------------------------ */

/* One call of `pare data check`. */
typedef struct check_job {
    pare_app *app;
    const data_options *options;
    const char *path;
    pare_model *model;
    pare_dataset *data;
    pare_pool *pool;
    pare_bounded bounded;
    pare_data_check check;
    char sheet[PARE_LINE_BYTES]; /* "" while there is none */
} check_job;

static pare_status open_data(check_job *job)
{
    const pare_data_choice choice = { .split = PARE_DATA_EVAL,
                                      .take = (uint64_t)job->options->limit,
                                      .seed = (uint64_t)job->options->seed };
    return pare_data_open_for(&job->bounded, &job->data, job->path, job->model, &choice);
}

static pare_status write_sheet(check_job *job, size_t input)
{
    pare_ctx *const ctx = &job->app->ctx;
    const char *const dir = job->options->output_dir;
    pare_line path = { 0 };
    if (!dir || !job->check.look.is_image) return PARE_OK;
    PARE_TRY(pare_run_make_dir(ctx, dir));
    pare_line_add(&path, "%s/samples.png", dir);
    memcpy(job->sheet, path.text, sizeof(job->sheet));
    return pare_look_sheet(ctx, path.text, &job->check.look, job->data, input);
}

static int show(check_job *job)
{
    const char *const sheet = job->sheet[0] ? job->sheet : NULL;
    if (job->app->shared.json) {
        pare_json json;
        pare_app_begin_json(job->app, &json, "pare.data-check/1");
        pare_data_check_json(&json, &job->check, job->data, sheet);
        pare_app_json_warnings(job->app, &json);
        return pare_app_print_json(job->app, &json);
    }
    if (!job->app->shared.quiet)
        pare_data_check_print(job->app, &job->check, job->data, sheet);
    return PARE_EXIT_DONE;
}

static int run_check(check_job *job)
{
    pare_app *const app = job->app;
    int status = pare_model_open(app, &job->model, job->options->model);
    if (status) return status;
    pare_status st = open_data(job);
    if (!st) st = pare_pool_new(&job->bounded.ctx, &job->pool, (uint32_t)job->options->threads);
    if (!st) {
        const pare_data_check_opts opts = { .input = pare_data_check_input(job->data),
                                            .output = job->data->output, .pool = job->pool,
                                            .seed = (uint64_t)job->options->seed };
        st = pare_bounded_fail(&job->bounded,
                               pare_data_check_run(&job->bounded.ctx, &job->check, job->model,
                                                   job->data, &opts));
        if (!st) st = write_sheet(job, opts.input);
    }
    return st ? pare_app_fail(app, pare_exit_for_input(st), NULL) : show(job);
}

static int check(pare_app *app, const pare_arguments *args, const data_options *options)
{
    check_job job = { .app = app, .options = options, .path = args->operands[1] };
    if (!options->model)
        return pare_app_error(app, PARE_EXIT_USAGE, "data check: --model is required",
                              "what data are right for is told by the model");
    if (options->output)
        return pare_app_error(app, PARE_EXIT_USAGE, "--output is for 'data init'",
                              "the sheet of samples is written with --output-dir");
    pare_bounded_init(&job.bounded, app);
    const int status = run_check(&job);
    pare_data_check_free(&job.bounded.ctx, &job.check);
    pare_pool_free(&job.bounded.ctx, job.pool);
    pare_data_close(&job.bounded.ctx, job.data);
    pare_model_free(&app->ctx, job.model);
    return status;
}

/* --- the verb --------------------------------------------------------------------------------- */

static int init(pare_app *app, const pare_arguments *args, const data_options *options)
{
    if (options->output_dir)
        return pare_app_error(app, PARE_EXIT_USAGE, "--output-dir is for 'data check'",
                              "the description is written with -o FILE");
    const pare_data_init_opts opts = { .source = args->operands[1], .model = options->model,
                                       .output = options->output };
    return pare_data_init_run(app, &opts);
}

static int run(pare_app *app, const pare_arguments *args, const void *options)
{
    if (!strcmp(args->operands[0], "check")) return check(app, args, options);
    if (!strcmp(args->operands[0], "init")) return init(app, args, options);
    pare_line line = { 0 };
    pare_line_add(&line, "expected 'init' or 'check', found '%s'", args->operands[0]);
    return pare_app_error(app, PARE_EXIT_USAGE, line.text, NULL);
}

static const data_options defaults = { .limit = 1024 };

static const char *const operands[] = { "init|check", "DATA" };

static const pare_option rows[] = {
    { .name = "model", .kind = PARE_OPT_STRING, .placeholder = "MODEL",
      .offset = offsetof(data_options, model),
      .help = "The model that the data are for (check needs it)" },
    { .name = "output", .short_name = 'o', .kind = PARE_OPT_STRING, .placeholder = "FILE",
      .offset = offsetof(data_options, output),
      .help = "init: write the description to FILE (default: standard output)" },
    { .name = "output-dir", .kind = PARE_OPT_STRING, .placeholder = "DIR",
      .offset = offsetof(data_options, output_dir),
      .help = "check: write a sheet of samples, as the network sees them, to DIR/samples.png" },
    { .name = "limit", .kind = PARE_OPT_INT, .placeholder = "N", .min = 1, .max = 1000000,
      .offset = offsetof(data_options, limit),
      .help = "check: look at N samples, spread over the classes (default 1024); more find smaller "
              "faults" },
    { .name = "seed", .kind = PARE_OPT_INT, .placeholder = "N", .min = 0, .max = INT64_MAX,
      .offset = offsetof(data_options, seed), .help = "check: another choice of samples" },
    { .name = "threads", .kind = PARE_OPT_INT, .placeholder = "N", .min = 1, .max = 1024,
      .offset = offsetof(data_options, threads),
      .help = "check: threads to compute with (default: as many as there are processors); results "
              "do not depend on it" },
};

static const pare_example examples[] = {
    { "pare data init val/ --model model.onnx -o val.yaml", "a description to begin with" },
    { "pare data check val.yaml --model model.onnx --output-dir look",
      "is the network fed as it was trained?" },
};

const pare_cmd pare_cmd_data = {
    .name = "data",
    .description =
        "Describes and checks the data that a model is calibrated and evaluated with.\n"
        "'init' looks at a folder, archive or array and writes a commented DATA.yaml for it, as "
        "far as files and the model tell; what it guesses is marked.\n"
        "'check' shows what the network will see: the range of each channel and, with "
        "--output-dir, a sheet of samples. For classifiers of images it then compares the usual "
        "ways of feeding them (order of colours, scale, mean and std, resizing and cropping) with "
        "the one in use: by accuracy where there are labels, which may turn out to be counted "
        "from another number; without labels by whether a sample and its mirror image get the "
        "same class, times how evenly classes are given. Never by how sure the network is. What "
        "is suspicious is named with a line to try; nothing is changed, and the exit status is 0 "
        "either way (--json has findings).",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .options = rows, .n_options = PARE_COUNT_OF(rows),
    .shared = PARE_SHARED_OUTPUT | PARE_SHARED_MODEL | PARE_SHARED_EXACT,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults, .options_bytes = sizeof(defaults),
    .run = run,
};
