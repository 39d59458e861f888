#include "cli/history.h"
#include "cli/quantize_job.h"
#include "cli/signals.h"
#include "cli/unset_dims.h"

#include "formats/onnx/mapping.h"
#include "formats/onnx/verify.h"
#include "formats/output.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

typedef pare_quantize_options options;
typedef pare_quantize_job job_state;

/* --- what is asked ---------------------------------------------------------------------------- */

/* STEM.rejected.onnx, beside OUT. */
static void name_rejected(job_state *job)
{
    const char *const to = job->options->output;
    const char *const slash = strrchr(to, '/');
    const char *const dot = strrchr(to, '.');
    const size_t n = dot && (!slash || dot > slash + 1) ? (size_t)(dot - to) : strlen(to);
    snprintf(job->rejected, sizeof(job->rejected), "%.*s.rejected.onnx", (int)n, to);
}

/* Wrong uses that would only be noticed after the model has been read. */
static int check_usage(job_state *job)
{
    struct stat in, out;
    pare_line message = { 0 };
    const char *const to = job->options->output;
    const int status = pare_limits_read(job->app, &job->limits, &job->options->limits);
    if (status) return status;
    name_rejected(job);
    if (stat(to, &out) != 0) return PARE_EXIT_DONE;
    if (S_ISDIR(out.st_mode))
        pare_line_add(&message, "%s: is a folder; name a file to write", to);
    else if (!S_ISREG(out.st_mode))
        pare_line_add(&message, "%s: is not a regular file", to);
    else if (stat(job->path, &in) == 0 && in.st_dev == out.st_dev && in.st_ino == out.st_ino)
        pare_line_add(&message, "%s: OUT is MODEL itself, which is never written to; name another",
                      to);
    else return PARE_EXIT_DONE;
    return pare_app_error(job->app, PARE_EXIT_USAGE, message.text, NULL);
}

static int open_all(job_state *job)
{
    const options *o = job->options;
    pare_app *const app = job->app;
    const pare_data_choice choice = {
        .split = PARE_DATA_CALIBRATE, .seed = (uint64_t)o->seed,
        .take = o->samples ? (uint64_t)o->samples : PARE_DEFAULT_SAMPLES,
    };
    int status = pare_figures_begin(app, &job->figures, o->targets, &o->shapes);
    if (!status) status = pare_model_open(app, &job->model, job->path);
    if (!status)
        status = pare_figures_add(&job->figures, job->model, job->path, job->path,
                                  !pare_limits_any(&job->limits));
    if (status) return status;
    pare_status st = PARE_OK;
    if (o->data) st = pare_data_open_for(&job->bounded, &job->data, o->data, job->model, &choice);
    if (!st)
        st = pare_bounded_fail(&job->bounded,
                               pare_pool_new(&job->bounded.ctx, &job->pool, (uint32_t)o->threads));
    if (st) return pare_app_fail(app, pare_exit_for_input(st), NULL);
    return pare_quantize_open_eval(job);
}

/* --- the work --------------------------------------------------------------------------------- */

/* What the targets' runtimes will make of it; the first one's answer is shown. */
static pare_status ask_oracle(job_state *job)
{
    pare_ctx *const ctx = &job->app->ctx;
    const pare_target *const target = job->figures.targets.items[0];
    pare_shapes_given given;
    pare_shapes *shapes = NULL;
    pare_dims_set dims;
    if (!target->rules.has_quant) return PARE_OK;
    pare_status st = pare_shapes_read(job->app, &given, &job->options->shapes) ? PARE_EUSAGE
                                                                               : PARE_OK;
    if (!st)
        st = pare_dims_complete(ctx, &job->figures.arena, &dims, job->result, &given.opts,
                                target->batch, false, job->path);
    if (!st) st = pare_infer(ctx, &shapes, job->result, &dims.opts);
    if (!st) st = pare_oracle_run(ctx, &job->oracle, job->result, shapes, &target->rules);
    /* The text for people has them already. */
    const bool is_told = !job->app->shared.json && !job->app->shared.quiet &&
                         !job->app->shared.report_dir;
    for (size_t i = 0; !st && !is_told && i < job->oracle->n_warnings; i++)
        pare_warn(ctx, "%s", job->oracle->warnings[i]);
    pare_shapes_free(ctx, shapes);
    pare_shapes_given_free(job->app, &given);
    return st == PARE_ENOMEM || st == PARE_ECANCELED ? st : PARE_OK;
}

static pare_status add_history(const job_state *job)
{
    char what[1024], chosen[960];
    pare_quantize_settings s = job->report.chosen;
    pare_step_show(chosen, sizeof(chosen), &pare_step_quantize, &s);
    snprintf(what, sizeof(what), "quantize %s", chosen);
    return pare_history_add(&job->app->ctx, job->result, what);
}

