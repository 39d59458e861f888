#include "cli/rewrite.h"

#include "cli/signals.h"

#include "formats/onnx/verify.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* --- what is asked ---------------------------------------------------------------------------- */

/* STEM.rejected.onnx, beside OUT. */
static void name_rejected(pare_rewrite *job)
{
    const char *const to = job->options->output;
    const char *const slash = strrchr(to, '/');
    const char *const dot = strrchr(to, '.');
    const size_t n = dot && (!slash || dot > slash + 1) ? (size_t)(dot - to) : strlen(to);
    snprintf(job->rejected, sizeof(job->rejected), "%.*s.rejected.onnx", (int)n, to);
}

/* Wrong uses that would only be noticed after the model has been read. */
static int check_usage(pare_rewrite *job)
{
    struct stat in, out;
    pare_line message = { 0 };
    const char *const to = job->options->output;
    int status = pare_limits_read(job->app, &job->limits, &job->options->limits);
    if (!status) status = pare_against_read(job->app, &job->against, &job->options->baseline);
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

int pare_rewrite_begin(pare_rewrite *job, pare_app *app, const char *verb, const char *path,
                       const pare_rewrite_options *options)
{
    *job = (pare_rewrite){ .app = app, .options = options, .verb = verb, .path = path,
                           .figures = { .app = app } };
    pare_gates_init(app, &job->gates);
    pare_bounded_init(&job->bounded, app);
    return check_usage(job);
}

void pare_rewrite_end(pare_rewrite *job)
{
    pare_ctx *const ctx = &job->bounded.ctx;
    pare_layer_noise_free(ctx, &job->noise);
    pare_pool_free(ctx, job->pool);
    pare_data_close(ctx, job->eval_data);
    pare_data_close(ctx, job->data);
    pare_model_free(&job->app->ctx, job->written);
    pare_model_free(ctx, job->result);
    pare_model_free(&job->app->ctx, job->model);
    pare_figures_free(&job->figures);
    pare_against_free(&job->against);
    pare_gates_free(&job->gates);
}

int pare_rewrite_open(pare_rewrite *job)
{
    pare_app *const app = job->app;
    const pare_rewrite_options *const o = job->options;
    const pare_data_choice choice = {
        .split = PARE_DATA_CALIBRATE, .seed = (uint64_t)o->seed,
        .take = o->samples ? (uint64_t)o->samples : PARE_DEFAULT_SAMPLES,
    };
    int status = pare_figures_begin(app, &job->figures, o->targets, &o->shapes);
    if (!status) status = pare_model_open(app, &job->model, job->path);
    if (!status)
        status = pare_figures_add(&job->figures, job->model, job->path, job->path,
                                  !pare_limits_any(&job->limits) && !job->against.given);
    if (status) return status;
    pare_status st = PARE_OK;
    if (o->data) st = pare_data_open_for(&job->bounded, &job->data, o->data, job->model, &choice);
    if (!st)
        st = pare_bounded_fail(&job->bounded,
                               pare_pool_new(&job->bounded.ctx, &job->pool, (uint32_t)o->threads));
    if (st) return pare_app_fail(app, pare_exit_for_input(st), NULL);
    return pare_rewrite_open_eval(job);
}

/* --- saving ----------------------------------------------------------------------------------- */

/* Reads back what was written, and judges it while it is not yet in place. */
static pare_status check_written(pare_ctx *ctx, const char *path, void *user)
{
    pare_rewrite *const job = user;
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
    st = pare_rewrite_judge(job, written, path);
    return !st && job->failed_gate ? PARE_ECANCELED : st;
}

/* What writing it would come to, with nothing written. */
static pare_status judge_unwritten(pare_rewrite *job)
{
    pare_onnx_sizes sizes;
    PARE_TRY(pare_onnx_measure(&job->app->ctx, &sizes, job->result, job->options->output));
    job->out = (pare_model_files){ .file_bytes = sizes.file_bytes,
                                   .external_bytes = sizes.external_bytes,
                                   .n_external = sizes.n_external };
    job->figures.sizes = &job->out;
    const pare_status st = pare_rewrite_judge(job, job->result, job->path);
    job->figures.sizes = NULL;
    return st;
}

pare_status pare_rewrite_save(pare_rewrite *job)
{
    pare_ctx *const ctx = &job->app->ctx;
    const pare_onnx_save_opts how = { .check = check_written, .user = job };
    pare_model_files_of(&job->in, job->model);
    if (job->options->dry_run || job->is_unchanged) return judge_unwritten(job);
    pare_signals_defer(true);
    pare_status st = pare_onnx_save(ctx, job->result, job->options->output, &how);
    if (st == PARE_ECANCELED && !pare_signals_caught && !job->reported) {
        st = PARE_OK;
        if (job->failed_gate)
            st = pare_onnx_save(ctx, job->result, job->rejected, &how);
    }
    pare_signals_defer(false);
    return st;
}

int pare_rewrite_fail(const pare_rewrite *job, pare_status st)
{
    pare_line message = { 0 };
    if (job->reported) return job->reported;
    if (st != PARE_ECANCELED) return pare_app_fail(job->app, pare_exit_for_output(st), NULL);
    pare_line_add(&message, "stopped by %s; %s is as it was before",
                  strsignal(pare_signals_caught), job->options->output);
    return pare_app_error(job->app, pare_exit_for_output(st), message.text, NULL);
}