static pare_status quantize(job_state *job)
{
    pare_ctx *const ctx = &job->bounded.ctx;
    const double begun = pare_app_seconds();
    const pare_quantize_opts opts = {
        .settings = &job->options->settings, .rules = &job->figures.targets.items[0]->rules,
        .data = job->data, .max_memory_bytes = job->bounded.budget.limit_bytes,
        .pool = job->pool, .stats = job->stats ? job->stats->data : NULL,
        .n_stats = job->stats ? (size_t)job->stats->n_bytes : 0,
        .keep_stats = job->options->stats != NULL,
    };
    const pare_limit *const drop = &job->limits.items[PARE_LIMIT_DROP];
    const pare_within_opts within = { .judge = job->eval_data,
                                      .max_drop = drop->given ? drop->value : INFINITY,
                                      .max_bytes = INFINITY };
    pare_status st = pare_model_clone(ctx, &job->result, job->model);
    if (!st)
        st = pare_quantize_within(ctx, job->result, &opts, &within, &job->report, &job->within);
    st = pare_bounded_fail(&job->bounded, st);
    job->seconds = pare_app_seconds() - begun;
    pare_app_note(job->app, "quantized in %.2f s; at most %.1f MB of memory at once", job->seconds,
                  (double)atomic_load(&job->bounded.budget.peak_bytes) / 1e6);
    if (!st) st = ask_oracle(job);
    return st ? st : add_history(job);
}

/* Reads back what was written, and judges it while it is not yet in place. */
static pare_status check_written(pare_ctx *ctx, const char *path, void *user)
{
    job_state *const job = user;
    const pare_onnx_open_opts opts = pare_model_open_opts(job->app);
    pare_model *written = NULL;
    pare_status st = pare_onnx_verify(ctx, &written, path, job->result, &opts);
    if (st == PARE_ECANCELED) return st;
    if (st) return pare_fail_in(ctx, st == PARE_EFORMAT ? PARE_EIO : st,
                                "%s: reading back what was written: ", job->options->output);
    if (job->failed_gate) { /* the rejected one */
        pare_model_free(ctx, written);
        return st;
    }
    job->written = written; /* what is told of it has names of its values */
    pare_model_files_of(&job->out, written);
    st = pare_quantize_judge(job, written, path);
    return !st && (job->failed_gate || job->options->dry_run) ? PARE_ECANCELED : st;
}

/* Writes OUT; or, when a limit does not hold, the rejected one instead. */
static pare_status save(job_state *job)
{
    pare_ctx *const ctx = &job->app->ctx;
    const pare_onnx_save_opts how = { .check = check_written, .user = job };
    pare_model_files_of(&job->in, job->model);
    pare_signals_defer(true);
    pare_status st = pare_onnx_save(ctx, job->result, job->options->output, &how);
    if (st == PARE_ECANCELED && !pare_signals_caught && !job->reported) {
        st = PARE_OK;
        if (job->failed_gate && !job->options->dry_run)
            st = pare_onnx_save(ctx, job->result, job->rejected, &how);
    }
    pare_signals_defer(false);
    return st;
}

static int report_failure(const job_state *job, pare_status st)
{
    pare_line message = { 0 };
    if (job->reported) return job->reported;
    if (st != PARE_ECANCELED) return pare_app_fail(job->app, pare_exit_for_output(st), NULL);
    pare_line_add(&message, "stopped by %s; %s is as it was before",
                  strsignal(pare_signals_caught), job->options->output);
    return pare_app_error(job->app, pare_exit_for_output(st), message.text, NULL);
}

/* --stats FILE: read where it is there, else written. */
static pare_status read_stats(job_state *job)
{
    struct stat there;
    const char *const path = job->options->stats;
    if (!path || stat(path, &there) != 0) return PARE_OK;
    return pare_bounded_fail(&job->bounded, pare_mapping_read(&job->bounded.ctx, &job->stats, path,
                                                              UINT64_MAX));
}

static pare_status write_stats(job_state *job)
{
    pare_ctx *const ctx = &job->app->ctx;
    const pare_buf *const stats = job->report.stats;
    pare_output *out = NULL;
    if (!stats || job->options->dry_run) return PARE_OK;
    PARE_TRY(pare_output_open(ctx, &out, job->options->stats));
    const pare_status st = pare_output_write(ctx, out, stats->data, (size_t)stats->n_bytes);
    if (!st) return pare_output_commit(ctx, out);
    pare_output_abort(ctx, out);
    return st;
}

static int work(job_state *job)
{
    pare_status st = read_stats(job);
    if (!st) st = quantize(job);
    if (st == PARE_EUSAGE) return pare_app_fail(job->app, PARE_EXIT_USAGE, NULL);
    if (st) return pare_app_fail(job->app, pare_exit_for_input(st), NULL);
    st = write_stats(job);
    if (!st) st = save(job);
    return st ? report_failure(job, st) : pare_quantize_show(job);
}

static int run(pare_app *app, const pare_arguments *args, const void *opts)
{
    job_state job = { .app = app, .options = opts, .path = args->operands[0],
                      .figures = { .app = app } };
    pare_gates_init(app, &job.gates);
    pare_bounded_init(&job.bounded, app);
    int status = check_usage(&job);
    if (!status) status = open_all(&job);
    if (!status) status = work(&job);
    pare_layer_noise_free(&job.bounded.ctx, &job.noise);
    pare_oracle_free(&app->ctx, job.oracle);
    pare_quantize_report_free(&job.bounded.ctx, &job.report);
    pare_buf_unref(job.stats);
    pare_pool_free(&job.bounded.ctx, job.pool);
    pare_data_close(&job.bounded.ctx, job.eval_data);
    pare_data_close(&job.bounded.ctx, job.data);
    pare_model_free(&app->ctx, job.written);
    pare_model_free(&job.bounded.ctx, job.result);
    pare_model_free(&app->ctx, job.model);
    pare_figures_free(&job.figures);
    pare_gates_free(&job.gates);
    return status;
}

/* --- the verb --------------------------------------------------------------------------------- */

static const options defaults;

static const char *const operands[] = { "MODEL" };

static const pare_option rows[] = {
    { .name = "output", .short_name = 'o', .kind = PARE_OPT_STRING, .required = true,
      .placeholder = "OUT", .offset = offsetof(options, output),
      .help = "The model file to write; never MODEL itself" },
    { .name = "data", .kind = PARE_OPT_STRING, .placeholder = "DATA",
      .offset = offsetof(options, data),
      .help = "Samples to calibrate with: a DATA.yaml, or a folder, tar, zip, .npz or IDX file" },
    { .name = "eval-data", .kind = PARE_OPT_STRING, .placeholder = "DATA",
      .offset = offsetof(options, eval_data),
      .help = "Samples to judge the result on (default: those of --data that calibration does not "
              "use)" },
    PARE_TARGET_OPTION(options, targets),
    PARE_QUANTIZE_ROWS(offsetof(options, settings)),
    { .name = "samples", .kind = PARE_OPT_INT, .placeholder = "N", .min = 1, .max = INT64_MAX,
      .offset = offsetof(options, samples),
      .help = "Samples to calibrate with, chosen by their content (default 256)" },
    { .name = "stats", .kind = PARE_OPT_STRING, .placeholder = "FILE",
      .offset = offsetof(options, stats),
      .help = "What calibration finds is kept in FILE, and taken from there when it exists" },
    { .name = "dry-run", .kind = PARE_OPT_FLAG, .offset = offsetof(options, dry_run),
      .help = "Do it all, tell sizes, figures and limits, and leave no file" },
    PARE_LIMIT_ROWS_OF_DATA(options, limits),
    PARE_LIMIT_ROWS(options, limits),
    PARE_SHAPE_OPTION_ROWS,
    { .name = "seed", .kind = PARE_OPT_INT, .placeholder = "N", .min = 0, .max = INT64_MAX,
      .offset = offsetof(options, seed), .help = "Seed of the choice of samples (default 0)" },
    { .name = "threads", .kind = PARE_OPT_INT, .placeholder = "N", .min = 1, .max = 1024,
      .offset = offsetof(options, threads),
      .help = "Threads to work with (default: as many as there are processors); results do not "
              "depend on it" },
};

static const pare_example examples[] = {
    { "pare quantize model.onnx -o small.onnx --data val.yaml",
      "weights and activations in 8 bits as the target runs them, ranges from 256 samples" },
    { "pare quantize model.onnx -o small.onnx --data val.yaml --max-drop 0.5",
      "judged on samples that calibration did not use; above half a point the exit status is 1 and "
      "small.rejected.onnx is written instead" },
    { "pare quantize bert.onnx -o small.onnx", "a transformer: ranges are found while it runs" },
    { "pare quantize model.onnx -o small.onnx --data val.yaml --weights int4",
      "weights of 4 bits, chosen by what becomes of outputs" },
};

const pare_cmd pare_cmd_quantize = {
    .name = "quantize",
    .description =
        "Reads MODEL, makes its weights, and its activations where the target computes with "
        "integers, numbers of 8 bits or fewer, and writes it to OUT. Which operators that is for "
        "is a matter of the target: around others integers cost time and gain nothing. Ranges of "
        "activations come from DATA; of transformers they are found while the model runs; without "
        "data weights alone become small. What was chosen, what the target's runtime will make of "
        "the model, and what stays in floats and why is told.\n"
        "Limits name what may remain, as an amount or as a percentage of MODEL's figure, and what "
        "may be lost. When one does not hold the exit status is 1, OUT stays as it was, and the "
        "model is written as STEM.rejected.onnx.\n"
        "OUT appears when it is complete and has been read back. The same options give the same "
        "bytes at any number of threads.",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .options = rows, .n_options = PARE_COUNT_OF(rows),
    .shared = PARE_SHARED_OUTPUT | PARE_SHARED_MODEL | PARE_SHARED_REPORT,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults, .options_bytes = sizeof(defaults),
    .run = run,
};
